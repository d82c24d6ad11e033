"""
Reports in plain words, from the many mail systems that do not write RFC 3464.

One reader for all of them: the words above the returned mail, and in them the addresses, by the
places where such notices put them. The first kind of place that holds any address wins: lines
that open with an address or name it as the recipient; then SMTP commands and replies; then any
address in a sentence; then To of the returned mail.

Deliberately not here: whether a mail may be such a notice at all (`reports`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from app.mail.message import Mail, Part
from app.mail.parse import decode_part_text
from app.mail.reports.fields import ADDRESS, status_in, tidy, words
from app.mail.reports.values import MOST_RECIPIENTS, ReportedRecipient

LONGEST_NOTICE = 32_000
_LONGEST_LINE = 1_000
_MOST_LINES = 3_000
_MOST_GUESSED = 20
_NO_RECIPIENT = re.compile(
    r"(?:mailer-daemon|postmaster@|abuse@|hostmaster@|webmaster@|no-?reply@)", re.IGNORECASE
)

_A = ADDRESS.pattern
_LEAD = r"[\s>*•|\"'`<\[(–—-]{0,40}(?:(?:smtp|mailto|rfc822)[:;]\s?)?<?"
_OPENS = re.compile(rf"{_LEAD}(?P<a>{_A})")
_LABELLED = re.compile(
    r"(?:\b(?:final|original|failed|intended|invalid|unknown|bad)[- ](?:final )?"
    r"(?:recipient|addressee|address|delivery userid)|\brecipient|\baddressee|\berror-for"
    r"|\bundeliverable address|\b(?:delivered|deliver message|delivery) to|\baddress|\battempts"
    r"|\bmailbox is full|\buser|\bdda:smtp|收件人|宛先)"
    r"(?:\(s\)|s)?\s{0,3}[:=]\s{0,3}(?:\[?(?:rfc822|smtp)[;:]\s?)?[\"'<\[]{0,2}"
    rf"(?P<a>{_A})",
    re.IGNORECASE,
)
_DIALOGUE = re.compile(
    rf"(?:\brcpt to:|[45]\d\d[- ](?:\d\.\d{{1,3}}\.\d{{1,3}} )?)\s{{0,3}}<?(?P<a>{_A})",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:\b(?:to|address|recipient|user|mailbox|account|for|nach|an|à|a|para|an)\b[ \t:]{1,3}"
    rf"|'|\"|<|\[)[\"'<\[(]{{0,2}}(?P<a>{_A})",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(rf"(?P<a>{_A})")
_PLACES = ((_OPENS, _LABELLED), (_DIALOGUE,), (_SENTENCE,), (_ANYWHERE,))


def notice_text(mail: Mail, parts: list[Part]) -> str:
    """The text of a notice: its plain parts outside the returned mail, else what the HTML says."""
    plain = [p for p in parts if p.content_type == "text/plain" and not p.children]
    texts: list[str] = []
    room = LONGEST_NOTICE
    for part in plain[:10]:
        text = decode_part_text(part)[:room]
        texts.append(text)
        room -= len(text)
    joined = "\n\n".join(texts)
    return joined if joined.strip() else mail.text[:LONGEST_NOTICE]


def recipients_in(
    notice: str, action: str, others: frozenset[str]
) -> tuple[ReportedRecipient, ...]:
    """
    The addresses that a notice says failed.

    `others` (lower case) are named in sentences for other reasons: who reports, who had written.
    """
    lines = [line[:_LONGEST_LINE] for line in notice.splitlines()[:_MOST_LINES]]
    for place in _PLACES:
        found = _at(place, lines, others if place is not _PLACES[0] else frozenset())
        if found:
            most = MOST_RECIPIENTS if place is _PLACES[0] else _MOST_GUESSED
            told = tuple(_recipient(a, action, lines, n) for a, n in found[:most])
            if len(told) == 1 and not told[0].status:
                return (replace(told[0], status=status_in(notice)),)
            return told
    return ()


def _at(
    place: tuple[re.Pattern[str], ...], lines: list[str], others: frozenset[str]
) -> list[tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        for address in _matches(place, line):
            lowered = address.lower()
            if lowered not in others and not _NO_RECIPIENT.match(lowered):
                found.setdefault(lowered, (address, number))
    return list(found.values())


def _matches(place: tuple[re.Pattern[str], ...], line: str) -> Iterator[str]:
    for pattern in place:
        hits = [pattern.match(line)] if pattern is _OPENS else pattern.finditer(line)
        for hit in hits:
            if hit and (address := tidy(hit["a"])):
                yield address


def _recipient(address: str, action: str, lines: list[str], number: int) -> ReportedRecipient:
    said = [lines[number].partition(address)[2].lstrip(" \t>:,;").removeprefix("... ")]
    for line in lines[number + 1 : number + 10]:
        if _OPENS.match(line) or (not line.strip() and any(s.strip() for s in said)):
            break
        said.append(line)
    diagnostic = words(" ".join(said))
    return ReportedRecipient(address, action, status_in(diagnostic), diagnostic)
