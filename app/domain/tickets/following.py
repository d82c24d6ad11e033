"""Where a ticket goes by itself when something happens in its conversation."""

from __future__ import annotations

from app.domain.tickets.changing import Place
from app.domain.tickets.models import Ticket, TicketAutomation
from app.domain.tickets.pipelines import CLOSED, Pipeline, Stage
from app.domain.tickets.service import status_of

ON_AGENT_REPLY = "on_agent_reply"
ON_CONTACT_REPLY = "on_contact_reply"
ON_CLOSED = "on_conversation_closed"
ON_REOPENED = "on_reopened"

WHY = {
    ON_AGENT_REPLY: "The team has answered.",
    ON_CONTACT_REPLY: "The contact has written.",
    ON_CLOSED: "The conversation was closed.",
    ON_REOPENED: "The conversation was opened again.",
}


def next_place(
    ticket: Ticket, automation: TicketAutomation, pipeline: Pipeline, what: str
) -> Place | None:
    """
    Where the ticket goes when this happens; None: it stays.

    A stage that is gone is replaced by the pipeline's own for the case. A ticket that somebody has
    moved to another pipeline than the automation's stays where it is, but does not stay closed
    when its contact writes.
    """
    foreign: Stage | None
    if ticket.state == CLOSED:
        if what not in (ON_CONTACT_REPLY, ON_REOPENED):
            return None
        rule, default = automation.on_reply_to_closed, pipeline.waiting_on_us
        foreign = default
    elif what == ON_REOPENED:
        return None
    else:
        rule, default = status_of(automation)[what], _usual(pipeline, what)
        foreign = default if what == ON_CLOSED else None
    if rule is None:
        return None
    stage = pipeline.stage(rule["stage_id"])
    if stage is None:
        own = automation.properties.get("pipeline_id") == pipeline.id
        stage = default if own else foreign
    if stage is None or stage.id == ticket.stage_id:
        return None
    return Place(pipeline, stage)


def _usual(pipeline: Pipeline, what: str) -> Stage:
    return {
        ON_AGENT_REPLY: pipeline.waiting_on_contact,
        ON_CONTACT_REPLY: pipeline.waiting_on_us,
        ON_CLOSED: pipeline.done,
    }[what]


def closes_conversation(automation: TicketAutomation) -> bool:
    """Does the conversation follow when its ticket is closed or opened by hand?"""
    return bool(status_of(automation)["close_conversation"])
