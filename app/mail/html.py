"""
HTML of mails made safe to show; `to_text` is its other reading.

Near linear in the size of the HTML: what is large or holds many tags is balanced first, because
the cleaner's time grows with the square of the depth.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape, unescape

import nh3

from app.mail import charsets
from app.mail.html_to_text import LONGEST, to_text
from app.mail.html_tokens import tokens

__all__ = ["LONGEST", "cleaned", "sanitise", "to_text"]

_SMALL = 50_000  # below both, the cleaner is quick whatever the nesting
_FEW_TAGS = 400
_DEEPEST = 100
_MOST_TAGS = 30_000
_MOST_FORMATTING = 20
_MOST_REFERENCES = 50_000
_REFERENCES = re.compile("[&<>\x80-\xbf]")  # so that the cleaner writes or thinks of writing one
_PLAIN_MARKS = dict.fromkeys(range(0x80, 0xC0), " ") | {38: "\uff06", 60: "\uff1c", 62: "\uff1e"}
_MOST_MARKS = 200  # equals signs and ampersands in one tag

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
    return cleaned(html)[0]


def cleaned(html: str) -> tuple[str, bool]:
    """
    `sanitise`, and whether the result is whole.

    It is not when the HTML reaches LONGEST or has so many tags that the last ones are left out.
    """
    whole = len(html) < LONGEST  # what reads mails has cut a longer one to just that
    html = html[:LONGEST]
    if len(html) > _SMALL or html.count("<") > _FEW_TAGS:
        balancer = _Balancer(html)
        html = balancer.balanced()
        whole = whole and balancer.tags <= _MOST_TAGS
    return charsets.clean_text(_CLEANER.clean(html)), whole


class _Balancer:
    """Writes HTML again with every element closed in its turn and at bounded depth."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.out: list[str] = []
        self.open: list[str] = []
        self.left_out: dict[str, int] = {}  # start tags that were dropped, so their ends are too
        self.formatting = 0
        self.tags = 0
        self.references = 0

    def balanced(self) -> str:
        for kind, name, rest in tokens(self.html):
            if kind == "text":
                self.text(name)
            elif kind == "open":
                self.start(name, rest)
            elif kind == "close":
                self.end(name)
        self.pop_to(0)
        return "".join(self.out)

    def text(self, text: str) -> None:
        """Text written anew; the cleaner's time grows with the square of the references in it."""
        if "&" in text:
            text = unescape(text)
        self.references += len(_REFERENCES.findall(text))
        if self.references > _MOST_REFERENCES:
            self.out.append(text.translate(_PLAIN_MARKS))
        else:
            self.out.append(escape(text, quote=False))

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
    """The attributes of a tag; a tag that holds hundreds of anything loses them."""
    rest = rest.rstrip("/ \t\r\n")
    if len(rest) > 2000 and (rest.count("=") > _MOST_MARKS or rest.count("&") > _MOST_MARKS):
        return ""
    return f" {rest.lstrip()}" if rest.strip() else ""
