"""API keys: shown once, kept as a digest, revoked for good (A4)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain.accounts.given import visible_line
from app.domain.accounts.models import ApiKey
from app.errors import FieldError, Invalid, NotFound

AREAS = (
    "account",
    "users",
    "channels",
    "sender_identity",
    "contacts",
    "conversations",
    "tickets",
    "events",
    "received_mail",
)
SCOPES = ("*", *(f"{area}:{right}" for area in AREAS for right in ("read", "write")))

_KEYS: Table = ApiKey.__table__  # type: ignore[assignment]


class FoundKey(NamedTuple):
    """A key that is in force."""

    id: str
    account_id: str
    scopes: list[str]


_BY_SECRET = select(_KEYS.c.id, _KEYS.c.account_id, _KEYS.c.scopes).where(
    _KEYS.c.hash == bindparam("digest"), _KEYS.c.revoked_at.is_(None)
)


def _digest(secret: str) -> str:
    """The secret has 256 random bits: a plain digest of it cannot be guessed back."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


async def find_key(db: AsyncSession, secret: str) -> FoundKey | None:
    """The key with this secret that is not revoked; every request asks."""
    row = (await db.execute(_BY_SECRET, {"digest": _digest(secret)})).first()
    return FoundKey(*row) if row is not None else None


async def create_key(
    db: AsyncSession, account_id: str, *, name: str, scopes: Sequence[str], now: datetime
) -> tuple[ApiKey, str]:
    """A new key and its secret, which nobody can read again. Raises Invalid for unknown scopes."""
    secret = f"hik_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        account_id=account_id,
        id=ids.new("key"),
        name=visible_line(name, "/name", "api_keys.bad_name"),
        hash=_digest(secret),
        scopes=_checked(scopes),
        created_at=now,
    )
    db.add(key)
    await db.flush()
    return key, secret


def _checked(scopes: Sequence[str]) -> list[str]:
    if not scopes:
        words = "A key needs at least one scope."
        raise Invalid(words, "api_keys.no_scope", (FieldError("/scopes", words),))
    unknown = tuple(
        FieldError(f"/scopes/{place}", f"There is no scope {scope[:60]!r}.")
        for place, scope in enumerate(scopes)
        if scope not in SCOPES
    )
    if unknown:
        raise Invalid(unknown[0].detail, "api_keys.unknown_scope", unknown)
    return list(dict.fromkeys(scopes))


async def get_key(db: AsyncSession, account_id: str, key_id: str) -> ApiKey:
    """The key, unless it is revoked. Raises NotFound."""
    found = await db.get(ApiKey, (account_id, key_id))
    if found is None or found.revoked_at is not None:
        raise NotFound("There is no such API key.", "api_keys.not_found")
    return found


async def list_keys(
    db: AsyncSession, account_id: str, request: PageRequest, *, revoked: bool = False
) -> Page[ApiKey]:
    """The keys in force, the oldest first; with `revoked` the revoked ones as well."""
    statement = select(ApiKey).where(ApiKey.account_id == account_id)
    if not revoked:
        statement = statement.where(ApiKey.revoked_at.is_(None))
    return await page_of(db, statement, [ApiKey.id], request)


async def revoke_key(db: AsyncSession, account_id: str, key_id: str, *, now: datetime) -> None:
    """The key opens nothing any more. Raises NotFound, also when it is revoked already."""
    (await get_key(db, account_id, key_id)).revoked_at = now


async def revoke_key_anywhere(db: AsyncSession, key_id: str, *, now: datetime) -> ApiKey:
    """The operator's way: the key of whichever account. Raises NotFound."""
    account_id = await db.scalar(select(ApiKey.account_id).where(ApiKey.id == key_id))
    key = await get_key(db, account_id or "", key_id)
    key.revoked_at = now
    return key


async def note_key_uses(db: AsyncSession, key_ids: Collection[str], now: datetime) -> None:
    """Write down that these keys were used until now; a later note is not overwritten."""
    if not key_ids:
        return
    used = (
        update(_KEYS)
        .where(
            _KEYS.c.id == bindparam("key"),
            or_(_KEYS.c.last_used_at.is_(None), _KEYS.c.last_used_at < now),
        )
        .values(last_used_at=now)
    )
    # In the order of the ids: processes that note the same keys never wait for each other in turn.
    rows: list[dict[str, Any]] = [{"key": key_id} for key_id in sorted(key_ids)]
    await db.execute(used, rows)
