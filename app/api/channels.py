"""Channels: the team addresses of the account, from draft to connected."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api import channel_setup, channel_sub_resources, sender_identity
from app.api.channel_access import ChannelId, Reader, Writer, read_channel, roots_of, shown
from app.api.channel_schemas import (
    ChannelPatch,
    ChannelView,
    NewChannelBody,
    State,
    channel_view,
)
from app.api.etags import IfMatch
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Db, TheHouse, UnitOfWork
from app.domain import channels

router = APIRouter(prefix="/v1/channels", tags=["channels"], route_class=UnitOfWork)


@router.post(
    "",
    operation_id="create_channel",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 413, 415, 422, 429),
)
async def create_channel(
    body: NewChannelBody, caller: Writer, db: Db, house: TheHouse, response: Response
) -> ChannelView:
    """
    Create a channel as a draft, or connect it at once.

    Everything but the first two answers has a working default, so that a channel is there in
    one call with `connect: true` (all or nothing) or in two. Refused with a reason: an address
    that is not shared (422 `channel.not_shared`) and providers other than `other` (422
    `channel.provider_not_hosted`). A draft takes no mail. 409 `channel.address_taken`: another
    connected channel has the chosen address.
    """
    now, roots = datetime.now(UTC), roots_of(house)
    channel = await channels.create(db, caller.account_id, body.channel(), roots, now)
    if body.connect:
        await channels.connect(db, channel, roots, now)
    return await shown(db, house, channel, response)


@router.get("", operation_id="list_channels", responses=refusals(400, 401, 403, 422, 429))
async def list_channels(
    caller: Reader,
    db: Db,
    house: TheHouse,
    paging: Paging,
    state: Annotated[
        State | None, Query(description="Only drafts, or only connected ones.")
    ] = None,
) -> ListOf[ChannelView]:
    """
    List the channels, the oldest first.

    `state=connected` is the account's list of team e-mail channels.
    """
    page = await channels.list_channels(db, caller.account_id, paging, state=state)
    found = await channels.whole(db, caller.account_id, page.items, roots_of(house))
    return list_of(page, [channel_view(one) for one in found])


@router.get(
    "/{channel_id}", operation_id="get_channel", responses=refusals(401, 403, 404, 422, 429)
)
async def get_channel(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse, response: Response
) -> ChannelView:
    """
    Read one channel with its sub-resources.

    The ETag covers the channel and its sub-resources, but not what mail changes (`forwarding`):
    a change that somebody is making is not refused because a mail came meanwhile.
    """
    found = await channels.get(db, caller.account_id, channel_id)
    return await shown(db, house, found, response)


@router.patch(
    "/{channel_id}",
    operation_id="update_channel",
    responses=refusals(400, 401, 403, 404, 412, 413, 415, 422, 429),
)
async def update_channel(
    channel_id: ChannelId,
    body: ChannelPatch,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> ChannelView:
    """
    Change what the channel says of itself.

    Fields that are not given stay; lists are replaced as a whole. The forwarding address and
    the sub-resources have paths of their own.
    """
    found = await read_channel(db, house, caller, channel_id, if_match)
    await channels.change(db, found.channel, body.change(), roots_of(house), now=datetime.now(UTC))
    return await shown(db, house, found.channel, response)


@router.delete(
    "/{channel_id}",
    operation_id="delete_channel",
    status_code=204,
    responses=refusals(401, 403, 404, 412, 422, 429),
)
async def delete_channel(
    channel_id: ChannelId, caller: Writer, db: Db, house: TheHouse, if_match: IfMatch = None
) -> None:
    """
    Delete a channel.

    Its conversations stay. The address of a connected channel is refused from now on (550) and
    never given to anybody again.
    """
    found = await read_channel(db, house, caller, channel_id, if_match)
    await channels.delete(db, found.channel, now=datetime.now(UTC))


@router.post(
    "/{channel_id}/connect",
    operation_id="connect_channel",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def connect_channel(
    channel_id: ChannelId, caller: Writer, db: Db, house: TheHouse, response: Response
) -> ChannelView:
    """
    Connect the channel: it takes mail at an address that never changes.

    All or nothing: 409 `channel.not_ready` names what is missing, 409 `channel.address_taken`
    says that another channel was quicker. A connected channel stays as it is (200).
    """
    channel = await channels.get(db, caller.account_id, channel_id)
    await channels.connect(db, channel, roots_of(house), now=datetime.now(UTC))
    return await shown(db, house, channel, response)


for part in (sender_identity, channel_sub_resources, channel_setup):
    router.include_router(part.router)
