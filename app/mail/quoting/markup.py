"""
Splitting HTML by the structure that mail clients give a quotation (Gmail, Apple Mail, Thunderbird,
Outlook, Yahoo, Proton, GMX, Yandex, Zimbra and others).

The HTML becomes plain lines of which the quoted ones are marked with ">"; from there on it is
split as text is, so that own words below or between quotations stay in the reply here too.
"""

from __future__ import annotations

import html as entities
import re
from dataclasses import dataclass

from app.mail.quoting import attributions, header_blocks
from app.mail.quoting.marking import CUT, FORWARD, OWN, QUOTE, SIGNED
from app.mail.quoting.text import Split, split_lines
from app.mail.quoting.tokens import Token, tokens

LARGEST = 2_000_000  # characters; beyond, only the text is looked at

_MARKS = (
    "<blockquote", "<BLOCKQUOTE", "gmail_quote", "yahoo_quoted", "divRplyFwdMsg", "appendonsend",
    "ms-outlook-mobile-reference-message", "moz-cite-prefix", "protonmail_quote", "tutanota_quote",
    "zmail_extra", 'name="quote"', "QUOTED_TEXT", "reference-message-container", "stopSpelling",
    "OLK_SRC_BODY_SECTION", "border-top:solid #", "border-top: solid #", "OutlookMessageHeader",
    "front-blockquote", "spark_quote",
)  # fmt: skip
# What attributes (in lower case) say about an element, by the name of its kind.
_KINDS = {
    # attribution, then a blockquote
    "leading": r"gmail_quote|protonmail_quote",
    # a quotation and nothing else
    "whole": r"yahoo_quoted|tutanota_quote|zmail_extra|__quoted_text__|spark_quote|front-blockquote"
    r"|name=[\"']?quote|reference-message-container|olk_src_body_section",
    # an attribution and nothing else
    "introducing": r"gmail_attr|moz-cite-prefix|id=[\"']?reply-intro",
    # from here to the end all is quoted
    "cutting": r"divrplyfwdmsg|appendonsend|stopspelling|ms-outlook-mobile-reference-message"
    r"|outlookmessageheader|border-top: ?solid #(?:e1e1e1|b5c4df) 1\.0pt",
    "signing": r"gmail_signature|moz-signature|ms-outlook-mobile-signature|applemailsignature"
    r"|data-signatureblock|protonmail_signature|id=[\"']?signature[\"'\s]|bloop_sign|airmail_sign",
    "forwarding": r"moz-forward-container|isforwardcontent",
}
_CITED = re.compile(
    rf"type=[\"']?cite|\bcite=|gmail_quote|protonmail_quote|id=[\"']?qt\b|{_KINDS['whole']}"
)
_KIND = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
_HOLDERS = frozenset("div span p blockquote table td hr section pre a".split())
_BLOCKS = frozenset(
    "div p table tr ul ol li blockquote pre h1 h2 h3 h4 h5 h6 hr body html address article "
    "section header footer center dl dt dd form fieldset".split()
)
_SPACED = frozenset("p ul ol table h1 h2 h3 h4 h5 h6 pre".split())
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_DEEPEST = 8  # levels of ">" that are shown


@dataclass(slots=True)
class _Element:
    """An open element that matters, closed when as many of its name have closed as opened."""

    name: str
    kind: str  # "whole", "leading", "introducing", "signing" or "plain"
    depth: int = 1


def has_marks(html: str) -> bool:
    """Whether the HTML holds anything that could be the structure of a quotation; cheap."""
    return any(mark in html for mark in _MARKS)


def split_html(html: str) -> Split | None:
    """
    Separate reply, quotation and signature of an HTML body, all as plain text.

    None when there is no unmistakable structure to go by, or more than `LARGEST` characters.
    """
    if len(html) > LARGEST or not has_marks(html):
        return None
    lines = _Lines()
    for token in tokens(html):
        lines.add(token)
    lines.end_line()
    return split_lines(lines.lines, lines.roles) if lines.structured else None


