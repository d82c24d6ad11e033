"""
Reads the arguments of MAIL and RCPT: a path and parameters (RFC 5321 sections 4.1.1 and 4.1.2).

Strict: what this parser lets through can be written into a header, a list or another SMTP command
as it stands. Pure: text in, values out. One regular expression without nested choices over the
same characters does the work, so that reading a path costs microseconds.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

LOCAL_PART_LIMIT = 64
PATH_LIMIT = 256
"""
RFC 5321 section 4.5.3.1, in octets. A path counts its angle brackets, so the 255 octets of a domain
are never reached.
"""

# What RFC 6531 adds, without spaces, line separators and marks of direction; the joiners U+200C and
# U+200D are letters' parts in several scripts.
_WIDE = (
    r"\u00a1-\u167f\u1681-\u1fff\u200c\u200d\u2010-\u2027\u2030-\u205e\u2070-\u2fff"
    r"\u3001-\ud7ff\ue000-\ufefe\uff00-\U0010ffff"
)
# The underscore is no RFC 5321 domain character, but host names in reverse-paths have it.
_ATEXT = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_WIDE}-]"
_LETTER = rf"[A-Za-z0-9_{_WIDE}]"
_LABEL = rf"{_LETTER}(?:[A-Za-z0-9_{_WIDE}-]*{_LETTER})?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_DOT_STRING = rf"{_ATEXT}+(?:\.{_ATEXT}+)*"
_QUOTED = rf'"(?:[\x20\x21\x23-\x5b\x5d-\x7e{_WIDE}]|\\[\x20-\x7e])*"'
_LITERAL = r"\[[\x21-\x5a\x5e-\x7e]+\]"

_PATH = re.compile(
    rf"<(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?(?P<local>{_DOT_STRING}|{_QUOTED})"
    rf"@(?P<domain>{_DOMAIN}|{_LITERAL})>"
)
_ENCLOSED = re.compile(r'<(?:"(?:[^"\\]|\\.)*"|[^"<>])*>')
_DOT_STRING_ALONE = re.compile(_DOT_STRING)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")


class Malformed(Exception):
    """A command that is refused; `reply` is the whole line for the client."""

    def __init__(self, reply: bytes) -> None:
        super().__init__(reply)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class MailCommand:
    """MAIL FROM. `reverse_path` is "" for the null path, `size` 0 when none was announced."""

    reverse_path: str
    size: int
    smtputf8: bool


_MAIL_SYNTAX = b"501 5.5.4 Syntax: MAIL FROM:<address> [parameters]\r\n"
_RCPT_SYNTAX = b"501 5.5.4 Syntax: RCPT TO:<address>\r\n"
_BAD_SENDER = b"553 5.1.7 Malformed sender address\r\n"
_BAD_RECIPIENT = b"553 5.1.3 Malformed recipient address\r\n"
_UNKNOWN_PARAMETER = b"555 5.5.4 Parameter not recognized\r\n"
_BAD_PARAMETER = b"501 5.5.4 Malformed parameter\r\n"


def read_mail(argument: str, *, extended: bool) -> MailCommand:
    """
    The argument of MAIL. Parameters only when `extended` (after EHLO): SIZE, BODY and SMTPUTF8.

    Raises `Malformed` with 501, 553 5.1.7 or 555.
    """
    path, rest = _split(argument, "FROM:", _MAIL_SYNTAX)
    parameters = _parameters(rest, ("SIZE", "BODY", "SMTPUTF8") if extended else ())
    size = parameters.get("SIZE", "0") or ""
    if not _SIZE.fullmatch(size):
        raise Malformed(_BAD_PARAMETER)
    if (parameters.get("BODY", "7BIT") or "").upper() not in ("7BIT", "8BITMIME"):
        raise Malformed(_BAD_PARAMETER)
    if parameters.get("SMTPUTF8"):
        raise Malformed(_BAD_PARAMETER)
    # The 64 octets of a local part are not held against a sender: return paths that encode another
    # address (VERP, SRS, forwarding mailboxes) are often longer, and refusing them would lose mail
    # (RFC 5321 section 4.5.3.1: impose no limits where it can be helped).
    address = "" if path == "<>" else _address(path, _BAD_SENDER, local_part_limit=PATH_LIMIT)
    return MailCommand(address, int(size), "SMTPUTF8" in parameters)


def read_rcpt(argument: str) -> str:
    """
    The argument of RCPT: the address, or "postmaster" for `<postmaster>` (RFC 5321 section 4.5.1).

    No parameter is known (DSN is not announced). Raises `Malformed` with 501, 553 5.1.3 or 555.
    """
    path, rest = _split(argument, "TO:", _RCPT_SYNTAX)
    _parameters(rest, ())
    if path.lower() == "<postmaster>":
        return "postmaster"
    return _address(path, _BAD_RECIPIENT, local_part_limit=LOCAL_PART_LIMIT)


def _split(argument: str, keyword: str, wrong: bytes) -> tuple[str, str]:
    """The path with its brackets, and what follows it. Spaces after the colon are let be."""
    if argument[: len(keyword)].upper() != keyword:
        raise Malformed(wrong)
    text = argument[len(keyword) :].strip(" ")
    enclosed = _ENCLOSED.match(text)
    if enclosed is None:
        raise Malformed(wrong)
    rest = text[enclosed.end() :]
    if rest and rest[0] != " ":
        raise Malformed(wrong)
    return enclosed.group(), rest


def _parameters(rest: str, known: tuple[str, ...]) -> dict[str, str | None]:
    """The esmtp-parameters by keyword; one without a value has None."""
    found: dict[str, str | None] = {}
    for word in filter(None, rest.split(" ")):
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None:
            raise Malformed(_BAD_PARAMETER)
        keyword = parameter[1].upper()
        if keyword not in known:
            raise Malformed(_UNKNOWN_PARAMETER)
        if keyword in found:
            raise Malformed(_BAD_PARAMETER)
        found[keyword] = parameter[2]
    return found


def _address(path: str, wrong: bytes, *, local_part_limit: int) -> str:
    """The mailbox in a path. A source route before it is read over (RFC 5321 section 4.1.1.3)."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise Malformed(wrong)
    local, domain = match["local"], match["domain"]
    if local[0] == '"':
        local = _unquoted(local)
    if domain[0] == "[" and not _is_address_literal(domain[1:-1]):
        raise Malformed(wrong)
    if _octets(local) > local_part_limit:
        raise Malformed(wrong)
    address = f"{local}@{domain}"
    if _octets(address) + 2 > PATH_LIMIT:
        raise Malformed(wrong)
    return address


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _unquoted(local: str) -> str:
    """The local part without needless quotes: `"support"` and `support` are the same."""
    plain = re.sub(r"\\(.)", r"\1", local[1:-1])
    return plain if _DOT_STRING_ALONE.fullmatch(plain) else local


def _is_address_literal(literal: str) -> bool:
    """IPv4 or `IPv6:…` (RFC 5321 section 4.1.3); no other kind has ever been registered."""
    tag, colon, address = literal.partition(":")
    try:
        if colon and tag.upper() == "IPV6":
            ipaddress.IPv6Address(address)
        else:
            ipaddress.IPv4Address(literal)
    except ValueError:
        return False
    return True
