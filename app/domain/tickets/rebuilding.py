"""
Pipelines are made, rebuilt and thrown away; the tickets of a stage that goes move to another one.

A pipeline always has a stage for open tickets and one for closed ones, and an account always has a
pipeline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.domain import accounts, audit, events
from app.domain.tickets import changing, fitting, pipelines
from app.domain.tickets.changing import Place
from app.domain.tickets.history import By
from app.domain.tickets.models import Ticket, TicketPipeline, TicketStage
from app.domain.tickets.pipelines import CLOSED, OPEN, Pipeline, Stage
from app.errors import Conflict, FieldError, invalid_field

STAGES_LIMIT = 50
PIPELINES_LIMIT = 100


@dataclass(frozen=True, slots=True)
class WantedStage:
    """A stage as somebody wants it; without an id it is a new one."""

    name: str
    state: str
    id: str | None = None


async def create_pipeline(
    db: AsyncSession, account_id: str, name: str, stages: Sequence[WantedStage], now: datetime
) -> Pipeline:
    """A new pipeline; without stages it gets the default ones. Raises Invalid, Conflict."""
    await pipelines.default_pipeline(db, account_id, now)
    known = (await pipelines.pipelines_of(db, [account_id]))[account_id]
    if len(known) >= PIPELINES_LIMIT:
        raise Conflict(
            f"An account has at most {PIPELINES_LIMIT} pipelines.", "tickets.too_many_pipelines"
        )
    wanted = stages or [WantedStage(*one) for one in pipelines.DEFAULT_STAGES]
    made = TicketPipeline(
        account_id=account_id, id=ids.new("pip"), name=_name(name, "/name"), created_at=now
    )
    db.add(made)
    await db.flush()
    await _put_stages(db, made, _read_stages(Pipeline(made.id, made.name, ()), wanted))
    return await pipelines.get_pipeline(db, account_id, made.id)


async def change_pipeline(
    db: AsyncSession,
    account_id: str,
    pipeline_id: str,
    *,
    name: str | None,
    stages: Sequence[WantedStage] | None,
    move_tickets_to: str | None,
    by: By,
    now: datetime,
) -> Pipeline:
    """
    The pipeline has this name, and exactly these stages in this order; None: as it was.

    Raises NotFound; Invalid for stages that are not its own; Conflict when no open or no closed
    stage would be left, and for a stage that tickets stand at unless it is said where they go.
    """
    before = await pipelines.get_pipeline(db, account_id, pipeline_id)
    await pipelines.default_pipeline(db, account_id, now)  # it may not have been stored yet
    row = await db.get_one(TicketPipeline, (account_id, pipeline_id))
    if name is not None:
        row.name = _name(name, "/name")
    if stages is None:
        await db.flush()
        return await pipelines.get_pipeline(db, account_id, pipeline_id)
    wanted = _read_stages(before, stages)
    left = {one.id for one in wanted}
    gone = [stage for stage in before.stages if stage.id not in left]
    await _put_stages(db, row, wanted)
    after = await pipelines.get_pipeline(db, account_id, pipeline_id)
    await _turn_states(db, account_id, before, after, by, now)
    await _empty(db, account_id, [one.id for one in gone], move_tickets_to, by, now)
    await _drop_stages(db, account_id, [one.id for one in gone])
    await fitting.check_all(db, account_id, now)
    return await pipelines.get_pipeline(db, account_id, pipeline_id)


async def delete_pipeline(
    db: AsyncSession,
    account_id: str,
    pipeline_id: str,
    *,
    move_tickets_to: str | None,
    by: By,
    now: datetime,
) -> None:
    """The pipeline is gone. Raises NotFound; Conflict for the last one, and while it is in use."""
    found = await pipelines.get_pipeline(db, account_id, pipeline_id)
    await pipelines.default_pipeline(db, account_id, now)
    others = select(func.count()).where(
        TicketPipeline.account_id == account_id, TicketPipeline.id != pipeline_id
    )
    if not (await db.execute(others)).scalar_one():
        raise Conflict("An account has at least one pipeline.", "tickets.last_pipeline")
    stage_ids = [one.id for one in found.stages]
    await _empty(db, account_id, stage_ids, move_tickets_to, by, now)
    await _drop_stages(db, account_id, stage_ids)
    before = {"name": found.name}
    audit.note(
        db, account_id, "ticket_pipeline", pipeline_id, before=before, after={}, is_gone=True
    )
    await db.execute(
        delete(TicketPipeline).where(
            TicketPipeline.account_id == account_id, TicketPipeline.id == pipeline_id
        )
    )
    await fitting.check_all(db, account_id, now)


def _name(text: str, pointer: str) -> str:
    return accounts.visible_line(text, pointer, "tickets.bad_pipeline_name", 100)


def _read_stages(before: Pipeline, wanted: Sequence[WantedStage]) -> list[Stage]:
    """The stages that there will be. Raises Invalid, and Conflict when a kind would be missing."""
    found: list[Stage] = []
    names: set[str] = set()
    for place, one in enumerate(wanted):
        at = f"/stages/{place}"
        if one.id is not None and (before.stage(one.id) is None or one.id in {s.id for s in found}):
            raise invalid_field(
                f"{at}/id", "This is no stage of the pipeline, or it is twice.", _NOT_ITS_OWN
            )
        name = _name(one.name, f"{at}/name")
        if name.casefold() in names:
            raise invalid_field(
                f"{at}/name", "Two stages have this name.", "tickets.stage_name_taken"
            )
        names.add(name.casefold())
        found.append(Stage(one.id or ids.new("stg"), name, one.state))
    last = ((OPEN, "tickets.last_open_stage"), (CLOSED, "tickets.last_closed_stage"))
    for state, code in last:
        if not any(one.state == state for one in found):
            detail = f"A pipeline has at least one {state} stage."
            raise Conflict(detail, code, (FieldError("/stages", detail),))
    return found


_NOT_ITS_OWN = "tickets.stage_not_in_pipeline"


async def _put_stages(db: AsyncSession, row: TicketPipeline, wanted: Sequence[Stage]) -> None:
    for position, stage in enumerate(wanted):
        found = await db.get(TicketStage, (row.account_id, stage.id))
        if found is None:
            found = TicketStage(account_id=row.account_id, id=stage.id, pipeline_id=row.id)
            db.add(found)
        found.position, found.name, found.state = position, stage.name, stage.state
    await db.flush()


async def _turn_states(
    db: AsyncSession,
    account_id: str,
    before: Pipeline,
    after: Pipeline,
    by: By,
    now: datetime,
) -> None:
    """Tickets at a stage that has changed its kind are closed, or open, as it says now."""
    for stage in after.stages:
        former = before.stage(stage.id)
        if former is not None and former.state != stage.state:
            why = f"The stage {stage.name} is one for {stage.state} tickets now."
            await _move_all(db, account_id, [stage.id], Place(after, stage), by, why, now)


async def _empty(
    db: AsyncSession,
    account_id: str,
    stage_ids: Sequence[str],
    target_id: str | None,
    by: By,
    now: datetime,
) -> None:
    """No ticket stands at these stages any more."""
    there = select(func.count()).where(
        Ticket.account_id == account_id, Ticket.stage_id.in_(stage_ids)
    )
    count = (await db.execute(there)).scalar_one()
    if target_id is None:
        if count:
            raise Conflict(
                f"{count} tickets stand there; say with move_tickets_to to which stage they go.",
                "tickets.stage_in_use",
            )
        return
    known = (await pipelines.pipelines_of(db, [account_id]))[account_id]
    for pipeline in known.values():
        stage = pipeline.stage(target_id)
        if stage is not None and stage.id not in stage_ids:
            why = "The stage was removed."
            await _move_all(db, account_id, stage_ids, Place(pipeline, stage), by, why, now)
            return
    raise invalid_field(
        "/move_tickets_to", "This is no stage that will be left.", "tickets.unknown_stage"
    )


async def _move_all(
    db: AsyncSession,
    account_id: str,
    stage_ids: Sequence[str],
    place: Place,
    by: By,
    why: str,
    now: datetime,
) -> None:
    statement = select(Ticket).where(
        Ticket.account_id == account_id, Ticket.stage_id.in_(stage_ids)
    )
    found = (await db.execute(statement)).scalars().all()
    terms = await changing.terms_of(db, {(one.account_id, one.channel_id) for one in found})
    changed = []
    for ticket in found:
        key = ticket.account_id, ticket.channel_id
        changed.append((ticket, changing.move(ticket, place, terms[key], now)))
        ticket.updated_at = now
    await db.flush()
    await events.record(db, await changing.tell(db, changed, by, why, now), now)


async def _drop_stages(db: AsyncSession, account_id: str, stage_ids: Sequence[str]) -> None:
    for stage_id in stage_ids:
        audit.note(db, account_id, "ticket_stage", stage_id, before={}, after={}, is_gone=True)
    if stage_ids:
        await db.execute(
            delete(TicketStage).where(
                TicketStage.account_id == account_id, TicketStage.id.in_(stage_ids)
            )
        )
