"""
Dates in header fields (RFC 5322 3.3 and the obsolete forms of 4.3), read leniently.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MONTHS = {
    name: number
    for number, name in enumerate(
        "jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1
    )
}
_ZONES = {
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "cet": 60,
    "cest": 120,
    "mez": 60,
    "mesz": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "bst": 60,
    "jst": 540,
    "hst": -600,
}
_TIME = r"(?P<hour>\d{1,2})\s?[:.]\s?(?P<minute>\d{1,2})(?:\s?[:.]\s?(?P<second>\d{1,2}))?"
_ZONE = (
    r"(?:[.,]\d{1,9})?\s*(?P<half>[AaPp][Mm]\b)?\s*"
    r"(?P<zone>(?:GMT|UTC)?[+-]\d{1,2}:?\d{0,8}|[A-Za-z]{1,5})?"
)
_RFC = re.compile(
    r"(?P<day>\d{1,2})(?:\s|-|\.)*\s?(?P<month>[A-Za-z]{3})[A-Za-z]{0,6}[.,]?[\s-]*"
    rf"(?P<year>\d{{2,5}}),?\s{{1,20}}{_TIME}{_ZONE}"
)
_CTIME = re.compile(
    rf"(?P<month>[A-Za-z]{{3}})[A-Za-z]{{0,6}}\s{{1,20}}(?P<day>\d{{1,2}}),?\s{{1,20}}{_TIME}"
    r"(?:\s{1,20}(?P<zone>[A-Z]{1,5}|[+-]\d{4}))?\s{1,20}(?P<year>\d{4})"
)
_ISO = re.compile(
    rf"(?P<year>\d{{4}})[-/](?P<month>\d{{1,2}})[-/](?P<day>\d{{1,2}})[T\s]\s{{0,20}}{_TIME}{_ZONE}"
)
_COMMENT = re.compile(r"\([^()]*\)")


def parse_date(value: str) -> datetime | None:
    """The moment, aware and in UTC; None when no date can be read. An absent zone is UTC."""
    value = value[:200]
    match = _RFC.search(value)
    if match is None:
        for _ in range(3):  # comments may be nested
            value = _COMMENT.sub(" ", value)
        match = _RFC.search(value) or _ISO.search(value) or _CTIME.search(value)
    if match is None:
        return None
    try:
        return _moment(match.groupdict())
    except (ValueError, OverflowError):
        return None


def _moment(found: dict[str, str | None]) -> datetime | None:
    month = found["month"] or ""
    number = int(month) if month.isdecimal() else _MONTHS.get(month.lower()[:3], 0)
    hour = int(found["hour"] or 0)
    half = (found.get("half") or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + 12 * (half == "pm")
    second = min(int(found["second"] or 0), 59)  # a leap second is the last second
    year = _year(found["year"] or "")
    moment = datetime(
        year, number, int(found["day"] or 0), hour, int(found["minute"] or 0), second, tzinfo=UTC
    )
    return moment - timedelta(minutes=_offset(found.get("zone") or ""))


def _year(digits: str) -> int:
    """Two digits: 00–49 are 20xx; three digits count from 1900 (RFC 5322 4.3)."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _offset(zone: str) -> int:
    """Minutes east of Greenwich; what is impossible or unknown counts as 0 (RFC 5322 4.3)."""
    zone = zone.lower()
    if zone[:3] in ("gmt", "utc"):
        zone = zone[3:]
    if zone[:1] not in ("+", "-"):
        return _ZONES.get(zone, 0)
    digits = zone[1:].replace(":", "")
    if len(digits) <= 2:
        digits += "00"
    hours, minutes = int(digits[:-2]), int(digits[-2:])
    if hours > 24 or minutes > 59:
        return 0
    offset = hours * 60 + minutes
    return -offset if zone[0] == "-" else offset
