"""
Searching: conversations by the words of their messages, out of a full-text index.

A conversation is found when one of its messages holds every word and phrase that was asked for: in
its subject, its text, the names of its files, or the names and addresses of the people it is from
and to. The conversation whose newest such message is the newest comes first; mail that arrives
meanwhile neither repeats nor skips one on the pages that follow.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids, words
from app.db import Page, PageRequest, chunks, dialect_of, padded
from app.domain.conversations.asking import Conditions, Question
from app.domain.conversations.indexing import ROWS
from app.domain.conversations.models import Conversation
from app.errors import Invalid

BATCH = 250  # matching messages that are read at once, to begin with
BATCH_LIMIT = 8_000
CANDIDATES = 1_000  # messages that the index is asked for at once, to begin with
CANDIDATES_LIMIT = 100_000
CANDIDATES_FILTERED = 5_000
CONVERSATIONS_COUNTED = 2_000
FEW = 500  # messages that are looked through sooner than the index is asked
SOME = 5_000  # … that are looked through when the words are frequent
CLOCKS = timedelta(days=1)

_CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the conditions leave: so many messages (None: many), and when the newest of them is."""

    messages: int | None
    newest: datetime | None  # None: there are none


async def search(
    db: AsyncSession,
    account_id: str,
    question: str,
    conditions: Conditions,
    request: PageRequest,
    *,
    filtered: bool,
) -> Page[Conversation]:
    """
    One page of the conversations that the question finds and of which the conditions hold.

    `filtered`: the conditions may leave few, or none. Raises Invalid for the cursor of another
    list.
    """
    asked = Question(account_id, words.asked(account_id, question), dialect_of(db) == "sqlite")
    start = _start(request)
    if not asked.phrases:
        return Page([], None)
    scope = await _scope(db, account_id, conditions) if filtered else None
    if scope is not None and scope.newest is None:
        return Page([], None)
    if not asked.embedded:
        # A rare word is best looked up, a frequent one met on the way: that depends on the word.
        await db.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    search = _Search(db, asked, conditions, scope)
    found = await search.newest_of_each(start, request.limit + 1)
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


async def _scope(db: AsyncSession, account_id: str, conditions: Conditions) -> Scope:
    """Looks at the first of the list that the conditions leave, which costs what that list does."""
    found = await db.execute(
        select(_CONVERSATIONS.c.last_message_at, _CONVERSATIONS.c.message_count)
        .where(_CONVERSATIONS.c.account_id == account_id, *conditions)
        .order_by(_CONVERSATIONS.c.last_message_at.desc(), _CONVERSATIONS.c.id.desc())
        .limit(CONVERSATIONS_COUNTED)
    )
    rows = found.all()
    messages = sum(one.message_count for one in rows)
    counted = len(rows) < CONVERSATIONS_COUNTED and messages <= SOME
    return Scope(messages if counted else None, rows[0].last_message_at if rows else None)


def _windows(places: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The places in pieces, each greater than the one before."""
    at = 0
    while at < len(places):
        yield places[at : at + size]
        at, size = at + size, min(4 * size, BATCH_LIMIT)


@dataclass(slots=True)
class _Search:
    db: AsyncSession
    asked: Question
    conditions: Conditions
    scope: Scope | None

    async def newest_of_each(self, start: str | None, wanted: int) -> dict[str, str]:
        """Conversations, and the newest match of each, newest first; at most `wanted`."""
        place = None if start is None else await self._place_of(start)
        found: dict[str, str] = {}
        past = set[str]()
        async for rows in self._batches(place, max(BATCH, 2 * wanted)):
            fresh: dict[str, str] = {}
            for row in rows:
                if row.conversation_id not in found and row.conversation_id not in past:
                    fresh.setdefault(row.conversation_id, row.message_id)
            if place is not None and fresh:  # which were on an earlier page?
                past |= await self._from_later(list(fresh), place)
            found.update({key: value for key, value in fresh.items() if key not in past})
            if len(found) >= wanted:
                break
        return dict(list(found.items())[:wanted])

    async def _from_later(self, conversation_ids: Sequence[str], place: Any) -> set[str]:
        later = set[str]()
        for some in chunks(conversation_ids):
            later.update((await self.db.execute(self.asked.also_from(some, place))).scalars())
        return later

    async def _batches(self, before: Any, window: int) -> AsyncIterator[Sequence[Any]]:
        """Matching messages of conversations of which the conditions hold, newest first."""
        before = await self._at_most(before)
        looks_through = self._leaves(FEW)
        batches = (self._looked_through if looks_through else self._by_index)(before, window)
        async for rows in batches:
            yield rows

    def _leaves(self, messages: int) -> bool:
        """Do the conditions leave so many messages, or less?"""
        left = None if self.scope is None else self.scope.messages
        return left is not None and left <= messages

    async def _looked_through(self, before: Any, limit: int) -> AsyncIterator[Sequence[Any]]:
        while True:
            statement = self.asked.newest(self.conditions, before, limit)
            rows = (await self.db.execute(statement)).all()
            yield rows
            if len(rows) < limit:
                return
            before, limit = rows[-1].place, min(4 * limit, BATCH_LIMIT)

    async def _by_index(self, before: Any, window: int) -> AsyncIterator[Sequence[Any]]:
        """What the index finds, a little at first, and what is left of it by the conditions."""
        # The beginning of a word costs FTS5 a list of all that it finds: few questions, then.
        limit = max(CANDIDATES if self.scope is None else CANDIDATES_FILTERED, window)
        while True:
            statement = self.asked.candidates(before, limit)
            places = (await self.db.execute(statement)).scalars().all()
            if len(places) == limit and self._leaves(SOME):
                async for rows in self._looked_through(before, BATCH_LIMIT):
                    yield rows
                return
            for some in _windows(places, window):
                statement = self.asked.among(some, self.conditions)
                yield (await self.db.execute(statement)).all()
            if len(places) < limit:
                return
            before, limit, window = places[-1], min(20 * limit, CANDIDATES_LIMIT), BATCH_LIMIT

    async def _at_most(self, before: Any) -> Any:
        """
        Where to begin: not behind the newest message of any conversation that is asked for.

        Ids tell the time. What processes' clocks differ by, and what waits for a lock, is less
        than CLOCKS.
        """
        if self.scope is None or self.scope.newest is None:
            return before
        bound = await self._first_behind(ids.first_at("msg", self.scope.newest + CLOCKS))
        if before is None or bound is None:
            return bound if before is None else before
        return min(before, bound)

    async def _first_behind(self, message_id: str) -> Any:
        """
        Where what is surely later begins; None: nowhere, so far.

        SQLite counts the rows, and of two messages of one moment the later id may come first.
        """
        if not self.asked.embedded:
            return message_id
        found = await self.db.execute(
            select(ROWS.c.number)
            .where(ROWS.c.account_id == self.asked.account_id, ROWS.c.message_id > message_id)
            .order_by(ROWS.c.message_id)
            .limit(1)
        )
        return found.scalar_one_or_none()

    async def _place_of(self, message_id: str) -> Any:
        """Where the message stands; when it is gone, right behind the one before it."""
        if not self.asked.embedded:
            return message_id
        found = await self.db.execute(
            select(ROWS.c.number, ROWS.c.message_id)
            .where(ROWS.c.account_id == self.asked.account_id, ROWS.c.message_id <= message_id)
            .order_by(ROWS.c.message_id.desc())
            .limit(1)
        )
        row = found.one_or_none()
        if row is None:
            return 0
        return row.number if row.message_id == message_id else row.number + 1
