"""
The event log as a stream of server-sent events (HTML Living Standard, 9.2).

While a stream waits it holds no transaction: it reads a piece in one of its own, hands that over,
and reads on when the client has taken it. So a slow client costs a piece and no more.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.house import House
from app.api.problems import problem
from app.api.unit_of_work import Caller
from app.db import refusal_for
from app.domain import accounts, events
from app.errors import Refusal

log = structlog.get_logger()

PIECE = 100  # events that are read at once
HEARTBEAT = 15.0  # seconds without an event after which a comment shows that the stream lives
LOOK = 5.0  # seconds after which we look without having been told
RECONNECT = 2000  # milliseconds that a client waits before it comes again
MEDIA_TYPE = "text/event-stream"


class EventView(BaseModel):
    """One thing that happened; `sequence` counts within the account, without gaps."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    sequence: int = Field(description="Counts within the account, without gaps.")
    type: str = Field(description="Such as `message.received`.")
    created_at: datetime
    data: dict[str, Any] = Field(description="Ids and facts; what they are depends on the type.")


@dataclass(frozen=True, slots=True)
class Following:
    """What a stream follows: whose log, from where, which types."""

    caller: Caller
    after: int
    types: Collection[str]


class EventStream(StreamingResponse):
    """The answer; it counts for its key from the first octet to the last."""

    def __init__(self, request: Request, house: House, following: Following) -> None:
        super().__init__(
            _frames(house, following),
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._request, self._streams = request, house.streams
        self._key_id = following.caller.key_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the client leaves or the stream ends; 429 when the key has enough."""
        if not self._streams.enter(self._key_id):
            words = f"This key has {self._streams.most} streams open already."
            refusal = problem(
                self._request,
                429,
                words,
                "events.too_many_streams",
                headers={"Retry-After": "5"},
            )
            await refusal(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.leave(self._key_id)


async def _frames(house: House, following: Following) -> AsyncIterator[bytes]:
    """The frames, until the time of a stream is over, the key is revoked or the process ends."""
    account_id, after = following.caller.account_id, following.after
    ends = time.monotonic() + house.settings.event_stream_seconds
    said = time.monotonic()
    yield b"retry: %d\n\n" % RECONNECT
    with house.wakeups.watching(account_id) as news:
        while not house.streams.ended and time.monotonic() < ends:
            news.clear()
            piece = await _next(house, following, after)
            if piece is None:
                return
            after = piece.next_after
            if piece.items:
                yield b"".join(map(_frame, piece.items))
                said = time.monotonic()
            if piece.more or house.streams.ended:
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0, min(LOOK, ends - time.monotonic()))):
                    await news.wait()
            if time.monotonic() - said >= HEARTBEAT:
                yield b": still here\n\n"
                said = time.monotonic()


async def _next(house: House, following: Following, after: int) -> events.Piece | None:
    """The next piece, in a transaction of its own; None: the stream cannot go on."""
    caller = following.caller
    try:
        async with house.database.reading() as db:
            await accounts.get_key(db, caller.account_id, caller.key_id)  # NotFound: revoked
            return await events.list_events(
                db, caller.account_id, after=after, limit=PIECE, types=following.types
            )
    except Refusal as refusal:
        log.info("event_stream_ended", why=refusal.code)
    except Exception as fault:
        if refusal_for(fault) is None:
            raise
        log.warning("event_stream_ended", why=type(fault).__name__)
    return None


def _frame(event: events.Event) -> bytes:
    """`data` is JSON in one line, so that no line of it can look like a field."""
    view = EventView.model_validate(event).model_dump_json()
    return f"id: {event.sequence}\nevent: {event.type}\ndata: {view}\n\n".encode()
