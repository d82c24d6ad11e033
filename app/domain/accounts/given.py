"""What people type into fields — names, addresses — checked the same way everywhere."""

from __future__ import annotations

import re

import email_validator
from email_validator import EmailNotValidError, validate_email

from app.errors import invalid_field
from app.mail.message import Mailbox

# The library's documented way to say that names such as x.test, x.local and x.localhost are fine:
# whether an address can be reached is not asked here.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

NAME_LIMIT = 200
# Controls, line and paragraph separators; half surrogates, which no encoding can write.
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BLANKS = re.compile("[\\s\u200b-\u200f\u2060\ufeff]*")


def visible_line(text: str, pointer: str, code: str, limit: int = NAME_LIMIT) -> str:
    """The text without blanks around it: one line of 1 to `limit` characters. Raises Invalid."""
    line = text.strip()
    if _BLANKS.fullmatch(line) or len(line) > limit or _INVISIBLE.search(line):
        raise invalid_field(
            pointer, f"It has to be one line of 1 to {limit} visible characters.", code
        )
    return line


def mailbox(text: str, pointer: str, code: str) -> Mailbox:
    """
    `ann@x.example` or `Ann <ann@x.example>`, taken apart; the address stays as it was written.

    Syntax only (RFC 5321, internationalised too): nobody is asked, and names that the world's DNS
    does not know are fine. Raises Invalid.
    """
    wrong = invalid_field(pointer, f"This is no mail address: {text[:100]!r}.", code)
    if len(text) > 1000 or _INVISIBLE.search(text):
        raise wrong
    try:
        found = validate_email(
            text.strip(),
            check_deliverability=False,
            globally_deliverable=False,
            allow_display_name=True,
        )
    except EmailNotValidError as fault:
        raise wrong from fault
    if "." not in found.ascii_domain and found.ascii_domain != "localhost":
        raise wrong
    written = text.strip()
    if written.endswith(">"):
        written = written[written.rindex("<") + 1 : -1].strip()
    return Mailbox(found.display_name or "", written)
