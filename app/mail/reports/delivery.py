"""
Delivery status notifications (RFC 3464; RFC 6533 for internationalised mail).

Deliberately not here: reports in plain words without machine-readable fields (`dialects`).
"""

from __future__ import annotations

import re

from app.mail.reports.fields import Group, groups, status_in, typed_address, words
from app.mail.reports.values import MOST_RECIPIENTS, ReportedRecipient

_ACTIONS = {
    "failed": "failed",
    "failure": "failed",
    "fail": "failed",
    "error": "failed",
    "expired": "failed",
    "undeliverable": "failed",
    "delayed": "delayed",
    "deferred": "delayed",
    "delay": "delayed",
    "delivered": "delivered",
    "deliverable": "delivered",
    "relayed": "relayed",
    "expanded": "expanded",
}
_BY_STATUS = {"5": "failed", "4": "delayed", "2": "delivered"}
_WORD = re.compile(r"[a-z]{1,20}")
_ADDRESS_FIELDS = ("original-recipient", "final-recipient", "x-actual-recipient")


def read_fields(text: str) -> tuple[tuple[ReportedRecipient, ...], str, str]:
    """
    The recipients, the Reporting-MTA and the original Message-ID in the fields of a report.

    Original-Recipient goes before Final-Recipient: the sender knows only the former.
    """
    found: dict[str, ReportedRecipient] = {}
    mta = message_id = ""
    for group in groups(text):
        mta = mta or _mta(group)
        message_id = message_id or group.get("x-original-message-id", "").strip("<> \t")
        recipient = _recipient(group)
        if recipient is not None and recipient.address and len(found) < MOST_RECIPIENTS:
            found.setdefault(recipient.address.lower(), recipient)
    return tuple(found.values()), mta, message_id


def _recipient(group: Group) -> ReportedRecipient | None:
    address = next((a for f in _ADDRESS_FIELDS if (a := typed_address(group.get(f, "")))), "")
    if not address and "action" not in group and "status" not in group:
        return None
    diagnostic = _untyped(group.get("diagnostic-code", "")) or group.get("x-supplementary-info", "")
    status = status_in(group.get("status", "")) or status_in(diagnostic)
    return ReportedRecipient(address, _action(group, status), status, words(diagnostic))


def _action(group: Group, status: str) -> str:
    given = _WORD.search(group.get("action", "")[:100].lower())
    if given and given[0] in _ACTIONS:
        return _ACTIONS[given[0]]
    return _BY_STATUS.get(status[:1], "")


def action_of(text: str) -> str:
    """What the fields say as a whole when they name no recipient: the first known Action."""
    for group in groups(text):
        recipient = _recipient(group)
        if recipient is not None and recipient.action:
            return recipient.action
    return ""


def _mta(group: Group) -> str:
    return words(_untyped(group.get("reporting-mta", "")), 255)


def _untyped(value: str) -> str:
    head, separator, rest = value.partition(";")
    return rest.strip() if separator and len(head) < 40 and " " not in head.strip() else value
