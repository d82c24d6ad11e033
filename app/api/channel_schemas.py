"""What a channel looks like on the wire, and requests in the room's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.automation_parts import TicketAutomationBody, TicketAutomationView, automation_view
from app.api.channel_parts import (
    Address,
    InForceView,
    NewSenderIdentity,
    RoutingBody,
    RoutingView,
    SenderIdentityView,
    Strict,
    identity_view,
    routing_view,
)
from app.api.scalars import WHOLE, Flag
from app.api.users import WorkingHours
from app.domain.channels import Channel, ChannelChange, NewChannel, WholeChannel
from app.domain.tickets import Service

State = Literal["draft", "connected"]
Provider = Literal["google", "microsoft365", "other"]
Source = Literal["mailbox", "group", "alias"]
Status = Literal["unknown", "waiting", "verified", "failed", "degraded"]

Days = Annotated[
    Annotated[int, Field(ge=0, le=3650), WHOLE] | None,
    Field(
        description="Days after closing in which an answer reopens a conversation; later it "
        "becomes a linked follow-up. Null: it always reopens.",
    ),
]


Minutes = Annotated[
    Annotated[int, Field(ge=1, le=525_600), WHOLE] | None, Field(description="Null: none.")
]


class ServiceTargets(Strict):
    """How quickly somebody is answered first, and how quickly all is done, in minutes."""

    first_response_minutes: Minutes = None
    resolution_minutes: Minutes = None


Targets = Annotated[
    ServiceTargets | None,
    Field(description="Deadlines of conversations that begin from now on. Null: none."),
]
ServiceHours = Annotated[
    WorkingHours | None, Field(description="Only these hours count. Null: all of them.")
]


def _service(body: NewChannelBody | ChannelPatch) -> Service:
    given = frozenset(body.model_fields_set) & {"service_targets", "service_hours"}
    targets, hours = body.service_targets, body.service_hours
    return Service(
        given,
        targets.model_dump() if targets else None,
        hours.model_dump() if hours else None,
    )


class ForwardingAddressBody(Strict):
    """The part before the @ of the address that is forwarded to."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"local_part": "support"}]})

    local_part: str = Field(
        min_length=1, max_length=320, description="A dot-atom of RFC 5321 without +."
    )


class ForwardingAddressView(BaseModel):
    """Where the team's mail server forwards to; frozen once the channel is connected."""

    local_part: str
    forwarding_address: str = Field(description="The whole address.")
    frozen: bool = Field(description="True once connected: it can never be changed any more.")


class NewChannelBody(Strict):
    """A channel; everything but the first two answers has a working default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "shared": True,
                    "provider": "other",
                    "source": "group",
                    "team_address": "support@acme.example",
                    "sender_identity": {"name_style": "agent_and_company", "company_name": "Acme"},
                    "forwarding_address": {"local_part": "support"},
                    "connect": True,
                }
            ]
        }
    )

    shared: Flag = Field(description="Is this the address of a team? Only those are connected.")
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
    service_targets: Targets = None
    service_hours: ServiceHours = None
    connect: Flag = Field(False, description="Connect it at once; all or nothing.")

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
            service=_service(self),
        )


class ChannelPatch(Strict):
    """What changes; fields that are not given stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Support", "reopen_window_days": 30}]}
    )

    name: str = Field("", max_length=1000)
    team_address: Address | None = None
    other_team_addresses: list[Address] = Field(default_factory=list, max_length=100)
    gateways: list[Address] = Field(default_factory=list, max_length=100)
    signature: str = Field("", max_length=20_000)
    reopen_window_days: Days = None
    service_targets: Targets = None
    service_hours: ServiceHours = None

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
            service=_service(self),
        )


class ForwardingSummary(BaseModel):
    """Whether mail is forwarded: `waiting` until the first one came."""

    status: Status = Field(
        description="`unknown` of a draft; `waiting` until the first mail came; then `verified`."
    )
    last_received_at: datetime | None = Field(description="When mail came last; null: never.")


class ChannelView(BaseModel):
    """A team address whose mail is forwarded to us."""

    id: str
    state: State = Field(description="A draft takes no mail.")
    name: str = Field(description="What the team calls it.")
    provider: Provider
    source: Source = Field(description="What forwards: a mailbox, a group or an alias.")
    team_address: str | None = Field(description="The public address whose mail is forwarded.")
    other_team_addresses: list[str] = Field(
        description="Further public addresses whose mail ends here."
    )
    gateways: list[str] = Field(
        description="Senders of forms and shops whose Reply-To is believed."
    )
    forwarding_address: str = Field(
        description="Where the team's mail server forwards to; of a draft, the one it would get."
    )
    forwarding: ForwardingSummary
    sender_identity: SenderIdentityView
    routing: RoutingView
    ticket_automation: TicketAutomationView
    signature: str = Field(description="Stands below the team's replies.")
    reopen_window_days: int | None = Field(
        description="Days after closing in which an answer reopens; null: always."
    )
    service_targets: ServiceTargets | None = Field(
        description="How quickly somebody is answered; null: nothing is promised."
    )
    service_hours: WorkingHours | None = Field(
        description="The hours that count; null: all of them."
    )
    created_at: datetime
    connected_at: datetime | None = Field(description="Null: a draft.")


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
            "sender_identity": identity_view(whole),
            "routing": routing_view(whole.rule),
            "ticket_automation": automation_view(whole.automation),
            "service_targets": whole.automation.service_targets,
            "service_hours": whole.automation.service_hours,
        }
    )


def settings_of(view: ChannelView) -> ChannelView:
    """
    The channel without what mail and the DNS change: what the ETag is made of, so that a change
    that somebody is making is not refused because a mail came meanwhile.
    """
    still = ForwardingSummary(status="unknown", last_received_at=None)
    unchosen = InForceView(kind="default", address="")
    identity = view.sender_identity.model_copy(update={"in_force": unchosen, "warnings": []})
    template = view.ticket_automation.model_copy(update={"problems": []})
    return view.model_copy(
        update={"forwarding": still, "sender_identity": identity, "ticket_automation": template}
    )


def forwarding_address_view(channel: Channel, address: str) -> ForwardingAddressView:
    """The forwarding address as a resource of its own."""
    return ForwardingAddressView(
        local_part=address.rpartition("@")[0],
        forwarding_address=address,
        frozen=channel.forwarding_address is not None,
    )
