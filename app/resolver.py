"""
The DNS of the process: from memory for those who are in a hurry, fresh for those who must know.

A mail waits for it two seconds at most and is never refused for it. A machine without DNS finds
that out once a minute, not with every mail. Who sets records up asks `fresh`: nothing of ours is
remembered then, and "there is none" is told from "nobody could say". Deliberately not here: what
the records mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import structlog

log = structlog.get_logger()

DEADLINE = 2.0  # seconds that a mail waits for all of its names
PAUSE = 60.0  # seconds in which nothing is asked after FAULTS
FAULTS = 2  # in a row, of the resolver and not of a name
KEPT = (60.0, 3600.0)  # seconds that an answer is kept, at least and at most
KEPT_NOTHING = 300.0  # … that there are no such records
KEPT_ERROR = 30.0  # … that nobody could say
REMEMBERED = 10_000  # questions
ASKING = 300  # questions at one time; each takes a socket
RECORDS = 10  # of a fresh question
RECORDS_KEPT = 100  # some domains have dozens of TXT records, and which counts is not ours to say
LONGEST_KEPT = 16_384  # characters of all records of a question
ERROR = "error"

FRESH_DEADLINE = 5.0  # seconds that fresh questions wait for all of their answers
FRESH_AT_ONCE = 50

Answer = list[str] | str | None  # None: no such records; ERROR: nobody could say
Kind = Literal["TXT", "CNAME", "MX", "A", "AAAA"]
Question = tuple[str, Kind]  # a name and what is asked about it
_Asked = TypeVar("_Asked", bound=Question)


@dataclass(frozen=True, slots=True)
class Found:
    """
    What the DNS says now. `values` as text: hosts in lower case without the dot at the end, MX
    hosts by preference; `aliases` are the CNAMEs that were followed to them.
    """

    outcome: Literal["found", "no_records", "no_name", "unknown"]
    values: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Did the DNS say anything? Else nothing may be concluded."""
        return self.outcome != "unknown"


UNKNOWN = Found("unknown")


