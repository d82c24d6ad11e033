"""
The authors of incoming mails: whose contact they are, and when a teammate speaks for himself.

Contacts are made after the conversations were looked up: a forward into a known conversation is
the teammate's word, and makes nobody a customer (E4). What a teammate writes to one person outside
opens that person's conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import contacts
from app.domain.conversations.comparing import same_mail
from app.domain.conversations.incoming import Author, Incoming
from app.domain.conversations.known import Group
from app.domain.conversations.placing import thread_of
from app.mail.addresses import canonical
from app.mail.threading import key_of


async def settle_authors(
    db: AsyncSession, group: Group, incoming: Sequence[Incoming], now: datetime
) -> None:
    """Everybody outside who wrote as a person has a contact; one look-up for the whole group."""
    for mail in incoming:
        own_key = key_of(mail.scope, mail.message_id)
        if same_mail(group.known.get((mail.account_id, own_key), ()), mail) is not None:
            # Its people were settled when it came first.
            mail.becomes_contact, mail.addressee = False, None
        elif (mail.forwarded or mail.addressee) and thread_of(group, mail, own_key) is not None:
            speak_for_himself(mail)
            mail.addressee = None  # the conversation has its contact
    people = [(mail, whom) for mail in incoming if (whom := _becomes_contact(mail)) is not None]
    if not people:
        return
    wanted = [contacts.Wanted(mail.account_id, whom.name, whom.address) for mail, whom in people]
    known, news = await contacts.find_or_create(db, wanted, now)
    group.people += news
    for mail, whom in people:
        ref = known.get((mail.account_id, canonical(whom.address)))
        if ref is None:
            continue
        found = Author(whom.name or ref.name, whom.address, contact_id=ref.id)
        if mail.becomes_contact:
            mail.author = found
        else:
            mail.addressee = found


def _becomes_contact(mail: Incoming) -> Author | None:
    return mail.author if mail.becomes_contact else mail.addressee


def show_forwarded(mail: Incoming) -> None:
    """A forward is shown as the mail that was forwarded; the raw mail has the rest."""
    shown = mail.forwarded
    if shown is not None:
        mail.text, mail.html, mail.attachments = shown.text, shown.html, shown.attachments
        mail.reply_text, mail.quoted_text = shown.reply_text, shown.quoted_text
        people = [name for name in mail.truncated if name in ("to", "cc")]
        mail.truncated = [*shown.truncated, *people]


def speak_for_himself(mail: Incoming) -> None:
    """
    In a conversation that exists a teammate speaks for himself, whatever he quotes (E4).

    What a rule of the team address passes on is not its word: the author stays who wrote it.
    """
    if mail.teammate is None or mail.is_comment:
        return
    mail.author, mail.is_comment, mail.comment = mail.teammate, True, ""
    mail.forwarded, mail.becomes_contact = None, False
    mail.bystanders = mail.written_to
    mail.attribution = {
        **mail.attribution,
        "method": "from",
        "unresolved": False,
        "original": None,
        "candidates": [
            *(
                {**one, "accepted": False, "reason": "It answers a known conversation."}
                for one in mail.attribution["candidates"]
            ),
            {
                "method": "from",
                "name": mail.teammate.name,
                "address": mail.teammate.address,
                "accepted": True,
                "reason": "The team writes in a known conversation.",
            },
        ],
    }
