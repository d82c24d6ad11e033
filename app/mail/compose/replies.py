"""
What makes a mail an answer: its subject, its references, the words that it quotes.

Deliberately not here: which mail is answered.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from app.mail.compose.fields import one_line, writable_ids
from app.mail.compose.markup import html_of_text
from app.mail.forwards.subjects import prefix_of
from app.mail.message import Mailbox

_MOST_IDS = 20
_LONGEST_REFERENCES = 998  # octets; relays cut or refuse longer ones
_MOST_PREFIXES = 300
_LONGEST_SUBJECT = 900
_WORDS = frozenset(("ref",))  # read as a prefix elsewhere; in a subject it can be one's own word
_COLON = re.compile("[:：]")
_LINE_END = re.compile(r"\r\n?|\n")


def reply_subject(subject: str) -> str:
    """The subject of an answer: `Re: ` once, in place of reply prefixes in any language."""
    plain = one_line(subject)[:_LONGEST_SUBJECT]
    for _ in range(_MOST_PREFIXES):
        kind, word, rest = prefix_of(plain)
        if kind != "reply" or word in _WORDS:
            break
        # The reader of prefixes drops joiners, which words and emoji may need.
        after = _COLON.split(plain, maxsplit=1)[-1].strip()
        plain = after if _visible(after) == _visible(rest) else rest
    return f"Re: {plain}".rstrip()


def references_for(
    parent_message_id: str,
    parent_references: Iterable[str] = (),
    parent_in_reply_to: Iterable[str] = (),
) -> tuple[str, ...]:
    """
    The References of an answer (RFC 5322 3.6.4): the parent's, then the parent.

    A parent without References but with one In-Reply-To lends that. Trimmed to the first, which
    names the thread, and the last ones; ids that no header field can carry are left out.
    """
    earlier, answered = tuple(parent_references), tuple(parent_in_reply_to)
    if not earlier and len(answered) == 1:
        earlier = answered
    others = [one for one in writable_ids(earlier) if one != parent_message_id]
    return trimmed((*others, *writable_ids((parent_message_id,))))


def trimmed(ids: tuple[str, ...]) -> tuple[str, ...]:
    """The first id and as many of the last as a field of 998 octets holds, 20 at most."""
    if not ids:
        return ()
    left = _LONGEST_REFERENCES - len("References:") - _octets(ids[0])
    last: list[str] = []
    for one in reversed(ids[1:]):
        left -= _octets(one)
        if len(last) == _MOST_IDS - 1 or (last and left < 0):
            break
        last.append(one)
    return (ids[0], *reversed(last))


def quote_intro(author: Mailbox, sent_at: datetime | None) -> str:
    """The line above a quote, in the form that most mailers read: `On …, Ann <ann@…> wrote:`."""
    who = f"{one_line(author.name)} <{one_line(author.address)}>".strip()
    if sent_at is None:
        return f"{who} wrote:"
    moment = sent_at.astimezone(UTC)
    return f"On {moment:%Y-%m-%d} at {moment:%H:%M} UTC, {who} wrote:"


def quote_text(original_text: str, intro: str) -> str:
    """The original below its intro, every line behind `>` (RFC 3676 4.5)."""
    lines = _LINE_END.split(original_text.strip("\r\n"))
    quoted = [f">{line}" if line.startswith(">") or not line else f"> {line}" for line in lines]
    return "\n".join((one_line(intro), *quoted))


def quote_html(original_html: str, intro: str) -> str:
    """The clean HTML of the original below its intro, as a blockquote that mailers fold away."""
    return (
        f"<div>{escape(one_line(intro), quote=False)}</div>\n"
        f'<blockquote type="cite" style="margin:0 0 0 0.8ex;border-left:1px solid #ccc;'
        f'padding-left:1ex">\n{original_html}\n</blockquote>'
    )


def quote_html_of_text(original_text: str, intro: str) -> str:
    """The same for an original that has no HTML."""
    return quote_html(html_of_text(original_text), intro)


def _octets(message_id: str) -> int:
    return len(message_id) + len(" <>")


def _visible(text: str) -> str:
    return "".join(one for one in text if unicodedata.category(one) != "Cf")
