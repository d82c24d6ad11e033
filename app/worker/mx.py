"""
Sending straight to the recipients' mail servers (RFC 5321 5.1): MX by preference, else the domain
itself; a domain whose MX is `.` takes no mail (RFC 7505).

TLS is used where it is offered, for whoever answers (RFC 7435). A place that was away a moment ago
is not asked again by every letter. Private addresses are left alone unless that is allowed, so that
nobody makes us speak to machines inside by a name in his DNS.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from app.domain.outbox import DEFERRED, FAILED
from app.mail.alignment import ascii_domain
from app.resolver import Found, Question
from app.worker.lanes import Lanes
from app.worker.letters import Away, Letter, Outcome
from app.worker.pool import Pool
from app.worker.session import Server

AT_ONCE = 100
SESSIONS = 2  # with one host
HOSTS = 5  # of a domain that are tried for one letter
AWAY_SECONDS = 60.0  # that a host which did not answer is left alone


class Names(Protocol):
    """What is asked of the DNS."""

    async def fresh(self, questions: Iterable[Question]) -> dict[Question, Found]:
        """What the DNS says now. Never raises."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A host that takes mail for a domain, and one of its addresses."""

    name: str
    address: str


class Mx:
    """The courier that finds the recipients' own servers."""

    at_once = AT_ONCE

    def __init__(
        self, names: Names, greeting: str, *, port: int = 25, private: bool = False
    ) -> None:
        self._names = names
        self._greeting = greeting
        self._port = port
        self._private = private
        self._pools: dict[_Place, Pool] = {}
        self._away: dict[_Place, tuple[float, str]] = {}
        self._lanes = Lanes(AT_ONCE)

    async def deliver(self, letter: Letter) -> Outcome:
        """Raises Later."""
        domain = ascii_domain(letter.recipient.rpartition("@")[2])
        with self._lanes.place(domain, letter.account_id):
            places = await self._places(domain)
            if isinstance(places, Outcome):
                return places
            return await self._try(domain, places, letter)

    async def check(self) -> None:
        """There is always somebody."""

    async def tidy(self) -> None:
        """Idle sessions are closed, what was away is forgotten."""
        now = time.monotonic()
        self._lanes.tidy()
        self._away = {place: one for place, one in self._away.items() if one[0] > now}
        await asyncio.gather(*(pool.tidy() for pool in self._pools.values()))
        for place, pool in list(self._pools.items()):
            if pool.empty:
                self._pools.pop(place, None)

    async def close(self) -> None:
        """All sessions are closed."""
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    async def _try(self, domain: str, places: list[_Place], letter: Letter) -> Outcome:
        """One after the other, until somebody says something about the letter."""
        tried, told, soonest = False, "", time.monotonic() + AWAY_SECONDS
        for place in places[:HOSTS]:
            until, words = self._away.get(place, (0.0, ""))
            if until > time.monotonic():
                told, soonest = told or words, min(soonest, until)
                continue
            tried = True
            try:
                return await self._pool(place).deliver(letter)
            except Away as away:
                told = str(away)
                self._away[place] = (time.monotonic() + AWAY_SECONDS, told)
        if not tried:
            seconds = max(1.0, soonest - time.monotonic())
            raise self._lanes.later(told, domain, letter.account_id, seconds)
        return Outcome(DEFERRED, told)

    def _pool(self, place: _Place) -> Pool:
        if place not in self._pools:
            server = Server(place.address, self._port, place.name, self._greeting)
            self._pools[place] = Pool(server, SESSIONS)
        return self._pools[place]

    async def _places(self, domain: str) -> list[_Place] | Outcome:
        """Where mail for the domain goes, the preferred first; or why it goes nowhere."""
        if not domain or domain.startswith("["):
            return Outcome(FAILED, "Mail is sent to domains, not to addresses of machines.")
        found = (await self._names.fresh([(domain, "MX")]))[(domain, "MX")]
        if not found.is_known:
            return Outcome(DEFERRED, f"The DNS does not say who takes mail for {domain}.")
        if found.outcome == "no_name":
            return Outcome(FAILED, f"There is no domain {domain}.")
        if found.values == (".",):
            return Outcome(FAILED, f"{domain} takes no mail (its MX record says so, RFC 7505).")
        hosts = [one for one in found.values if one != "."] or [domain]
        return await self._addresses(domain, hosts[:HOSTS])

    async def _addresses(self, domain: str, hosts: list[str]) -> list[_Place] | Outcome:
        questions: list[Question] = []
        for host in hosts:
            questions += [(host, "A"), (host, "AAAA")]
        answers = await self._names.fresh(questions)
        every = [
            _Place(name, value)
            for name, kind in questions
            for value in answers[(name, kind)].values
        ]
        places = [one for one in every if self._private or _is_public(one.address)]
        if places:
            return places
        if every:
            return Outcome(FAILED, f"The mail servers of {domain} have private addresses only.")
        if not all(one.is_known for one in answers.values()):
            return Outcome(DEFERRED, f"The DNS does not say where {hosts[0]} is.")
        return Outcome(FAILED, f"The mail servers of {domain} have no addresses.")


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast
