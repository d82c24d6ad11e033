"""
Understanding: a reading and the facts of its channel become an author, a class and a message.

Used the same way when a mail arrives and when a kept one is processed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, channels, conversations, events
from app.domain.accounts import Teammate
from app.domain.channels import ChannelFacts
from app.domain.conversations import Author, Incoming, TakenIn
from app.domain.events import NewEvent
from app.domain.inbound import owner_answers
from app.domain.inbound import reading as stored
from app.domain.inbound.bystanders import bystanders, nameless_group, only_addressee
from app.domain.inbound.forwarded import desk_of, forwarded_of, machine_within
from app.domain.inbound.marks import NOTHING, Marks
from app.domain.inbound.owner_answers import OwnerAnswer
from app.domain.inbound.reading import Reading
from app.domain.inbound.returning import Returned, note_bounces
from app.domain.sender_identity import Post
from app.mail import attribution, classify
from app.mail.addresses import canonical
from app.mail.attribution import Attribution, Surroundings
from app.mail.attribution.values import as_received
from app.mail.authentication import Authentication
from app.mail.classify import Verdict
from app.mail.confirmations import Confirmation, read_confirmation
from app.mail.message import Mailbox

HUMAN = "human"
_AS_FORMS_ARE_MARKED = frozenset({classify.GENERATED, classify.BULK})
CONTRADICTED = "contradicted"
PEOPLE = 50  # people of To and of Cc who are looked at
FORWARDS = 4  # forwards within forwards that are looked into
_ORIGINALS = ("x-original-from", "x-original-sender", "x-mailman-original-from", "x-mailfrom")

Key = tuple[str, str]  # account id, canonical address


@dataclass(slots=True)
class Understood:
    """One mail for one channel, on its way from reading to message."""

    facts: ChannelFacts
    reading: Reading
    reverse_path: str
    raw_digest: str
    received_at: datetime
    authentication: Authentication | None = None  # as it was when the mail arrived
    marks: Marks = NOTHING  # our own signs in it
    verdict: Verdict | None = None
    decision: Attribution | None = None
    teammate: Teammate | None = None  # who sent it, when that was one of the team
    ours: frozenset[str] = frozenset()  # the account's own addresses that were met
    confirmation: Confirmation | None = None  # a provider asks whether it may forward (F7)
    reason: str = ""
    held: str = ""  # why it goes to quarantine; "" when it does not (F5)

    @property
    def mail_class(self) -> str:
        """The class of F1; our own mail is `own`, what a person wrote into a form is his."""
        assert self.verdict is not None
        assert self.decision is not None
        if self.decision.arrival == attribution.OWN:
            return "own"
        if self.confirmation:
            return "auto_generated"
        made = self.verdict.mail_class
        formed = self.decision.arrival == attribution.GATEWAY and not self.decision.unresolved
        return HUMAN if formed and made in _AS_FORMS_ARE_MARKED else made

    @property
    def is_human(self) -> bool:
        """Did a person write it?"""
        return self.mail_class == HUMAN


@dataclass(slots=True)
class _Met:
    """Which of the addresses that mails name are the account's own."""

    team: dict[Key, Teammate] = field(default_factory=dict)
    channels: set[Key] = field(default_factory=set)
    asked: set[Key] = field(default_factory=set)

    async def look_up(self, db: AsyncSession, named: set[Key]) -> set[Key]:
        """Ask for those that were not asked for yet; gives the own ones of them."""
        fresh = named - self.asked
        if not fresh:
            return set()
        self.asked |= fresh
        team = await accounts.teammates(db, fresh)
        hosted = await channels.addresses_among(db, fresh)
        self.team.update(team)
        self.channels |= hosted
        return hosted | team.keys()


async def understand(db: AsyncSession, parcels: Sequence[Understood]) -> None:
    """Fill in verdict and attribution; one look-up for the whole group. Changes no row."""
    met = _Met()
    await met.look_up(db, {key for one in parcels for key in _named(one)})
    for parcel in parcels:
        _decide(parcel, met)
    for _ in range(FORWARDS):
        # Forwards name people whom no header names; most groups have none.
        found = await met.look_up(db, {key for one in parcels for key in _named_within(one)})
        if not found:
            break
        for parcel in parcels:
            if not found.isdisjoint(_named_within(parcel)):
                _decide(parcel, met)


