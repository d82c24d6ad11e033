"""
Tickets: pipelines with stages, custom properties, what a channel does with tickets, and how quickly
somebody is answered.

Deliberately not here: conversations, whose tickets follow them (`conversations.ticketing`).
"""

from app.domain.tickets.clocks import ServiceClock
from app.domain.tickets.models import TicketAutomation, TicketPipeline, TicketStage
from app.domain.tickets.pipelines import (
    Pipeline,
    Stage,
    default_pipeline,
    get_pipeline,
    list_pipelines,
)
from app.domain.tickets.service import (
    Automation,
    Properties,
    for_channels,
    get,
    remove,
    set_for,
)

__all__ = [
    "Automation",
    "Pipeline",
    "Properties",
    "ServiceClock",
    "Stage",
    "TicketAutomation",
    "TicketPipeline",
    "TicketStage",
    "default_pipeline",
    "for_channels",
    "get",
    "get_pipeline",
    "list_pipelines",
    "remove",
    "set_for",
]
