"""
Limits that end loops (F3): how often mail may reopen conversations before it only waits in them.

Two machines that answer each other look like people. Counted per conversation, contact and domain,
in windows of a day; a person of the team who reopens a conversation is not counted.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, dialect_of, padded
from app.domain.conversations.incoming import Incoming
from app.domain.conversations.models import Reopening

WINDOW = timedelta(days=1)
PER_CONVERSATION = 10
PER_CONTACT = 30
PER_DOMAIN = 300

Key = tuple[str, str]  # account id, what is counted
Counts = dict[Key, tuple[datetime, int]]  # since when, how often

_REOPENINGS: Table = Reopening.__table__  # type: ignore[assignment]
_KNOWN = select(_REOPENINGS).where(
    _REOPENINGS.c.account_id.in_(bindparam("accounts")), _REOPENINGS.c.key.in_(bindparam("keys"))
)


async def look_up(
    db: AsyncSession,
    incoming: Iterable[Incoming],
    conversations: Mapping[Key, Mapping[str, Any]],
) -> Counts:
    """The counts that matter for these mails, when any conversation of theirs is closed."""
    closed = {key: row for key, row in conversations.items() if row["state"] == "closed"}
    if not closed:
        return {}
    domains = {(mail.account_id, _domain(mail)) for mail in incoming}
    keys = {(account_id, conversation_id) for account_id, conversation_id in closed}
    keys |= {(account_id, row["contact_id"]) for (account_id, _), row in closed.items()}
    found: Counts = {}
    accounts = padded(sorted({account_id for account_id, _ in closed}))
    for some in chunks(sorted({key for _, key in keys | domains})):
        rows = await db.execute(_KNOWN, {"accounts": accounts, "keys": some})
        found.update({(row.account_id, row.key): (row.since, row.count) for row in rows})
    return found


def may_reopen(
    counts: Counts, conversation: Mapping[str, Any], mail: Incoming, now: datetime
) -> bool:
    """Whether the mail reopens the conversation; then it is counted, in `counts`."""
    account_id = mail.account_id
    limits = {
        (account_id, conversation["id"]): PER_CONVERSATION,
        (account_id, conversation["contact_id"]): PER_CONTACT,
        (account_id, _domain(mail)): PER_DOMAIN,
    }
    current = {key: _current(counts.get(key), now) for key in limits}
    if any(current[key][1] >= limit for key, limit in limits.items()):
        return False
    counts.update({key: (since, count + 1) for key, (since, count) in current.items()})
    return True


def _current(known: tuple[datetime, int] | None, now: datetime) -> tuple[datetime, int]:
    return known if known is not None and now - known[0] < WINDOW else (now, 0)


def _domain(mail: Incoming) -> str:
    return "@" + mail.author.address.rpartition("@")[2].lower()[:250]


async def write(db: AsyncSession, counts: Counts) -> None:
    """Keep the counts of a group."""
    rows = [
        {"account_id": account_id, "key": key, "since": since, "count": count}
        for (account_id, key), (since, count) in counts.items()
    ]
    if rows:
        await db.execute(_upsert(dialect_of(db)), rows)


@functools.cache
def _upsert(dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = make(_REOPENINGS)
    return statement.on_conflict_do_update(
        index_elements=["account_id", "key"],
        set_={"since": statement.excluded.since, "count": statement.excluded.count},
    )
