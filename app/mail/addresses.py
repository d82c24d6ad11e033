"""
Mailboxes in header fields (RFC 5322 3.4), read leniently, and addresses for comparing.

Every scan is linear: an unclosed quote, comment or bracket is looked for once and then taken as an
ordinary character.
"""

from __future__ import annotations

import re
from functools import lru_cache

from app.mail import charsets
from app.mail.message import Mailbox
from app.mail.words import decode_words

_LONGEST_FIELD = 1_000_000
_LONGEST_NAME = 500
_LONGEST_ADDRESS = 998

_SIMPLE = re.compile(
    r'(?:"([^"\\\x00-\x1f]*)"|([^"\\<>,;:()@\[\]]*))\s*<([^\s<>"(),:;\\\[\]]+@[^\s<>"(),:;\\\[\]@]+)>'
)
_BARE = re.compile(r'[^\s<>"(),:;\\\[\]=@\']+@[^\s<>"(),:;\\\[\]@\']+')
_WORD = r"=\?[^?\s]{0,80}\?[bBqQ]\?[^?<>]{0,2000}\?="
_TOKEN = re.compile(_WORD + r'|[^\s"(),:;<>=\\]+|\s+|\\.|.', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"\([^()]*\)")
_MAILTO = re.compile(r"\s*[\[(]?mailto:\s*", re.IGNORECASE)
_QUOTED_ADDRESS = re.compile(r'"(?:[^"\\]|\\.){1,300}"@[^\s@]+')
_ADDRESS_IN_TEXT = re.compile(r"[^\s<>()\[\],;:\"]{1,320}@[^\s<>()\[\],;:\"@]{1,255}")


def parse_mailboxes(value: str) -> tuple[Mailbox, ...]:
    """
    The mailboxes of a From, To, Cc … value in their order, groups flattened (RFC 5322 3.4).

    Names are decoded (RFC 2047), also within quotes. A part without an address becomes a mailbox
    with a name only; an address without `@` is kept as it stands.
    """
    if len(value) < 400:
        return _parse_short(value)
    return _parse(value[:_LONGEST_FIELD])


def _parse(value: str) -> tuple[Mailbox, ...]:
    value = value.strip()
    if not value:
        return ()
    simple = _SIMPLE.fullmatch(value)
    if simple is not None:
        return (_mailbox(simple[1] if simple[1] is not None else simple[2], simple[3]),)
    if _BARE.fullmatch(value):
        return (_mailbox("", value),)
    found = _Reader(value).mailboxes()
    if "=?" in value and not any("@" in box.address for box in found):
        decoded = decode_words(value)
        if "@" in decoded and decoded != value:
            found = _Reader(charsets.clean_line(decoded)).mailboxes()
    return tuple(found)


_parse_short = lru_cache(maxsize=4096)(_parse)


def _mailbox(name: str, address: str) -> Mailbox:
    return Mailbox(_shown(name), address[:_LONGEST_ADDRESS])


def _shown(name: str) -> str:
    name = charsets.clean_line(decode_words(name)) if name else ""
    if (len(name) > 1 and name[0] == name[-1] == "'") or name[:1] == name[-1:] == '"':
        name = name[1:-1].strip()
    if "  " in name:
        name = " ".join(name.split())
    return name[:_LONGEST_NAME]


