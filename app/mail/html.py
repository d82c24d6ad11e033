"""
HTML of mails: to plain text for people, and made safe to show.

Both are linear in the size of the HTML. What is large or deeply nested is balanced first, because
the cleaner takes time that grows with the square of the depth.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape

import nh3

from app.mail import charsets
from app.mail.html_tokens import attributes, tokens

LONGEST = 4_000_000
_SMALL = 50_000  # below both, the cleaner is quick whatever the nesting
_FEW_TAGS = 400
_DEEPEST = 100
_MOST_TAGS = 30_000
_MOST_FORMATTING = 20

_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
# These are opened again in every block that follows, so few may stand open (HTML 13.2.4.3).
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_END_IS_OPTIONAL = {
    "p": frozenset(("div", "td", "th", "table", "blockquote", "li", "body")),
    "li": frozenset(("ul", "ol", "menu", "table")),
    "dt": frozenset(("dl", "table")),
    "dd": frozenset(("dl", "table")),
    "tr": frozenset(("table",)),
    "td": frozenset(("tr", "table")),
    "th": frozenset(("tr", "table")),
    "tbody": frozenset(("table",)),
    "option": frozenset(("select",)),
}
_TAGS = (nh3.ALLOWED_TAGS | {"font", "big", "tfoot", "center", "nobr"}) - {"area", "map", "data"}
_ANYWHERE = {"align", "valign", "dir", "lang", "title", "bgcolor", "color", "width", "height"}
_ATTRIBUTES = {
    "*": _ANYWHERE | {"style"},
    "a": {"href"},
    "img": {"src", "alt", "border"},
    "font": {"face", "size"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap"},
    "ol": {"start", "type"},
    "li": {"value"},
    "col": {"span"},
    "colgroup": {"span"},
    "hr": {"size", "noshade"},
    "blockquote": {"type"},
}
_PROPERTIES = frozenset(
    "background-color border border-bottom border-bottom-color border-bottom-style "
    "border-bottom-width border-collapse border-color border-left border-left-color "
    "border-left-style border-left-width border-radius border-right border-right-color "
    "border-right-style border-right-width border-spacing border-style border-top "
    "border-top-color border-top-style border-top-width border-width clear color direction "
    "display float font font-family font-size font-style font-variant font-weight height "
    "letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right "
    "margin-top max-height max-width min-height min-width padding padding-bottom padding-left "
    "padding-right padding-top table-layout text-align text-decoration text-indent "
    "text-transform unicode-bidi vertical-align white-space width word-break word-wrap "
    "word-spacing overflow-wrap".split()
)
# Functions, escapes and comments are where active content hides; colours may be written as rgb().
_VALUE = re.compile(r"(?:[\w\s#%.,!'\"+-]|rgba?\([\d\s.,%]{1,40}\)){0,300}", re.ASCII)
_IMAGE_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,", re.IGNORECASE)


@lru_cache(maxsize=4096)
def _style(value: str) -> str | None:
    """The declarations that only change how things look, in their order."""
    kept = []
    for declaration in value[:4000].split(";"):
        name, _, of_it = declaration.partition(":")
        name = name.strip().lower()
        if name in _PROPERTIES and _VALUE.fullmatch(of_it):
            kept.append(f"{name}:{of_it.strip()}")
    return ";".join(kept) or None


def _filter(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "style":
        return _style(value)
    if attribute in ("href", "src") and value.lstrip()[:5].lower() == "data:":
        return value if tag == "img" and _IMAGE_DATA.match(value) else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style", "title", "iframe", "noembed", "noframes", "template"},
    attributes=_ATTRIBUTES,
    attribute_filter=_filter,
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    link_rel="noopener noreferrer nofollow",
)


def sanitise(html: str) -> str:
    """
    The HTML without anything that acts: scripts, handlers, forms, frames, styles that load or run.

    Links to http, https, mailto and tel stay, images also from cid: and image data. Near linear.
    """
    html = html[:LONGEST]
    if len(html) > _SMALL or html.count("<") > _FEW_TAGS:
        html = _Balancer(html).balanced()
    return charsets.clean_text(_CLEANER.clean(html))


class _Balancer:
    """Writes HTML again with every element closed in its turn and at bounded depth."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.out: list[str] = []
        self.open: list[str] = []
        self.left_out: dict[str, int] = {}  # start tags that were dropped, so their ends are too
        self.formatting = 0
        self.tags = 0

    def balanced(self) -> str:
        for kind, name, rest in tokens(self.html):
            if kind == "text":
                self.out.append(name.replace("<", "&lt;"))
            elif kind == "open":
                self.start(name, rest)
            elif kind == "close":
                self.end(name)
        self.pop_to(0)
        return "".join(self.out)

    def start(self, name: str, rest: str) -> None:
        if name not in _TAGS:
            return
        self.tags += 1
        if name in _VOID:
            if self.tags <= _MOST_TAGS:
                self.out.append(f"<{name}{_bounded(rest)}>")
            return
        boundary = _END_IS_OPTIONAL.get(name)
        if boundary is not None:
            self.close_implied(name, boundary)
        is_formatting = name in _FORMATTING
        if self.too_many(is_formatting):
            self.left_out[name] = self.left_out.get(name, 0) + 1
            if not is_formatting:
                self.out.append(" ")
            return
        self.open.append(name)
        self.formatting += is_formatting
        self.out.append(f"<{name}{_bounded(rest)}>")

    def too_many(self, is_formatting: bool) -> bool:
        return (
            self.tags > _MOST_TAGS
            or len(self.open) >= _DEEPEST
            or (is_formatting and self.formatting >= _MOST_FORMATTING)
        )

    def close_implied(self, name: str, boundary: frozenset[str]) -> None:
        for depth in range(len(self.open) - 1, -1, -1):
            if self.open[depth] == name:
                self.pop_to(depth)
                return
            if self.open[depth] in boundary:
                return

    def end(self, name: str) -> None:
        if self.left_out.get(name):
            self.left_out[name] -= 1
            return
        for depth in range(len(self.open) - 1, -1, -1):
            if self.open[depth] == name:
                self.pop_to(depth)
                return
            if self.open[depth] in ("td", "th") and name not in ("tr", "table", "tbody"):
                return

    def pop_to(self, depth: int) -> None:
        while len(self.open) > depth:
            name = self.open.pop()
            self.formatting -= name in _FORMATTING
            self.out.append(f"</{name}>")


def _bounded(rest: str) -> str:
    """The attributes of a tag; those of a tag that holds hundreds are dropped."""
    rest = rest.rstrip("/ \t\r\n")
    if len(rest) > 2000 and (len(rest) > 1_000_000 or rest.count("=") > 100 + len(rest) // 500):
        return ""
    return f" {rest.lstrip()}" if rest.strip() else ""


def escaped(text: str) -> str:
    """Plain text as HTML that keeps its lines."""
    return f'<div style="white-space: pre-wrap">{escape(text, quote=False)}</div>'


# ------------------------------------------------------------------------------- to text

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
            self.lines.append(prefix)
        self.blank_due = False
        self.lines.append(f"{prefix} {text}" if prefix and text else prefix or text)

    def paragraph(self) -> None:
        self.new_line()
        self.blank_due = True

    def finished(self) -> str:
        self.new_line()
        text = "\n".join(self.lines).strip("\n")
        return charsets.clean_text(re.sub(r"\n{4,}", "\n\n\n", text))
