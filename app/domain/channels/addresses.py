"""
Addresses of channels, pure: what can be chosen, what is proposed, what a recipient stands for.

Deliberately not here: which addresses are taken.
"""

from __future__ import annotations

import re
from collections.abc import Container

from app.errors import invalid_field
from app.mail.addresses import canonical, is_addr_spec, parse_mailboxes

LONGEST_ADDRESS = 320  # also with its domain in A-labels
LONGEST_LOCAL_PART = 64  # octets, RFC 5321 4.5.3.1.1
FALLBACK = "support"

# Names that belong to who runs the mail system of a domain (RFC 2142), that certificate authorities
# take for the domain's owner, or that people do not expect an answer from. Nobody gets them.
RESERVED = frozenset(
    """
    abuse admin administrator arc-reports bounce bounces daemon devnull dmarc dmarc-reports
    do-not-reply donotreply fbl hostmaster list-unsubscribe mail-daemon maildaemon mailer-daemon
    mailerdaemon mta-sts no-reply no_reply noc noreply null postmaster root smtp-tls-reports srs0
    srs1 ssladmin ssladministrator sslwebmaster sysadmin tls-reports tlsrpt
    undisclosed-recipients unsubscribe usenet uucp verp webmaster
    """.split()
)

_ATEXT = r"[a-z0-9!#$%&'*/=?^_`{|}~-]"  # RFC 5322 3.2.3, lower case, without the + of tags
_LOCAL_PART = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_PLAIN_QUOTED = re.compile(r'"([^"\\]{1,64})"')


def read_local_part(text: str, *, at: str) -> str:
    """
    The local part that somebody chose, lower case (RFC 5321 4.1.2: a dot-atom here).

    Raises Invalid when it cannot be the left side of an address, or is reserved; `at` points to it.
    """
    local = text.strip().lower()
    if "@" in local:
        detail = "Only the part before the @ can be chosen; the domain is the account's."
        raise invalid_field(at, detail, "channel.bad_local_part")
    if "+" in local:
        detail = "A + is not possible here: it marks the tags of answers."
        raise invalid_field(at, detail, "channel.bad_local_part")
    if len(local) > LONGEST_LOCAL_PART or not _LOCAL_PART.fullmatch(local):
        detail = (
            f"Up to {LONGEST_LOCAL_PART} letters, digits and characters such as . - _ "
            "without a dot at either end or two in a row (RFC 5321)."
        )
        raise invalid_field(at, detail, "channel.bad_local_part")
    if is_reserved(local):
        detail = f"{local} is reserved for the operation of the mail system."
        raise invalid_field(at, detail, "channel.address_reserved")
    return local


def is_reserved(local: str) -> bool:
    """Is this local part (lower case) one that nobody is given, however its words are parted?"""
    return local in RESERVED or local.replace(".", "-").replace("_", "-") in RESERVED


def proposed_stem(team_address: str | None) -> str:
    """What a forwarding address is made of: the team address's local part where it can be (B5)."""
    local = canonical(team_address or "").rpartition("@")[0].partition("+")[0]
    fits = len(local) <= LONGEST_LOCAL_PART - 6 and _LOCAL_PART.fullmatch(local)
    return local if fits and not is_reserved(local) else FALLBACK


def first_free(stem: str, taken: Container[str]) -> str:
    """`stem`, or `stem-1`, `stem-2` …: the first that is not taken."""
    number, candidate = 0, stem
    while candidate in taken:
        number += 1
        ending = f"-{number}"
        candidate = stem[: LONGEST_LOCAL_PART - len(ending)] + ending
    return candidate


def of_channel(recipient: str) -> str:
    """
    The canonical address that a recipient stands for: without the tag behind `+` (RFC 5233), a
    quoted local part that needs no quotes without them (RFC 5321 4.1.2: both are the same).
    """
    local, at, domain = canonical(recipient).rpartition("@")
    quoted = _PLAIN_QUOTED.fullmatch(local)
    if quoted is not None:
        local = quoted[1]
    return f"{local.partition('+')[0]}{at}{domain}"


def read_address(text: str, *, at: str) -> str:
    """
    The one address in `ann@x.example` or `Ann <ann@x.example>`, its domain in lower case.

    Raises Invalid for anything else; `at` points to it.
    """
    boxes = parse_mailboxes(text) if len(text) <= 1000 and text.isprintable() else ()
    fits = len(boxes) == 1 and is_addr_spec(boxes[0].address)
    if not fits or len(canonical(boxes[0].address)) > LONGEST_ADDRESS:
        detail = "This is not a mail address such as support@acme.example."
        raise invalid_field(at, detail, "channel.bad_address")
    local, _, domain = boxes[0].address.rpartition("@")
    return f"{local}@{domain.lower()}"
