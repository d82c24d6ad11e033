"""How many letters may be under way to whom, and when the others come again."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import pytest

from app.worker.lanes import LATEST, SOONEST, Lanes
from app.worker.letters import Later


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lanes(clock: Clock) -> Lanes:
    return Lanes(20, clock)


def sent(lanes: Lanes, clock: Clock, domain: str, seconds: float) -> None:
    """A letter to the domain took so long."""
    with lanes.place(domain, "acc_a"):
        clock.now += seconds


def under_way(lanes: Lanes, stack: contextlib.ExitStack, *domains: str) -> None:
    for domain in domains:
        stack.enter_context(lanes.place(domain, "acc_a"))


def wait_for(lanes: Lanes, domain: str, whose: str = "acc_a") -> float:
    """The seconds after which a letter is to come again."""
    with pytest.raises(Later) as told, lanes.place(domain, whose):
        pass
    return told.value.seconds


def test_few_letters_are_under_way_to_one_domain(lanes: Lanes) -> None:
    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *["customer.example"] * 4)

        assert wait_for(lanes, "customer.example") >= SOONEST
        under_way(lanes, stack, "other.example")

    with lanes.place("customer.example", "acc_a"):
        pass


def test_slow_and_unknown_domains_leave_half_of_the_places_to_quick_ones(
    lanes: Lanes, clock: Clock
) -> None:
    sent(lanes, clock, "quick.example", 0.2)
    sent(lanes, clock, "slow.example", 60)
    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *[f"d{number}.example" for number in range(10)])

        assert wait_for(lanes, "unknown.example") >= SOONEST
        assert wait_for(lanes, "slow.example") >= SOONEST
        under_way(lanes, stack, *["quick.example"] * 4)


def test_a_domain_that_became_slow_is_slow_until_it_is_quick_again(
    lanes: Lanes, clock: Clock
) -> None:
    sent(lanes, clock, "customer.example", 0.2)
    sent(lanes, clock, "customer.example", 100)
    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *[f"d{number}.example" for number in range(10)])
        assert wait_for(lanes, "customer.example") >= SOONEST

    for _ in range(10):
        sent(lanes, clock, "customer.example", 0.2)

    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *[f"d{number}.example" for number in range(10)])
        under_way(lanes, stack, "customer.example")


def test_who_waits_comes_again_as_fast_as_letters_go(lanes: Lanes, clock: Clock) -> None:
    sent(lanes, clock, "customer.example", 8)  # of which four are under way at once
    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *["customer.example"] * 4)

        waits = [wait_for(lanes, "customer.example") for _ in range(400)]

    assert waits[:4] == [SOONEST, 3, 5, 7]
    assert waits[-1] == LATEST


def test_a_long_line_of_one_account_does_not_make_another_wait(lanes: Lanes, clock: Clock) -> None:
    sent(lanes, clock, "customer.example", 8)
    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *["customer.example"] * 4)
        for _ in range(400):
            wait_for(lanes, "customer.example")

        assert wait_for(lanes, "customer.example", "acc_b") == SOONEST


def test_nobody_is_quick_because_he_was_not_asked(lanes: Lanes, clock: Clock) -> None:
    sent(lanes, clock, "away.example", 30)

    with contextlib.suppress(Later), lanes.place("away.example", "acc_a"):
        raise lanes.later("It was away a moment ago.", "away.example", "acc_a", 60)

    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *[f"d{number}.example" for number in range(10)])
        assert wait_for(lanes, "away.example") >= SOONEST


def test_letters_to_a_server_that_is_away_do_not_come_again_all_at_once(
    lanes: Lanes, clock: Clock
) -> None:
    sent(lanes, clock, "away.example", 30)

    waits = [lanes.later("Away.", "away.example", "acc_a", 60).seconds for _ in range(3)]

    assert waits == [60, 67.5, 75]


def test_what_was_long_ago_is_forgotten(lanes: Lanes, clock: Clock) -> None:
    sent(lanes, clock, "quick.example", 0.2)
    clock.now += 3600

    lanes.tidy()

    with contextlib.ExitStack() as stack:
        under_way(lanes, stack, *[f"d{number}.example" for number in range(10)])
        assert wait_for(lanes, "quick.example") >= SOONEST
