"""The verbs of the sender identity: its default, changing it, and what it looks like in a mail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import accounts
from app.domain.sender_identity import naming
from app.domain.sender_identity.models import SenderIdentity
from app.domain.sender_identity.standing import (
    CUSTOM,
    DEFAULT,
    PENDING,
    UNKNOWN,
    chosen,
    customs,
    standings,
)
from app.errors import Conflict, FieldError, NotFound, invalid_field
from app.mail.addresses import canonical, is_addr_spec, parse_mailboxes
from app.mail.alignment import ascii_domain

LONGEST_TEXT = 1000  # of an address with a name
LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3, without the angle brackets


@dataclass(frozen=True, slots=True)
class Identity:
    """A sender identity as somebody wants it; `company_name` None: the account's, made unique."""

    name_style: str = naming.AGENT_AND_COMPANY
    company_name: str | None = None
    address_kind: str = DEFAULT
    custom_address: str | None = None


async def set_for(
    db: AsyncSession,
    account_id: str,
    channel_id: str,
    wanted: Identity,
    *,
    at: str = "",
    policy: str | None = None,
) -> SenderIdentity:
    """
    The channel has the wanted identity. `at` is the JSON Pointer of the identity in the request;
    `policy` is what the custom address's domain publishes (DMARC), where that was asked.

    A custom address that waits to be proved is kept as a wish; what was in force stays until then
    (C4). Raises Invalid for a name that cannot stand; Conflict when another channel has the name,
    or the account knows nothing of the custom address.
    """
    custom = _custom_address(wanted, at)
    taken = await _names_of_others(db, account_id, channel_id)
    name = await _name(db, account_id, wanted.company_name, taken, at)
    row = await db.get(SenderIdentity, (account_id, channel_id))
    is_new = row is None
    if row is None:
        row = SenderIdentity(account_id=account_id, channel_id=channel_id)
    await _put_address(db, row, wanted.address_kind, custom, at)
    row.name_style = wanted.name_style
    row.company_name = name
    row.company_name_key = naming.key_of(name)
    row.from_policy = policy if custom else None
    if is_new:
        db.add(row)
    await db.flush()
    return row


async def _put_address(
    db: AsyncSession, row: SenderIdentity, kind: str, custom: str | None, at: str
) -> None:
    known = await standings(db, row.account_id, customs(row) | ({custom} if custom else set()))
    wish = row.custom_address
    is_same = wish is not None and custom is not None and canonical(custom) == canonical(wish)
    if custom is not None and known[custom].state == UNKNOWN and not is_same:
        detail = (
            f"{custom} is neither verified nor at a connected sending domain. "
            "The channel keeps its address until it is."
        )
        raise Conflict(
            detail,
            "sender_identity.address_not_verified",
            (FieldError(f"{at}/address/address", detail),),
        )
    if custom is None:
        row.previous_address = None
    elif wish is not None and not is_same and known[wish].state != PENDING:
        row.previous_address = wish
    row.address_kind, row.custom_address = kind, custom
    row.address_in_force = chosen(row, known).address


def _custom_address(wanted: Identity, at: str) -> str | None:
    """The custom address that is wanted, its domain as A-labels. Raises Invalid."""
    if wanted.address_kind != CUSTOM:
        if wanted.custom_address is not None:
            raise invalid_field(
                f"{at}/address/address",
                "The default address is the channel's own; a custom one has the kind custom.",
                "sender_identity.address_not_custom",
            )
        return None
    return read_address(wanted.custom_address or "", at=f"{at}/address/address")


def read_address(text: str, *, at: str) -> str:
    """
    The one address to write from in `ann@x.example` or `Ann <ann@x.example>`, its domain as
    A-labels.

    Raises Invalid for anything else; `at` points to it.
    """
    boxes = parse_mailboxes(text) if len(text) <= LONGEST_TEXT and text.isprintable() else ()
    local, _, domain = (boxes[0].address if len(boxes) == 1 else "").rpartition("@")
    address = f"{local}@{ascii_domain(domain)}"
    if not is_addr_spec(address) or len(address.encode()) > LONGEST_ADDRESS or "[" in domain:
        raise invalid_field(
            at,
            "A custom address is a mail address such as support@acme.example.",
            "sender_identity.bad_address",
        )
    return address


async def _name(
    db: AsyncSession, account_id: str, wanted: str | None, taken: Collection[str], at: str
) -> str:
    if wanted is None:
        account = await accounts.get_account(db, account_id)
        default = naming.made_fit(account.company_name or "") or naming.made_fit(account.name)
        return naming.made_unique(default or "Support", taken)
    name, pointer = wanted.strip(), f"{at}/company_name"
    fault = naming.fault_of(name)
    if fault:
        raise invalid_field(pointer, fault, "sender_identity.bad_company_name")
    if naming.key_of(name) in taken:
        free = naming.made_unique(name, taken)
        detail = f"Another channel of the account is called {name}. {free} is free."
        raise Conflict(detail, "sender_identity.name_taken", (FieldError(pointer, detail),))
    return name


async def _names_of_others(db: AsyncSession, account_id: str, channel_id: str) -> set[str]:
    statement = select(SenderIdentity.company_name_key).where(
        SenderIdentity.account_id == account_id,
        SenderIdentity.channel_id != channel_id,
        SenderIdentity.company_name_key.is_not(None),
    )
    return {key for key in (await db.execute(statement)).scalars() if key is not None}


async def get(db: AsyncSession, account_id: str, channel_id: str) -> SenderIdentity:
    """The identity of the channel. Raises NotFound."""
    row = await db.get(SenderIdentity, (account_id, channel_id))
    if row is None:
        raise NotFound("There is no such channel.", "channel.not_found")
    return row


async def for_channels(
    db: AsyncSession, account_id: str, channel_ids: Collection[str]
) -> dict[str, SenderIdentity]:
    """The identities of these channels by channel, in one look-up."""
    found: dict[str, SenderIdentity] = {}
    for some in chunks(sorted(channel_ids)):
        statement = select(SenderIdentity).where(
            SenderIdentity.account_id == account_id, SenderIdentity.channel_id.in_(some)
        )
        found.update({row.channel_id: row for row in (await db.execute(statement)).scalars()})
    return found


async def let_name_go(db: AsyncSession, account_id: str, channel_id: str) -> None:
    """The channel is deleted: its company name may be used again."""
    await db.execute(
        update(SenderIdentity)
        .where(SenderIdentity.account_id == account_id, SenderIdentity.channel_id == channel_id)
        .values(company_name_key=None)
    )


async def remove(db: AsyncSession, account_id: str, channel_id: str) -> None:
    """The draft channel is thrown away, and its identity with it."""
    await db.execute(
        delete(SenderIdentity).where(
            SenderIdentity.account_id == account_id, SenderIdentity.channel_id == channel_id
        )
    )
