"""The values a report about earlier mail consists of (RFC 3464, RFC 8098, RFC 5965)."""

from __future__ import annotations

from dataclasses import dataclass

MOST_RECIPIENTS = 1000  # of one report; more are left out, since no mail of ours has so many


@dataclass(frozen=True, slots=True)
class ReportedRecipient:
    """What became of the mail for one recipient."""

    address: str
    action: str  # failed, delayed, delivered, relayed, expanded, displayed or ""
    status: str  # RFC 3463: "5.1.1"; "" when not given
    diagnostic: str  # the other server's words, for people


@dataclass(frozen=True, slots=True)
class Report:
    """A report; `kind` is the class of the mail that carries it (F1)."""

    kind: str  # bounce, delivery_receipt or complaint
    recipients: tuple[ReportedRecipient, ...]
    original_message_id: str  # without angle brackets
    original_from: str
    original_to: tuple[str, ...]
    reporting_mta: str
    permanent: bool | None  # a new try is useless (5.x.x); None when the report does not say
    source: str  # the standard or dialect it was read by


def verdict_of(recipients: tuple[ReportedRecipient, ...]) -> bool | None:
    """Whether the failure is permanent: by Status where there is one, a delay never is."""
    if not recipients:
        return None
    if any(r.action == "failed" and r.status.startswith("5") for r in recipients):
        return True
    if all(r.action == "delayed" or r.status.startswith("4") for r in recipients):
        return False
    return None
