"""Reading the audit log, and forgetting what is old."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Page, PageRequest, page_of
from app.domain.audit.models import AuditEntry

PIECE = 1000  # entries that are forgotten at once


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; None: whichever."""

    since: datetime | None = None
    until: datetime | None = None
    key_id: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None


async def read_log(
    db: AsyncSession, account_id: str, resource_type: str, after: str, limit: int
) -> Sequence[AuditEntry]:
    """Some of the entries of this type behind this id, to be looked through."""
    statement = select(AuditEntry).where(
        AuditEntry.account_id == account_id,
        AuditEntry.resource_type == resource_type,
        AuditEntry.id > after,
    )
    return (await db.execute(statement.order_by(AuditEntry.id).limit(limit))).scalars().all()


async def list_entries(
    db: AsyncSession, account_id: str, which: AuditFilter, request: PageRequest
) -> Page[AuditEntry]:
    """The entries of the account, the newest first."""
    statement = select(AuditEntry).where(AuditEntry.account_id == account_id)
    for name in ("key_id", "resource_type", "resource_id"):
        value = getattr(which, name)
        if value is not None:
            statement = statement.where(getattr(AuditEntry, name) == value)
    if which.since is not None:
        statement = statement.where(AuditEntry.created_at >= which.since)
    if which.until is not None:
        statement = statement.where(AuditEntry.created_at < which.until)
    keys = [AuditEntry.created_at, AuditEntry.id]
    return await page_of(db, statement, keys, request, descending=True)


async def accounts_with_older(db: AsyncSession, before: datetime, limit: int) -> Sequence[str]:
    """Accounts that have entries from before then."""
    found = await db.execute(
        select(AuditEntry.account_id).where(AuditEntry.created_at < before).distinct().limit(limit)
    )
    return list(found.scalars())


async def forget_older(db: AsyncSession, account_id: str, before: datetime) -> int:
    """A piece of the account's entries from before then is gone; how many they were."""
    oldest = (
        select(AuditEntry.id)
        .where(AuditEntry.account_id == account_id, AuditEntry.created_at < before)
        .order_by(AuditEntry.created_at, AuditEntry.id)
        .limit(PIECE)
    )
    found = list((await db.execute(oldest)).scalars())
    if found:
        await db.execute(
            delete(AuditEntry)
            .where(AuditEntry.account_id == account_id, AuditEntry.id.in_(found))
            .execution_options(synchronize_session=False)
        )
    return len(found)
