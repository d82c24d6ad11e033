"""
Ticket pipelines and their stages, for reading.

Deliberately not here yet: changing them.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import tickets

router = APIRouter(prefix="/v1/ticket-pipelines", tags=["tickets"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("tickets:read")]


class StageView(BaseModel):
    """A place on a pipeline; a ticket there is open or closed."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    state: Literal["open", "closed"]


class PipelineView(BaseModel):
    """A way that tickets go, from stage to stage."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    stages: list[StageView]


@router.get("", operation_id="list_ticket_pipelines", responses=refusals(400, 401, 403, 422, 429))
async def list_ticket_pipelines(caller: Reader, db: Db, paging: Paging) -> ListOf[PipelineView]:
    """
    List the pipelines with their stages, the oldest first.

    There is always one, with the stages New, Waiting on contact, Waiting on us and Closed.
    """
    page = await tickets.list_pipelines(db, caller.account_id, paging)
    return list_of(page, [PipelineView.model_validate(one) for one in page.items])


@router.get(
    "/{pipeline_id}", operation_id="get_ticket_pipeline", responses=refusals(401, 403, 404, 429)
)
async def get_ticket_pipeline(pipeline_id: str, caller: Reader, db: Db) -> PipelineView:
    """
    Read one pipeline with its stages.

    The stages stand in their order.
    """
    found = await tickets.get_pipeline(db, caller.account_id, pipeline_id)
    return PipelineView.model_validate(found)
