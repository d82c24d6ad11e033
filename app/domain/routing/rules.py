"""
The rules of routing as pure functions: who is asked, why somebody is passed over, who wins.

Deliberately not here: a database, a clock, chance; the caller knows who is there and draws lots.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

UNASSIGNED = "unassigned"
USERS_AND_TEAMS = "users_and_teams"
CONTACT_OWNER = "contact_owner"

ROUND_ROBIN = "round_robin"
LEAST_LOADED = "least_loaded"
RANDOM = "random"

# Why somebody is passed over.
NOT_FOUND = "not_found"
NO_MEMBERS = "no_members"
AWAY = "away"
OUTSIDE_WORKING_HOURS = "outside_working_hours"
NO_PAID_SEAT = "no_paid_seat"
AT_CAPACITY = "at_capacity"
NOT_TRACKED = "not_tracked"

# Through whom; else it is the id of a team.
VIA_USER, VIA_OWNER, VIA_FALLBACK = "user", "owner", "fallback"

SHOWN = 100  # candidates that a record names; the winner is always among them

Draw = Callable[[int], int]  # a number below the one given


@dataclass(frozen=True, slots=True)
class People:
    """Users, and teams that stand for their members."""

    user_ids: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.team_ids)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as somebody wants it. The default is off: the team triages (H1)."""

    mode: str = UNASSIGNED
    people: People = field(default_factory=People)
    strategy: str = ROUND_ROBIN
    require_tracking: bool = True
    fallback: People = field(default_factory=People)

    @property
    def pool(self) -> People:
        """Those among whom the strategy chooses."""
        return self.fallback if self.mode == CONTACT_OWNER else self.people


@dataclass(slots=True)
class Person:
    """
    A user as routing sees one. `absence` is `away`, `outside_working_hours`, or None: there.

    `load` is the number of open conversations assigned, None where nobody had to count them;
    `turn` orders the assignments by routing in the account, 0 is never.
    """

    user_id: str
    name: str
    email: str = ""
    absence: str | None = None
    paid: bool = True
    capacity: int | None = None
    load: int | None = None
    turn: int = 0
    last_assigned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """What is known of a contact's owner: who it is, and whether the contact is tracked (H3)."""

    user_id: str | None = None
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who was looked at; without a user when a team has nobody to stand for it."""

    user_id: str | None
    via: str
    name: str = ""
    skipped: str | None = None
    load: int | None = None
    last_assigned_at: datetime | None = None

    def record(self) -> dict[str, Any]:
        """As it is stored and given out."""
        last = self.last_assigned_at
        return {
            "user_id": self.user_id,
            "name": self.name,
            "via": self.via,
            "skipped": self.skipped,
            "load": self.load,
            "last_assigned_at": last.isoformat() if last else None,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """
    Who takes a conversation and why. `waiting`: nobody could, but the rule may find somebody later.

    `notify`: the winner is an owner who is away and is to be sent the message (H3).
    """

    mode: str
    strategy: str
    candidates: tuple[Candidate, ...]
    winner: str | None
    reason: str
    waiting: bool = False
    notify: bool = False

    def record(self, now: datetime, *, cause: str) -> dict[str, Any]:
        """As it is stored and given out; a long list of candidates is cut, never the winner."""
        shown = self.candidates[:SHOWN]
        if self.winner is not None and all(one.user_id != self.winner for one in shown):
            winner = next(one for one in self.candidates if one.user_id == self.winner)
            shown = (*shown[:-1], winner)
        return {
            "mode": self.mode,
            "strategy": self.strategy,
            "candidates": [one.record() for one in shown],
            "candidates_left_out": len(self.candidates) - len(shown),
            "winner": self.winner,
            "reason": self.reason,
            "waiting": self.waiting,
            "cause": cause,
            "decided_at": now.isoformat(),
        }


def decide(
    rule: Rule,
    people: Mapping[str, Person],
    members: Mapping[str, Sequence[str]],
    owner: Owner,
    draw: Draw,
) -> Decision:
    """
    Who takes the conversation of a contact with this owner, by this rule (H2, H3).

    `people` and `members` hold the users and teams that exist, of those that the rule names.
    """
    seen: list[Candidate] = []
    if rule.mode == CONTACT_OWNER:
        found = _owner(rule, people, owner)
        if found is not None:
            seen.append(found)
            if _takes_anyhow(found):
                return _to_owner(rule, found)
    named = [one for one in _named(rule, members) if one[0] not in _ids(seen)]
    for user_id, via in named:
        seen.append(_candidate(people, user_id, via) if user_id else _team(members, via))
    ready = [one for one in seen if one.skipped is None]
    if ready:
        winner = _choose(rule.strategy, ready, people, draw)
        return Decision(rule.mode, rule.strategy, tuple(seen), winner, rule.strategy)
    waiting = rule.mode == USERS_AND_TEAMS or any(
        one.skipped not in (NOT_FOUND, NOT_TRACKED) for one in seen
    )
    return Decision(
        rule.mode, rule.strategy, tuple(seen), None, _why_nobody(rule, seen), waiting=waiting
    )


def _owner(rule: Rule, people: Mapping[str, Person], owner: Owner) -> Candidate | None:
    if owner.user_id is None:
        return None
    found = _candidate(people, owner.user_id, VIA_OWNER)
    if rule.require_tracking and not owner.tracked:
        return Candidate(found.user_id, VIA_OWNER, found.name, NOT_TRACKED, found.load)
    return found


def _takes_anyhow(owner: Candidate) -> bool:
    """An owner takes his contacts' conversations away or busy; a paid seat he needs (H2, H3)."""
    return owner.skipped in (None, AWAY, OUTSIDE_WORKING_HOURS, AT_CAPACITY)


