"""
Events: what happened in an account, one ordered log without gaps, written with what it tells.

Deliberately not here: who listens. Readers follow the sequence by cursor.
"""

from app.domain.events.models import Event
from app.domain.events.service import NewEvent, list_events, record

__all__ = ["Event", "NewEvent", "list_events", "record"]
