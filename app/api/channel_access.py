"""What the routes of channels and their sub-resources do alike: who, which channel, which ETag."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.channel_schemas import ChannelView, channel_view, settings_of
from app.api.etags import check_match, tagged
from app.api.house import House
from app.api.unit_of_work import Caller, caller_with
from app.domain import channels
from app.domain.accounts import HostedRoots
from app.domain.channels import Channel, WholeChannel

Reader = Annotated[Caller, caller_with("channels:read")]
Writer = Annotated[Caller, caller_with("channels:write")]
ChannelId = Annotated[str, Path(description="Id of the channel (`chn_…`).")]


def roots_of(house: House) -> HostedRoots:
    """The domains below which the hosted domains lie."""
    return HostedRoots(paid=house.settings.paid_root, free=house.settings.free_root)


async def whole_of(db: AsyncSession, house: House, channel: Channel) -> WholeChannel:
    """The channel with all that belongs to it."""
    [found] = await channels.whole(db, channel.account_id, [channel], roots_of(house))
    return found


async def read_channel(
    db: AsyncSession, house: House, caller: Caller, channel_id: str, if_match: str | None = None
) -> WholeChannel:
    """The caller's channel. Refused when it is not the one that `If-Match` means (412)."""
    found = await whole_of(db, house, await channels.get(db, caller.account_id, channel_id))
    if if_match is not None:
        check_match(if_match, settings_of(channel_view(found)))
    return found


async def shown(
    db: AsyncSession, house: House, channel: Channel, response: Response
) -> ChannelView:
    """The channel as the answer shows it, with its ETag on the answer."""
    return tag(response, await whole_of(db, house, channel))


def tag(response: Response, whole: WholeChannel) -> ChannelView:
    """Give the answer the channel's ETag, also where it shows a sub-resource only."""
    view = channel_view(whole)
    tagged(response, settings_of(view))
    return view
