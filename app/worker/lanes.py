"""
Places for letters on their way, so that nobody's letters take all of them.

To one domain few are under way at a time; to all those together that are not known as quick (slow
ones, and those of which nothing is known yet) half of what the courier can do. A letter without a
place is told when to come again: behind those of its account that wait for the same, as fast as
they have gone lately. So a long queue is looked at once in a while, not again and again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from app.worker.letters import Later

AT_ONCE_TO_DOMAIN = 4
QUICK_SECONDS = 5.0  # that a letter to a quick domain takes at most
SOONEST, LATEST = 1.0, 600.0  # seconds after which a letter comes again
REMEMBERED = 600.0  # seconds, for which a domain is known
_WEIGHT = 0.3  # of the last letter, in what one takes


@dataclass(slots=True)
class _Lane:
    """So many places, how many are taken, and how long a letter has kept one lately."""

    places: int
    taken: int = 0
    seconds: float = 1.0
    known: bool = False
    used_at: float = 0.0

    @property
    def is_full(self) -> bool:
        return self.taken >= self.places

    @property
    def is_quick(self) -> bool:
        return self.known and self.seconds <= QUICK_SECONDS

    def note(self, seconds: float) -> None:
        weight = _WEIGHT if self.known else 1.0
        self.seconds += weight * (seconds - self.seconds)
        self.known = True


class Lanes:
    """The places of one courier."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._domains: dict[str, _Lane] = {}
        self._slow = _Lane(at_once // 2)
        self._lines: dict[tuple[str, str], float] = {}  # domain or "", whose: when the last comes

    @contextlib.contextmanager
    def place(self, domain: str, whose: str) -> Iterator[None]:
        """A place for a letter to this domain within the block. Raises Later."""
        lane = self._domains.setdefault(domain, _Lane(AT_ONCE_TO_DOMAIN))
        if lane.is_full:
            raise self._later("Other mail to this domain is on its way.", lane, (domain, whose))
        slow = None if lane.is_quick else self._slow
        if slow is not None and slow.is_full:
            raise self._later("Much mail to slow servers is on its way.", slow, ("", whose))
        used = [lane] if slow is None else [lane, slow]
        begun = self._clock()
        for one in used:
            one.taken += 1
        try:
            yield
            for one in used:
                one.note(self._clock() - begun)
        finally:
            lane.used_at = self._clock()
            for one in used:
                one.taken -= 1

    def later(self, words: str, domain: str, whose: str, seconds: float) -> Later:
        """When a letter to this domain comes again of which nobody can be asked for so long."""
        lane = self._domains.setdefault(domain, _Lane(AT_ONCE_TO_DOMAIN))
        return self._later(words, lane, (domain, whose), seconds)

    def tidy(self) -> None:
        """What has not been used for a while is forgotten."""
        now = self._clock()
        self._domains = {
            domain: lane
            for domain, lane in self._domains.items()
            if lane.taken or lane.used_at > now - REMEMBERED
        }
        self._lines = {line: last for line, last in self._lines.items() if last > now}

    def _later(
        self, words: str, lane: _Lane, line: tuple[str, str], soonest: float = SOONEST
    ) -> Later:
        now = self._clock()
        last = self._lines.get(line, 0.0) + lane.seconds / lane.places
        comes = self._lines[line] = min(max(now + soonest, last), now + LATEST)
        return Later(words, comes - now)
