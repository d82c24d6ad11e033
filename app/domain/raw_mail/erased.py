"""
Erased mail stays erased: keyed marks of it, by which a mail that comes again is known.

By its octets, or by its Message-ID where date, files and text agree (D3: a reused id alone makes no
mail the same). Of the text one has to begin with the other, because groups add footers; so there
are marks of its beginnings. All of them are HMACs under the installation's secret: who has the
database alone can test no guess. Deliberately not here: which mails are erased.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, insert_new, padded
from app.domain.raw_mail.models import ErasedMail
from app.mail.threading import key_of

SHORTEST = 32  # characters; of longer texts the beginnings of twice, four times … are marked
_SPACE = re.compile(r"\s+")
_ERASED: Table = ErasedMail.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Traces:
    """
    What a mail is known by. `text` None: its Message-ID and date are enough.

    `sent_at` is the date in its header; `files` are those with a name, and their sizes. `reply_id`
    is a message of ours: this one, or the one that this report is about.
    """

    account_id: str
    digest: str | None
    message_id: str
    sent_at: datetime | None = None
    text: str | None = None
    files: Sequence[tuple[str, int]] = ()
    reply_id: str | None = None


class Marker:
    """Makes the marks of one installation."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"erased mail\n" + secret).digest()

    def of_octets(self, traces: Traces) -> str:
        """The mark of the mail's octets."""
        return self._mark("octets", traces.account_id, traces.digest or "")

    def of_id(self, traces: Traces) -> str:
        """The mark of its Message-ID and date."""
        date = traces.sent_at.isoformat() if traces.sent_at else ""
        return self._mark("id", traces.account_id, key_of("", traces.message_id), date)

    def of_reply(self, traces: Traces) -> str:
        """The mark of a message of ours."""
        return self._mark("reply", traces.account_id, traces.reply_id or "")

    def content(self, traces: Traces) -> dict[str, Any] | None:
        """What the content of another one has to agree with."""
        if traces.text is None:
            return None
        text = _SPACE.sub("", traces.text)
        lengths = {len(text)}
        length = SHORTEST
        while length < len(text):
            lengths.add(length)
            length *= 2
        return {
            "files": self._files(traces),
            "beginnings": {str(n): self._beginning(traces, text, n) for n in sorted(lengths)},
        }

    def agrees(self, content: Mapping[str, Any] | None, traces: Traces) -> bool:
        """Is it the same content, as far as footers leave it?"""
        if content is None or traces.text is None:
            return True
        if content["files"] != self._files(traces):
            return False
        text = _SPACE.sub("", traces.text)
        known = {int(length): mark for length, mark in content["beginnings"].items()}
        whole = max(known)
        length = max((one for one in known if one <= len(text)), default=0)
        if not length:  # one of the two is nothing, or both are
            return whole == len(text)
        return hmac.compare_digest(known[length], self._beginning(traces, text, length))

    def _files(self, traces: Traces) -> str:
        named = sorted((name, size) for name, size in traces.files if name)
        return self._mark("files", traces.account_id, repr(named))

    def _beginning(self, traces: Traces, text: str, length: int) -> str:
        return self._mark("text", traces.account_id, traces.message_id, text[:length])

    def _mark(self, *facts: str) -> str:
        plain = "\n".join(facts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, plain, "sha256").hex()[:32]


async def remember_erased(db: AsyncSession, secret: bytes, erased: Iterable[Traces]) -> None:
    """These mails are known when they come again."""
    marker, rows = Marker(secret), []
    for one in erased:
        if one.digest is not None:
            rows.append(_row(one, marker.of_octets(one), None))
        if one.message_id:
            rows.append(_row(one, marker.of_id(one), marker.content(one)))
        if one.reply_id is not None:
            rows.append(_row(one, marker.of_reply(one), None))
    if rows:
        await db.execute(insert_new(db, _ERASED), rows)


def _row(traces: Traces, mark: str, content: dict[str, Any] | None) -> dict[str, Any]:
    return {"account_id": traces.account_id, "mark": mark, "content": content}


async def among_erased(db: AsyncSession, secret: bytes, arrived: Collection[Traces]) -> list[bool]:
    """For each of these, in their order: was it erased? One statement for all of them."""
    marker = Marker(secret)
    asked = [_marks(marker, one) for one in arrived]
    accounts = padded(sorted({one.account_id for one in arrived}))
    known: dict[tuple[str, str], dict[str, Any] | None] = {}
    for some in chunks(sorted({mark for marks in asked for mark in marks})):
        rows = await db.execute(
            select(_ERASED).where(_ERASED.c.account_id.in_(accounts), _ERASED.c.mark.in_(some))
        )
        known.update({(row.account_id, row.mark): row.content for row in rows})
    return [
        any(
            marker.agrees(known[key], one)
            for key in ((one.account_id, mark) for mark in marks)
            if key in known
        )
        for one, marks in zip(arrived, asked, strict=True)
    ]


def _marks(marker: Marker, one: Traces) -> list[str]:
    """What the mail may be known by; of our own mail the Message-ID is enough."""
    undated = Traces(one.account_id, None, one.message_id)
    marks = [marker.of_octets(one), marker.of_id(one), marker.of_id(undated)]
    return [*marks, marker.of_reply(one)] if one.reply_id is not None else marks
