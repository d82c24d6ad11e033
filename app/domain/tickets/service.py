"""The verbs of a channel's ticket automation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import accounts
from app.domain.tickets import pipelines, templates
from app.domain.tickets.models import TicketAutomation
from app.domain.tickets.pipelines import Pipeline
from app.domain.tickets.properties import checked, completed, escaped
from app.domain.tickets.properties import properties_of as known_properties
from app.errors import FieldError, Invalid, NotFound, invalid_field

DEFAULT_NAME = "{{conversation.subject}}"
STATUS_RULES = ("on_agent_reply", "on_contact_reply", "on_conversation_closed")


@dataclass(frozen=True, slots=True)
class Properties:
    """The template of a ticket; ids that are not given follow from the default pipeline."""

    name: str = DEFAULT_NAME
    pipeline_id: str | None = None
    stage_id: str | None = None
    priority: str | None = None
    owner_id: str | None = None
    category: str | None = None
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatusRules:
    """
    Where tickets go by themselves. `stages` holds those of STATUS_RULES that were given: a stage,
    or None for staying. `close_conversation`: a ticket that is closed closes its conversation, one
    that is opened again opens it.
    """

    stages: Mapping[str, str | None] = field(default_factory=dict)
    close_conversation: bool = True


@dataclass(frozen=True, slots=True)
class Automation:
    """
    An automation as somebody wants it; off unless switched on (I1).

    `reply_stage_id`: where a reply moves a closed ticket to. Not given (`reply_stage_given` False):
    where the team's turn is. Given as None: the ticket is left where it is.
    """

    enabled: bool = False
    properties: Properties = field(default_factory=Properties)
    reply_stage_id: str | None = None
    reply_stage_given: bool = False
    status: StatusRules = field(default_factory=StatusRules)


async def set_for(
    db: AsyncSession,
    account_id: str,
    channel_id: str,
    wanted: Automation,
    *,
    now: datetime,
    at: str = "",
) -> TicketAutomation:
    """
    The channel has the wanted automation. `at` is its JSON Pointer in the request.

    What was left open is filled in from the pipeline, so that it can be read what will happen.
    Raises Invalid for a template that does not fit (I3).
    """
    _check_words(wanted.properties, f"{at}/properties")
    await _check_custom(db, account_id, wanted, f"{at}/properties/custom")
    if wanted.properties.owner_id is not None:
        await _check_owner(db, account_id, wanted.properties.owner_id, at)
    pipeline = await _pipeline(db, account_id, wanted.properties.pipeline_id, now, at)
    stage_id, reply_stage_id = _stages(wanted, pipeline, at)
    status = _status(wanted.status, pipeline, f"{at}/status")
    row = await db.get(TicketAutomation, (account_id, channel_id))
    if row is None:
        row = TicketAutomation(account_id=account_id, channel_id=channel_id)
        db.add(row)
    row.enabled = wanted.enabled
    row.properties = {
        "name": wanted.properties.name.strip(),
        "pipeline_id": pipeline.id,
        "stage_id": stage_id,
        "priority": wanted.properties.priority,
        "owner_id": wanted.properties.owner_id,
        "category": wanted.properties.category,
        "custom": wanted.properties.custom,
    }
    row.on_reply_to_closed = {"stage_id": reply_stage_id} if reply_stage_id else None
    row.status, row.degraded = status, None
    await db.flush()
    return row


@dataclass(frozen=True, slots=True)
class Service:
    """How quickly a channel promises to answer; `given` names the fields that count."""

    given: frozenset[str] = frozenset()
    targets: Mapping[str, int | None] | None = None  # minutes
    hours: Mapping[str, Any] | None = None


async def set_service(
    db: AsyncSession, account_id: str, channel_id: str, wanted: Service
) -> TicketAutomation:
    """
    The channel promises this from now on; clocks that run keep their deadlines. Raises Invalid.
    """
    row = await get(db, account_id, channel_id)
    if "service_targets" in wanted.given:
        row.service_targets = dict(wanted.targets) if wanted.targets is not None else None
    if "service_hours" in wanted.given:
        row.service_hours = _hours(wanted.hours)
    await db.flush()
    return row


def _hours(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As working hours of users, with at least one span: else nothing would ever be due."""
    if given is None:
        return None
    code = "channel.bad_service_hours"
    try:
        hours = accounts.check_working_hours(given)
    except Invalid as fault:
        place = fault.errors[0].pointer.replace("/working_hours", "/service_hours", 1)
        raise invalid_field(place, fault.detail, code) from fault
    if not any(hours["days"].values()):
        raise invalid_field("/service_hours/days", "There has to be a span.", code)
    return hours


