"""
HTML of mails to plain text for people, in one linear pass over its tags.
"""

from __future__ import annotations

import re
from html import escape, unescape

from app.mail import charsets
from app.mail.html_tokens import attributes, tokens

LONGEST = 4_000_000
_HIDDEN = frozenset(("script", "style", "title", "iframe", "noembed", "noframes"))
_LINES = frozenset(
    "address article aside body center dd div dl dt fieldset figure footer form header html "
    "legend li main nav ol option pre section table tbody tr ul".split()
)
_PARAGRAPHS = frozenset("blockquote h1 h2 h3 h4 h5 h6 p".split())
_SPACE = re.compile(r"[ \t\n\f]+")
_RULE = "_" * 32


def to_text(html: str) -> str:
    """The words of HTML as plain text: lines for blocks, `> ` before cited ones. Linear."""
    writer = _TextWriter()
    for kind, name, rest in tokens(html[:LONGEST]):
        if kind == "text":
            writer.text(name)
        elif kind == "open":
            writer.start(name, rest)
        elif kind == "close":
            writer.end(name)
        elif rest not in _HIDDEN:
            writer.text(name)
    return writer.finished()


def strip_tags(html: str) -> str:
    """The text between tags, as it stands (text/enriched, RFC 1896)."""
    return unescape("".join(name for kind, name, _ in tokens(html) if kind in ("text", "raw")))


class _TextWriter:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.blank_due = False
        self.pre = 0
        self.quotes: list[bool] = []
        self.cited = 0

    def text(self, text: str) -> None:
        if "&" in text:
            text = unescape(text)
        if self.pre:
            first, *others = text.split("\n")
            self.line.append(first)
            for other in others:
                self.new_line(forced=True)
                self.line.append(other)
            return
        if "\n" in text or "  " in text or "\t" in text:
            text = _SPACE.sub(" ", text)
        if text == " " and (not self.line or self.line[-1].endswith(" ")):
            return
        self.line.append(text)

    def start(self, name: str, rest: str) -> None:
        if name == "br":
            self.new_line(forced=True)
        elif name in _PARAGRAPHS:
            self.paragraph()
            if name == "blockquote":
                self.open_quote(rest)
        elif name in _LINES:
            self.new_line()
            if name == "li":
                self.line.append("* ")
            self.pre += name == "pre"
        elif name in ("td", "th"):
            if self.line:
                self.line.append(" ")
        elif name == "hr":
            self.new_line()
            self.line.append(_RULE)
            self.new_line()
        elif name == "img" and "alt" in rest:
            self.image(rest)

    def image(self, rest: str) -> None:
        """Emoji that a mailer has put in as a picture."""
        alternative = unescape(attributes(rest).get("alt", ""))
        if 0 < len(alternative) <= 8 and not alternative.isascii() and not alternative.isalpha():
            self.line.append(alternative)

    def end(self, name: str) -> None:
        if name in _PARAGRAPHS:
            self.paragraph()
            if name == "blockquote" and self.quotes:
                self.cited -= self.quotes.pop()
        elif name in _LINES:
            self.new_line()
            if name == "pre" and self.pre:
                self.pre -= 1

    def open_quote(self, rest: str) -> None:
        low = rest.lower()
        is_cited = "cite" in low or "gmail_quote" in low
        self.quotes.append(is_cited)
        self.cited += is_cited

    def new_line(self, forced: bool = False) -> None:
        text = "".join(self.line)
        text = text.rstrip() if self.pre else text.strip()
        self.line = []
        if not text and not forced:
            return
        prefix = ">" * min(self.cited, 50)
        if self.blank_due and self.lines and self.lines[-1].strip("> "):
            above = self.lines[-1]
            self.lines.append(prefix[: len(above) - len(above.lstrip(">"))])
        self.blank_due = False
        self.lines.append(f"{prefix} {text}" if prefix and text else prefix or text)

    def paragraph(self) -> None:
        self.new_line()
        self.blank_due = True

    def finished(self) -> str:
        self.new_line()
        text = "\n".join(self.lines).strip("\n")
        return charsets.clean_text(re.sub(r"\n{4,}", "\n\n\n", text))


def escaped(text: str) -> str:
    """Plain text as HTML that keeps its lines."""
    return f'<div style="white-space: pre-wrap">{escape(text, quote=False)}</div>'
