"""The set-wise way in: constant statements; mails that are repeated change nothing."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import event, select

from app.db import Database
from app.domain import inbound
from app.domain.conversations import Conversation, Message
from app.domain.inbound import Arrival
from app.settings import Settings
from app.store import digest_of
from tests.builders import connected_channel, mail, new_user
from tests.conftest import Service

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
BLOCK = (
    "\n---------- Forwarded message ---------\nFrom: Dora <dora@strict.example>\n"
    "Date: Mon, 23 Nov 2026 at 10:00\nSubject: Lamp\nTo: Ann <ann@acme.example>\n\nBroken."
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without a worker, whose own statements would be counted, too."""
    return settings.model_copy(update={"doors": ("http", "smtp")})


def arrival(raw: bytes, recipient: str) -> Arrival:
    """The mail as the SMTP door hands it in."""
    return Arrival(
        raw=raw,
        digest=digest_of(raw),
        in_store=False,
        reverse_path="mover@forwarder.example",
        recipients=(recipient,),
        remote_address="127.0.0.1",
        helo="mx",
        tls="",
        received_at=NOW,
        reading=inbound.read_safely(raw, "mover@forwarder.example"),
    )


async def receive(database: Database, raws: Sequence[bytes], recipient: str) -> None:
    """All of them in one transaction."""
    async with database.writing() as db:
        await inbound.receive(db, [arrival(raw, recipient) for raw in raws], NOW)


@contextlib.contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def ordinary(number: int, batch: int) -> bytes:
    """A mail of somebody new."""
    return mail(
        f"Mail {number} of {batch}",
        sender=f"Person {number} <p{number}.{batch}@customer.example>",
        message_id=f"<{number}.{batch}@customer.example>",
        more="Cc: Emil <emil@else.example>\r\nReferences: <a@b.example> <c@d.example>\r\n"
        if number % 2
        else "",
    )


async def test_a_group_of_mails_takes_as_many_statements_as_one(
    service: Service, http: httpx.AsyncClient
) -> None:
    address = (await connected_channel(http))["forwarding_address"]
    await receive(service.database, [ordinary(0, 0)], address)  # the forwarding is proven by it

    with counted(service.database) as one:
        await receive(service.database, [ordinary(0, 1)], address)
    with counted(service.database) as fifty:
        await receive(service.database, [ordinary(2 * n, 2) for n in range(50)], address)
    with counted(service.database) as answers:
        again = [
            ordinary(2 * n, 2).replace(b"<", b"<re-").replace(b"Mail", b"Answer") for n in range(50)
        ]
        await receive(service.database, again, address)

    assert len(fifty) == len(one), "\n".join(fifty)
    assert len(answers) <= len(one) + 2
    assert len(one) <= 21, "\n".join(one)


async def test_mails_of_nobody_known_take_as_many_statements_as_one(
    service: Service, http: httpx.AsyncClient
) -> None:
    address = (await connected_channel(http))["forwarding_address"]
    await receive(service.database, [ordinary(0, 0)], address)
    hidden = [
        mail(
            f"Mail {n}",
            sender=address,
            message_id=f"<{n}@x.example>",
            more=f"X-BeenThere: {address}\r\n",
        )
        for n in range(50)
    ]

    with counted(service.database) as one:
        await receive(service.database, hidden[:1], address)
    with counted(service.database) as many:
        await receive(service.database, hidden[1:], address)

    assert len(many) == len(one), "\n".join(many)


async def test_repeated_mails_take_few_statements(
    service: Service, http: httpx.AsyncClient
) -> None:
    address = (await connected_channel(http))["forwarding_address"]
    raws = [ordinary(n, 0) for n in range(50)]
    await receive(service.database, raws, address)

    with counted(service.database) as seen:
        await receive(service.database, raws, address)

    assert len(seen) <= 13, "\n".join(seen)


IDS = [f"{n}@x.example" for n in range(4)]
PEOPLE = ["carla@customer.example", "eve@else.example", "Ann <ann@acme.example>"]
some_mail = st.builds(
    lambda text, person, message_id, parent, more: mail(
        text,
        sender=person,
        message_id=message_id,
        more=(f"In-Reply-To: <{parent}>\r\n" if parent else "") + more,
    ),
    st.sampled_from(["Hello", "Other", BLOCK]),
    st.sampled_from([*PEOPLE, '"Dora via S" <support@acme.example>']),
    st.sampled_from([None, *(f"<{one}>" for one in IDS)]),
    st.sampled_from([None, *IDS]),
    st.sampled_from(
        [
            "",
            "Auto-Submitted: auto-replied\r\n",
            "X-Original-From: Dora <dora@strict.example>\r\n",
            "X-Original-From: Ann <ann@acme.example>\r\n",
        ]
    ),
)


async def content(database: Database, channel_id: str) -> tuple[list[Any], list[Any]]:
    """Every message of the channel with its place, and every conversation with its count."""
    messages = select(Message.id, Message.conversation_id, Message.kind, Message.author_address)
    counts = select(Conversation.id, Conversation.message_count)
    async with database.reading() as db:
        found = await db.execute(messages.where(Message.channel_id == channel_id))
        counted = await db.execute(counts.where(Conversation.channel_id == channel_id))
        return sorted(map(tuple, found), key=str), sorted(map(tuple, counted), key=str)


def hop(raw: bytes) -> bytes:
    """The mail by another path."""
    return b"Received: from other by mx; Tue, 24 Nov 2026 09:00:00 +0000\r\n" + raw


@pytest.fixture
async def team(http: httpx.AsyncClient) -> None:
    """Ann is of the team."""
    await new_user(http)


@examples(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(raws=st.lists(some_mail, min_size=1, max_size=6), size=st.integers(1, 6), data=st.data())
async def test_delivering_mails_twice_changes_nothing(
    service: Service,
    http: httpx.AsyncClient,
    team: None,
    raws: list[bytes],
    size: int,
    data: st.DataObject,
) -> None:
    channel = await connected_channel(http)
    address = channel["forwarding_address"]
    raws = [raw.replace(b"support@acme.example", address.encode()) for raw in raws]
    again = data.draw(st.permutations([hop(raw) for raw in raws]))

    for start in range(0, len(raws), size):
        await receive(service.database, raws[start : start + size], address)
    first = await content(service.database, channel["id"])
    await receive(service.database, again, address)
    second = await content(service.database, channel["id"])

    messages, conversations = first
    places = Counter(place for _, place, _, _ in messages if place)
    assert second == first
    assert dict(conversations) == dict(places)
