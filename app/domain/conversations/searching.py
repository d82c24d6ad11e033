"""
Searching: conversations by the words of their messages, out of a full-text index.

A conversation is found when one of its messages holds every word and phrase that was asked for: in
its subject, its text, the names of its files, or the names and addresses of the people it is from
and to. The conversation whose newest such message is the newest comes first; mail that arrives
meanwhile neither repeats nor skips one on the pages that follow.

The index has one row for each message and knows nothing of conversations, so that messages may
move. Rows go with their messages, and follow what the ORM changes in them; who changes texts by an
UPDATE of his own calls `reindex`. SQLite: FTS5 over the rows' words. PostgreSQL: a tsvector, GIN.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Join,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles

from app.db import Page, PageRequest, chunks, dialect_of, padded
from app.domain.conversations import words
from app.domain.conversations.models import Conversation, Message
from app.errors import Invalid

BATCH = 250  # matching messages that are read at once, to begin with
BATCH_LIMIT = 8_000

# The migration of the index makes these tables: they are of another kind on each database.
_TABLES = MetaData()
_ROWS = Table(
    "message_search",
    _TABLES,
    Column("number", BigInteger),  # SQLite alone: what FTS5 knows the row by
    Column("account_id", String),
    Column("message_id", String),
    Column("words", Text().with_variant(TSVECTOR, "postgresql")),
)
_FTS = Table("message_search_words", _TABLES, Column("rowid", Integer), Column("words", Text))

_MESSAGES: Table = Message.__table__  # type: ignore[assignment]
_CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]
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
    if rows:
        await db.execute(_insert(dialect), rows)


async def reindex(db: AsyncSession, account_id: str, message_ids: Sequence[str]) -> None:
    """The index holds of these messages what stands in them now. After an UPDATE past the ORM."""
    await db.flush()
    connection = await db.connection()
    for some in chunks(message_ids):
        await connection.run_sync(_reindex, account_id, some)


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
    return insert(_ROWS).values(
        account_id=bindparam("account_id"), message_id=bindparam("message_id"), words=form
    )


@functools.cache
def _upsert(dialect: str) -> Any:
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    value = bindparam("words", type_=Text)
    form = cast(value, TSVECTOR) if dialect == "postgresql" else value
    statement = make(_ROWS).values(
        account_id=bindparam("account_id"), message_id=bindparam("message_id"), words=form
    )
    return statement.on_conflict_do_update(
        index_elements=["account_id", "message_id"], set_={"words": statement.excluded.words}
    )


_IS_ROW = _ROWS.c.number == _FTS.c.rowid
_IS_MESSAGE = and_(
    _MESSAGES.c.account_id == _ROWS.c.account_id, _MESSAGES.c.id == _ROWS.c.message_id
)
_IS_CONVERSATION = and_(
    _CONVERSATIONS.c.account_id == _MESSAGES.c.account_id,
    _CONVERSATIONS.c.id == _MESSAGES.c.conversation_id,
)


class _InOrder(Join):
    """A join that SQLite makes in the order given: it cannot know how rare the words are."""

    __visit_name__ = "in_order"
    inherit_cache = True


@compiles(_InOrder)
def _plainly(join: Any, compiler: Any, **more: Any) -> str:
    return str(compiler.visit_join(join, **more))


@compiles(_InOrder, "sqlite")
def _in_order(
    join: Any, compiler: Any, asfrom: bool = False, from_linter: Any = None, **more: Any
) -> str:
    left = compiler.process(join.left, asfrom=True, **more)
    right = compiler.process(join.right, asfrom=True, **more)
    return f"{left} CROSS JOIN {right} ON {compiler.process(join.onclause, **more)}"


def _joined(first: tuple[Any, Any], *others: tuple[Any, Any]) -> Any:
    """The tables in this order, each with how it belongs to those before it."""
    source = first[0]
    for table, belongs in others:
        source = _InOrder(source, table, belongs)
    return source


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, in the database's own terms."""

    account_id: str
    phrases: Sequence[words.Phrase]
    embedded: bool
    narrow: bool = False  # it is about few conversations: they are looked through

    @property
    def position(self) -> Any:
        """What matching messages are ordered by: the order of their arrival."""
        return _FTS.c.rowid if self.embedded else _ROWS.c.message_id

    @property
    def holds(self) -> ColumnElement[bool]:
        """Does the message match?"""
        if self.embedded:
            return _FTS.c.words.op("MATCH", return_type=Boolean())(words.as_match(self.phrases))
        asked = cast(bindparam(None, words.as_tsquery(self.phrases), type_=Text), TSQUERY)
        return _ROWS.c.words.op("@@", return_type=Boolean())(asked)

    def newest(
        self, conditions: Sequence[ColumnElement[bool]], before: Any, limit: int
    ) -> Select[Any]:
        """Matching messages of conversations of which the conditions hold, newest first."""
        source = _joined(*(self._from_conversations() if self.narrow else self._from_words()))
        columns = (_ROWS.c.message_id, _MESSAGES.c.conversation_id)
        statement = select(self.position.label("position"), *columns).select_from(source)
        if before is not None:
            statement = statement.where(self.position < before)
        own = _CONVERSATIONS if self.narrow else _ROWS
        statement = statement.where(own.c.account_id == self.account_id, self.holds)
        return statement.where(*conditions).order_by(self.position.desc()).limit(limit)

    def _from_words(self) -> list[tuple[Any, Any]]:
        first = [(_FTS, None)] if self.embedded else []
        others = [(_MESSAGES, _IS_MESSAGE), (_CONVERSATIONS, _IS_CONVERSATION)]
        return [*first, (_ROWS, _IS_ROW), *others]

    def _from_conversations(self) -> list[tuple[Any, Any]]:
        last = [(_FTS, _IS_ROW)] if self.embedded else []
        first = [(_CONVERSATIONS, None), (_MESSAGES, _IS_CONVERSATION)]
        return [*first, (_ROWS, _IS_MESSAGE), *last]

    def also_from(self, conversation_ids: Sequence[str], position: Any) -> Select[Any]:
        """Those of the conversations that have a matching message there or later."""
        source = _joined(*self._from_conversations()[1:])
        return (
            select(_MESSAGES.c.conversation_id)
            .select_from(source)
            .where(
                _MESSAGES.c.account_id == self.account_id,
                _MESSAGES.c.conversation_id.in_(padded(conversation_ids)),
                (_ROWS.c.number if self.embedded else _ROWS.c.message_id) >= position,
                self.holds,
            )
            .distinct()
        )


