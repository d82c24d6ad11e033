"""
Routing: who is assigned to a new conversation, as the channel's rule says.

Deliberately not here yet: carrying the rules out. What is stored is checked, so that it can be.
"""

from app.domain.routing.models import RoutingRule
from app.domain.routing.service import (
    CONTACT_OWNER,
    LEAST_LOADED,
    RANDOM,
    ROUND_ROBIN,
    UNASSIGNED,
    USERS_AND_TEAMS,
    People,
    Rule,
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
    "People",
    "RoutingRule",
    "Rule",
    "faults_of",
    "for_channels",
    "get",
    "remove",
    "set_for",
]
