"""
The channels as the receiving of mail knows them: by envelope recipient, set-wise, without objects.

Plain Core statements, because they run for every mail.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Table,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks, padded
from app.domain import raw_mail, routing, tickets
from app.domain.channels.addresses import of_channel
from app.domain.channels.models import CONNECTED, FURTHER, LIVE, Channel, HostedAddress
from app.domain.events import NewEvent
from app.errors import NotFound
from app.mail.addresses import canonical

WAITING = "waiting"
VERIFIED = "verified"
# A draft is `unknown`; these stand until mail proves the forwarding.
UNPROVEN = (WAITING, "failed", "degraded")


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What has to be known of a channel to understand a mail for it. Addresses are canonical."""

    account_id: str
    channel_id: str
    name: str
    source: str
    forwarding_address: str
    own_addresses: frozenset[str]  # the team's, its others, and the forwarding address
    gateways: frozenset[str]
    forwarding_status: str
    reopen_window_days: int | None
    routes: bool  # new conversations are assigned by rule
    has_tickets: bool  # they open tickets, or have a time in which to be answered
    has_erased: bool  # mail of the account was erased: it must not come back


@dataclass(frozen=True, slots=True)
class AddressOwner:
    """Whose an address is, or would be; `channel_id` where it is or was a channel's."""

    account_id: str
    channel_id: str | None


CHANNELS: Table = Channel.__table__  # type: ignore[assignment]
ADDRESSES: Table = HostedAddress.__table__  # type: ignore[assignment]
_RULES: Table = routing.RoutingRule.__table__  # type: ignore[assignment]
_AUTOMATIONS: Table = tickets.TicketAutomation.__table__  # type: ignore[assignment]
_ERASED: Table = raw_mail.ErasedMail.__table__  # type: ignore[assignment]

_FACTS = (
    CHANNELS.c.account_id,
    CHANNELS.c.id,
    CHANNELS.c.name,
    CHANNELS.c.source,
    CHANNELS.c.forwarding_address,
    CHANNELS.c.team_address,
    CHANNELS.c.other_team_addresses,
    CHANNELS.c.gateways,
    CHANNELS.c.forwarding_status,
    CHANNELS.c.reopen_window_days,
    (_RULES.c.mode != routing.UNASSIGNED).label("routes"),
    or_(_AUTOMATIONS.c.enabled.is_(True), _AUTOMATIONS.c.service_targets.is_not(None)).label(
        "has_tickets"
    ),
    exists().where(_ERASED.c.account_id == CHANNELS.c.account_id).label("has_erased"),
)
_OF_CHANNEL = CHANNELS.outerjoin(
    _RULES,
    and_(_RULES.c.account_id == CHANNELS.c.account_id, _RULES.c.channel_id == CHANNELS.c.id),
).outerjoin(
    _AUTOMATIONS,
    and_(
        _AUTOMATIONS.c.account_id == CHANNELS.c.account_id,
        _AUTOMATIONS.c.channel_id == CHANNELS.c.id,
    ),
)
_ACCEPTING = (
    select(ADDRESSES.c.address, *_FACTS)
    .select_from(
        ADDRESSES.join(
            _OF_CHANNEL,
            and_(
                CHANNELS.c.account_id == ADDRESSES.c.account_id,
                CHANNELS.c.id == ADDRESSES.c.channel_id,
            ),
        )
    )
    .where(
        ADDRESSES.c.address.in_(bindparam("addresses")),
        ADDRESSES.c.state == LIVE,
        CHANNELS.c.state == CONNECTED,
        CHANNELS.c.deleted_at.is_(None),
    )
)
# Two IN lists instead of row values, which SQLite answers by a scan.
_THESE = and_(
    CHANNELS.c.account_id.in_(bindparam("accounts")), CHANNELS.c.id.in_(bindparam("channels"))
)
_PROVE = (
    update(CHANNELS)
    .where(_THESE, CHANNELS.c.forwarding_status.in_(UNPROVEN))
    .values(forwarding_status=VERIFIED)
    .returning(CHANNELS.c.account_id, CHANNELS.c.id)
)
_OF_ACCOUNTS = CHANNELS.c.account_id.in_(bindparam("accounts"))
_AMONG = union_all(
    select(CHANNELS.c.account_id, CHANNELS.c.team_address_key).where(
        _OF_ACCOUNTS,
        CHANNELS.c.team_address_key.in_(bindparam("addresses")),
        CHANNELS.c.deleted_at.is_(None),
    ),
    select(ADDRESSES.c.account_id, ADDRESSES.c.address).where(
        ADDRESSES.c.address.in_(bindparam("addresses")),
        ADDRESSES.c.account_id.in_(bindparam("accounts")),
    ),
    select(CHANNELS.c.account_id, cast(CHANNELS.c.other_team_addresses, Text)).where(
        _OF_ACCOUNTS, text(FURTHER)
    ),
)
_NOTE = update(CHANNELS).where(_THESE).values(last_received_at=bindparam("at"))


async def accepting(db: AsyncSession, addresses: Collection[str]) -> dict[str, ChannelFacts]:
    """
    The channels that take mail for these recipients, by recipient as given; the others are absent.

    Connected and not deleted ones only (D1). `local+tag@` is the channel of `local@`.
    """
    wanted = {given: of_channel(given) for given in addresses}
    found: dict[str, ChannelFacts] = {}
    for some in chunks(sorted(set(wanted.values()))):
        rows = await db.execute(_ACCEPTING, {"addresses": some})
        found.update({row.address: _facts(row) for row in rows})
    return {given: found[address] for given, address in wanted.items() if address in found}


