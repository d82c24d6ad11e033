"""Replies: what an agent answers in a conversation, and what it would be before it leaves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from app.api.house import House
from app.api.message_views import MessageView, view_with_deliveries
from app.api.preflight_views import PreflightView, preflight_view
from app.api.problems import refusals
from app.api.scalars import Flag
from app.api.unit_of_work import (
    Caller,
    Db,
    TheHouse,
    caller_with,
    prepared,
    prepared_by,
)
from app.domain import conversations, sender_identity
from app.domain.conversations import Ahead, Attached, Draft, Wanted
from app.errors import NotFound

Asked = TypeVar("Asked", bound="NewReply")
Writer = Annotated[Caller, caller_with("conversations:write")]

PREFIX = "/v1/conversations/{conversation_id}/replies"


async def _policy(request: Request, house: House, caller: Caller, body: bytes) -> str | None:
    """What the custom From's domain publishes now (DMARC); asked before the transaction."""
    which = request.path_params["conversation_id"]
    async with house.database.reading() as db:
        try:
            found = await conversations.get(db, caller.account_id, which)
        except NotFound:
            return None
        kept = await sender_identity.for_channels(db, caller.account_id, [found.channel_id])
    address = next((one.custom_address for one in kept.values()), None)
    return await sender_identity.policy_of(house.resolver, address) if address else None


async def _written_ahead(
    request: Request, house: House, caller: Caller, body: bytes
) -> Ahead | None:
    """A reply with large files, written before its transaction; None: it is written there."""
    asked = _read_as(NewReply, caller, body)
    if asked is None:
        return None
    which, now = request.path_params["conversation_id"], datetime.now(UTC)
    return await conversations.write_ahead(
        house.database,
        house.post,
        caller.account_id,
        which,
        draft_of(asked),
        now,
        house.large_mails,
    )


async def _first_written_ahead(
    _: Request, house: House, caller: Caller, body: bytes
) -> Ahead | None:
    """The same for the first mail of a conversation."""
    asked = _read_as(NewConversation, caller, body)
    if asked is None:
        return None
    which, now = asked.channel_id, datetime.now(UTC)
    return await conversations.write_first_ahead(
        house.database,
        house.post,
        caller.account_id,
        which,
        draft_of(asked),
        now,
        house.large_mails,
    )


def _read_as(kind: type[Asked], caller: Caller, body: bytes) -> Asked | None:
    """What is asked for; None where FastAPI or the route will refuse it."""
    if not caller.may("conversations:write"):
        return None
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        return None


def _has_files(body: bytes) -> bool:
    return b'"upload_id"' in body


starting = APIRouter(
    prefix="/v1/conversations", route_class=prepared_by(_first_written_ahead, _has_files)
)
answering = APIRouter(prefix=PREFIX, route_class=prepared_by(_written_ahead, _has_files))
checking = APIRouter(prefix=f"{PREFIX}/preflight", route_class=prepared_by(_policy))

Address = Annotated[str, Field(max_length=1000)]
Addresses = Annotated[list[Address], Field(max_length=200)]
EXAMPLE: dict[str, JsonValue] = {
    "text": "Hello Carla,\n\nyour order leaves today.",
    "author_id": "usr_0193a5c2f7b87c6e9d1a4b5c6d7e8f90",
}


class ReplyFile(BaseModel):
    """An upload that goes with the reply."""

    model_config = ConfigDict(extra="forbid")

    upload_id: str = Field(max_length=40, description="From `POST /v1/uploads`.")
    inline: Flag = Field(False, description="Shown within the HTML, which names it by `cid:`.")
    content_id: str = Field(
        "", max_length=200, description='What the HTML names it by: `<img src="cid:…">`.'
    )


