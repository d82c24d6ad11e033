"""
The tokens of a ticket template, such as `{{contact.name}}`: checked, and filled in. Pure.

What is filled in is plain text in one line: markup stays the letters that it is, and a value that
looks like a token is not filled in again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

TOKENS = ("conversation.subject", "contact.name", "contact.email", "channel.name")
NAME_LIMIT = 300

_TOKEN = re.compile(r"\{\{([^{}]{0,100})\}\}")
# Controls, line and paragraph separators, halves of pairs, and what turns the direction of text.
_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


def faults_of(template: str) -> list[str]:
    """What is wrong with the tokens of a template, in words; nothing when every one is known."""
    faults = [
        f"{{{{{name.strip()}}}}} is not a token; there are "
        + ", ".join(f"{{{{{token}}}}}" for token in TOKENS)
        + "."
        for name in _TOKEN.findall(template)
        if name.strip() not in TOKENS
    ]
    rest = _TOKEN.sub("", template)
    if "{{" in rest or "}}" in rest:
        faults.append("A token begins with {{ and ends with }}.")
    return faults


def values_for(*, subject: str, name: str, email: str, channel: str) -> dict[str, str]:
    """
    The values of the tokens. What is missing has a substitute: a contact without a name is called
    by the address, one without both an unknown sender, and a mail without a subject by its sender.
    """
    subject, name, email = one_line(subject), one_line(name), one_line(email)
    called = name or email or "unknown sender"
    return {
        "conversation.subject": subject or f"(no subject) from {called}",
        "contact.name": called,
        "contact.email": email or "unknown address",
        "channel.name": one_line(channel),
    }


def filled(template: str, values: Mapping[str, str], limit: int = NAME_LIMIT) -> str:
    """The template with its tokens filled in, in one line of at most `limit` characters."""
    text = one_line(_TOKEN.sub(lambda token: values.get(token[1].strip(), ""), template))
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + "…"


def one_line(text: str) -> str:
    """The text without what is not shown, its blanks made single."""
    return " ".join(_UNSHOWN.sub(" ", text).split())
