"""Who counts as available: what they say of themselves, and their weekly hours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain import accounts
from app.domain.accounts import User

MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def user(hours: dict[str, Any] | None = None, availability: str = "available") -> User:
    return User(availability=availability, working_hours=hours, deleted_at=None)


def test_without_hours_a_user_is_there_when_they_say_so() -> None:
    assert accounts.is_available(user(), MONDAY_NOON)
    assert not accounts.is_available(user(availability="away"), MONDAY_NOON)


def test_a_deleted_user_is_never_there() -> None:
    gone = user()
    gone.deleted_at = MONDAY_NOON

    assert not accounts.is_available(gone, MONDAY_NOON)


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-11-23T07:59:59Z", False),
        ("2026-11-23T08:00:00Z", True),
        ("2026-11-23T11:29:59Z", True),
        ("2026-11-23T11:30:00Z", False),
        ("2026-11-23T12:30:00Z", True),
        ("2026-11-23T16:00:00Z", False),
        ("2026-11-24T09:00:00Z", False),
        ("2026-11-27T22:59:59Z", True),
        ("2026-11-27T23:00:00Z", False),
    ],
)
def test_hours_are_wall_clock_time_of_the_zone(moment: str, there: bool) -> None:
    hours = {
        "time_zone": "Europe/Berlin",
        "days": {"mon": [["09:00", "12:30"], ["13:30", "17:00"]], "fri": [["20:00", "24:00"]]},
    }

    assert accounts.is_available(user(hours), datetime.fromisoformat(moment)) is there


def test_hours_follow_summer_time() -> None:
    hours = {"time_zone": "Europe/Berlin", "days": {"mon": [["09:00", "10:00"]]}}

    assert accounts.is_available(user(hours), datetime(2026, 7, 6, 7, 30, tzinfo=UTC))
    assert not accounts.is_available(user(hours), datetime(2026, 7, 6, 8, 30, tzinfo=UTC))


def test_the_day_is_the_zones_day() -> None:
    hours = {"time_zone": "Pacific/Auckland", "days": {"tue": [["00:00", "24:00"]]}}

    assert accounts.is_available(user(hours), MONDAY_NOON)
    assert not accounts.is_available(user(hours), datetime(2026, 11, 24, 12, 0, tzinfo=UTC))


def test_nobody_is_there_on_days_without_hours() -> None:
    assert not accounts.is_available(user({"time_zone": "UTC", "days": {}}), MONDAY_NOON)


def test_available_within_hours_does_not_undo_away() -> None:
    hours = {"time_zone": "UTC", "days": {"mon": [["00:00", "24:00"]]}}

    assert not accounts.is_available(user(hours, "away"), MONDAY_NOON)
