"""
Somebody else's mail server, in the test's own loop: keeps what it is given, answers as it is told.

    async with sink() as there:
        there.refuse("RCPT", "550 5.1.1 No such user", who="bob@customer.example")
        …
        await there.received(1)
        sender, recipients, octets = there.mails[0]
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

Mail = tuple[str, list[str], bytes]
PATIENCE = 30.0  # seconds after which a test gives up


@dataclass(slots=True)
class Answer:
    """What is said instead of yes; None: the connection is cut there."""

    stage: str
    reply: str | None
    who: str | None
    times: int


@dataclass(slots=True)
class Sink:
    """A mail server and what it has seen."""

    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    """Reverse-path, recipients and octets of each mail that was answered with 250."""
    commands: list[str] = field(default_factory=list)
    """Every command line of every session, in order."""
    sessions: int = 0
    open_sessions: int = 0
    most_open: int = 0
    logins: list[str] = field(default_factory=list)
    tls: list[str] = field(default_factory=list)
    """For each mail the TLS version it came over, else ""."""
    latency: float = 0.0
    """Seconds between the end of a mail and the answer to it."""
    answers: list[Answer] = field(default_factory=list)
    transports: set[asyncio.BaseTransport] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """As a setting names it."""
        return f"smtp://127.0.0.1:{self.port}"

    def refuse(
        self, stage: str, reply: str | None, *, who: str | None = None, times: int = 10**9
    ) -> None:
        """
        Say this at a stage: CONNECT, EHLO, MAIL, RCPT, DATA (instead of 354), END (of the mail).

        `who`: only to this recipient (RCPT), or for mail to him. `times`: so often, then yes again.
        """
        self.answers.append(Answer(stage, reply, who, times))

    def relent(self) -> None:
        """Say yes to everything from now on."""
        self.answers.clear()

    def hang_up(self) -> None:
        """Cut every connection that is open."""
        for transport in list(self.transports):
            transport.abort()  # type: ignore[attr-defined]

    async def received(self, number: int, patience: float = PATIENCE) -> list[Mail]:
        """The mails, as soon as there are so many. Raises TimeoutError."""
        async with asyncio.timeout(patience):
            while len(self.mails) < number:
                self.changed.clear()
                await self.changed.wait()
        return self.mails

    async def seen(self, command: str, number: int = 1, patience: float = PATIENCE) -> None:
        """Returns when so many commands of that kind have come. Raises TimeoutError."""
        async with asyncio.timeout(patience):
            while sum(one.upper().startswith(command) for one in self.commands) < number:
                self.changed.clear()
                await self.changed.wait()

    def note(self) -> None:
        """Wake those who wait for something."""
        self.changed.set()

    def answer(self, stage: str, *whom: str) -> Answer | None:
        """What was told to be said here; None: yes."""
        for one in self.answers:
            if one.stage == stage and one.times > 0 and (one.who is None or one.who in whom):
                one.times -= 1
                return one
        return None


class _Session(SMTP):
    """aiosmtpd, but for the places where it has to be rude."""

    def __init__(self, kept: Sink, **options: Any) -> None:
        self._kept = kept
        self._greeted = False
        super().__init__(self, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._greeted:
            self._kept.sessions += 1
            self._kept.open_sessions += 1
            self._kept.most_open = max(self._kept.most_open, self._kept.open_sessions)
        self._kept.transports.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._kept.open_sessions -= 1
        if self.transport is not None:
            self._kept.transports.discard(self.transport)
        super().connection_lost(error)

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            told = self._kept.answer("CONNECT")
            if told is not None:
                await self._say(told)
                if self.transport is not None:
                    self.transport.close()
                return
        await super().push(status)

    async def _say(self, told: Answer) -> None:
        if told.reply is None:
            if self.transport is not None:
                self.transport.abort()  # type: ignore[attr-defined]
        else:
            await super().push(told.reply)

    async def _refused(self, command: str, stage: str, *whom: str) -> bool:
        self._kept.commands.append(command)
        self._kept.note()
        told = self._kept.answer(stage, *whom)
        if told is not None:
            await self._say(told)
        return told is not None

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        if not await self._refused(f"EHLO {hostname}", "EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._refused(f"MAIL {arg}", "MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        whom = (arg or "").partition("<")[2].partition(">")[0]
        if not await self._refused(f"RCPT {arg}", "RCPT", whom):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: str) -> None:  # noqa: N802
        self._kept.commands.append("RSET")
        await super().smtp_RSET(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        self._kept.commands.append("QUIT")
        await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        whom = self.envelope.rcpt_tos if self.envelope else []
        told = self._kept.answer("DATA", *whom)
        self._kept.commands.append("DATA")
        self._kept.note()
        if told is None:
            await super().smtp_DATA(arg)
        elif told.reply is None:  # cut while the mail is on its way
            await super().push("354 Go on")
            await self._reader.read(100)
            await self._say(told)
        else:
            await self._say(told)

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self._kept.latency:
            await asyncio.sleep(self._kept.latency)
        told = self._kept.answer("END", *envelope.rcpt_tos)
        if told is not None:
            if told.reply is None:
                await self._say(told)
            return told.reply or "451 4.0.0 Gone"
        assert isinstance(envelope.content, bytes)
        self._kept.mails.append(
            (envelope.mail_from or "", list(envelope.rcpt_tos), envelope.content)
        )
        tls = session.ssl is not None and self.transport is not None
        secure = self.transport.get_extra_info("ssl_object") if tls and self.transport else None
        self._kept.tls.append(secure.version() if secure else "")
        self._kept.note()
        return "250 2.0.0 Ok: queued as 4711"


@contextlib.asynccontextmanager
async def sink(
    *,
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    implicit_tls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    smtputf8: bool = True,
    size_limit: int = 40_000_000,
    host: str = "127.0.0.1",
) -> AsyncIterator[Sink]:
    """A mail server on the loopback within the block; with `login` it takes mail of that one."""
    kept = Sink()
    loop = asyncio.get_running_loop()

    def allowed(_server: SMTP, _session: Session, _envelope: Envelope, _way: str, who: Any) -> Any:
        given = (who.login.decode(), who.password.decode())
        kept.logins.append(given[0])
        return AuthResult(success=given == login, handled=False)

    options: dict[str, Any] = {
        "hostname": "sink.example",
        "loop": loop,
        "tls_context": tls,
        "enable_SMTPUTF8": smtputf8,
        "data_size_limit": size_limit,
    }
    if login is not None:
        options |= {
            "authenticator": allowed,
            "auth_required": True,
            "auth_require_tls": tls is not None,
        }
    listening = socket.create_server((host, port), backlog=256)

    def session() -> _Session:
        with warnings.catch_warnings(action="ignore"):  # logins without TLS are unsafe, it says
            return _Session(kept, **options)

    server = await loop.create_server(session, sock=listening, ssl=implicit_tls)
    kept.port = listening.getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        kept.hang_up()
        await asyncio.sleep(0)
