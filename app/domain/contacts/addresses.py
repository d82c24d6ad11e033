"""The addresses of contacts: whose they are, in which order, and how they were written."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import accounts
from app.domain.contacts.models import Contact, ContactAddress
from app.errors import Conflict, FieldError, invalid_field
from app.mail.addresses import canonical
from app.mail.message import Mailbox

LIMIT = 50


async def check(db: AsyncSession, contact: Contact, given: Sequence[str]) -> dict[str, Mailbox]:
    """
    The addresses by canonical form, each once.

    Raises Invalid (`contacts.bad_address`), Conflict (`contacts.address_taken`).
    """
    if len(given) > LIMIT:
        raise invalid_field(
            "/addresses", f"A contact has at most {LIMIT} addresses.", "contacts.too_many_addresses"
        )
    boxes: dict[str, Mailbox] = {}
    pointers: dict[str, str] = {}
    for place, text in enumerate(given):
        box = accounts.mailbox(text, f"/addresses/{place}", "contacts.bad_address")
        boxes.setdefault(canonical(box.address), box)
        pointers.setdefault(canonical(box.address), f"/addresses/{place}")
    statement = select(ContactAddress.address).where(
        ContactAddress.account_id == contact.account_id,
        ContactAddress.address.in_(list(boxes)),
        ContactAddress.contact_id != contact.id,
    )
    taken = set((await db.execute(statement)).scalars())
    errors = tuple(
        FieldError(pointers[address], f"{box.address} belongs to another contact.")
        for address, box in boxes.items()
        if address in taken
    )
    if errors:
        raise Conflict(errors[0].detail, "contacts.address_taken", errors)
    return boxes


async def replace(db: AsyncSession, contact: Contact, boxes: dict[str, Mailbox]) -> None:
    """The contact has exactly these addresses, in this order."""
    await db.execute(
        delete(ContactAddress).where(
            ContactAddress.account_id == contact.account_id,
            ContactAddress.contact_id == contact.id,
        )
    )
    rows = [
        {
            "account_id": contact.account_id,
            "address": address,
            "contact_id": contact.id,
            "shown": box.address,
            "position": position,
        }
        for position, (address, box) in enumerate(boxes.items())
    ]
    if rows:
        await db.execute(insert(ContactAddress), rows)


async def move(db: AsyncSession, source: Contact, target: Contact) -> None:
    """The addresses of the source stand behind those of the target."""
    own = (ContactAddress.account_id == target.account_id, ContactAddress.contact_id == target.id)
    last = await db.scalar(select(func.max(ContactAddress.position)).where(*own))
    await db.execute(
        update(ContactAddress)
        .where(
            ContactAddress.account_id == source.account_id,
            ContactAddress.contact_id == source.id,
        )
        .values(
            contact_id=target.id,
            position=ContactAddress.position + (0 if last is None else last + 1),
        )
    )


async def of(
    db: AsyncSession, wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[str]]:
    """The addresses of these contacts as they are shown, by account id and id of the contact."""
    account_ids = sorted({account_id for account_id, _ in wanted})
    shown: dict[tuple[str, str], list[str]] = {}
    for some in chunks(sorted({contact_id for _, contact_id in wanted})):
        statement = (
            select(ContactAddress.account_id, ContactAddress.contact_id, ContactAddress.shown)
            .where(ContactAddress.account_id.in_(account_ids), ContactAddress.contact_id.in_(some))
            .order_by(ContactAddress.position, ContactAddress.address)
        )
        for account_id, contact_id, address in await db.execute(statement):
            shown.setdefault((account_id, contact_id), []).append(address)
    return shown
