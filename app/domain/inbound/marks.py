"""
Our own signs in a mail: the return path or reply address it was sent to, the mark of our own mail,
the Message-IDs that we gave (F3, F4, G1).

Each is signed; nothing is believed that is not. Deliberately not here: what follows from them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import channels, conversations, sender_identity
from app.domain.channels import ChannelFacts
from app.domain.inbound.reading import Reading
from app.errors import NotFound
from app.mail import tokens

_LOOP_MARK = sender_identity.LOOP_MARK.lower()
_MOST_IDS = 50
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"\[(fwt-[a-z0-9.]{20,60})\]")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a mail carries of ours. Message and conversation ids are signed, not yet looked up."""

    is_own: bool = False
    forwarding_test: str | None = None  # the test that it is the mail of
    conversation_id: str | None = None  # by the tag of the reply address
    returned: tuple[str, int] | None = None  # message and recipient, by the return path
    answered: tuple[str, ...] = ()  # messages, by the ids in the header, the nearest first
    reported: str | None = None  # the message that a report is about, by its id
    owner_token: str | None = None  # the token of the notice that it answers; perhaps too old


NOTHING = Marks()


def marks_of(keys: tokens.Keys, account_id: str, recipient: str, reading: Reading) -> Marks:
    """The signs of a mail that came to the account for this recipient of the envelope. Pure."""
    mail = reading.mail
    own = [one.strip() for one in mail.headers.values(_LOOP_MARK)[:5]]
    report = reading.report
    test = _forwarding_test(keys, reading)
    owner = (one.partition("@")[0] for one in reading.mentioned[:_MOST_IDS])
    answered = (tokens.read_message_id(keys, one) for one in reading.mentioned[:_MOST_IDS])
    return Marks(
        is_own=test is not None
        or any(
            tokens.is_own_mark(keys, one, account_id=account_id, message_id=reading.message_id)
            for one in own
        ),
        forwarding_test=test,
        conversation_id=tokens.read_reply_address(keys, recipient),
        returned=tokens.read_return_path(keys, recipient),
        answered=tuple(dict.fromkeys(one for one in answered if one)),
        reported=tokens.read_message_id(keys, report.original_message_id) if report else None,
        owner_token=next((one for one in owner if _is_owner_token(keys, one)), None),
    )


def _is_owner_token(keys: tokens.Keys, text: str) -> bool:
    """Signed by us, if perhaps long ago."""
    return tokens.read_owner_token(keys, text.strip("<> "), now=_LONG_AGO) is not None


def _forwarding_test(keys: tokens.Keys, reading: Reading) -> str | None:
    """By its Message-ID, else by the token in its subject: groups give mail a new id."""
    found = _TOKEN.search(reading.mail.subject[:300])
    for one in (reading.message_id, found[1] if found else ""):
        named = tokens.read_message_id(keys, one)
        if named is not None and named.startswith("fwt_"):
            return named
    return None


async def accepting(
    db: AsyncSession, addresses: Collection[str], keys: tokens.Keys | None
) -> dict[str, ChannelFacts]:
    """
    The channels that take mail for these recipients, by recipient as given (D1).

    Besides the channels' own addresses: return paths of mail that they have sent. Those of a
    channel that was deleted meanwhile come back, too; its mail is still about.
    """
    found = await channels.accepting(db, addresses)
    if keys is None:
        return found
    for address in addresses:
        returned = tokens.read_return_path(keys, address) if address not in found else None
        if returned is not None:
            facts = await _sender_of(db, address, returned[0])
            if facts is not None:
                found[address] = facts
    return found


async def _sender_of(db: AsyncSession, address: str, message_id: str) -> ChannelFacts | None:
    """The channel that sent the message whose return path this is."""
    owners = await channels.owners_of(db, [address])
    hosted = [owner.account_id for owner in owners.values()]
    host = address.rpartition("@")[2].lower()
    for account_id in hosted or await sender_identity.accounts_with_return_path(db, host):
        try:
            message = await conversations.get_message(db, account_id, message_id)
            return await channels.facts_of(db, account_id, message.channel_id)
        except NotFound:
            continue
    return None