def _decide(parcel: Understood, met: _Met) -> None:
    facts, mail = parcel.facts, parcel.reading.mail
    own = facts.own_addresses | _of_account(met.channels, facts.account_id)
    team = _of_account(met.team, facts.account_id)
    group = nameless_group(mail, facts)
    parcel.ours = own | team | group
    parcel.verdict = classify.classify(
        mail, reverse_path=parcel.reverse_path, own_lists=own | group, report=parcel.reading.report
    )
    around = Surroundings(own, facts.gateways, team.__contains__)
    if parcel.marks.is_own:
        decision = as_received(mail, attribution.OWN, "It carries the mark of our own mail.")
    else:
        decision = attribution.attribute(
            mail, parcel.verdict.mail_class, around, parcel.authentication
        )
    parcel.decision = decision
    parcel.verdict = machine_within(decision, own | group) or parcel.verdict
    if decision.arrival == attribution.TEAMMATE:
        sender = decision.forwarder or decision.author.address
        parcel.teammate = met.team.get((facts.account_id, canonical(sender)))
    parcel.confirmation = read_confirmation(mail, parcel.authentication)
    parcel.reason = _reason(parcel)


def _of_account(keys: Iterable[Key], account_id: str) -> frozenset[str]:
    return frozenset(address for of, address in keys if of == account_id)


def _named(parcel: Understood) -> Iterator[Key]:
    """Whom the header names, as far as it matters whether they are of the team."""
    mail, account_id = parcel.reading.mail, parcel.facts.account_id
    behind = (box for name in _ORIGINALS for box in mail.headers.mailboxes(name)[:1])
    for box in (mail.sender, *behind, *mail.reply_to[:5], *mail.to[:PEOPLE], *mail.cc[:PEOPLE]):
        if box.address:
            yield account_id, canonical(box.address)


def _named_within(parcel: Understood) -> Iterator[Key]:
    """Whom the forwarded mail names."""
    original = parcel.decision.original if parcel.decision else None
    if original is None or parcel.decision is None:
        return
    author = parcel.decision.author
    for box in (author, original.author, *original.to[:PEOPLE], *original.cc[:PEOPLE]):
        if box.address:
            yield parcel.facts.account_id, canonical(box.address)


def _reason(parcel: Understood) -> str:
    """Why a mail opens no conversation; empty for a person's mail."""
    assert parcel.verdict is not None
    if parcel.confirmation is not None:
        return f"{parcel.confirmation.provider} asks to confirm the forwarding."
    if parcel.mail_class == "own":
        return "It is our own mail, coming back."
    return "" if parcel.is_human else parcel.verdict.reason


async def apply(
    db: AsyncSession,
    parcels: Sequence[Understood],
    now: datetime,
    post: Post | None = None,
) -> tuple[list[TakenIn], list[NewEvent]]:
    """Contacts, conversations and messages of the group; results in the order given."""
    incoming = [incoming_of(one) for one in parcels]
    results, news = await conversations.take_in(db, incoming, now, post)
    if post is not None and any(one.marks.owner_token for one in parcels):
        await events.record(db, news, now)  # what arrived comes before what follows from it
        news = []
        for parcel, result in zip(parcels, results, strict=True):
            answer = _owner_answer(parcel, result)
            if answer is not None:
                await owner_answers.send(db, post, answer, now)
    reports = [
        Returned(parcel.facts.account_id, parcel.marks, parcel.reading.report)
        for parcel, result in zip(parcels, results, strict=True)
        if parcel.reading.report is not None and not result.duplicate
    ]
    await note_bounces(db, reports, now)
    for parcel in parcels:
        if parcel.marks.forwarding_test is not None:
            await channels.forwarding_tests.arrived(
                db,
                parcel.facts.account_id,
                parcel.facts.channel_id,
                parcel.marks.forwarding_test,
                sender=parcel.reading.mail.sender.address,
                now=now,
            )
        if parcel.confirmation is not None:
            await channels.keep_confirmation(
                db,
                parcel.facts.account_id,
                parcel.facts.channel_id,
                provider=parcel.confirmation.provider,
                code=parcel.confirmation.code,
                url=parcel.confirmation.url,
                now=now,
            )
    return results, news


