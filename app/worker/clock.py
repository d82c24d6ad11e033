"""The clock: jobs that are due again and again, one at a time, each with its own pause."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

SELDOM = 60.0  # seconds
AFTER_START = 10.0
LAST_WORDS = 2.0  # seconds for the jobs at the end


@dataclass(slots=True)
class Job:
    """Something to do every `every` seconds; a fault is logged and tried again at the next turn."""

    name: str
    every: float
    run: Callable[[], Awaitable[None]]
    due: float = 0.0
    at_end: bool = False  # once more when the clock stops


class Clock:
    """Runs jobs until it is stopped."""

    def __init__(self, jobs: list[Job]) -> None:
        self._jobs = jobs
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.beat = time.monotonic()

    def start(self) -> None:
        """Begin; `stop` ends it. What is seldom done is not done first thing."""
        for job in self._jobs:
            if job.every >= SELDOM:
                job.due = time.monotonic() + AFTER_START
        self._task = asyncio.create_task(self._run())

    def wind_down(self) -> None:
        """No more job is begun."""
        self._stopped.set()

    async def stop(self, grace: float = 20) -> None:
        """
        The running job ends within `grace` seconds, or is undone as far as it is not committed.

        Those `at_end` run once more, so that nothing noted is lost.
        """
        self.wind_down()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=grace)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                for job in self._jobs:
                    if job.at_end:
                        await self._run_one(job)

    async def _run(self) -> None:
        while not self._stopped.is_set():
            now = self.beat = time.monotonic()
            for job in self._jobs:
                if job.due <= now and not self._stopped.is_set():
                    await self._run_one(job)
                    job.due = time.monotonic() + job.every
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._stopped.wait()

    @staticmethod
    async def _run_one(job: Job) -> None:
        try:
            await job.run()
        except Exception:  # the next turn tries again
            log.exception("job_failed", job=job.name)
