"""The mail that is attached to another one whole, as an original."""

from __future__ import annotations

from app.mail.attribution.values import Original
from app.mail.message import Mail, Part
from app.mail.parse import embedded_mail

# A whole mail; `global` is one with addresses or header fields in UTF-8 (RFC 6532, 3.7).
WHOLE = frozenset({"message/rfc822", "message/global"})


def find_embedded(mail: Mail) -> Original | None:
    """The one mail that is attached whole, in a winmail.dat too; several of them decide nothing."""
    parts = [
        part for part in _outer_parts(mail.root) if part.content_type in WHOLE and part.children
    ]
    if len(parts) + len(mail.in_outlook) != 1:
        return None
    inner = embedded_mail(parts[0]) if parts else mail.in_outlook[0]
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
    )


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
