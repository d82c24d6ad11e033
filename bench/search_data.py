"""
An account full of mail for `bench.search`: the rows that the inbound path writes, without its mail.

Words are made and drawn as they are in a language (the n-th most frequent one 1/n as often as the
first). What the list and the search do not read is not made: octets, ledger, events.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from app import ids
from app.db import Database
from app.domain import contacts
from app.domain.contacts import Wanted
from app.domain.conversations import writing
from app.domain.conversations.incoming import Author, Incoming
from app.domain.conversations.known import Group
from app.domain.conversations.taking_in import _open
from app.domain.tickets import Ticket, searching
from app.mail.message import Mailbox
from app.mail.threading import key_of
from app.rows import insert_rows

VOCABULARY = 120_000
MESSAGES_EACH = 4  # messages of a conversation
AT_ONCE = 1_000
RARE, ABROAD, ELSEWHERE = "zebrafisch", "東京都タワー", "quokka"
APART = timedelta(minutes=7)  # from one ticket to the next

_TICKETS: Table = Ticket.__table__  # type: ignore[assignment]


@dataclass(slots=True)
class Filled:
    """The account, and what there is in it to ask for."""

    account_id: str
    key: str
    channels: Sequence[str]  # the last one has few conversations
    users: Sequence[str]  # the last one has none
    words: Sequence[str]  # the most frequent one first
    elsewhere: bool = False  # another account's, with words of its own
    conversations: list[str] = field(default_factory=list)
    people: list[tuple[str, str]] = field(default_factory=list)


def vocabulary() -> list[str]:
    """Different words, the same in every run."""
    chance = random.Random(1)
    syllables = [a + b for a in "bcdfghjklmnprstvwz" for b in ("a", "e", "i", "o", "u", "an", "er")]
    words: dict[str, None] = {}
    for size in itertools.chain([1] * 40, [2] * 4_000, itertools.repeat(3)):
        words["".join(chance.choices(syllables, k=size))] = None
        if len(words) == VOCABULARY:
            break
    return list(words)


class Writer:
    """Draws words and people."""

    def __init__(self, words: Sequence[str], people: int, seed: int) -> None:
        self._words = words
        self._often = list(itertools.accumulate(1 / n for n in range(1, len(words) + 1)))
        self._chance = random.Random(seed)
        self._people = people

    def words(self, count: int) -> str:
        """So many words of a text."""
        return " ".join(self._chance.choices(self._words, cum_weights=self._often, k=count))

    def person(self) -> tuple[str, str]:
        """Name and address of somebody."""
        return self.somebody(self._chance.randrange(self._people))

    def somebody(self, number: int) -> tuple[str, str]:
        """Name and address of this one; thousands share a first name, a hundred a domain."""
        first, last = self._words[100 + number % 400], self._words[500 + number]
        return f"{first.title()} {last.title()}", f"{first}.{last}{number}@{last[:4]}.example"

    def happens(self, share: float) -> bool:
        """True in this share of the cases."""
        return self._chance.random() < share

    def one_of(self, some: Sequence[Any]) -> Any:
        """Any of them."""
        return some[self._chance.randrange(len(some))]


async def fill(database: Database, one: Filled, messages: int) -> None:
    """Write so many messages, in conversations that overlap."""
    writer = Writer(one.words, min(max(messages // 8, 500), VOCABULARY - 600), seed=2)
    for start in range(0, messages, AT_ONCE):
        count = min(AT_ONCE, messages - start)
        async with database.writing() as db:
            await _write_some(db, one, writer, count)


async def _write_some(db: Any, one: Filled, writer: Writer, count: int) -> None:
    moment = datetime.now(UTC)
    people = [writer.person() for _ in range(max(count // MESSAGES_EACH, 1))]
    one.people += people[:5]
    wanted = [Wanted(one.account_id, name, address) for name, address in people]
    found, _ = await contacts.find_or_create(db, wanted, moment)
    group = Group()
    rows: list[tuple[dict[str, Any], Author]] = []
    for number in range(count):
        now = datetime.now(UTC)
        if number % MESSAGES_EACH == 0:
            name, address = people[number // MESSAGES_EACH]
            author = Author(name, address, found[one.account_id, address].id)
            rows.append((_conversation(group, one, writer, author, now), author))
        conversation, author = writer.one_of(rows[-200:]) if number % MESSAGES_EACH else rows[-1]
        mail = _mail(one, writer, conversation, author, now)
        key = key_of(mail.scope, mail.message_id)
        group.messages.append(writing.message_row(mail, conversation, key, False, now))
        group.thread_ids[one.account_id, key] = conversation["id"]
        conversation["message_count"] += 1
        conversation["last_message_at"] = conversation["last_received_at"] = now
    one.conversations += [row["id"] for row, _ in rows[:2]]
    await writing.write(db, group, moment)


def _conversation(
    group: Group, one: Filled, writer: Writer, author: Author, now: datetime
) -> dict[str, Any]:
    row = _open(
        group, _mail(one, writer, None, author, now), writer.words(6), now, follow_up_of=None
    )
    row["channel_id"] = (
        one.channels[-1] if writer.happens(0.002) else writer.one_of(one.channels[:-1])
    )
    row["participants"] = [{"name": author.name, "address": author.address}]
    row["assignee_id"] = writer.one_of(one.users[:-1]) if writer.happens(0.7) else None
    if writer.happens(0.95):
        row["state"], row["closed_at"] = "closed", now
    row["spam"] = writer.happens(0.01)
    row["spam_at"] = now if row["spam"] else None
    return row


def _mail(
    one: Filled,
    writer: Writer,
    conversation: dict[str, Any] | None,
    author: Author,
    now: datetime,
) -> Incoming:
    text = writer.words(60) if conversation else ""
    if conversation and writer.happens(0.000_02):
        text += f" {RARE}"
    if conversation and writer.happens(0.01):
        text += f" {ABROAD}"
    if one.elsewhere:
        text += f" {ELSEWHERE}"
    team = {"name": "Acme Support", "address": "support@acme.example"}
    return Incoming(
        account_id=one.account_id,
        channel_id=conversation["channel_id"] if conversation else one.channels[0],
        author=author,
        sender=Mailbox(author.name, author.address),
        to=[team],
        cc=[],
        bystanders=(),
        subject=f"Re: {conversation['subject']}" if conversation else "",
        text=text,
        html=None,
        reply_text=text,
        quoted_text="",
        attachments=[],
        truncated=[],
        message_id=f"<{ids.new('m')}@acme.example>",
        mentioned=(),
        in_reply_to=None,
        mail_class="human",
        report=None,
        attribution={"status": "sender", "confidence": "high", "evidence": []},
        authentication={"spf": "pass", "dkim": "pass", "dmarc": "pass", "arc": "none"},
        raw_digest="0" * 64,
        sent_at=now,
        received_at=now,
        opens=True,
        trusted=True,
    )


async def fill_tickets(database: Database, one: Filled, like: str, count: int) -> None:
    """So many tickets like this one, each with words of its own."""
    writer = Writer(one.words, 1_000, seed=3)
    columns = [column.name for column in _TICKETS.columns]
    moment = datetime.now(UTC)
    async with database.reading() as db:
        found = await db.execute(select(_TICKETS).where(_TICKETS.c.id == like))
        made = found.mappings().one()
    for start in range(0, count, AT_ONCE):
        rows = []
        for number in range(start, min(start + AT_ONCE, count)):
            own = {
                "id": ids.new("tkt"),
                "name": writer.words(6),
                "description": writer.words(20),
                "category": writer.words(1),
                "created_at": moment - APART * (count - number),
            }
            rows.append({name: own.get(name, made[name]) for name in columns})
        async with database.writing() as db:
            await insert_rows(db, insert(_TICKETS), rows)
            await searching.index(db, rows)
