"""
Sending: what the outbox holds is claimed, handed to a courier, and what became of it is recorded.

A loop of its own, woken by commits of this process and looking once a second for what others have
put. No transaction is open while another machine is spoken to. At least once: a process that dies
between the other side's 250 and our record sends the same octets again. Deliberately not here: how
letters are handed over (`relay`, `mx`).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from app import ids
from app.db import Database
from app.domain import accounts, outbox, raw_mail
from app.domain.outbox import DEFERRED, FAILED, QUEUED, SENT, Claimed, Result
from app.errors import NotFound
from app.store import BlobStore
from app.worker.letters import Away, Courier, Later, Letter

log = structlog.get_logger()

LOOK = 1.0  # seconds between looks for what another process has put
RENEW = 15.0  # seconds; a lease is a minute
SAFE = outbox.LEASE.total_seconds() - 20.0  # after so many seconds a claim may not hold any more
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds, while nobody takes our mail
LARGE = 1024 * 1024  # octets
LARGE_AT_ONCE = 2
RECORD_AGAIN = 2.0
LAST_WORDS = 2.0  # seconds to write down what became of the last mails, and to give claims back


@dataclass(slots=True)
class SendingCounters:
    """What this process has sent since it started."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Held:
    """A claim of ours: until when it surely holds (monotonic), and whether it was begun."""

    item: Claimed
    sure_until: float
    task: asyncio.Task[None] | None = None


@dataclass(slots=True)
class _Pause:
    """While nobody takes our mail: why, since when, and when we ask again."""

    words: str = ""
    since: datetime | None = None
    turns: int = 0

    def begin(self, words: str) -> None:
        if self.since is None:
            self.since, self.turns = datetime.now(UTC), 0
            log.warning("sending_paused", why=words)
        self.words = words

    def end(self) -> None:
        if self.since is not None:
            log.info("sending_resumed")
        self.words, self.since, self.turns = "", None, 0

    def seconds(self) -> float:
        self.turns += 1
        return PAUSES[min(self.turns, len(PAUSES)) - 1]


