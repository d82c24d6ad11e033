"""What a channel says of itself — name, team addresses, gateways — read from what was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts
from app.domain.accounts import HostedRoots
from app.domain.channels.addresses import read_address
from app.domain.channels.models import Channel
from app.errors import invalid_field
from app.mail.addresses import canonical

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class TeamAddresses:
    """The public address whose mail is forwarded, and further ones that lead to the same people."""

    main: str | None
    others: tuple[str, ...]


def read_name(text: str) -> str:
    """A name of 1 to 200 visible characters in one line. Raises Invalid."""
    return accounts.visible_line(text, "/name", "channel.bad_name", LONGEST_NAME)


def read_gateways(given: Sequence[str]) -> list[str]:
    """The form senders whose Reply-To is believed, each once. Raises Invalid."""
    return _once_each([read_address(one, at=f"/gateways/{i}") for i, one in enumerate(given)])


def read_addresses(
    *, team_address: str | None, others: Sequence[str], roots: HostedRoots
) -> TeamAddresses:
    """The team addresses, each once; another channel may have them, too. Raises Invalid."""
    pointers = {}
    main = None
    if team_address is not None:
        main = read_address(team_address, at="/team_address")
        pointers[canonical(main)] = "/team_address"
    more = []
    for index, one in enumerate(others):
        address, pointer = read_address(one, at=f"/other_team_addresses/{index}"), index
        if canonical(address) not in pointers:
            pointers[canonical(address)] = f"/other_team_addresses/{pointer}"
            more.append(address)
    _check_foreign(pointers, roots)
    return TeamAddresses(main, tuple(more))


def put_addresses(channel: Channel, given: TeamAddresses) -> None:
    """The channel has these addresses."""
    channel.team_address = given.main
    channel.team_address_key = canonical(given.main) if given.main else None
    channel.other_team_addresses = list(given.others)


def _check_foreign(pointers: dict[str, str], roots: HostedRoots) -> None:
    """Team mail lives somewhere else; an address of ours would forward to itself."""
    for address, pointer in pointers.items():
        domain = "." + address.rpartition("@")[2]
        if domain.endswith((f".{roots.paid}", f".{roots.free}")):
            raise invalid_field(
                pointer,
                "This is a hosted address. The team address is the public one that forwards to it.",
                "channel.team_address_hosted",
            )


async def sharing(db: AsyncSession, channel: Channel) -> str | None:
    """The id of another channel of the account that has the same team address, the oldest."""
    if channel.team_address_key is None:
        return None
    statement = (
        select(Channel.id, Channel.team_address_key, Channel.other_team_addresses)
        .where(Channel.account_id == channel.account_id, Channel.deleted_at.is_(None))
        .order_by(Channel.id)
    )
    for row in await db.execute(statement):
        theirs = {row.team_address_key, *(canonical(one) for one in row.other_team_addresses)}
        if row.id != channel.id and channel.team_address_key in theirs:
            return str(row.id)
    return None


def _once_each(found: Sequence[str]) -> list[str]:
    return list({canonical(one): one for one in reversed(found)}.values())[::-1]
