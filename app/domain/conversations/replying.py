"""
Replying: an agent's answer is composed, kept as a message, and put into the outbox (G5).

The pre-flight plans in the same way and sends nothing: what it shows is what would leave.
Deliberately not here: who gets it (`recipients`), what it answers (`answered`), how it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.domain import accounts, channels, sender_identity
from app.domain.accounts import User
from app.domain.channels import Channel, ChannelFacts
from app.domain.conversations import recipients
from app.domain.conversations.answered import (
    History,
    Parent,
    history_of,
    mails_after,
    parent_of,
)
from app.domain.conversations.models import Conversation, Message
from app.domain.conversations.recipients import Addressed, Recipient, Wanted
from app.domain.conversations.service import get_unmerged
from app.domain.conversations.uploading import Attached, files_of
from app.domain.outbox import Suppression
from app.domain.sender_identity import InForce, Post, SenderWarning, Signer
from app.errors import Conflict, FieldError, NotFound, invalid_field
from app.mail import html, tokens
from app.mail.addresses import canonical
from app.mail.alignment import ascii_domain
from app.mail.compose import Outgoing, OutgoingFile, Signature
from app.mail.message import Mailbox


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply as an agent wants it; None and empty where the house decides."""

    text: str
    author_id: str
    html: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    attached: tuple[Attached, ...] = ()
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # of those, if at hand
    files: tuple[OutgoingFile, ...] = field(default=(), repr=False)  # beside those
    subject: str | None = None
    quote: bool = True
    override_suppression: bool = False
    expected_last_message_id: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A reply as it would leave: the values it is composed of, and what one should know of it."""

    conversation: Conversation
    author: User
    outgoing: Outgoing
    addressed: Addressed
    in_force: InForce
    signers: tuple[Signer, ...]
    suppressed: tuple[tuple[Recipient, Suppression], ...]
    answered_since: tuple[Message, ...]
    warnings: tuple[SenderWarning, ...]  # beside those of the identity in force


async def plan(
    db: AsyncSession, post: Post, account_id: str, conversation_id: str, draft: Draft, now: datetime
) -> Plan:
    """
    The reply as it would leave now.

    Raises NotFound; Conflict for a merged conversation and a channel that is gone
    (`replies.channel_gone`); Invalid for what cannot be sent.
    """
    conversation = await get_unmerged(db, account_id, conversation_id)
    return await plan_in(db, post, conversation, draft, now)


async def plan_in(
    db: AsyncSession, post: Post, conversation: Conversation, draft: Draft, now: datetime
) -> Plan:
    """The same in a conversation that is at hand."""
    account_id = conversation.account_id
    author = await _author(db, account_id, draft.author_id)
    draft = _with_words(draft)
    channel, facts = await _channel(db, conversation)
    since = await _answered_since(db, conversation, draft.expected_last_message_id)
    history = await history_of(db, conversation)
    addressed = await recipients.address(db, conversation, facts, history, draft.wanted)
    in_force = await sender_identity.identity_in_force(
        db,
        account_id,
        channel.id,
        hosted_address=facts.forwarding_address,
        team_addresses=facts.own_addresses - {facts.forwarding_address},
        forwarding_verified=facts.forwarding_status == "verified",
        agent_name=author.name,
        now=now,
    )
    parent = await parent_of(db, post.store, conversation, history.answered, quoted=draft.quote)
    files = await files_of(
        db,
        post.store,
        account_id,
        draft.attached,
        size_limit=post.size_limit,
        now=now,
        contents=draft.contents,
    )
    outgoing = Outgoing(
        from_=in_force.from_,
        to=addressed.boxes(recipients.TO),
        cc=addressed.boxes(recipients.CC),
        bcc=addressed.boxes(recipients.BCC),
        reply_to=_reply_to(post, in_force, facts, conversation),
        subject=draft.subject if draft.subject is not None else parent.subject,
        text=draft.text,
        html=draft.html,
        message_id=_message_id(post, in_force),
        date=now.replace(microsecond=0),
        attachments=(*files, *draft.files, *parent.images),
        in_reply_to=parent.in_reply_to,
        references=parent.references,
        thread_index=parent.thread_index,
        thread_topic=parent.thread_topic,
        signature=_signature(author, channel),
        quote=parent.quote,
    )
    suppressed = await recipients.suppressed_among(db, account_id, addressed.people, now)
    return Plan(
        conversation=conversation,
        author=author,
        outgoing=outgoing,
        addressed=addressed,
        in_force=in_force,
        signers=await sender_identity.signers_of(db, post, account_id, in_force, now),
        suppressed=tuple(suppressed),
        answered_since=tuple(since),
        warnings=tuple(_warnings(conversation, addressed, history, parent, facts)),
    )


async def _author(db: AsyncSession, account_id: str, author_id: str) -> User:
    try:
        return await accounts.get_user(db, account_id, author_id)
    except NotFound as fault:
        raise invalid_field(
            "/author_id", "There is no such user.", "conversations.unknown_user"
        ) from fault


def _with_words(draft: Draft) -> Draft:
    """The draft with clean HTML, and with the text of its HTML where it has none of its own."""
    markup, text = None, draft.text
    if draft.html is not None and draft.html.strip():
        markup, whole = html.cleaned(draft.html)
        if not whole:
            raise invalid_field("/html", "The HTML is too large.", "replies.html_too_large")
        text = text if text.strip() else html.to_text(markup)
    has_files = draft.attached or draft.files
    if not text.strip() and not has_files and not (markup and "<img" in markup):
        raise invalid_field("/text", "A reply has words or a file.", "replies.empty")
    return replace(draft, text=text, html=markup)


async def _channel(db: AsyncSession, conversation: Conversation) -> tuple[Channel, ChannelFacts]:
    try:
        channel = await channels.get(db, conversation.account_id, conversation.channel_id)
        facts = await channels.facts_of(db, conversation.account_id, channel.id)
    except NotFound as fault:
        raise Conflict(
            "The channel of this conversation is gone: nothing can be sent from it.",
            "replies.channel_gone",
        ) from fault
    return channel, facts


async def _answered_since(
    db: AsyncSession, conversation: Conversation, expected: str | None
) -> Sequence[Message]:
    if expected is None:
        return ()
    try:
        return await mails_after(db, conversation, expected)
    except NotFound as fault:
        raise invalid_field(
            "/expected_last_message_id", fault.detail, "replies.unknown_message"
        ) from fault


def _reply_to(
    post: Post, in_force: InForce, facts: ChannelFacts, conversation: Conversation
) -> Mailbox | None:
    """Where answers go, when not to From: the channel, with the conversation named (G1)."""
    box = in_force.reply_to
    if box is None or canonical(box.address) != facts.forwarding_address:
        return box
    tagged = tokens.make_reply_address(
        post.keys, conversation_id=conversation.id, channel_address=box.address
    )
    return Mailbox(box.name, tagged)


def _message_id(post: Post, in_force: InForce) -> str:
    domain = ascii_domain(in_force.from_.address.rpartition("@")[2]) or in_force.return_domain
    return tokens.make_message_id(post.keys, reply_id=ids.new("msg"), domain=domain)


def _signature(author: User, channel: Channel) -> Signature | None:
    """The agent's, then the channel's."""
    lines = [one.strip() for one in (author.signature, channel.signature) if one.strip()]
    return Signature("\n".join(lines)) if lines else None


def _warnings(
    conversation: Conversation,
    addressed: Addressed,
    history: History,
    parent: Parent,
    facts: ChannelFacts,
) -> list[SenderWarning]:
    found = []
    if conversation.spam:
        found.append(SenderWarning("replies.spam", "The conversation is marked as spam."))
    if addressed.is_cut:
        words = f"The last mail named more people than the {recipients.LIMIT} who get this one."
        found.append(SenderWarning("replies.recipients_left_out", words))
    elsewhere = [box for box in parent.reply_to if box.address]
    answered = history.answered
    if elsewhere and answered is not None and answered.direction == "incoming":
        known = {one.key for one in addressed.people} | facts.own_addresses
        known.add(canonical(answered.author_address))
        for box in elsewhere[:5]:
            if canonical(box.address) not in known and _is_plain(answered):
                words = f"The mail asks for answers to {box.address}; this one goes elsewhere."
                found.append(SenderWarning("replies.reply_to_differs", words))
    return found


def _is_plain(message: Message) -> bool:
    """Did the mail come as its author sent it? A group writes a Reply-To of its own."""
    return bool(message.attribution and message.attribution["class"] == "transparent")


def refuse_suppressed(planned: Plan) -> None:
    """Raise Conflict when somebody gets no mail now."""
    if planned.suppressed:
        errors = tuple(
            FieldError(one.pointer, f"{one.box.address} gets no mail: {why.reason}")
            for one, why in planned.suppressed
        )
        raise Conflict(errors[0].detail, "replies.suppressed", errors)


def refuse_answered(planned: Plan) -> None:
    """Raise Conflict when somebody wrote since the agent looked."""
    if planned.answered_since:
        last = planned.answered_since[-1]
        who = last.author_name or last.author_address or "Somebody"
        raise Conflict(
            f"{who} has written since ({last.id}): read it, then answer.",
            "replies.answered_since",
        )
