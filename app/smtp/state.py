"""
What the sessions of one door share: its settings, the intake behind it, counts and limits.

Deliberately not here: sockets. `door` opens and closes them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from app.smtp.arrivals import Intake, RefusedDelivery
from app.smtp.counters import Counters
from app.smtp.settings import DoorSettings
from app.smtp.tls import Certificate

log = logging.getLogger(__name__)


def _always() -> bool:
    return True


class Drainable(Protocol):
    """A session as the door sees it."""

    def drain(self) -> None:
        """Ends as soon as no mail is under way."""

    def abort(self) -> None:
        """Ends now, without a word."""


class DoorState:
    """Shared by all sessions of one door; lives on one event loop and is not for threads."""

    def __init__(
        self,
        settings: DoorSettings,
        intake: Intake,
        certificate: Certificate | None,
        has_room: Callable[[], bool] | None = None,
    ) -> None:
        self.settings = settings
        self.has_room = has_room or _always
        self.intake = intake
        self.certificate = certificate
        self.counters = Counters()
        self.sessions: set[Drainable] = set()
        self.commits: set[asyncio.Task[None]] = set()
        self.draining = False
        self.changed = asyncio.Event()
        """Set whenever a session or a commit has ended."""
        self._addresses: Counter[str] = Counter()

    def enter(self, session: Drainable) -> bool:
        """Takes in a new session. False: there are too many, and this one has to go."""
        self.sessions.add(session)
        self.counters.connections += 1
        self.counters.connections_open = len(self.sessions)
        return len(self.sessions) <= self.settings.connection_limit

    def leave(self, session: Drainable) -> None:
        """Forgets a session whose connection is gone."""
        self.sessions.discard(session)
        self.counters.connections_open = len(self.sessions)
        self.changed.set()

    def enter_address(self, key: str) -> bool:
        """Counts a session for its address. False: too many; it is not counted then."""
        if self._addresses[key] >= self.settings.connection_limit_per_address:
            return False
        self._addresses[key] += 1
        return True

    def leave_address(self, key: str) -> None:
        """Gives back what `enter_address` counted."""
        self._addresses[key] -= 1
        if self._addresses[key] <= 0:
            del self._addresses[key]

    def note_refusal(self, refusal: RefusedDelivery) -> None:
        """Counts a refused recipient and tells the intake; a fault there is only logged."""
        self.counters.refusals[f"{refusal.code} {refusal.enhanced}"] += 1
        try:
            self.intake.refused(refusal)
        except Exception:
            log.exception("the intake could not take note of a refusal")


def plain_address(address: str) -> str:
    """An address as people write it: IPv4 inside IPv6 (a socket for both) is IPv4, no scope."""
    return address.removeprefix("::ffff:") if "." in address else address.partition("%")[0]


def address_key(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 host commands."""
    if ":" not in address:
        return address
    try:
        network = ipaddress.ip_network((address, 64), strict=False)
    except ValueError:
        return address
    return str(network)
