"""
The authors of incoming mails: whose contact they are, and when a teammate speaks for himself.

Contacts are made after the conversations were looked up: a forward into a known conversation is
the teammate's word, and makes nobody a customer (E4).
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
            mail.becomes_contact = False  # its author was settled when it came first
        elif mail.forwarded is not None and thread_of(group, mail, own_key) is not None:
            speak_for_himself(mail)
    wanted = [
        contacts.Wanted(mail.account_id, mail.author.name, mail.author.address)
        for mail in incoming
        if mail.becomes_contact
    ]
    if not wanted:
        return
    known, news = await contacts.find_or_create(db, wanted, now)
    group.people += news
    for mail in incoming:
        ref = known.get((mail.account_id, canonical(mail.author.address)))
        if mail.becomes_contact and ref is not None:
            name = mail.author.name or ref.name
            mail.author = Author(name, mail.author.address, contact_id=ref.id)


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
