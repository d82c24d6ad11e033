"""
From was rewritten by a group or forwarder: who stood there before (E3)?

X-Original-From and X-Original-Sender, what Mailman leaves, a single Reply-To that is not ours, the
address inside the display name, the embedded mail; in this order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.mail.addresses import canonical, is_addr_spec
from app.mail.attribution.embedded import find_embedded
from app.mail.attribution.values import (
    OWN,
    REWRITTEN,
    Attribution,
    Candidate,
    Surroundings,
    as_received,
)
from app.mail.message import Mail, Mailbox

# How groups write that a mail came through them, in the languages they speak.
_VIA = re.compile(
    r"\s{1,4}(?:via|über|par|por|tramite|przez|через|經由|経由)\s{1,4}\S.{0,120}$", re.I | re.S
)
_BEHALF = re.compile(r"\son behalf of\s", re.I)
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


def is_rewritten_form(mail: Mail, around: Surroundings) -> bool:
    """Is From an SRS-like form at a domain of the channel (a forwarder that rewrites From)?"""
    domain = canonical(mail.sender.address).rpartition("@")[2]
    domains = {own.rpartition("@")[2] for own in around.own_addresses}
    return domain in domains and unwrap_address(mail.sender.address) is not None


def undo(mail: Mail, around: Surroundings) -> Attribution:
    """From is the channel's own: undo the rewriting, or say that it cannot be undone (E3, E7)."""
    headers = mail.headers
    signs = [name for name in _LIST_SIGNS if name in headers]
    foreign = [box for box in mail.reply_to if _is_foreign(box, around)]
    named = _VIA.search(mail.sender.name) or _inner_address(mail.sender.name)
    inner = unwrap_address(mail.sender.address)
    if not (signs or foreign or named or inner):
        own = as_received(mail, OWN, "From is our own address and nothing shows a rewriting.")
        own.unresolved = False
        return own
    candidates: list[Candidate] = []
    chosen: Candidate | None = None
    for candidate in _rewritten_candidates(mail, around):
        if chosen is None and candidate.accepted:
            chosen = candidate
            candidates.append(candidate)
        elif chosen is not None and candidate.accepted:
            candidates.append(_outdone(candidate, chosen))
        else:
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
        # Only a name that the rewriting has marked is a person's; else it is the group's own (E7).
        name = _plain_name(mail.sender.name) if _mark_in(mail.sender.name) else ""
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


def _outdone(candidate: Candidate, chosen: Candidate) -> Candidate:
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
        yield reply_to_candidate(mail, around)
    in_name = _inner_address(mail.sender.name)
    if in_name:
        yield _judged("display-name", Mailbox("", in_name), around)
    embedded = find_embedded(mail)
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
            yield _judged("mailman", _named(box, mail), around)
            return
    # In Cc stand other people too: only one with the very name that From has kept is the author.
    for box in (*mail.reply_to, *mail.cc):
        if _is_foreign(box, around) and _same_name(name, box):
            yield _judged("mailman", box, around)
            return


def reply_to_candidate(mail: Mail, around: Surroundings) -> Candidate:
    """Reply-To as a candidate: believed when it names exactly one person who is not ours."""
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
    if box.name:
        return box
    name = _plain_name(mail.sender.name)
    # Lists show a nameless author by the local part ("anne--- via List"): that is no name.
    made_up = _letters(name) == _letters(box.address.partition("@")[0])
    return Mailbox("" if made_up else name, box.address)


def _mark_in(name: str) -> re.Match[str] | None:
    return _BEHALF.search(name) or _VIA.search(name)


def _plain_name(name: str) -> str:
    """The display name without the "via Group" that the rewriting put behind it."""
    found = _mark_in(name)
    plain = (name[: found.start()] if found else name).strip().strip("'\"").strip()
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