def _owner_answer(parcel: Understood, result: TakenIn) -> OwnerAnswer | None:
    """The mail as an answer to a notice; None: it is none, or nobody of the team wrote it."""
    token, author = parcel.marks.owner_token, parcel.teammate
    if token is None or author is None or result.conversation_id is None:
        return None
    if result.duplicate or not parcel.is_human:
        return None
    assert parcel.decision is not None
    return OwnerAnswer(
        parcel.facts.account_id,
        result.conversation_id,
        result.message_id,
        user_id=author.user_id,
        trusted=parcel.decision.trust != CONTRADICTED,
        token=token,
        reading=parcel.reading,
        raw_digest=parcel.raw_digest,
        received_at=parcel.received_at,
    )


def _is_own_words(decision: Attribution) -> bool:
    """Did the teammate write it himself, with nobody else's mail in it?"""
    return decision.arrival == attribution.TEAMMATE and decision.original is None


def incoming_of(parcel: Understood) -> Incoming:
    """The mail as the conversations room takes it."""
    reading, facts, decision = parcel.reading, parcel.facts, parcel.decision
    assert decision is not None
    mail, author, own_words = reading.mail, decision.author, _is_own_words(decision)
    team = parcel.teammate
    teammate = (
        Author(team.name, team.address, user_id=team.user_id)
        if team
        else desk_of(mail.sender, decision)
    )
    files = stored.attachments(mail.attachments)
    written_to = _written_to(parcel)
    return Incoming(
        account_id=facts.account_id,
        channel_id=facts.channel_id,
        author=teammate if own_words and teammate else Author(author.name, author.address),
        sender=mail.sender,
        to=stored.people(mail.to),
        cc=stored.people(mail.cc),
        bystanders=written_to if own_words else _bystanders(parcel),
        subject=mail.subject,
        text=reading.text,
        html=reading.html,
        reply_text=reading.reply_text,
        quoted_text=reading.quoted_text,
        attachments=files,
        truncated=reading.truncated,
        message_id=reading.message_id,
        mentioned=_mentioned(reading, decision),
        in_reply_to=mail.in_reply_to[0] if mail.in_reply_to else None,
        mail_class=parcel.mail_class,
        report=stored.report_of(reading.report),
        attribution=stored.attribution_of(decision),
        authentication=stored.authentication(parcel.authentication),
        raw_digest=parcel.raw_digest,
        sent_at=mail.date,
        received_at=parcel.received_at,
        opens=parcel.is_human,
        trusted=decision.trust != CONTRADICTED,
        reopen_window_days=facts.reopen_window_days,
        comment=decision.comment,
        teammate=teammate,
        is_comment=own_words,
        written_to=written_to,
        addressee=only_addressee(mail.to, written_to, parcel.ours) if own_words else None,
        forwarded=forwarded_of(reading, decision, files),
        becomes_contact=not own_words and _becomes_contact(parcel, decision),
        thread_index=reading.thread_index,
        routes=facts.routes,
        has_tickets=facts.has_tickets,
        led_to=parcel.marks.conversation_id,
        answers=_answers(parcel.marks),
    )


def _becomes_contact(parcel: Understood, decision: Attribution) -> bool:
    """A person outside, known by address; nobody who only claims to be one of the team."""
    pretends = decision.trust == CONTRADICTED and canonical(decision.author.address) in parcel.ours
    return parcel.is_human and not decision.unresolved and not pretends


def _bystanders(parcel: Understood) -> tuple[Mailbox, ...]:
    """Of To and Cc of the mail; of what the team forwards, of those of the original."""
    assert parcel.decision is not None
    named = parcel.decision.original or parcel.reading.mail
    boxes = (*named.to[:PEOPLE], *named.cc[:PEOPLE])
    return bystanders(boxes, parcel.facts, parcel.ours)


def _written_to(parcel: Understood) -> tuple[Mailbox, ...]:
    """Whom a person of the team wrote to besides the team; a machine's mail speaks to nobody."""
    if parcel.teammate is None or not parcel.is_human:
        return ()
    mail = parcel.reading.mail
    boxes = (*mail.to[:PEOPLE], *mail.cc[:PEOPLE])
    return bystanders(boxes, parcel.facts, parcel.ours)


def _mentioned(reading: Reading, decision: Attribution) -> tuple[str, ...]:
    original = decision.original
    named = original.message_id if original is not None else ""
    return (*reading.mentioned, named) if named else reading.mentioned


def _answers(marks: Marks) -> tuple[str, ...]:
    """The messages of ours that a mail answers or reports on."""
    returned = (marks.returned[0],) if marks.returned else ()
    reported = (marks.reported,) if marks.reported else ()
    return (*returned, *marks.answered, *reported)
