"""
Writing mail: values to the octets that are sent, the other way round from `app.mail.parse`.

`compose` is pure and repeatable: the same `Outgoing` gives the same octets. Deliberately not here:
signing (`app.mail.dkim`), tokens (`app.mail.tokens`), cleaning HTML (`app.mail.html`), sending.
"""

from app.mail.compose.fields import is_sendable, mailbox_text
from app.mail.compose.markup import html_of_text
from app.mail.compose.replies import (
    quote_html,
    quote_intro,
    quote_text,
    references_for,
    reply_subject,
)
from app.mail.compose.values import Composed, Outgoing, OutgoingFile, Quote, Signature
from app.mail.compose.writing import compose

__all__ = [
    "Composed",
    "Outgoing",
    "OutgoingFile",
    "Quote",
    "Signature",
    "compose",
    "html_of_text",
    "is_sendable",
    "mailbox_text",
    "quote_html",
    "quote_intro",
    "quote_text",
    "references_for",
    "reply_subject",
]
