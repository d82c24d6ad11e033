"""A real Postfix as the relay: an answer goes out through it, and what comes of it comes back."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import dkim
import httpx
import pytest
from sqlalchemy import select

from app.domain.sender_identity import SigningKey
from app.settings import Settings
from tests.builders import connected_channel, mail, new_user
from tests.conftest import Service
from tests.faults.own_postfix import NoPostfixError, Postfix, own_postfix
from tests.running import free_port
from tests.sink import Sink

TEAM, CARLA = "support@acme.example", "carla@customer.example"
PATIENCE = 30.0


@pytest.fixture
def relay_port() -> int:
    return free_port()


@pytest.fixture
def settings(settings: Settings, relay_port: int) -> Settings:
    url = f"smtp://127.0.0.1:{relay_port}"
    return settings.model_copy(update={"relay_url": url, "retry_seconds": ("1", "1")})


@pytest.fixture
async def channel(http: httpx.AsyncClient) -> dict[str, Any]:
    return await connected_channel(http, team_address=TEAM)


@pytest.fixture
async def postfix(
    service: Service, channel: dict[str, Any], relay: Sink, relay_port: int
) -> AsyncIterator[Postfix]:
    """The company's mail server, our relay as well; `relay` is the customers' one behind it."""
    with contextlib.ExitStack() as stack:
        entered = own_postfix(
            team=TEAM,
            hosted=channel["forwarding_address"],
            port=service.smtp_port,
            own_port=relay_port,
            customers=("customer.example", relay.port),
        )
        try:
            one = await asyncio.to_thread(stack.enter_context, entered)
        except NoPostfixError as reason:
            pytest.skip(str(reason))
        yield one
        await asyncio.to_thread(stack.close)


async def messages(http: httpx.AsyncClient, number: int) -> list[dict[str, Any]]:
    """The messages of the only conversation, as soon as there are so many."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = (await http.get("/v1/conversations")).json()["items"]
            if found:
                assert len(found) == 1
                path = f"/v1/conversations/{found[0]['id']}/messages"
                items = [
                    one for one in (await http.get(path)).json()["items"] if one["kind"] != "event"
                ]
                if len(items) >= number:
                    return items
            await asyncio.sleep(0.1)


async def fate(http: httpx.AsyncClient, message_id: str, state: str) -> dict[str, Any]:
    """The delivery of a message, as soon as it is in the state."""
    async with asyncio.timeout(PATIENCE):
        while True:
            [item] = (await http.get(f"/v1/messages/{message_id}")).json()["deliveries"]
            if item["state"] == state:
                return dict(item)
            await asyncio.sleep(0.1)


async def answered(http: httpx.AsyncClient, postfix: Postfix) -> dict[str, Any]:
    """The reply to what Carla has written to the team."""
    await asyncio.to_thread(postfix.send, CARLA, TEAM, mail())
    [first] = await messages(http, 1)
    ann = await new_user(http)
    body = {"text": "It left yesterday.\n.\nGrüße", "author_id": ann["id"]}
    path = f"/v1/conversations/{first['conversation_id']}/replies"
    answer = await http.post(path, json=body)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_a_reply_goes_out_and_its_answer_comes_back_by_the_forward(
    http: httpx.AsyncClient, postfix: Postfix, relay: Sink, service: Service
) -> None:
    reply = await answered(http, postfix)

    [(_, recipients, raw)] = await relay.received(1)
    written = message_from_bytes(raw, policy=default)
    answer = mail(
        "Thank you!",
        subject=f"Re: {written['Subject']}",
        message_id="<2@customer.example>",
        more=f"In-Reply-To: {written['Message-ID']}\r\n",
    )
    await asyncio.to_thread(postfix.send, CARLA, TEAM, answer)
    found = await messages(http, 3)

    async with service.database.reading() as db:
        keys = (await db.execute(select(SigningKey))).scalars().all()
    records = {
        f"{one.selector}._domainkey.{one.domain}.".encode(): one.public_record.encode()
        for one in keys
    }
    algorithms = re.findall(rb"\ba=(rsa|ed25519)-sha256", raw)
    verified = {
        kind: dkim.DKIM(raw).verify(idx=place, dnsfunc=lambda name, **_: records.get(name))
        for place, kind in enumerate(algorithms)
        if kind == b"rsa"  # dkimpy knows the other one only with another package
    }
    assert recipients == [CARLA]
    assert verified == {b"rsa": True}
    assert [one["direction"] for one in found] == ["incoming", "outgoing", "incoming"]
    assert found[2]["text"].strip() == "Thank you!"
    assert not found[2]["pending"]
    assert "queued as" in (await fate(http, reply["id"], "sent"))["detail"]


async def test_what_the_customer_s_server_refuses_comes_back_as_a_bounce(
    http: httpx.AsyncClient, postfix: Postfix, relay: Sink
) -> None:
    relay.refuse("RCPT", "550 5.1.1 No such user here", who=CARLA)

    reply = await answered(http, postfix)
    item = await fate(http, reply["id"], "bounced")

    suppressed = (await http.get("/v1/suppressions")).json()["items"]
    assert "No such user here" in item["detail"]
    assert [one["address"] for one in suppressed] == [CARLA]
    assert relay.mails == []
