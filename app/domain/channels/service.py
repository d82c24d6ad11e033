"""
The verbs of a channel: created as a draft, changed, connected, deleted.

Callers hold the account's lock (every writing request does), so that what was looked up as free
still is free when it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import events, routing, sender_identity, tickets
from app.domain.accounts import HostedRoots
from app.domain.channels import addresses, hosting, profile
from app.domain.channels.models import CONNECTED, DRAFT, Channel
from app.domain.channels.recipients import WAITING
from app.domain.channels.setup import setup_of
from app.domain.channels.whole import address_of, hosted_domain, whole
from app.domain.events import NewEvent
from app.domain.routing import Rule
from app.domain.sender_identity import Identity
from app.domain.tickets import Automation, Service
from app.errors import Conflict, FieldError, NotFound, invalid_field

OTHER = "other"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel as somebody wants it; everything but the first two answers has a default (B2)."""

    shared: bool
    provider: str
    source: str = "mailbox"
    name: str | None = None
    team_address: str | None = None
    other_team_addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    local_part: str | None = None
    signature: str = ""
    reopen_window_days: int | None = None
    identity: Identity = field(default_factory=Identity)
    rule: Rule = field(default_factory=Rule)
    automation: Automation = field(default_factory=Automation)
    service: Service = field(default_factory=Service)


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """New values for the fields that are named in `given`; the others are not looked at."""

    given: frozenset[str]
    name: str = ""
    team_address: str | None = None
    other_team_addresses: tuple[str, ...] = ()
    gateways: tuple[str, ...] = ()
    signature: str = ""
    reopen_window_days: int | None = None
    service: Service = field(default_factory=Service)


async def create(
    db: AsyncSession, account_id: str, new: NewChannel, roots: HostedRoots, now: datetime
) -> Channel:
    """
    A draft with all of its sub-resources, working as they are.

    Raises Invalid for a mailbox that is not shared or not for hosted set-up (B1), and whatever the
    sub-resources refuse; Conflict for names and addresses that others have.
    """
    _check_kind(new)
    domain = await hosted_domain(db, account_id, roots)
    given = profile.read_addresses(
        team_address=new.team_address, others=new.other_team_addresses, roots=roots
    )
    channel = Channel(
        account_id=account_id,
        id=ids.new("chn"),
        state=DRAFT,
        name="",
        provider=new.provider,
        source=new.source,
        gateways=profile.read_gateways(new.gateways),
        local_part="",
        local_part_chosen=False,
        forwarding_address=None,
        signature=new.signature,
        reopen_window_days=new.reopen_window_days,
        forwarding_status=UNKNOWN,
        created_at=now,
    )
    profile.put_addresses(channel, given)
    await _put_local_part(db, channel, new.local_part, domain)
    db.add(channel)
    await db.flush()
    identity = await sender_identity.set_for(
        db, account_id, channel.id, new.identity, at="/sender_identity"
    )
    await routing.set_for(db, account_id, channel.id, new.rule, at="/routing")
    await tickets.set_for(
        db, account_id, channel.id, new.automation, now=now, at="/ticket_automation"
    )
    await tickets.set_service(db, account_id, channel.id, new.service)
    wanted = new.name if new.name is not None else channel.team_address or identity.company_name
    channel.name = profile.read_name(wanted)
    await db.flush()
    await events.record(db, [_event(channel, "channel.created")], now)
    return channel


def _check_kind(new: NewChannel) -> None:
    if not new.shared:
        raise invalid_field(
            "/shared",
            "A channel is for an address that a team shares, such as support@acme.example. "
            "The mailbox of one person is not connected here.",
            "channel.not_shared",
        )
    if new.provider != OTHER:
        raise invalid_field(
            "/provider",
            "Hosted set-up is for mail accounts that are neither Google nor Microsoft 365 "
            "mailboxes. For a Google Group or an alias give the provider other, and group or "
            "alias as the source.",
            "channel.provider_not_hosted",
        )


async def _put_local_part(
    db: AsyncSession, channel: Channel, chosen: str | None, domain: str
) -> None:
    if chosen is None:
        channel.local_part = await hosting.propose(db, domain, channel.team_address)
        return
    await choose_local_part(db, channel, chosen, domain, at="/forwarding_address/local_part")


async def choose_local_part(
    db: AsyncSession, channel: Channel, local_part: str, domain: str, *, at: str
) -> None:
    """
    The draft's forwarding address begins with this (B5). Raises Invalid for what cannot be one,
    Conflict `channel.address_frozen` once connected, `channel.address_taken`.
    """
    if channel.state == CONNECTED:
        raise Conflict(
            f"The channel is connected; its address {channel.forwarding_address} never changes. "
            "For another address, make another channel.",
            "channel.address_frozen",
        )
    local = addresses.read_local_part(local_part, at=at)
    if await hosting.is_taken(db, f"{local}@{domain}"):
        raise await hosting.address_taken(db, local, domain, at=at)
    channel.local_part, channel.local_part_chosen = local, True


