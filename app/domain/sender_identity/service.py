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
from app.errors import Conflict, FieldError, NotFound, invalid_field
from app.mail.addresses import is_addr_spec

DEFAULT = "default"
CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Identity:
    """A sender identity as somebody wants it; `company_name` None: the account's, made unique."""

    name_style: str = naming.AGENT_AND_COMPANY
    company_name: str | None = None
    address_kind: str = DEFAULT
    custom_address: str | None = None


@dataclass(frozen=True, slots=True)
class SenderWarning:
    """Something that the team should know before it writes; `code` is stable."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Preview:
    """From and Reply-To of a mail, exactly as it is sent."""

    from_name: str
    from_address: str
    from_header: str
    reply_to: str | None
    warnings: tuple[SenderWarning, ...]


async def set_for(
    db: AsyncSession, account_id: str, channel_id: str, wanted: Identity, *, at: str = ""
) -> SenderIdentity:
    """
    The channel has the wanted identity. `at` is the JSON Pointer of the identity in the request.

    Raises Invalid for a name that cannot stand; Conflict when another channel has the name, or the
    custom address is not known to be the account's.
    """
    _check_address(wanted, at)
    taken = await _names_of_others(db, account_id, channel_id)
    name = await _name(db, account_id, wanted.company_name, taken, at)
    row = await db.get(SenderIdentity, (account_id, channel_id))
    if row is None:
        row = SenderIdentity(account_id=account_id, channel_id=channel_id)
        db.add(row)
    row.name_style = wanted.name_style
    row.company_name = name
    row.company_name_key = naming.key_of(name)
    row.address_kind = wanted.address_kind
    row.custom_address = wanted.custom_address
    await db.flush()
    return row


def _check_address(wanted: Identity, at: str) -> None:
    """A custom address is usable once the account has proved that it is its own (C2, C3)."""
    if wanted.address_kind != CUSTOM:
        if wanted.custom_address is not None:
            raise invalid_field(
                f"{at}/address/address",
                "The default address is the channel's own; a custom one has the kind custom.",
                "sender_identity.address_not_custom",
            )
        return
    if not wanted.custom_address or not is_addr_spec(wanted.custom_address):
        raise invalid_field(
            f"{at}/address/address",
            "A custom address is a mail address such as support@acme.example.",
            "sender_identity.bad_address",
        )
    # Proofs are not stored yet: neither verified addresses nor connected domains exist.
    detail = (
        f"{wanted.custom_address} is neither verified nor at a connected sending domain. "
        "The channel keeps its address until it is."
    )
    raise Conflict(
        detail,
        "sender_identity.address_not_verified",
        (FieldError(f"{at}/address/address", detail),),
    )


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


def preview(identity: SenderIdentity, *, agent_name: str | None, hosted_address: str) -> Preview:
    """
    From and Reply-To as they are sent for this agent (None: a mail that nobody signs).

    Reply-To stands only where answers to From would not come back to the channel by themselves.
    """
    address = identity.custom_address or hosted_address
    name = naming.from_name(identity.name_style, identity.company_name, agent_name)
    return Preview(
        from_name=name,
        from_address=address,
        from_header=naming.from_header(name, address),
        reply_to=None if address == hosted_address else hosted_address,
        warnings=(),
    )
