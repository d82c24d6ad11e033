"""
What the ticket automation of a channel looks like on the wire, and in the room's own words.

The answer can be sent back as the next PUT.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_parts import GivenId, Priority, Strict, WarningView
from app.api.scalars import Flag
from app.domain.tickets import (
    FAULTS,
    STATUS_RULES,
    Automation,
    Properties,
    StatusRules,
    TicketAutomation,
    status_of,
)


class TicketPropertiesBody(Strict):
    """The template of a ticket. Name and category may hold tokens such as {{contact.name}}."""

    name: str = Field("{{conversation.subject}}", max_length=500)
    pipeline_id: GivenId | None = Field(None, description="Null: the first pipeline.")
    stage_id: GivenId | None = Field(None, description="Null: the first open stage.")
    priority: Priority | None = None
    owner_id: GivenId | None = Field(
        None, description="Null: whoever is assigned to the conversation."
    )
    category: str | None = Field(None, max_length=200)
    custom: dict[str, Any] = Field(default_factory=dict, max_length=200)


class ReplyToClosed(Strict):
    """Where a reply moves a closed ticket to."""

    stage_id: GivenId


class Destination(Strict):
    """The stage that a ticket moves to."""

    stage_id: GivenId


class StatusBody(Strict):
    """Where tickets go by themselves. A rule that is not given has its default; null: off."""

    on_agent_reply: Destination | None = Field(
        None, description="Not given: the second open stage (`Waiting on contact`)."
    )
    on_contact_reply: Destination | None = Field(
        None, description="Not given: the last open stage (`Waiting on us`)."
    )
    on_conversation_closed: Destination | None = Field(
        None, description="A closed stage. Not given: the first one (`Closed`)."
    )
    close_conversation: Flag = Field(
        True, description="Is the conversation closed, or opened again, with its ticket?"
    )

    def rules(self) -> StatusRules:
        """The same in the room's words."""
        stages: dict[str, str | None] = {}
        for name in self.model_fields_set & {*STATUS_RULES}:
            to: Destination | None = getattr(self, name)
            stages[name] = to.stage_id if to else None
        return StatusRules(stages, self.close_conversation)


class TicketAutomationBody(Strict):
    """The ticket automation as it is to be. Off by default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "enabled": True,
                    "properties": {"name": "{{conversation.subject}}", "priority": "medium"},
                }
            ]
        }
    )

    enabled: Flag = False
    properties: TicketPropertiesBody = Field(default_factory=TicketPropertiesBody)
    on_reply_to_closed: ReplyToClosed | None = Field(
        None,
        description="Not given: the last open stage (`Waiting on us`). "
        "Null: the ticket is left where it is.",
    )
    status: StatusBody = Field(default_factory=StatusBody)
    problems: list[WarningView] | None = Field(
        None, description="Of the answer; not looked at.", max_length=100
    )

    def automation(self) -> Automation:
        """The same in the room's words."""
        reply = self.on_reply_to_closed
        return Automation(
            self.enabled,
            Properties(**self.properties.model_dump()),
            reply.stage_id if reply else None,
            "on_reply_to_closed" in self.model_fields_set,
            self.status.rules(),
        )


class TicketPropertiesView(BaseModel):
    """The template of a ticket."""

    name: str = Field(description="May hold tokens such as `{{conversation.subject}}`.")
    pipeline_id: str
    stage_id: str
    priority: Priority | None
    owner_id: str | None = Field(description="Null: whoever is assigned to the conversation.")
    category: str | None
    custom: dict[str, Any] = Field(description="Custom properties by key.")


class ReplyToClosedView(BaseModel):
    """Where a reply moves a closed ticket to."""

    stage_id: str


class StatusView(BaseModel):
    """Where tickets go by themselves; null: they stay."""

    on_agent_reply: ReplyToClosedView | None
    on_contact_reply: ReplyToClosedView | None
    on_conversation_closed: ReplyToClosedView | None
    close_conversation: bool = Field(
        description="Is the conversation closed, or opened again, with its ticket?"
    )


class TicketAutomationView(BaseModel):
    """Whether and how new conversations open tickets."""

    model_config = ConfigDict(from_attributes=True)

    enabled: bool = Field(description="Does every new conversation open a ticket?")
    properties: TicketPropertiesView
    on_reply_to_closed: ReplyToClosedView | None = Field(
        description="Where a reply moves a closed ticket to; null: it is left."
    )
    status: StatusView
    problems: list[WarningView] = Field(
        description="What no longer fits since it was saved; defaults stand in for it."
    )


def automation_view(automation: TicketAutomation) -> TicketAutomationView:
    """The automation as the contract shows it."""
    degraded = automation.degraded or ()
    return TicketAutomationView.model_validate(
        {
            "enabled": automation.enabled,
            "properties": automation.properties,
            "on_reply_to_closed": automation.on_reply_to_closed,
            "status": status_of(automation),
            "problems": [{"code": one, "detail": FAULTS[one]} for one in degraded],
        }
    )
