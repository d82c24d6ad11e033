"""
HTML made of plain text: everything escaped, addresses of the web made links.

Deliberately not here: cleaning the HTML of others (`app.mail.html`).
"""

from __future__ import annotations

import re
from html import escape

# Bounded, and what may not be in an address ends it: one scan, whatever the text.
_LINK = re.compile(
    r"\b(?:https?://|www\.)[^\s<>\"'`\\^{|}\x00-\x20\x7f-\xa0]{1,2000}", re.IGNORECASE
)
_AFTER = ".,;:!?*_~"
_PAIRS = {")": "(", "]": "["}
_BLANKS = re.compile("^ | (?= )", re.MULTILINE)
_LINE_END = re.compile(r"\r\n?|\n")


def html_of_text(text: str) -> str:
    """The text as an HTML fragment: lines, blanks and links as they were meant. Never raises."""
    pieces, position = [], 0
    text = _LINE_END.sub("\n", text)
    for found in _LINK.finditer(text):
        link = _without_what_follows(found[0])
        if len(link) < len("http://x"):
            continue
        pieces.append(_escaped(text[position : found.start()]))
        target = link if link[:4].lower() == "http" else f"http://{link}"
        pieces.append(f'<a href="{escape(target)}">{escape(link)}</a>')
        position = found.start() + len(link)
    pieces.append(_escaped(text[position:]))
    return f"<div>{''.join(pieces)}</div>"


def _escaped(text: str) -> str:
    plain = escape(text.expandtabs(4), quote=False)
    return _BLANKS.sub("&nbsp;", plain).replace("\n", "<br>\n")


def _without_what_follows(link: str) -> str:
    """The address without the punctuation of the sentence around it; paired brackets stay."""
    surplus = {closing: link.count(closing) - link.count(_PAIRS[closing]) for closing in _PAIRS}
    end = len(link)
    while end:
        last = link[end - 1]
        if last in _PAIRS and surplus[last] > 0:
            surplus[last] -= 1
        elif last not in _AFTER:
            break
        end -= 1
    return link[:end]
