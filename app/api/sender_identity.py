"""The sender identity of a channel: reading, setting, and what it looks like in a mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_access import ChannelId, read_channel, tag
from app.api.channel_parts import SenderIdentityBody, SenderIdentityView, identity_view
from app.api.etags import IfMatch
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import accounts, channels, sender_identity

router = APIRouter(prefix="/{channel_id}/sender-identity", route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("sender_identity:read")]
Writer = Annotated[Caller, caller_with("sender_identity:write")]


class PreviewWarning(BaseModel):
    """Something that the team should know before it writes."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Stable, `room.what_is_wrong`.")
    detail: str


class PreviewView(BaseModel):
    """From and Reply-To exactly as they are sent."""

    model_config = ConfigDict(from_attributes=True)

    from_name: str = Field(description="The display name.")
    from_address: str
    from_header: str = Field(description="The exact header field's value, encoded (RFC 2047).")
    reply_to: str | None = Field(description="Null: none is needed.")
    warnings: list[PreviewWarning]


@router.get("", operation_id="get_sender_identity", responses=refusals(401, 403, 404, 422, 429))
async def get_sender_identity(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse, response: Response
) -> SenderIdentityView:
    """
    Read the sender identity of a channel.

    Under which name and address the team writes to customers; the answer can be sent back as
    the next PUT.
    """
    found = await read_channel(db, house, caller, channel_id)
    tag(response, found)
    return identity_view(found.identity)


@router.put(
    "",
    operation_id="set_sender_identity",
    responses=refusals(400, 401, 403, 404, 409, 412, 413, 415, 422, 429),
)
async def set_sender_identity(
    channel_id: ChannelId,
    body: SenderIdentityBody,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> SenderIdentityView:
    """
    Set the sender identity of a channel.

    Replaces it as a whole. The company name is unique among the account's channels (409
    `sender_identity.name_taken`).
    """
    found = await read_channel(db, house, caller, channel_id, if_match)
    row = await sender_identity.set_for(db, caller.account_id, channel_id, body.identity())
    await channels.note_change(db, found.channel, ["sender_identity"], datetime.now(UTC))
    tag(response, found)
    return identity_view(row)


@router.get(
    "/preview",
    operation_id="preview_sender_identity",
    responses=refusals(401, 403, 404, 422, 429),
)
async def preview_sender_identity(
    channel_id: ChannelId,
    caller: Reader,
    db: Db,
    house: TheHouse,
    user_id: Annotated[
        str | None, Query(max_length=40, description="The agent who writes; none: nobody does.")
    ] = None,
) -> PreviewView:
    """
    Show From and Reply-To as they would be sent.

    For the agent `user_id`, or for mail that nobody in person writes. `from_header` is the
    exact header field, encoded.
    """
    found = await read_channel(db, house, caller, channel_id)
    agent = await accounts.get_user(db, caller.account_id, user_id) if user_id else None
    preview = sender_identity.preview(
        found.identity,
        agent_name=agent.name if agent else None,
        hosted_address=found.forwarding_address,
    )
    return PreviewView.model_validate(preview)
