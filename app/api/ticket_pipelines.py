"""Ticket pipelines and their stages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import IfMatch, check_match, tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import tickets
from app.domain.tickets import By, Pipeline, WantedStage

router = APIRouter(prefix="/v1/ticket-pipelines", tags=["tickets"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("tickets:read")]
Writer = Annotated[Caller, caller_with("tickets:write")]

State = Literal["open", "closed"]


class StageView(BaseModel):
    """A place on a pipeline; a ticket there is open or closed."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    state: State


class PipelineView(BaseModel):
    """A way that tickets go, from stage to stage."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    stages: list[StageView]


class StageBody(BaseModel):
    """A stage as it is to be."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(None, max_length=40, description="Null: a new stage.")
    name: str = Field(max_length=1000, description="1 to 100 visible characters, once a pipeline.")
    state: State = "open"


class NewPipeline(BaseModel):
    """A pipeline to make; without stages it gets the usual four."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Returns",
                    "stages": [
                        {"name": "Announced", "state": "open"},
                        {"name": "Refunded", "state": "closed"},
                    ],
                }
            ]
        },
    )

    name: str = Field(max_length=1000, description="1 to 100 visible characters.")
    stages: list[StageBody] = Field(default_factory=list, max_length=50)


class PipelinePatch(BaseModel):
    """What changes; fields that are not given stay."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Support by mail"}]}
    )

    name: str = Field("", max_length=1000)
    stages: list[StageBody] = Field(
        default_factory=list,
        max_length=50,
        description="All stages in their order: those without an id are new, those left out go.",
    )
    move_tickets_to: str | None = Field(
        None, max_length=40, description="The stage for tickets of stages that go."
    )


def _wanted(stages: list[StageBody]) -> list[WantedStage]:
    return [WantedStage(one.name, one.state, one.id) for one in stages]


def _shown(pipeline: Pipeline, response: Response) -> PipelineView:
    found = PipelineView.model_validate(pipeline)
    tagged(response, found)
    return found


@router.get("", operation_id="list_ticket_pipelines", responses=refusals(400, 401, 403, 422, 429))
async def list_ticket_pipelines(caller: Reader, db: Db, paging: Paging) -> ListOf[PipelineView]:
    """
    List the pipelines with their stages, the oldest first.

    There is always one; the first one has the stages New, Waiting on contact, Waiting on us and
    Closed until it is changed.
    """
    page = await tickets.list_pipelines(db, caller.account_id, paging)
    return list_of(page, [PipelineView.model_validate(one) for one in page.items])


@router.post(
    "",
    operation_id="create_ticket_pipeline",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_ticket_pipeline(
    body: NewPipeline, caller: Writer, db: Db, response: Response
) -> PipelineView:
    """
    Make a pipeline.

    It has at least one stage for open tickets and one for closed ones (409
    `tickets.last_open_stage`, `tickets.last_closed_stage`).
    """
    made = await tickets.create_pipeline(
        db, caller.account_id, body.name, _wanted(body.stages), datetime.now(UTC)
    )
    return _shown(made, response)


@router.get(
    "/{pipeline_id}", operation_id="get_ticket_pipeline", responses=refusals(401, 403, 404, 429)
)
async def get_ticket_pipeline(
    pipeline_id: str, caller: Reader, db: Db, response: Response
) -> PipelineView:
    """
    Read one pipeline with its stages.

    The stages stand in their order.
    """
    return _shown(await tickets.get_pipeline(db, caller.account_id, pipeline_id), response)


@router.patch(
    "/{pipeline_id}",
    operation_id="update_ticket_pipeline",
    responses=refusals(400, 401, 403, 404, 409, 412, 415, 422, 429),
)
async def update_ticket_pipeline(
    pipeline_id: str,
    body: PipelinePatch,
    caller: Writer,
    db: Db,
    response: Response,
    if_match: IfMatch = None,
) -> PipelineView:
    """
    Rename a pipeline; order, rename, add or remove its stages.

    `stages` is the whole list: change what was read and send it back. A stage that tickets stand
    at is removed only with `move_tickets_to` (409 `tickets.stage_in_use` says how many). The last
    open and the last closed stage stay (409). A stage whose state changes closes its tickets, or
    opens them again.
    """
    current = await tickets.get_pipeline(db, caller.account_id, pipeline_id)
    check_match(if_match, PipelineView.model_validate(current))
    given = body.model_fields_set
    changed = await tickets.change_pipeline(
        db,
        caller.account_id,
        pipeline_id,
        name=body.name if "name" in given else None,
        stages=_wanted(body.stages) if "stages" in given else None,
        move_tickets_to=body.move_tickets_to,
        by=By("api_key", caller.key_id),
        now=datetime.now(UTC),
    )
    return _shown(changed, response)


@router.delete(
    "/{pipeline_id}",
    operation_id="delete_ticket_pipeline",
    status_code=204,
    responses=refusals(401, 403, 404, 409, 412, 422, 429),
)
async def delete_ticket_pipeline(
    pipeline_id: str,
    caller: Writer,
    db: Db,
    move_tickets_to: Annotated[
        str | None, Query(max_length=40, description="A stage of another pipeline.")
    ] = None,
    if_match: IfMatch = None,
) -> None:
    """
    Delete a pipeline.

    Its tickets move to the stage given (409 `tickets.stage_in_use` without one). The last
    pipeline stays (409 `tickets.last_pipeline`). Channels whose template names it open their
    tickets in the first pipeline, and are flagged.
    """
    current = await tickets.get_pipeline(db, caller.account_id, pipeline_id)
    check_match(if_match, PipelineView.model_validate(current))
    await tickets.delete_pipeline(
        db,
        caller.account_id,
        pipeline_id,
        move_tickets_to=move_tickets_to,
        by=By("api_key", caller.key_id),
        now=datetime.now(UTC),
    )
