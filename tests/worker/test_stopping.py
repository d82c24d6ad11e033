"""The end of a service while mail is on its way, and the start of one that finds mail waiting."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import accounts, outbox, raw_mail
from app.domain.outbox import Envelope, OutboxItem
from app.main import create_app
from app.settings import Settings
from tests.builders import mail
from tests.conftest import Service
from tests.sink import Sink

DRAIN = 1.0
AT_ONCE = 20


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"drain_seconds": DRAIN})


async def put(service: Service, number: int) -> str:
    """So many mails of a new account; the account's id."""
    now = datetime.now(UTC)
    async with service.database.writing() as db:
        account = await accounts.create_account(db, name="Acme", now=now)
        digest = await raw_mail.keep(db, service.house.store, account.id, mail(), now)
        await outbox.put(
            db,
            [
                Envelope(
                    account.id, "reply", "b@acme.example", f"p{n}@x.example", digest, "msg_1", n
                )
                for n in range(number)
            ],
            now,
        )
    return account.id


async def items_of(service: Service, account_id: str) -> list[OutboxItem]:
    """The deliveries, in the order of their recipients."""
    async with service.database.reading() as db:
        return (await outbox.deliveries_of(db, account_id, ["msg_1"]))["msg_1"]


async def all_sent(service: Service, account_id: str) -> list[OutboxItem]:
    """The deliveries, when all are sent."""
    async with asyncio.timeout(20):
        while True:
            items = await items_of(service, account_id)
            if all(item.state == "sent" for item in items):
                return items
            await asyncio.sleep(0.05)


def running(settings: Settings, **more: Any) -> Any:
    """A service of these settings, within the block."""
    app = create_app(settings.model_copy(update=more))
    return app, app.router.lifespan_context(app)


async def test_what_the_relay_does_not_answer_in_time_is_given_back(
    settings: Settings, relay: Sink
) -> None:
    relay.latency = 30
    app, service = running(settings)
    async with service:
        account_id = await put(Service(app, settings), AT_ONCE + 5)
        await relay.seen("DATA", AT_ONCE)
        begun = time.monotonic()
    took = time.monotonic() - begun

    app, service = running(settings, relay_url="")
    async with service:
        items = await items_of(Service(app, settings), account_id)

    assert DRAIN <= took < DRAIN + 5
    assert {item.claimed_by for item in items} == {None}
    assert {item.state for item in items} <= {"queued", "deferred"}
    assert relay.mails == []


async def test_what_is_answered_in_time_is_recorded(settings: Settings, relay: Sink) -> None:
    relay.latency = DRAIN / 4
    app, service = running(settings)
    async with service:
        account_id = await put(Service(app, settings), AT_ONCE)
        await relay.seen("DATA", AT_ONCE)

    app, service = running(settings, relay_url="")
    async with service:
        items = await items_of(Service(app, settings), account_id)

    assert [item.state for item in items] == ["sent"] * AT_ONCE
    assert len(relay.mails) == AT_ONCE


async def test_nothing_leaves_without_a_relay_and_what_waited_leaves_with_one(
    settings: Settings, relay: Sink
) -> None:
    app, service = running(settings, relay_url="")
    async with service:
        account_id = await put(Service(app, settings), 3)
        await asyncio.sleep(0.3)
        before = await items_of(Service(app, settings), account_id)
    assert {(item.state, item.attempts) for item in before} == {("queued", 0)}
    assert relay.sessions == 0

    app, service = running(settings)
    async with service:
        items = await all_sent(Service(app, settings), account_id)

    assert len(relay.mails) == len(items) == 3
