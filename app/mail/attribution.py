"""
Who really wrote a mail: the arrival is classified first, then candidates are looked at in order.

Every candidate is recorded with why it was accepted or not. Never candidates, whatever they say:
X-Forwarded-For, Return-Path, Sender and the envelope sender; they name the forwarder (E6).
Deliberately not here: what follows from the decision (contacts, conversations).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from app.mail import forwards
from app.mail.addresses import canonical, is_addr_spec
from app.mail.message import Mail, Mailbox, Part
from app.mail.parse import embedded_mail

TRANSPARENT, REWRITTEN, TEAMMATE = "transparent", "rewritten", "teammate"
GATEWAY, MACHINE, OWN = "gateway", "machine", "own"

REPORTS = frozenset({"bounce", "delivery_receipt", "complaint"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the account knows that matters; all addresses canonical."""

    own_addresses: frozenset[str]  # the channel's public, further and hosted addresses
    gateways: frozenset[str] = frozenset()
    is_teammate: Callable[[str], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might be the author, and why that was believed or not."""

    method: str
    name: str
    address: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Original:
    """The embedded mail of a forward."""

    author: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str = ""
    part: Part | None = None  # the embedded mail, when it came whole


@dataclass(slots=True)
class Attribution:
    """The decision: who wrote it, how that was found, and how far it can be believed."""

    arrival: str
    method: str
    author: Mailbox
    trust: str = "unverified"
    unresolved: bool = False
    forwarder: str | None = None
    comment: str = ""  # the forwarding teammate's own words
    original: Original | None = None
    candidates: list[Candidate] = field(default_factory=list)


def attribute(mail: Mail, mail_class: str, around: Surroundings) -> Attribution:
    """
    Decide who wrote `mail`. Pure; the same bytes and facts give the same decision.

    `mail_class` is the verdict of `classify`: reports about earlier mail (bounce, receipt,
    complaint) are written by a machine and make nobody a contact.
    """
    sender = canonical(mail.sender.address)
    if mail_class in REPORTS:
        return _as_received(mail, MACHINE, "It is a report about an earlier mail.")
    if sender in around.own_addresses or _is_rewritten_form(mail, around):
        decision = _rewritten(mail, around)
    elif around.is_teammate(sender):
        decision = _teammate(mail, around)
    elif sender in around.gateways:
        decision = _gateway(mail, around)
    else:
        decision = _as_received(mail, TRANSPARENT, "From is nobody of ours and was left intact.")
    if mail_class != "human" and decision.arrival == TRANSPARENT:
        decision.arrival = MACHINE
    decision.forwarder = decision.forwarder or _resent_by(mail, around)
    return decision


# ---------------------------------------------------------------------------- From as it stands


def _as_received(mail: Mail, arrival: str, reason: str) -> Attribution:
    """The author is the header From; without an address nobody is known."""
    known = is_addr_spec(mail.sender.address)
    seen = Candidate(
        "from",
        mail.sender.name,
        mail.sender.address,
        known,
        reason if known else "From holds no address.",
    )
    return Attribution(
        arrival,
        "from" if known else "none",
        mail.sender,
        unresolved=not known and arrival != MACHINE,
        candidates=[seen],
    )


def _resent_by(mail: Mail, around: Surroundings) -> str | None:
    """Who passed the mail on with Resent-… fields (RFC 5322, 3.6.6): forwarder, never author."""
    for box in mail.headers.mailboxes("resent-from"):
        if is_addr_spec(box.address):
            return box.address
    return None


# ------------------------------------------------------------------------------------ rewritten

_VIA = re.compile(
    r"\s+(?:via|über|par|por|tramite|przez|через|經由|経由)\s+\S.{0,120}$", re.I | re.S
)
_ON_BEHALF = re.compile(r"^['\"]?(.{1,200}?)['\"]?\s+(?:via|on behalf of)\s+.{1,200}$", re.I | re.S)
_LIST_SIGNS = (
    "x-original-from",
    "x-original-sender",
    "x-mailman-version",
    "x-mailman-original-from",
    "x-beenthere",
    "x-google-group-id",
    "list-id",
    "list-post",
    "mailing-list",
)
_SRS = re.compile(r"^srs[01][=+-]", re.I)
_EQUALS_FORM = re.compile(r"^([^=@\s]{1,64})=([a-z0-9-]+(?:\.[a-z0-9-]+)+)$", re.I)
_SRS0 = re.compile(r"^srs0[=+-][^=]*=[^=]*=([^=]+)=(.+)$", re.I)
_SRS1 = re.compile(r"^srs1[=+-][^=]*=[^=]*=[=+-][^=]*=[^=]*=([^=]+)=(.+)$", re.I)


def unwrap_address(address: str) -> str | None:
    """
    The address inside an SRS0, SRS1 or `user=domain@` form; None when it is no such form.

    Sources: the Sender Rewriting Scheme (local part `SRS0=hash=time=domain=user`), and the
    `user=domain@forwarder` form of managed senders.
    """
    local, at, _ = address.rpartition("@")
    if not at:
        return None
    for pattern in (_SRS0, _SRS1):
        found = pattern.match(local)
        if found:
            inner = f"{found[2]}@{found[1]}"
            return inner if is_addr_spec(inner) else None
    if _SRS.match(local):
        return None
    found = _EQUALS_FORM.match(local)
    if found:
        inner = f"{found[1]}@{found[2]}"
        return inner if is_addr_spec(inner) else None
    return None


def _is_rewritten_form(mail: Mail, around: Surroundings) -> bool:
    """Is From an SRS-like form at a domain of the channel (a forwarder that rewrites From)?"""
    domain = canonical(mail.sender.address).rpartition("@")[2]
    domains = {own.rpartition("@")[2] for own in around.own_addresses}
    return domain in domains and unwrap_address(mail.sender.address) is not None


def _rewritten(mail: Mail, around: Surroundings) -> Attribution:
    """From is the channel's own: undo the rewriting, or say that it cannot be undone (E3, E7)."""
    headers = mail.headers
    signs = [name for name in _LIST_SIGNS if name in headers]
    foreign = [box for box in mail.reply_to if _is_foreign(box, around)]
    named = _VIA.search(mail.sender.name) or _inner_address(mail.sender.name)
    inner = unwrap_address(mail.sender.address)
    if not (signs or foreign or named or inner):
        own = _as_received(mail, OWN, "From is our own address and nothing shows a rewriting.")
        own.unresolved = False
        return own
    candidates: list[Candidate] = []
    chosen: Candidate | None = None
    for candidate in _rewritten_candidates(mail, around):
        if chosen is None and candidate.accepted:
            chosen = candidate
        elif candidate.accepted:
            candidate = _outdone(candidate, chosen)
        candidates.append(candidate)
    first = Candidate(
        "from",
        mail.sender.name,
        mail.sender.address,
        False,
        "From is an address of this channel, so it was rewritten.",
    )
    candidates.insert(0, first)
    if chosen is None:
        name = _plain_name(mail.sender.name)
        return Attribution(
            REWRITTEN, "none", Mailbox(name, ""), unresolved=True, candidates=candidates
        )
    agreeing = {c.method for c in candidates if canonical(c.address) == canonical(chosen.address)}
    return Attribution(
        REWRITTEN,
        chosen.method,
        Mailbox(chosen.name, chosen.address),
        trust="consistent" if len(agreeing) > 1 else "unverified",
        candidates=candidates,
    )


def _outdone(candidate: Candidate, chosen: Candidate | None) -> Candidate:
    assert chosen is not None
    same = canonical(candidate.address) == canonical(chosen.address)
    reason = f"It agrees with {chosen.method}." if same else f"{chosen.method} comes before it."
    return Candidate(candidate.method, candidate.name, candidate.address, False, reason)


def _rewritten_candidates(mail: Mail, around: Surroundings) -> Iterable[Candidate]:
    """The candidates of E3 in their order, each judged by itself."""
    headers = mail.headers
    for method in ("x-original-from", "x-original-sender"):
        for box in headers.mailboxes(method)[:1]:
            yield _judged(method, _named(box, mail), around)
    inner = unwrap_address(mail.sender.address)
    if inner:
        yield _judged("from", Mailbox(_plain_name(mail.sender.name), inner), around)
    yield from _mailman_candidates(mail, around)
    if mail.reply_to:
        yield _reply_to_candidate(mail, around)
    in_name = _inner_address(mail.sender.name)
    if in_name:
        yield _judged("display-name", Mailbox("", in_name), around)
    embedded = _embedded(mail)
    if embedded is not None:
        yield _judged("attached-message", embedded.author, around)


def _mailman_candidates(mail: Mail, around: Surroundings) -> Iterable[Candidate]:
    """
    What Mailman leaves when it munges From: X-Mailman-Original-From, else Reply-To or Cc.

    Mailman puts the author into Reply-To, or into Cc when the list sets its own Reply-To; the name
    in From ("Anne via List") tells which of several it is.
    """
    headers = mail.headers
    for box in headers.mailboxes("x-mailman-original-from")[:1]:
        yield _judged("mailman", _named(box, mail), around)
    if not _VIA.search(mail.sender.name):
        return
    name = _plain_name(mail.sender.name)
    is_list = any(field in headers for field in ("x-mailman-version", "x-beenthere", "list-id"))
    nameless = (*headers.mailboxes("x-mailfrom")[:1], *mail.reply_to) if is_list else ()
    for box in nameless:
        if _is_foreign(box, around) and (not box.name or _same_name(name, box)):
            yield _judged("mailman", Mailbox(box.name or name, box.address), around)
            return
    # In Cc stand other people too: only one with the very name that From has kept is the author.
    for box in (*mail.reply_to, *mail.cc):
        if _is_foreign(box, around) and _same_name(name, box):
            yield _judged("mailman", box, around)
            return


def _reply_to_candidate(mail: Mail, around: Surroundings) -> Candidate:
    foreign = [box for box in mail.reply_to if _is_foreign(box, around)]
    if len(foreign) != 1:
        box = mail.reply_to[0]
        reason = "Reply-To is our own." if not foreign else "Reply-To names several people."
        return Candidate("reply-to", box.name, box.address, False, reason)
    return _judged("reply-to", _named(foreign[0], mail), around)


def _judged(method: str, box: Mailbox, around: Surroundings) -> Candidate:
    if not is_addr_spec(box.address):
        return Candidate(method, box.name, box.address, False, "It holds no address.")
    if canonical(box.address) in around.own_addresses:
        return Candidate(method, box.name, box.address, False, "It is an address of this channel.")
    return Candidate(
        method, box.name, box.address, True, "It names the author before the rewriting."
    )


def _is_foreign(box: Mailbox, around: Surroundings) -> bool:
    return is_addr_spec(box.address) and canonical(box.address) not in around.own_addresses


def _named(box: Mailbox, mail: Mail) -> Mailbox:
    """The mailbox with a name: its own, else the one that the rewriting left in From."""
    return box if box.name else Mailbox(_plain_name(mail.sender.name), box.address)


def _plain_name(name: str) -> str:
    """The display name without the "via Group" that the rewriting put behind it."""
    found = _ON_BEHALF.match(name.strip())
    plain = (found[1] if found else name).strip().strip("'\"").strip()
    return "" if is_addr_spec(plain) else plain


def _inner_address(name: str) -> str | None:
    """The address that a rewritten display name holds: `'ann@x.example' via Group`."""
    if "@" not in name:
        return None
    for word in re.split(r"[\s'\"<>(),;]+", name[:500]):
        if is_addr_spec(word):
            return word
    return None


def _same_name(name: str, box: Mailbox) -> bool:
    """Is it the one whose name the rewriting kept? Nameless, its local part was kept as name."""
    shown = box.name or box.address.partition("@")[0]
    return bool(_letters(name)) and _letters(name) == _letters(shown)


def _letters(name: str) -> str:
    return "".join(sorted(c for c in name.casefold() if c.isalnum()))


# ------------------------------------------------------------------------------------- teammate


def _teammate(mail: Mail, around: Surroundings) -> Attribution:
    """A forward by hand: an attached mail first, else the block in the body (E4)."""
    forwarder = mail.sender.address
    first = Candidate(
        "from", mail.sender.name, forwarder, False, "From is a person of this account who forwards."
    )
    found = _embedded(mail)
    if found is not None:
        return _forwarded("attached-message", found, mail.text, forwarder, first, around)
    block = forwards.find_forward(mail.subject, mail.text, mail.html)
    if block is not None:
        original = Original(
            block.author, block.to, block.cc, block.subject, block.sent_at, block.text, block.html
        )
        decision = _forwarded(
            "inline-forward", original, block.comment, forwarder, first, around, block.evidence
        )
        return decision
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
    if canonical(author.address) in around.own_addresses and original.part is not None:
        # The attached mail came through the rewriting group itself: undo that once.
        again = _rewritten(embedded_mail(original.part), around)
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


def _embedded(mail: Mail) -> Original | None:
    """The one mail that is attached whole; several of them decide nothing."""
    parts = [
        p for p in _outer_parts(mail.root) if p.content_type == "message/rfc822" and p.children
    ]
    if len(parts) != 1:
        return None
    inner = embedded_mail(parts[0])
    if not inner.sender.address and not inner.sender.name:
        return None
    return Original(
        inner.sender,
        inner.to,
        inner.cc,
        inner.subject,
        inner.date,
        inner.text,
        inner.html,
        part=parts[0],
    )


def _outer_parts(root: Part) -> list[Part]:
    """The parts of the mail itself, not those of mails inside of it."""
    found: list[Part] = []
    waiting = [root]
    while waiting and len(found) < 200:
        part = waiting.pop(0)
        found.append(part)
        if part.content_type != "message/rfc822":
            waiting.extend(part.children)
    return found


# -------------------------------------------------------------------------------------- gateway


def _gateway(mail: Mail, around: Surroundings) -> Attribution:
    """A form or shop that writes in its own name: its Reply-To is the author (A4)."""
    first = Candidate(
        "from", mail.sender.name, mail.sender.address, False, "From is a gateway of this channel."
    )
    if not mail.reply_to:
        none = Candidate("reply-to", "", "", False, "There is no Reply-To.")
        return Attribution(
            GATEWAY, "none", Mailbox("", ""), unresolved=True, candidates=[first, none]
        )
    seen = _reply_to_candidate(mail, around)
    if not seen.accepted:
        return Attribution(
            GATEWAY, "none", Mailbox("", ""), unresolved=True, candidates=[first, seen]
        )
    return Attribution(
        GATEWAY, "reply-to", Mailbox(seen.name, seen.address), candidates=[first, seen]
    )


__all__ = [
    "Attribution",
    "Candidate",
    "Original",
    "Surroundings",
    "attribute",
    "unwrap_address",
]
