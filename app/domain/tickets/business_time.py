"""
Business time: how many seconds of working hours lie between two moments, and when so many are over.

Working hours have the form of the users' (`accounts.working_hours`): weekly spans of wall-clock
time in a zone; None: always. Spans begin and end by the zone's clock, so that a day on which the
clocks change is shorter or longer where a span covers the change. Holidays are not known. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HORIZON_DAYS = 3660  # nobody promises an answer for later; and no loop is endless

Hours = Mapping[str, Any]


def seconds_between(hours: Hours | None, start: datetime, end: datetime) -> int:
    """Whole seconds of working hours from `start` to `end`; 0 when `end` is not later."""
    if end <= start:
        return 0
    if hours is None:
        return int((end - start).total_seconds())
    worked = timedelta()
    for opens, closes in _spans(hours, start):
        if opens >= end:
            break
        worked += max(timedelta(), min(closes, end) - max(opens, start))
    return int(worked.total_seconds())


def after(hours: Hours | None, start: datetime, seconds: int) -> datetime | None:
    """The moment when so many seconds of working hours have passed; None: not in ten years."""
    if hours is None:
        return start + timedelta(seconds=seconds)
    left = timedelta(seconds=seconds)
    for opens, closes in _spans(hours, start):
        begin = max(opens, start)
        if closes - begin >= left:
            return begin + left
        left -= max(timedelta(), closes - begin)
    return None


def _spans(hours: Hours, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The spans of working hours in UTC that end after `start`, in order."""
    zone = ZoneInfo(hours["time_zone"])
    first = start.astimezone(zone).date()
    for number in range(HORIZON_DAYS):
        day = first + timedelta(days=number)
        for opens, closes in hours["days"].get(DAYS[day.weekday()], ()):
            span = _moment(zone, day, opens, fold=0), _moment(zone, day, closes, fold=1)
            if span[1] > max(start, span[0]):
                yield span


def _moment(zone: ZoneInfo, day: date, clock: str, *, fold: int) -> datetime:
    """
    When the zone's clock shows this time. An hour that comes twice is within the span as a whole;
    one that is left out (PEP 495) ends or begins where the clock jumps.
    """
    if clock == "24:00":
        return _moment(zone, day + timedelta(days=1), "00:00", fold=0)
    hour, _, minute = clock.partition(":")
    wall = datetime.combine(day, time(int(hour), int(minute)), zone).replace(fold=fold)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # Left out: with the offsets before and after, it lies on both sides of the jump.
    before, behind = (wall.replace(fold=one).utcoffset() or timedelta() for one in (0, 1))
    late = wall.replace(fold=0).astimezone(UTC)
    return _jump_between(zone, late - (behind - before), late)


def _jump_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The moment between the two at which the zone's offset changes, to the second."""
    former = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == former:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
