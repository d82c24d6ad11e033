"""What tickets look like on the wire, and requests in the room's own words."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_parts import GivenId, Priority, Strict
from app.api.ticket_properties import Value
from app.domain import tickets
from app.domain.tickets import Ticket, TicketFields

State = Literal["open", "closed"]
Custom = Annotated[
    dict[str, Value | None],
    Field(max_length=200, description="Custom properties by key; null takes one away."),
]


class TicketView(BaseModel):
    """A piece of work, mostly for a contact."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str = Field(description="Plain text in one line.")
    description: str
    pipeline_id: str
    stage_id: str
    state: State = Field(description="That of the stage.")
    priority: Priority | None
    category: str | None
    source: Literal["email", "manual"] = Field(description="`manual`: made by hand.")
    owner_id: str | None = Field(
        description="The conversation's assignee, until somebody else is set."
    )
    contact_id: str | None = Field(description="Null: made by hand, for nobody known.")
    conversation_id: str | None = Field(description="Null: it was made without one.")
    channel_id: str | None = Field(description="The conversation's channel.")
    merged_into: str | None = Field(
        description="The ticket that goes on since their conversations were merged."
    )
    custom: dict[str, Any] = Field(description="Custom properties by key.")
    last_received_at: datetime | None = Field(description="The last mail of a person outside.")
    last_sent_at: datetime | None = Field(description="The last answer of the team.")
    first_response_seconds: int | None = Field(
        description="Business seconds until the team's first answer; null: not yet."
    )
    resolution_seconds: int | None = Field(
        description="Business seconds until it was closed, time that it was closed left out; "
        "null: open."
    )
    first_response_due_at: datetime | None
    resolution_due_at: datetime | None
    overdue: bool = Field(description="Has a deadline passed that is still open?")
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class TicketPatch(Strict):
    """What changes; fields that are not given stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"priority": "high", "category": "Delivery"}]}
    )

    name: str = Field("", max_length=1000, description="1 to 300 visible characters.")
    description: str = Field("", max_length=20_000)
    pipeline_id: GivenId = Field("", description="Alone: its first open stage.")
    stage_id: GivenId = Field("", description="Of any pipeline, unless one is given.")
    priority: Priority | None = None
    category: str | None = Field(None, max_length=200)
    owner_id: GivenId | None = Field(
        None, description="Null: whoever is assigned to the conversation."
    )
    contact_id: GivenId | None = Field(
        None, description="Only of a ticket without a conversation; null: nobody known."
    )
    custom: Custom = Field(default_factory=dict)

    def fields(self) -> TicketFields:
        """The same in the room's words."""
        given = self.model_fields_set
        values = {name: getattr(self, name) for name in TicketPatch.model_fields if name in given}
        return TicketFields(frozenset(given), **values)


class NewTicket(TicketPatch):
    """A ticket to make, for a conversation, for a contact, or for nobody known."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "conversation_id": "cnv_0193a5c2f7b87c6e9d1a4b5c6d7e8f90",
                    "priority": "high",
                }
            ]
        }
    )

    conversation_id: GivenId | None = Field(None, description="One that has no ticket yet.")


class BulkChange(Strict):
    """The same change of several tickets."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ids": ["tkt_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"],
                    "changes": {"priority": "urgent"},
                }
            ]
        }
    )

    ids: list[GivenId] = Field(min_length=1, max_length=200, description="Of the tickets.")
    changes: TicketPatch


class Changed(BaseModel):
    """The tickets as they are now."""

    items: list[TicketView]


class Who(BaseModel):
    """Who did it: a person by an API key, the channel's automation, or a mail."""

    kind: Literal["user", "api_key", "automation", "mail"]
    id: str | None = Field(description="Of the user, the key or the message.")


class HistoryView(BaseModel):
    """What was changed of a ticket."""

    id: str
    type: Literal["created", "updated"]
    changes: dict[str, Any] = Field(description="`{before, after}` by field.")
    by: Who
    why: str
    created_at: datetime


def ticket_view(ticket: Ticket, now: datetime) -> TicketView:
    """The ticket as the contract shows it."""
    late = ticket.due_at is not None and ticket.due_at < now
    names = [name for name in TicketView.model_fields if name != "overdue"]
    values = {name: getattr(ticket, name) for name in names}
    return TicketView.model_validate({**values, "overdue": late})


def steady(view: TicketView) -> TicketView:
    """The ticket without what only the clock changes: what its ETag is made of."""
    return view.model_copy(update={"overdue": False})


def history_view(entry: tickets.TicketHistory) -> HistoryView:
    """An entry as the contract shows it."""
    values = {name: getattr(entry, name) for name in ("id", "type", "changes", "why", "created_at")}
    return HistoryView.model_validate({**values, "by": {"kind": entry.by_kind, "id": entry.by_id}})
