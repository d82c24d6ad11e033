"""What a search asks of the database, in its own terms: statements over index and conversations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    String,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app import words
from app.db import padded
from app.domain.conversations.indexing import FTS, ROWS
from app.domain.conversations.models import Conversation, Message
from app.joins import in_order

Conditions = Sequence[ColumnElement[bool]]

_MESSAGES: Table = Message.__table__  # type: ignore[assignment]
_CONVERSATIONS: Table = Conversation.__table__  # type: ignore[assignment]
_IS_ROW = ROWS.c.number == FTS.c.rowid
_IS_MESSAGE = and_(_MESSAGES.c.account_id == ROWS.c.account_id, _MESSAGES.c.id == ROWS.c.message_id)
_IS_CONVERSATION = and_(
    _CONVERSATIONS.c.account_id == _MESSAGES.c.account_id,
    _CONVERSATIONS.c.id == _MESSAGES.c.conversation_id,
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for, in the database's own terms."""

    account_id: str
    phrases: Sequence[words.Phrase]
    embedded: bool

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

    def candidates(self, before: Any, limit: int) -> Select[Any]:
        """The places of what the index finds, whatever its conversation is, newest first."""
        # By itself SQLite does not see that it may read FTS5 backwards and stop early.
        place = FTS.c.rowid if self.embedded else ROWS.c.message_id
        statement = select(place).where(self.found)
        if not self.embedded:
            statement = statement.where(ROWS.c.account_id == self.account_id)
        if before is not None:
            statement = statement.where(place < before)
        return statement.order_by(place.desc()).limit(limit)

    def among(self, places: Sequence[Any], conditions: Conditions) -> Select[Any]:
        """Those of them that are of conversations of which the conditions hold, newest first."""
        rest = [(_MESSAGES, _IS_MESSAGE), (_CONVERSATIONS, _IS_CONVERSATION)]
        if self.embedded:
            given = func.json_each(json.dumps(places)).table_valued("value")
            source = in_order((given, None), (ROWS, ROWS.c.number == given.c.value), *rest)
        else:
            source = in_order((ROWS, None), *rest)
        statement = self._columns().select_from(source).where(*conditions)
        statement = statement.where(ROWS.c.account_id == self.account_id)
        if self.embedded:
            return statement
        among = any_(bindparam(None, places, type_=ARRAY(String)))
        return statement.where(ROWS.c.message_id == among)

    def newest(self, conditions: Conditions, before: Any, limit: int) -> Select[Any]:
        """
        Matching messages of conversations of which the conditions hold, newest first.

        Both begin with the conversations. PostgreSQL does when it has to make a list of their
        messages first: how many there are of a word it only guesses.
        """
        if self.embedded:
            source = in_order(
                (_CONVERSATIONS, None), (_MESSAGES, _IS_CONVERSATION), (ROWS, _IS_MESSAGE)
            )
            statement = self._columns().where(_CONVERSATIONS.c.account_id == self.account_id)
            statement = statement.where(*conditions)
        else:
            among = (
                select(_MESSAGES.c.id, _MESSAGES.c.conversation_id)
                .select_from(in_order((_CONVERSATIONS, None), (_MESSAGES, _IS_CONVERSATION)))
                .where(_CONVERSATIONS.c.account_id == self.account_id, *conditions)
                .cte("among")
                .prefix_with("MATERIALIZED")
            )
            source = in_order((among, None), (ROWS, ROWS.c.message_id == among.c.id))
            statement = self._columns(among.c.conversation_id)
            statement = statement.where(ROWS.c.account_id == self.account_id)
        if before is not None:
            statement = statement.where(self.place < before)
        return statement.select_from(source).where(self.read).limit(limit)

    def _columns(self, conversation_id: Any = _MESSAGES.c.conversation_id) -> Select[Any]:
        columns = (self.place.label("place"), ROWS.c.message_id, conversation_id)
        return select(*columns).order_by(self.place.desc())

    def also_from(self, conversation_ids: Sequence[str], place: Any) -> Select[Any]:
        """Those of the conversations that have a matching message there or later."""
        source = in_order((_MESSAGES, None), (ROWS, _IS_MESSAGE))
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
