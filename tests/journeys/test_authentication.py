"""F6 through the doors: what DKIM and DMARC said stands on the message and decides about trust."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Any

import httpx
import pytest

from app.mail import dkim
from app.settings import Settings
from tests.builders import connected_channel, mail, new_user
from tests.conftest import Deliver, Service
from tests.dns_server import Zone, serving
from tests.journeys.conftest import Inbox

BEN = "Ben Banker <ben@bank.example.org>"
TEAM = "support@acme.example.com"


@lru_cache
def key() -> dkim.KeyPair:
    return dkim.generate_keys("rsa2048")


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    texts = {
        "_dmarc.bank.example.org": ["v=DMARC1; p=quarantine; rua=mailto:dmarc@bank.example.org"],
        "_dmarc.strict.example.org": ["v=DMARC1; p=reject"],
        "_dmarc.acme.example.com": ["v=DMARC1; p=quarantine"],
        "_dmarc.google.com": ["v=DMARC1; p=reject"],
        "s1._domainkey.google.com": [key().public_txt],
        "s1._domainkey.bank.example.org": [key().public_txt],
        "s1._domainkey.acme.example.com": [key().public_txt],
    }
    async with serving(Zone(texts)) as zone:
        yield zone


@pytest.fixture
def settings(settings: Settings, zone: Zone) -> Settings:
    return settings.model_copy(update={"dns_servers": (zone.server,)})


@pytest.fixture
async def inbox(http: httpx.AsyncClient, deliver: Deliver) -> Inbox:
    return Inbox(http, deliver, await connected_channel(http, team_address=TEAM))


def signed(domain: str = "bank.example.org", **fields: Any) -> bytes:
    raw = mail(**{"sender": BEN, "to": TEAM, "message_id": "<1@bank.example.org>", **fields})
    return dkim.sign(raw, domain=domain, selector="s1", private_key=key().private_pem)


def results(dkim: str | None, dmarc: str | None) -> dict[str, str | None]:
    """Without SPF, since the forwarder stands on this machine, and without a chain."""
    return {"spf": "none", "dkim": dkim, "dmarc": dmarc, "arc": "none"}


async def trust(inbox: Inbox, message: dict[str, Any]) -> str:
    found: str = (await inbox.attribution_of(message))["trust"]
    return found


async def test_a_signed_mail_is_verified(inbox: Inbox) -> None:
    message = await inbox.take(signed())

    assert message["authentication"] == results("pass", "pass")
    assert await trust(inbox, message) == "verified"


async def test_a_large_signed_mail_is_verified(inbox: Inbox) -> None:
    message = await inbox.take(signed(text="All of it.\n" * 20_000))

    assert message["authentication"] == results("pass", "pass")


async def test_a_mail_of_nobody_who_publishes_anything_is_unverified(
    inbox: Inbox, zone: Zone
) -> None:
    message = await inbox.take(sender="Carla <carla@customer.example.net>")

    assert message["authentication"] == results("none", "none")
    assert await trust(inbox, message) == "unverified"
    assert sorted(zone.asked) == ["_dmarc.customer.example.net", "_dmarc.example.net"]


async def test_nothing_is_asked_about_names_that_cannot_exist(inbox: Inbox, zone: Zone) -> None:
    message = await inbox.take()

    assert message["author"]["address"] == "carla@customer.example"
    assert message["authentication"] == results("none", "none")
    assert zone.asked == []


async def test_a_forged_answer_waits_in_the_conversation_until_somebody_looks(
    inbox: Inbox,
) -> None:
    first = await inbox.take(signed())
    forged = mail(
        "Send it elsewhere.",
        sender=BEN,
        message_id="<2@evil.example.net>",
        more="In-Reply-To: <1@bank.example.org>\r\n",
    )

    message = await inbox.take(forged)

    assert message["authentication"] == results("none", "fail")
    assert await trust(inbox, message) == "contradicted"
    assert message["conversation_id"] == first["conversation_id"]
    assert (first["pending"], message["pending"]) == (False, True)


STRICT = "Eve <ben@strict.example.org>"


async def test_who_is_denied_by_a_domain_that_asks_to_reject_goes_to_quarantine(
    inbox: Inbox,
) -> None:
    received = await inbox.receive(sender=STRICT)

    released = await inbox.post(f"/v1/received-mail/{received['id']}/release")
    message = await inbox.get(f"/v1/messages/{released['message_id']}")
    assert received["outcome"] == "quarantined"
    assert "p=reject" in received["reason"]
    assert received["authentication"] == results("none", "fail")
    assert received["message_id"] is None
    assert await trust(inbox, message) == "contradicted"


async def test_neither_a_seal_nor_a_strange_signature_gets_a_forgery_through(
    inbox: Inbox,
) -> None:
    sealed = mail(sender=STRICT, more="ARC-Seal: i=1; a=rsa-sha256; cv=none; d=evil.example\r\n")
    strange = signed("acme.example.com", sender=STRICT)
    keyless = signed("nokey.strict.example.org", sender=STRICT)

    outcomes = [(await inbox.receive(raw))["outcome"] for raw in (sealed, strange, keyless)]

    assert outcomes == ["quarantined"] * 3


async def test_an_allowed_sender_is_not_held_back_but_still_not_believed(inbox: Inbox) -> None:
    entry = {"kind": "allow", "domain": "strict.example.org"}
    await inbox.post("/v1/sender-lists", entry, 201)

    message = await inbox.take(sender=STRICT)

    assert await trust(inbox, message) == "contradicted"


async def test_who_only_pretends_to_be_of_the_team_waits_and_comments_nothing(
    inbox: Inbox,
) -> None:
    await new_user(inbox.http, "ann@acme.example.com")
    first = await inbox.take(signed())
    answer = {
        "sender": "Ann <ann@acme.example.com>",
        "message_id": "<2@acme.example.com>",
        "more": "In-Reply-To: <1@bank.example.org>\r\n",
    }

    forged = await inbox.take(mail("Refund it all.", **answer))
    genuine = await inbox.take(
        signed("acme.example.com", **{**answer, "message_id": "<3@acme.example.com>"})
    )

    decision = await inbox.attribution_of(forged)
    assert (forged["kind"], forged["pending"]) == ("message", True)
    assert forged["author"]["user_id"] is None
    assert forged["conversation_id"] == first["conversation_id"]
    assert (decision["class"], decision["trust"]) == ("transparent", "contradicted")
    assert "denies" in decision["candidates"][0]["reason"]
    assert (genuine["kind"], genuine["pending"]) == ("comment", False)
    assert ["ann@acme.example.com"] not in await inbox.contact_addresses()


async def test_whom_a_pretended_teammate_writes_to_is_no_contact_and_takes_no_part(
    inbox: Inbox,
) -> None:
    await new_user(inbox.http, "ann@acme.example.com")
    first = await inbox.take(signed())
    pretended: dict[str, Any] = {
        "sender": "Ann <ann@acme.example.com>",
        "to": "Eve <eve@far.example.net>",
        "message_id": "<2@acme.example.com>",
    }

    await inbox.take(mail(**pretended, more=f"Cc: {TEAM}\r\nIn-Reply-To: <1@bank.example.org>\r\n"))
    await inbox.take(mail(**{**pretended, "message_id": "<3@acme.example.com>"}))

    joined = (await inbox.conversation_of(first))["participants"]
    assert [one["address"] for one in joined] == ["ben@bank.example.org"]
    assert ["eve@far.example.net"] not in await inbox.contact_addresses()


async def test_a_new_mail_of_who_pretends_to_be_of_the_team_makes_no_contact_of_his_address(
    inbox: Inbox,
) -> None:
    await new_user(inbox.http, "ann@acme.example.com")

    message = await inbox.take(sender="Ann <ann@acme.example.com>")

    assert message["author"]["user_id"] is None
    assert await inbox.contact_addresses() == [[]]


async def test_fields_that_agree_prove_nothing_where_the_group_s_domain_denies_the_mail(
    inbox: Inbox,
) -> None:
    rewritten = {
        "sender": f'"Dora Doe via Support" <{TEAM}>',
        "more": "X-Original-From: dora@d.example.net\r\nReply-To: dora@d.example.net\r\n",
    }

    message = await inbox.take(**rewritten)

    assert message["author"]["address"] == "dora@d.example.net"
    assert await trust(inbox, message) == "unverified"


async def test_only_the_providers_own_confirmation_is_shown(inbox: Inbox) -> None:
    asking = {
        "text": "To allow it:\nhttps://mail-settings.google.com/mail/vf-abc\n",
        "sender": "Gmail Team <forwarding-noreply@google.com>",
        "subject": "(#123456789) Gmail Forwarding Confirmation",
        "message_id": "<confirm@google.com>",
    }
    path = f"/v1/channels/{inbox.channel['id']}/forwarding"

    forged = await inbox.receive(mail(**asking))
    before = await inbox.get(path)
    genuine = await inbox.receive(signed("google.com", **asking))
    after = await inbox.get(path)

    assert (forged["outcome"], before["confirmation"]) == ("quarantined", None)
    assert genuine["outcome"] == "accepted"
    assert after["confirmation"]["code"] == "123456789"


async def test_a_genuine_answer_joins_the_conversation(inbox: Inbox) -> None:
    first = await inbox.take(signed())
    answer = signed(message_id="<2@bank.example.org>", more="In-Reply-To: <1@bank.example.org>\r\n")

    message = await inbox.take(answer)

    assert message["conversation_id"] == first["conversation_id"]
    assert not message["pending"]


async def test_a_changed_mail_is_contradicted_and_accepted_all_the_same(inbox: Inbox) -> None:
    received = await inbox.receive(signed().replace(b"my order", b"my money"))

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert received["outcome"] == "accepted"
    assert message["authentication"] == results("fail", "fail")
    assert await trust(inbox, message) == "contradicted"


async def test_a_group_that_signs_makes_what_it_rewrote_consistent(inbox: Inbox) -> None:
    rewritten = {
        "sender": f'"Dora Doe via Support" <{TEAM}>',
        "more": "X-Original-From: Dora Doe <dora@strict.example.net>\r\n",
    }

    plain = await inbox.take(**rewritten)
    message = await inbox.take(
        signed("acme.example.com", message_id="<2@acme.example.com>", **rewritten)
    )

    assert message["author"]["address"] == "dora@strict.example.net"
    assert await trust(inbox, message) == "consistent"
    assert await trust(inbox, plain) == "unverified"


async def test_a_replay_keeps_what_was_found_at_arrival(inbox: Inbox, zone: Zone) -> None:
    received = await inbox.receive(signed())
    zone.texts.clear()

    await inbox.post(f"/v1/received-mail/{received['id']}/replay", {"dry_run": False})

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert message["authentication"] == results("pass", "pass")
    assert await trust(inbox, message) == "verified"


async def test_without_dns_mail_is_accepted_and_nobody_is_contradicted(
    inbox: Inbox, zone: Zone, service: Service
) -> None:
    zone.silent = True
    raw = [
        signed(message_id=f"<{n}@bank.example.org>", sender=f"Ben <ben@b{n}.bank.example.org>")
        for n in range(20)
    ]

    async with asyncio.timeout(15):  # each would wait two seconds
        messages = [await inbox.take(one) for one in raw]

    assert {one["authentication"]["dkim"] for one in messages} == {"temperror"}
    assert {one["authentication"]["dmarc"] for one in messages} == {"temperror"}
    assert await trust(inbox, messages[-1]) == "unverified"
