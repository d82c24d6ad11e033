"""
The clocks of a promise: how quickly somebody is answered first, and how quickly all is done. Pure.

A clock starts with the first mail of a person outside. The first answer of the team ends the first
response; closing stops the clock, reopening lets it go on from where it was. All seconds are those
of the channel's business hours. Waiting on the contact does not stop it: what is measured is how
long somebody had to wait until all was done.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.tickets import business_time
from app.domain.tickets.business_time import Hours


@dataclass(frozen=True, slots=True)
class Terms:
    """What a channel promises: seconds, None: nothing; within these hours, None: always."""

    first_response: int | None = None
    resolution: int | None = None
    hours: Hours | None = None


NO_TERMS = Terms()


class ServiceClock:
    """The columns of a clock; the row that inherits them has one."""

    clock_started_at: Mapped[datetime | None]
    clock_running_since: Mapped[datetime | None]  # None: not started, or stopped
    clock_spent: Mapped[int] = mapped_column(server_default=text("0"))  # before it was stopped last
    first_response_seconds: Mapped[int | None]
    resolution_seconds: Mapped[int | None]
    first_response_due_at: Mapped[datetime | None]
    resolution_due_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]  # the next deadline that is open


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock as a value; `columns` are those of ServiceClock."""

    started_at: datetime | None = None
    running_since: datetime | None = None
    spent: int = 0
    first_response_seconds: int | None = None
    resolution_seconds: int | None = None
    first_response_due_at: datetime | None = None
    resolution_due_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """The next deadline that is open; None when the clock does not run or nothing is due."""
        if self.running_since is None:
            return None
        answered = self.first_response_seconds is not None
        first = None if answered else self.first_response_due_at
        return min((one for one in (first, self.resolution_due_at) if one), default=None)

    def columns(self) -> dict[str, Any]:
        """The values of the row's columns."""
        return {
            "clock_started_at": self.started_at,
            "clock_running_since": self.running_since,
            "clock_spent": self.spent,
            "first_response_seconds": self.first_response_seconds,
            "resolution_seconds": self.resolution_seconds,
            "first_response_due_at": self.first_response_due_at,
            "resolution_due_at": self.resolution_due_at,
            "due_at": self.due_at,
        }


def clock_in(columns: Any) -> Clock:
    """The clock of a row of a table, given as a mapping of its columns."""
    return Clock(
        columns.get("clock_started_at"),
        columns.get("clock_running_since"),
        columns.get("clock_spent") or 0,
        columns.get("first_response_seconds"),
        columns.get("resolution_seconds"),
        columns.get("first_response_due_at"),
        columns.get("resolution_due_at"),
    )


def clock_of(row: ServiceClock) -> Clock:
    """The clock of an object."""
    return clock_in({name: getattr(row, name) for name in Clock().columns()})


def set_clock(row: ServiceClock, clock: Clock) -> None:
    """The object has this clock."""
    for name, value in clock.columns().items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def started(terms: Terms, at: datetime) -> Clock:
    """A clock that begins to run, with its deadlines."""
    return Clock(
        started_at=at,
        running_since=at,
        first_response_due_at=_due(terms, at, terms.first_response),
        resolution_due_at=_due(terms, at, terms.resolution),
    )


def answered(clock: Clock, terms: Terms, at: datetime) -> Clock:
    """The team has answered; only the first answer counts."""
    if clock.started_at is None or clock.first_response_seconds is not None:
        return clock
    waited = business_time.seconds_between(terms.hours, clock.started_at, at)
    return replace(clock, first_response_seconds=waited)


def stopped(clock: Clock, terms: Terms, at: datetime) -> Clock:
    """All is done, for now; a clock that does not run stays as it is."""
    if clock.running_since is None:
        return clock
    spent = clock.spent + business_time.seconds_between(terms.hours, clock.running_since, at)
    return replace(clock, running_since=None, spent=spent, resolution_seconds=spent)


def resumed(clock: Clock, terms: Terms, at: datetime) -> Clock:
    """It was not done after all: the clock goes on from where it was, with what is left of it."""
    if clock.started_at is None or clock.running_since is not None:
        return clock
    left = None if terms.resolution is None else max(0, terms.resolution - clock.spent)
    due = _due(terms, at, left)
    return replace(clock, running_since=at, resolution_seconds=None, resolution_due_at=due)


def _due(terms: Terms, at: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else business_time.after(terms.hours, at, seconds)