def _to_owner(rule: Rule, owner: Candidate) -> Decision:
    is_away = owner.skipped in (AWAY, OUTSIDE_WORKING_HOURS)
    reason = "owner_away" if is_away else "owner"
    shown = Candidate(
        owner.user_id, VIA_OWNER, owner.name, None, owner.load, owner.last_assigned_at
    )
    return Decision(rule.mode, rule.strategy, (shown,), owner.user_id, reason, notify=is_away)


def _named(rule: Rule, members: Mapping[str, Sequence[str]]) -> Iterator[tuple[str | None, str]]:
    """Each person of the pool once, users before teams; a team without anybody for itself."""
    met: set[str] = set()
    as_user = VIA_FALLBACK if rule.mode == CONTACT_OWNER else VIA_USER
    for user_id in rule.pool.user_ids:
        if user_id not in met:
            met.add(user_id)
            yield user_id, as_user
    for team_id in rule.pool.team_ids:
        if not members.get(team_id):
            yield None, team_id
        for user_id in members.get(team_id, ()):
            if user_id not in met:
                met.add(user_id)
                yield user_id, team_id


def _ids(candidates: Sequence[Candidate]) -> set[str | None]:
    return {one.user_id for one in candidates if one.skipped != NOT_TRACKED}


def _team(members: Mapping[str, Sequence[str]], team_id: str) -> Candidate:
    return Candidate(None, team_id, skipped=NO_MEMBERS if team_id in members else NOT_FOUND)


def _candidate(people: Mapping[str, Person], user_id: str, via: str) -> Candidate:
    person = people.get(user_id)
    if person is None:
        return Candidate(user_id, via, skipped=NOT_FOUND)
    return Candidate(
        user_id, via, person.name, _skipped(person), person.load, person.last_assigned_at
    )


def _skipped(person: Person) -> str | None:
    """What is permanent is said before what passes."""
    if not person.paid:
        return NO_PAID_SEAT
    if person.absence is not None:
        return person.absence
    full = person.capacity is not None and (person.load or 0) >= person.capacity
    return AT_CAPACITY if full else None


def _choose(
    strategy: str, ready: Sequence[Candidate], people: Mapping[str, Person], draw: Draw
) -> str:
    """
    Ties are broken by the order of the rule: `min` gives the first of equals.

    Raises KeyError for a candidate who is not among `people`; those that are `ready` are.
    """
    those = [people[one.user_id] for one in ready if one.user_id is not None]
    if strategy == RANDOM:
        return those[draw(len(those))].user_id
    if strategy == LEAST_LOADED:
        return min(those, key=lambda one: (one.load or 0, one.turn)).user_id
    return min(those, key=lambda one: one.turn).user_id


def _why_nobody(rule: Rule, seen: Sequence[Candidate]) -> str:
    if not seen:
        return "no_owner"
    if any(one.skipped not in (NOT_FOUND, NOT_TRACKED, NO_MEMBERS) for one in seen):
        return "nobody_available"
    pool = [one for one in seen if one.via != VIA_OWNER]
    if rule.mode == CONTACT_OWNER and not pool:
        return "not_tracked" if seen[0].skipped == NOT_TRACKED else "no_owner"
    return "nobody_left"


def fault_of(rule: Rule, users: Container[str], teams: Container[str]) -> str | None:
    """
    What has become wrong with the rule since it was saved (a code), None when it fits.

    `users` and `teams` are those that exist; an empty team is one, too.
    """
    pool = rule.pool if rule.mode != UNASSIGNED else People()
    left = [one for one in pool.user_ids if one in users]
    left += [one for one in pool.team_ids if one in teams]
    if len(left) == len(pool.user_ids) + len(pool.team_ids):
        return None
    nobody = rule.mode == USERS_AND_TEAMS and not left
    return "routing.nobody_left" if nobody else "routing.somebody_left"
