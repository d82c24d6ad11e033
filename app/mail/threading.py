"""
Which conversation a mail belongs to, as far as its header can say: the Message-IDs it names.

The order is that of trust: In-Reply-To first, then References from the newest to the oldest
(RFC 5322, 3.6.4); the last is Outlook's Thread-Index. Never the subject alone. Deliberately not
here: looking the ids up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from app.mail.message import Mail

MENTIONED_LIMIT = 40  # a thread of a thousand mails names a thousand ids; the ends of it are enough

_SPACE = re.compile(r"\s+")
_MADE = "@made.hosted-inbox.invalid"


def key_of(scope: str, message_id: str) -> str:
    """
    A fixed-length key for a Message-ID within a scope (the channel).

    Ids are compared as they are but for white space and brackets: the left side is
    case-sensitive by the RFC, and what differs by case in practice is the domain, so that is
    folded.
    """
    plain = _SPACE.sub("", message_id).strip("<>")
    left, at, domain = plain.rpartition("@")
    text = f"{scope}\n{left}{at}{domain.lower()}"
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def mentioned_ids(mail: Mail) -> tuple[str, ...]:
    """The ids that the mail answers, the most telling first; its own is not among them."""
    found: dict[str, None] = {}
    for message_id in (*mail.in_reply_to, *reversed(mail.references)):
        if message_id and message_id != mail.message_id:
            found[message_id] = None
    ids = list(found)
    if len(ids) > MENTIONED_LIMIT:
        # The first reference is the key of the whole thread: it stays.
        ids = [*ids[: MENTIONED_LIMIT - 1], ids[-1]]
    return tuple(ids)


@dataclass(frozen=True, slots=True)
class ThreadIndex:
    """Outlook's own key of a thread; `answers` when the mail is not the first one of it."""

    root: str
    answers: bool


_INDEX_ROOT = 22  # octets: one that is 1, five of a time, a GUID; five more for each answer


def thread_index(mail: Mail) -> ThreadIndex | None:
    """
    What Thread-Index says, in the shape of an id; None when there is none that can be read.

    Source: [MS-OXOMSG], 2.2.1.3, PidTagConversationIndex.
    """
    if "thread-index" not in mail.headers:
        return None
    written = _SPACE.sub("", mail.headers.value("thread-index"))[:4000]
    try:
        octets = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(octets) < _INDEX_ROOT or octets[0] != 1:
        return None
    root = octets[:_INDEX_ROOT].hex()
    return ThreadIndex(f"{root}@thread-index.invalid", len(octets) > _INDEX_ROOT)


def made_message_id(mail: Mail) -> str:
    """
    An id for a mail that has none, the same whenever the same mail comes again.

    It is made of what no forwarder changes: author, date, subject and text.
    """
    date = mail.headers.value("date")
    facts = "\n".join((mail.sender.address.lower(), date, mail.subject, mail.text[:4000]))
    digest = hashlib.sha256(facts.encode("utf-8", "replace")).hexdigest()[:40]
    return f"{digest}{_MADE}"


def is_made(message_id: str) -> bool:
    """Was the id made by us, for a mail that came without?"""
    return message_id.endswith(_MADE)


def same_subject(one: str, other: str) -> bool:
    """Do two subjects of one Message-ID come from one mail? Groups put their name before it."""
    a, b = _SPACE.sub("", one), _SPACE.sub("", other)
    short, long = sorted((a, b), key=len)
    return long.endswith(short) and (bool(short) or not long)


def same_content(one: str, other: str) -> bool:
    """
    Do two texts of one Message-ID come from one mail?

    Forwarders and groups add footers and change white space, so one has to begin with the other.
    """
    a, b = _SPACE.sub("", one), _SPACE.sub("", other)
    short, long = sorted((a, b), key=len)
    return long.startswith(short) and (bool(short) or not long)
