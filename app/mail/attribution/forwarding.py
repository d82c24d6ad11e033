"""A person of the team forwards by hand: the forwarded mail's author is the author (E4)."""

from __future__ import annotations

from app.mail import forwards
from app.mail.addresses import canonical, is_addr_spec
from app.mail.attribution.embedded import find_embedded
from app.mail.attribution.rewriting import undo, unwrap_address
from app.mail.attribution.values import (
    REWRITTEN,
    TEAMMATE,
    Attribution,
    Candidate,
    Original,
    Surroundings,
)
from app.mail.message import Mail, Mailbox


def unwrap(mail: Mail, around: Surroundings) -> Attribution:
    """A forward by hand: an attached mail first, else the block in the body (E4)."""
    forwarder = mail.sender.address
    first = Candidate(
        "from", mail.sender.name, forwarder, False, "From is a person of this account who forwards."
    )
    found = find_embedded(mail)
    if found is not None:
        return _forwarded("attached-message", found, mail.text, forwarder, first, around)
    block = forwards.find_forward(mail.subject, mail.text, mail.html)
    if block is not None:
        original = Original(
            author=block.author,
            to=block.to,
            cc=block.cc,
            subject=block.subject,
            sent_at=block.sent_at,
            text=block.text,
            html=block.html,
            message_id=block.message_id,
        )
        return _forwarded(
            "inline-forward", original, block.comment, forwarder, first, around, block.evidence
        )
    note = Candidate(
        "from", mail.sender.name, forwarder, True, "A person of this account wrote it; no forward."
    )
    return Attribution(TEAMMATE, "from", mail.sender, forwarder=None, candidates=[note])


def _forwarded(
    method: str,
    original: Original,
    comment: str,
    forwarder: str,
    first: Candidate,
    around: Surroundings,
    evidence: str = "The mail is attached whole.",
) -> Attribution:
    author = original.author
    inner = unwrap_address(author.address)
    if canonical(author.address) in around.own_addresses and original.whole is not None:
        # The attached mail came through the rewriting group itself: undo that once.
        again = undo(original.whole, around)
        author = again.author if again.arrival == REWRITTEN and not again.unresolved else author
    elif inner and canonical(author.address).rpartition("@")[2] in {
        own.rpartition("@")[2] for own in around.own_addresses
    }:
        author = Mailbox(author.name, inner)
    known = is_addr_spec(author.address)
    seen = Candidate(
        method,
        author.name,
        author.address,
        known,
        evidence if known else f"{evidence} It names nobody by address.",
    )
    return Attribution(
        TEAMMATE,
        method,
        author,
        unresolved=not known,
        forwarder=forwarder,
        comment=comment,
        original=original,
        candidates=[first, seen],
    )
