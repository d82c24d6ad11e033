"""A receiver of webhooks on the loopback: a real HTTP server that keeps what it was sent."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """One request."""

    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The JSON of its body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """Does one of the signatures fit, as a receiver would see it?"""
        content = b".".join(
            [
                self.headers["webhook-id"].encode(),
                self.headers["webhook-timestamp"].encode(),
                self.body,
            ]
        )
        key = base64.b64decode(secret.removeprefix("whsec_"))
        due = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        return due in self.headers["webhook-signature"].split(" ")


Answer = tuple[int, bytes] | bytes | None  # status and body, raw octets, or no answer at all


@dataclass(slots=True)
class Receiver:
    """What came, and what is answered: `answer` is asked with every request."""

    port: int = 0
    requests: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Answer] = lambda _: (200, b"thanks")
    came: asyncio.Event = field(default_factory=asyncio.Event)
    open: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook?a=b"

    @property
    def numbers(self) -> list[int]:
        """The sequence numbers of what came."""
        return [one.event["sequence"] for one in self.requests]

    async def count(self, wanted: int) -> list[Received]:
        """The requests, when there are so many."""
        async with asyncio.timeout(20):
            while len(self.requests) < wanted:
                self.came.clear()
                await self.came.wait()
        return self.requests

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self.open[writer] = task
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                pairs = [line.partition(": ") for line in head[1:] if line]
                headers = {name.lower(): value for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                received = Received(head[0].split(" ")[1], headers, body)
                answer = self.answer(received)
                self.requests.append(received)
                self.came.set()
                if answer is None:
                    await reader.read()
                    break
                if isinstance(answer, tuple):
                    status, text = answer
                    line = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\n"
                    answer = f"{line}Location: http://127.0.0.1:{self.port}/else\r\n\r\n".encode()
                    answer += text
                writer.write(answer)
                await writer.drain()
        writer.close()
        self.open.pop(writer, None)


@contextlib.asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver, listening within the block."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for writer in list(receiver.open):
            writer.close()
        await asyncio.gather(*receiver.open.values(), return_exceptions=True)
