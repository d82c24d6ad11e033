"""
Answering: replies composed, signed, and handed to a mail server, by the real service.

Two figures, for they cost different processes' time on a larger installation: a reply through the
API until it is queued, and from there until the other side has said 250. Meanwhile the sink holds
its tongue, so that neither disturbs the other. The yardstick is aiosmtplib by itself, handing the
same octets to the same sink over as many sessions as the service may have.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import uvloop

from app.worker.relay import AT_ONCE
from bench.smtp_load import Load, cpu_seconds, run
from tests.postgres import NoPostgresError
from tests.running import Running

CONNECTIONS = 10
CONVERSATIONS = 100
PATIENCE = 300.0
_SENT = re.compile(r'^hosted_inbox_outbox_results_total\{result="sent"\} (\S+)', re.MULTILINE)

Service = Callable[..., AbstractContextManager[Running]]
Sink = Callable[[], AbstractContextManager[tuple[int, int]]]
TEXT = (
    "Hello,\n\nthank you for your message. Your order left us yesterday; it usually takes two days."
    "\nHere is what you can do meanwhile:\n\n"
    + "".join(
        f"{n}. Look at the tracking page, step {n}, and tell us what it shows.\n" for n in range(12)
    )
    + "\nKind regards\nAnn\n"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """So many in so many seconds, with so much CPU time."""

    number: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.number / self.seconds

    @property
    def cost(self) -> float:
        """Milliseconds of CPU for one."""
        return 1000 * self.cpu / self.number


def main(databases: list[str], service: Service, sink: Sink, number: int) -> None:
    """Answer many customers, then hand the same octets over with aiosmtplib alone."""
    say(f"\nanswering, {number} replies, at most {AT_ONCE} sessions with the sink")
    say(f"{'':36}{'replies/s':>10}{'of alone':>9}{'CPU ms':>8}{'times':>7}")
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="hosted-inbox-bench-") as folder, sink() as there:
            try:
                relay = f"smtp://127.0.0.1:{there[0]}"
                with service(database, Path(folder), RELAY_URL=relay) as one:
                    _measure(database, one, there, number)
            except NoPostgresError as missing:
                say(f"{database}: skipped, {missing}")


def _measure(database: str, one: Running, sink: tuple[int, int], number: int) -> None:
    key = one.create_account()["api_key"]
    body = {"shared": True, "provider": "other", "connect": True}
    channel = one.call(key, "POST", "/v1/channels", body)
    author = one.call(key, "POST", "/v1/users", {"name": "Ann Lee", "email": "ann@acme.example"})
    load = Load(
        port=one.smtp_port, recipients=(channel["forwarding_address"],), mails=CONVERSATIONS
    )
    uvloop.run(run(load))
    found = one.call(key, "GET", "/v1/conversations?limit=100")["items"]
    paths = [f"/v1/conversations/{item['id']}/replies" for item in found]
    reply = json.dumps({"text": TEXT, "author_id": author["id"]})
    _answer_all(one, key, paths, reply, 100)  # to warm up
    _until_sent(one, 100)
    with _holding_its_tongue(sink[1]):
        ids, written = _answer_all(one, key, paths, reply, number)
        assert one.process is not None
        begun, cpu = time.perf_counter(), cpu_seconds(one.process.pid)
    _until_sent(one, 100 + number)
    handed = Figures(number, time.perf_counter() - begun, cpu_seconds(one.process.pid) - cpu)
    octets = [_raw(one, key, one_id) for one_id in ids[:: max(1, number // 100)]]
    alone = uvloop.run(_alone(sink[0], octets, number))
    row("aiosmtplib alone", alone, alone)
    row(f"{database}, until it is queued", written, alone)
    row(f"{database}, from there to the 250", handed, alone)
    whole = Figures(number, written.seconds + handed.seconds, written.cpu + handed.cpu)
    row(f"{database}, together", whole, alone)


@contextmanager
def _holding_its_tongue(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _answer_all(
    one: Running, key: str, paths: list[str], body: str, number: int
) -> tuple[list[str], Figures]:
    """The ids of the messages, and what it took until all were queued."""
    assert one.process is not None
    pid = one.process.pid
    cpu, begun = cpu_seconds(pid), time.perf_counter()
    ids = uvloop.run(_post_all(one.http_port, key, paths, body, number))
    return ids, Figures(number, time.perf_counter() - begun, cpu_seconds(pid) - cpu)


async def _post_all(port: int, key: str, paths: list[str], body: str, number: int) -> list[str]:
    left = iter(range(number))
    ids: list[str] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in left:
            head = (
                f"POST {paths[turn % len(paths)]} HTTP/1.1\r\nHost: bench\r\n"
                f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            writer.write((head + body).encode())
            ids.append(json.loads(await _answer(reader))["id"])
        writer.close()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return ids


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer, which has to be a 202."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    body = await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
    if not head.startswith(b"http/1.1 202 "):
        raise RuntimeError(body.decode())
    return body


def _until_sent(one: Running, number: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with urllib.request.urlopen(f"{one.base}/metrics", timeout=30) as answer:
            found = _SENT.search(answer.read().decode())
        if found is not None and float(found[1]) >= number:
            return
        time.sleep(0.1)
    raise TimeoutError("the replies do not leave")


def _raw(one: Running, key: str, message_id: str) -> bytes:
    request = urllib.request.Request(f"{one.base}/v1/messages/{message_id}/raw")
    request.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        octets: bytes = answer.read()
    return octets


async def _alone(port: int, octets: list[bytes], number: int) -> Figures:
    """These octets over AT_ONCE sessions that stay open, by aiosmtplib in this process."""
    left = iter(range(number))

    async def session() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as smtp:
            for turn in left:
                raw = octets[turn % len(octets)]
                await smtp.sendmail("bounce@acme.example", ["carla@customer.example"], raw)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(session() for _ in range(AT_ONCE)))
    return Figures(number, time.perf_counter() - begun, time.process_time() - cpu)


def row(name: str, found: Figures, alone: Figures) -> None:
    """A line of the table."""
    say(
        f"{name:36}{found.rate:10.0f}{found.rate / alone.rate:9.2f}"
        f"{found.cost:8.2f}{found.cost / alone.cost:7.1f}"
    )


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)
