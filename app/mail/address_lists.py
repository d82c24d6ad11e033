"""
The grammar of address lists (RFC 5322 3.4 and its obsolete forms in 4.4), read leniently.

One pass: an unclosed quote, comment or bracket is looked for once and then taken as an ordinary
character, so that no value costs more than linear time.
"""

from __future__ import annotations

import re

from app.mail import charsets
from app.mail.message import Mailbox
from app.mail.words import decode_words

_LONGEST_NAME = 500
_LONGEST_ADDRESS = 998
_MOST_MAILBOXES = 10_000
_MOST_PENDING = 20
_LONGEST_GROUP_NAME = 50  # words and blanks

_WORD = r"=\?[^?\s]{0,80}\?[bBqQ]\?[^?<>]{0,2000}\?="
_TOKEN = re.compile(_WORD + r'|[^\s"(),:;<>=\\]+|\s+|\\.|.', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT = re.compile(r"\([^()]*\)")
_MAILTO = re.compile(r"[\[(]?mailto:", re.IGNORECASE)
_QUOTED_ADDRESS = re.compile(r'"(?:[^"\\]|\\.){1,300}"@[^\s@]+')
_AROUND_ADDRESSES = re.compile(r"[\s<>()\[\],;:\"]+")
_PARENTHESIS = re.compile(r"\\.|[()]", re.DOTALL)


def read(value: str) -> list[Mailbox]:
    """The mailboxes of an address list in their order; groups are flattened."""
    return _Reader(value).mailboxes()


def mailbox(name: str, address: str) -> Mailbox:
    """A mailbox with its name as a person reads it; both are bounded in length."""
    if not address.isprintable():  # controls and lone surrogates: no address has them
        address = charsets.clean_line(address).replace(" ", "")
    return Mailbox(_shown(name), address[:_LONGEST_ADDRESS])


def _shown(name: str) -> str:
    name = charsets.clean_line(decode_words(name)) if name else ""
    if (len(name) > 1 and name[0] == name[-1] == "'") or name[:1] == name[-1:] == '"':
        name = name[1:-1].strip()
    if "  " in name:
        name = " ".join(name.split())
    return name[:_LONGEST_NAME]


class _Reader:
    """The element under way is what stands since the last comma."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.found: list[Mailbox] = []
        self.no_quote = self.no_comment = self.no_bracket = self.no_quote_in_bracket = False
        self.pending: list[str] = []  # words before commas that belong to no address yet
        self.last_semicolon = value.rfind(";")
        self.clear()

    def clear(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.angle: str | None = None

    def mailboxes(self) -> list[Mailbox]:
        value, position, end = self.value, 0, len(self.value)
        while position < end and len(self.found) < _MOST_MAILBOXES:
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
        if mark in (",", ";"):
            self.close()
            if mark == ";":
                self.keep_pending()
        elif mark == ":" and position <= self.last_semicolon and self.names_a_group():
            self.clear()
            self.pending = []
        elif mark.isspace():
            self.words.append(" ")
        elif mark != ">":
            self.words.append(mark)

    def names_a_group(self) -> bool:
        if len(self.words) > _LONGEST_GROUP_NAME:
            return False
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
        if self.no_bracket:
            return start + 1
        end = self.value.find(">", start)
        if end < 0:
            return self.unclosed_bracket(start)
        inner = self.value[start + 1 : end]
        if '"' in inner and not self.no_quote_in_bracket:  # a local part may hold the bracket
            end = self.bracket_end(start, end)
            inner = self.value[start + 1 : end]
        inner = inner[inner.rfind("<") + 1 :]
        if self.angle is not None and "@" in self.angle and "@" in inner:
            self.close()
        if self.angle is None or "@" in inner:
            self.angle = inner
        return end + 1

    def unclosed_bracket(self, start: int) -> int:
        self.no_bracket = True
        rest = self.value[start + 1 :].split(",", 1)[0]
        if "@" not in rest or self.angle is not None:
            return start + 1
        self.angle = rest
        return start + 1 + len(rest)

    def bracket_end(self, start: int, end: int) -> int:
        closing = _closing_quote(self.value, self.value.find('"', start, end) + 1)
        if 0 <= closing <= end:
            return end
        after = self.value.find(">", closing) if closing >= 0 else -1
        if after < 0:
            self.no_quote_in_bracket = True
        return after if after >= 0 else end

    def close(self) -> None:
        """End the element: at a comma, at the end of a group, at the end of the value."""
        text = " ".join("".join(self.words).split())
        if self.angle is not None:
            self.with_bracket(text, self.angle)
        elif "@" in text:
            self.keep_pending()
            self.without_bracket(text)
        elif text and self.comments and not self.pending and " " not in text:
            self.add(" ".join(self.comments), text)  # a local name (RFC 822)
        elif text:
            self.pending.append(text)
            if len(self.pending) > _MOST_PENDING:
                self.keep_pending()
        self.clear()

    def with_bracket(self, text: str, angle: str) -> None:
        text = ", ".join((*self.pending, text))
        self.pending = []
        address = _addr_spec(angle)
        if "@" not in address and "@" in text:
            for word in _addresses_in(text)[:1]:
                address, text = _addr_spec(word), text.replace(word, "").strip()
        self.add(text or " ".join(self.comments), address)

    def without_bracket(self, text: str) -> None:
        text = _MAILTO.sub(" ", text).strip()
        name = " ".join(self.comments)
        tight = text if _QUOTED_ADDRESS.fullmatch(text) else _AROUND_MARKS.sub(r"\1", text)
        if " " not in tight or tight is text:
            self.add(name, _addr_spec(tight))
            return
        text = decode_words(text)
        found = _addresses_in(text)
        if not found:
            self.add(text, "")
        elif len(found) == 1:
            rest = text.replace(found[0], "").strip(" \"'-[]")
            self.add(rest or name, _addr_spec(found[0]))
        else:
            for word in found:
                self.add("", _addr_spec(word))

    def keep_pending(self) -> None:
        text = ", ".join(self.pending)
        if text and not text.endswith(":"):  # a group that names nobody
            self.add(text, "")
        self.pending = []

    def add(self, name: str, address: str) -> None:
        self.found.append(mailbox(name, address))


_AROUND_MARKS = re.compile(r" ?([@.]) ?")


def _addresses_in(text: str) -> list[str]:
    """What looks like addresses in a text, each once."""
    words = [word.strip(".'") for word in _AROUND_ADDRESSES.split(text) if "@" in word]
    return [word for word in dict.fromkeys(words) if not word.startswith("@") and word[-1:] != "@"]


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


def _addr_spec(address: str) -> str:
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
    domain = "".join(domain.split()).strip("'\"").rstrip(".")
    local = local.strip()
    if local[:1] == "'" and address[-1:] == "'":
        local = local[1:]
    if " " in local and not (local[:1] == '"' == local[-1:]):
        local = "".join(local.split())
    return f"{local}@{domain}"
