"""
What a stored template still fits to: stages, owners and properties can go after it was saved (I3).

What no longer fits is replaced by its default and never costs a mail; the channel is flagged, and
the event log says so once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, events
from app.domain.events import NewEvent
from app.domain.tickets import pipelines, properties
from app.domain.tickets.models import TicketAutomation, TicketProperty
from app.domain.tickets.pipelines import Pipeline, Stage

PIPELINE_GONE = "tickets.pipeline_gone"
STAGE_GONE = "tickets.stage_gone"
OWNER_GONE = "tickets.owner_gone"
PROPERTY_GONE = "tickets.property_gone"
REQUIRED_MISSING = "tickets.property_required"
NOT_OPENED = "tickets.not_opened"

FAULTS = {
    PIPELINE_GONE: "The template's pipeline exists no more; tickets open in the first one.",
    STAGE_GONE: "A stage that the automation names exists no more; the default one is taken.",
    OWNER_GONE: "The template's owner exists no more; whoever is assigned is the owner.",
    PROPERTY_GONE: "A property of the template exists no more, or its value does not fit.",
    REQUIRED_MISSING: "A property that is required has no value in the template.",
    NOT_OPENED: "A ticket could not be opened, by a fault of ours.",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What an account has that a template can name."""

    pipelines: Mapping[str, Pipeline]
    properties: Mapping[str, TicketProperty]
    users: Collection[str]

    @property
    def default(self) -> Pipeline:
        """The oldest pipeline."""
        return next(iter(self.pipelines.values()))


@dataclass(frozen=True, slots=True)
class Fitted:
    """An automation as it is carried out, and codes of what was replaced."""

    pipeline: Pipeline
    stage: Stage
    owner_id: str | None
    custom: dict[str, Any]
    faults: tuple[str, ...]


async def known_of(db: AsyncSession, automations: Sequence[TicketAutomation]) -> dict[str, Known]:
    """What the accounts of these automations have, in one look-up a table."""
    account_ids = {one.account_id for one in automations}
    ways = await pipelines.pipelines_of(db, account_ids)
    defined = await properties.properties_of(db, account_ids)
    found = {}
    for account_id in account_ids:
        owners = {
            owner
            for one in automations
            if one.account_id == account_id and (owner := one.properties.get("owner_id"))
        }
        users = await accounts.find_users(db, account_id, owners) if owners else {}
        found[account_id] = Known(ways[account_id], defined[account_id], frozenset(users))
    return found


def fit(automation: TicketAutomation, known: Known) -> Fitted:
    """The automation with defaults for what is gone. Never raises."""
    faults: dict[str, None] = {}
    template = automation.properties
    pipeline = known.pipelines.get(template.get("pipeline_id", ""))
    if pipeline is None:
        pipeline = known.default
        faults[PIPELINE_GONE] = None
    stage = pipeline.stage(template.get("stage_id", ""))
    if stage is None or any(pipeline.stage(one) is None for one in _named(automation)):
        faults[STAGE_GONE] = None
    owner = template.get("owner_id")
    if owner is not None and owner not in known.users:
        owner = None
        faults[OWNER_GONE] = None
    custom = properties.defaults(known.properties)
    for key, value in (template.get("custom") or {}).items():
        if properties.fits(known.properties.get(key), value):
            custom[key] = value
        else:
            faults[PROPERTY_GONE] = None
    if any(one.required and key not in custom for key, one in known.properties.items()):
        faults[REQUIRED_MISSING] = None
    return Fitted(pipeline, stage or pipeline.first, owner, custom, tuple(faults))


def _named(automation: TicketAutomation) -> list[str]:
    """The stages that the automation names beside the one where tickets begin."""
    rules = [automation.on_reply_to_closed, *(automation.status or {}).values()]
    return [one["stage_id"] for one in rules if isinstance(one, dict)]


def flag(automation: TicketAutomation, faults: Sequence[str]) -> list[NewEvent]:
    """The channel is flagged with these; an event when there is a new one among them."""
    before = automation.degraded or []
    if set(faults) == set(before):
        return []
    automation.degraded = list(faults) or None
    if not set(faults) - set(before):
        return []
    facts = {"channel_id": automation.channel_id, "problems": list(faults)}
    return [NewEvent(automation.account_id, "channel.ticket_automation_degraded", facts)]


async def check_all(db: AsyncSession, account_id: str, now: datetime) -> None:
    """Something that templates can name has gone or come: the account's channels are flagged."""
    statement = select(TicketAutomation).where(
        TicketAutomation.account_id == account_id, TicketAutomation.enabled.is_(True)
    )
    automations = (await db.execute(statement)).scalars().all()
    if not automations:
        return
    known = (await known_of(db, automations))[account_id]
    news = [one for row in automations for one in flag(row, fit(row, known).faults)]
    await db.flush()
    await events.record(db, news, now)
