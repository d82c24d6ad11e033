"""
Recording: one hook of the session sees what the ORM changes, and writes it before the commit.

What a transaction does to one thing is one entry, however often it is flushed on the way; what it
undoes itself is none. Transactions that change no audited row cost a look into a dictionary.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event, insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from app import ids
from app.domain.audit.models import AuditEntry
from app.domain.audit.subjects import GONE, SUBJECTS, Subject

_BY, _NOTED = "audit.by", "audit.noted"
_HIDDEN = "(hidden)"
_INSERT = insert(AuditEntry.__table__)  # type: ignore[arg-type]
_actor: ContextVar[str] = ContextVar("audit_actor", default="system")


@dataclass(frozen=True, slots=True)
class By:
    """Who acts in a transaction: the API key, and the request that it made."""

    key_id: str
    request_id: str | None


@dataclass(slots=True)
class _Noted:
    """What became of one thing so far."""

    is_new: bool = False
    is_gone: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def speaks(db: AsyncSession, by: By) -> None:
    """What this transaction changes was changed by them."""
    db.info[_BY] = by


@contextlib.contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Within the block, what nobody's API key changes was changed by this actor."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def note(
    db: AsyncSession,
    account_id: str,
    resource_type: str,
    resource_id: str,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    is_gone: bool = False,
) -> None:
    """What is changed or deleted past the ORM; it joins what the ORM changes of the same thing."""
    noted = _noted(db.sync_session, (account_id, resource_type, resource_id))
    noted.is_gone = noted.is_gone or is_gone
    _merge(noted, before, after)


@event.listens_for(Session, "after_flush")
def _see(session: Session, _: object) -> None:
    for row in session.new:
        _see_one(session, row, "new")
    for row in session.dirty:
        _see_one(session, row, "changed")
    for row in session.deleted:
        _see_one(session, row, "gone")


def _see_one(session: Session, row: Any, what: str) -> None:
    subject = SUBJECTS.get(row.__tablename__)
    if subject is None:
        return
    before, after = _values(row, subject, what)
    if not before and not after:
        return
    account_id = row.id if subject.resource_type == "account" else row.account_id
    key = (account_id, subject.resource_type, getattr(row, subject.id_column))
    noted = _noted(session, key)
    noted.is_new = noted.is_new or (what == "new" and not noted.is_gone)
    noted.is_gone = what == "gone"
    _merge(noted, before, after)


def _values(row: Any, subject: Subject, what: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the columns held before this flush, and what they hold now."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(row)
    for column in state.mapper.column_attrs:
        name = column.key
        if name in subject.silent or name in ("account_id", subject.id_column):
            continue
        history = state.attrs[name].history
        if what == "changed" and not history.has_changes():
            continue
        hidden = name in subject.hidden
        if what != "new":
            former = history.deleted or (history.unchanged if what == "gone" else ())
            before[name] = _shown(former[0] if former else None, hidden)
        if what != "gone":
            now = history.added or history.unchanged
            after[name] = _shown(now[0] if now else None, hidden)
            if hidden and before.get(name) == after[name] == _HIDDEN:
                before[name] = "(hidden, another one)"
    return before, after


def _shown(value: Any, hidden: bool) -> Any:
    if hidden and value is not None:
        return _HIDDEN
    return value.isoformat() if isinstance(value, datetime) else value


def _noted(session: Session, key: tuple[str, str, str]) -> _Noted:
    noted: _Noted = session.info.setdefault(_NOTED, {}).setdefault(key, _Noted())
    return noted


def _merge(noted: _Noted, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    for name, value in before.items():
        noted.before.setdefault(name, noted.after.get(name, value))
    noted.after.update(after)
    for name in before.keys() - after.keys():
        noted.after.pop(name, None)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return
    if session.new or session.dirty or session.deleted:
        session.flush()
    noted = session.info.pop(_NOTED, None)
    if not noted:
        return
    now = datetime.now(UTC)
    by: By | None = session.info.get(_BY)
    rows = []
    for (account_id, resource_type, resource_id), one in noted.items():
        action, changes = _outcome(one)
        if action is None:
            continue
        rows.append(
            {
                "account_id": account_id,
                "id": ids.new("aud"),
                "actor": "api_key" if by else _actor.get(),
                "key_id": by.key_id if by else None,
                "request_id": by.request_id if by else None,
                "action": action,
                "resource_type": resource_type,
                "resource_id": resource_id,
                "changes": changes,
                "created_at": now,
            }
        )
    if rows:
        session.connection().execute(_INSERT, rows)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _: SessionTransaction) -> None:
    session.info.pop(_NOTED, None)


def _outcome(noted: _Noted) -> tuple[str | None, dict[str, dict[str, Any]]]:
    if noted.is_new and noted.is_gone:
        return None, {}
    before = {} if noted.is_new else noted.before
    after = {} if noted.is_gone else noted.after
    changes = {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    if noted.is_new:
        return "created", changes
    if noted.is_gone or any(changes.get(name, {}).get("after") for name in GONE):
        return "deleted", changes
    return ("updated", changes) if changes else (None, changes)
