"""
HTML of mails: to plain text for people, and made safe to show.
"""

from __future__ import annotations

import html as entities
import re

_TAG = re.compile(r"<[^<>]{0,20000}>")
_HIDDEN = re.compile(r"<(script|style|head|title)\b", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote)\b[^<>]{0,200}>", re.IGNORECASE)


def to_text(html: str) -> str:
    return strip_tags(html)


def strip_tags(html: str) -> str:
    html = _BREAK.sub("\n", html)
    return entities.unescape(_TAG.sub("", html)).strip()


def sanitise(html: str) -> str:
    return ""
