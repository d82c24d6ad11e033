"""
Mailbox lists as mail programs print them above a forwarded mail.

That is not RFC 5322: names with bare commas, `;` between people, `[a@b]`, `(a@b)`, `<mailto:a@b>`,
`a@b<mailto:a@b>`, a name alone, the address as its own name. Nothing is guessed: an address stands
in the text literally, or the mailbox has none.

Deliberately not here: header fields of mails (`app.mail.addresses`).
"""

from __future__ import annotations

import re

from app.mail.message import Mailbox

MOST = 200  # people of one list that are read
_LONGEST = 20_000  # characters of one list that are read

_LOCAL = r"[^\s<>()\[\]\",;:@|*«»„“”＜＞（）]{1,128}"
_DOMAIN = r"(?:[^\W_](?:[\w-]{0,61}\w)?\.){1,8}[^\W\d_][\w-]{1,62}"
_ADDRESS = re.compile(rf"{_LOCAL}@{_DOMAIN}")
_MAILTO = re.compile(
    rf"[<\[(]\s{{0,3}}(?:mailto|smtp):\s{{0,3}}({_LOCAL}@{_DOMAIN})[^<>\[\]()]{{0,200}}[>\])]",
    re.IGNORECASE,
)
_LINKED = re.compile(r"(?:mailto|smtp):", re.IGNORECASE)
_REPEATED = re.compile(
    rf"(?<![^\s<>()\[\]\",;:|'])({_LOCAL}@{_DOMAIN})\s{{0,2}}<\1>", re.IGNORECASE
)
_BRACKETED = re.compile(
    rf"[<\[(＜（]{{1,2}}\s{{0,3}}'?({_LOCAL}@{_DOMAIN})\.?'?\s{{0,3}}[>\])＞）]{{0,2}}"
)
_COMMENT = re.compile(r"\s{0,3}\(([^()@]{1,100})\)")
_EXCHANGE = re.compile(r"</o=[^<]{0,500}$", re.IGNORECASE)  # a path in the place of an address
_QUOTES = "\"'“”„«»‘’‚`"


def read_mailboxes(text: str) -> tuple[Mailbox, ...]:
    """The people that a printed list names, in its order; `address` is "" for a name alone."""
    text = _tidy(text[:_LONGEST])
    people: list[Mailbox] = []
    end = 0
    for found in _BRACKETED.finditer(text):
        before = text[end : found.start()]
        end = found.end()
        *others, name = _items(before)
        people += _loose(others)
        person = _mailbox(name, found[1])
        if not (people and not person.name and people[-1].address == person.address):
            people.append(person)  # `a@b <mailto:a@b> <a@b>` is one person
        if len(people) >= MOST:
            return tuple(people[:MOST])
    if not people or _ADDRESS.search(text, end) or text[end:].lstrip()[:1] in (",", ";"):
        people += _loose(_items(text[end:]))
    return tuple(person for person in people if person.name or person.address)[:MOST]


def _tidy(text: str) -> str:
    if _LINKED.search(text):
        text = _MAILTO.sub(r"<\1>", text)
        # `a@b<a@b>` inside brackets is what is left of `<a@b<mailto:a@b>>`.
        text = _REPEATED.sub(r"<\1>", text)
        text = text.replace("<<", "<").replace(">>", ">")
    return " ".join(text.split())


def _items(text: str) -> list[str]:
    """
    The loose items in front of a bracketed address; the last is its name.

    `;` always separates, `,` only next to an address: `Doe, Ann <a@b>` is one person.
    """
    parts = _split(text)
    items: list[str] = []
    name: list[str] = []
    for separator, part in parts:
        if separator == ";" and name:
            items.append(", ".join(name))
            name = []
        if "@" in part and _ADDRESS.search(part):
            if name:
                items.append(", ".join(name))
            items.append(part)
            name = []
        elif part:
            name.append(part)
    items.append(", ".join(name))
    if len(items) > 1 and not items[-1] and parts[-1][1]:
        items.pop()  # the last part is an address, printed as the name of the bracketed one
    return items


def _split(text: str) -> list[tuple[str, str]]:
    """(separator before it, item) at every `,` and `;` outside double quotes."""
    parts: list[tuple[str, str]] = []
    start, separator, quoted = 0, "", False
    balanced = text.count('"') % 2 == 0
    for position, character in enumerate(text):
        if character == '"' and balanced:
            quoted = not quoted
        elif character in ",;，；、" and not quoted:
            parts.append((separator, text[start:position].strip()))
            start, separator = position + 1, ";" if character in ";；" else ","
    parts.append((separator, text[start:].strip()))
    return parts


def _loose(items: list[str]) -> list[Mailbox]:
    people = []
    for item in items:
        found = _ADDRESS.search(item)
        if found:
            comment = _COMMENT.match(item, found.end())  # `ann@x.example (Ann Lee)`
            people.append(_mailbox(comment[1] if comment else item[: found.start()], found[0]))
        elif item.strip(_QUOTES + " ,;") and not item.endswith(":"):  # `undisclosed-recipients:;`
            people.append(_mailbox(item, ""))
    return people


def _mailbox(name: str, address: str) -> Mailbox:
    address = address.strip(".'")
    name = clean_name(name)
    return Mailbox("" if name.casefold() == address.casefold() else name, address)


def clean_name(name: str) -> str:
    """A display name without the quotation marks and brackets around it."""
    name = _EXCHANGE.sub("", name).strip(" \t,;*<>[]").replace('\\"', '"')
    while len(name) > 1 and name[0] in _QUOTES and name[-1] in _QUOTES:
        name = name[1:-1].strip()
    if name[:1] in ('"', "„", "“", "«") and name.count(name[0]) == 1:
        name = name[1:].strip()
    if name[-1:] in ('"', "”", "»") and name.count(name[-1]) == 1:
        name = name[:-1].strip()
    found = _ADDRESS.fullmatch(name)
    return found[0] if found else name[:200]


def first_address(text: str) -> re.Match[str] | None:
    """Where the first address of a line stands, with the brackets around it."""
    return _BRACKETED.search(text) or _ADDRESS.search(text)
