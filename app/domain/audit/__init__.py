"""
The audit log: who changed which setting of an account, what it was before and what after.

Whoever changes an audited row through the ORM need not know of it; what is written past the ORM
says so by `note`. Deliberately not here: what mail does (contacts, conversations, messages,
tickets); the event log tells that.
"""

from app.domain.audit.models import AuditEntry
from app.domain.audit.recording import By, acting_as, note, speaks
from app.domain.audit.service import (
    AuditFilter,
    accounts_with_older,
    forget_older,
    list_entries,
    read_log,
)
from app.domain.audit.subjects import RESOURCES

__all__ = [
    "RESOURCES",
    "AuditEntry",
    "AuditFilter",
    "By",
    "accounts_with_older",
    "acting_as",
    "forget_older",
    "list_entries",
    "note",
    "read_log",
    "speaks",
]
