"""Users: the people of an account, their addresses, and whether they are there (A3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, chunks, padded, page_of
from app.domain.accounts import given, working_hours
from app.domain.accounts.models import ADDRESS_LIMIT, TeamMember, User, UserAddress
from app.domain.accounts.standing import absence_of
from app.errors import Conflict, FieldError, Invalid, NotFound, invalid_field
from app.mail.addresses import canonical

OTHER_ADDRESSES_LIMIT = 20
USERNAME_LIMIT = 64
_USERNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class UserFields:
    """
    What can be said of a user, with the values of one of whom nothing is said.

    Addresses may be written `Ann <ann@x.example>`. Without a username one is made of the e-mail.
    """

    name: str = ""
    email: str = ""
    other_addresses: Sequence[str] = ()
    username: str | None = None
    availability: str = "available"
    seat: str = "paid"
    working_hours: dict[str, Any] | None = None
    capacity: int | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Teammate:
    """A user to whom an address belongs; `address` is the user's e-mail."""

    user_id: str
    name: str
    address: str


async def create_user(
    db: AsyncSession, account_id: str, wanted: UserFields, *, now: datetime
) -> User:
    """
    A new user of the account.

    Raises Invalid for a bad field, Conflict for an address or username of another user
    (`users.address_taken`, `users.username_taken`).
    """
    user = User(account_id=account_id, id=ids.new("usr"), created_at=now)
    addresses = await _checked_addresses(db, user, wanted.email, wanted.other_addresses)
    _fill(user, wanted, _PLAIN)
    await _give_username(db, user, wanted.username)
    db.add(user)
    await db.flush()
    await _write_addresses(db, user, addresses)
    return user


async def get_user(db: AsyncSession, account_id: str, user_id: str) -> User:
    """The user. Raises NotFound, also for a deleted one."""
    found = await db.get(User, (account_id, user_id))
    if found is None or found.deleted_at is not None:
        raise NotFound("There is no such user.", "users.not_found")
    return found


async def list_users(db: AsyncSession, account_id: str, request: PageRequest) -> Page[User]:
    """The users of the account, the oldest first."""
    statement = select(User).where(User.account_id == account_id, User.deleted_at.is_(None))
    return await page_of(db, statement, [User.id], request)


async def find_users(
    db: AsyncSession, account_id: str, user_ids: Collection[str]
) -> dict[str, User]:
    """Those of these users that there are, by id."""
    found: dict[str, User] = {}
    for some in chunks(sorted(set(user_ids))):
        statement = select(User).where(
            User.account_id == account_id, User.id.in_(some), User.deleted_at.is_(None)
        )
        found.update({user.id: user for user in (await db.execute(statement)).scalars()})
    return found


async def check_users(
    db: AsyncSession, account_id: str, user_ids: Sequence[str], *, pointer: str, code: str
) -> list[str]:
    """The ids, each once. Raises Invalid whose pointers lead to those that are no users."""
    known = await find_users(db, account_id, user_ids)
    unknown = tuple(
        FieldError(f"{pointer}/{place}", f"There is no user {user_id[:60]!r}.")
        for place, user_id in enumerate(user_ids)
        if user_id not in known
    )
    if unknown:
        raise Invalid(unknown[0].detail, code, unknown)
    return list(dict.fromkeys(user_ids))


async def update_user(
    db: AsyncSession,
    account_id: str,
    user_id: str,
    wanted: UserFields,
    *,
    fields: Collection[str],
) -> User:
    """
    The user has these fields as wanted. A username of None is made anew of the e-mail.

    Raises NotFound, and what `create_user` raises.
    """
    user = await get_user(db, account_id, user_id)
    if "email" in fields or "other_addresses" in fields:
        email = wanted.email if "email" in fields else user.email
        others = wanted.other_addresses if "other_addresses" in fields else user.other_addresses
        await _write_addresses(db, user, await _checked_addresses(db, user, email, others))
    _fill(user, wanted, [name for name in _PLAIN if name in fields])
    if "username" in fields:
        await _give_username(db, user, wanted.username)
    await db.flush()
    return user


async def set_availability(
    db: AsyncSession, account_id: str, user_id: str, availability: str
) -> User:
    """The user is available or away. Raises NotFound, Invalid."""
    wanted = UserFields(availability=availability)
    return await update_user(db, account_id, user_id, wanted, fields=("availability",))


async def delete_user(db: AsyncSession, account_id: str, user_id: str, *, now: datetime) -> None:
    """
    The user is in no list and no team any more; addresses and username are free again.

    The row stays for those who still name it. Raises NotFound.
    """
    user = await get_user(db, account_id, user_id)
    user.deleted_at, user.username_key = now, None
    await db.execute(
        delete(TeamMember).where(TeamMember.account_id == account_id, TeamMember.user_id == user_id)
    )
    await _forget_addresses(db, user)


def is_available(user: User, moment: datetime) -> bool:
    """Is the user there: available, and within working hours if there are any (A3)?"""
    if user.deleted_at is not None:
        return False
    return absence_of(user.availability, user.working_hours, moment) is None


# Core and made once, because it runs for every mail.
_USERS: Table = User.__table__  # type: ignore[assignment]
_ADDRESSES: Table = UserAddress.__table__  # type: ignore[assignment]
_TEAMMATES = (
    select(
        _ADDRESSES.c.account_id, _ADDRESSES.c.address, _USERS.c.id, _USERS.c.name, _USERS.c.email
    )
    .join(
        _USERS,
        (_USERS.c.account_id == _ADDRESSES.c.account_id) & (_USERS.c.id == _ADDRESSES.c.user_id),
    )
    .where(
        _ADDRESSES.c.account_id.in_(bindparam("accounts")),
        _ADDRESSES.c.address.in_(bindparam("addresses")),
    )
)


