"""The verbs of accounts: made and changed by the operator, locked by everybody who writes."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, dialect_of, insert_new, padded, page_of
from app.domain.accounts import hosting
from app.domain.accounts.given import visible_line
from app.domain.accounts.models import Account, Subdomain
from app.errors import Conflict, FieldError, NotFound

COMPANY_NAME_LIMIT = 100
NUMBERED = 20  # `acme-2` … `acme-20`; beyond that the number says nothing any more

_ACCOUNTS: Table = Account.__table__  # type: ignore[assignment]
_SUBDOMAINS: Table = Subdomain.__table__  # type: ignore[assignment]
_LOCK = (
    select(_ACCOUNTS.c.id)
    .where(_ACCOUNTS.c.id.in_(bindparam("accounts")))
    .order_by(_ACCOUNTS.c.id)
    .with_for_update(key_share=True)
)


@dataclass(frozen=True, slots=True)
class AccountChange:
    """New values of an account; only those named in `fields` count."""

    fields: frozenset[str]
    name: str = ""
    company_name: str | None = None
    plan: str = ""
    subdomain: str = ""
    answer_by_mail: bool = False


async def create_account(
    db: AsyncSession,
    *,
    name: str,
    subdomain: str | None = None,
    plan: str = "professional",
    company_name: str | None = None,
    now: datetime,
) -> Account:
    """
    A new account. Without a subdomain one is derived from the name and made unique (A2).

    Raises Invalid (name, plan, `accounts.bad_subdomain`), Conflict (`accounts.subdomain_taken`).
    """
    account = Account(
        id=ids.new("acc"),
        name=visible_line(name, "/name", "accounts.bad_name"),
        plan=hosting.check_plan(plan),
        company_name=_company_name(company_name),
        created_at=now,
    )
    if subdomain is None:
        account.subdomain = await _reserve_derived(db, account, now)
    else:
        account.subdomain = hosting.check_subdomain(subdomain)
        await _reserve(db, account.subdomain, account.id, now)
    db.add(account)
    await db.flush()
    return account


def _company_name(given: str | None) -> str | None:
    if given is None:
        return None
    return visible_line(given, "/company_name", "accounts.bad_company_name", COMPANY_NAME_LIMIT)


async def _reserve_derived(db: AsyncSession, account: Account, now: datetime) -> str:
    for candidate in _candidates(hosting.derive_subdomain(account.name)):
        if not hosting.is_reserved(candidate) and await _claim(db, candidate, account.id, now):
            return candidate
    raise AssertionError("the candidates never end")


def _candidates(base: str) -> Iterator[str]:
    if base:
        yield base
        yield from (f"{base}-{number}" for number in range(2, NUMBERED + 1))
    while True:
        yield f"{base or 'account'}-{secrets.token_hex(4)}"


async def _reserve(db: AsyncSession, subdomain: str, account_id: str, now: datetime) -> None:
    """The subdomain is this account's for ever. Raises Conflict when it was ever another's."""
    if await _claim(db, subdomain, account_id, now):
        return
    known = select(Subdomain.account_id).where(Subdomain.subdomain == subdomain)
    if await db.scalar(known) != account_id:
        words = f"The subdomain {subdomain} is taken."
        raise Conflict(words, "accounts.subdomain_taken", (FieldError("/subdomain", words),))


async def _claim(db: AsyncSession, subdomain: str, account_id: str, now: datetime) -> bool:
    """Write the subdomain down as this account's; False when it is written down already."""
    row = {"subdomain": subdomain, "account_id": account_id, "created_at": now}
    statement = insert_new(db, _SUBDOMAINS).values(row).returning(_SUBDOMAINS.c.subdomain)
    return await db.scalar(statement) is not None


async def get_account(db: AsyncSession, account_id: str) -> Account:
    """The account. Raises NotFound."""
    found = await db.get(Account, account_id)
    if found is None:
        raise NotFound("There is no such account.", "accounts.not_found")
    return found


async def list_accounts(db: AsyncSession, request: PageRequest) -> Page[Account]:
    """The accounts of the installation, the oldest first."""
    return await page_of(db, select(Account), [Account.id], request)


async def update_account(
    db: AsyncSession, account_id: str, wanted: AccountChange, *, now: datetime
) -> Account:
    """
    The account is as wanted. Addresses that were given out go on working (B7).

    A subdomain that it had before it may take again. Raises NotFound, Invalid, Conflict
    (`accounts.subdomain_taken`).
    """
    account = await get_account(db, account_id)
    if "name" in wanted.fields:
        account.name = visible_line(wanted.name, "/name", "accounts.bad_name")
    if "company_name" in wanted.fields:
        account.company_name = _company_name(wanted.company_name)
    if "answer_by_mail" in wanted.fields:
        account.answer_by_mail = wanted.answer_by_mail
    if "plan" in wanted.fields:
        account.plan = hosting.check_plan(wanted.plan)
    if "subdomain" in wanted.fields:
        subdomain = hosting.check_subdomain(wanted.subdomain)
        await _reserve(db, subdomain, account.id, now)
        account.subdomain = subdomain
    await db.flush()
    return account


async def lock(db: AsyncSession, account_ids: Collection[str]) -> None:
    """
    Whoever writes in these accounts waits for whoever already does, until the transaction ends.

    PostgreSQL locks the accounts' rows, in the order of their ids, so that two never wait for each
    other; foreign keys to them go on being checked meanwhile (FOR NO KEY UPDATE). On SQLite the
    transaction already is the only one that writes.
    """
    if dialect_of(db) != "postgresql" or not account_ids:
        return
    await db.execute(_LOCK, {"accounts": padded(sorted(account_ids))})
