"""Working hours as a measure of time, and clocks that run in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.tickets import business_time, clocks
from app.domain.tickets.clocks import Terms

OFFICE: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "days": {day: [["09:00", "12:00"], ["13:00", "17:00"]] for day in ("mon", "tue", "fri")},
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23T09:00+01:00", "2026-11-23T12:00+01:00", 3),  # a Monday
        ("2026-11-23T09:00+01:00", "2026-11-23T17:00+01:00", 7),  # the break is left out
        ("2026-11-23T12:10+01:00", "2026-11-23T12:50+01:00", 0),
        ("2026-11-23T16:00+01:00", "2026-11-24T10:00+01:00", 2),
        ("2026-11-24T16:00+01:00", "2026-11-27T10:00+01:00", 2),  # Wednesday, Thursday off
        ("2026-11-20T00:00+01:00", "2026-11-27T00:00+01:00", 21),  # a week
        ("2026-11-23T12:00+01:00", "2026-11-23T09:00+01:00", 0),  # the wrong way round
        ("2026-03-27T16:00+01:00", "2026-03-30T10:00+02:00", 2),  # over the change of clocks
    ],
)
def test_only_working_hours_count(start: str, end: str, hours: int) -> None:
    found = business_time.seconds_between(OFFICE, at(start), at(end))

    assert found == hours * 3600


def test_without_hours_all_time_counts() -> None:
    start = at("2026-11-21T00:00+01:00")

    assert business_time.seconds_between(None, start, start + timedelta(days=2)) == 172_800
    assert business_time.after(None, start, 60) == start + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("day", "span", "hours"),
    [
        ("2026-03-29", ["01:00", "04:00"], 2),  # two o'clock is three o'clock
        ("2026-10-25", ["01:00", "04:00"], 4),  # three o'clock comes twice
        ("2026-03-29", ["02:15", "02:45"], 0),  # there is no such half hour
        ("2026-03-29", ["02:30", "04:00"], 1),
        ("2026-03-29", ["00:00", "24:00"], 23),
        ("2026-10-25", ["00:00", "24:00"], 25),
        ("2026-10-25", ["02:00", "03:00"], 2),
    ],
)
def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is(
    day: str, span: list[str], hours: int
) -> None:
    sundays = {"time_zone": "Europe/Berlin", "days": {"sun": [span]}}
    noon = at(f"{day}T12:00+00:00")

    found = business_time.seconds_between(
        sundays, noon - timedelta(days=1), noon + timedelta(hours=18)
    )

    assert found == hours * 3600


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-23T09:00+01:00", 3, "2026-11-23T12:00+01:00"),
        ("2026-11-23T11:00+01:00", 2, "2026-11-23T14:00+01:00"),
        ("2026-11-23T16:30+01:00", 1, "2026-11-24T09:30+01:00"),
        ("2026-11-24T18:00+01:00", 1, "2026-11-27T10:00+01:00"),
        ("2026-11-21T10:00+01:00", 0, "2026-11-23T09:00+01:00"),
        ("2026-03-28T10:00+01:00", 1, "2026-03-30T10:00+02:00"),
    ],
)
def test_a_deadline_lies_in_working_hours(start: str, hours: int, due: str) -> None:
    found = business_time.after(OFFICE, at(start), hours * 3600)

    assert found == at(due)


def test_a_deadline_is_as_far_as_is_counted() -> None:
    start = at("2026-01-01T00:00+01:00")

    for minutes in range(1, 12_000, 997):
        due = business_time.after(OFFICE, start, minutes * 60)
        assert due is not None
        assert business_time.seconds_between(OFFICE, start, due) == minutes * 60


def test_hours_without_any_span_end() -> None:
    never = {"time_zone": "UTC", "days": {}}

    assert business_time.after(never, at("2026-01-01T00:00+00:00"), 1) is None
    assert (
        business_time.after(
            {"time_zone": "UTC", "days": {"mon": [["00:00", "00:01"]]}},
            at("2026-01-01T00:00+00:00"),
            10**9,
        )
        is None
    )


NINE = at("2026-11-23T09:00+01:00")
TERMS = Terms(first_response=3600, resolution=4 * 3600, hours=OFFICE)


def later(hours: float) -> datetime:
    return NINE + timedelta(hours=hours)


def test_a_clock_has_its_deadlines_from_the_start() -> None:
    clock = clocks.started(TERMS, NINE)

    assert clock.first_response_due_at == clock.due_at == later(1)
    assert clock.resolution_due_at == later(5)  # the break in between
    assert clock.resolution_seconds is None


def test_the_first_answer_counts_and_no_other() -> None:
    clock = clocks.answered(clocks.started(TERMS, NINE), TERMS, later(0.5))

    again = clocks.answered(clock, TERMS, later(2))

    assert again.first_response_seconds == 1800
    assert again.due_at == later(5)


def test_a_stopped_clock_has_nothing_due_and_goes_on_with_what_is_left() -> None:
    stopped = clocks.stopped(clocks.started(TERMS, NINE), TERMS, later(1))

    resumed = clocks.resumed(stopped, TERMS, at("2026-11-27T09:00+01:00"))
    done = clocks.stopped(resumed, TERMS, at("2026-11-27T11:00+01:00"))

    assert (stopped.due_at, stopped.resolution_seconds) == (None, 3600)
    assert resumed.resolution_due_at == at("2026-11-27T12:00+01:00")
    assert resumed.resolution_seconds is None
    assert done.resolution_seconds == 3 * 3600


def test_a_clock_that_never_started_does_nothing() -> None:
    clock = clocks.Clock()

    assert clocks.answered(clock, TERMS, NINE) == clock
    assert clocks.stopped(clock, TERMS, NINE) == clock
    assert clocks.resumed(clock, TERMS, NINE) == clock
    assert clock.due_at is None


def test_without_terms_time_is_measured_all_the_same() -> None:
    clock = clocks.started(clocks.NO_TERMS, NINE)

    done = clocks.stopped(
        clocks.answered(clock, clocks.NO_TERMS, later(1)), clocks.NO_TERMS, later(24)
    )

    assert clock.due_at is None
    assert (done.first_response_seconds, done.resolution_seconds) == (3600, 86_400)