async def facts_of(db: AsyncSession, account_id: str, channel_id: str) -> ChannelFacts:
    """
    The same facts of one channel, for a mail that was kept. Also of a deleted one: its mail stays.

    Raises NotFound for a channel that never was connected.
    """
    statement = (
        select(*_FACTS)
        .select_from(_OF_CHANNEL)
        .where(
            CHANNELS.c.account_id == account_id,
            CHANNELS.c.id == channel_id,
            CHANNELS.c.state == CONNECTED,
        )
    )
    row = (await db.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("There is no such channel.", "channel.not_found")
    return _facts(row)


def _facts(row: Any) -> ChannelFacts:
    own = {canonical(one) for one in (row.team_address, *row.other_team_addresses) if one}
    forwarding_address = canonical(row.forwarding_address)
    return ChannelFacts(
        account_id=row.account_id,
        channel_id=row.id,
        name=row.name,
        source=row.source,
        forwarding_address=forwarding_address,
        own_addresses=frozenset(own | {forwarding_address}),
        gateways=frozenset(canonical(one) for one in row.gateways),
        forwarding_status=row.forwarding_status,
        reopen_window_days=row.reopen_window_days,
        routes=bool(row.routes),
        has_tickets=bool(row.has_tickets),
        has_erased=bool(row.has_erased),
    )


async def owners_of(db: AsyncSession, addresses: Collection[str]) -> dict[str, AddressOwner]:
    """
    Whose ledger tells of mail to these addresses, by address as given; strangers' are absent.

    An account owns the addresses its channels have or had, and every other one at their domains.
    """
    wanted = {given: of_channel(given) for given in addresses}
    exact: dict[str, AddressOwner] = {}
    for some in chunks(sorted(set(wanted.values()))):
        statement = select(
            HostedAddress.address, HostedAddress.account_id, HostedAddress.channel_id
        ).where(HostedAddress.address.in_(some))
        for row in await db.execute(statement):
            exact[row.address] = AddressOwner(row.account_id, row.channel_id)
    domains = {one.rpartition("@")[2] for one in wanted.values() if one not in exact}
    at_large: dict[str, AddressOwner] = {}
    for some in chunks(sorted(domains)):
        owner = func.min(HostedAddress.account_id).label("account_id")  # a domain has one account
        by_domain = (
            select(HostedAddress.domain, owner)
            .where(HostedAddress.domain.in_(some))
            .group_by(HostedAddress.domain)
        )
        for domain, account_id in await db.execute(by_domain):
            at_large[domain] = AddressOwner(account_id, None)
    owners = {}
    for given, address in wanted.items():
        found = exact.get(address) or at_large.get(address.rpartition("@")[2])
        if found is not None:
            owners[given] = found
    return owners


async def addresses_among(
    db: AsyncSession, wanted: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """
    Those of these (account id, canonical address) that are channels' of that account.

    Team addresses, the further ones too, and forwarding addresses. One statement for all; of the
    further ones it reads all that the accounts have, which are few.
    """
    accounts = padded(sorted({account_id for account_id, _ in wanted}))
    found: set[tuple[str, str]] = set()
    for some in chunks(sorted({address for _, address in wanted})):
        rows = await db.execute(_AMONG, {"accounts": accounts, "addresses": some})
        for of, address in rows:
            if address is not None:
                several = json.loads(address) if address.startswith("[") else [address]
                found.update((of, canonical(one)) for one in several)
    return found & set(wanted)


async def mail_arrived(
    db: AsyncSession, arrived: Collection[ChannelFacts], now: datetime
) -> list[NewEvent]:
    """
    Forwarded mail came for these channels: it is noted, and proves that the forwarding works.
    Gives the events of the channels for which that is news.

    Not to be called for a provider's own request to confirm the forwarding.
    """
    for which in _which(arrived):
        await db.execute(_NOTE, {**which, "at": now})
    return [
        NewEvent(row.account_id, "channel.forwarding_verified", {"channel_id": row.id})
        for which in _which(facts for facts in arrived if facts.forwarding_status in UNPROVEN)
        for row in await db.execute(_PROVE, which)
    ]


def _which(channels: Iterable[ChannelFacts]) -> Iterator[dict[str, Sequence[str]]]:
    """The parameters of `_THESE`, in pieces."""
    for some in chunks(sorted({(facts.account_id, facts.channel_id) for facts in channels})):
        yield {
            "accounts": padded(sorted({account_id for account_id, _ in some})),
            "channels": [channel_id for _, channel_id in some],
        }


async def keep_confirmation(
    db: AsyncSession,
    account_id: str,
    channel_id: str,
    *,
    provider: str,
    code: str,
    url: str,
    now: datetime,
) -> None:
    """What the provider wants to have confirmed is shown at the channel's set-up (F7)."""
    asked = {"provider": provider, "code": code, "url": url, "received_at": now.isoformat()}
    await db.execute(
        update(Channel)
        .where(Channel.account_id == account_id, Channel.id == channel_id)
        .values(confirmation=asked)
        .execution_options(synchronize_session=False)
    )
