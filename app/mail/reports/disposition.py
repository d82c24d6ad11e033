"""
Message disposition notifications, "read receipts" (RFC 8098).

A mail that a filter of the recipient refuses may be answered with one too (RFC 5429, 2.1.2: an
automatic action that deleted the mail); that is no receipt but a failure.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.mail.reports.fields import groups, typed_address, words
from app.mail.reports.values import ReportedRecipient

_REFUSALS = ("reject", "refus", "quota", "not accept")


@dataclass(frozen=True, slots=True)
class Disposition:
    """What an MDN says."""

    recipients: tuple[ReportedRecipient, ...]
    original_message_id: str
    reporting_agent: str
    refused: bool


def read_disposition(text: str, explanation: str) -> Disposition:
    """The fields of an MDN; `explanation` is the part for people, which tells a refusal."""
    fields: dict[str, str] = {}
    for group in groups(text):
        for name, value in group.items():
            fields.setdefault(name, value)
    mode, _, outcome = fields.get("disposition", "").lower().partition(";")
    outcome = outcome.strip()
    lowered = explanation[:5000].lower()
    refused = (
        mode.startswith("automatic-action")
        and outcome.startswith("deleted")
        and any(word in lowered for word in _REFUSALS)
    )
    action = "failed" if refused else "displayed" if outcome.startswith("displayed") else ""
    address = next(
        (
            a
            for f in ("original-recipient", "final-recipient")
            if (a := typed_address(fields.get(f, "")))
        ),
        "",
    )
    told = words(fields.get("disposition", ""))
    recipient = ReportedRecipient(address, action, "", told)
    return Disposition(
        (recipient,) if address else (),
        fields.get("original-message-id", "").strip("<> \t"),
        words(fields.get("reporting-ua", ""), 255),
        refused,
    )
