"""
The outbox: what is to leave this machine, written in the transaction that decided it.

An item is one mail for one recipient, and stays as the record of that delivery. Deliberately not
here: what is sent and why, and speaking to other machines; the worker does that.
"""

from app.domain.outbox.claiming import (
    LEASE,
    Backlog,
    Claimed,
    backlog,
    claim,
    give_all_back,
    give_back,
    has_due,
    renew,
)
from app.domain.outbox.erasing import (
    empty_deliveries,
    empty_notices,
    empty_recipient,
    forget_suppressions,
    release_octets,
    suppressions_to,
    with_octets,
)
from app.domain.outbox.models import OutboxItem, Suppression
from app.domain.outbox.results import CANCELED_WORDS, Result, Shown, bounced, record, shown
from app.domain.outbox.service import (
    BOUNCED,
    CANCELED,
    DEFERRED,
    FAILED,
    QUEUED,
    SENT,
    Envelope,
    deliveries_of,
    has_put,
    put,
)
from app.domain.outbox.steering import cancel, list_items, retry
from app.domain.outbox.suppressions import (
    lift,
    list_suppressions,
    suppress,
    suppressed_among,
)
from app.domain.outbox.turns import Turns

__all__ = [
    "BOUNCED",
    "CANCELED",
    "CANCELED_WORDS",
    "DEFERRED",
    "FAILED",
    "LEASE",
    "QUEUED",
    "SENT",
    "Backlog",
    "Claimed",
    "Envelope",
    "OutboxItem",
    "Result",
    "Shown",
    "Suppression",
    "Turns",
    "backlog",
    "bounced",
    "cancel",
    "claim",
    "deliveries_of",
    "empty_deliveries",
    "empty_notices",
    "empty_recipient",
    "forget_suppressions",
    "give_all_back",
    "give_back",
    "has_due",
    "has_put",
    "lift",
    "list_items",
    "list_suppressions",
    "put",
    "record",
    "release_octets",
    "renew",
    "retry",
    "shown",
    "suppress",
    "suppressed_among",
    "suppressions_to",
    "with_octets",
]