class Resolver:
    """Asks `host:port` of each server, the system's resolver when there are none."""

    def __init__(self, servers: Sequence[str] = (), *, deadline: float = DEADLINE) -> None:
        """Raises ValueError for a server that is no address with a port."""
        self._deadline = deadline
        self._patience = deadline * 0.95  # so that faults are known when the deadline ends
        self._kept: OrderedDict[Question, tuple[float, Answer]] = OrderedDict()
        self._asking: dict[Question, asyncio.Task[Answer]] = {}
        self._faults = 0
        self._paused_until = 0.0
        self._probe: asyncio.Task[None] | None = None
        self._resolver = _resolver(servers)
        self._fresh_turns = asyncio.Semaphore(FRESH_AT_ONCE)

    async def texts(self, names: Iterable[str]) -> dict[str, Answer]:
        """The TXT records of each name. Never raises; takes no longer than the deadline."""
        found = await self.records((name, "TXT") for name in names)
        return {name: answer for (name, _), answer in found.items()}

    async def records(self, questions: Iterable[_Asked]) -> dict[_Asked, Answer]:
        """The records that each asks for. Never raises; takes no longer than the deadline."""
        found: dict[_Asked, Answer] = {}
        waiting: dict[_Asked, asyncio.Task[Answer]] = {}
        for one in questions:
            kept = self._kept.get(one)
            if kept is not None and kept[0] > time.monotonic():
                found[one] = kept[1]
            elif (task := self._ask(one)) is not None:
                waiting[one] = task
            else:
                found[one] = ERROR
        if waiting:
            await asyncio.wait(waiting.values(), timeout=self._deadline)
            for one, task in waiting.items():
                answered = task.done() and not task.cancelled() and task.exception() is None
                found[one] = task.result() if answered else ERROR
        return found

    def remembered(self, questions: Iterable[_Asked]) -> dict[_Asked, Answer] | None:
        """The records where all of them are known without asking; else None."""
        found: dict[_Asked, Answer] = {}
        for one in questions:
            kept = self._kept.get(one)
            if kept is None or kept[0] <= time.monotonic():
                return None
            found[one] = kept[1]
        return found

    async def fresh(
        self, questions: Iterable[Question], *, deadline: float = FRESH_DEADLINE
    ) -> dict[Question, Found]:
        """What the DNS says now to each question. Never raises; no longer than the deadline."""
        asked = list(dict.fromkeys(questions))
        answers = await asyncio.gather(*(self._fresh_one(one, deadline) for one in asked))
        return dict(zip(asked, answers, strict=True))

    async def _fresh_one(self, question: Question, deadline: float) -> Found:
        name, kind = question
        if self._resolver is None:
            return UNKNOWN
        try:
            async with asyncio.timeout(deadline), self._fresh_turns:
                reply = await self._resolver.resolve(
                    dns.name.from_text(name), kind, raise_on_no_answer=False, lifetime=deadline
                )
        except dns.resolver.NXDOMAIN:
            return Found("no_name")
        except (TimeoutError, OSError, dns.exception.DNSException, ValueError):
            return UNKNOWN
        aliases = tuple(_host(one[0].target) for one in reply.chaining_result.cnames)
        if reply.rrset is None:
            return Found("no_records", (), aliases)
        records = sorted(reply.rrset, key=_preference)[:RECORDS]
        return Found("found", tuple(map(_value, records)), aliases)

    async def close(self) -> None:
        """Nothing is asked any more when this returns."""
        self._paused_until = float("inf")
        tasks = [*self._asking.values(), *([self._probe] if self._probe else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ask(self, question: Question) -> asyncio.Task[Answer] | None:
        """The one that is under way about this question; None when nothing may be asked."""
        if question in self._asking:
            return self._asking[question]
        if self._resolver is None or len(self._asking) >= ASKING:
            return None
        if time.monotonic() < self._paused_until:
            return None
        task = asyncio.create_task(self._look_up(self._resolver, question))
        self._asking[question] = task
        task.add_done_callback(lambda _: self._asking.pop(question, None))
        return task

    async def _look_up(self, resolver: dns.asyncresolver.Resolver, question: Question) -> Answer:
        name, kind = question
        answer: Answer = None
        seconds = KEPT_NOTHING
        try:
            absolute = dns.name.from_text(name)
            async with asyncio.timeout(self._patience):  # dnspython sleeps beyond its lifetime
                reply = await resolver.resolve(
                    absolute, kind, raise_on_no_answer=False, lifetime=self._deadline
                )
            if reply.rrset is not None:
                records = sorted(reply.rrset, key=_preference)[:RECORDS_KEPT]
                answer = [_value(rdata) for rdata in records]
                seconds = min(max(float(reply.rrset.ttl), KEPT[0]), KEPT[1])
            self._faults = 0
        except dns.resolver.NXDOMAIN:
            self._faults = 0
        except (dns.exception.Timeout, dns.resolver.NoNameservers, OSError) as fault:
            answer, seconds = ERROR, KEPT_ERROR
            self._note_fault(resolver, fault)
        except (dns.exception.DNSException, ValueError) as fault:  # a name that is none, and such
            answer, seconds = ERROR, KEPT_ERROR
            log.warning("dns_reply_unreadable", name=name, why=type(fault).__name__)
        self._keep(question, answer, seconds)
        return answer

    def _keep(self, question: Question, answer: Answer, seconds: float) -> None:
        if isinstance(answer, list) and sum(map(len, answer)) > LONGEST_KEPT:
            return
        self._kept[question] = (time.monotonic() + seconds, answer)
        self._kept.move_to_end(question)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    def _note_fault(self, resolver: dns.asyncresolver.Resolver, fault: Exception) -> None:
        self._faults += 1
        if self._faults < FAULTS or time.monotonic() < self._paused_until:
            return
        self._faults = 0
        self._paused_until = time.monotonic() + PAUSE
        log.warning("dns_paused", seconds=PAUSE, why=type(fault).__name__)
        self._probe = asyncio.create_task(self._try_root(resolver))

    async def _try_root(self, resolver: dns.asyncresolver.Resolver) -> None:
        """
        Is it the resolver that is away, or only the servers of some domain?

        Else anybody could switch authentication off by mail from domains that never answer.
        """
        with contextlib.suppress(Exception):
            with contextlib.suppress(dns.resolver.NXDOMAIN):
                await resolver.resolve(
                    dns.name.root, "NS", raise_on_no_answer=False, lifetime=self._deadline
                )
            if self._paused_until != float("inf"):
                self._paused_until = 0.0
                log.info("dns_resumed")


def _resolver(servers: Sequence[str]) -> dns.asyncresolver.Resolver | None:
    if servers:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [_nameserver(one) for one in servers]
    else:
        try:
            resolver = dns.asyncresolver.Resolver()
        except (dns.resolver.NoResolverConfiguration, OSError):
            log.warning("dns_not_configured")
            return None
    resolver.cache = None  # ours keeps what there is not, too
    resolver.timeout = 1.0
    return resolver


def _nameserver(server: str) -> dns.nameserver.Nameserver:
    host, colon, port = server.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = server, "53"  # without a port
    address = ipaddress.ip_address(host.strip("[]"))
    return dns.nameserver.Do53Nameserver(str(address), int(port))


def _text(strings: Iterable[bytes]) -> str:
    """One record: its character-strings without anything between (RFC 6376 3.6.2.2)."""
    return b"".join(strings).decode("utf-8", "replace")


def _preference(rdata: Any) -> int:
    """Of MX records the preference (RFC 5321 5.1); the others keep their order."""
    return int(getattr(rdata, "preference", 0))


def _value(rdata: Any) -> str:
    if rdata.rdtype == dns.rdatatype.TXT:
        return _text(rdata.strings)
    if rdata.rdtype == dns.rdatatype.MX:
        return _host(rdata.exchange)
    if rdata.rdtype == dns.rdatatype.CNAME:
        return _host(rdata.target)
    return str(rdata.address)


def _host(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
