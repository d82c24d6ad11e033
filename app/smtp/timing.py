"""
The time limits of one SMTP session: silence, and one limit for whatever is under way as a whole.

Renewing a limit only writes down a number; the timer rings when the earliest limit was due at the
time it was set, and looks again. So a command costs no timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_NEVER = float("inf")


class TimeLimits:
    """Limits in seconds on the clock of the loop. After `finally_after` or `stop` they are over."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        idle_seconds: float,
        *,
        is_ours: Callable[[], bool],
        on_idle: Callable[[], None],
    ) -> None:
        """While `is_ours` it is not the client who lets wait, and silence is not counted."""
        self._loop = loop
        self._idle_seconds = idle_seconds
        self._is_ours = is_ours
        self._on_idle = on_idle
        self._too_late: Callable[[], None] = on_idle
        self._idle_until = self._total_until = self._rings_at = _NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def renew(self, seconds: float | None = None) -> None:
        """The client has been heard; from now on its silence counts."""
        self._idle_until = self._loop.time() + (seconds or self._idle_seconds)
        self._ring_at(self._idle_until)

    def limit(self, seconds: float, too_late: Callable[[], None]) -> None:
        """From now on there are so many seconds, whatever the client does."""
        self._total_until = self._loop.time() + seconds
        self._too_late = too_late
        self._ring_at(self._total_until)

    def lift(self) -> None:
        """Ends what `limit` began."""
        self._total_until = _NEVER

    @property
    def left(self) -> float:
        """Seconds of the limit that is in force, else infinite."""
        return self._total_until - self._loop.time()

    def finally_after(self, seconds: float, then: Callable[[], object]) -> None:
        """Nothing counts any more but this."""
        self.stop()
        self._timer = self._loop.call_later(seconds, then)

    def stop(self) -> None:
        """The session is gone."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_at(self, when: float) -> None:
        if when < self._rings_at and not self._over:
            if self._timer is not None:
                self._timer.cancel()
            self._rings_at = when
            self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        now, self._rings_at = self._loop.time(), _NEVER
        idle_until = _NEVER if self._is_ours() else self._idle_until
        if now >= self._total_until:
            self.lift()
            self._too_late()
        elif now >= idle_until:
            self._on_idle()
        due = min(idle_until, self._total_until)
        self._ring_at(due if due > now else now + self._idle_seconds)
