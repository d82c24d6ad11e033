"""
A load generator for SMTP: varied mails over many sessions, several mails a session.

As a program: `python -m bench.smtp_load --port P --recipient A --mails 2000 --sessions 50`, with a
JSON object as its result. As a library: `await run(Load(…))`. Commands are not pipelined, as most
forwarding mail servers do it; a session ends after `mails_per_session` mails and a new one begins.
The mails differ in sender, subject, Message-ID and structure. Only for the loopback address.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

_WORDS = (
    "order invoice delivery question printer password account refund thanks broken Tuesday please "
    "address number attached screen again customer quickly shipment warranty offer meeting"
).split()
_NAMES = ("Ann Lee", "Bob Stone", "Chloé Martin", "Dmitri Orlov", "Eva Nováková", "Fatima Zahra")


@dataclass(frozen=True, slots=True)
class Load:
    """What is sent. `attachment` octets of base64 go into every multipart mail."""

    port: int
    recipients: tuple[str, ...]
    mails: int = 2000
    sessions: int = 50
    mails_per_session: int = 20
    size: int = 4096
    attachment: int = 0
    host: str = "127.0.0.1"
    server_pid: int | None = None
    seed: int = 1
    timeout: float = 30


@dataclass(slots=True)
class Result:
    """What came of it. Latency is from MAIL to the reply to the mail, in seconds."""

    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    replies: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    server_cpu_seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        done = len(self.latencies)
        ordered = sorted(self.latencies) or [0.0]
        cpu = self.server_cpu_seconds
        return {
            "mails": done,
            "seconds": round(self.seconds, 3),
            "mails_per_second": round(done / self.seconds, 1) if self.seconds else 0,
            "p50_ms": round(1000 * ordered[len(ordered) // 2], 2),
            "p99_ms": round(1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 2),
            "max_ms": round(1000 * ordered[-1], 2),
            "server_cpu_ms_per_mail": None
            if not done or cpu is None
            else round(1000 * cpu / done, 3),
            "replies": dict(self.replies),
            "faults": dict(self.faults),
        }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its waited-for children, from /proc."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def mails(load: Load) -> Iterator[bytes]:
    """The mails with dot-stuffing and the end of DATA, all different, the same for one seed."""
    chance = random.Random(load.seed)
    for number in range(load.mails):
        yield _mail(number, load, chance).replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _mail(number: int, load: Load, chance: random.Random) -> bytes:
    name = chance.choice(_NAMES)
    host = f"shop{number % 97}.example"
    sender = f"person{chance.randrange(5000)}@{host}"
    subject = f"{' '.join(chance.choices(_WORDS, k=5))} {load.seed}-{number}"
    head = [
        f"Received: from mail.{host} (mail.{host} [192.0.2.{number % 250}])",
        f"\tby mx.acme.example with ESMTPS id {chance.getrandbits(64):016x};",
        "\tTue, 24 Nov 2026 10:00:00 +0000",
        f"From: {_word(name)} <{sender}>",
        "To: Acme Support <support@acme.example>",
        f"Subject: {subject}",
        f"Message-ID: <{load.seed}.{number}.{chance.getrandbits(48):012x}@{host}>",
        "Date: Tue, 24 Nov 2026 10:00:00 +0000",
        "MIME-Version: 1.0",
    ]
    if number % 5 == 4:
        head.append(f"In-Reply-To: <{chance.getrandbits(48):012x}@mx.acme.example>")
    body = _multipart(number, load, chance) if number % 2 else _plain(load.size, chance)
    return "\r\n".join(head + body).encode() + b"\r\n"


def _word(name: str) -> str:
    return name if name.isascii() else f"=?utf-8?q?{'_'.join(_quoted(w) for w in name.split())}?="


def _quoted(word: str) -> str:
    return "".join(c if c.isascii() else "".join(f"={b:02X}" for b in c.encode()) for c in word)


def _lines(octets: int, chance: random.Random) -> list[str]:
    lines: list[str] = []
    while octets > 0:
        lines.append(" ".join(chance.choices(_WORDS, k=9)))
        octets -= len(lines[-1]) + 2
    return lines


def _plain(size: int, chance: random.Random) -> list[str]:
    kind = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", ""]
    return [*kind, *_lines(size - 750, chance)]


def _multipart(number: int, load: Load, chance: random.Random) -> list[str]:
    mark = f"mark-{number}-{chance.getrandbits(32):08x}"
    text = _lines((load.size - 1100) // 2, chance)
    kind = "mixed" if load.attachment else "alternative"
    lines = [f'Content-Type: multipart/{kind}; boundary="{mark}"', ""]
    lines += [f"--{mark}", "Content-Type: text/plain; charset=utf-8", "", *text]
    lines += [f"--{mark}", "Content-Type: text/html; charset=utf-8", "", "<html><body>"]
    lines += [f"<p>{line}</p>" for line in text] + ["</body></html>"]
    if load.attachment:
        lines += [f"--{mark}", 'Content-Type: application/pdf; name="invoice.pdf"']
        lines += ['Content-Disposition: attachment; filename="invoice.pdf"']
        lines += ["Content-Transfer-Encoding: base64", ""]
        lines += [f"{chance.getrandbits(304):076x}" for _ in range(load.attachment // 78)]
    return [*lines, f"--{mark}--"]


class _Refused(Exception):
    """The server said something else than was hoped for."""


class _Session:
    """One SMTP connection as a client."""

    def __init__(self, load: Load, number: int, result: Result) -> None:
        self._load = load
        self._number = number
        self._result = result

    async def send(self, waiting: Iterator[bytes]) -> bool:
        """Sends up to `mails_per_session` mails. False when there are none left."""
        self._reader, self._writer = await asyncio.open_connection(self._load.host, self._load.port)
        try:
            await self._reply("220")
            await self._say(b"EHLO load.example\r\n", "250")
            for _ in range(self._load.mails_per_session):
                mail = next(waiting, None)
                if mail is None:
                    return False
                await self._one(mail)
            await self._say(b"QUIT\r\n", "221")
            return True
        finally:
            self._writer.close()

    async def _one(self, mail: bytes) -> None:
        self._number += 1
        recipient = self._load.recipients[self._number % len(self._load.recipients)]
        begun = time.perf_counter()
        sender = f"bounce-{self._number}@shop{self._number % 97}.example"
        await self._say(f"MAIL FROM:<{sender}> SIZE={len(mail)}\r\n".encode(), "250")
        await self._say(f"RCPT TO:<{recipient}>\r\n".encode(), "250")
        await self._say(b"DATA\r\n", "354")
        await self._say(mail, "250")
        self._result.latencies.append(time.perf_counter() - begun)

    async def _say(self, octets: bytes, hoped: str) -> None:
        self._writer.write(octets)
        await self._reply(hoped)

    async def _reply(self, hoped: str) -> None:
        async with asyncio.timeout(self._load.timeout):
            line = await self._reader.readline()
            while line[3:4] == b"-":
                line = await self._reader.readline()
        code = line[:3].decode("ascii", "replace")
        self._result.replies[code] += 1
        if code != hoped:
            raise _Refused(line.decode("utf-8", "replace").strip() or "connection closed")


async def run(load: Load) -> Result:
    """Sends the whole load and measures. A session that fails is counted and replaced."""
    if not ipaddress.ip_address(load.host).is_loopback:
        raise ValueError("the load generator only sends to the loopback address")
    result = Result()
    prepared = iter(list(mails(load)))
    cpu = cpu_seconds(load.server_pid) if load.server_pid else 0.0
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(load.sessions):
            group.create_task(_keep_sending(load, number * 1_000_000, result, prepared))
    result.seconds = time.perf_counter() - begun
    if load.server_pid:
        result.server_cpu_seconds = cpu_seconds(load.server_pid) - cpu
    return result


async def _keep_sending(load: Load, number: int, result: Result, prepared: Iterator[bytes]) -> None:
    more = True
    while more:
        try:
            more = await _Session(load, number, result).send(prepared)
        except (_Refused, OSError, TimeoutError) as fault:
            # The mail is not sent again, so a server that refuses everything ends the run, too.
            result.faults[f"{type(fault).__name__}: {fault}"[:100]] += 1
            more = sum(result.faults.values()) < 100
        number += load.mails_per_session


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--recipient", action="append", required=True)
    parser.add_argument("--mails", type=int, default=2000)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--mails-per-session", type=int, default=20)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--attachment", type=int, default=0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pid", type=int, help="process of the server, to measure its CPU time")
    return parser.parse_args()


def main() -> None:
    given = _arguments()
    load = Load(
        port=given.port,
        host=given.host,
        recipients=tuple(given.recipient),
        mails=given.mails,
        sessions=given.sessions,
        mails_per_session=given.mails_per_session,
        size=given.size,
        attachment=given.attachment,
        server_pid=given.pid,
        seed=given.seed,
    )
    print(json.dumps(uvloop.run(run(load)).as_json(), indent=2))


if __name__ == "__main__":
    main()
