"""Mail servers as they are: what was not acknowledged is tried again, until it is."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from tests.builders import mail

PATIENCE = 60.0  # seconds after which a test gives up; nothing waits that long when all is well
LARGE = 64 * 1024  # octets; larger mail lies in the blob store


class TryLaterError(Exception):
    """The server said 4yz."""


@dataclass(slots=True)
class Letter:
    """A mail that somebody wants to have delivered, and what he was told."""

    message_id: str
    raw: bytes
    recipient: str
    acknowledged: list[str] = field(default_factory=list)
    """The ids in the 250."""
    refusals: list[str] = field(default_factory=list)


def letters(recipient: str, number: int, *, seed: int = 1, large_every: int = 5) -> list[Letter]:
    """Mails of different people; each `large_every`th goes into the blob store (0: none)."""
    chance = random.Random(seed)
    made = []
    for count in range(number):
        message_id = f"<{seed}.{count}@customer.example>"
        large = large_every and count % large_every == 0
        lines = (LARGE // 64 + chance.randrange(500)) if large else chance.randrange(1, 40)
        raw = mail(
            "\n".join(f"{chance.getrandbits(248):063x}" for _ in range(lines)),
            sender=f"Customer {count} <person{seed}.{count}@customer.example>",
            subject=f"Question {seed}.{count}",
            message_id=message_id,
        )
        made.append(Letter(message_id, raw, recipient))
    return made


@dataclass(slots=True)
class MailServer:
    """Delivers letters to a port of the loopback, many at a time, until each is acknowledged."""

    port: int
    sessions: int = 200
    waiting: int = 0
    """Mails that were sent to their end and have no answer yet."""
    acknowledged: int = 0
    broken: int = 0
    """Sessions that ended in the middle of something."""
    watch: Callable[[], Awaitable[None]] | None = None
    """Called after each step of a delivery."""
    reachable: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared by a test that takes the service away: nobody knocks meanwhile."""
    deferred: asyncio.Event = field(default_factory=asyncio.Event)
    """Set as soon as a mail was told 4yz."""
    tries_per_second: float = 20.0

    async def deliver(self, post: Sequence[Letter], patience: float = PATIENCE) -> None:
        """Every letter is acknowledged when this returns. Raises TimeoutError with what is not."""
        self.reachable.set()
        places = asyncio.Semaphore(self.sessions)
        try:
            async with asyncio.timeout(patience), asyncio.TaskGroup() as group:
                for letter in post:
                    group.create_task(self._until_acknowledged(letter, places))
        except TimeoutError as late:
            left = [letter for letter in post if not letter.acknowledged]
            told = sorted({refusal for letter in left for refusal in letter.refusals[-1:]})
            raise TimeoutError(
                f"{len(left)} of {len(post)} mails are not acknowledged; {self.waiting} wait for "
                f"an answer, {self.broken} sessions broke, last refusals: {told}"
            ) from late

    async def _until_acknowledged(self, letter: Letter, places: asyncio.Semaphore) -> None:
        while not letter.acknowledged:
            await self.reachable.wait()
            async with places:
                try:
                    await self.try_once(letter)
                except TryLaterError as refusal:
                    letter.refusals.append(str(refusal))
                    self.deferred.set()
                except (OSError, asyncio.IncompleteReadError):
                    self.broken += 1
            if not letter.acknowledged:
                await asyncio.sleep(1 / self.tries_per_second)  # a mail server's retry interval

    async def try_once(self, letter: Letter) -> None:
        """One session with one mail. Raises TryLaterError for 4yz, AssertionError for 5yz."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await _expect(reader, "220")
            for command, hoped in (
                ("EHLO forwarder.example", "250"),
                ("MAIL FROM:<bounces@forwarder.example>", "250"),
                (f"RCPT TO:<{letter.recipient}>", "250"),
                ("DATA", "354"),
            ):
                writer.write(f"{command}\r\n".encode())
                await _expect(reader, hoped)
            writer.write(letter.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            await writer.drain()
            self.waiting += 1
            try:
                await self._look()
                reply = await _expect(reader, "250")
            finally:
                self.waiting -= 1
            letter.acknowledged.extend(re.findall(r"rcv_[0-9a-f]+", reply))
            assert letter.acknowledged, reply
            self.acknowledged += 1
            await self._look()
            writer.write(b"QUIT\r\n")
        finally:
            writer.close()

    async def _look(self) -> None:
        if self.watch is not None:
            await self.watch()


async def _expect(reader: asyncio.StreamReader, hoped: str) -> str:
    lines = [await reader.readuntil()]
    while lines[-1][3:4] == b"-":
        lines.append(await reader.readuntil())
    reply = b"".join(lines).decode()
    if reply[0] == "4":
        raise TryLaterError(reply.strip())
    assert reply.startswith(hoped), reply
    return reply
