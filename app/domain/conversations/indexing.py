"""
The full-text index of messages: one row for each, which knows nothing of conversations.

Messages may move, therefore, and a row goes when its message does. Rows follow what the ORM
inserts and changes; who changes texts by an UPDATE of his own calls `reindex`. SQLite: FTS5 over
the rows' words. PostgreSQL: a tsvector with GIN.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    cast,
    event,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from app import words
from app.db import chunks, dialect_of
from app.domain.conversations.models import Message
from app.rows import insert_rows

TOGETHER = 100  # rows of one statement

# The migration of the index makes these tables: they are of another kind on each database.
_TABLES = MetaData()
ROWS = Table(
    "message_search",
    _TABLES,
    Column("number", BigInteger),  # SQLite alone: what FTS5 knows the row by
    Column("account_id", String),
    Column("message_id", String),
    Column("words", Text().with_variant(TSVECTOR, "postgresql")),
)
FTS = Table("message_search_words", _TABLES, Column("rowid", Integer), Column("words", Text))

_MESSAGES: Table = Message.__table__  # type: ignore[assignment]
_INDEXED = ("subject", "author_name", "author_address", "to", "cc", "attachments", "reply_text")
_SOURCES = ("kind", "in_reply_to", "quoted_text", *_INDEXED)
_SOURCE = select(
    _MESSAGES.c.account_id, _MESSAGES.c.id, *(_MESSAGES.c[name] for name in _SOURCES)
).where(
    _MESSAGES.c.account_id == bindparam("account"),
    _MESSAGES.c.id.in_(bindparam("ids", expanding=True)),
)


async def index(db: AsyncSession, messages: Iterable[Mapping[str, Any]]) -> None:
    """The rows of new messages: one statement for all of them."""
    dialect = dialect_of(db)
    rows = _rows_of(messages, dialect)
    if rows and dialect == "sqlite":
        await db.run_sync(_insert_together, rows)
    elif rows:
        await insert_rows(db, _insert(dialect), rows)


def _insert_together(session: Session, rows: Sequence[dict[str, str]]) -> None:
    """
    SQLite: many rows a statement.

    FTS5 begins a new segment of its index with each statement that sets off a trigger; a segment
    for every message costs half as much again (measured: 300 instead of 180 µs for 4 kB).
    """
    session.flush()
    for start in range(0, len(rows), TOGETHER):
        some = rows[start : start + TOGETHER]
        values = tuple(one[name] for one in some for name in ("account_id", "message_id", "words"))
        session.connection().exec_driver_sql(_insert_many(len(some)), values)


@functools.cache
def _insert_many(count: int) -> str:
    values = ", ".join(["(?, ?, ?)"] * count)
    return f"INSERT INTO message_search (account_id, message_id, words) VALUES {values}"  # noqa: S608


async def reindex(db: AsyncSession, account_id: str, message_ids: Sequence[str]) -> None:
    """The index holds of these messages what stands in them now. After an UPDATE past the ORM."""
    await db.flush()
    connection = await db.connection()
    for some in chunks(message_ids):
        await connection.run_sync(_reindex, account_id, some)


async def reindex_behind(
    db: AsyncSession, account_id: str, after: str, limit: int
) -> Sequence[str]:
    """Reindex the account's next messages behind this id ("": the first); their ids."""
    found = await db.execute(
        select(_MESSAGES.c.id)
        .where(_MESSAGES.c.account_id == account_id, _MESSAGES.c.id > after)
        .order_by(_MESSAGES.c.id)
        .limit(limit)
    )
    message_ids = found.scalars().all()
    await reindex(db, account_id, message_ids)
    return message_ids


def _reindex(connection: Connection, account_id: str, message_ids: Collection[str]) -> None:
    found = connection.execute(_SOURCE, {"account": account_id, "ids": list(message_ids)})
    dialect = connection.dialect.name
    rows = _rows_of(found.mappings(), dialect)
    if rows:
        connection.execute(_upsert(dialect), rows)


@event.listens_for(Message, "after_insert")
def _follow_insert(_: Any, connection: Connection, message: Message) -> None:
    _reindex(connection, message.account_id, [message.id])


@event.listens_for(Message, "after_update")
def _follow_update(_: Any, connection: Connection, message: Message) -> None:
    attributes = inspect(message).attrs
    if any(attributes[name].history.has_changes() for name in _SOURCES):
        _reindex(connection, message.account_id, [message.id])


def _rows_of(messages: Iterable[Mapping[Any, Any]], dialect: str) -> list[dict[str, str]]:
    form = words.as_tsvector if dialect == "postgresql" else words.as_words
    return [
        {
            "account_id": one["account_id"],
            "message_id": one["id"],
            "words": form(one["account_id"], words.indexed(_fields(one))),
        }
        for one in messages
        if one["kind"] != "event"
    ]


def _fields(message: Mapping[Any, Any]) -> list[str]:
    """
    What of a message is indexed.

    A quote says what another message of the conversation says; where there is none, it counts.
    """
    people = [*message["to"], *message["cc"]]
    return [
        message["subject"],
        message["author_name"],
        message["author_address"],
        *(text for person in people for text in (person["name"], person["address"])),
        *(file["filename"] or "" for file in message["attachments"]),
        message["reply_text"],
        "" if message["in_reply_to"] else message["quoted_text"],
    ]


@functools.cache
def _insert(dialect: str) -> Any:
    value = bindparam("words", type_=Text)
    form = cast(value, TSVECTOR) if dialect == "postgresql" else value
    return insert(ROWS).values(
        account_id=bindparam("account_id"), message_id=bindparam("message_id"), words=form
    )


@functools.cache
def _upsert(dialect: str) -> Any:
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    value = bindparam("words", type_=Text)
    form = cast(value, TSVECTOR) if dialect == "postgresql" else value
    statement = make(ROWS).values(
        account_id=bindparam("account_id"), message_id=bindparam("message_id"), words=form
    )
    return statement.on_conflict_do_update(
        index_elements=["account_id", "message_id"],
        set_={"words": statement.excluded.words},
        where=ROWS.c.words != statement.excluded.words,
    )
