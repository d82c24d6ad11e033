"""
Sending what was planned: the message of a reply, and what a conversation knows after it.

Deliberately not here: planning (`replying`), and speaking to other machines (the worker does).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import events, sender_identity
from app.domain.conversations import stored, ticketing
from app.domain.conversations.ahead import Ahead, read, taken_up
from app.domain.conversations.known import THREAD_IDS
from app.domain.conversations.models import Conversation, Message
from app.domain.conversations.recipients import BCC, Recipient
from app.domain.conversations.replying import (
    Draft,
    Plan,
    plan,
    refuse_answered,
    refuse_suppressed,
)
from app.domain.conversations.service import ConversationChange, change
from app.domain.conversations.taking_in import PARTICIPANT_LIMIT
from app.domain.events import NewEvent
from app.domain.outbox import Suppression
from app.domain.sender_identity import Dispatched, Mailing, Post, SenderWarning
from app.errors import Invalid, invalid_field
from app.mail import tokens
from app.mail.addresses import canonical
from app.mail.alignment import would_align
from app.mail.compose import mailbox_text
from app.mail.threading import key_of

TEXT_LIMIT = 1_000_000  # characters of text or HTML in the row; the raw mail has the rest
_ON_LOOP = 128 * 1024  # octets that are read at once; more is read in a thread


@dataclass(frozen=True, slots=True)
class Alignment:
    """Would the mail pass DMARC (RFC 7489 3.1)?"""

    from_domain: str
    dkim_domains: tuple[str, ...]
    spf_domain: str
    would_pass: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """What would be sent."""

    plan: Plan
    size: int
    alignment: Alignment
    policy: str | None  # DMARC, of the From's domain

    @property
    def warnings(self) -> tuple[SenderWarning, ...]:
        """What one should know before it leaves."""
        of_sender = sender_identity.previewed(self.plan.in_force, self.policy).warnings
        return (*of_sender, *self.plan.warnings)

    @property
    def suppressed(self) -> tuple[tuple[Recipient, Suppression], ...]:
        """Who would not get it."""
        return self.plan.suppressed

    @property
    def from_header(self) -> str:
        """The field as it is written."""
        return mailbox_text(self.plan.outgoing.from_)


async def preflight(
    db: AsyncSession,
    post: Post,
    account_id: str,
    conversation_id: str,
    draft: Draft,
    now: datetime,
    *,
    policy: str | None = None,
) -> Preflight:
    """
    What `reply` would send now, composed and signed, but not kept. Raises what it raises.

    `policy` is what From's domain publishes (DMARC), where that was asked.
    """
    planned = await plan(db, post, account_id, conversation_id, draft, now)
    signers = planned.signers or await sender_identity.hosted_signers(
        db, post, planned.outgoing, now
    )
    composed = await asyncio.to_thread(
        sender_identity.written, post.keys, account_id, planned.outgoing, signers, now
    )
    _check_size(composed.size, post.size_limit)
    domain = planned.outgoing.from_.address.rpartition("@")[2]
    spf = planned.in_force.return_domain
    signed_by = tuple(dict.fromkeys(one.domain for one in signers))
    passes = any(would_align(domain, one) for one in (*signed_by, spf))
    return Preflight(planned, composed.size, Alignment(domain, signed_by, spf, passes), policy)


async def reply(
    db: AsyncSession,
    post: Post,
    account_id: str,
    conversation_id: str,
    draft: Draft,
    now: datetime,
    ahead: Ahead | None = None,
) -> Message:
    """
    The answer stands in the conversation and leaves after the commit, once for every recipient.

    An unassigned conversation is its author's from now on. Its state stays unless `draft.state`
    says otherwise: a closed one is reopened by the customer, not by our last word. `ahead` is the
    same reply, written before the transaction. Raises what `plan` raises; Conflict
    `replies.suppressed`, `replies.answered_since`; Invalid `replies.too_large`.
    """
    if ahead is not None:
        draft = replace(draft, contents=ahead.contents)
    planned = await plan(db, post, account_id, conversation_id, draft, now)
    refuse_answered(planned)
    if not draft.override_suppression:
        refuse_suppressed(planned)
    return await send(db, post, planned, draft, now, ahead)


async def send(
    db: AsyncSession,
    post: Post,
    planned: Plan,
    draft: Draft,
    now: datetime,
    ahead: Ahead | None = None,
) -> Message:
    """The planned mail leaves, and the conversation knows it; as written `ahead`, if that fits."""
    as_ahead = await taken_up(db, planned, ahead) if ahead is not None else None
    planned, ahead = (as_ahead, ahead) if as_ahead is not None else (planned, None)
    conversation, outgoing = planned.conversation, planned.outgoing
    message_id = tokens.read_message_id(post.keys, outgoing.message_id)
    assert message_id is not None
    mailing = Mailing(
        account_id=conversation.account_id,
        kind="reply",
        tracked_id=message_id,
        outgoing=outgoing,
        return_domain=planned.in_force.return_domain,
        message_id=message_id,
    )
    try:
        dispatched = await sender_identity.dispatch(
            db, post, mailing, now, planned.signers, ahead.written if ahead else None
        )
    except Invalid as fault:
        if fault.code == "outbox.too_large":
            raise invalid_field("/attachments", fault.detail, "replies.too_large") from fault
        raise
    message = await _message(planned, message_id, dispatched, now, ahead)
    db.add(message)
    await db.flush()
    await _remember(db, message)
    _note(conversation, planned, now)
    facts = {
        "conversation_id": conversation.id,
        "message_id": message.id,
        "channel_id": conversation.channel_id,
        "author_id": planned.author.id,
    }
    created = NewEvent(conversation.account_id, "message.created", facts)
    await events.record(db, [created], now)
    await ticketing.follow_replies(db, conversation.account_id, conversation, now)
    await _change(db, post, planned, draft, now)  # closing is the last word on a ticket, too
    return message


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        words = f"The mail has {size} octets; at most {limit} can be sent."
        raise invalid_field("/attachments", words, "replies.too_large")


async def _message(
    planned: Plan, message_id: str, dispatched: Dispatched, now: datetime, ahead: Ahead | None
) -> Message:
    """The message as it is read out of the octets that are sent, like one that was received."""
    if ahead is not None:
        mail, markup = ahead.mail, ahead.markup
    elif len(dispatched.raw) > _ON_LOOP:
        mail, markup = await asyncio.to_thread(read, dispatched.raw)
    else:
        mail, markup = read(dispatched.raw)
    conversation, outgoing = planned.conversation, planned.outgoing
    texts = {
        "text": mail.text,
        "html": markup,
        "reply_text": outgoing.text,
        "quoted_text": outgoing.quote.text if outgoing.quote else "",
    }
    scope = f"{conversation.account_id}/{conversation.channel_id}"
    return Message(
        account_id=conversation.account_id,
        id=message_id,
        conversation_id=conversation.id,
        channel_id=conversation.channel_id,
        kind="message",
        direction="outgoing",
        mail_class="human",
        pending=False,
        from_name=mail.sender.name,
        from_address=mail.sender.address,
        author_contact_id=None,
        author_user_id=planned.author.id,
        author_name=planned.author.name,
        author_address=planned.author.email,
        to=stored.people(outgoing.to),
        cc=stored.people(outgoing.cc),
        subject=mail.subject,
        **{name: text[:TEXT_LIMIT] for name, text in texts.items()},
        attachments=stored.attachments(mail.attachments),
        truncated=[name for name, text in texts.items() if len(text) > TEXT_LIMIT],
        message_id=outgoing.message_id,
        message_key=key_of(scope, outgoing.message_id),
        in_reply_to=outgoing.in_reply_to,
        report=None,
        authentication={},
        attribution=None,
        raw_digest=dispatched.digest,
        sent_at=outgoing.date,
        created_at=now,
    )


async def _remember(db: AsyncSession, message: Message) -> None:
    """Answers that name its Message-ID lead to the conversation."""
    row = {
        "account_id": message.account_id,
        "key": message.message_key,
        "conversation_id": message.conversation_id,
    }
    await db.execute(insert(THREAD_IDS), [row])


def _note(conversation: Conversation, planned: Plan, now: datetime) -> None:
    conversation.message_count += 1
    conversation.last_message_at = conversation.last_sent_at = now
    people = list(conversation.participants)
    known = {canonical(one["address"]) for one in people} | planned.addressed.ours
    for one in planned.addressed.people:
        if one.role != BCC and one.key not in known and len(people) < PARTICIPANT_LIMIT:
            known.add(one.key)
            people.append({"name": one.box.name, "address": one.box.address})
    conversation.participants = people


async def _change(db: AsyncSession, post: Post, planned: Plan, draft: Draft, now: datetime) -> None:
    """Assigned to its author when it was nobody's, and in the state that is wanted."""
    conversation = planned.conversation
    wanted: dict[str, Any] = {}
    if conversation.assignee_id is None:
        wanted["assignee_id"] = planned.author.id
    if draft.state is not None:
        wanted["state"] = draft.state
    if wanted:
        whole = {"spam": conversation.spam, "team_id": conversation.team_id, **wanted}
        asked = ConversationChange(frozenset(wanted), **whole)
        await change(db, conversation.account_id, conversation.id, asked, now, post)
