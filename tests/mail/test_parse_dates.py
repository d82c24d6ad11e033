"""Dates in header fields."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.mail.dates import parse_date


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("Mon, 6 Jan 2025 11:00:00 +0100", (2025, 1, 6, 10, 0, 0)),
        ("6 Jan 2025 11:00 -0530", (2025, 1, 6, 16, 30, 0)),
        ("Mon, 06 Jan 2025 10:00:00 GMT", (2025, 1, 6, 10, 0, 0)),
        ("Mon, 06 Jan 2025 10:00:00", (2025, 1, 6, 10, 0, 0)),
        ("Mon, 06 Jan 2025 10:00:00 EST", (2025, 1, 6, 15, 0, 0)),
        ("Mon, 06 Jan 2025 10:00:00 +0100 (CET)", (2025, 1, 6, 9, 0, 0)),
        ("Mon, 6 Jan (a ((nested)) comment) 2025 10:00:00 +0000", (2025, 1, 6, 10, 0, 0)),
        ("6 January 25 10:00:00 Z", (2025, 1, 6, 10, 0, 0)),
        ("6 Jan 69 10:00:00 +0000", (1969, 1, 6, 10, 0, 0)),
        ("6 Jan 104 10:00:00 +0000", (2004, 1, 6, 10, 0, 0)),
        ("6-Jan-2025 10:00:00 UTC", (2025, 1, 6, 10, 0, 0)),
        ("Mon Jan  6 10:00:00 2025", (2025, 1, 6, 10, 0, 0)),
        ("2025-01-06T10:00:00+01:00", (2025, 1, 6, 9, 0, 0)),
        ("2025-01-06 10:00:00", (2025, 1, 6, 10, 0, 0)),
        ("Mon, 6 Jan 2025 1:05:00 PM +0000", (2025, 1, 6, 13, 5, 0)),
        ("Mon, 6 Jan 2025 10:00:00 +9999", (2025, 1, 6, 10, 0, 0)),
        ("Mon, 6 Jan 2025 10:00:00 +00000000000000000000", (2025, 1, 6, 10, 0, 0)),
        ("31 Dec 2016 23:59:60 +0000", (2016, 12, 31, 23, 59, 59)),
        ("Mon, 6 Jan 2025 10.00.00 +0000", (2025, 1, 6, 10, 0, 0)),
    ],
)
def test_dates_are_read(given: str, moment: tuple[int, int, int, int, int, int]) -> None:
    assert parse_date(given) == datetime(*moment, tzinfo=UTC)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "yesterday",
        "31 Feb 2025 10:00:00 +0000",
        "6 Jan 0000 10:00:00 +0000",
        "6 Foo 2025 10:00",
        "1 Jan 0001 00:00:00 +2300",
        "31 Dec 9999 23:00:00 -2300",
        "6 Jan 2025 25:00:00",
        "1" * 5000,
    ],
)
def test_what_is_no_date_is_none(given: str) -> None:
    assert parse_date(given) is None