async def get(db: AsyncSession, account_id: str, channel_id: str) -> Channel:
    """The channel. Raises NotFound, also for a deleted one."""
    channel = await db.get(Channel, (account_id, channel_id))
    if channel is None or channel.deleted_at is not None:
        raise NotFound("There is no such channel.", "channel.not_found")
    return channel


async def list_channels(
    db: AsyncSession, account_id: str, request: PageRequest, *, state: str | None = None
) -> Page[Channel]:
    """The account's channels, oldest first; drafts or connected ones only when `state` says so."""
    statement = select(Channel).where(
        Channel.account_id == account_id, Channel.deleted_at.is_(None)
    )
    if state is not None:
        statement = statement.where(Channel.state == state)
    return await page_of(db, statement, [Channel.id], request)


async def change(
    db: AsyncSession, channel: Channel, wanted: ChannelChange, roots: HostedRoots, now: datetime
) -> None:
    """
    The channel has the new values. Raises Invalid, and Conflict for an address another one has.

    A draft whose address nobody chose gets a new proposal with a new team address.
    """
    if "name" in wanted.given:
        channel.name = profile.read_name(wanted.name)
    if wanted.given & {"team_address", "other_team_addresses"}:
        await _change_addresses(db, channel, wanted, roots)
    if "gateways" in wanted.given:
        channel.gateways = profile.read_gateways(wanted.gateways)
    if "signature" in wanted.given:
        channel.signature = wanted.signature
    if "reopen_window_days" in wanted.given:
        channel.reopen_window_days = wanted.reopen_window_days
    if wanted.service.given:
        await tickets.set_service(db, channel.account_id, channel.id, wanted.service)
    await db.flush()
    await note_change(db, channel, sorted(wanted.given), now)


async def _change_addresses(
    db: AsyncSession, channel: Channel, wanted: ChannelChange, roots: HostedRoots
) -> None:
    team, others = channel.team_address, tuple(channel.other_team_addresses)
    given = profile.read_addresses(
        team_address=wanted.team_address if "team_address" in wanted.given else team,
        others=wanted.other_team_addresses if "other_team_addresses" in wanted.given else others,
        roots=roots,
    )
    profile.put_addresses(channel, given)
    if channel.team_address != team and channel.state == DRAFT and not channel.local_part_chosen:
        domain = await hosted_domain(db, channel.account_id, roots)
        channel.local_part = await hosting.propose(db, domain, channel.team_address)


async def note_change(
    db: AsyncSession, channel: Channel, what: Sequence[str], now: datetime
) -> None:
    """The event of a change of the channel or of one of its sub-resources."""
    if what:
        await events.record(db, [_event(channel, "channel.updated", changed=list(what))], now)


async def connect(db: AsyncSession, channel: Channel, roots: HostedRoots, now: datetime) -> None:
    """
    The channel takes mail at an address that never changes (B4). Connected already: as it was.

    Raises Conflict `channel.address_taken`, or `channel.not_ready` with all that is missing.
    """
    if channel.state == CONNECTED:
        return
    domain = await hosted_domain(db, channel.account_id, roots)
    address = address_of(channel, domain)
    if await hosting.is_taken(db, address):
        raise await hosting.address_taken(
            db, channel.local_part, domain, at="/forwarding_address/local_part"
        )
    [described] = await whole(db, channel.account_id, [channel], roots)
    setup = await setup_of(db, described)
    if not setup.ready:
        missing = tuple(FieldError(f"/{step}", problem.detail) for step, problem in setup.blocking)
        raise Conflict("The channel cannot be connected yet.", "channel.not_ready", missing)
    channel.state = CONNECTED
    channel.connected_at = now
    channel.forwarding_status = WAITING
    await hosting.take(db, channel, address, now)
    await events.record(db, [_event(channel, "channel.connected")], now)


async def delete(db: AsyncSession, channel: Channel, now: datetime) -> None:
    """
    The channel is gone. A connected one's address is refused for ever and its conversations stay
    (B6); a draft leaves no trace.
    """
    event = _event(channel, "channel.deleted")
    if channel.state == DRAFT:
        for room in (sender_identity, routing, tickets):
            await room.remove(db, channel.account_id, channel.id)
        await db.delete(channel)
    else:
        channel.deleted_at = now
        await hosting.retire(db, channel, now)
        await sender_identity.let_name_go(db, channel.account_id, channel.id)
    await db.flush()
    await events.record(db, [event], now)


def _event(channel: Channel, kind: str, **more: object) -> NewEvent:
    facts = {
        "channel_id": channel.id,
        "name": channel.name,
        "forwarding_address": channel.forwarding_address,
        **more,
    }
    return NewEvent(channel.account_id, kind, facts)
