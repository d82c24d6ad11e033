"""
Reports about earlier mail: bounces, receipts and complaints, whatever their dialect (F1, F4).

What a report says is what its sender says: only one that carries our own token may change the
state of a reply. Deliberately not here: tokens, and what follows from a report.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.mail.message import Mail, Part
from app.mail.parse import decode_part_text
from app.mail.reports import delivery, dialects, disposition, feedback, notifications, returned
from app.mail.reports.fields import ADDRESS, status_in, tidy, typed_address
from app.mail.reports.returned import Returned
from app.mail.reports.signs import Sign, sign_of
from app.mail.reports.values import MOST_RECIPIENTS, Report, ReportedRecipient, verdict_of
from app.mail.reports.wording import (
    dialect_of,
    is_answer_subject,
    is_failure_subject,
    squeezed,
    tells_delay,
    tells_failure,
)

__all__ = ["Report", "ReportedRecipient", "read_report"]

_DSN = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MDN = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
_ARF = frozenset({"message/feedback-report"})
_WORDED = frozenset({"delivery-status", "global-delivery-status", "disposition-notification"})
_RECEIPTS = frozenset({"delivered", "relayed", "expanded"})
_MOST_PARTS = 100
_LONGEST_NOTICE = 16_000
_AUTOMATIC_ANSWER = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply")


def read_report(mail: Mail, reverse_path: str) -> Report | None:
    """
    What a mail reports about an earlier one; None when it is no report.

    At most 1,000 recipients are given. Linear in the size of the mail, never raises, and reads
    nothing but a few header fields of a mail that shows no sign of being a report.
    """
    sign = sign_of(mail, reverse_path)
    if sign is None:
        return None
    root = mail.root if sign is Sign.SUBJECT else _unwrapped(mail.root)
    parts = list(_outer_parts(root))
    if sign is Sign.SERVICE:
        return _from_service(mail, parts)
    complaint = _complaint(mail, parts)
    if complaint is not None:
        return complaint if complaint.kind else None
    report = _delivery(mail, parts) or _disposition(mail, parts) or _in_words(mail, parts, sign)
    if report is not None and not report.original_message_id:
        found = returned.raw_message_id(mail.root.body)
        return replace(report, original_message_id=found) if found else report
    return report


def _outer_parts(root: Part) -> Iterator[Part]:
    """The parts of a mail, those of the mails inside it left out."""
    waiting, count = [root], 0
    while waiting and count < _MOST_PARTS:
        part = waiting.pop(0)
        count += 1
        yield part
        if part.content_type not in returned.WHOLE:
            waiting[:0] = part.children[:_MOST_PARTS]


def _unwrapped(root: Part) -> Part:
    """The report inside a mail that is nothing but the wrapping of one (some scanners do so)."""
    if root.content_type == "multipart/report":
        return root
    for part in (root, *root.children[:5]):
        inner = part.children[:1] if part.content_type in returned.WHOLE else ()
        if inner and inner[0].content_type == "multipart/report":
            return inner[0]
    return root


def _texts(parts: list[Part], types: frozenset[str]) -> str:
    return "\n\n".join(_content(p) for p in parts if p.content_type in types)


def _content(part: Part) -> str:
    return decode_part_text(part) if not part.children else part.body.decode("utf-8", "replace")


def _from_service(mail: Mail, parts: list[Part]) -> Report | None:
    """Amazon SNS, and Hotmail's complaints: the returned mail with a field of theirs on top."""
    if mail.sender.address.lower() == notifications.AUTHOR:
        return notifications.read_notification(dialects.notice_text(mail, parts))
    for part in parts:
        if part.content_type in returned.WHOLE and part.children:
            address = typed_address(part.children[0].headers.value(feedback.HOTMAIL_RECIPIENT))
            if address:
                about = returned.from_parts([part])
                who = (ReportedRecipient(address, "", "", "abuse"),)
                return _report("complaint", who, about, "", "Hotmail")
    return None


def _complaint(mail: Mail, parts: list[Part]) -> Report | None:
    """A feedback report; its `kind` is empty when nobody complained."""
    text = _texts(parts, _ARF)
    if not text:
        return None
    told = feedback.read_feedback(text)
    about = returned.from_parts(parts)
    about = Returned(about.message_id, about.sender or told.original_from, about.to)
    who = told.recipients or tuple(ReportedRecipient(a, "", "", "") for a in about.to)
    kind = "complaint" if told.complaint else ""
    return _report(kind, who, about, told.reporting_mta, "RFC 5965")


def _delivery(mail: Mail, parts: list[Part]) -> Report | None:
    text = _texts(parts, _DSN)
    source = "RFC 3464"
    if not text:
        text, source = _fields_in_words(parts), "RFC 3464 in plain text"
    if not text:
        return None
    who, mta, message_id = delivery.read_fields(text)
    about = _about(mail, parts, message_id)
    if not who:
        action = delivery.action_of(text) or "failed"
        who = _named_otherwise(mail, parts, about, action)
    return _report(_kind_of(who), who, about, mta, source)


