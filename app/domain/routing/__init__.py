"""
Routing: who is assigned to a new conversation, as the channel's rule says.

Deliberately not here: the conversations, and sending what an owner who is away is told.
"""

from app.domain.routing.desk import Case, CountLoads, Desk, open_desk
from app.domain.routing.history import list_decisions
from app.domain.routing.models import RoutingDecision, RoutingRule, RoutingTurn
from app.domain.routing.rules import (
    CONTACT_OWNER,
    LEAST_LOADED,
    RANDOM,
    ROUND_ROBIN,
    UNASSIGNED,
    USERS_AND_TEAMS,
    Decision,
    People,
    Person,
    Rule,
)
from app.domain.routing.service import (
    faults_of,
    for_channels,
    get,
    remove,
    set_for,
)

__all__ = [
    "CONTACT_OWNER",
    "LEAST_LOADED",
    "RANDOM",
    "ROUND_ROBIN",
    "UNASSIGNED",
    "USERS_AND_TEAMS",
    "Case",
    "CountLoads",
    "Decision",
    "Desk",
    "People",
    "Person",
    "RoutingDecision",
    "RoutingRule",
    "RoutingTurn",
    "Rule",
    "faults_of",
    "for_channels",
    "get",
    "list_decisions",
    "open_desk",
    "remove",
    "set_for",
]
