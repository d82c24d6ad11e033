"""
Feedback reports: a recipient complained about a mail (RFC 5965, ARF), and the complaints of
Hotmail, which have no report part.

Reports that nobody complained with are none: `not-spam` (RFC 5965, 3.1), `auth-failure`
(RFC 6591) and `dmarc`.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.mail.reports.fields import groups, typed_address, words
from app.mail.reports.values import MOST_RECIPIENTS, ReportedRecipient

_NO_COMPLAINT = frozenset({"not-spam", "auth-failure", "dmarc"})
HOTMAIL_AUTHORS = frozenset({"staff@hotmail.com", "staff@outlook.com"})
HOTMAIL_RECIPIENT = "x-hmxmroriginalrecipient"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an ARF report says; `complaint` is False for the types that nobody complained with."""

    complaint: bool
    recipients: tuple[ReportedRecipient, ...]
    original_from: str
    reporting_mta: str


def read_feedback(text: str) -> Feedback:
    """The fields of a message/feedback-report."""
    fields: dict[str, str] = {}
    addresses: dict[str, ReportedRecipient] = {}
    kind = ""
    for line_group in groups(_one_recipient_each(text)):
        for name, value in line_group.items():
            fields.setdefault(name, value)
        address = typed_address(line_group.get("original-rcpt-to", ""))
        if address and len(addresses) < MOST_RECIPIENTS:
            addresses.setdefault(address.lower(), ReportedRecipient(address, "", "", ""))
    kind = fields.get("feedback-type", "").lower().strip()
    told = words(fields.get("feedback-type", ""), 40)
    recipients = tuple(ReportedRecipient(r.address, "", "", told) for r in addresses.values())
    return Feedback(
        kind not in _NO_COMPLAINT,
        recipients,
        typed_address(fields.get("original-mail-from", "")),
        words(fields.get("reporting-mta", "").rpartition(";")[2], 255),
    )


def _one_recipient_each(text: str) -> str:
    """Original-Rcpt-To may be repeated in one group (RFC 5965, 3.2); give each its own."""
    lines = text[:1_000_000].splitlines()
    return "\n".join("\n" + x if x[:17].lower() == "original-rcpt-to:" else x for x in lines)
