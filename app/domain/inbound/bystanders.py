"""
The people in To and Cc who are neither the team nor the address that the team is written to. Pure.

Of a teammate's own mail they are whom the team wrote to: their answers belong to the conversation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.domain.channels import ChannelFacts
from app.domain.conversations import Author
from app.mail.addresses import canonical
from app.mail.mailing_lists import lists_among
from app.mail.message import Mail, Mailbox

GROUP = "group"
_PEOPLE = 50


def bystanders(
    boxes: Sequence[Mailbox], facts: ChannelFacts, ours: Collection[str]
) -> tuple[Mailbox, ...]:
    """Those of the addressees who take part in the conversation besides its author."""
    known = frozenset(ours) | facts.own_addresses
    named = [box for box in boxes if box.address]
    others = [box for box in named if canonical(box.address) not in known]
    if facts.own_addresses == {facts.forwarding_address} and len(others) == len(named):
        public = _likely_public(others, facts.forwarding_address)
        others = [box for box in others if canonical(box.address) != public]
    return tuple(others)


def nameless_group(mail: Mail, facts: ChannelFacts) -> frozenset[str]:
    """
    The address of the channel's group, when nobody has said it: none, or as the mail names it.

    A group forwards what is written to it, so that the list which a mail went by is the channel's
    own when it stands in To or Cc. Anybody can write that: it tells what is no bulk, and who need
    not take part, but never whom to believe.
    """
    if facts.source != GROUP or facts.own_addresses != {facts.forwarding_address}:
        return frozenset()
    boxes = (*mail.to[:_PEOPLE], *mail.cc[:_PEOPLE])
    return lists_among(mail.headers, frozenset(canonical(box.address) for box in boxes))


def only_addressee(
    to: Sequence[Mailbox], written_to: Sequence[Mailbox], ours: Collection[str]
) -> Author | None:
    """
    The one person outside whom a mail of the team is written to, of those in `written_to`.

    None when To names several, or nobody: whose conversation it opens is not to be guessed.
    """
    outside = {canonical(one.address): one for one in to if canonical(one.address) not in ours}
    found = {canonical(one.address) for one in written_to}
    outside = {address: one for address, one in outside.items() if address}
    if len(outside) != 1 or not outside.keys() <= found:
        return None
    [box] = outside.values()
    return Author(box.name, box.address)


def _likely_public(others: Sequence[Mailbox], forwarding_address: str) -> str | None:
    """
    Which of them is the team's public address, when nobody has said it.

    The mail was forwarded, so that one of those it was written to forwards to us: the one that is
    named like the channel's address, else the first. A copy of each answer would come back to us.
    """
    local = forwarding_address.partition("@")[0]
    addresses = [canonical(box.address) for box in others]
    alike = [one for one in addresses if one.partition("@")[0] == local]
    return next(iter([*alike, *addresses]), None)
