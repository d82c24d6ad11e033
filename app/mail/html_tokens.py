"""
HTML cut into tags and text in one linear pass, as browsers cut it (HTML Living Standard, 13.2.5).

Deliberately not here: a document tree. Trees are where nesting becomes expensive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Possessive throughout: no input makes it go back. A quote opens only right after `=`.
_TOKEN = re.compile(
    r"""
    <(?:
      (?P<comment>!--(?:-?>|.*?(?:--!?>|\Z)))
    | (?P<slash>/?)(?P<name>[a-zA-Z][^\s/>]*+)
      (?P<attributes>(?:
          [\s/]++
        | [^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+
      )*+)(?P<end>>|\Z)
    | (?P<bogus>[!?/][^>]*+(?:>|\Z))
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""([^\s/>=][^\s/>=]*+)\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+))"""
)
# Elements whose content is text up to their own end tag.
_RAW = frozenset(
    ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext")
)
_RAW_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}

Token = tuple[str, str, str]  # kind ("text", "raw", "open", "close"), name or text, attributes


def tokens(html: str) -> Iterator[Token]:
    """
    Text, tags (names in lower case, attributes as they stand) and the content of raw elements.

    Comments and declarations are left out; a tag that never ends swallows the rest, as it does in
    browsers.
    """
    position, end = 0, len(html)
    while position < end:
        match = _TOKEN.search(html, position)
        if match is None:
            yield "text", html[position:], ""
            return
        if match.start() > position:
            yield "text", html[position : match.start()], ""
        position = match.end()
        name = match["name"]
        if name is None:
            continue
        if not match["end"]:
            return
        name = name.lower()
        if match["slash"]:
            yield "close", name, ""
            continue
        yield "open", name, match["attributes"]
        if name in _RAW:
            closing = _RAW_END[name].search(html, position)
            stop = closing.start() if closing is not None else end
            yield "raw", html[position:stop], name
            position = stop


def attributes(text: str, limit: int = 100) -> dict[str, str]:
    """The attributes of a tag, names in lower case; of two with one name the first holds."""
    found: dict[str, str] = {}
    for count, match in enumerate(_ATTRIBUTE.finditer(text[:20_000])):
        if count >= limit:
            break
        value = match[2] if match[2] is not None else match[3] if match[3] is not None else match[4]
        found.setdefault(match[1].lower(), value)
    return found
