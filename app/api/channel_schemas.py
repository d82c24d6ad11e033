"""What a channel looks like on the wire, and requests in the room's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from app.api.channel_parts import (
    Address,
    NewSenderIdentity,
    RoutingBody,
    RoutingView,
    SenderIdentityView,
    Strict,
    TicketAutomationBody,
    TicketAutomationView,
    automation_view,
    identity_view,
    routing_view,
)
from app.domain.channels import Channel, ChannelChange, NewChannel, WholeChannel

State = Literal["draft", "connected"]
Provider = Literal["google", "microsoft365", "other"]
Source = Literal["mailbox", "group", "alias"]
Status = Literal["unknown", "waiting", "verified", "failed", "degraded"]

Days = Annotated[
    int | None,
    Field(
        ge=0,
        le=3650,
        description="Days after closing in which an answer reopens a conversation; later it "
        "becomes a linked follow-up. Null: it always reopens.",
    ),
]


class ForwardingAddressBody(Strict):
    """The part before the @ of the address that is forwarded to."""

    local_part: str = Field(
        min_length=1, max_length=320, description="A dot-atom of RFC 5321 without +."
    )


class ForwardingAddressView(BaseModel):
    """Where the team's mail server forwards to; frozen once the channel is connected."""

    local_part: str
    forwarding_address: str
    frozen: bool


class NewChannelBody(Strict):
    """A channel; everything but the first two answers has a working default."""

    shared: bool = Field(description="Is this the address of a team? Only those are connected.")
    provider: Provider = Field(description="Hosted set-up is for `other`.")
    source: Source = Field("mailbox", description="What forwards to the channel.")
    name: str | None = Field(None, max_length=1000)
    team_address: Address | None = Field(
        None, description="The public address whose mail is forwarded."
    )
    other_team_addresses: list[Address] = Field(default_factory=list, max_length=100)
    gateways: list[Address] = Field(
        default_factory=list,
        max_length=100,
        description="Senders of forms and shops whose Reply-To is believed.",
    )
    sender_identity: NewSenderIdentity = Field(default_factory=NewSenderIdentity)
    routing: RoutingBody = Field(default_factory=RoutingBody)
    ticket_automation: TicketAutomationBody = Field(default_factory=TicketAutomationBody)
    forwarding_address: ForwardingAddressBody | None = None
    signature: str = Field("", max_length=20_000)
    reopen_window_days: Days = None
    connect: bool = Field(False, description="Connect it at once; all or nothing.")

    def channel(self) -> NewChannel:
        """The same in the room's words."""
        address = self.forwarding_address
        return NewChannel(
            shared=self.shared,
            provider=self.provider,
            source=self.source,
            name=self.name,
            team_address=self.team_address,
            other_team_addresses=tuple(self.other_team_addresses),
            gateways=tuple(self.gateways),
            local_part=address.local_part if address else None,
            signature=self.signature,
            reopen_window_days=self.reopen_window_days,
            identity=self.sender_identity.identity(),
            rule=self.routing.rule(),
            automation=self.ticket_automation.automation(),
        )


class ChannelPatch(Strict):
    """What changes; fields that are not given stay."""

    name: str = Field("", max_length=1000)
    team_address: Address | None = None
    other_team_addresses: list[Address] = Field(default_factory=list, max_length=100)
    gateways: list[Address] = Field(default_factory=list, max_length=100)
    signature: str = Field("", max_length=20_000)
    reopen_window_days: Days = None

    def change(self) -> ChannelChange:
        """The same in the room's words."""
        return ChannelChange(
            given=frozenset(self.model_fields_set),
            name=self.name,
            team_address=self.team_address,
            other_team_addresses=tuple(self.other_team_addresses),
            gateways=tuple(self.gateways),
            signature=self.signature,
            reopen_window_days=self.reopen_window_days,
        )


class ForwardingSummary(BaseModel):
    """Whether mail is forwarded: `waiting` until the first one came."""

    status: Status
    last_received_at: datetime | None


class ChannelView(BaseModel):
    """A team address whose mail is forwarded to us."""

    id: str
    state: State
    name: str
    provider: Provider
    source: Source
    team_address: str | None
    other_team_addresses: list[str]
    gateways: list[str]
    forwarding_address: str
    forwarding: ForwardingSummary
    sender_identity: SenderIdentityView
    routing: RoutingView
    ticket_automation: TicketAutomationView
    signature: str
    reopen_window_days: int | None
    created_at: datetime
    connected_at: datetime | None


_OF_CHANNEL = (
    "id",
    "state",
    "name",
    "provider",
    "source",
    "team_address",
    "other_team_addresses",
    "gateways",
    "signature",
    "reopen_window_days",
    "created_at",
    "connected_at",
)


def channel_view(whole: WholeChannel) -> ChannelView:
    """The channel as the contract shows it."""
    return ChannelView.model_validate(
        {
            **{name: getattr(whole.channel, name) for name in _OF_CHANNEL},
            "forwarding_address": whole.forwarding_address,
            "forwarding": {
                "status": whole.channel.forwarding_status,
                "last_received_at": whole.channel.last_received_at,
            },
            "sender_identity": identity_view(whole.identity),
            "routing": routing_view(whole.rule),
            "ticket_automation": automation_view(whole.automation),
        }
    )


def settings_of(view: ChannelView) -> ChannelView:
    """
    The channel without what mail changes: what the ETag is made of, so that a change that somebody
    is making is not refused because a mail came meanwhile.
    """
    still = ForwardingSummary(status="unknown", last_received_at=None)
    return view.model_copy(update={"forwarding": still})


def forwarding_address_view(channel: Channel, address: str) -> ForwardingAddressView:
    """The forwarding address as a resource of its own."""
    return ForwardingAddressView(
        local_part=address.rpartition("@")[0],
        forwarding_address=address,
        frozen=channel.forwarding_address is not None,
    )
