"""
Tickets: pipelines with stages, and what a channel does with tickets.

Deliberately not here yet: the tickets themselves. What is stored is checked, so that they can be
opened by it.
"""

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
