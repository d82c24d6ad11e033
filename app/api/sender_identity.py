"""The sender identity of a channel: reading, setting, and what it looks like in a mail."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_access import ChannelId, read_channel, tag, whole_of
from app.api.channel_parts import (
    SenderIdentityBody,
    SenderIdentityView,
    WarningView,
    identity_view,
)
from app.api.etags import IfMatch
from app.api.house import House
from app.api.problems import refusals
from app.api.unit_of_work import (
    Caller,
    Db,
    TheHouse,
    UnitOfWork,
    caller_with,
    prepared,
    prepared_by,
)
from app.domain import accounts, channels, sender_identity

PREFIX = "/{channel_id}/sender-identity"
router = APIRouter()
Reader = Annotated[Caller, caller_with("sender_identity:read")]
Writer = Annotated[Caller, caller_with("sender_identity:write")]


class PreviewView(BaseModel):
    """From and Reply-To exactly as they are sent."""

    model_config = ConfigDict(from_attributes=True)

    from_name: str = Field(description="The display name.")
    from_address: str
    from_header: str = Field(description="The exact header field's value, encoded (RFC 2047).")
    reply_to: str | None = Field(description="Null: none is needed.")
    warnings: list[WarningView]


async def _policy_of_wished(
    request: Request, house: House, caller: Caller, body: bytes
) -> str | None:
    """What the domain of the address in a request publishes (C8); None when that is not known."""
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
        address = json.loads(body)["address"]["address"]
        return await sender_identity.policy_of(house.resolver, str(address))
    return None


async def _policy_of_kept(
    request: Request, house: House, caller: Caller, body: bytes
) -> str | None:
    """The same for the address that the channel wishes."""
    async with house.database.reading() as db:
        which = [request.path_params["channel_id"]]
        kept = await sender_identity.for_channels(db, caller.account_id, which)
    address = next((one.custom_address for one in kept.values()), None)
    return await sender_identity.policy_of(house.resolver, address) if address else None


reading = APIRouter(prefix=PREFIX, route_class=UnitOfWork)
setting = APIRouter(prefix=PREFIX, route_class=prepared_by(_policy_of_wished))
previewing = APIRouter(prefix=PREFIX, route_class=prepared_by(_policy_of_kept))


@reading.get("", operation_id="get_sender_identity", responses=refusals(401, 403, 404, 422, 429))
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
    return identity_view(found)


@setting.put(
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
    policy: Annotated[str | None, Depends(prepared)],
    if_match: IfMatch = None,
) -> SenderIdentityView:
    """
    Set the sender identity of a channel.

    Replaces it as a whole. The company name is unique among the account's channels (409
    `sender_identity.name_taken`). A custom address has to be verified, at a connected sending
    domain, or on the way to it; else 409 `sender_identity.address_not_verified`. While it waits,
    `in_force` is the address that the channel had before.
    """
    found = await read_channel(db, house, caller, channel_id, if_match)
    await sender_identity.set_for(db, caller.account_id, channel_id, body.identity(), policy=policy)
    await channels.note_change(db, found.channel, ["sender_identity"], datetime.now(UTC))
    found = await whole_of(db, house, found.channel)
    tag(response, found)
    return identity_view(found)


@previewing.get(
    "/preview",
    operation_id="preview_sender_identity",
    responses=refusals(401, 403, 404, 422, 429),
)
async def preview_sender_identity(
    channel_id: ChannelId,
    caller: Reader,
    db: Db,
    house: TheHouse,
    policy: Annotated[str | None, Depends(prepared)],
    user_id: Annotated[
        str | None, Query(max_length=40, description="The agent who writes; none: nobody does.")
    ] = None,
) -> PreviewView:
    """
    Show From and Reply-To as they would be sent.

    For the agent `user_id`, or for mail that nobody in person writes. `from_header` is the
    exact header field, encoded. `warnings` say what to know before writing: that another address
    than the wished one is in force, that receivers will refuse mail from it.
    """
    found = await read_channel(db, house, caller, channel_id)
    agent = await accounts.get_user(db, caller.account_id, user_id) if user_id else None
    found_now = await sender_identity.identity_in_force(
        db,
        caller.account_id,
        channel_id,
        hosted_address=found.forwarding_address,
        team_addresses=channels.team_addresses(found.channel),
        forwarding_verified=found.channel.forwarding_status == channels.VERIFIED,
        agent_name=agent.name if agent else None,
        now=datetime.now(UTC),
    )
    return PreviewView.model_validate(sender_identity.previewed(found_now, policy))


for part in (reading, setting, previewing):
    router.include_router(part)