def _fields_in_words(parts: list[Part]) -> str:
    """The fields of a report that somebody put into a part for people (or whose MIME is broken)."""
    for part in parts:
        if part.content_type.startswith("text/") and part.content_type != "text/html":
            text = decode_part_text(part)[: dialects.LONGEST_NOTICE]
            lowered = text.lower()
            if "\nfinal-recipient:" in lowered and (
                "\naction:" in lowered or "\nstatus:" in lowered
            ):
                return text
    return ""


def _kind_of(who: tuple[ReportedRecipient, ...]) -> str:
    actions = {r.action for r in who} - {""}
    return "delivery_receipt" if actions and actions <= _RECEIPTS else "bounce"


def _disposition(mail: Mail, parts: list[Part]) -> Report | None:
    text = _texts(parts, _MDN)
    if (
        not text
        and mail.root.parameters.get("report-type", "").lower() != "disposition-notification"
    ):
        return None
    told = disposition.read_disposition(text, dialects.notice_text(mail, parts))
    about = _about(mail, parts, told.original_message_id)
    kind = "bounce" if told.refused else "delivery_receipt"
    return _report(kind, told.recipients, about, told.reporting_agent, "RFC 8098")


def _in_words(mail: Mail, parts: list[Part], sign: Sign) -> Report | None:
    if mail.root.parameters.get("report-type", "delivery-status").lower() not in _WORDED:
        return None
    notice, below = returned.cut(dialects.notice_text(mail, parts))
    copy = returned.from_parts(parts)
    if not copy.message_id:
        copy = _first(copy, returned.from_text(below))
    lowered = squeezed(notice[:_LONGEST_NOTICE])
    if not _is_notice(mail, sign, lowered, copy != returned.NOTHING):
        return None
    about = _first(copy, _about(mail, parts, ""))
    delayed = tells_delay(lowered) or "delay" in mail.subject.lower()
    who = _named_otherwise(mail, parts, about, "delayed" if delayed else "failed")
    return _report("bounce", who, about, "", dialect_of(lowered) or "text")


def _is_notice(mail: Mail, sign: Sign, notice: str, has_copy: bool) -> bool:
    """Whether a mail is a delivery notice: the weaker the sign, the more it takes."""
    told = tells_failure(notice)
    proven = has_copy or dialect_of(notice) != ""
    if sign in {Sign.DAEMON, Sign.FAILED, Sign.REPORT}:
        if is_answer_subject(mail.subject):  # a postmaster is a person now and then
            return told and proven
        return told or proven or is_failure_subject(mail.subject, anywhere=True)
    titled = is_failure_subject(mail.subject)
    if sign is Sign.NULL:
        answer = any(name in mail.headers for name in _AUTOMATIC_ANSWER)
        return titled or (told and not answer and has_copy)
    return titled and told and proven


def _named_otherwise(
    mail: Mail, parts: list[Part], about: Returned, action: str
) -> tuple[ReportedRecipient, ...]:
    """The recipients of a report without recipient fields, from the best place that names any."""
    notice, _ = returned.cut(dialects.notice_text(mail, parts))
    named = _x_failed_recipients(mail, action, status_in(notice))
    if named:
        return named
    others = {mail.sender.address, about.sender, *(m.address for m in mail.to)}
    known = frozenset(a.lower() for a in others if a)
    return dialects.recipients_in(notice, action, known) or tuple(
        ReportedRecipient(a, action, status_in(notice), "") for a in about.to
    )


def _x_failed_recipients(mail: Mail, action: str, status: str) -> tuple[ReportedRecipient, ...]:
    found: dict[str, ReportedRecipient] = {}
    for value in mail.headers.values("x-failed-recipients")[:100]:
        for match in ADDRESS.finditer(value[:100_000]):
            address = tidy(match[0])
            if address and len(found) < MOST_RECIPIENTS:
                found.setdefault(address.lower(), ReportedRecipient(address, action, status, ""))
    return tuple(found.values())


def _about(mail: Mail, parts: list[Part], message_id: str) -> Returned:
    """The mail reported on: its returned header fields, else the id that the report answers."""
    about = returned.from_parts(parts)
    answered = next(iter((*mail.in_reply_to, *reversed(mail.references))), "")
    return Returned(about.message_id or message_id or answered, about.sender, about.to)


def _first(one: Returned, other: Returned) -> Returned:
    return Returned(
        one.message_id or other.message_id, one.sender or other.sender, one.to or other.to
    )


def _report(
    kind: str, who: tuple[ReportedRecipient, ...], about: Returned, mta: str, source: str
) -> Report:
    permanent = verdict_of(who) if kind == "bounce" else None
    name = (
        about.message_id if about.message_id.isprintable() and len(about.message_id) < 999 else ""
    )
    return Report(kind, who, name, about.sender, about.to, mta, permanent, source)
