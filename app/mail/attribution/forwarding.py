"""
A person of the team forwards by hand: the forwarded mail's author is the author (E4).

Where that is somebody of the team again, or the channel itself, the mail that was forwarded to
him counts. What holds nobody else's mail is the teammate's own word, and so is what a mail system
wrote: it is nobody's. The team address forwards, too: by a rule of its mailbox, or by whoever works
in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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
from app.mail.reports.wording import (
    is_daemon,
    is_failure_subject,
    is_mail_system,
    squeezed,
    tells_failure,
)

_OF_A_MACHINE = "A mail system wrote it: it makes nobody a contact."
DEPTH = 4  # forwards within forwards that are looked into
_LONGEST_NOTICE = 16_000
_PEOPLE = 50  # of To and of Cc who are looked at


@dataclass(frozen=True, slots=True)
class _Layer:
    """One forward: what was found, how, and what the forwarder wrote above it."""

    method: str
    original: Original
    comment: str
    evidence: str


def unwrap(mail: Mail, around: Surroundings, through: Attribution | None = None) -> Attribution:
    """
    A forward by hand: an attached mail first, else the block in the body (E4).

    `through` is the undone rewriting, when the teammate's mail came by the channel's own group.
    """
    sender = through.author if through else mail.sender
    seen = _forwarder_candidates(mail, through)
    return _looked_through(mail, around, sender, seen) or _own_words(sender, seen, through)


def passed_on(mail: Mail, around: Surroundings) -> Attribution | None:
    """
    What the team address itself has forwarded to the channel: the forwarded mail's author (E3).

    None when it holds nobody else's mail, or was written to other people alone: a copy of that is
    our own mail. A mail of the team's that a rule passed on is the teammate's own word.
    """
    boxes = (*mail.to[:_PEOPLE], *mail.cc[:_PEOPLE])
    if not any(canonical(box.address) in around.own_addresses for box in boxes):
        return None
    sender, reason = mail.sender, "From is an address of this channel, which forwards."
    seen = [Candidate("from", sender.name, sender.address, False, reason)]
    decision = _looked_through(mail, around, sender, seen)
    if decision is not None:
        decision.arrival = REWRITTEN
        return decision
    for one in seen[1:]:
        if around.is_teammate(canonical(one.address)):
            told = Mailbox(one.name, one.address)
            return _own_words(told, seen, Attribution(TEAMMATE, one.method, told))
    if any(one.reason == _OF_A_MACHINE for one in seen):
        return Attribution(REWRITTEN, "none", Mailbox("", ""), unresolved=True, candidates=seen)
    return None


def _looked_through(
    mail: Mail, around: Surroundings, sender: Mailbox, seen: list[Candidate]
) -> Attribution | None:
    """The outermost author who is not ours; whoever is passed over joins `seen`."""
    layer = _outermost(mail)
    comment = layer.comment if layer else ""
    for _ in range(DEPTH):
        if layer is None:
            break
        author = _author_of(layer.original, around)
        if _is_of_machine(author, layer.original):
            told = Candidate(layer.method, author.name, author.address, False, _OF_A_MACHINE)
            seen.append(told)
            break
        if not _is_ours(author, around):
            return _forwarded(layer, author, comment, sender, seen)
        reason = "It names the channel itself, or a person of this account."
        seen.append(Candidate(layer.method, author.name, author.address, False, reason))
        layer = _within(layer.original)
    return None


def _forwarder_candidates(mail: Mail, through: Attribution | None) -> list[Candidate]:
    reason = "It is a person of this account who forwards."
    if through is None:
        return [Candidate("from", mail.sender.name, mail.sender.address, False, reason)]
    return [
        replace(one, accepted=False, reason=reason) if one.accepted else one
        for one in through.candidates
    ]


def _own_words(sender: Mailbox, seen: list[Candidate], through: Attribution | None) -> Attribution:
    """The teammate himself is the author: no forward, or only of our own mail."""
    method = through.method if through else "from"
    reason = "A person of this account wrote it; it holds nobody else's mail."
    others = [one for one in seen if one.method != method]
    accepted = Candidate(method, sender.name, sender.address, True, reason)
    return Attribution(TEAMMATE, method, sender, candidates=[accepted, *others])


def _outermost(mail: Mail) -> _Layer | None:
    attached = find_embedded(mail)
    if attached is not None:
        return _Layer("attached-message", attached, attached.words, "The mail is attached whole.")
    return _block(mail.subject, mail.text, mail.html)


def _within(original: Original) -> _Layer | None:
    if original.whole is not None:
        return _outermost(original.whole)
    return _block(original.subject, original.text, original.html)


def _block(subject: str, text: str, html: str) -> _Layer | None:
    block = forwards.find_forward(subject, text, html)
    if block is None:
        return None
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
    return _Layer("inline-forward", original, block.comment, block.evidence)


def _author_of(original: Original, around: Surroundings) -> Mailbox:
    """The author of the original, undone once when it came through the rewriting group itself."""
    author = original.author
    inner = unwrap_address(author.address)
    if canonical(author.address) in around.own_addresses and original.whole is not None:
        again = undo(original.whole, around)
        return again.author if again.arrival == REWRITTEN and not again.unresolved else author
    domain = canonical(author.address).rpartition("@")[2]
    if inner and domain in {own.rpartition("@")[2] for own in around.own_addresses}:
        return Mailbox(author.name, inner)
    return author


def _is_ours(author: Mailbox, around: Surroundings) -> bool:
    address = canonical(author.address)
    return bool(address) and (address in around.own_addresses or around.is_teammate(address))


def _is_of_machine(author: Mailbox, original: Original) -> bool:
    """Is it a mail system's own mail, a bounce above all?"""
    if is_mail_system(author.address, author.name):
        return True
    if original.whole is not None and original.whole.root.content_type == "multipart/report":
        return True
    if not is_daemon(author.address, author.name):
        return False
    notice = squeezed(original.text[:_LONGEST_NOTICE])
    return is_failure_subject(original.subject, anywhere=True) or tells_failure(notice)


def _forwarded(
    layer: _Layer, author: Mailbox, comment: str, sender: Mailbox, seen: list[Candidate]
) -> Attribution:
    known = is_addr_spec(author.address)
    reason = layer.evidence if known else f"{layer.evidence} It names nobody by address."
    found = Candidate(layer.method, author.name, author.address, known, reason)
    return Attribution(
        TEAMMATE,
        layer.method,
        author,
        unresolved=not known,
        forwarder=sender.address,
        comment=comment,
        original=layer.original,
        candidates=[*seen, found],
    )
