"""
Sessions with one server, kept open and used again, at most so many at a time.

A server that grants fewer connections than we want gets fewer. Deliberately not here: which server
(`relay`, `mx`).
"""

from __future__ import annotations

import asyncio
import time

from app.domain.outbox import DEFERRED
from app.worker.letters import Away, Letter, Outcome
from app.worker.session import BrokenOff, Server, Session, open_session

LETTERS = 100  # in one session
IDLE_SECONDS = 20.0  # after which a session is closed; many servers wait no longer than that
FEWER_SECONDS = 60.0  # that we make do with the connections a server has granted


class Pool:
    """The sessions with one server."""

    def __init__(self, server: Server, at_once: int) -> None:
        self.server = server
        self._at_once = at_once
        self._fewer: tuple[int, float] = (at_once, 0.0)
        self._idle: list[Session] = []
        self._open = 0
        self._freed = asyncio.Condition()

    @property
    def busy(self) -> bool:
        """Is anything under way?"""
        return self._open > len(self._idle)

    @property
    def empty(self) -> bool:
        """Is no session open?"""
        return self._open == 0

    async def deliver(self, letter: Letter) -> Outcome:
        """
        What the server says to the letter, waiting for a free session. Raises Away.

        A session that ended while nobody used it costs the letter nothing: it goes with another.
        """
        while True:
            session = await self._take()
            try:
                outcome = await session.send(letter)
            except BrokenOff as broken:
                await self._put(session, usable=False)
                if not broken.fresh:
                    return Outcome(DEFERRED, str(broken))
            except BaseException:
                session.close()  # in the middle of something: there is no leave to be taken
                await self._put(session, usable=False)
                raise
            else:
                usable = session.usable and session.letters < LETTERS
                await self._put(session, usable=usable)
                return outcome

    async def check(self) -> None:
        """A session can be had. Raises Away."""
        await self._put(await self._take(), usable=True)

    async def tidy(self, idle: float = IDLE_SECONDS) -> None:
        """Sessions that nobody has used for so many seconds take leave."""
        limit = time.monotonic() - idle
        old = [one for one in self._idle if one.used_at <= limit or not one.usable]
        self._idle = [one for one in self._idle if one not in old]
        await asyncio.gather(*(one.quit() for one in old))
        self._open -= len(old)
        async with self._freed:
            self._freed.notify_all()

    async def close(self) -> None:
        """Idle sessions take leave; those in use are closed by who uses them."""
        await self.tidy(idle=0)

    def _limit(self) -> int:
        most, until = self._fewer
        return most if until > time.monotonic() else self._at_once

    async def _take(self) -> Session:
        while True:
            async with self._freed:
                await self._freed.wait_for(lambda: self._idle or self._open < self._limit())
                while self._idle:
                    session = self._idle.pop()
                    if session.usable:
                        return session
                    self._open -= 1
                self._open += 1
            try:
                return await open_session(self.server)
            except Away:
                if not await self._do_with_fewer():
                    raise
            except BaseException:
                await self._forget()
                raise

    async def _do_with_fewer(self) -> bool:
        """One more was refused. Are there others in use? Then those have to do for a while."""
        await self._forget()
        if self._open == 0:
            return False
        self._fewer = (self._open, time.monotonic() + FEWER_SECONDS)
        return True

    async def _forget(self) -> None:
        async with self._freed:
            self._open -= 1
            self._freed.notify_all()

    async def _put(self, session: Session, *, usable: bool) -> None:
        if not usable:
            if session.usable:
                await session.quit()
            else:
                session.close()
            await asyncio.shield(self._forget())
            return
        async with self._freed:
            self._idle.append(session)
            self._freed.notify()