class _Lines:
    """The lines that a reader of the HTML sees, with what the structure says about each."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.roles: list[int] = []
        self.structured = False
        self._open: list[_Element] = []
        self._text: list[str] = []
        self._preformatted = 0
        self._level = 0  # of quotation
        self._signing = 0
        self._leading: list[_Element] = []
        self._cut = False
        self._forwarded = False  # the next line begins a forwarded message
        self._content = False  # all that follows is content

    def add(self, token: Token) -> None:
        if not token.name:
            self._add_text(token.text)
        elif token.name == "br":
            self._break()
        elif token.closing:
            self._close(token.name)
        else:
            self._start(token)

    def end_line(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        if not self._preformatted:
            text = text.strip()
        if text.strip():
            self._emit(text)

    def _break(self) -> None:
        if self._text and "".join(self._text).strip():
            self.end_line()
        else:
            self._blank()

    def _blank(self) -> None:
        """A blank line, but never two and none at the top."""
        self._text.clear()
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(("> " * min(self._level, _DEEPEST)).rstrip())
            self.roles.append(self.roles[-1] if self.roles[-1] in (OWN, QUOTE, SIGNED) else OWN)

    def _emit(self, text: str) -> None:
        level, role = min(self._level, _DEEPEST), OWN
        kind = self._open[-1].kind if self._open else ""
        if self._content:
            pass
        elif self._forwarded:
            role, self._forwarded = FORWARD, False
        elif kind in ("leading", "introducing") and not level:
            role = FORWARD if header_blocks.separator_of(text) == "forward" else QUOTE
        elif self._signing and not level:
            role = SIGNED
        elif self._cut:
            role, self._cut = CUT, False
        self._content = self._content or role == FORWARD
        self.lines.append("> " * level + text)
        self.roles.append(role)

    def _add_text(self, text: str) -> None:
        if "&" in text:
            text = entities.unescape(text)
        if not self._preformatted:
            text = _BLANKS.sub(" ", text).replace("\xa0", " ")
            if text == " " and (not self._text or self._text[-1].endswith(" ")):
                return
            self._text.append(text)
            return
        *whole, last = text.split("\n")
        for line in whole:
            self._text.append(line.rstrip("\r"))
            self._break()
        self._text.append(last)

    def _start(self, token: Token) -> None:
        name = token.name
        if name in _BLOCKS:
            self.end_line()
            if name in _SPACED and self._level == 0:
                self._blank()
            self._preformatted += name == "pre"
            if name == "li":
                self._text.append("- ")
        elif name in ("td", "th") and self._text:
            self._text.append(" ")
        if self._open and self._open[-1].name == name:
            self._open[-1].depth += 1
        if name in _HOLDERS and not self._content and (len(token.text) > 4 or name == "blockquote"):
            self._look_at(name, token.text)

    def _close(self, name: str) -> None:
        if name in _BLOCKS:
            self.end_line()
            if name in _SPACED:
                self._blank()
            self._preformatted -= name == "pre" and self._preformatted > 0
        if self._open and self._open[-1].name == name:
            self._open[-1].depth -= 1
            if not self._open[-1].depth:
                self.end_line()
                closed = self._open.pop()
                self._level -= closed.kind == "whole"
                self._signing -= closed.kind == "signing"

    def _look_at(self, name: str, attributes: str) -> None:
        """Take note of an element that a mail client has made for a quotation or a signature."""
        attributes = attributes[:2000].lower()
        kind = self._kind(name, attributes)
        if kind is None:
            return
        if kind == "forwarding":
            self._forwarded = True
            return
        self.structured = self.structured or kind != "signing"
        if kind == "cutting":
            self._cut = self._cut or not self._level
            return
        self.end_line()
        element = _Element(name, kind)
        if kind == "whole":
            self._level += 1
            for leading in self._leading:
                leading.kind = "plain"
            self._leading.clear()
        elif kind == "signing":
            self._signing += 1
        elif kind == "leading":
            self._leading.append(element)
        if self._open and self._open[-1].name == name:
            self._open[-1].depth -= 1
        self._open.append(element)

    def _kind(self, name: str, attributes: str) -> str | None:
        if name == "blockquote":
            return "whole" if _CITED.search(attributes) or self._is_attributed() else None
        found = _KIND.search(attributes)
        return found.lastgroup if found else None

    def _is_attributed(self) -> bool:
        """Whether the lines above are an attribution: then a plain blockquote is a quotation."""
        above = [line.strip() for line in self.lines[-6:]]
        while above and not above[-1]:
            above.pop()
        return bool(above) and attributions.start_of(above, len(above) - 1, 0, True) is not None
