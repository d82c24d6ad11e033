"""
Events: what happened in an account, one ordered log without gaps, written with what it tells.

Deliberately not here: who listens. Readers follow the sequence by cursor.
"""

from app.domain.events.following import (
    TOO_OLD,
    Piece,
    accounts_with_older,
    forget_older,
    get_many,
    is_of,
    last_of,
    list_events,
    read_log,
)
from app.domain.events.models import Event, EventSequence
from app.domain.events.service import NewEvent, record, recorded_in, wake

__all__ = [
    "TOO_OLD",
    "Event",
    "EventSequence",
    "NewEvent",
    "Piece",
    "accounts_with_older",
    "forget_older",
    "get_many",
    "is_of",
    "last_of",
    "list_events",
    "read_log",
    "record",
    "recorded_in",
    "wake",
]
