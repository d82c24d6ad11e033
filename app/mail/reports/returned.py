"""The mail a report is about: found in its own part (RFC 3462, 1) or in the report's text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.mail.message import Headers, Part
from app.mail.parse import decode_part_text
from app.mail.reports.fields import ADDRESS, groups, tidy

WHOLE = frozenset({"message/rfc822", "message/global", "message/partial"})
HEADERS_ONLY = frozenset(
    {
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/rfc822-headers",
        "message/global-headers",
    }
)

_MOST_TO = 50
_LONGEST = 200_000
_HEADER_LINE = re.compile(
    r"^(?:[>|] ?){0,4}(?:received|return-path|dkim-signature|message-id|delivered-to|mime-version"
    r"|x-originating-ip|x-mailer|x-sender)[ \t]{0,2}:",
    re.IGNORECASE | re.MULTILINE,
)
_MARK = re.compile(r"^[ \t>|]{1,4}(?=[A-Za-z][A-Za-z-]{1,40}:)", re.MULTILINE)
_RAW_ID = re.compile(rb"^[ \t>|]{0,8}message-id:\s{0,10}<([!-;=?-~]{1,998})>", re.I | re.M)
_SEPARATORS = (
    "below this line is a copy of the message",
    "this is a copy of the message",
    "this is a copy of your message",
    "enclosed is a copy of the message",
    "attachment is a copy of the message",
    "included is a copy of the message",
    "copy of the original message",
    "copy of the message header",
    "a copy of the first part of the message",
    "below the next line is a copy",
    "original message follows",
    "original message as received",
    "original message attached",
    "original message headers:",
    "original message header:",
    "original message details",
    "original mail info",
    "-- original message --",
    "unsent message follows",
    "unsent message below",
    "undelivered message follows",
    "undelivered message headers",
    "returned message -",
    "returned mail -",
    "returned mail follows",
    "start of returned message",
    "message text follows",
    "message header follows",
    "message headers follow",
    "message reads:",
    "header and top 20 lines",
    "lines of your original message",
    "here is your returned mail",
    "text of your message",
    "received message header",
    "summary of the undelivered message",
    "old message:",
    "ursprüngliche nachricht",
    "die mail wird zurückgesandt",
    "copie du message",
    "mensaje original",
    "mensagem original",
    "kopia wiadomo",
    "原信件的一份拷贝",
    "以下是原邮件",
    "元のメッセージ",
    "オリジナルメッセージ",
)


@dataclass(frozen=True, slots=True)
class Returned:
    """What identifies the returned mail; each empty when it is not told."""

    message_id: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()


NOTHING = Returned()


def from_parts(parts: Iterable[Part]) -> Returned:
    """The returned mail in the first part that holds one, whole or its header fields alone."""
    for part in parts:
        if part.children and part.content_type in WHOLE:
            return _from_headers(part.children[0].headers)
        if part.content_type in WHOLE or part.content_type in HEADERS_ONLY:
            return from_text(decode_part_text(part)[:_LONGEST])
    return NOTHING


def from_text(text: str) -> Returned:
    """The returned mail whose header fields stand in a text, perhaps quoted or indented."""
    for count, group in enumerate(groups(_MARK.sub("", text[:_LONGEST]))):
        if "message-id" in group or ("from" in group and ("to" in group or "date" in group)):
            return Returned(
                _id(group.get("message-id", "")),
                next(iter(_addresses(group.get("from", ""))), ""),
                tuple(_addresses(group.get("to", "")))[:_MOST_TO],
            )
        if count > 20:
            break
    return NOTHING


def raw_message_id(octets: bytes) -> str:
    """The first Message-ID in the undecoded content of a report, wherever it stands."""
    found = _RAW_ID.search(octets, 0, _LONGEST)
    return found[1].decode("ascii") if found else ""


def cut(text: str) -> tuple[str, str]:
    """The words of the report, and the copy of the mail that stands below them."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a few characters grow when lowered; positions would be wrong
        lowered = text
    found = [place for s in _SEPARATORS if (place := lowered.find(s)) >= 0]
    if match := _HEADER_LINE.search(text):
        found.append(match.start())
    place = min(found, default=len(text))
    return text[:place], text[place:]


def _from_headers(headers: Headers) -> Returned:
    sender = next((a for m in headers.mailboxes("from") if (a := tidy(m.address))), "")
    to = tuple(a for m in headers.mailboxes("to") if (a := tidy(m.address)))[:_MOST_TO]
    return Returned(_id(headers.value("message-id")), sender, to)


def _id(value: str) -> str:
    inner = value.partition("<")[2].partition(">")[0] if "<" in value else value
    inner = inner.strip()[:998]
    return inner if inner.isprintable() and " " not in inner else ""


def _addresses(value: str) -> list[str]:
    return [a for m in ADDRESS.finditer(value[:20_000]) if (a := tidy(m[0]))]
