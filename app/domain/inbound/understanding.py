"""
Understanding: a reading and the facts of its channel become an author, a class and a message.

Used the same way when a mail arrives and when a kept one is processed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, channels, contacts, conversations
from app.domain.accounts import Teammate
from app.domain.channels import ChannelFacts
from app.domain.conversations import Author, Incoming, TakenIn
from app.domain.events import NewEvent
from app.domain.inbound import reading as stored
from app.domain.inbound.reading import Reading
from app.mail import attribution, classify
from app.mail.addresses import canonical
from app.mail.attribution import Attribution, Original, Surroundings
from app.mail.classify import Verdict
from app.mail.confirmations import Confirmation, read_confirmation
from app.mail.message import Mailbox

HUMAN = "human"


@dataclass(slots=True)
class Understood:
    """One mail for one channel, on its way from reading to message."""

    facts: ChannelFacts
    reading: Reading
    reverse_path: str
    raw_digest: str
    received_at: datetime
    verdict: Verdict | None = None
    decision: Attribution | None = None
    teammate: Teammate | None = None  # who sent it, when the header From is one of the team
    confirmation: Confirmation | None = None  # a provider asks whether it may forward (F7)
    reason: str = ""

    @property
    def mail_class(self) -> str:
        """The class of F1; our own mail coming back is `own`."""
        assert self.verdict is not None
        assert self.decision is not None
        if self.decision.arrival == attribution.OWN:
            return "own"
        return "auto_generated" if self.confirmation else self.verdict.mail_class

    @property
    def is_human(self) -> bool:
        """Did a person write it?"""
        return self.mail_class == HUMAN


async def understand(db: AsyncSession, parcels: Sequence[Understood]) -> None:
    """Fill in verdict and attribution; one look-up for the whole group. Changes no row."""
    senders = {
        (parcel.facts.account_id, canonical(parcel.reading.mail.sender.address))
        for parcel in parcels
    }
    team = await accounts.teammates(db, senders)
    for parcel in parcels:
        facts, mail = parcel.facts, parcel.reading.mail
        parcel.teammate = team.get((facts.account_id, canonical(mail.sender.address)))
        parcel.verdict = classify.classify(
            mail,
            reverse_path=parcel.reverse_path,
            own_lists=facts.own_addresses,
            report=parcel.reading.report,
        )
        around = Surroundings(
            own_addresses=facts.own_addresses,
            gateways=facts.gateways,
            is_teammate=lambda address, parcel=parcel: parcel.teammate is not None,  # type: ignore[misc]
        )
        parcel.decision = attribution.attribute(mail, parcel.verdict.mail_class, around)
        parcel.confirmation = read_confirmation(mail)
        parcel.reason = _reason(parcel)


def _reason(parcel: Understood) -> str:
    """Why a mail opens no conversation; empty for a person's mail."""
    assert parcel.verdict is not None
    if parcel.confirmation is not None:
        return f"{parcel.confirmation.provider} asks to confirm the forwarding."
    if parcel.mail_class == "own":
        return "It is our own mail, coming back."
    return "" if parcel.is_human else parcel.verdict.reason


@dataclass(slots=True)
class _People:
    """The contacts of a group, found or made."""

    known: dict[tuple[str, str], contacts.ContactRef] = field(default_factory=dict)
    news: list[NewEvent] = field(default_factory=list)


async def apply(
    db: AsyncSession, parcels: Sequence[Understood], now: datetime
) -> tuple[list[TakenIn], list[NewEvent]]:
    """Contacts, conversations and messages of the group; results in the order given."""
    people = await _people(db, parcels, now)
    incoming = [_incoming(parcel, people) for parcel in parcels]
    results, news = await conversations.take_in(db, incoming, now)
    for parcel in parcels:
        if parcel.confirmation is not None and parcel.facts.confirmation_waiting:
            await channels.keep_confirmation(
                db,
                parcel.facts.account_id,
                parcel.facts.channel_id,
                provider=parcel.confirmation.provider,
                code=parcel.confirmation.code,
                url=parcel.confirmation.url,
                now=now,
            )
    return results, [*people.news, *news]


async def _people(db: AsyncSession, parcels: Sequence[Understood], now: datetime) -> _People:
    """Everybody who wrote as a person is a contact; machines become none."""
    wanted = []
    for parcel in parcels:
        assert parcel.decision is not None
        author = parcel.decision.author
        if parcel.is_human and not parcel.decision.unresolved and not _is_own_words(parcel):
            wanted.append(contacts.Wanted(parcel.facts.account_id, author.name, author.address))
    if not wanted:
        return _People()
    known, news = await contacts.find_or_create(db, wanted, now)
    return _People(known, news)


