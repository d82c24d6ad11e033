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
from app.errors import Conflict, FieldError, invalid_field
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


async def read_addresses(
    db: AsyncSession,
    account_id: str,
    *,
    team_address: str | None,
    others: Sequence[str],
    roots: HostedRoots,
    channel_id: str | None,
) -> TeamAddresses:
    """
    The team addresses, each once. `channel_id` is the channel that may have them already.

    Raises Invalid; Conflict `channel.team_address_taken` for an address of another channel.
    """
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
    await _check_free(db, account_id, pointers, channel_id)
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


async def _check_free(
    db: AsyncSession, account_id: str, pointers: dict[str, str], channel_id: str | None
) -> None:
    if not pointers:
        return
    statement = select(Channel.id, Channel.team_address_key, Channel.other_team_addresses).where(
        Channel.account_id == account_id, Channel.deleted_at.is_(None)
    )
    for row in await db.execute(statement):
        if row.id == channel_id:
            continue
        theirs = {row.team_address_key, *(canonical(one) for one in row.other_team_addresses)}
        for address, pointer in pointers.items():
            if address in theirs:
                detail = f"{address} is an address of the channel {row.id} already."
                error = FieldError(pointer, detail)
                raise Conflict(detail, "channel.team_address_taken", (error,))


def _once_each(found: Sequence[str]) -> list[str]:
    return list({canonical(one): one for one in reversed(found)}.values())[::-1]
