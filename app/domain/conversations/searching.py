"""
Searching: conversations by the words of their messages, out of a full-text index.

A conversation is found when one of its messages holds every word and phrase that was asked for: in
its subject, its text, the names of its files, or the names and addresses of the people it is from
and to. The conversation whose newest such message is the newest comes first; mail that arrives
meanwhile neither repeats nor skips one on the pages that follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Join,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles

from app.db import Page, PageRequest, chunks, dialect_of, padded
from app.domain.conversations import words
from app.domain.conversations.indexing import FTS, ROWS
from app.domain.conversations.models import Conversation, Message
from app.errors import Invalid

BATCH = 250  # matching messages that are read at once, to begin with
BATCH_LIMIT = 8_000

_MESSAGES: Table = Message.__table__  # type: ignore[assignment]
_CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]
_IS_ROW = ROWS.c.number == FTS.c.rowid
_IS_MESSAGE = and_(_MESSAGES.c.account_id == ROWS.c.account_id, _MESSAGES.c.id == ROWS.c.message_id)
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
    def place(self) -> Any:
        """What matching messages are ordered by: the order of their arrival."""
        return ROWS.c.number if self.embedded else ROWS.c.message_id

    @property
    def found(self) -> ColumnElement[bool]:
        """Does the index find the message?"""
        if self.embedded:
            return FTS.c.words.op("MATCH", return_type=Boolean())(words.as_match(self.phrases))
        asked = cast(bindparam(None, words.as_tsquery(self.phrases), type_=Text), TSQUERY)
        return ROWS.c.words.op("@@", return_type=Boolean())(asked)

    @property
    def read(self) -> ColumnElement[bool]:
        """Do its words say so? The same, for messages that are looked through one by one."""
        if not self.embedded:
            return self.found
        return and_(
            *(
                func.instr(
                    literal(" ").concat(ROWS.c.words).concat("" if one.open_end else " "),
                    f" {' '.join(one.words)}{'' if one.open_end else ' '}",
                )
                > 0
                for one in self.phrases
            )
        )

    def newest(
        self, conditions: Sequence[ColumnElement[bool]], before: Any, limit: int
    ) -> Select[Any]:
        """Matching messages of conversations of which the conditions hold, newest first."""
        source = _joined(*(self._from_conversations() if self.narrow else self._from_words()))
        columns = (ROWS.c.message_id, _MESSAGES.c.conversation_id)
        # By itself SQLite does not see that it may read FTS5 backwards and stop early.
        place = FTS.c.rowid if self.embedded and not self.narrow else self.place
        statement = select(place.label("place"), *columns).select_from(source)
        if before is not None:
            statement = statement.where(place < before)
        own = _CONVERSATIONS if self.narrow else ROWS
        statement = statement.where(own.c.account_id == self.account_id)
        statement = statement.where(self.read if self.narrow else self.found)
        return statement.where(*conditions).order_by(place.desc()).limit(limit)

    def _from_words(self) -> list[tuple[Any, Any]]:
        first = [(FTS, None)] if self.embedded else []
        others = [(_MESSAGES, _IS_MESSAGE), (_CONVERSATIONS, _IS_CONVERSATION)]
        return [*first, (ROWS, _IS_ROW), *others]

    def _from_conversations(self) -> list[tuple[Any, Any]]:
        return [(_CONVERSATIONS, None), (_MESSAGES, _IS_CONVERSATION), (ROWS, _IS_MESSAGE)]

    def also_from(self, conversation_ids: Sequence[str], place: Any) -> Select[Any]:
        """Those of the conversations that have a matching message there or later."""
        source = _joined(*self._from_conversations()[1:])
        return (
            select(_MESSAGES.c.conversation_id)
            .select_from(source)
            .where(
                _MESSAGES.c.account_id == self.account_id,
                _MESSAGES.c.conversation_id.in_(padded(conversation_ids)),
                self.place >= place,
                self.read,
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
    start = None if start is None else await _place_of(db, asked, start)
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
        before, limit = rows[-1].place, min(4 * limit, BATCH_LIMIT)
    return dict(list(found.items())[:wanted])


async def _place_of(db: AsyncSession, asked: Question, message_id: str) -> Any:
    """Where the message stands; when it is gone, where the one before it does."""
    if not asked.embedded:
        return message_id
    found = await db.execute(
        select(ROWS.c.number)
        .where(ROWS.c.account_id == asked.account_id, ROWS.c.message_id <= message_id)
        .order_by(ROWS.c.message_id.desc())
        .limit(1)
    )
    return found.scalar_one_or_none() or 0