def _is_own_words(parcel: Understood) -> bool:
    """Did the teammate write it himself, with nothing forwarded in it?"""
    assert parcel.decision is not None
    return parcel.decision.arrival == attribution.TEAMMATE and parcel.decision.method == "from"


def _author(parcel: Understood, people: _People) -> Author:
    """The author with the contact that was found for him, if he may have one."""
    assert parcel.decision is not None
    author = parcel.decision.author
    if _is_own_words(parcel) and parcel.teammate is not None:
        team = parcel.teammate
        return Author(author.name or team.name, author.address, user_id=team.user_id)
    known = people.known.get((parcel.facts.account_id, canonical(author.address)))
    if known is None or parcel.decision.unresolved:
        return Author(author.name, author.address)
    return Author(author.name or known.name, author.address, contact_id=known.id)


def _incoming(parcel: Understood, people: _People) -> Incoming:
    reading, facts, decision = parcel.reading, parcel.facts, parcel.decision
    assert decision is not None
    mail, team, original = reading.mail, parcel.teammate, decision.original
    incoming = Incoming(
        account_id=facts.account_id,
        channel_id=facts.channel_id,
        author=_author(parcel, people),
        sender=mail.sender,
        to=stored.people(mail.to),
        cc=stored.people(mail.cc),
        bystanders=_bystanders(parcel),
        subject=mail.subject,
        topic=mail.subject,
        text=reading.text,
        html=reading.html,
        reply_text=reading.reply_text,
        quoted_text=reading.quoted_text,
        attachments=stored.attachments(mail.attachments),
        message_id=reading.message_id,
        mentioned=reading.mentioned,
        in_reply_to=mail.in_reply_to[0] if mail.in_reply_to else None,
        mail_class=parcel.mail_class,
        report=stored.report_of(reading.report),
        attribution=stored_attribution(decision),
        authentication={},
        raw_digest=parcel.raw_digest,
        sent_at=mail.date,
        received_at=parcel.received_at,
        opens=parcel.is_human,
        trusted=decision.trust != "contradicted",
        reopen_window_days=facts.reopen_window_days,
        comment=decision.comment,
        teammate=Author(team.name, team.address, user_id=team.user_id) if team else None,
        is_comment=_is_own_words(parcel),
    )
    if original is not None and decision.arrival == attribution.TEAMMATE:
        _show_original(incoming, original)
    return incoming


def _show_original(incoming: Incoming, original: Original) -> None:
    """A forward is shown as the mail that was forwarded; nothing of the outer mail is lost."""
    incoming.topic = original.subject or incoming.topic
    incoming.reply_text, incoming.quoted_text = original.text[: stored.TEXT_LIMIT], ""
    if original.message_id:
        incoming.mentioned = (*incoming.mentioned, original.message_id)
    if original.whole is None:
        return
    whole = original.whole
    incoming.text = original.text[: stored.TEXT_LIMIT]
    incoming.html = stored.clean_html(whole.html)
    carried = [one for one in incoming.attachments if one["content_type"] != "message/rfc822"]
    incoming.attachments = [*stored.attachments(whole.attachments), *carried]


def _bystanders(parcel: Understood) -> tuple[Mailbox, ...]:
    """The people in To and Cc who are neither the channel nor the sending teammate."""
    own, mail = parcel.facts.own_addresses, parcel.reading.mail
    boxes = (*mail.to, *mail.cc)
    if parcel.teammate is not None:
        original = parcel.decision.original if parcel.decision else None
        boxes = (*original.to, *original.cc) if original else ()
        own = own | {canonical(parcel.teammate.address), canonical(mail.sender.address)}
    return tuple(box for box in boxes[:50] if box.address and canonical(box.address) not in own)


def stored_attribution(decision: Attribution) -> dict[str, Any]:
    """An attribution as it is stored and given out."""
    original = decision.original
    return {
        "class": decision.arrival,
        "method": decision.method,
        "forwarder": decision.forwarder,
        "trust": decision.trust,
        "unresolved": decision.unresolved,
        "candidates": [
            {
                "method": one.method,
                "name": one.name,
                "address": one.address,
                "accepted": one.accepted,
                "reason": one.reason,
            }
            for one in decision.candidates
        ],
        "original": None
        if original is None
        else {
            "author": {"name": original.author.name, "address": original.author.address},
            "to": stored.people(original.to),
            "cc": stored.people(original.cc),
            "subject": original.subject,
            "sent_at": original.sent_at.isoformat() if original.sent_at else None,
            "text": original.text[: stored.TEXT_LIMIT],
        },
    }
