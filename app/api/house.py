"""What the HTTP door needs of the process: opened in `main`, found on `app.state.house`."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.core import Metric

from app.db import Database
from app.domain.accounts import HostedRoots
from app.domain.sender_identity import Post
from app.mail import tokens
from app.resolver import Resolver
from app.settings import Settings
from app.store import BlobStore
from app.wakeups import Wakeups

LARGE_AT_ONCE = 2


class KeyUses:
    """API keys that were used since the clock last wrote it down."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def note(self, key_id: str) -> None:
        """Remember that the key was used."""
        self._used.add(key_id)

    def take(self) -> set[str]:
        """The keys used since the last call."""
        used, self._used = self._used, set()
        return used


@dataclass(frozen=True, slots=True)
class Standing:
    """Requests that a key may make at once, those that are left, seconds until all are back."""

    limit: int
    left: int
    reset: int


class Limiter:
    """A token bucket for each key (per process): `rate` a second, bursts of ten seconds' worth."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key_id: str, now: float) -> float:
        """Take a token: 0 when there was one, else the seconds until there is."""
        if not self._rate:
            return 0.0
        burst = self._rate * 10.0
        if len(self._buckets) > 10_000:
            self._buckets.clear()
        tokens, at = self._buckets.get(key_id, (burst, now))
        tokens = min(burst, tokens + (now - at) * self._rate)
        if tokens < 1.0:
            self._buckets[key_id] = (tokens, now)
            return (1.0 - tokens) / self._rate
        self._buckets[key_id] = (tokens - 1.0, now)
        return 0.0

    def standing(self, key_id: str, now: float) -> Standing | None:
        """What is left to the key; None when nothing is limited."""
        if not self._rate:
            return None
        burst = self._rate * 10
        tokens, at = self._buckets.get(key_id, (float(burst), now))
        left = min(float(burst), tokens + (now - at) * self._rate)
        return Standing(burst, int(left), math.ceil((burst - left) / self._rate))


class Streams:
    """The open streams of this process: so many for each key, and all of them end at its end."""

    def __init__(self, most: int = 10) -> None:
        self.most = most
        self.ended = False
        self._open: Counter[str] = Counter()

    def enter(self, key_id: str) -> bool:
        """One more stream of this key, unless it has as many as it may."""
        if self._open[key_id] >= self.most:
            return False
        self._open[key_id] += 1
        return True

    def leave(self, key_id: str) -> None:
        """One less."""
        self._open[key_id] -= 1
        if not self._open[key_id]:
            del self._open[key_id]


@dataclass(slots=True)
class House:
    """The opened parts of the process."""

    settings: Settings
    database: Database
    store: BlobStore
    secret: bytes
    limiter: Limiter
    wakeups: Wakeups
    resolver: Resolver
    streams: Streams = field(default_factory=Streams)
    key_uses: KeyUses = field(default_factory=KeyUses)
    large_mails: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))
    """Turns for what holds a large mail in memory, and a processor, before its transaction."""
    health: dict[str, Callable[[], Coroutine[Any, Any, str]]] = field(default_factory=dict)
    numbers: list[Callable[[], Iterable[Metric]]] = field(default_factory=list)
    """What other doors have counted, read when /metrics is."""
    notes: list[Callable[[], str]] = field(default_factory=list)
    """What an operator should know at the moment, for the health page; empty: nothing."""

    @property
    def post(self) -> Post:
        """What those who write mail need."""
        return post_of(self.settings, self.secret, self.store)


def post_of(settings: Settings, secret: bytes, store: BlobStore) -> Post:
    """The Post that the settings describe."""
    return Post(
        keys=tokens.keys_from(secret),
        secret=secret,
        store=store,
        roots=HostedRoots(paid=settings.paid_root, free=settings.free_root),
        base_url=settings.base_url,
        size_limit=settings.message_size_limit,
    )
