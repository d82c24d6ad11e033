"""
Searching tickets: a table of their words, a row for each different one.

Rows follow what the ORM changes; who inserts or changes by a statement of his own calls `index` or
`reindex`. Deliberately not here: phrases. Tickets have few words.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    String,
    Table,
    any_,
    bindparam,
    delete,
    event,
    exists,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app import words
from app.db import chunks, dialect_of
from app.domain.tickets.models import Ticket, TicketWord
from app.joins import in_order
from app.rows import insert_rows

INDEXED = ("name", "description", "category")
DIFFERENT = 1_000  # words of a ticket that are indexed
FEW = 5_000  # tickets that a word is in: they are looked up sooner than met in the list
LAST = "\U0010ffff"  # behind whatever a word goes on with

_WORDS: Table = TicketWord.__table__  # type: ignore[assignment]
_TICKETS: Table = Ticket.__table__  # type: ignore[assignment]
_INSERT = insert(_WORDS)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A word, or the beginning of one."""

    word: str
    open_end: bool

    @property
    def found(self) -> ColumnElement[bool]:
        if not self.open_end:
            return _WORDS.c.word == self.word
        return _WORDS.c.word.between(self.word, self.word + LAST)


def _words_of(ticket: Mapping[str, Any]) -> Sequence[str]:
    fields = [ticket[name] or "" for name in INDEXED]
    return list(dict.fromkeys(w for field in fields for w in words.words_of(field)))[:DIFFERENT]


def _rows_of(ticket: Mapping[str, Any]) -> list[dict[str, str]]:
    key = {"account_id": ticket["account_id"], "ticket_id": ticket["id"]}
    return [key | {"word": word} for word in _words_of(ticket)]


async def index(db: AsyncSession, tickets: Sequence[Mapping[str, Any]]) -> None:
    """The words of new tickets: one statement for all of them."""
    await insert_rows(db, _INSERT, [row for one in tickets for row in _rows_of(one)])


async def reindex(db: AsyncSession, account_id: str, ticket_ids: Collection[str]) -> None:
    """The words of these tickets are those that stand in them now."""
    await db.flush()
    connection = await db.connection()
    for some in chunks(sorted(ticket_ids)):
        await connection.run_sync(_reindex, account_id, some)


_SOURCE = select(
    _TICKETS.c.account_id, _TICKETS.c.id, *(_TICKETS.c[name] for name in INDEXED)
).where(
    _TICKETS.c.account_id == bindparam("account"),
    _TICKETS.c.id.in_(bindparam("ids", expanding=True)),
)


def _reindex(connection: Connection, account_id: str, ticket_ids: Sequence[str]) -> None:
    ids = list(ticket_ids)
    old = delete(_WORDS).where(_WORDS.c.account_id == account_id, _WORDS.c.ticket_id.in_(ids))
    connection.execute(old)
    found = connection.execute(_SOURCE, {"account": account_id, "ids": ids}).mappings().all()
    rows = [row for one in found for row in _rows_of(dict(one))]
    if rows:
        connection.execute(_INSERT, rows)


@event.listens_for(Ticket, "after_update")
def _follow_update(_: Any, connection: Connection, ticket: Ticket) -> None:
    attributes = inspect(ticket).attrs
    if any(attributes[name].history.has_changes() for name in INDEXED):
        _reindex(connection, ticket.account_id, [ticket.id])


async def narrowed(
    db: AsyncSession, account_id: str, statement: Select[Any], question: str
) -> Select[Any] | None:
    """
    The statement over the account's tickets, of those alone that hold every word of the question.

    The last one may be the beginning of a word. None: nothing is found. What is frequent is met on
    the way through the list; what is rare is looked up.
    """
    asked = [
        _Asked(word[len(words.account_mark(account_id)) :], one.open_end and word is one.words[-1])
        for one in words.asked(account_id, question)
        for word in one.words
    ]
    if not asked:
        return None
    rare = None
    for one in asked:
        ticket_ids = await _tickets_with(db, account_id, one)
        if not ticket_ids:
            return None
        if len(ticket_ids) <= FEW:
            rare = one
            statement = _among(db, account_id, statement, sorted(set(ticket_ids)))
            break
    for one in asked:
        if one is not rare:
            mine = (_WORDS.c.account_id == account_id, _WORDS.c.ticket_id == _TICKETS.c.id)
            statement = statement.where(exists().where(*mine, one.found))
    return statement


async def _tickets_with(db: AsyncSession, account_id: str, one: _Asked) -> Sequence[str]:
    """Where it is; FEW and one more stand for many."""
    found = select(_WORDS.c.ticket_id).where(_WORDS.c.account_id == account_id, one.found)
    return (await db.execute(found.limit(FEW + 1))).scalars().all()


def _among(
    db: AsyncSession, account_id: str, statement: Select[Any], ticket_ids: Sequence[str]
) -> Select[Any]:
    if dialect_of(db) == "postgresql":
        given = bindparam(None, ticket_ids, type_=ARRAY(String))
        return statement.where(_TICKETS.c.id == any_(given))
    those = func.json_each(json.dumps(ticket_ids)).table_valued("value")
    is_one = (_TICKETS.c.account_id == account_id) & (_TICKETS.c.id == those.c.value)
    return statement.select_from(in_order((those, None), (_TICKETS, is_one)))
