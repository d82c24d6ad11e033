"""A channel together with its sub-resources, read for many channels in a few look-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, routing, sender_identity, tickets
from app.domain.accounts import HostedRoots
from app.domain.channels.models import Channel
from app.domain.routing import RoutingRule
from app.domain.sender_identity import Choice, SenderIdentity
from app.domain.tickets import TicketAutomation


@dataclass(frozen=True, slots=True)
class WholeChannel:
    """A channel with its sub-resources and the address it has or, as a draft, would get."""

    channel: Channel
    forwarding_address: str
    identity: SenderIdentity
    choice: Choice  # of the custom address in force
    rule: RoutingRule
    automation: TicketAutomation


async def whole(
    db: AsyncSession, account_id: str, channels: Sequence[Channel], roots: HostedRoots
) -> list[WholeChannel]:
    """These channels of one account with all that belongs to them, in their order."""
    if not channels:
        return []
    domain = await hosted_domain(db, account_id, roots)
    which = [channel.id for channel in channels]
    identities = await sender_identity.for_channels(db, account_id, which)
    choices = await sender_identity.choices_of(db, account_id, list(identities.values()))
    rules = await routing.for_channels(db, account_id, which)
    automations = await tickets.for_channels(db, account_id, which)
    return [
        WholeChannel(
            channel,
            address_of(channel, domain),
            identities[channel.id],
            choices[channel.id],
            rules[channel.id],
            automations[channel.id],
        )
        for channel in channels
    ]


async def hosted_domain(db: AsyncSession, account_id: str, roots: HostedRoots) -> str:
    """The domain that drafts of the account get their address at."""
    return accounts.hosted_domain(await accounts.get_account(db, account_id), roots)


def address_of(channel: Channel, domain: str) -> str:
    """The address the channel has for ever, or would get if it were connected now."""
    return channel.forwarding_address or f"{channel.local_part}@{domain}"


def team_addresses(channel: Channel) -> frozenset[str]:
    """The public addresses that lead to the channel while its mail is forwarded."""
    return frozenset(one for one in (channel.team_address, *channel.other_team_addresses) if one)
