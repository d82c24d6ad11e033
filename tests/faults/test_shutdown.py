"""SIGTERM in the middle of deliveries: what runs is finished, the process ends well."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from tests.faults.conftest import Start
from tests.faults.evidence import api, assert_events_without_gap, assert_nothing_lost, connect
from tests.faults.sending import MailServer, letters
from tests.running import Running
from tests.sink import sink


async def test_sigterm_lets_running_deliveries_end_and_loses_nothing(process: Running) -> None:
    key, address = connect(process)
    post = letters(address, 100)
    forwarder = MailServer(process.smtp_port, sessions=60)
    ends: list[int] = []

    async def terminate_at_its_moment() -> None:
        if forwarder.waiting >= 20 or forwarder.acknowledged >= 30:
            forwarder.watch = None
            forwarder.reachable.clear()
            ends.append(await asyncio.to_thread(process.stop))
            await asyncio.to_thread(process.start)
            forwarder.reachable.set()

    forwarder.watch = terminate_at_its_moment
    await forwarder.deliver(post)

    assert ends == [0]
    with api(process, key) as http:
        outcomes = assert_nothing_lost(http, post)
        assert_events_without_gap(http)
    assert outcomes == {"accepted": 100}  # an answer was given for everything that was kept


@contextlib.asynccontextmanager
async def mute() -> AsyncIterator[tuple[int, asyncio.Event]]:
    """The port of a server that takes connections and never answers; the event: one was taken."""
    taken, ended = asyncio.Event(), asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        try:
            yield server.sockets[0].getsockname()[1], taken
        finally:
            ended.set()


async def half_a_mail(port: int, address: str) -> asyncio.StreamWriter:
    """A session whose mail never ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for line in ("EHLO a.example", "MAIL FROM:<a@a.example>", f"RCPT TO:<{address}>", "DATA"):
        await reader.read(1000)
        writer.write(f"{line}\r\n".encode())
    await reader.readuntil(b"354 ")
    writer.write(b"Subject: half\r\n\r\nof it")
    await writer.drain()
    return writer


async def half_a_request(port: int, key: str) -> asyncio.StreamWriter:
    """A request whose body never ends."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /v1/teams HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 99\r\n\r\n".encode())
    await writer.drain()
    return writer


async def test_those_who_never_end_do_not_add_up(start: Start) -> None:
    """Everybody hangs at once: they have DRAIN_SECONDS together, not one after the other."""
    drain = 3.0
    async with mute() as (web, told), sink() as relay:
        relay.latency = 60
        process = await asyncio.to_thread(
            start,
            DRAIN_SECONDS=str(drain),
            RELAY_URL=relay.url,
            WEBHOOK_ALLOW_PRIVATE="true",
        )
        key, address = await asyncio.to_thread(connect, process)
        await asyncio.to_thread(
            process.call, key, "POST", "/v1/webhooks", {"url": f"http://127.0.0.1:{web}/"}
        )
        body = {"name": "Ann", "email": "ann@acme.example"}
        ann = await asyncio.to_thread(process.call, key, "POST", "/v1/users", body)
        channel = (await asyncio.to_thread(process.call, key, "GET", "/v1/channels"))["items"][0]
        letter = {
            "channel_id": channel["id"],
            "to": ["carla@customer.example"],
            "subject": "Hello",
            "text": "Hello",
            "author_id": ann["id"],
        }
        await asyncio.to_thread(process.call, key, "POST", "/v1/conversations", letter)
        await relay.seen("DATA")
        await told.wait()
        hanging = [
            await half_a_mail(process.smtp_port, address),
            await half_a_request(process.http_port, key),
        ]

        begun = time.monotonic()
        code = await asyncio.to_thread(process.stop)
        took = time.monotonic() - begun
        for one in hanging:
            one.close()

    assert code == 0
    assert took < 2 * drain + 1
