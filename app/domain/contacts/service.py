"""
The verbs of contacts that people use: make, read, find, change, track, merge, erase.

Events carry ids and names of fields, nothing of the person: erasing need not rewrite the log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, chunks, page_of
from app.domain import accounts, events
from app.domain.contacts import addresses as written
from app.domain.contacts.arriving import folded
from app.domain.contacts.models import Contact, ContactAddress
from app.domain.events import NewEvent
from app.errors import NotFound, invalid_field
from app.mail.addresses import canonical

TOKEN_LIMIT = 200


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """A contact with its addresses, the main one first, as they were first written."""

    account_id: str
    id: str
    name: str
    addresses: tuple[str, ...]
    owner_id: str | None
    tracked: bool
    tracking_token: str | None
    tracked_at: datetime | None
    placeholder: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ContactFields:
    """What people can say of a contact; addresses may be written `Ann <ann@x.example>`."""

    name: str = ""
    addresses: Sequence[str] = ()
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """Which contacts; None: whichever. `words` are a part of a name or of an address."""

    address: str | None = None
    words: str | None = None


async def create_contact(
    db: AsyncSession, account_id: str, wanted: ContactFields, *, now: datetime
) -> ContactDetails:
    """
    A new contact with a name, an address, or both.

    Raises Invalid for a bad field, Conflict (`contacts.address_taken`) for somebody else's address.
    """
    contact = Contact(
        account_id=account_id,
        id=ids.new("con"),
        name="",
        folded_name="",
        tracked=False,
        placeholder=False,
        created_at=now,
        updated_at=now,
    )
    boxes = await written.check(db, contact, wanted.addresses)
    _rename(contact, wanted.name or next((box.name for box in boxes.values() if box.name), ""))
    if not contact.name and not boxes:
        raise invalid_field("/addresses", "A contact has a name or an address.", "contacts.nobody")
    contact.owner_id = await _checked_owner(db, account_id, wanted.owner_id)
    db.add(contact)
    await db.flush()
    await written.replace(db, contact, boxes)
    facts = {"contact_id": contact.id, "placeholder": False}
    await events.record(db, [NewEvent(account_id, "contact.created", facts)], now)
    return await _describe(db, contact)


async def get_contact(db: AsyncSession, account_id: str, contact_id: str) -> ContactDetails:
    """The contact. Raises NotFound (`contacts.merged` when it went into another one)."""
    return await _describe(db, await _load(db, account_id, contact_id))


async def is_placeholder(db: AsyncSession, account_id: str, contact_id: str) -> bool:
    """Does the contact stand for a sender who could not be found out (E7)?"""
    found = await db.get(Contact, (account_id, contact_id))
    return found is not None and found.placeholder


async def addresses_of(
    db: AsyncSession, account_id: str, contact_ids: Collection[str]
) -> dict[str, list[str]]:
    """The addresses of each of these contacts as they are shown, the main one first."""
    wanted = [(account_id, contact_id) for contact_id in contact_ids]
    shown = await written.of(db, wanted)
    return {contact_id: shown.get((account_id, contact_id), []) for contact_id in contact_ids}


async def find_many(
    db: AsyncSession, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], ContactDetails]:
    """Those of these contacts that there are, by account id and id; two statements for all."""
    account_ids = sorted({account_id for account_id, _ in wanted})
    rows: list[Contact] = []
    for some in chunks(sorted({contact_id for _, contact_id in wanted})):
        statement = select(Contact).where(
            Contact.account_id.in_(account_ids), Contact.id.in_(some), Contact.deleted_at.is_(None)
        )
        rows += (await db.execute(statement)).scalars()
    found = await _describe_all(db, rows)
    return {key: one for one in found if (key := (one.account_id, one.id)) in wanted}


async def list_contacts(
    db: AsyncSession, account_id: str, which: ContactFilter, request: PageRequest
) -> Page[ContactDetails]:
    """The contacts of the account, the oldest first."""
    statement = select(Contact).where(
        Contact.account_id == account_id, Contact.deleted_at.is_(None)
    )
    # Asked for once, not for each contact: an account may have a hundred thousand.
    owners = select(ContactAddress.contact_id).where(ContactAddress.account_id == account_id)
    if which.address is not None:
        at = ContactAddress.address == canonical(which.address)
        statement = statement.where(Contact.id.in_(owners.where(at)))
    if which.words:
        part = canonical(which.words)
        in_address = Contact.id.in_(
            owners.where(ContactAddress.address.contains(part, autoescape=True))
        )
        in_name = Contact.folded_name.contains(folded(which.words.strip()), autoescape=True)
        statement = statement.where(or_(in_name, in_address))
    page = await page_of(db, statement, [Contact.id], request)
    return Page(await _describe_all(db, page.items), page.next_after)


async def update_contact(
    db: AsyncSession,
    account_id: str,
    contact_id: str,
    wanted: ContactFields,
    *,
    fields: Collection[str],
    now: datetime,
) -> ContactDetails:
    """
    The contact has these fields as wanted; a placeholder that gets an address is none any more.

    Raises NotFound, and what `create_contact` raises.
    """
    contact = await _load(db, account_id, contact_id)
    before = await _describe(db, contact)
    if "addresses" in fields:
        boxes = await written.check(db, contact, wanted.addresses)
        await written.replace(db, contact, boxes)
        contact.placeholder = contact.placeholder and not boxes
    if "name" in fields:
        _rename(contact, wanted.name)
    if "owner_id" in fields:
        contact.owner_id = await _checked_owner(db, account_id, wanted.owner_id)
    after = await _describe(db, contact)
    if not after.name and not after.addresses:
        raise invalid_field("/name", "A contact has a name or an address.", "contacts.nobody")
    changed = [name for name in _CHANGEABLE if getattr(before, name) != getattr(after, name)]
    if not changed:
        return before
    await _updated(db, contact, changed, now)
    return await _describe(db, contact)


async def track(
    db: AsyncSession, account_id: str, contact_id: str, token: str | None, *, now: datetime
) -> ContactDetails:
    """
    The contact is known by this cookie's token since now; None: it is not tracked any more.

    The same token again changes nothing. Raises NotFound, Invalid.
    """
    contact = await _load(db, account_id, contact_id)
    if token is not None:
        token = accounts.visible_line(token, "/token", "contacts.bad_token", TOKEN_LIMIT)
    if token != contact.tracking_token:
        contact.tracking_token, contact.tracked = token, token is not None
        contact.tracked_at = now if token is not None else None
        await _updated(db, contact, ["tracking"], now)
    return await _describe(db, contact)


async def merge(
    db: AsyncSession, account_id: str, contact_id: str, *, into: str, now: datetime
) -> tuple[str, str]:
    """
    The contact is part of the other one, which has its addresses too; (its id, the other's id).

    Where the other has no owner, tracking or name, it takes those. The merged contact is not found
    any more. The caller moves what refers to it. Raises NotFound; Invalid for a target that is
    itself or none.
    """
    source = await _load(db, account_id, contact_id)
    if into == contact_id:
        raise invalid_field(
            "/into", "A contact cannot be merged into itself.", "contacts.merged_into_itself"
        )
    try:
        target = await _load(db, account_id, into)
    except NotFound as fault:
        raise invalid_field(
            "/into", "There is no such contact.", "contacts.unknown_contact"
        ) from fault
    await written.move(db, source, target)
    _inherit(target, source)
    _empty(source, now)
    source.merged_into, target.updated_at = target.id, now
    await db.execute(
        update(Contact)
        .where(Contact.account_id == account_id, Contact.merged_into == source.id)
        .values(merged_into=target.id)
    )
    facts = {"contact_id": target.id, "merged_contact_id": source.id}
    await events.record(db, [NewEvent(account_id, "contact.merged", facts)], now)
    return source.id, target.id


async def erase(db: AsyncSession, account_id: str, contact_id: str, *, now: datetime) -> None:
    """
    Nothing that describes the person is left in the contact; its id stays, and is not found.

    Raises NotFound. Deliberately not here: what the person wrote; the rooms above erase that.
    """
    contact = await _load(db, account_id, contact_id)
    await db.execute(
        delete(ContactAddress).where(
            ContactAddress.account_id == account_id, ContactAddress.contact_id == contact_id
        )
    )
    _empty(contact, now)
    facts = {"contact_id": contact_id}
    await events.record(db, [NewEvent(account_id, "contact.deleted", facts)], now)


async def release_owner(db: AsyncSession, account_id: str, user_id: str) -> None:
    """The contacts that this user owned have no owner any more."""
    await db.execute(
        update(Contact)
        .where(Contact.account_id == account_id, Contact.owner_id == user_id)
        .values(owner_id=None)
    )


_CHANGEABLE = ("name", "addresses", "owner_id")


async def _load(db: AsyncSession, account_id: str, contact_id: str) -> Contact:
    found = await db.get(Contact, (account_id, contact_id))
    if found is not None and found.merged_into is not None:
        raise NotFound(f"This contact was merged into {found.merged_into}.", "contacts.merged")
    if found is None or found.deleted_at is not None:
        raise NotFound("There is no such contact.", "contacts.not_found")
    return found


async def _describe(db: AsyncSession, contact: Contact) -> ContactDetails:
    return (await _describe_all(db, [contact]))[0]


async def _describe_all(db: AsyncSession, found: Sequence[Contact]) -> list[ContactDetails]:
    shown = await written.of(db, [(one.account_id, one.id) for one in found])
    return [
        ContactDetails(
            account_id=one.account_id,
            id=one.id,
            name=one.name,
            addresses=tuple(shown.get((one.account_id, one.id), ())),
            owner_id=one.owner_id,
            tracked=one.tracked,
            tracking_token=one.tracking_token,
            tracked_at=one.tracked_at,
            placeholder=one.placeholder,
            created_at=one.created_at,
            updated_at=one.updated_at,
        )
        for one in found
    ]


def _rename(contact: Contact, name: str) -> None:
    if name.strip():
        name = accounts.visible_line(name, "/name", "contacts.bad_name")
    contact.name = name.strip()
    contact.folded_name = folded(contact.name)


async def _checked_owner(db: AsyncSession, account_id: str, owner_id: str | None) -> str | None:
    if owner_id is not None:
        try:
            await accounts.get_user(db, account_id, owner_id)
        except NotFound as fault:
            raise invalid_field(
                "/owner_id", "There is no such user.", "contacts.unknown_user"
            ) from fault
    return owner_id


async def _updated(
    db: AsyncSession, contact: Contact, fields: Sequence[str], now: datetime
) -> None:
    contact.updated_at = now
    facts = {"contact_id": contact.id, "fields": list(fields)}
    await events.record(db, [NewEvent(contact.account_id, "contact.updated", facts)], now)


def _inherit(target: Contact, source: Contact) -> None:
    """What the target lacks it takes from the source."""
    if source.name and (not target.name or (target.placeholder and not source.placeholder)):
        target.name, target.folded_name = source.name, source.folded_name
    target.placeholder = target.placeholder and source.placeholder
    target.owner_id = target.owner_id or source.owner_id
    if source.tracked and not target.tracked:
        target.tracked, target.tracking_token = True, source.tracking_token
        target.tracked_at = source.tracked_at


def _empty(contact: Contact, now: datetime) -> None:
    """The row that is left of a contact: its id, and since when there is nothing else."""
    contact.name = contact.folded_name = ""
    contact.owner_id = contact.tracking_token = contact.tracked_at = None
    contact.tracked = False
    contact.deleted_at = contact.updated_at = now
