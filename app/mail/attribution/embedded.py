"""
The mail that is attached to another one whole, as an original.

Some programs attach it as a file under a type that says nothing: one that is named like a mail and
opens like one counts, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from app.mail.attribution.values import Original
from app.mail.message import Mail, Part
from app.mail.parse import decode_part_text, embedded_mail, mail_in_file

# A whole mail; `global` is one with addresses or header fields in UTF-8 (RFC 6532, 3.7).
WHOLE = frozenset({"message/rfc822", "message/global"})
_NAMED = ".eml"
_MOST_FILES = 20  # files that are looked into


def find_embedded(mail: Mail) -> Original | None:
    """The one mail that is attached whole, in a winmail.dat too; several of them decide nothing."""
    found = list(itertools.islice(_whole_mails(mail), 2))  # to read them all may take long
    if len(found) != 1:
        return None
    [(inner, part)] = found
    if not inner.sender.address and not inner.sender.name:
        return None
    return Original(
        author=inner.sender,
        to=inner.to,
        cc=inner.cc,
        subject=inner.subject,
        sent_at=inner.date,
        text=inner.text,
        html=inner.html,
        message_id=inner.message_id,
        whole=inner,
        carrier=part.locator,
        words="" if _shows(mail, part) else mail.text,
    )


def _shows(mail: Mail, part: Part) -> bool:
    """Is the file itself the text of the mail, which has no words of its own?"""
    if not part.content_type.startswith("text/"):
        return False
    return mail.text.strip() == decode_part_text(part).strip()


def _whole_mails(mail: Mail) -> Iterator[tuple[Mail, Part]]:
    """The mails that are attached whole, each with the part that it came in."""
    parts = _outer_parts(mail.root)
    for part in parts:
        if part.content_type in WHOLE and part.children:
            yield embedded_mail(part), part
    for one in mail.in_outlook:
        yield one, one.root
    yield from _in_files(parts)


def _in_files(parts: list[Part]) -> Iterator[tuple[Mail, Part]]:
    named = [p for p in parts if p.filename.lower().endswith(_NAMED) and not p.children]
    for part in named[:_MOST_FILES]:
        inner = mail_in_file(part)
        if inner is not None:
            yield inner, part


def _outer_parts(root: Part) -> list[Part]:
    """The parts of the mail itself, not those of mails inside of it."""
    found: list[Part] = []
    waiting = [root]
    while waiting and len(found) < 200:
        part = waiting.pop(0)
        found.append(part)
        if part.content_type not in WHOLE:
            waiting.extend(part.children)
    return found