async def search(
    db: AsyncSession,
    account_id: str,
    question: str,
    conditions: Sequence[ColumnElement[bool]],
    request: PageRequest,
    *,
    narrow: bool,
) -> Page[Conversation]:
    """
    One page of the conversations that the question finds and of which the conditions hold.

    `narrow`: the conditions alone leave few, so that SQLite had better begin with them. Raises
    Invalid for the cursor of another list.
    """
    embedded = dialect_of(db) == "sqlite"
    asked = Question(account_id, words.asked(account_id, question), embedded, narrow)
    start = _start(request)
    if not asked.phrases:
        return Page([], None)
    if not asked.embedded:
        # A rare word is best looked up, a frequent one met on the way: that depends on the word.
        await db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    found = await _newest_of_each(db, asked, conditions, start, request.limit + 1)
    chosen = list(found)[: request.limit]
    rows = await db.execute(
        select(Conversation).where(
            Conversation.account_id == account_id, Conversation.id.in_(padded(chosen))
        )
    )
    by_id = {one.id: one for one in rows.scalars()}
    more = len(found) > request.limit
    return Page([by_id[one] for one in chosen], (found[chosen[-1]],) if more else None)


def _start(request: PageRequest) -> str | None:
    if request.after is None:
        return None
    if len(request.after) != 1 or not isinstance(request.after[0], str):
        raise Invalid("This cursor belongs to another list.", "request.bad_cursor")
    return request.after[0]


async def _newest_of_each(
    db: AsyncSession,
    asked: Question,
    conditions: Sequence[ColumnElement[bool]],
    start: str | None,
    wanted: int,
) -> dict[str, str]:
    """Conversations, and the newest matching message of each, newest first; at most `wanted`."""
    start = None if start is None else await _position(db, asked, start)
    found: dict[str, str] = {}
    before, limit, past = start, max(BATCH, 2 * wanted), set[str]()
    while len(found) < wanted:
        rows = (await db.execute(asked.newest(conditions, before, limit))).all()
        fresh: dict[str, str] = {}
        for row in rows:
            if row.conversation_id not in found and row.conversation_id not in past:
                fresh.setdefault(row.conversation_id, row.message_id)
        if start is not None and fresh:  # which were on an earlier page?
            for some in chunks(list(fresh)):
                earlier = await db.execute(asked.also_from(some, start))
                past.update(earlier.scalars())
        found.update({key: value for key, value in fresh.items() if key not in past})
        if len(rows) < limit:
            break
        before, limit = rows[-1].position, min(4 * limit, BATCH_LIMIT)
    return dict(list(found.items())[:wanted])


async def _position(db: AsyncSession, asked: Question, message_id: str) -> Any:
    """Where the message stands; when it is gone, where the one before it does."""
    if not asked.embedded:
        return message_id
    found = await db.execute(
        select(_ROWS.c.number)
        .where(_ROWS.c.account_id == asked.account_id, _ROWS.c.message_id <= message_id)
        .order_by(_ROWS.c.message_id.desc())
        .limit(1)
    )
    return found.scalar_one_or_none() or 0