def _check_words(properties: Properties, at: str) -> None:
    if not properties.name.strip():
        raise invalid_field(f"{at}/name", "A ticket needs a name.", "tickets.name_missing")
    texts = [("name", properties.name), ("category", properties.category or "")]
    texts += [
        ("custom/" + escaped(key), value)
        for key, value in properties.custom.items()
        if isinstance(value, str)
    ]
    for name, text in texts:
        faults = templates.faults_of(text) if "{{" in text or "}}" in text else []
        if faults:
            raise Invalid(
                faults[0],
                "tickets.unknown_token",
                tuple(FieldError(f"{at}/{name}", fault) for fault in faults),
            )


async def _check_custom(db: AsyncSession, account_id: str, wanted: Automation, at: str) -> None:
    defined = (await known_properties(db, [account_id]))[account_id]
    if wanted.enabled:
        completed(defined, wanted.properties.custom, at)
    else:
        checked(defined, wanted.properties.custom, at)


async def _check_owner(db: AsyncSession, account_id: str, owner_id: str, at: str) -> None:
    try:
        await accounts.get_user(db, account_id, owner_id)
    except NotFound as fault:
        pointer = f"{at}/properties/owner_id"
        detail = "The account has no such user."
        raise invalid_field(pointer, detail, "tickets.unknown_owner") from fault


async def _pipeline(
    db: AsyncSession, account_id: str, pipeline_id: str | None, now: datetime, at: str
) -> Pipeline:
    default = await pipelines.default_pipeline(db, account_id, now)
    if pipeline_id is None or pipeline_id == default.id:
        return default
    try:
        return await pipelines.get_pipeline(db, account_id, pipeline_id)
    except NotFound as fault:
        raise invalid_field(
            f"{at}/properties/pipeline_id",
            "The account has no such pipeline.",
            "tickets.unknown_pipeline",
        ) from fault


def _stages(wanted: Automation, pipeline: Pipeline, at: str) -> tuple[str, str | None]:
    """Where tickets begin, and where a reply moves a closed one to."""
    stage_id, reply_stage_id = wanted.properties.stage_id, wanted.reply_stage_id
    given = (
        (f"{at}/properties/stage_id", stage_id),
        (f"{at}/on_reply_to_closed/stage_id", reply_stage_id),
    )
    for pointer, one in given:
        if one is not None and pipeline.stage(one) is None:
            raise invalid_field(
                pointer,
                f"This is no stage of the pipeline {pipeline.name}.",
                "tickets.stage_not_in_pipeline",
            )
    if reply_stage_id is None and not wanted.reply_stage_given:
        reply_stage_id = pipeline.waiting_on_us.id
    return stage_id or pipeline.first.id, reply_stage_id


def _status(wanted: StatusRules, pipeline: Pipeline, at: str) -> dict[str, Any]:
    """The rules as they are stored: each a stage, or None."""
    working = (pipeline.waiting_on_contact, pipeline.waiting_on_us, pipeline.done)
    found: dict[str, Any] = {"close_conversation": wanted.close_conversation}
    for name, default in zip(STATUS_RULES, working, strict=True):
        stage_id = wanted.stages.get(name, default.id)
        if stage_id is None:
            found[name] = None
            continue
        stage = pipeline.stage(stage_id)
        closing = name == "on_conversation_closed"
        if stage is None or (closing and stage.state != pipelines.CLOSED):
            kind = "closed stage" if closing else "stage"
            raise invalid_field(
                f"{at}/{name}/stage_id",
                f"This is no {kind} of the pipeline {pipeline.name}.",
                "tickets.stage_not_in_pipeline",
            )
        found[name] = {"stage_id": stage.id}
    return found


def status_of(automation: TicketAutomation) -> dict[str, Any]:
    """The rules in force; none of an automation that was saved before there were any."""
    return automation.status or {**dict.fromkeys(STATUS_RULES), "close_conversation": True}


async def get(db: AsyncSession, account_id: str, channel_id: str) -> TicketAutomation:
    """The automation of the channel. Raises NotFound."""
    row = await db.get(TicketAutomation, (account_id, channel_id))
    if row is None:
        raise NotFound("There is no such channel.", "channel.not_found")
    return row


async def for_channels(
    db: AsyncSession, account_id: str, channel_ids: Collection[str]
) -> dict[str, TicketAutomation]:
    """The automations of these channels by channel, in one look-up."""
    found: dict[str, TicketAutomation] = {}
    for some in chunks(sorted(channel_ids)):
        statement = select(TicketAutomation).where(
            TicketAutomation.account_id == account_id, TicketAutomation.channel_id.in_(some)
        )
        found.update({row.channel_id: row for row in (await db.execute(statement)).scalars()})
    return found


async def remove(db: AsyncSession, account_id: str, channel_id: str) -> None:
    """The draft channel is thrown away, and its automation with it."""
    await db.execute(
        delete(TicketAutomation).where(
            TicketAutomation.account_id == account_id, TicketAutomation.channel_id == channel_id
        )
    )
