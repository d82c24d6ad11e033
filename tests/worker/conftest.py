"""The service with a relay, and mails put into its outbox as the house does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import accounts, outbox, raw_mail
from app.domain.outbox import Envelope, OutboxItem
from app.settings import Settings
from tests.builders import mail
from tests.conftest import Account, Service
from tests.sink import Sink

PATIENCE = 20.0
Put = Callable[..., Awaitable[str]]
Fates = Callable[..., Awaitable[dict[str, OutboxItem]]]


@pytest.fixture
def settings(settings: Settings, relay: Sink) -> Settings:
    return settings.model_copy(update={"relay_url": relay.url, "retry_seconds": ("1", "1")})


@pytest.fixture
def put(service: Service, account: Account) -> Put:
    """Put a mail for each recipient into the outbox; gives the id of its message."""

    async def do(
        *recipients: str, raw: bytes | None = None, message_id: str = "msg_1", **more: Any
    ) -> str:
        now = datetime.now(UTC)
        octets = raw or mail(message_id=f"<{message_id}@acme.example>")
        async with service.database.writing() as db:
            await accounts.lock(db, [account.id])
            digest = await raw_mail.keep(db, service.house.store, account.id, octets, now)
            envelopes = [
                Envelope(
                    account_id=account.id,
                    kind="reply",
                    sender=f"bounce-{place}@acme.inbox.localhost",
                    recipient=recipient,
                    raw_digest=digest,
                    message_id=message_id,
                    position=place,
                    **more,
                )
                for place, recipient in enumerate(recipients)
            ]
            await outbox.put(db, envelopes, now)
        return message_id

    return do


@pytest.fixture
def fates(service: Service, account: Account) -> Fates:
    """The deliveries of a message by recipient, as soon as all are in one of the states."""

    async def read(*states: str, message_id: str = "msg_1") -> dict[str, OutboxItem]:
        async with asyncio.timeout(PATIENCE):
            while True:
                async with service.database.reading() as db:
                    found = await outbox.deliveries_of(db, account.id, [message_id])
                items = {item.recipient: item for item in found.get(message_id, [])}
                if items and all(item.state in states for item in items.values()):
                    return items
                await asyncio.sleep(0.02)

    return read
