"""
A mail's body as lines, as the search for a forward reads them.

Deliberately not here: HTML (`markup` makes the same lines of it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LINES = 4_000  # lines that are searched; a forward below them is not found
LONGEST = 20_000  # characters of a line that are looked at

_QUOTE = re.compile(r"[ \t]*(?:>[ \t]?)+|[ \t]*(?:\|[ \t]){1,10}(?=\S)")
_DROPPED = (
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    0x2060,
    *range(0x2066, 0x206A),
    0xFEFF,
    0xAD,
)
_SPACES = (0x09, 0x0B, 0x0C, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
# Invisible characters go, odd spaces become plain ones.
CLEAN: dict[int, int | None] = {**dict.fromkeys(_DROPPED), **dict.fromkeys(_SPACES, 0x20)}


@dataclass(slots=True)
class Line:
    """A line: `text` without quote marks, odd spaces and invisible characters; `raw` as it came."""

    text: str
    depth: int  # how many times it is quoted
    raw: str
    end: int = 0  # HTML: where the markup behind it begins
    marks: frozenset[str] = frozenset()  # HTML: structures that begin here


def clean(raw: str) -> tuple[str, int]:
    """(text, depth) of a raw line."""
    text = raw[:LONGEST]
    if not text.isascii():
        text = text.translate(CLEAN)
    elif "\t" in text:
        text = text.replace("\t", " ")
    if "&nbsp;" in text:  # QQ's plain text
        text = text.replace("&nbsp;", " ")
    depth = 0
    if ">" in text[:8] or "|" in text[:4]:
        quote = _QUOTE.match(text)
        if quote:
            depth = quote[0].count(">") + quote[0].count("|")
            text = text[quote.end() :]
    return text.strip(), depth


def raw_lines(text: str) -> list[str]:
    """The lines of a text, whatever ends them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def lines_of(raws: list[str]) -> list[Line]:
    """The first lines of a text."""
    return [Line(*clean(raw), raw) for raw in raws[:MOST_LINES]]


def unquoted(raws: list[str], depth: int) -> list[str]:
    """Lines without their first `depth` quote marks."""
    return [_unquoted(raw, min(depth, 20)) for raw in raws]


def _unquoted(raw: str, depth: int) -> str:
    for _ in range(depth):
        bare = raw.lstrip(" \t\ufeff")
        if bare[:1] not in (">", "|"):
            break
        raw = bare[1:].removeprefix(" ")
    return raw
