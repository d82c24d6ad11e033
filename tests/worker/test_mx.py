"""Mail straight to the recipients' servers, found in the DNS of the test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from tests.builders import mail
from tests.dns_server import Zone, serving
from tests.sink import Sink
from tests.worker.conftest import Fates, Put

BOB = "bob@customer.example"


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    async with serving(Zone(addresses={"mx.customer.example": ["127.0.0.1"]})) as one:
        yield one


@pytest.fixture
def settings(settings: Settings, relay: Sink, zone: Zone) -> Settings:
    url = f"mx://?port={relay.port}&private=allow"
    return settings.model_copy(update={"relay_url": url, "dns_servers": (zone.server,)})


async def test_mail_goes_to_the_preferred_host(
    zone: Zone, relay: Sink, put: Put, fates: Fates
) -> None:
    zone.mail_hosts["customer.example"] = ["mx.customer.example"]

    await put(BOB)
    await fates("sent")

    assert [to for _, to, _ in relay.mails] == [[BOB]]


async def test_a_host_that_is_away_gives_way_to_the_next(
    zone: Zone, relay: Sink, put: Put, fates: Fates
) -> None:
    zone.addresses["away.customer.example"] = ["127.0.0.9"]
    zone.mail_hosts["customer.example"] = ["away.customer.example", "mx.customer.example"]

    await put(BOB)
    item = (await fates("sent"))[BOB]

    assert item.attempts == 1


async def test_without_mx_the_domain_itself_is_asked(
    zone: Zone, relay: Sink, put: Put, fates: Fates
) -> None:
    zone.addresses["customer.example"] = ["127.0.0.1"]

    await put(BOB)
    await fates("sent")


async def test_a_domain_that_takes_no_mail_says_so(zone: Zone, put: Put, fates: Fates) -> None:
    zone.mail_hosts["customer.example"] = [""]

    await put(BOB)
    item = (await fates("failed"))[BOB]

    assert "RFC 7505" in item.detail


async def test_a_domain_that_is_not_there_fails(zone: Zone, put: Put, fates: Fates) -> None:
    await put(BOB)
    item = (await fates("failed"))[BOB]

    assert item.detail == "There is no domain customer.example."


async def test_a_dns_that_says_nothing_is_asked_again(zone: Zone, put: Put, fates: Fates) -> None:
    zone.broken.add("customer.example")

    await put(BOB)
    item = (await fates("deferred"))[BOB]

    assert item.attempts == 1


async def test_much_mail_to_one_domain_all_arrives_over_few_sessions(
    zone: Zone, relay: Sink, put: Put, fates: Fates
) -> None:
    zone.mail_hosts["customer.example"] = ["mx.customer.example"]

    await put(*[f"p{n}@customer.example" for n in range(4)], raw=mail())
    await fates("sent")

    assert len(relay.mails) == 4
    assert relay.most_open <= 2


class TestPrivate:
    """Without `private=allow`."""

    @pytest.fixture
    def settings(self, settings: Settings, relay: Sink) -> Settings:
        return settings.model_copy(update={"relay_url": f"mx://?port={relay.port}"})

    async def test_machines_inside_are_left_alone(
        self, zone: Zone, relay: Sink, put: Put, fates: Fates
    ) -> None:
        zone.mail_hosts["customer.example"] = ["mx.customer.example"]

        await put(BOB)
        item = (await fates("failed"))[BOB]

        assert "private addresses only" in item.detail
        assert relay.sessions == 0


class TestSlowServers:
    """Of four letters that may be under way."""

    @pytest.fixture
    def settings(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
        monkeypatch.setattr("app.worker.mx.AT_ONCE", 4)
        monkeypatch.setattr("app.worker.mx.Mx.at_once", 4)
        return settings.model_copy(update={"drain_seconds": 0.1})

    async def test_servers_that_say_nothing_do_not_hold_up_others(
        self, zone: Zone, relay: Sink, put: Put, fates: Fates
    ) -> None:
        zone.mail_hosts["customer.example"] = ["mx.customer.example"]
        slow = [f"slow{number}.example" for number in range(8)]
        zone.addresses.update({domain: ["127.0.0.2"] for domain in slow})
        await put(BOB)
        await fates("sent")

        async with mute("127.0.0.2", relay.port) as connected:
            await put(*[f"p@{domain}" for domain in slow], message_id="msg_slow")
            await connected.wait()
            await put(BOB, message_id="msg_2")
            await fates("sent", message_id="msg_2")
            waiting = await fates("queued", message_id="msg_slow")

        assert len(waiting) == 8


@contextlib.asynccontextmanager
async def mute(host: str, port: int) -> AsyncIterator[asyncio.Event]:
    """A server that takes connections and never says a word; the event: somebody has come."""
    connected, ended = asyncio.Event(), asyncio.Event()

    async def hold(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await ended.wait()
        writer.close()

    async with await asyncio.start_server(hold, host, port):
        try:
            yield connected
        finally:
            ended.set()
