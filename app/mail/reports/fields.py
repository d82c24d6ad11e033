"""
The field groups of machine-readable reports and the addresses and codes inside their fields.

Reports are written by thousands of programs: names come in any case, groups are glued together
or torn apart, addresses come with and without a type. What is unreadable is left out; nothing
here raises, and every step is linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.mail.words import decode_words

Group = dict[str, str]

_LONGEST_TEXT = 1_000_000
_LONGEST_VALUE = 2_000
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,8}:(.*)", re.DOTALL)
_OPENING = frozenset({"final-recipient", "original-recipient"})

_WIDE = "：，。；、（）【】《》「」“”‘’…"  # what surrounds addresses in East Asian texts
_LOCAL = rf"(?:\"[^\"\r\n]{{1,128}}\"|[^\s<>()\[\]\",;:@\\|{_WIDE}]{{1,320}})"
_DOMAIN = rf"(?:\[[0-9A-Fa-f:.IPv]{{2,60}}\]|[^\s<>()\[\]\"',;:@\\|/=*!?{_WIDE}]{{1,255}})"
ADDRESS = re.compile(rf"{_LOCAL}@{_DOMAIN}")
_GLUED = re.compile(r"^[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]{1,100}(?=[!-~])")
_GLUED_ON = re.compile(r"(?<=[!-~])[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]{1,200}$")
_TYPED = re.compile(r"[ \t]{0,8}([A-Za-z0-9-]{1,40})[ \t]{0,8};(.*)", re.DOTALL)
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533, section 3
_XTEXT = re.compile(r"\+(2B|3D)")  # the two printable characters that RFC 3461 encodes

ENHANCED = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)")  # RFC 3463, no IP address
REPLY = re.compile(r"(?<![\d.:/-])[45][0-5]\d(?=[ \-#:(]|$)")  # RFC 5321, 4.2


def groups(text: str) -> Iterator[Group]:
    """
    The groups of fields of a report (RFC 3464, 2.1), names in lower case, the first of a name wins.

    A group ends at an empty line, or where a second recipient begins without one.
    """
    group: Group = {}
    name = ""
    for line in text[:_LONGEST_TEXT].splitlines():
        if not line.strip():
            if group:
                yield group
            group, name = {}, ""
        elif line[0] in " \t":
            if name and len(group[name]) < _LONGEST_VALUE:
                group[name] += " " + line.strip()
        elif match := _FIELD.match(line[:_LONGEST_VALUE]):
            name = match[1].lower()
            if name in group and name in _OPENING:
                yield group
                group = {}
            if name in group:
                name = ""
            else:
                group[name] = match[2].strip()
        else:
            name = ""
    if group:
        yield group


def tidy(address: str) -> str:
    """An address as it was meant, without what texts put around it; `""` when it is none."""
    address = address.strip().strip("'*`").rstrip(".,!?-_'*`")
    if not address.isascii():  # a sentence without spaces around an address
        address = _GLUED_ON.sub("", _GLUED.sub("", address))
    local, _, domain = address.rpartition("@")
    if not local or not domain or len(address) > 320 or not _readable(address):
        return ""
    if not any(c.isalnum() for c in domain) or domain.startswith("."):
        return ""
    return address


def _readable(text: str) -> bool:
    return text.isprintable()


def typed_address(value: str) -> str:
    """The mail address in an address field (`rfc822; bob@example.com`); `""` when there is none."""
    value = value[:_LONGEST_VALUE]
    if match := _TYPED.match(value):
        kind, value = match[1].lower(), match[2]
        if kind in {"utf-8", "utf8"}:
            value = _UNICODE.sub(_character, value)
        elif kind == "rfc822":
            value = _XTEXT.sub(lambda m: chr(int(m[1], 16)), value)
    if "=?" in value:
        value = decode_words(value)
    found = ADDRESS.search(value)
    return tidy(found[0]) if found else ""


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""


def status_in(text: str) -> str:
    """The first enhanced status code in a text (RFC 3463), else `5.0.0` or `4.0.0` for a reply."""
    text = text[:_LONGEST_VALUE]
    if found := ENHANCED.search(text):
        return found[0]
    if found := REPLY.search(text):
        return f"{found[0][0]}.0.0"
    return ""


def words(text: str, most: int = 500) -> str:
    """A text on one line, printable, at most so many characters."""
    joined = " ".join(text[: most * 4].split())[:most]
    return joined if joined.isprintable() else "".join(c for c in joined if c.isprintable())
