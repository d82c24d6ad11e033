"""
A mail's HTML as lines, as the search for a forward reads them.

One pass over the markup, no tree: mails nest deeper than parsers like. Addresses that stand only in
`mailto:` links are put into the line's text; what encloses forwards in known programs becomes a
mark.

Deliberately not here: making HTML safe, or readable as a whole (`app.mail.html`).
"""

from __future__ import annotations

import html as entities
import re

from app.mail.forwards.lines import MOST_LINES, Line, clean

LONGEST = 400_000  # characters of markup that are searched
_LONGEST_TAG = 10_000

_BLOCKS = frozenset(
    "p div br tr table tbody thead li ul ol dl dt dd h1 h2 h3 h4 h5 h6 blockquote hr pre section "
    "article "
    "header footer center form fieldset body html address main aside".split()
)
_UNSEEN = frozenset(("style", "script", "head", "title", "template"))
_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:]{0,30})")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_MAILTO = re.compile(r"href\s{0,5}=\s{0,5}[\"']?\s{0,5}mailto:([^\"'\s?>]{3,320})", re.IGNORECASE)

# What a start tag's attributes hold -> (mark, whether only forwards have it).
MARKS: tuple[tuple[str, str], ...] = (
    ("moz-forward-container", "thunderbird!"),
    ("moz-email-headers-table", "thunderbird!"),
    ("gmail_attr", "gmail"),
    ("gmail_quote", "gmail"),
    ("gmail_sendername", "gmail"),
    ("divrplyfwdmsg", "outlook"),
    ("appendonsend", "outlook"),
    ("mail-editor-reference-message", "outlook"),
    ("olk_src_body_section", "outlook"),
    ("border-top:solid #e1e1e1", "outlook"),
    ("border-top:solid #b5c4df", "outlook"),
    ("border-top: 1pt solid rgb(225", "outlook"),
    ("border-top:1pt solid", "outlook"),
    ("protonmail_quote", "proton"),
    ("yahoo_quoted", "yahoo"),
    ("yahoo-quoted", "yahoo"),
    ("missive_quote", "missive"),
    ("front-blockquote", "front"),
    ("front-quote", "front"),
    ("zmail_extra", "zoho"),
    ("hs_reply", "hubspot"),
    ("hs-forward", "hubspot"),
    ("apple-interchange-newline", "apple_mail"),
    ("tutanota_quote", "tuta"),
    ("hcmfw", "hcl"),
    ("gmx-quote", "gmx"),
    ('name="quote"', "gmx"),
    ("emclient", "em_client"),
    ("x-em-", "em_client"),
    ("wrapperemail", "hey"),
    ("ntes", "netease"),
    ("foxmail", "foxmail"),
    ("qqmail", "qq"),
)


class _Reader:
    """Collects text into lines while tags go by."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.pieces: list[str] = []
        self.depth = 0
        self.line_depth = 0
        self.marks: set[str] = set()
        self.unseen = ""
        self.link = ""
        self.link_at = 0

    def data(self, text: str) -> None:
        if not self.unseen and text:
            if not self.pieces:
                self.line_depth = self.depth
            self.pieces.append(text)

    def end_line(self, at: int, always: bool = False) -> None:
        shown = _SPACE.sub(" ", entities.unescape("".join(self.pieces))).strip()
        self.pieces.clear()
        self.link_at = 0
        if not shown:
            if always or self.marks:
                self._blank(at)
            return
        text, quoted = clean(shown)
        self.lines.append(Line(text, self.line_depth + quoted, shown, at, frozenset(self.marks)))
        self.marks.clear()

    def _blank(self, at: int) -> None:
        """Blank lines are kept, two at most; a mark waits for the next line that has text."""
        if len(self.lines) > 1 and not self.lines[-1].raw and not self.lines[-2].raw:
            self.lines[-1].end = at
            return
        self.lines.append(Line("", self.depth, "", at))

    def tag(self, markup: str, start: int, end: int) -> None:
        found = _NAME.match(markup)
        if not found:
            return
        name, closing = found[1].lower(), markup[0] == "/"
        if self.unseen:
            if closing and name == self.unseen:
                self.unseen = ""
            return
        if name in _UNSEEN and not closing:
            self.unseen = "" if markup.endswith("/") else name
        elif name == "a":
            self._anchor(markup, closing)
        elif name in ("td", "th"):
            self.data(" ")
        elif name in _BLOCKS:
            self._block(name, closing, start, end)
        if not closing and len(markup) > 8:
            self._mark(markup)

    def _block(self, name: str, closing: bool, start: int, end: int) -> None:
        if name == "br":
            self.end_line(end, always=True)
            return
        self.end_line(end if closing else start)
        if name == "blockquote":
            self.depth = max(0, self.depth + (-1 if closing else 1))
        elif name == "hr":
            self.marks.add("rule")
        elif name in ("p", "blockquote", "table") and self.lines and self.lines[-1].raw:
            self._blank(end if closing else start)

    def _anchor(self, markup: str, closing: bool) -> None:
        if not closing:
            found = _MAILTO.search(markup)
            self.link = entities.unescape(found[1]) if found else ""
            self.link_at = len(self.pieces)
        elif self.link:
            shown = "".join(self.pieces[self.link_at :])
            if shown.strip() and "@" not in shown and "&#64;" not in shown:
                self.data(f" <{self.link}>")
            self.link = ""

    def _mark(self, markup: str) -> None:
        lowered = markup.lower()
        if "class" in lowered or "id" in lowered or "style" in lowered or "name" in lowered:
            for part, mark in MARKS:
                if part in lowered:
                    self.marks.add(mark)


def lines_of(html: str) -> list[Line]:
    """The lines that a reader sees of the markup's first part; linear in its length."""
    html = html[:LONGEST]
    reader, position = _Reader(), 0
    while position < len(html) and len(reader.lines) < MOST_LINES:
        opening = html.find("<", position)
        if opening < 0:
            reader.data(html[position:])
            break
        reader.data(html[position:opening])
        position = _after(html, opening, reader)
    reader.end_line(min(len(html), position if position > 0 else 0) or len(html), always=False)
    return reader.lines


def _after(html: str, opening: int, reader: _Reader) -> int:
    """Read the tag, comment or stray `<` at `opening`; where to go on."""
    following = html[opening + 1 : opening + 2]
    if following in ("!", "?"):
        comment = html.startswith("<!--", opening)
        ending = html.find("-->" if comment else ">", opening + 2)
        return len(html) if ending < 0 else ending + (3 if comment else 1)
    if not (following.isalpha() or following == "/"):
        reader.data("<")
        return opening + 1
    ending = _tag_end(html, opening)
    if ending < 0:
        reader.data("<")
        return opening + 1
    markup = html[opening + 1 : ending]
    if "@" in markup and "=" not in markup:  # an address whose brackets nobody escaped
        reader.data("&lt;" + markup + "&gt;")
    else:
        reader.tag(markup, opening, ending + 1)
    return ending + 1


def _tag_end(html: str, opening: int) -> int:
    """Where the tag's `>` stands, one within a quoted attribute passed over; -1 when it is far."""
    limit = min(len(html), opening + _LONGEST_TAG)
    ending = first = html.find(">", opening, limit)
    for _ in range(8):
        if ending < 0 or html.count('"', opening, ending) % 2 == 0:
            break
        ending = html.find(">", ending + 1, limit)
    return first if ending < 0 else ending
