"""
Tells webhooks what happened: takes those whose turn it is, posts, and writes down what came of it.

Each webhook is served by one process at a time and in its own order; several are served at once.
No transaction is open while another machine is spoken to.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpcore
import structlog

from app import ids
from app.db import Database, refusal_for
from app.domain import accounts, webhooks
from app.domain.webhooks import Attempt, Turn
from app.errors import Refusal
from app.wakeups import Wakeups
from app.worker.guarded import Guard, Refused

log = structlog.get_logger()

AT_ONCE = 20  # webhooks that are served at the same time
OF_ONE = 5  # … of one account: endpoints that hang hold up nobody else's
LOOK = 2.0  # seconds after which we look without having been told
PAUSE = 0.05  # seconds in which more news may come: not every commit is worth a look
LONG_PAUSE = 0.4  # … where look after look finds that the news are nobody's
TURN = 20.0  # seconds after which what came of a turn is written down, well within the lease
BODY_KEPT = 2048  # octets of an answer


def _now() -> datetime:
    return datetime.now(UTC)


class Postman:
    """Serves webhooks until it is stopped."""

    def __init__(
        self,
        database: Database,
        wakeups: Wakeups,
        guard: Guard,
        *,
        secret: bytes,
        waits: Sequence[float],
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._database, self._wakeups, self._guard = database, wakeups, guard
        self._secret, self._waits, self._clock = secret, waits, clock
        self._name = ids.new("wrk")
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._serving: dict[tuple[str, str], asyncio.Task[bool]] = {}

    def start(self) -> None:
        """Begin; `stop` ends it."""
        self._task = asyncio.create_task(self._run())

    def wind_down(self) -> None:
        """No more request is begun."""
        self._stopped.set()
        self._wakeups.wake_all()

    async def stop(self, grace: float = 20) -> None:
        """
        Requests under way end within `grace` seconds, and what came of them is written down.

        Those that do not are broken off; they are made again when their leases have ended.
        """
        self.wind_down()
        running = [*self._serving.values(), *([self._task] if self._task is not None else [])]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def run_due(self) -> int:
        """Serve every webhook whose turn it is, until there is none; how many turns it were."""
        turns = 0
        while found := await self._due():
            served = await asyncio.gather(*[self._serve(*one) for one in found])
            if not any(served):
                break
            turns += sum(served)
        return turns

    async def _run(self) -> None:
        pause = PAUSE
        with self._wakeups.watching() as news:
            while not self._stopped.is_set():
                news.clear()
                try:
                    found = await self._due()
                    pause = PAUSE if found else min(2 * pause, LONG_PAUSE)
                    for one in found:
                        self._begin(one, news)
                except Exception as fault:  # the next look tries again
                    if refusal_for(fault) is None:
                        log.exception("webhooks_failed")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await news.wait()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._stopped.wait()

    def _begin(self, one: tuple[str, str], news: asyncio.Event) -> None:
        of_account = sum(account_id == one[0] for account_id, _ in self._serving)
        if one in self._serving or len(self._serving) >= AT_ONCE or of_account >= OF_ONE:
            return

        def ended(task: asyncio.Task[bool]) -> None:
            self._serving.pop(one, None)
            if not task.cancelled() and task.exception() is None and task.result():
                news.set()  # there may be more for it, or room for another

        task = asyncio.create_task(self._serve(*one))
        self._serving[one] = task
        task.add_done_callback(ended)

    async def _due(self) -> Sequence[tuple[str, str]]:
        async with self._database.reading() as db:
            return await webhooks.due(db, self._clock(), AT_ONCE * 2, of_one=OF_ONE)

    async def _serve(self, account_id: str, webhook_id: str) -> bool:
        """One turn of a webhook. False: there was nothing to do, or somebody else does it."""
        try:
            async with self._database.writing() as db:
                await accounts.lock(db, [account_id])
                turn = await webhooks.claim(
                    db, account_id, webhook_id, by=self._name, now=self._clock()
                )
            if turn is None:
                return False
            attempts = await self._post_all(turn)
            async with self._database.writing() as db:
                await accounts.lock(db, [account_id])
                return await webhooks.record(
                    db, turn, attempts, by=self._name, waits=self._waits, now=self._clock()
                )
        except Exception as fault:  # its lease ends by itself
            log.warning("webhook_turn_failed", webhook=webhook_id, why=type(fault).__name__)
            if refusal_for(fault) is None:
                log.exception("webhook_failed", webhook=webhook_id)
            return False

    async def _post_all(self, turn: Turn) -> list[Attempt]:
        """Post in order, until one fails or it is time to write down what came of it."""
        attempts: list[Attempt] = []
        until = time.monotonic() + TURN
        for parcel in turn.parcels:
            attempt = await self._post(turn, parcel.delivery.event_id, parcel.payload)
            attempts.append(attempt)
            failed = not attempt.well and parcel.payload is not None
            if failed or time.monotonic() > until or self._stopped.is_set():
                break
        return attempts

    async def _post(self, turn: Turn, event_id: str, payload: object) -> Attempt:
        at, began = self._clock(), time.monotonic()
        status, body, error = None, b"", ""
        if payload is None:
            return Attempt(at, None, "", webhooks.NOT_KEPT, 0)
        content = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        try:
            signed_with = webhooks.secrets_of(turn.webhook, secret=self._secret, now=at)
            headers = {
                "content-type": "application/json",
                "user-agent": "Hosted-Inbox-Webhooks/1",
                **webhooks.headers(event_id, int(at.timestamp()), content, signed_with),
            }
            answer = await self._guard.post(turn.webhook.url, headers, content)
            status, body = answer.status, answer.body
            if 300 <= status < 400:
                error = "Redirects are not followed."
        except (Refused, Refusal) as refusal:
            error = str(refusal)
        except TimeoutError:
            error = "There was no answer in time."
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as fault:
            error = f"There was no answer: {str(fault)[:200] or type(fault).__name__}"
        except httpcore.TimeoutException:
            error = "There was no answer in time."
        except Exception as fault:  # noqa: BLE001 - a stranger's server must not stop the others
            error = f"It could not be sent: {type(fault).__name__}"
        text = body[:BODY_KEPT].decode("utf-8", "replace").replace("\0", "\ufffd")
        milliseconds = round((time.monotonic() - began) * 1000)
        return Attempt(at, status, text, error, milliseconds)
