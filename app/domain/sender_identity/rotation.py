"""
Rotating the DKIM keys of a sending domain: the key in reserve signs, a new one is in reserve.

Two selectors are published at any time, so that no mail waits for the DNS. Deliberately not here:
taking the old record out of the DNS; mail that it has signed may be about for a week.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import events
from app.domain.events import NewEvent
from app.domain.sender_identity import domains, keys
from app.domain.sender_identity.models import SendingDomain, SigningKey
from app.domain.sender_identity.records import VALID
from app.domain.sender_identity.standing import CONNECTED
from app.errors import Conflict


async def new_key(secret: bytes, domain: str, now: datetime) -> dict[str, Any]:
    """A key for a domain under a selector of its own, made in a thread: not in a transaction."""
    selector = f"hi-{secrets.token_hex(5)}"
    return await asyncio.to_thread(keys.new_row, secret, domain, selector, "rsa2048", None, now)


async def rotate(
    db: AsyncSession, account_id: str, domain_id: str, made: dict[str, Any], now: datetime
) -> SendingDomain:
    """
    The key in reserve signs from now on; the one that signed is destroyed, `made` is in reserve.

    Raises NotFound; Conflict `sender_identity.domain_not_connected`, and
    `sender_identity.key_not_published` while the record of the key in reserve is not valid.
    """
    row = await domains.get(db, account_id, domain_id)
    if row.state != CONNECTED:
        raise Conflict(
            "Only the keys of a connected domain are rotated.",
            "sender_identity.domain_not_connected",
        )
    found = await db.execute(
        select(SigningKey).where(
            SigningKey.account_id == account_id, SigningKey.domain == row.domain
        )
    )
    both = list(found.scalars())
    signing = next(one for one in both if one.is_active)
    reserve = next(one for one in both if not one.is_active)
    valid = {one["name"] for one in row.findings if one["state"] == VALID}
    if f"{reserve.selector}._domainkey.{row.domain}" not in valid:
        raise Conflict(
            f"The record of the key in reserve, {reserve.selector}, is not valid yet.",
            "sender_identity.key_not_published",
        )
    await db.delete(signing)
    reserve.is_active = True
    row.next_check_at = now + timedelta(minutes=2)
    await db.flush()
    new = {**made, "account_id": account_id, "is_active": False}
    await db.execute(insert(SigningKey.__table__), [new])  # type: ignore[arg-type]
    facts = {
        "domain_id": row.id,
        "domain": row.domain,
        "state": row.state,
        "signs": reserve.selector,
        "in_reserve": made["selector"],
    }
    await events.record(db, [NewEvent(account_id, "sending_domain.updated", facts)], now)
    return row
