"""
HTML as a flat run of tags and texts, in time linear in its length, whatever is broken in it.

Deliberately not here: a tree. Quotations are found by counting the tags of one name, which
survives markup that nests wrongly or a million levels deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9:]{0,30})")
_STOP = re.compile(r"[\"'>]")
_SKIPPED = frozenset(["style", "script", "title", "head"])


class Token(NamedTuple):
    """A tag (`name` in lower case, `closing`, `text` = its attributes) or text (`name` is "")."""

    name: str
    text: str
    closing: bool = False


def tokens(html: str) -> Iterator[Token]:
    """The tags and texts of `html` in their order, without comments, styles and scripts."""
    at, end = 0, len(html)
    ends = _Ends(html)
    while at < end:
        opening = html.find("<", at)
        if opening < 0:
            yield Token("", html[at:])
            return
        if opening > at:
            yield Token("", html[at:opening])
        name = _NAME.match(html, opening + 1)
        if name:
            at = ends.of_tag(name.end())
            closing = html[opening + 1] == "/"
            word = name[1].lower()
            yield Token(word, html[name.end() : at - 1], closing)
            if word in _SKIPPED and not closing:
                at = ends.of_skipped(word, at)
        elif html.startswith("<!--", opening):
            at = ends.of("-->", opening + 4)
        elif html.startswith(("<!", "<?", "</"), opening):
            at = ends.of(">", opening + 2)
        else:
            yield Token("", "<")
            at = opening + 1


class _Ends:
    """Where things end; remembers what is nowhere below, so that no search is vain twice."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._missing: set[str] = set()

    def of(self, mark: str, at: int) -> int:
        """The offset after the next `mark`; when there is none, `at` itself (the rest is text)."""
        found = self._find(mark, at)
        return at if found < 0 else found + len(mark)

    def of_tag(self, at: int) -> int:
        """The offset after the ">" that ends a tag; a ">" within quotes does not."""
        start = at
        while True:
            stop = _STOP.search(self._html, at) if ">" not in self._missing else None
            if stop is None:
                self._missing.add(">")
                return len(self._html) + 1
            if stop[0] == ">":
                return stop.end()
            close = self._find(stop[0], stop.end())
            if close < 0:
                return self._plain_end(start)
            at = close + 1

    def of_skipped(self, name: str, at: int) -> int:
        found = self._find(f"</{name}", at)
        if found < 0:
            found = self._find(f"</{name.upper()}", at)
        return at if found < 0 else found

    def _plain_end(self, at: int) -> int:
        found = self._find(">", at)
        return len(self._html) + 1 if found < 0 else found + 1

    def _find(self, mark: str, at: int) -> int:
        if mark in self._missing:
            return -1
        found = self._html.find(mark, at)
        if found < 0:
            self._missing.add(mark)
        return found
