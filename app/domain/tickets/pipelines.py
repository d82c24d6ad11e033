"""
Pipelines and their stages: the default one, made when it is first needed, and reading them.

Deliberately not here: changing them (`rebuilding`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Page, PageRequest, chunks, page_of
from app.domain.tickets.models import TicketPipeline, TicketStage
from app.errors import NotFound

OPEN = "open"
CLOSED = "closed"

DEFAULT_NAME = "Support"
DEFAULT_STAGES = (
    ("New", OPEN),
    ("Waiting on contact", OPEN),
    ("Waiting on us", OPEN),
    ("Closed", CLOSED),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A place on a pipeline; a ticket there is open or closed."""

    id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline with its stages in their order; there is always one."""

    id: str
    name: str
    stages: tuple[Stage, ...]

    def stage(self, stage_id: str) -> Stage | None:
        """The stage with this id, if it is one of this pipeline's."""
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    @property
    def first(self) -> Stage:
        """Where tickets begin: the first open stage, else the first."""
        return next((stage for stage in self.stages if stage.state == OPEN), self.stages[0])

    @property
    def waiting_on_us(self) -> Stage:
        """Where a ticket goes when its contact writes again: the last open stage."""
        return next((s for s in reversed(self.stages) if s.state == OPEN), self.stages[0])

    @property
    def waiting_on_contact(self) -> Stage:
        """Where a ticket goes when the team has answered: the second open stage, else the first."""
        return [*(s for s in self.stages if s.state == OPEN), self.first][:2][-1]

    @property
    def done(self) -> Stage:
        """Where a ticket goes when all is done: the first closed stage, else the last."""
        return next((stage for stage in self.stages if stage.state == CLOSED), self.stages[-1])


async def default_pipeline(db: AsyncSession, account_id: str, now: datetime) -> Pipeline:
    """The account's oldest pipeline; the default one is made when the account has none."""
    oldest = await _oldest(db, account_id)
    if oldest is not None:
        return (await _with_stages(db, account_id, [oldest]))[0]
    made = _default(account_id)
    db.add(TicketPipeline(account_id=account_id, id=made.id, name=made.name, created_at=now))
    await db.flush()
    rows = [
        {
            "account_id": account_id,
            "id": stage.id,
            "pipeline_id": made.id,
            "position": position,
            "name": stage.name,
            "state": stage.state,
        }
        for position, stage in enumerate(made.stages)
    ]
    await db.execute(insert(TicketStage), rows)
    return made


async def get_pipeline(db: AsyncSession, account_id: str, pipeline_id: str) -> Pipeline:
    """The pipeline; the default one also before it is stored. Raises NotFound."""
    row = await db.get(TicketPipeline, (account_id, pipeline_id))
    if row is not None:
        return (await _with_stages(db, account_id, [row]))[0]
    default = _default(account_id)
    if pipeline_id != default.id or await _oldest(db, account_id) is not None:
        raise NotFound("There is no such pipeline.", "tickets.pipeline_not_found")
    return default


async def pipelines_of(
    db: AsyncSession, account_ids: Collection[str]
) -> dict[str, dict[str, Pipeline]]:
    """Every stored pipeline of these accounts by account and id, the oldest first."""
    statement = (
        select(TicketPipeline)
        .where(TicketPipeline.account_id.in_(sorted(account_ids)))
        .order_by(TicketPipeline.id)
    )
    rows = (await db.execute(statement)).scalars().all()
    found: dict[str, dict[str, Pipeline]] = {account_id: {} for account_id in account_ids}
    stages = await _stages_of(db, rows)
    for row in rows:
        key = row.account_id, row.id
        found[row.account_id][row.id] = Pipeline(row.id, row.name, tuple(stages[key]))
    return found


async def list_pipelines(db: AsyncSession, account_id: str, request: PageRequest) -> Page[Pipeline]:
    """The account's pipelines, oldest first; the default one also before it is stored."""
    statement = select(TicketPipeline).where(TicketPipeline.account_id == account_id)
    page = await page_of(db, statement, [TicketPipeline.id], request)
    if not page.items and request.after is None:
        return Page([_default(account_id)], None)
    return Page(await _with_stages(db, account_id, page.items), page.next_after)


async def _oldest(db: AsyncSession, account_id: str) -> TicketPipeline | None:
    statement = (
        select(TicketPipeline)
        .where(TicketPipeline.account_id == account_id)
        .order_by(TicketPipeline.id)
        .limit(1)
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def _with_stages(
    db: AsyncSession, account_id: str, rows: Sequence[TicketPipeline]
) -> list[Pipeline]:
    stages = await _stages_of(db, rows)
    return [Pipeline(row.id, row.name, tuple(stages[account_id, row.id])) for row in rows]


async def _stages_of(
    db: AsyncSession, rows: Sequence[TicketPipeline]
) -> dict[tuple[str, str], list[Stage]]:
    """The stages of these pipelines in their order, by account and pipeline."""
    stages: dict[tuple[str, str], list[Stage]] = {(row.account_id, row.id): [] for row in rows}
    for some in chunks([row.id for row in rows]):
        statement = (
            select(TicketStage)
            .where(
                TicketStage.account_id.in_(sorted({row.account_id for row in rows})),
                TicketStage.pipeline_id.in_(some),
            )
            .order_by(TicketStage.position)
        )
        for stage in (await db.execute(statement)).scalars():
            key = stage.account_id, stage.pipeline_id
            stages[key].append(Stage(stage.id, stage.name, stage.state))
    return stages


def _default(account_id: str) -> Pipeline:
    """
    The default pipeline of an account. Its ids follow from the account's, so that it can be shown
    by a reading request before the first writing one stores it.
    """
    own = account_id.partition("_")[2] or account_id
    stages = tuple(
        Stage(f"stg_{uuid.uuid5(uuid.NAMESPACE_OID, f'{account_id}/{position}').hex}", name, state)
        for position, (name, state) in enumerate(DEFAULT_STAGES)
    )
    return Pipeline(f"pip_{own}", DEFAULT_NAME, stages)
