"""The rules of routing: tables of who is there, and who takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.routing import rules
from app.domain.routing.rules import Decision, Owner, People, Person, Rule

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
POOL = Rule("users_and_teams", People(("a", "b", "c")))
OWNED = Rule("contact_owner", require_tracking=True)
TRACKED = Owner("o", tracked=True)


def persons(**by_id: dict[str, Any]) -> dict[str, Person]:
    """People who are there and have a paid seat, but for what is said."""
    return {name: Person(name, name.title(), **fields) for name, fields in by_id.items()}


def decided(
    rule: Rule,
    people: dict[str, Person],
    teams: dict[str, list[str]] | None = None,
    owner: Owner = Owner(),  # noqa: B008
    lot: int = 0,
) -> Decision:
    """The decision, lots drawn as said."""
    return rules.decide(rule, people, teams or {}, owner, lambda count: lot % count)


@pytest.mark.parametrize(
    ("turns", "winner"),
    [
        ((0, 0, 0), "a"),
        ((3, 0, 0), "b"),
        ((3, 1, 2), "b"),
        ((1, 2, 3), "a"),
        ((1, 2, 0), "c"),
    ],
)
def test_round_robin_takes_who_had_it_least_recently_and_never_before_ever(
    turns: tuple[int, int, int], winner: str
) -> None:
    people = persons(**{name: {"turn": t} for name, t in zip("abc", turns, strict=True)})

    assert decided(POOL, people).winner == winner


@pytest.mark.parametrize(
    ("loads", "turns", "winner"),
    [
        ((2, 1, 3), (0, 9, 0), "b"),
        ((1, 1, 1), (3, 2, 1), "c"),
        ((0, 0, 5), (0, 0, 0), "a"),
    ],
)
def test_least_loaded_takes_who_has_fewest_and_breaks_ties_by_turns(
    loads: tuple[int, int, int], turns: tuple[int, int, int], winner: str
) -> None:
    people = persons(
        **{n: {"load": loads[i], "turn": turns[i]} for i, n in enumerate(("a", "b", "c"))}
    )

    assert decided(replace(POOL, strategy="least_loaded"), people).winner == winner


@pytest.mark.parametrize(("lot", "winner"), [(0, "a"), (1, "c"), (2, "a")])
def test_random_draws_among_those_who_are_there(lot: int, winner: str) -> None:
    people = persons(a={}, b={"absence": "away"}, c={})

    assert decided(replace(POOL, strategy="random"), people, lot=lot).winner == winner


@pytest.mark.parametrize(
    ("fields", "skipped"),
    [
        ({"absence": "away"}, "away"),
        ({"absence": "outside_working_hours"}, "outside_working_hours"),
        ({"paid": False}, "no_paid_seat"),
        ({"paid": False, "absence": "away"}, "no_paid_seat"),
        ({"capacity": 2, "load": 2}, "at_capacity"),
        ({"capacity": 2, "load": 1}, None),
        ({}, None),
    ],
)
def test_why_somebody_is_passed_over(fields: dict[str, Any], skipped: str | None) -> None:
    found = decided(Rule("users_and_teams", People(("a",))), persons(a=fields))

    assert [one.skipped for one in found.candidates] == [skipped]
    assert found.winner == (None if skipped else "a")
    assert found.waiting is bool(skipped)


def test_teams_stand_for_their_members_each_person_once() -> None:
    rule = Rule("users_and_teams", People(("b",), ("t1", "t2", "empty", "gone")))
    teams = {"t1": ["a", "b"], "t2": ["a", "c"], "empty": []}

    found = decided(rule, persons(a={}, b={}, c={}), teams)

    assert [(one.user_id, one.via, one.skipped) for one in found.candidates] == [
        ("b", "user", None),
        ("a", "t1", None),
        ("c", "t2", None),
        (None, "empty", "no_members"),
        (None, "gone", "not_found"),
    ]


@pytest.mark.parametrize(
    ("people", "owner", "required", "fallback", "winner", "reason", "waiting", "notify"),
    [
        ({"o": {}, "f": {}}, TRACKED, True, "f", "o", "owner", False, False),
        ({"o": {"absence": "away"}, "f": {}}, TRACKED, True, "f", "o", "owner_away", False, True),
        ({"o": {"capacity": 1, "load": 1}}, TRACKED, True, "", "o", "owner", False, False),
        ({"o": {"paid": False}, "f": {}}, TRACKED, True, "f", "f", "round_robin", False, False),
        ({"o": {"paid": False}}, TRACKED, True, "", None, "nobody_available", True, False),
        ({"o": {}, "f": {}}, Owner("o"), True, "f", "f", "round_robin", False, False),
        ({"o": {}}, Owner("o"), True, "", None, "not_tracked", False, False),
        ({"o": {}}, Owner("o"), True, "o", "o", "round_robin", False, False),
        ({"o": {}}, Owner("o"), False, "", "o", "owner", False, False),
        ({"f": {}}, Owner(), True, "f", "f", "round_robin", False, False),
        ({"f": {"absence": "away"}}, Owner(), True, "f", None, "nobody_available", True, False),
        ({}, Owner(), True, "", None, "no_owner", False, False),
        ({"f": {}}, TRACKED, True, "f", "f", "round_robin", False, False),
    ],
)
def test_the_contacts_owner_comes_first(
    people: dict[str, Any],
    owner: Owner,
    required: bool,
    fallback: str,
    winner: str | None,
    reason: str,
    waiting: bool,
    notify: bool,
) -> None:
    pool = People((fallback,) if fallback else ())

    found = decided(
        replace(OWNED, require_tracking=required, fallback=pool), persons(**people), owner=owner
    )

    assert (found.winner, found.reason) == (winner, reason)
    assert (found.waiting, found.notify) == (waiting, notify)


def test_a_rule_with_nobody_left_finds_nobody_and_waits_for_a_better_one() -> None:
    found = decided(POOL, {})

    assert (found.winner, found.reason, found.waiting) == (None, "nobody_left", True)


def test_a_record_is_bounded_and_names_the_winner() -> None:
    names = tuple(f"u{number}" for number in range(150))
    people = {name: Person(name, name, turn=1) for name in names}
    people["u149"].turn = 0

    record = decided(Rule("users_and_teams", People(names)), people).record(NOW, cause="opened")

    assert record["winner"] == "u149"
    assert len(record["candidates"]) == 100
    assert record["candidates"][-1]["user_id"] == "u149"
    assert record["candidates_left_out"] == 50


@pytest.mark.parametrize(
    ("mode", "users", "teams", "fault"),
    [
        ("users_and_teams", {"a"}, {"t"}, None),
        ("users_and_teams", {"a"}, set(), "routing.somebody_left"),
        ("users_and_teams", set(), set(), "routing.nobody_left"),
        ("contact_owner", set(), set(), "routing.somebody_left"),
        ("unassigned", set(), set(), None),
    ],
)
def test_what_has_become_wrong_with_a_rule(
    mode: str, users: set[str], teams: set[str], fault: str | None
) -> None:
    named = People(("a",), ("t",))

    assert rules.fault_of(Rule(mode, named, fallback=named), users, teams) == fault
