"""
The contacts of people who write in: found, or made, for a whole group of mails at one time.

Deliberately not here: who wrote a mail; it is known when this is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import chunks, padded
from app.domain.contacts.models import ADDRESS_LIMIT, Contact, ContactAddress
from app.domain.events import NewEvent
from app.joins import in_order
from app.mail.addresses import canonical
from app.rows import insert_rows

NAME_LIMIT = 200
_UNSTORABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")

CONTACTS: Table = Contact.__table__  # type: ignore[assignment]
ADDRESSES: Table = ContactAddress.__table__  # type: ignore[assignment]

Key = tuple[str, str]  # account id, canonical address


class Wanted(NamedTuple):
    """Somebody who wrote to an account."""

    account_id: str
    name: str
    address: str


class ContactRef(NamedTuple):
    """A contact, for those who only have to name it."""

    id: str
    name: str


@dataclass(slots=True)
class _Person:
    """One address of the group, with the first name that was given with it."""

    account_id: str
    name: str
    shown: str


async def find_or_create(
    db: AsyncSession, wanted: Sequence[Wanted], now: datetime
) -> tuple[dict[Key, ContactRef], list[NewEvent]]:
    """
    The contact of everybody who wrote, by account and canonical address; and what there is to tell.

    One look-up and one insert a table for all of them. A contact without a name gets the one that
    a mail brings; a name that is there stays. What can be no address (none, too long, controls in
    it) has no contact in the answer. The caller holds the accounts' locks and records the events.
    """
    people = _people(wanted)
    found = await _look_up(db, people)
    news = await _give_names(db, people, found, now)
    unknown = {key: person for key, person in people.items() if key not in found}
    if unknown:
        made = await _create(db, unknown, now)
        found.update(made)
        news += [_created(key[0], ref.id, placeholder=False) for key, ref in made.items()]
    return found, news


async def create_placeholders(
    db: AsyncSession, wanted: Sequence[tuple[str, str]], now: datetime
) -> list[tuple[ContactRef, NewEvent]]:
    """
    A contact without an address for each (account id, name), in the order given: whoever wrote a
    mail whose author could not be found out (E7). The caller records the events.
    """
    made = [
        (account_id, ContactRef(ids.new("con"), clean_name(name))) for account_id, name in wanted
    ]
    if made:
        rows = [_row(account_id, ref, now) | {"placeholder": True} for account_id, ref in made]
        await insert_rows(db, _INSERT_CONTACTS, rows)
    return [(ref, _created(account_id, ref.id, placeholder=True)) for account_id, ref in made]


def clean_name(name: str) -> str:
    """A name as it can be stored and shown: one line, not too long."""
    return " ".join(_UNSTORABLE.sub(" ", name).split())[:NAME_LIMIT].rstrip()


def folded(text: str) -> str:
    """The text for comparing without regard to case or to how its letters are composed."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _people(wanted: Sequence[Wanted]) -> dict[Key, _Person]:
    people: dict[Key, _Person] = {}
    for one in wanted:
        address = canonical(one.address)
        if not address or len(address) > ADDRESS_LIMIT or _UNSTORABLE.search(one.address):
            continue
        known = people.get((one.account_id, address))
        if known is None:
            person = _Person(one.account_id, _name_in(one), one.address.strip())
            people[one.account_id, address] = person
        elif not known.name:
            known.name = _name_in(one)
    return people


def _name_in(one: Wanted) -> str:
    """The name that a mail brings; programs print the address where they know none."""
    name = clean_name(one.name)
    printed = "@" in name and canonical(name.strip("'\"")) == canonical(one.address)
    return "" if printed else name


# The few addresses first: SQLite would take it that an account has ten contacts, and read them all.
_KNOWN = (
    select(ADDRESSES.c.account_id, ADDRESSES.c.address, CONTACTS.c.id, CONTACTS.c.name)
    .select_from(
        in_order(
            (ADDRESSES, None),
            (
                CONTACTS,
                (CONTACTS.c.account_id == ADDRESSES.c.account_id)
                & (CONTACTS.c.id == ADDRESSES.c.contact_id),
            ),
        )
    )
    .where(
        ADDRESSES.c.account_id.in_(bindparam("accounts")),
        ADDRESSES.c.address.in_(bindparam("addresses")),
    )
)


async def _look_up(db: AsyncSession, people: dict[Key, _Person]) -> dict[Key, ContactRef]:
    accounts = padded(sorted({account_id for account_id, _ in people}))
    found: dict[Key, ContactRef] = {}
    for some in chunks(sorted({address for _, address in people})):
        rows = await db.execute(_KNOWN, {"accounts": accounts, "addresses": some})
        for account_id, address, contact_id, name in rows:
            if (account_id, address) in people:
                found[account_id, address] = ContactRef(contact_id, name)
    return found


_NAME = (
    update(CONTACTS)
    .where(CONTACTS.c.account_id == bindparam("of"), CONTACTS.c.id == bindparam("which"))
    .values(
        name=bindparam("to_name"), folded_name=bindparam("to_folded"), updated_at=bindparam("at")
    )
)


async def _give_names(
    db: AsyncSession, people: dict[Key, _Person], found: dict[Key, ContactRef], now: datetime
) -> list[NewEvent]:
    """Contacts without a name get the one that a mail brings."""
    named: dict[Key, dict[str, Any]] = {}
    for key, ref in found.items():
        name = people[key].name
        if not ref.name and name:
            row = {"of": key[0], "which": ref.id, "to_name": name, "to_folded": folded(name)}
            named.setdefault((key[0], ref.id), row | {"at": now})
    for key, ref in found.items():
        if (key[0], ref.id) in named:
            found[key] = ContactRef(ref.id, named[key[0], ref.id]["to_name"])
    if named:
        await db.execute(_NAME, list(named.values()))
    return [
        NewEvent(account_id, "contact.updated", {"contact_id": contact_id, "fields": ["name"]})
        for account_id, contact_id in named
    ]


_INSERT_CONTACTS, _INSERT_ADDRESSES = insert(CONTACTS), insert(ADDRESSES)


async def _create(
    db: AsyncSession, unknown: dict[Key, _Person], now: datetime
) -> dict[Key, ContactRef]:
    made = {key: ContactRef(ids.new("con"), person.name) for key, person in unknown.items()}
    await insert_rows(db, _INSERT_CONTACTS, [_row(key[0], ref, now) for key, ref in made.items()])
    addresses = [
        {
            "account_id": key[0],
            "address": key[1],
            "contact_id": ref.id,
            "shown": unknown[key].shown,
            "position": 0,
        }
        for key, ref in made.items()
    ]
    await insert_rows(db, _INSERT_ADDRESSES, addresses)
    return made


def _row(account_id: str, ref: ContactRef, now: datetime) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "id": ref.id,
        "name": ref.name,
        "folded_name": folded(ref.name),
        "owner_id": None,
        "tracked": False,
        "tracking_token": None,
        "tracked_at": None,
        "placeholder": False,
        "merged_into": None,
        "created_at": now,
        "updated_at": now,
        "deleted_at": None,
    }


def _created(account_id: str, contact_id: str, *, placeholder: bool) -> NewEvent:
    facts = {"contact_id": contact_id, "placeholder": placeholder}
    return NewEvent(account_id, "contact.created", facts)
