"""
Which parts of a mail are its words and which are files (RFC 2046 5.1, RFC 2183).

A mail's words are a row of blocks: each is plain text, HTML, or the same in both
(multipart/alternative). Everything else is an attachment, an embedded mail as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from app.mail import charsets, html_to_text, transfer
from app.mail.message import Part

LONGEST_TEXT = 2_000_000
LONGEST_HTML = 4_000_000
_MOST_BLOCKS = 200
_PLAIN = frozenset(("text/plain", "text/markdown", "text/x-markdown"))
_READABLE = _PLAIN | {"text/html", "text/enriched", "text/richtext"}
_META_CHARSET = re.compile(rb"<meta[^>]{1,200}charset=[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_CID = re.compile(r"cid:([^\"'\s<>)]{1,998})", re.IGNORECASE)


@dataclass(slots=True)
class Block:
    """A run of words: the plain parts, the HTML parts, or the same words in both."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Arrangement:
    """What a mail consists of for people."""

    blocks: list[Block] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)


def arrange(root: Part) -> Arrangement:
    """Blocks and files in the order of the mail."""
    found = Arrangement()
    _place(root, found, only=True)
    if not found.blocks:
        _show_first_text(found)
    return found


def _show_first_text(found: Arrangement) -> None:
    """A mail without words of its own shows its first text; one with a name stays a file too."""
    for part in found.files:
        if part.content_type in _READABLE and part.disposition != "attachment":
            is_html = part.content_type == "text/html"
            found.blocks.append(Block([] if is_html else [part], [part] if is_html else []))
            if not part.filename:
                found.files.remove(part)
            return


def _place(part: Part, found: Arrangement, only: bool = False) -> None:
    if part.content_type.startswith("multipart/") and part.children:
        if part.content_type == "multipart/alternative":
            _place_alternatives(part, found)
            return
        for child in part.children:
            _place(child, found)
    elif _is_words(part, only) and len(found.blocks) < _MOST_BLOCKS:
        is_html = part.content_type == "text/html"
        found.blocks.append(Block([] if is_html else [part], [part] if is_html else []))
    elif part.start < part.end or part.filename:
        found.files.append(part)


def _is_words(part: Part, only: bool) -> bool:
    if part.content_type not in _PLAIN and part.content_type != "text/html":
        return False
    if part.disposition == "attachment":
        return False
    return only or not part.filename


def _place_alternatives(part: Part, found: Arrangement) -> None:
    """
    Of several versions: the first plain one, the last HTML one (RFC 2046 5.1.4).

    Plain parts side by side are no versions of each other: their sender meant multipart/mixed.
    """
    whole = Block()
    for child in part.children:
        if (
            0 < len(whole.plain) < _MOST_BLOCKS
            and _is_words(child, False)
            and child.content_type in _PLAIN
        ):
            whole.plain.append(child)
            continue
        version = Arrangement()
        _place(child, version)
        plain = [p for block in version.blocks for p in block.plain]
        rich = [p for block in version.blocks for p in block.html]
        if plain and not whole.plain:
            whole.plain = plain[:_MOST_BLOCKS]
        if rich:
            whole.html = rich
        found.files += version.files
    if whole.plain or whole.html:
        found.blocks.append(whole)


def part_octets(part: Part) -> bytes:
    """The content with its transfer encoding taken off."""
    return transfer.decode(part.body, part.encoding)


def part_text(part: Part) -> str:
    """The text of a text part: charset decoded, flowed lines joined, no control characters."""
    return text_of(part_octets(part), part)


def text_of(octets: bytes, part: Part) -> str:
    """As `part_text`, for octets of the part that were decoded before."""
    charset = part.parameters.get("charset", "")
    if part.content_type == "text/html":
        if not charsets.codec_of(charset) and (meta := _META_CHARSET.search(octets[:4096])):
            charset = meta[1].decode("ascii", "replace")
            if charset.lower().startswith(("utf-16", "utf-32")):
                charset = ""  # the declaration itself could be read, so it is not true
        return charsets.decode_text(octets, charset)
    text = charsets.decode_text(octets, charset)
    if part.parameters.get("format", "").lower() == "flowed" and " \n" in text:
        text = unflow(text, part.parameters.get("delsp", "").lower() == "yes")
    if part.content_type in ("text/enriched", "text/richtext"):
        text = html_to_text.strip_tags(text)
    return text


def unflow(text: str, delete_space: bool = False) -> str:
    """Paragraphs of format=flowed joined to lines (RFC 3676 4); a quote keeps its marks."""
    lines: list[str] = []
    flowing, flowing_depth = False, 0
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        if content.startswith(" "):
            content = content[1:]  # space-stuffing
        soft = content.endswith(" ") and content != "-- "
        if soft and delete_space:
            content = content[:-1]
        if flowing and depth == flowing_depth and content != "-- ":
            lines.append(content)
        else:
            if lines:
                lines.append("\n")
            lines.append(">" * depth + (" " if depth else "") + content)
        flowing, flowing_depth = soft, depth
    return "".join(lines)


def join_text(blocks: list[Block], texts: dict[int, str]) -> str:
    """The words of all blocks as plain text; `texts` holds each part's text by identity."""
    pieces = []
    for block in blocks:
        text = "\n".join(texts[id(part)] for part in block.plain)
        if block.html and not text.strip():
            text = "\n".join(html_to_text.to_text(texts[id(part)]) for part in block.html)
        pieces.append(text)
    if len(pieces) == 1:
        return pieces[0][:LONGEST_TEXT]
    return "\n".join(piece.rstrip("\n") for piece in pieces if piece.strip())[:LONGEST_TEXT]


def join_html(blocks: list[Block], texts: dict[int, str]) -> str:
    """The words of all blocks as HTML; `""` when no part of the mail is HTML."""
    if not any(block.html for block in blocks):
        return ""
    pieces = []
    for block in blocks:
        if block.html:
            pieces += [texts[id(part)] for part in block.html]
            continue
        text = "\n".join(texts[id(part)] for part in block.plain)
        if text.strip():
            pieces.append(html_to_text.escaped(text))
    return "\n".join(pieces)[:LONGEST_HTML]


def referred_ids(html: str) -> frozenset[str]:
    """The Content-IDs that the HTML shows (RFC 2392)."""
    if "cid:" not in html and "CID:" not in html:
        return frozenset()
    return frozenset(unquote(one) for one in _CID.findall(html))