class _Reader:
    """One pass over a field value; the element under way is what stands since the last comma."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.found: list[Mailbox] = []
        self.no_quote = self.no_comment = self.no_bracket = False
        self.pending = ""  # words before a comma that belong to no address yet
        self.last_semicolon = value.rfind(";")
        self.clear()

    def clear(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None

    def mailboxes(self) -> list[Mailbox]:
        value, position, end = self.value, 0, len(self.value)
        while position < end:
            token = _TOKEN.match(value, position)
            assert token is not None  # the last branch matches any character
            mark = token[0]
            if mark == '"':
                position = self.quoted(position)
            elif mark == "(":
                position = self.comment(position)
            elif mark == "<":
                position = self.bracket(position)
            else:
                position = token.end()
                self.plain(mark, position)
        self.close()
        self.keep_pending()
        return self.found

    def plain(self, mark: str, position: int) -> None:
        if mark == "," or mark == ";":
            self.close()
            if mark == ";":
                self.keep_pending()
        elif mark == ":" and position <= self.last_semicolon and self.names_a_group():
            self.clear()
            self.pending = ""
        elif mark.isspace():
            self.words.append(" ")
        elif mark not in ("<", ">"):
            self.words.append(mark)

    def names_a_group(self) -> bool:
        text = "".join(self.words).strip()
        return "@" not in text and "[" not in text and text.lower() != "mailto" and not self.angle

    def quoted(self, start: int) -> int:
        end = -1 if self.no_quote else _closing_quote(self.value, start + 1)
        if end < 0:
            self.no_quote = True
            return start + 1
        text = self.value[start + 1 : end]
        if self.value[end + 1 : end + 2] == "@" or self.words[-1:] == ["."]:
            self.words.append(f'"{text}"')  # a quoted local part stays as it is
        else:
            self.words.append(_QUOTED_PAIR.sub(r"\1", text) if "\\" in text else text)
        return end + 1

    def comment(self, start: int) -> int:
        end = -1 if self.no_comment else _closing_parenthesis(self.value, start)
        if end < 0:
            self.no_comment = True
            self.words.append(" ")
            return start + 1
        text = self.value[start + 1 : end]
        self.comments.append(_QUOTED_PAIR.sub(r"\1", text) if "\\" in text else text)
        return end + 1

    def bracket(self, start: int) -> int:
        end = -1 if self.no_bracket else self.value.find(">", start)
        if end < 0:
            self.no_bracket = True
            rest = self.value[start + 1 :].split(",", 1)[0]
            if "@" in rest and self.angle is None:
                self.angle = rest
                return start + 1 + len(rest)
            return start + 1
        inner = self.value[start + 1 : end]
        if '"' in inner:  # a quoted local part may hold the bracket
            end = self.bracket_end(start, end)
            inner = self.value[start + 1 : end]
        inner = inner[inner.rfind("<") + 1 :]
        if self.angle is not None and "@" in self.angle and "@" in inner:
            self.close()
        if self.angle is None or "@" in inner:
            self.angle = inner
        return end + 1

    def bracket_end(self, start: int, end: int) -> int:
        quote = self.value.find('"', start, end)
        closing = _closing_quote(self.value, quote + 1)
        if closing > end:
            after = self.value.find(">", closing)
            return after if after >= 0 else end
        return end

    def close(self) -> None:
        """End the element: at a comma, at the end of a group, at the end of the value."""
        text = "".join(self.words).strip()
        angle = self.angle
        if angle is not None:
            self.with_bracket(text, angle)
        elif "@" in text:
            self.keep_pending()
            self.without_bracket(text)
        elif text and self.comments and not self.pending and " " not in text:
            self.found.append(_mailbox(" ".join(self.comments), text))  # a local name (RFC 822)
        elif text:
            self.pending = f"{self.pending}, {text}" if self.pending else text
        self.clear()

    def with_bracket(self, text: str, angle: str) -> None:
        if self.pending:
            text = f"{self.pending}, {text}"
            self.pending = ""
        address = _clean_address(angle)
        if "@" not in address and "@" in text:
            inner = _ADDRESS_IN_TEXT.search(text)
            if inner is not None:
                address, text = _clean_address(inner[0]), text.replace(inner[0], "").strip()
        name = text or " ".join(self.comments)
        self.found.append(_mailbox(name, address))

    def without_bracket(self, text: str) -> None:
        text = _MAILTO.sub(" ", text).strip()
        name = " ".join(self.comments)
        if " " not in text or _QUOTED_ADDRESS.fullmatch(text):
            self.found.append(_mailbox(name, _clean_address(text)))
            return
        tight = re.sub(r"\s*([@.])\s*", r"\1", text)
        if " " not in tight:
            self.found.append(_mailbox(name, _clean_address(tight)))
            return
        inner = list(dict.fromkeys(_ADDRESS_IN_TEXT.findall(decode_words(text))))
        if not inner:
            self.found.append(_mailbox(text, ""))
        elif len(inner) == 1:
            rest = decode_words(text).replace(inner[0], "").strip(" \"'-[]")
            self.found.append(_mailbox(rest or name, _clean_address(inner[0])))
        else:
            self.found += [_mailbox("", _clean_address(one)) for one in inner]

    def keep_pending(self) -> None:
        if self.pending and not self.pending.endswith(":"):  # a group that names nobody
            self.found.append(_mailbox(self.pending, ""))
        self.pending = ""


def _closing_quote(value: str, position: int) -> int:
    while True:
        quote = value.find('"', position)
        if quote < 0:
            return -1
        slashes = quote
        while slashes > position and value[slashes - 1] == "\\":
            slashes -= 1
        if (quote - slashes) % 2 == 0:
            return quote
        position = quote + 1


_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)


def _closing_parenthesis(value: str, start: int) -> int:
    depth = 0
    for match in _PARENTHESIS.finditer(value, start):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
            if not depth:
                return match.start()
    return -1


def _clean_address(address: str) -> str:
    """An addr-spec without route (RFC 5322 4.4), mailto:, blanks, quotes and brackets around it."""
    address = charsets.clean_line(decode_words(address)) if address else ""
    address = _MAILTO.sub("", address).strip(" \t<>")
    if address[:1] == "[" or (address[-1:] == "]" and "[" not in address):
        address = address.strip("[]")
    if "(" in address and '"' not in address:
        address = _COMMENT.sub("", address)
    if address.startswith("@") and ":" in address:
        address = address.rpartition(":")[2]
    local, at, domain = address.rpartition("@")
    if not at:
        return address.strip("'\" ")
    domain = re.sub(r"\s+", "", domain).strip("'\"").rstrip(".")
    local = local.strip()
    if local[:1] == "'" and address[-1:] == "'":
        local = local[1:]
    if " " in local and not (local[:1] == '"' == local[-1:]):
        local = re.sub(r"\s+", "", local)
    return f"{local}@{domain}"


@lru_cache(maxsize=8192)
def canonical(address: str) -> str:
    """The form in which addresses are compared: lower case, domain as ASCII A-labels (IDNA)."""
    local, at, domain = address.strip().strip("<>").rpartition("@")
    domain = domain.rstrip(".")
    if not domain.isascii():
        domain = ".".join(_a_label(label) for label in re.split("[.\u3002\uff0e\uff61]", domain))
    return f"{local}{at}{domain}".lower()


def _a_label(label: str) -> str:
    if label.isascii() or len(label) > 63:
        return label
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:
        return label


_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_LABEL = re.compile(r"(?!-)[A-Za-z0-9\x80-\U0010ffff-]{1,63}(?<!-)")
_LITERAL = re.compile(r"\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]")


def is_addr_spec(text: str) -> bool:
    """Whether this is an address that mail can be sent to (RFC 5321 4.1.2, lengths of 4.5.3.1)."""
    local, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or len(local.encode()) > 64 or len(domain) > 255:
        return False
    if not _DOT_ATOM.fullmatch(local) and not _QUOTED_LOCAL.fullmatch(local):
        return False
    if domain.startswith("["):
        return _LITERAL.fullmatch(domain) is not None
    return all(_LABEL.fullmatch(label) for label in domain.split("."))
