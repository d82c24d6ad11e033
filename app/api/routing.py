"""What routing decided, and what it would decide."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_access import ChannelId
from app.api.channel_access import Writer as ChannelWriter
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import Moment
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import conversations, routing
from app.domain.routing import RoutingDecision

router = APIRouter(prefix="/v1", route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("conversations:read")]


class RoutingCandidateView(BaseModel):
    """Somebody who was looked at."""

    user_id: str | None = Field(description="Null: a team that has nobody.")
    name: str
    via: str = Field(description="`user`, `owner`, `fallback`, or the id of a team.")
    skipped: str | None = Field(
        description="`not_found`, `no_members`, `away`, `outside_working_hours`, `no_paid_seat`, "
        "`at_capacity`, `not_tracked`; null: could have been assigned."
    )
    load: int | None = Field(
        description="Open conversations of the user; null: nobody had to count them."
    )
    last_assigned_at: datetime | None = Field(description="By routing; null: never.")


class DecisionView(BaseModel):
    """Who takes a conversation, and why."""

    mode: str
    strategy: str
    candidates: list[RoutingCandidateView]
    candidates_left_out: int = Field(description="A hundred are shown, with the winner.")
    winner: str | None = Field(description="The user; null: nobody.")
    reason: str = Field(
        description="The strategy, `owner`, `owner_away`; without a winner `nobody_available`, "
        "`nobody_left`, `no_owner`, `not_tracked`, `off`."
    )
    waiting: bool = Field(description="It is assigned when somebody is available.")
    cause: str = Field(description="`opened`, `drained` (it had waited) or `simulated`.")
    decided_at: datetime


class StoredDecisionView(DecisionView):
    """A decision that was carried out."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    conversation_id: str


class SimulationRequest(BaseModel):
    """The conversation that is imagined: whose it is, and when it begins."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"address": "carla@customer.example", "at": "2026-11-23T08:30:00Z"}]
        },
    )

    contact_id: str | None = Field(None, max_length=40, description="Counts before `address`.")
    address: str | None = Field(None, max_length=1000, description="Of the person who writes.")
    at: Moment | None = Field(None, description="Null: now.")


def _view(row: RoutingDecision) -> StoredDecisionView:
    return StoredDecisionView(id=row.id, conversation_id=row.conversation_id, **row.decision)


@router.get(
    "/conversations/{conversation_id}/routing-decisions",
    operation_id="list_routing_decisions",
    tags=["conversations"],
    responses=refusals(400, 401, 403, 404, 422, 429),
)
async def list_routing_decisions(
    conversation_id: str, caller: Reader, db: Db, paging: Paging
) -> ListOf[StoredDecisionView]:
    """
    List what routing decided for a conversation, the oldest first.

    One decision when it was opened, and another when it had waited and was assigned. Empty for a
    channel without routing.
    """
    await conversations.get(db, caller.account_id, conversation_id)
    page = await routing.list_decisions(db, caller.account_id, conversation_id, paging)
    return list_of(page, [_view(one) for one in page.items])


@router.post(
    "/channels/{channel_id}/routing/simulate",
    operation_id="simulate_routing",
    tags=["channels"],
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def simulate_routing(
    channel_id: ChannelId, body: SimulationRequest, caller: ChannelWriter, db: Db
) -> DecisionView:
    """
    Ask who would take a new conversation.

    Nothing is assigned, and nobody's turn is over. `at` asks for another time: working hours are
    those of then, everything else is as it is now.
    """
    record = await conversations.simulate_routing(
        db,
        caller.account_id,
        channel_id,
        contact_id=body.contact_id,
        address=body.address,
        moment=body.at or datetime.now(UTC),
    )
    return DecisionView.model_validate(record)
