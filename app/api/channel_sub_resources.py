"""Routing rule, ticket automation and forwarding address of a channel, each its own resource."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from app.api.automation_parts import TicketAutomationBody, TicketAutomationView, automation_view
from app.api.channel_access import ChannelId, Reader, Writer, read_channel, roots_of, shown, tag
from app.api.channel_parts import (
    RoutingBody,
    RoutingView,
    routing_view,
)
from app.api.channel_schemas import (
    ForwardingAddressBody,
    ForwardingAddressView,
    forwarding_address_view,
)
from app.api.etags import IfMatch
from app.api.problems import refusals
from app.api.unit_of_work import Db, TheHouse, UnitOfWork
from app.domain import channels, conversations, routing, tickets

router = APIRouter(prefix="/{channel_id}", route_class=UnitOfWork)

READING = refusals(401, 403, 404, 422, 429)
WRITING = refusals(400, 401, 403, 404, 409, 412, 413, 415, 422, 429)


@router.get("/routing", operation_id="get_routing", responses=READING)
async def get_routing(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse, response: Response
) -> RoutingView:
    """
    Read the routing rule of a channel.

    Who is to be assigned to new conversations; the answer can be sent back as the next PUT.
    """
    found = await read_channel(db, house, caller, channel_id)
    tag(response, found)
    return routing_view(found.rule)


@router.put("/routing", operation_id="set_routing", responses=WRITING)
async def set_routing(
    channel_id: ChannelId,
    body: RoutingBody,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> RoutingView:
    """
    Set the routing rule of a channel.

    Replaces the rule as a whole; what is not given gets its default. Users and teams have to be
    the account's (422). It holds for new conversations, and for those that
    wait for somebody.
    """
    found = await read_channel(db, house, caller, channel_id, if_match)
    now = datetime.now(UTC)
    row = await routing.set_for(db, caller.account_id, channel_id, body.rule())
    await channels.note_change(db, found.channel, ["routing"], now)
    await conversations.drain(db, caller.account_id, now, house.post)
    tag(response, found)
    return routing_view(row)


@router.get("/ticket-automation", operation_id="get_ticket_automation", responses=READING)
async def get_ticket_automation(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse, response: Response
) -> TicketAutomationView:
    """
    Read the ticket automation of a channel.

    Whether and how new conversations open tickets; the answer can be sent back as the next PUT.
    """
    found = await read_channel(db, house, caller, channel_id)
    tag(response, found)
    return automation_view(found.automation)


@router.put("/ticket-automation", operation_id="set_ticket_automation", responses=WRITING)
async def set_ticket_automation(
    channel_id: ChannelId,
    body: TicketAutomationBody,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> TicketAutomationView:
    """
    Set the ticket automation of a channel.

    Replaces it as a whole; what is not given gets its default. The template is checked when it
    is saved (422 names the field). It is stored and shown; tickets are not opened yet.
    """
    now = datetime.now(UTC)
    found = await read_channel(db, house, caller, channel_id, if_match)
    row = await tickets.set_for(db, caller.account_id, channel_id, body.automation(), now=now)
    await channels.note_change(db, found.channel, ["ticket_automation"], now)
    tag(response, found)
    return automation_view(row)


@router.get("/forwarding-address", operation_id="get_forwarding_address", responses=READING)
async def get_forwarding_address(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse, response: Response
) -> ForwardingAddressView:
    """
    Read the address that mail is forwarded to.

    Of a draft, the one it would get if it were connected now: a preview. `frozen` says that it
    is for ever.
    """
    found = await read_channel(db, house, caller, channel_id)
    tag(response, found)
    return forwarding_address_view(found.channel, found.forwarding_address)


@router.put("/forwarding-address", operation_id="set_forwarding_address", responses=WRITING)
async def set_forwarding_address(
    channel_id: ChannelId,
    body: ForwardingAddressBody,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> ForwardingAddressView:
    """
    Choose the part before the @ of a draft's forwarding address.

    Refused for ever once the channel is connected (409 `channel.address_frozen`). Taken or
    reserved names are refused, too (409 `channel.address_taken`, 422
    `channel.address_reserved`). Case does not matter.
    """
    channel = (await read_channel(db, house, caller, channel_id, if_match)).channel
    domain = await channels.hosted_domain(db, caller.account_id, roots_of(house))
    await channels.choose_local_part(db, channel, body.local_part, domain, at="/local_part")
    await channels.note_change(db, channel, ["forwarding_address"], datetime.now(UTC))
    view = await shown(db, house, channel, response)
    return forwarding_address_view(channel, view.forwarding_address)
