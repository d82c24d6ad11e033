"""The verbs of a channel's ticket automation."""

from __future__ import annotations

import json
from collections.abc import Collection
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
from app.errors import FieldError, Invalid, NotFound, invalid_field

LONGEST_VALUE = 1000
DEFAULT_NAME = "{{conversation.subject}}"


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
    if wanted.properties.owner_id is not None:
        await _check_owner(db, account_id, wanted.properties.owner_id, at)
    pipeline = await _pipeline(db, account_id, wanted.properties.pipeline_id, now, at)
    stage_id, reply_stage_id = _stages(wanted, pipeline, at)
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
    await db.flush()
    return row


def _check_words(properties: Properties, at: str) -> None:
    if not properties.name.strip():
        raise invalid_field(f"{at}/name", "A ticket needs a name.", "tickets.name_missing")
    for name, text in (("name", properties.name), ("category", properties.category or "")):
        faults = templates.faults_of(text)
        if faults:
            raise Invalid(
                faults[0],
                "tickets.unknown_token",
                tuple(FieldError(f"{at}/{name}", fault) for fault in faults),
            )
    for key, value in properties.custom.items():
        # No custom properties can be defined yet, so that every key is unknown; the form of the
        # value is looked at first, because it would be wrong for a known one too.
        pointer = f"{at}/custom/" + key.replace("~", "~0").replace("/", "~1")
        if isinstance(value, dict | list) or len(json.dumps(value)) > LONGEST_VALUE:
            raise invalid_field(
                pointer,
                "A property is a short text, a number or a boolean.",
                "tickets.bad_property",
            )
        raise invalid_field(
            pointer, "The account has no such ticket property.", "tickets.unknown_property"
        )


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
