"""Whose contacts these are: what routing asks when mail arrives, in one look-up."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, padded
from app.domain.contacts.arriving import ADDRESSES, CONTACTS

_OWNERS = select(
    CONTACTS.c.account_id, CONTACTS.c.id, CONTACTS.c.owner_id, CONTACTS.c.tracked
).where(CONTACTS.c.account_id.in_(bindparam("accounts")), CONTACTS.c.id.in_(bindparam("contacts")))


async def owners_of(
    db: AsyncSession, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str | None, bool]]:
    """Of these (account id, contact id): the owner's id, and whether the contact is tracked."""
    found: dict[tuple[str, str], tuple[str | None, bool]] = {}
    accounts = padded(sorted({account_id for account_id, _ in wanted}))
    for some in chunks(sorted({contact_id for _, contact_id in wanted})):
        rows = await db.execute(_OWNERS, {"accounts": accounts, "contacts": some})
        found.update({(row.account_id, row.id): (row.owner_id, row.tracked) for row in rows})
    return found


async def contact_at(db: AsyncSession, account_id: str, address: str) -> str | None:
    """The id of the contact with this canonical address, None: nobody's."""
    statement = select(ADDRESSES.c.contact_id).where(
        ADDRESSES.c.account_id == account_id, ADDRESSES.c.address == address
    )
    return (await db.execute(statement)).scalar_one_or_none()
