"""What conversations look like, and what is asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.scalars import Flag
from app.domain.conversations import Conversation

State = Literal["open", "closed"]


class Participant(BaseModel):
    """Somebody outside of the team who takes part."""

    name: str
    address: str


class ConversationView(BaseModel):
    """What one contact and the team write to each other about one thing."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    channel_id: str
    contact_id: str = Field(description="Whose conversation it is; it never changes silently.")
    subject: str = Field(
        description="Of the mail that opened it; of a forward, that of the original."
    )
    state: State
    assignee_id: str | None = Field(description="The user who takes care of it.")
    team_id: str | None
    ticket_id: str | None = Field(description="The ticket that it opened.")
    spam: bool
    participants: list[Participant] = Field(
        description="Everybody outside of the team who takes part."
    )
    follow_up_of: str | None = Field(
        description="The conversation that this one continues, or was split from."
    )
    merged_into: str | None = Field(
        description="Where everything of it stands now; null: it was not merged."
    )
    message_count: int = Field(description="Mails and comments, not events.")
    last_message_at: datetime = Field(description="What the list is ordered by.")
    last_received_at: datetime | None = Field(
        description="The last mail of a person outside; null: none."
    )
    last_sent_at: datetime | None = Field(description="The last answer of the team; null: none.")
    created_at: datetime
    closed_at: datetime | None
    routing_decision: dict[str, Any] | None = Field(
        description="Who was looked at and why; null: nobody was asked."
    )
    first_response_seconds: int | None = Field(
        description="Business seconds until the team's first answer; null: not yet."
    )
    resolution_seconds: int | None = Field(
        description="Business seconds until it was closed, time that it was closed left out; "
        "null: open."
    )
    first_response_due_at: datetime | None = Field(
        description="When it was promised; null: nothing was."
    )
    resolution_due_at: datetime | None
    overdue: bool = Field(description="Has a deadline passed that is still open?")


class ConversationPatch(BaseModel):
    """What changes; fields that are not given stay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"state": "closed"}]})

    state: State = "open"
    assignee_id: str | None = Field(None, description="A user; null: nobody.")
    team_id: str | None = Field(None, description="A team; null: none.")
    spam: Flag = False


class NewComment(BaseModel):
    """An internal comment."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "I know her, let me take it.",
                    "author_id": "usr_0193a5c2f7b87c6e9d1a4b5c6d7e8f90",
                }
            ]
        },
    )

    text: str = Field(min_length=1, max_length=100_000)
    author_id: str = Field(max_length=40, description="The user who says it.")


class SplitRequest(BaseModel):
    """The messages that leave."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"message_ids": ["msg_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"]}]},
    )

    message_ids: list[Annotated[str, Field(max_length=40)]] = Field(min_length=1, max_length=200)


class ConversationMerge(BaseModel):
    """Where everything goes."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"into": "cnv_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"}]},
    )

    into: str = Field(max_length=40)


_NAMES = [name for name in ConversationView.model_fields if name != "overdue"]
_VALUES = attrgetter(*_NAMES)


def view(conversation: Conversation) -> ConversationView:
    """The conversation as the contract shows it."""
    values = dict(zip(_NAMES, _VALUES(conversation), strict=True))
    due_at = conversation.due_at
    late = due_at is not None and due_at < datetime.now(UTC)
    return ConversationView.model_validate({**values, "overdue": late})


def steady(view: ConversationView) -> ConversationView:
    """The conversation without what only the clock changes: what its ETag is made of."""
    return view.model_copy(update={"overdue": False})
