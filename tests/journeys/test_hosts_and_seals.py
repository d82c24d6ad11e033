"""F6 through the doors: SPF of the host that brings a mail, and ARC seals of who passed it on."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosmtplib
import httpx
import pytest

from app.settings import Settings
from tests.builders import connected_channel, mail
from tests.chains import key, sealed
from tests.conftest import Service
from tests.dns_server import Zone, serving
from tests.journeys.conftest import Inbox

HOST = "192.0.2.3"
BEN = "Ben Banker <ben@bank.example.org>"
TEAM = "support@acme.example.com"
SAW = "spf=pass smtp.mailfrom=ben@bank.example.org; dmarc=pass header.from=bank.example.org"


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    seal = [key().public_txt]
    texts = {
        "_dmarc.bank.example.org": ["v=DMARC1; p=reject"],
        "bank.example.org": ["verification=1", "v=spf1 include:_spf.bank.example.org mx -all"],
        "_spf.bank.example.org": [f"v=spf1 ip4:{HOST} -all"],
        "s1._domainkey.google.com": seal,
        "s1._domainkey.acme.example.com": seal,
        "s1._domainkey.evil.example.com": seal,
    }
    hosts = {"bank.example.org": ["mx1.bank.example.org", "mx2.bank.example.org"]}
    addresses = {"mx2.bank.example.org": ["192.0.2.77"]}
    async with serving(Zone(texts, mail_hosts=hosts, addresses=addresses)) as zone:
        yield zone


@pytest.fixture
def settings(database_url: str, tmp_path: Path, zone: Zone) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=tmp_path,
        smtp_port=0,
        secret_key="only for tests",
        drain_seconds=5,
        rate_limit=0,
        dns_servers=(zone.server,),
        proxy_protocol=True,
    )


@dataclass(slots=True)
class Host:
    """A host of the world that brings mail, as a balancer in front of the service names it."""

    port: int
    address: str = HOST
    sender: str = "ben@bank.example.org"

    async def __call__(self, raw: bytes, *recipients: str) -> str:
        there = await asyncio.to_thread(socket.create_connection, ("127.0.0.1", self.port))
        there.sendall(f"PROXY TCP4 {self.address} 192.0.2.1 5000 25\r\n".encode())
        async with aiosmtplib.SMTP(
            hostname=None, port=None, sock=there, start_tls=False, local_hostname="mail.example.org"
        ) as smtp:
            _, text = await smtp.sendmail(self.sender, list(recipients), raw)
        return text


@pytest.fixture
def host(service: Service) -> Host:
    return Host(service.smtp_port)


@pytest.fixture
async def inbox(http: httpx.AsyncClient, host: Host) -> Inbox:
    return Inbox(http, host, await connected_channel(http, team_address=TEAM))


def results(spf: str, dmarc: str, arc: str | None = "none") -> dict[str, str | None]:
    return {"spf": spf, "dkim": "none", "dmarc": dmarc, "arc": arc}


async def trust(inbox: Inbox, message: dict[str, Any]) -> str:
    found: str = (await inbox.attribution_of(message))["trust"]
    return found


@pytest.mark.parametrize("address", [HOST, "192.0.2.77"])
async def test_mail_straight_from_a_host_of_its_domain_is_verified(
    inbox: Inbox, host: Host, address: str
) -> None:
    host.address = address

    received = await inbox.receive(sender=BEN, to=inbox.address)

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert received["remote_address"] == address
    assert received["authentication"] == results("pass", "pass")
    assert message["authentication"] == results("pass", "pass")
    assert await trust(inbox, message) == "verified"


async def test_mail_straight_from_elsewhere_is_quarantined_and_never_refused(
    inbox: Inbox, host: Host
) -> None:
    host.address = "203.0.113.9"

    received = await inbox.receive(sender=BEN, to=inbox.address)

    assert received["outcome"] == "quarantined"
    assert received["authentication"] == results("fail", "fail")


async def test_a_host_that_passes_on_proves_nobody(inbox: Inbox) -> None:
    received = await inbox.receive(sender=BEN, to=TEAM)

    assert received["outcome"] == "quarantined"
    assert received["authentication"] == results("pass", "fail")


async def test_what_the_dns_said_is_remembered(inbox: Inbox, zone: Zone) -> None:
    await inbox.receive(sender=BEN, to=inbox.address)
    asked = len(zone.asked)

    await inbox.receive(sender=BEN, to=inbox.address, message_id="<2@bank.example.org>")

    assert len(zone.asked) == asked
    assert sorted(set(zone.asked)) == [
        "_dmarc.bank.example.org",
        "_dmarc.example.org",
        "_spf.bank.example.org",
        "bank.example.org",
    ]


async def test_where_the_dns_could_not_tell_nobody_is_contradicted(
    inbox: Inbox, zone: Zone
) -> None:
    zone.broken.add("_spf.bank.example.org")

    message = await inbox.take(sender=BEN, to=inbox.address)

    assert message["authentication"] == results("temperror", "temperror")
    assert await trust(inbox, message) == "unverified"


async def test_a_name_server_that_never_answers_holds_nothing_up(
    inbox: Inbox, zone: Zone, host: Host
) -> None:
    zone.dropped |= {"slow.example.net"}
    host.sender = "eve@slow.example.net"

    async with asyncio.timeout(10):
        message = await inbox.take(sender="Carla <carla@customer.example>")

    assert message["authentication"] == results("temperror", "none")


async def test_what_a_group_has_changed_and_sealed_is_taken_and_consistent(
    inbox: Inbox, host: Host, zone: Zone
) -> None:
    host.sender = "support+bounces@acme.example.com"
    raw = sealed(mail(sender=BEN, to=TEAM), "google.com", SAW)

    received = await inbox.receive(raw)

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert received["outcome"] == "accepted"
    assert message["author"]["address"] == "ben@bank.example.org"
    assert message["authentication"] == results("none", "fail", "pass")
    assert await trust(inbox, message) == "consistent"


async def test_a_replay_believes_the_same_seals(inbox: Inbox, zone: Zone) -> None:
    received = await inbox.receive(sealed(mail(sender=BEN, to=TEAM), "acme.example.com", SAW))
    zone.texts.clear()

    await inbox.post(f"/v1/received-mail/{received['id']}/replay", {"dry_run": False})

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert await trust(inbox, message) == "consistent"


async def test_the_seals_of_anybody_else_excuse_nothing(inbox: Inbox) -> None:
    plain = mail(sender=BEN, to=TEAM)
    strange = sealed(plain, "evil.example.com", SAW)
    laundered = sealed(strange, "google.com", SAW)
    changed = sealed(plain, "google.com", SAW).replace(b"my order", b"my money")
    failed = sealed(plain, "google.com", SAW.replace("dmarc=pass", "dmarc=fail"))

    received = [await inbox.receive(one) for one in (strange, laundered, changed, failed)]

    assert [one["outcome"] for one in received] == ["quarantined"] * 4
    assert [one["authentication"]["arc"] for one in received] == ["pass", "pass", "fail", "pass"]
