"""
What the sub-resources of a channel look like on the wire, and requests in the rooms' own words.

The answer for a sub-resource can be sent back as its next PUT.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.scalars import Flag
from app.domain.channels import WholeChannel
from app.domain.routing import People, RoutingRule, Rule
from app.domain.sender_identity import Identity

NameStyle = Literal["agent_and_company", "company"]
Mode = Literal["unassigned", "users_and_teams", "contact_owner"]
Strategy = Literal["round_robin", "least_loaded", "random"]
Priority = Literal["low", "medium", "high", "urgent"]

Address = Annotated[str, Field(max_length=1000, examples=["support@acme.example"])]
GivenId = Annotated[str, Field(max_length=40)]
Ids = Annotated[list[GivenId], Field(max_length=500)]


class Strict(BaseModel):
    """A request: fields that are not in the contract are refused."""

    model_config = ConfigDict(extra="forbid")


# --------------------------------------------------------------------------- sender identity


class SenderAddress(Strict):
    """Which address From shows: the channel's own, or a custom one that the account has proved."""

    kind: Literal["default", "custom"] = "default"
    address: Address | None = Field(None, description="The custom address.")


class WarningView(BaseModel):
    """Something that the team should know before it writes."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Stable, `room.what_is_wrong`.")
    detail: str = Field(description="In words, for people.")


class InForceView(BaseModel):
    """The address that From shows now; another one than wished while that waits or fell back."""

    kind: Literal["default", "custom"]
    address: str = Field(description="The whole address.", max_length=1000)


class SenderIdentityBody(Strict):
    """The sender identity as it is to be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name_style": "agent_and_company",
                    "company_name": "Acme",
                    "address": {"kind": "default"},
                }
            ]
        }
    )

    name_style: NameStyle = "agent_and_company"
    company_name: str = Field(
        max_length=1000, description="1 to 100 visible characters, unique among the channels."
    )
    address: SenderAddress = Field(default_factory=SenderAddress)
    in_force: InForceView | None = Field(None, description="Of the answer; not looked at.")
    warnings: list[WarningView] | None = Field(
        None, description="Of the answer; not looked at.", max_length=100
    )

    def identity(self) -> Identity:
        """The same in the room's words."""
        return _identity(self.name_style, self.company_name, self.address)


class NewSenderIdentity(Strict):
    """The sender identity of a new channel; without a company name it gets the account's."""

    name_style: NameStyle = "agent_and_company"
    company_name: str | None = Field(None, max_length=1000)
    address: SenderAddress = Field(default_factory=SenderAddress)

    def identity(self) -> Identity:
        """The same in the room's words."""
        return _identity(self.name_style, self.company_name, self.address)


def _identity(style: str, company_name: str | None, address: SenderAddress) -> Identity:
    return Identity(style, company_name, address.kind, address.address)


class SenderAddressView(BaseModel):
    """Which address From shows; `address` is the custom one."""

    kind: Literal["default", "custom"]
    address: str | None = Field(description="The custom address; null for `default`.")


class SenderIdentityView(BaseModel):
    """Under which name and address the team writes."""

    name_style: NameStyle = Field(
        description="`agent_and_company`: “Ann Lee from Acme”; `company`: “Acme”."
    )
    company_name: str = Field(description="Unique among the account's channels.")
    address: SenderAddressView = Field(description="The address as it is wished.")
    in_force: InForceView
    warnings: list[WarningView] = Field(
        description="Why another address than the wished one is in force, and the like."
    )


def identity_view(whole: WholeChannel) -> SenderIdentityView:
    """The identity as the contract shows it."""
    identity, custom = whole.identity, whole.choice.address
    return SenderIdentityView.model_validate(
        {
            "name_style": identity.name_style,
            "company_name": identity.company_name,
            "address": {"kind": identity.address_kind, "address": identity.custom_address},
            "in_force": {
                "kind": "custom" if custom else "default",
                "address": custom or whole.forwarding_address,
            },
            "warnings": [{"code": one.code, "detail": one.detail} for one in whole.choice.warnings],
        }
    )


# --------------------------------------------------------------------------------- routing


class PeopleBody(Strict):
    """Users, and teams that stand for their members."""

    user_ids: Ids = Field(default_factory=list)
    team_ids: Ids = Field(default_factory=list)


class RoutingBody(PeopleBody):
    """The routing rule as it is to be. Off by default: the team triages."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "mode": "users_and_teams",
                    "user_ids": [],
                    "team_ids": ["tea_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"],
                    "strategy": "round_robin",
                }
            ]
        }
    )

    mode: Mode = "unassigned"
    strategy: Strategy = "round_robin"
    require_tracking: Flag = Field(
        True, description="Mode contact_owner: only for contacts that are tracked with a cookie."
    )
    fallback: PeopleBody = Field(
        default_factory=PeopleBody,
        description="Mode contact_owner: who is asked when the contact has no owner.",
    )

    def rule(self) -> Rule:
        """The same in the room's words."""
        return Rule(
            self.mode,
            People(tuple(self.user_ids), tuple(self.team_ids)),
            self.strategy,
            self.require_tracking,
            People(tuple(self.fallback.user_ids), tuple(self.fallback.team_ids)),
        )


class PeopleView(BaseModel):
    """Users, and teams that stand for their members."""

    user_ids: list[str]
    team_ids: list[str] = Field(description="Teams stand for their members.")


class RoutingView(BaseModel):
    """Who is assigned to new conversations."""

    model_config = ConfigDict(from_attributes=True)

    mode: Mode = Field(
        description="`unassigned`: the team triages; `users_and_teams`; `contact_owner`."
    )
    user_ids: list[str] = Field(description="Users who are asked.")
    team_ids: list[str] = Field(description="Teams stand for their members.")
    strategy: Strategy = Field(description="How one of several is chosen.")
    require_tracking: bool = Field(
        description="Mode contact_owner: only for contacts that are tracked with a cookie."
    )
    fallback: PeopleView = Field(
        description="Mode contact_owner: who is asked when the contact has no owner."
    )


def routing_view(rule: RoutingRule) -> RoutingView:
    """The rule as the contract shows it."""
    return RoutingView.model_validate(rule)
