"""
Notifications of Amazon SES, which come as JSON by mail through Amazon SNS.

Deliberately not here: notifications by HTTP; nobody posts them to an inbox.
"""

from __future__ import annotations

import json
from typing import Any

from app.mail.reports.fields import ADDRESS, status_in, tidy, words
from app.mail.reports.values import MOST_RECIPIENTS, Report, ReportedRecipient, verdict_of

AUTHOR = "no-reply@sns.amazonaws.com"

_LONGEST = 300_000
_KINDS = {
    "bounce": ("bounce", "bouncedRecipients", "failed"),
    "complaint": ("complaint", "complainedRecipients", ""),
    "delivery": ("delivery_receipt", "recipients", "delivered"),
    "deliverydelay": ("bounce", "delayedRecipients", "delayed"),
}


def read_notification(text: str) -> Report | None:
    """The report in a notification; None when the text is none."""
    told = _object(text)
    kind = _text(told.get("notificationType") or told.get("eventType")).lower()
    if kind not in _KINDS:
        return None
    mail_class, list_name, action = _KINDS[kind]
    inside = next((v for k, v in told.items() if k.lower() == kind and isinstance(v, dict)), {})
    listed = inside.get(list_name)
    recipients = tuple(
        r
        for item in (listed if isinstance(listed, list) else [])[:MOST_RECIPIENTS]
        if (r := _recipient(item, action, _text(inside.get("smtpResponse")))) is not None
    )
    mail = _dictionary(told.get("mail"))
    headers = _dictionary(mail.get("commonHeaders"))
    sender = ADDRESS.search(_text(mail.get("source")))
    to = mail.get("destination")
    return Report(
        kind=mail_class,
        recipients=recipients,
        original_message_id=words(_text(headers.get("messageId")), 998).strip("<> "),
        original_from=tidy(sender[0]) if sender else "",
        original_to=_addresses(to),
        reporting_mta=words(_text(inside.get("reportingMTA")).rpartition(";")[2], 255),
        permanent=_permanent(inside, recipients) if mail_class == "bounce" else None,
        source="Amazon SES",
    )


def _object(text: str) -> dict[str, Any]:
    start = text.find("{", 0, 2_000)
    if start < 0:
        return {}
    try:
        text = text[start : start + _LONGEST].replace("!\n ", "")  # sendmail breaks long lines so
        told, _ = json.JSONDecoder(strict=False).raw_decode(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(told, dict) and isinstance(told.get("Message"), str):
        return _object(told["Message"])
    return told if isinstance(told, dict) else {}


def _recipient(item: object, action: str, response: str) -> ReportedRecipient | None:
    fields = item if isinstance(item, dict) else {"emailAddress": item}
    found = ADDRESS.search(_text(fields.get("emailAddress")))
    address = tidy(found[0]) if found else ""
    if not address:
        return None
    diagnostic = words(_text(fields.get("diagnosticCode")) or response)
    status = status_in(_text(fields.get("status"))) or (
        status_in(diagnostic) if action != "delivered" else ""
    )
    return ReportedRecipient(address, action, status, diagnostic)


def _permanent(inside: dict[str, Any], recipients: tuple[ReportedRecipient, ...]) -> bool | None:
    told = {"permanent": True, "transient": False}.get(_text(inside.get("bounceType")).lower())
    return verdict_of(recipients) if told is None else told


def _addresses(value: object) -> tuple[str, ...]:
    listed = value[:50] if isinstance(value, list) else []
    found = (ADDRESS.search(_text(item)) for item in listed)
    return tuple(a for match in found if match and (a := tidy(match[0])))


def _dictionary(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:2_000] if isinstance(value, str) else ""
