"""
Reading over HTTP: the list of conversations and one conversation's messages, requests a second.

The client speaks just as much HTTP as it needs, because a real client costs more than the service.

The yardstick is `/health/live` of the same process: a route that does nothing.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import uvloop

from bench.smtp_load import Load, cpu_seconds, run
from tests.postgres import NoPostgresError
from tests.running import Running

CONNECTIONS = 10
REQUESTS = 1000
CONVERSATIONS = 3000

Service = Callable[[str, Path], AbstractContextManager[Running]]


def main(databases: list[str], service: Service) -> None:
    """Fill an account with mail, then read it."""
    print(f"\nreading over HTTP, {CONVERSATIONS} conversations, {CONNECTIONS} connections")
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="hosted-inbox-bench-") as folder:
            try:
                with service(database, Path(folder)) as one:
                    _measure(database, one)
            except NoPostgresError as missing:
                print(f"{database}: skipped, {missing}")


def _measure(database: str, one: Running) -> None:
    key = one.create_account()["api_key"]
    body = {"shared": True, "provider": "other", "connect": True}
    channel = one.call(key, "POST", "/v1/channels", body)
    recipients = (channel["forwarding_address"],)
    uvloop.run(run(Load(port=one.smtp_port, recipients=recipients, mails=CONVERSATIONS)))
    first = one.call(key, "GET", "/v1/conversations?limit=1")["items"][0]["id"]
    paths = ("/health/live", "/v1/conversations?limit=50", f"/v1/conversations/{first}/messages")
    for path in paths:
        shown = path.replace(first, "…")
        print(f"{database:12}{shown:36}{uvloop.run(_load(one, key, path))}")


async def _load(one: Running, key: str, path: str) -> str:
    assert one.process is not None
    latencies: list[float] = []
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n"

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", one.http_port)
        for _ in range(REQUESTS // CONNECTIONS):
            begun = time.perf_counter()
            writer.write(request.encode())
            await _answer(reader)
            latencies.append(1000 * (time.perf_counter() - begun))
        writer.close()

    cpu, begun = cpu_seconds(one.process.pid), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    seconds = time.perf_counter() - begun
    cpu = 1000 * (cpu_seconds(one.process.pid) - cpu) / REQUESTS
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    return f"{REQUESTS / seconds:8.0f}/s  CPU {cpu:.2f} ms  p50 {p50:.1f} ms  p99 {p99:.1f} ms"


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer, which has to be a good one with a Content-Length."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200 "):
        raise RuntimeError(head.decode("latin-1"))
    return await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
