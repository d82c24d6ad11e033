"""A test mail goes to the team address, and tells whether it is forwarded to the channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.domain import channels
from app.domain.channels import ForwardingTest
from app.settings import Settings
from tests.builders import connected_channel
from tests.conftest import Deliver, Service
from tests.sink import Sink

TEAM = "support@acme.example"


@pytest.fixture
def settings(settings: Settings, relay: Sink) -> Settings:
    return settings.model_copy(update={"relay_url": relay.url})


async def started(http: httpx.AsyncClient, relay: Sink) -> tuple[dict[str, Any], bytes]:
    """A connected channel whose test mail has left, and that mail."""
    channel = await connected_channel(http, team_address=TEAM)
    answer = await http.post(f"/v1/channels/{channel['id']}/forwarding-tests")
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "waiting"
    await relay.received(1)
    sender, recipients, octets = relay.mails[0]
    assert (sender, recipients) in (("", [TEAM]), ("<>", [TEAM]))
    return channel, octets


async def forwarding(http: httpx.AsyncClient, channel: dict[str, Any]) -> dict[str, Any]:
    answer = await http.get(f"/v1/channels/{channel['id']}/forwarding")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_test_mail_that_comes_back_proves_the_forwarding(
    http: httpx.AsyncClient, relay: Sink, deliver: Deliver
) -> None:
    channel, octets = await started(http, relay)

    await deliver(octets, channel["forwarding_address"])

    found = await forwarding(http, channel)
    assert found["status"] == "verified"
    assert (found["test"]["state"], found["test"]["finding"]) == ("passed", "")
    assert (await http.get("/v1/conversations")).json()["items"] == []
    assert (await http.get("/v1/contacts")).json()["items"] == []


async def test_a_group_that_rewrites_the_test_mail_is_told_of(
    http: httpx.AsyncClient, relay: Sink, deliver: Deliver
) -> None:
    channel, octets = await started(http, relay)
    token = message_from_bytes(octets, policy=policy.default)["Subject"]
    rewritten = (
        f"From: 'Hosted Inbox' via Support <{TEAM}>\r\nTo: {TEAM}\r\n"
        f"Subject: [support] {token}\r\nMessage-ID: <new@lists.acme.example>\r\n\r\nHello\r\n"
    ).encode()

    await deliver(rewritten, channel["forwarding_address"])

    test = (await forwarding(http, channel))["test"]
    assert test["state"] == "passed"
    assert TEAM in test["finding"]


async def test_a_test_mail_at_another_channel_has_failed_and_one_that_passed_stays_so(
    http: httpx.AsyncClient, relay: Sink, deliver: Deliver
) -> None:
    channel, octets = await started(http, relay)
    other = await connected_channel(http, team_address="sales@acme.example")

    await deliver(octets, other["forwarding_address"])
    astray = (await forwarding(http, channel))["test"]
    await deliver(octets, channel["forwarding_address"])
    await deliver(octets, other["forwarding_address"])

    assert astray["state"] == "failed"
    assert other["id"] in astray["finding"]
    assert (await forwarding(http, channel))["test"]["state"] == "passed"


async def test_a_forged_token_proves_nothing(
    http: httpx.AsyncClient, relay: Sink, deliver: Deliver
) -> None:
    channel, octets = await started(http, relay)
    token = message_from_bytes(octets, policy=policy.default)["Subject"].split("[")[1][:-1]
    other = token[:-1] + ("a" if token[-1] != "a" else "b")

    await deliver(octets.replace(token.encode(), other.encode()), channel["forwarding_address"])

    assert (await forwarding(http, channel))["test"]["state"] == "waiting"


async def test_after_half_an_hour_without_the_mail_the_test_has_failed(
    http: httpx.AsyncClient, relay: Sink, service: Service
) -> None:
    channel, _ = await started(http, relay)
    async with service.database.writing() as db:
        await db.execute(
            update(ForwardingTest).values(started_at=datetime.now(UTC) - timedelta(minutes=31))
        )

    await channels.forwarding_tests.give_up(service.database, datetime.now(UTC))

    found = await forwarding(http, channel)
    assert found["status"] == "failed"
    assert found["test"]["state"] == "failed"
    events = (await http.get("/v1/events", params={"types": "channel.forwarding_failed"})).json()
    assert [one["data"]["channel_id"] for one in events["items"]] == [channel["id"]]


async def test_tests_are_refused_for_drafts_without_a_team_address_and_too_soon(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, relay: Sink
) -> None:
    draft = (await http.post("/v1/channels", json={"shared": True, "provider": "other"})).json()[
        "id"
    ]
    nameless = await connected_channel(http)
    channel, _ = await started(http, relay)

    async def ask(client: httpx.AsyncClient, channel_id: str) -> tuple[int, str]:
        answer = await client.post(f"/v1/channels/{channel_id}/forwarding-tests")
        return answer.status_code, answer.json()["code"]

    assert await ask(http, draft) == (409, "channel.not_connected")
    assert await ask(http, nameless["id"]) == (409, "channel.no_team_address")
    assert await ask(http, channel["id"]) == (429, "channel.test_running")
    assert await ask(other_http, channel["id"]) == (404, "channel.not_found")
