"""Forwarding addresses: which are free, which are proposed, which are taken for ever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.channels import addresses
from app.domain.channels.models import LIVE, RETIRED, Channel, HostedAddress
from app.errors import Conflict, FieldError


async def propose(db: AsyncSession, domain: str, team_address: str | None) -> str:
    """A local part that is free at this domain (B5). Other drafts may be told the same one."""
    return await first_free(db, domain, addresses.proposed_stem(team_address))


async def first_free(db: AsyncSession, domain: str, stem: str) -> str:
    """`stem`, else `stem-1` …: the first that no channel at the domain has or had."""
    statement = select(HostedAddress.address).where(HostedAddress.domain == domain)
    taken = {one.rpartition("@")[0] for one in (await db.execute(statement)).scalars()}
    return addresses.first_free(stem, taken | addresses.RESERVED)


async def is_taken(db: AsyncSession, address: str) -> bool:
    """Does a channel have this address, or did one have it? Whose does not matter (B6)."""
    return await db.get(HostedAddress, address) is not None


async def address_taken(db: AsyncSession, local_part: str, domain: str, *, at: str) -> Conflict:
    """The refusal of an address that is taken, with one that is free."""
    free = await first_free(db, domain, local_part)
    detail = f"{local_part}@{domain} is taken. {free}@{domain} is free."
    return Conflict(detail, "channel.address_taken", (FieldError(at, detail),))


async def take(db: AsyncSession, channel: Channel, address: str, now: datetime) -> None:
    """The channel has this address from now on and for ever. It must not be taken."""
    db.add(
        HostedAddress(
            address=address,
            domain=address.rpartition("@")[2],
            account_id=channel.account_id,
            channel_id=channel.id,
            state=LIVE,
            created_at=now,
            retired_at=None,
        )
    )
    channel.forwarding_address = address
    await db.flush()


async def retire(db: AsyncSession, channel: Channel, now: datetime) -> None:
    """The channel is deleted: its address is refused for ever and never given to anybody else."""
    await db.execute(
        update(HostedAddress)
        .where(
            HostedAddress.account_id == channel.account_id, HostedAddress.channel_id == channel.id
        )
        .values(state=RETIRED, retired_at=now)
    )
