"""
Weekly working hours: `{"time_zone": "Europe/Berlin", "days": {"mon": [["09:00", "17:00"]]}}`.

Spans are wall-clock time of the zone, the end not included; `24:00` is the end of the day. A night
shift is two spans, one on each day. Deliberately not here: a database or a clock.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from app.errors import Invalid, invalid_field

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPANS_LIMIT = 20
_TIME = re.compile(r"(?:([01][0-9]|2[0-3]):([0-5][0-9]))|24:00")
_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
_CODE = "users.bad_working_hours"


def check(hours: Mapping[str, Any]) -> dict[str, Any]:
    """
    The working hours in the form that is stored: days in order, spans by their beginning.

    Raises Invalid for an unknown time zone, a day or time that is none, a span that ends before it
    begins, spans that overlap; the pointer leads to the span.
    """
    zone, days = hours["time_zone"], hours["days"]
    if zone not in _zones():
        raise _wrong("/time_zone", f"There is no time zone {str(zone)[:60]!r} (IANA names).")
    for day in days:
        if day not in DAYS:
            raise _wrong(f"/days/{day}", f"A day is one of {', '.join(DAYS)}.")
    checked = {day: _check_day(day, days[day]) for day in DAYS if day in days}
    return {"time_zone": zone, "days": checked}


def is_within(hours: Mapping[str, Any], moment: datetime) -> bool:
    """Does the moment lie in working hours? The fields have been checked."""
    try:
        local = moment.astimezone(ZoneInfo(hours["time_zone"]))
    except OverflowError:  # at the ends of the calendar: nobody works then
        return False
    now = local.hour * 60 + local.minute
    spans = hours["days"].get(DAYS[local.weekday()], [])
    return any(_minutes(start) <= now < _minutes(end) for start, end in spans)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """
    Read once: the list is a walk through the files of the zone database.

    Some files there are zones of this machine, or say how it was set up: no other has them.
    """
    return frozenset(
        name
        for name in available_timezones()
        if name not in _NO_ZONES and not name.startswith(("posix/", "right/"))
    )


def _check_day(day: str, spans: Sequence[Sequence[str]]) -> list[list[str]]:
    if len(spans) > SPANS_LIMIT:
        raise _wrong(f"/days/{day}", f"A day has at most {SPANS_LIMIT} spans.")
    for place, span in enumerate(spans):
        _check_span(f"/days/{day}/{place}", span)
    ordered = sorted(spans, key=lambda span: _minutes(span[0]))
    for before, after in itertools.pairwise(ordered):
        if _minutes(after[0]) < _minutes(before[1]):
            raise _wrong(
                f"/days/{day}/{list(spans).index(after)}",
                f"{'-'.join(after)} overlaps {'-'.join(before)}.",
            )
    return [list(span) for span in ordered]


def _check_span(pointer: str, span: Sequence[str]) -> None:
    if len(span) != 2 or not all(_TIME.fullmatch(time) for time in span):
        raise _wrong(pointer, 'A span is ["HH:MM", "HH:MM"], with 24:00 for the end of the day.')
    if _minutes(span[0]) >= _minutes(span[1]):
        raise _wrong(pointer, f"{span[0]}-{span[1]} does not end after it begins.")


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)


def _wrong(pointer: str, detail: str) -> Invalid:
    return invalid_field(f"/working_hours{pointer}", detail, _CODE)