async def teammates(
    db: AsyncSession, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Teammate]:
    """Whom of the team these addresses belong to: (account id, canonical address) → user."""
    if not wanted:
        return {}
    found: dict[tuple[str, str], Teammate] = {}
    accounts = padded(sorted({account_id for account_id, _ in wanted}))
    for some in chunks(sorted({address for _, address in wanted})):
        rows = await db.execute(_TEAMMATES, {"accounts": accounts, "addresses": some})
        found.update({(row[0], row[1]): Teammate(row[2], row[3], row[4]) for row in rows})
    return {key: found[key] for key in wanted if key in found}


_PLAIN = ("name", "availability", "seat", "working_hours", "capacity", "signature")
CAPACITY_LIMIT = 100_000
_CHOICES = {"availability": ("available", "away"), "seat": ("paid", "free")}


def _fill(user: User, wanted: UserFields, fields: Sequence[str]) -> None:
    """The fields that stand for themselves. Raises Invalid."""
    for name in fields:
        value = getattr(wanted, name)
        if name == "name":
            value = given.visible_line(value, "/name", "users.bad_name")
        elif name == "working_hours":
            value = None if value is None else working_hours.check(value)
        elif name == "capacity":
            _check_capacity(value)
        elif name == "signature":
            value = value.strip()
        elif value not in _CHOICES[name]:
            words = f"It is one of {', '.join(_CHOICES[name])}."
            raise invalid_field(f"/{name}", words, f"users.bad_{name}")
        setattr(user, name, value)


def _check_capacity(value: int | None) -> None:
    if value is not None and not 1 <= value <= CAPACITY_LIMIT:
        words = f"It is a number from 1 to {CAPACITY_LIMIT}, or null: no limit."
        raise invalid_field("/capacity", words, "users.bad_capacity")


async def _checked_addresses(
    db: AsyncSession, user: User, email: str, others: Sequence[str]
) -> list[str]:
    """
    The canonical forms, the e-mail's first; the user's columns get the written ones.

    Raises Invalid (`users.bad_address`), Conflict (`users.address_taken`).
    """
    if len(others) > OTHER_ADDRESSES_LIMIT:
        words = f"A user has at most {OTHER_ADDRESSES_LIMIT} other addresses."
        raise invalid_field("/other_addresses", words, "users.too_many_addresses")
    pointers = ["/email", *(f"/other_addresses/{place}" for place in range(len(others)))]
    written: dict[str, tuple[str, str]] = {}
    for pointer, text in zip(pointers, (email, *others), strict=True):
        address = given.mailbox(text, pointer, "users.bad_address").address
        written.setdefault(canonical(address)[:ADDRESS_LIMIT], (pointer, address))
    await _refuse_taken(db, user, written)
    user.email, *user.other_addresses = (address for _, address in written.values())
    return list(written)


async def _refuse_taken(db: AsyncSession, user: User, written: dict[str, tuple[str, str]]) -> None:
    statement = select(UserAddress.address).where(
        UserAddress.account_id == user.account_id,
        UserAddress.address.in_(list(written)),
        UserAddress.user_id != user.id,
    )
    taken = set((await db.execute(statement)).scalars())
    errors = tuple(
        FieldError(pointer, f"{address} belongs to another user.")
        for key, (pointer, address) in written.items()
        if key in taken
    )
    if errors:
        raise Conflict(errors[0].detail, "users.address_taken", errors)


async def _write_addresses(db: AsyncSession, user: User, addresses: Sequence[str]) -> None:
    await _forget_addresses(db, user)
    rows = [
        {"account_id": user.account_id, "address": address, "user_id": user.id}
        for address in addresses
    ]
    await db.execute(insert(UserAddress), rows)


async def _forget_addresses(db: AsyncSession, user: User) -> None:
    own = (UserAddress.account_id == user.account_id) & (UserAddress.user_id == user.id)
    await db.execute(delete(UserAddress).where(own))


async def _give_username(db: AsyncSession, user: User, username: str | None) -> None:
    """The username given, or one made of the e-mail's local part. Unique without regard to case."""
    if username is None:
        username = await _derived_username(db, user)
    elif not _USERNAME.fullmatch(username):
        raise invalid_field(
            "/username",
            "A username has 1 to 64 letters, digits, dots, hyphens or underscores, "
            "the first and the last of them a letter or digit.",
            "users.bad_username",
        )
    elif await _taken_usernames(db, user, [username.lower()]):
        words = f"The username {username} is taken."
        raise Conflict(words, "users.username_taken", (FieldError("/username", words),))
    user.username, user.username_key = username, username.lower()


async def _derived_username(db: AsyncSession, user: User) -> str:
    local = canonical(user.email).rpartition("@")[0]
    base = re.sub(r"[^a-z0-9._-]+", "", local)[: USERNAME_LIMIT - 8].strip("._-") or "user"
    if not await _taken_usernames(db, user, [base]):
        return base
    numbered = [f"{base}-{number}" for number in range(2, 102)]
    taken = await _taken_usernames(db, user, numbered)
    free = (username for username in numbered if username not in taken)
    return next(free, f"{base[:20]}-{user.id[-32:]}")


async def _taken_usernames(db: AsyncSession, user: User, keys: Sequence[str]) -> set[str]:
    statement = select(User.username_key).where(
        User.account_id == user.account_id, User.username_key.in_(keys), User.id != user.id
    )
    return {key for key in (await db.execute(statement)).scalars() if key is not None}
