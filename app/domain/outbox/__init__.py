"""
The outbox: what is to leave this machine, written in the transaction that decided it.

An item is one mail for one recipient, and stays as the record of that delivery. Deliberately not
here: what is sent and why, and speaking to other machines; the worker does that.
"""

from app.domain.outbox.models import OutboxItem, Suppression
from app.domain.outbox.service import (
    BOUNCED,
    CANCELED,
    DEFERRED,
    FAILED,
    QUEUED,
    SENT,
    Envelope,
    deliveries_of,
    put,
)

__all__ = [
    "BOUNCED",
    "CANCELED",
    "DEFERRED",
    "FAILED",
    "QUEUED",
    "SENT",
    "Envelope",
    "OutboxItem",
    "Suppression",
    "deliveries_of",
    "put",
]
