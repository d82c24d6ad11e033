"""Group work: what concurrent callers hand in while one round runs is done together in the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gatherer(Generic[Item, Result]):
    """
    Hands waiting items to `work` as one list, never two rounds at a time.

    `work` gives a result or an exception for each item in order, or raises for all of them. A
    caller that goes away takes nothing with it: the round that holds its item runs to its end.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        limit: int,
    ) -> None:
        self._work = work
        self._limit = limit
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> Result:
        """The result for this item, once its round is over. Raises what the round gave for it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await future

    async def idle(self) -> None:
        """Nothing is waiting and nothing runs when this returns."""
        while self._running is not None:
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        try:
            while self._waiting:
                round_, self._waiting = (
                    self._waiting[: self._limit],
                    self._waiting[self._limit :],
                )
                await self._round(round_)
        finally:
            self._running = None

    async def _round(self, round_: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await self._work([item for item, _ in round_])
        except Exception as fault:  # noqa: BLE001 - every caller gets it
            results = [fault] * len(round_)
        for (_, future), result in zip(round_, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
