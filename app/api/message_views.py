"""What messages and their attributions look like on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import outbox
from app.domain.conversations import Message
from app.domain.outbox import OutboxItem


class Person(BaseModel):
    """A mailbox: display name and address, each empty when there is none."""

    name: str = Field(description="The display name; empty: none.")
    address: str = Field(description="Empty: none.")


class AuthorView(BaseModel):
    """Who wrote it, after attribution: a contact or a user of the account."""

    contact_id: str | None = Field(description="Null: a user of the account, or nobody.")
    user_id: str | None = Field(description="Null: a contact, or nobody.")
    name: str
    address: str


class AttachmentView(BaseModel):
    """A file that came with the mail; `inline` ones are shown within the HTML (`cid:`)."""

    id: str
    filename: str
    content_type: str
    size: int = Field(description="Octets, decoded.")
    inline: bool = Field(description="Shown within the HTML, which names it by `cid:`.")
    content_id: str


class ReportedRecipient(BaseModel):
    """What a report says of one recipient (RFC 3464)."""

    address: str
    action: str = Field(description="`failed`, `delayed`, `delivered`, … (RFC 3464, 2.3.3).")
    status: str = Field(description="Enhanced status code such as `5.1.1` (RFC 3463).")
    diagnostic: str


class ReportView(BaseModel):
    """What a bounce, receipt or complaint reports."""

    type: Literal["bounce", "delivery_receipt", "complaint"]
    recipients: list[ReportedRecipient]


class DeliveryView(BaseModel):
    """The fate of an outgoing message for one recipient."""

    model_config = {"from_attributes": True}

    id: str
    recipient: str
    state: Literal["queued", "sent", "deferred", "bounced", "failed", "canceled"] = Field(
        description="`deferred`: it is tried again at `next_attempt_at`; `bounced`: another "
        "server took it and sent it back later; `failed`: it was refused, or given up."
    )
    detail: str = Field(description="What the other side said.")
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null: it is not tried again.")
    sent_at: datetime | None = Field(description="When another server took it.")


class AuthenticationView(BaseModel):
    """What SPF, DKIM, DMARC and ARC said (RFC 8601); null where nothing was computed."""

    spf: str | None
    dkim: str | None
    dmarc: str | None
    arc: str | None


class MessageView(BaseModel):
    """A mail, a comment or an event."""

    id: str
    conversation_id: str | None = Field(
        description="Null: machine mail that belongs to no conversation."
    )
    channel_id: str
    kind: Literal["message", "comment", "event"] = Field(
        description="Comments and events are never mailed."
    )
    direction: Literal["incoming", "outgoing"] | None = Field(
        description="Null for comments and events."
    )
    # `class` is a keyword of Python; the alias carries it on the wire.
    model_config = {"populate_by_name": True, "serialize_by_alias": True}
    mail_class: Annotated[
        str,
        Field(
            alias="class",
            description="`human`, `out_of_office`, `auto_reply`, `auto_generated`, `bulk`, "
            "`bounce`, `delivery_receipt`, `complaint`, `own`.",
        ),
    ]
    pending: bool = Field(
        description="True: it names this conversation, but its writer takes no part in it (or is "
        "contradicted). It waits to be admitted.",
    )
    sender: Annotated[Person, Field(alias="from")]
    author: AuthorView = Field(description="Who wrote it, after attribution.")
    to: list[Person]
    cc: list[Person]
    subject: str
    text: str = Field(description="All of it as plain text.")
    html: str | None = Field(
        description="Cleaned: no scripts, nothing loaded from elsewhere; null: the mail was plain "
        "text.",
    )
    reply_text: str = Field(description="What is new: without quotation.")
    quoted_text: str = Field(description="The quotation that was taken off.")
    attachments: list[AttachmentView]
    truncated: list[
        Literal["text", "html", "reply_text", "quoted_text", "attachments", "to", "cc"]
    ] = Field(description="Which of these fields are cut here; the raw mail has everything.")
    message_id: str = Field(description="Message-ID, made by us when the mail came without.")
    in_reply_to: str | None = Field(description="The Message-ID that it answers.")
    report: ReportView | None = Field(
        description="What a bounce, receipt or complaint says; null for other mail."
    )
    deliveries: list[DeliveryView] = Field(
        description="Of an outgoing message, one for each recipient."
    )
    authentication: AuthenticationView
    sent_at: datetime | None = Field(description="The mail's own Date.")
    created_at: datetime


class CandidateView(BaseModel):
    """Somebody who might have written it, and why that was believed or not."""

    method: str
    name: str
    address: str
    accepted: bool = Field(description="True for the one that was believed.")
    reason: str = Field(description="A sentence for people.")


class OriginalView(BaseModel):
    """The embedded mail of a forward."""

    author: Person
    to: list[Person]
    cc: list[Person]
    subject: str
    sent_at: str | None = Field(description="As it could be read; null: it could not.")
    text: str = Field(description="The embedded mail's text.")


class AttributionView(BaseModel):
    """Who wrote a mail, how that was found, and every candidate with the reason."""

    model_config = {"populate_by_name": True, "serialize_by_alias": True}
    arrival: Annotated[
        str,
        Field(
            alias="class",
            description="How it arrived: `transparent`, `rewritten`, `teammate`, `gateway`, "
            "`machine`, `own`.",
        ),
    ]
    method: str = Field(
        description="`from`, `x-original-from`, `x-original-sender`, `mailman`, `reply-to`, "
        "`display-name`, `attached-message`, `inline-forward`, `manual`, `none`.",
    )
    forwarder: str | None = Field(description="Who passed it on: the teammate or the group.")
    trust: Literal["verified", "consistent", "unverified", "contradicted"] = Field(
        description="How far the author's address is proved."
    )
    unresolved: bool = Field(description="True: nobody was found, the contact is a placeholder.")
    candidates: list[CandidateView] = Field(
        description="Everybody who might have written it, in the order they were looked at."
    )
    original: OriginalView | None = Field(description="The embedded mail of a forward.")


_AS_THEY_ARE = MessageView.model_fields.keys() - {
    "sender",
    "author",
    "deliveries",
    "authentication",
    "report",
}


def message_view(message: Message, deliveries: Sequence[OutboxItem] = ()) -> MessageView:
    """The message as the contract shows it."""
    nothing = {"spf": None, "dkim": None, "dmarc": None, "arc": None}
    fields: dict[str, Any] = {name: getattr(message, name) for name in _AS_THEY_ARE}
    return MessageView.model_validate(
        {
            **fields,
            "from": {"name": message.from_name, "address": message.from_address},
            "author": {
                "contact_id": message.author_contact_id,
                "user_id": message.author_user_id,
                "name": message.author_name,
                "address": message.author_address,
            },
            "report": message.report,
            "deliveries": [delivery_view(one) for one in deliveries],
            "authentication": {**nothing, **message.authentication},
        }
    )


def delivery_view(item: OutboxItem) -> DeliveryView:
    """A delivery as the contract shows it."""
    waits = item.state in (outbox.QUEUED, outbox.DEFERRED)
    told = outbox.shown(item)
    return DeliveryView(
        id=item.id,
        recipient=told.recipient,
        state=told.state,
        detail=told.detail,
        attempts=told.attempts,
        next_attempt_at=item.next_attempt_at if waits else None,
        sent_at=item.sent_at,
    )


async def views_with_deliveries(db: AsyncSession, messages: Sequence[Message]) -> list[MessageView]:
    """The messages in their order; the deliveries of all that went out in one look-up."""
    sent = [one for one in messages if one.direction == "outgoing"]
    known = await outbox.deliveries_of(db, sent[0].account_id, [m.id for m in sent]) if sent else {}
    return [message_view(one, known.get(one.id, ())) for one in messages]


async def view_with_deliveries(db: AsyncSession, message: Message) -> MessageView:
    """One message with its deliveries."""
    return (await views_with_deliveries(db, [message]))[0]