class NewReply(BaseModel):
    """What an agent answers. What is not given is as a mail program would have it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    text: str = Field(
        max_length=500_000,
        description="The agent's words, without signature and quotation. May be empty with "
        "`html` (it is made of that) or files.",
    )
    html: str | None = Field(
        None, max_length=1_000_000, description="The same as HTML; it is cleaned. Null: of `text`."
    )
    author_id: str = Field(max_length=40, description="The user who answers.")
    to: Addresses | None = Field(
        None, description="`ann@x.example` or `Ann <ann@x.example>`. Null: the contact."
    )
    cc: Addresses | None = Field(
        None, description="Null: who else took part in the last mail; an empty list: nobody."
    )
    bcc: Addresses | None = Field(None, description="They stand in the envelope only.")
    attachments: list[ReplyFile] = Field([], max_length=100)
    subject: str | None = Field(
        None, min_length=1, max_length=900, description="Null: `Re:` and that of the last mail."
    )
    quote: Flag = Field(True, description="Quote the mail that is answered below the words.")
    override_suppression: Flag = Field(
        False, description="Send also to addresses that were found not to work."
    )
    expected_last_message_id: str | None = Field(
        None,
        max_length=40,
        description="The last message that the agent has seen: refused (409 "
        "`replies.answered_since`) when somebody has written since.",
    )
    state: Literal["open", "closed"] | None = Field(
        None, description="The conversation's state after it; null: it stays as it is."
    )


class NewConversation(NewReply):
    """The first mail of a conversation that the team begins."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "channel_id": "chn_0193a5c2f7b87c6e9d1a4b5c6d7e8f90",
                    "to": ["Carla <carla@customer.example>"],
                    "subject": "Your order",
                    **EXAMPLE,
                }
            ]
        },
    )

    channel_id: str = Field(max_length=40, description="The connected channel it is sent from.")
    contact_id: str | None = Field(
        None, max_length=40, description="Whose conversation it is; null: the first one in `to`."
    )
    subject: str = Field(min_length=1, max_length=900)


def draft_of(body: NewReply) -> Draft:
    """The reply as the house takes it."""

    def several(given: list[str] | None) -> tuple[str, ...] | None:
        return None if given is None else tuple(given)

    return Draft(
        text=body.text,
        html=body.html,
        author_id=body.author_id,
        wanted=Wanted(several(body.to), several(body.cc), several(body.bcc)),
        attached=tuple(
            Attached(one.upload_id, one.inline, one.content_id) for one in body.attachments
        ),
        subject=body.subject,
        quote=body.quote,
        override_suppression=body.override_suppression,
        expected_last_message_id=body.expected_last_message_id,
        state=body.state,
    )


@answering.post(
    "",
    operation_id="create_reply",
    status_code=202,
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def create_reply(
    conversation_id: str,
    body: NewReply,
    caller: Writer,
    db: Db,
    house: TheHouse,
    ahead: Annotated[Ahead | None, Depends(prepared)],
) -> MessageView:
    """
    Answer in a conversation.

    The mail leaves from the channel's sender identity, once for every recipient; `deliveries`
    says how far each is, and events tell of changes. To is the contact and Cc whoever else took
    part in the last mail, unless given. A conversation that nobody is assigned to is its author's
    from now on; a closed one stays closed unless `state` says otherwise. With an Idempotency-Key
    it is sent once, however often it is asked for.
    """
    now = datetime.now(UTC)
    message = await conversations.reply(
        db, house.post, caller.account_id, conversation_id, draft_of(body), now, ahead
    )
    return await view_with_deliveries(db, message)


@checking.post(
    "",
    operation_id="preflight_reply",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def preflight_reply(
    conversation_id: str,
    body: NewReply,
    caller: Writer,
    db: Db,
    house: TheHouse,
    policy: Annotated[str | None, Depends(prepared)],
) -> PreflightView:
    """
    See what a reply would be, without sending it.

    The same body as the reply's, composed and signed by the same code: exact From, Reply-To and
    recipients with the reasons, size, and whether DMARC would pass. Suppressed recipients and
    answers since are shown here, where the reply itself is refused.
    """
    now = datetime.now(UTC)
    found = await conversations.preflight(
        db, house.post, caller.account_id, conversation_id, draft_of(body), now, policy=policy
    )
    return preflight_view(found)


@starting.post(
    "",
    operation_id="create_conversation",
    status_code=202,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_conversation(
    body: NewConversation,
    caller: Writer,
    db: Db,
    house: TheHouse,
    ahead: Annotated[Ahead | None, Depends(prepared)],
) -> MessageView:
    """
    Write first: begin a conversation.

    The answer is its first message, which names the conversation. The contact is `contact_id`,
    or whoever `to` names first, made when it is nobody's address yet. It is assigned to its
    author; routing and ticket automation are for what comes in.
    """
    now = datetime.now(UTC)
    message = await conversations.start(
        db,
        house.post,
        caller.account_id,
        body.channel_id,
        draft_of(body),
        contact_id=body.contact_id,
        now=now,
        ahead=ahead,
    )
    return await view_with_deliveries(db, message)


router = APIRouter(tags=["conversations"])
router.include_router(starting)
router.include_router(answering)
router.include_router(checking)
