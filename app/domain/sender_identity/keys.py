"""
The keys that sign mail (C7): those of the hosted roots, and of connected sending domains.

Deliberately not here: whether the records are published.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import insert_new
from app.domain.sender_identity.models import SigningKey
from app.mail import dkim

ROOT_SELECTORS = {"hi1": "rsa2048", "hi2": "ed25519"}


@dataclass(frozen=True, slots=True)
class Signer:
    """One key with what a signature says of it."""

    domain: str
    selector: str
    private_key: bytes


async def signers_for(
    db: AsyncSession, secret: bytes, domain: str, account_id: str | None
) -> tuple[Signer, ...]:
    """
    The active keys of a domain: the roots' without an account, else those of the account.

    Raises Unavailable when they were kept under another secret.
    """
    found = await db.execute(
        select(SigningKey)
        .where(
            SigningKey.domain == domain,
            SigningKey.account_id.is_(None)
            if account_id is None
            else SigningKey.account_id == account_id,
            SigningKey.is_active.is_(True),
        )
        .order_by(SigningKey.selector)
    )
    return tuple(Signer(row.domain, row.selector, opened(secret, row)) for row in found.scalars())


def opened(secret: bytes, row: SigningKey) -> bytes:
    """The private key (PEM). Raises Unavailable when it was kept under another secret."""
    return dkim.decrypt_key(secret, row.private_key, about=f"{row.selector}.{row.domain}")


async def root_signers(
    db: AsyncSession, secret: bytes, root: str, now: datetime
) -> tuple[Signer, ...]:
    """The keys of a hosted root, made when they are first needed."""
    found = await signers_for(db, secret, root, None)
    if found:
        return found
    made = [
        await asyncio.to_thread(new_row, secret, root, selector, algorithm, None, now)
        for selector, algorithm in ROOT_SELECTORS.items()
    ]
    await db.execute(insert_new(db, SigningKey.__table__), made)  # type: ignore[arg-type]
    return await signers_for(db, secret, root, None)  # another process may have been quicker


def new_row(
    secret: bytes,
    domain: str,
    selector: str,
    algorithm: str,
    account_id: str | None,
    now: datetime,
) -> dict[str, object]:
    """A new key as a row. Takes up to a second of CPU: not on the loop."""
    pair = dkim.generate_keys("ed25519" if algorithm == "ed25519" else "rsa2048")
    return {
        "domain": domain,
        "selector": selector,
        "account_id": account_id,
        "algorithm": algorithm,
        "private_key": dkim.encrypt_key(secret, pair.private_pem, about=f"{selector}.{domain}"),
        "public_record": pair.public_txt,
        "is_active": True,
        "created_at": now,
    }
