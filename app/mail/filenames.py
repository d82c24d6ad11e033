"""
Names of attachments, safe to show and to offer for saving.
"""

from __future__ import annotations

import re

_LONGEST = 200
# C0, C1, the marks that turn the direction of text round, zero-width marks, line ends, surrogates
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_BLANKS = re.compile(r"\s+")


def safe(name: str) -> str:
    """The last component of a path, without control or bidi characters, of bounded length."""
    if not name:
        return ""
    if not name.isprintable() or not name.isascii():
        name = _UNSAFE.sub("", name.replace("\n", " ").replace("\t", " "))
    if "/" in name or "\\" in name:
        name = re.split(r"[/\\]", name.rstrip("/\\ "))[-1]
    if len(name) > 1 and name[1] == ":" and name[0].isalpha():
        name = name[2:]
    name = _BLANKS.sub(" ", name.replace("\0", "")).strip()
    if name.strip(". ") == "":
        return ""
    return _shortened(name)


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:_LONGEST]
    return f"{stem[: _LONGEST - len(extension) - 1]}.{extension}"
