"""Keeping and reading the octets of mails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import insert_new
from app.domain.raw_mail.doomed import among_doomed
from app.domain.raw_mail.models import RawMail
from app.errors import NotFound
from app.rows import insert_rows
from app.store import BlobStore, digest_of, key_of

IN_ROW = 64 * 1024  # octets; larger mail goes into the blob store

_RAW: Table = RawMail.__table__  # type: ignore[assignment]


async def put_ahead(store: BlobStore, account_id: str, raw: bytes) -> str | None:
    """
    Large octets lie in the store, before the transaction that keeps them; their digest.

    None: they are small. Raises StorageFull or Unavailable.
    """
    if len(raw) <= IN_ROW:
        return None
    digest = await asyncio.to_thread(digest_of, raw)
    await store.put(key_of(account_id, digest), raw)
    return digest


async def keep(
    db: AsyncSession,
    store: BlobStore,
    account_id: str,
    raw: bytes,
    now: datetime,
    ahead: str | None = None,
) -> str:
    """
    The octets are kept when the transaction commits; gives their digest, by which they are read.

    `ahead` is their digest when they were put into the store already. The caller holds the
    account's lock. Raises StorageFull or Unavailable. Large octets of a transaction that fails stay
    as litter, which is swept.
    """
    digest = ahead or digest_of(raw)
    large = len(raw) > IN_ROW and not await among_doomed(db, {(account_id, digest)})
    if large and ahead is None:
        await store.put(key_of(account_id, digest), raw)
    row = {
        "account_id": account_id,
        "digest": digest,
        "size": len(raw),
        "content": None if large else raw,
        "created_at": now,
    }
    await keep_rows(db, [row])
    return digest


async def keep_rows(db: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """The rows of octets of which the large ones are in the store already; known ones stay."""
    await insert_rows(db, insert_new(db, _RAW), list(rows))


async def raw_of(db: AsyncSession, store: BlobStore, account_id: str, digest: str | None) -> bytes:
    """The octets of a mail exactly as they came or went. Raises NotFound, Unavailable."""
    row = (
        await db.execute(
            select(RawMail.content, RawMail.digest).where(
                RawMail.account_id == account_id, RawMail.digest == digest
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("No raw mail is kept for this.", "received_mail.no_raw_mail")
    if row.content is not None:
        return bytes(row.content)
    return await store.get(key_of(account_id, row.digest))
