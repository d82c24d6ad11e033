"""
Sending on uvloop, which production uses: its transports and time-outs are not asyncio's own.

It was there that mail did not leave while every test on the other loop was content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvloop

from app.domain import accounts, outbox, raw_mail
from app.domain.outbox import Envelope, OutboxItem
from app.main import create_app
from app.settings import Settings
from tests.builders import mail
from tests.conftest import Service
from tests.sink import Sink, sink

BOB = "bob@customer.example"
LARGE = b"Subject: large\r\n\r\n" + (b"x" * 70 + b"\r\n") * 50_000
Trouble = Callable[[Sink], None]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=tmp_path,
        smtp_port=0,
        secret_key="only for tests",
        dns_servers=("127.0.0.1:1",),
        drain_seconds=5,
        retry_seconds=("1", "1"),
    )


async def put(service: Service, raw: bytes) -> str:
    """A mail to Bob in the outbox of a new account; the account's id."""
    now = datetime.now(UTC)
    async with service.database.writing() as db:
        account = await accounts.create_account(db, name="Acme", now=now)
        digest = await raw_mail.keep(db, service.house.store, account.id, raw, now)
        envelope = Envelope(account.id, "reply", "bounce@acme.example", BOB, digest, "msg_1")
        await outbox.put(db, [envelope], now)
    return account.id


async def sent(service: Service, account_id: str) -> OutboxItem:
    """The delivery, as soon as it is recorded as sent."""
    async with asyncio.timeout(20):
        while True:
            async with service.database.reading() as db:
                [item] = (await outbox.deliveries_of(db, account_id, ["msg_1"]))["msg_1"]
            if item.state == "sent":
                return item
            await asyncio.sleep(0.05)


async def hands_over(settings: Settings, raw: bytes, trouble: Trouble) -> tuple[Sink, OutboxItem]:
    """What the relay has got, and what became of the mail."""
    assert type(asyncio.get_running_loop()).__module__.startswith("uvloop")
    async with sink() as relay:
        trouble(relay)
        app = create_app(settings.model_copy(update={"relay_url": relay.url}))
        async with app.router.lifespan_context(app):
            service = Service(app, settings)
            return relay, await sent(service, await put(service, raw))


def none(_: Sink) -> None:
    """Everything is taken."""


def cut(relay: Sink) -> None:
    """The first connection is cut in the middle of the mail."""
    relay.refuse("DATA", None, times=1)


def busy(relay: Sink) -> None:
    """The first mail is put off."""
    relay.refuse("END", "451 4.3.0 Busy", times=1)


@pytest.mark.parametrize("trouble", [none, cut, busy])
@pytest.mark.parametrize("raw", [mail(), LARGE], ids=["small", "large"])
def test_mail_leaves(raw: bytes, trouble: Trouble, settings: Settings) -> None:
    relay, item = uvloop.run(hands_over(settings, raw, trouble))

    assert [octets == raw for _, _, octets in relay.mails] == [True]
    assert item.attempts == (1 if trouble is none else 2)