class Sender:
    """Sends until it is stopped."""

    def __init__(
        self, database: Database, store: BlobStore, courier: Courier, waits: Sequence[int]
    ) -> None:
        self._database = database
        self._store = store
        self._courier = courier
        self._waits = tuple(waits)
        self._who = ids.new("snd")
        self._turns = outbox.Turns()
        self._held: dict[str, _Held] = {}
        self._results: list[Result] = []
        self._pause = _Pause()
        self._news = asyncio.Event()
        self._to_record = asyncio.Event()
        self._stopped = False
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []
        self.counters = SendingCounters()
        database.committed.append(self._committed)

    @property
    def paused(self) -> str:
        """Why nothing leaves at the moment, in words; empty while it does."""
        if self._pause.since is None:
            return ""
        return (
            f"Sending is paused since {self._pause.since:%Y-%m-%d %H:%M} UTC: {self._pause.words}"
        )

    async def start(self) -> None:
        """Begin; `stop` ends it."""
        if self._database.embedded:  # nobody else can be sending: what is claimed, is by the dead
            async with self._database.writing() as db:
                await outbox.give_all_back(db)
        loops = (self._send_all(), self._record_all(), self._keep_claims())
        self._tasks = [asyncio.create_task(one) for one in loops]

    def wind_down(self) -> None:
        """No more mail is claimed."""
        self._stopped = True
        self._news.set()

    async def stop(self, grace: float) -> None:
        """What is being handed over ends within `grace` seconds; other claims are given back."""
        self.wind_down()
        sending, recording, keeping = self._tasks
        await _cancelled(sending)
        running = [one.task for one in self._held.values() if one.task is not None]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                while self._results:
                    self._to_record.set()
                    await asyncio.sleep(0.02)
        for task in (recording, keeping):
            await _cancelled(task)
        self._database.committed.remove(self._committed)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(LAST_WORDS), self._database.writing() as db:
                await outbox.give_back(db, self._who, [one.item for one in self._held.values()])
        await self._courier.close()

    def _committed(self, info: Mapping[Any, Any]) -> None:
        if outbox.has_put(info):
            self._news.set()

    async def _send_all(self) -> None:
        while not self._stopped:
            try:
                more = await self._turn()
            except Exception:  # the database is away, or whatever it is: the next turn tries again
                log.exception("sending_failed")
                more = False
            if not more:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._news.wait()

    async def _turn(self) -> bool:
        """Claim and begin; is there perhaps more to do at once?"""
        self._news.clear()
        if self._pause.since is not None and not await self._may_go_on():
            return True
        if self._stopped:
            return False
        room = self._courier.at_once - len(self._held)
        if room < max(1, self._courier.at_once // 4):
            return False
        now = datetime.now(UTC)
        async with self._database.reading() as db:
            if not await outbox.has_due(db, now):
                return False
        begun = time.monotonic()
        async with self._database.writing() as db:
            claimed = await outbox.claim(db, self._who, room, now, self._turns)
        for item in claimed:
            if item.id not in self._held:
                held = self._held[item.id] = _Held(item, begun + SAFE)
                held.task = asyncio.create_task(self._send_one(held))
        return False

    async def _may_go_on(self) -> bool:
        await asyncio.sleep(self._pause.seconds())
        try:
            await self._courier.check()
        except Away as away:
            self._pause.begin(str(away))
            return False
        self._pause.end()
        return True

    async def _send_one(self, held: _Held) -> None:
        item = held.item
        try:
            if item.size > LARGE:
                async with self._large:
                    result = await self._result_for(held)
            else:
                result = await self._result_for(held)
        except Exception as fault:  # ours: it is said, and the mail is not lost
            log.exception("sending_failed", item=item.id)
            words = f"A fault of ours ({type(fault).__name__})."
            result = Result(item.account_id, item.id, DEFERRED, words)
        if result is None:
            self._held.pop(item.id, None)
            return
        self._results.append(result)
        self._to_record.set()

    async def _result_for(self, held: _Held) -> Result | None:
        """None: the claim has run out before it was begun; somebody else has it."""
        item = held.item
        try:
            raw = item.raw if item.raw is not None else await self._raw_of(item)
        except NotFound:
            return Result(item.account_id, item.id, FAILED, "Its octets are not kept any more.")
        if held.sure_until < time.monotonic():
            return None
        letter = Letter(item.sender, item.recipient, raw, item.smtputf8, item.account_id)
        try:
            outcome = await self._courier.deliver(letter)
        except Away as away:
            self._pause.begin(str(away))
            return Result(item.account_id, item.id, DEFERRED, str(away), tried=False)
        except Later as later:
            moment = datetime.now(UTC) + timedelta(seconds=later.seconds)
            return Result(item.account_id, item.id, QUEUED, "", tried=False, not_before=moment)
        return Result(item.account_id, item.id, outcome.state, outcome.detail, outcome.status)

    async def _raw_of(self, item: Claimed) -> bytes:
        async with self._database.reading() as db:
            return await raw_mail.raw_of(db, self._store, item.account_id, item.raw_digest)

    async def _record_all(self) -> None:
        while True:
            await self._to_record.wait()
            self._to_record.clear()
            by_account: dict[str, list[Result]] = defaultdict(list)
            for one in self._results:
                by_account[one.account_id].append(one)
            for account_id, results in by_account.items():
                try:
                    await self._record(account_id, results)
                except Exception:  # the database is away: what was sent must not be forgotten
                    log.exception("recording_failed")
                    await asyncio.sleep(RECORD_AGAIN)
                    self._to_record.set()
                    break

    async def _record(self, account_id: str, results: Sequence[Result]) -> None:
        async with self._database.writing() as db:
            await accounts.lock(db, [account_id])
            await outbox.record(db, self._who, results, self._waits, datetime.now(UTC))
        done = {one.item_id for one in results}
        self._results = [one for one in self._results if one.item_id not in done]
        for one in results:
            self._held.pop(one.item_id, None)
            self.counters.sent += one.state == SENT
            self.counters.failed += one.state == FAILED
            self.counters.deferred += one.state == DEFERRED and one.tried
        self._news.set()

    async def _keep_claims(self) -> None:
        """Claims of what takes long are renewed; also the courier's tidying."""
        while True:
            await asyncio.sleep(RENEW)
            try:
                await self._courier.tidy()
                held = list(self._held.values())
                if held:
                    begun = time.monotonic()
                    async with self._database.writing() as db:
                        items = [one.item for one in held]
                        ours = await outbox.renew(db, self._who, items, datetime.now(UTC))
                    for one in held:
                        if one.item.id in ours:  # others have it after we stood still for long
                            one.sure_until = begun + SAFE
            except Exception:
                log.exception("claims_not_renewed")


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
