"""
One SMTP session as a client: connect, greet, TLS, login, and letters one after another.

Deliberately not here: how many there are, and to whom (`pool`, `relay`, `mx`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import re
import ssl
import time
from dataclasses import dataclass, field
from typing import Any

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponse, SMTPResponseException

from app.domain.outbox import FAILED
from app.mail.alignment import ascii_domain
from app.worker.letters import Away, Letter, Outcome, accepted, can_be_said, cleaned, judged

CONNECT_SECONDS = 30.0
COMMAND_SECONDS = 120.0
DATA_SECONDS = 600.0  # for the answer to a mail (RFC 5321 4.5.3.2.6)
CHUNK = 256 * 1024
BUFFERED = 1024 * 1024  # octets that wait in the socket's buffer before we wait
SLOWEST = 10_000  # octets a second; what is slower than that is cut

_LINE_ENDS = re.compile(rb"\r\n|\r|\n")


class BrokenOff(Exception):
    """The session ended in the middle; `fresh`: before it said a word about this letter."""

    def __init__(self, detail: str, *, fresh: bool = False) -> None:
        super().__init__(detail)
        self.fresh = fresh


@dataclass(frozen=True, slots=True)
class Server:
    """Where and how to connect. `name` is what a certificate would have to say."""

    host: str
    port: int
    name: str
    greeting: str
    implicit_tls: bool = False
    starttls: bool = True  # when it is offered
    tls_required: bool = False
    verify: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


class Session:
    """An open session. Made by `open_session`."""

    def __init__(self, smtp: aiosmtplib.SMTP, server: Server) -> None:
        self._smtp = smtp
        self._server = server
        self.letters = 0
        self.used_at = time.monotonic()

    @property
    def usable(self) -> bool:
        """Is the connection still there?"""
        return self._smtp.is_connected

    async def send(self, letter: Letter) -> Outcome:
        """What the server says to the letter. Raises BrokenOff; the session is of no use then."""
        self.letters += 1
        self.used_at = time.monotonic()
        outcome = self._unsendable(letter)
        if outcome is not None:
            return outcome
        try:
            outcome = await self._envelope(letter)
            if outcome is None:
                outcome = await self._data(letter.raw)
        except (SMTPException, OSError, TimeoutError) as fault:
            self.close()
            raise BrokenOff(f"The connection to {self._server} broke off: {_why(fault)}") from fault
        self.used_at = time.monotonic()
        if self._smtp.is_connected and outcome.state != "sent":
            await self._reset()
        return outcome

    async def quit(self) -> None:
        """Take leave, and close."""
        with contextlib.suppress(Exception):
            await self._smtp.quit(timeout=2)
        self.close()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(Exception):
            self._smtp.close()

    def _unsendable(self, letter: Letter) -> Outcome | None:
        """What cannot be said to this server at all, in words."""
        offers = self._smtp.esmtp_extensions
        for address in (letter.sender, letter.recipient):
            if not can_be_said(address):
                return Outcome(FAILED, "This is no address that SMTP can carry.")
        local = f"{letter.sender} {letter.recipient.rpartition('@')[0]}"
        if (letter.smtputf8 or not local.isascii()) and "smtputf8" not in offers:
            return Outcome(
                FAILED,
                f"{self._server.name} takes no internationalised mail (it offers no SMTPUTF8).",
            )
        limit = offers.get("size", "").strip()
        if limit.isdigit() and 0 < int(limit) < len(letter.raw):
            return Outcome(
                FAILED,
                f"The mail has {len(letter.raw)} octets; {self._server.name} takes at most "
                f"{limit} (SIZE).",
            )
        return None

    async def _envelope(self, letter: Letter) -> Outcome | None:
        """MAIL and RCPT; None: both were taken."""
        offers = self._smtp.esmtp_extensions
        utf8 = letter.smtputf8 or not letter.sender.isascii()
        options = [b"SIZE=%d" % len(letter.raw)] if "size" in offers else []
        if "8bitmime" in offers and not letter.raw.isascii():
            options.append(b"BODY=8BITMIME")
        recipient = letter.recipient
        if utf8 or not recipient.rpartition("@")[0].isascii():
            options.append(b"SMTPUTF8")
        elif not recipient.isascii():
            local, _, domain = recipient.rpartition("@")
            recipient = f"{local}@{ascii_domain(domain)}"
        said = await self._first(b"MAIL", b"FROM:<" + letter.sender.encode() + b">", *options)
        if said.code // 100 != 2:
            return self._refused("MAIL", said)
        said = await self._say(b"RCPT", b"TO:<" + recipient.encode() + b">")
        if said.code // 100 != 2:
            return self._refused("RCPT", said)
        return None

    async def _first(self, *words: bytes) -> SMTPResponse:
        """The first command of a letter: a server may have hung up since the last one."""
        try:
            return await self._say(*words)
        except (SMTPException, OSError, TimeoutError) as fault:
            self.close()
            words_ = f"The connection to {self._server} broke off: {_why(fault)}"
            raise BrokenOff(words_, fresh=self.letters > 1) from fault

    async def _data(self, raw: bytes) -> Outcome:
        said = await self._say(b"DATA")
        if said.code != 354:
            if said.code < 400:  # no answer to DATA: we are out of step, it waits for the mail
                self.close()
            return self._refused("DATA", said)
        said = await self._hand_over(stuffed(raw))
        if said.code // 100 != 2:
            return self._refused("END", said)
        return accepted(said.code, said.message)

    async def _hand_over(self, octets: bytes) -> SMTPResponse:
        """Write in pieces and listen at the same time: a server may refuse in the middle."""
        protocol = self._smtp.protocol
        transport: Any = protocol.transport if protocol is not None else None
        if protocol is None or transport is None:  # uvloop's are no asyncio.WriteTransport
            raise ConnectionResetError("closed")
        patience = DATA_SECONDS + len(octets) / SLOWEST
        answer = asyncio.create_task(protocol.read_response(timeout=patience))
        await asyncio.sleep(0)  # it listens now
        try:
            for start in range(0, len(octets), CHUNK):
                protocol.write(octets[start : start + CHUNK])
                # The transport tells its protocol when to go on, and that one is not ours.
                while transport.get_write_buffer_size() > BUFFERED:
                    if answer.done():
                        break
                    await asyncio.sleep(0.005)
                if answer.done():  # it did not even want the rest
                    transport.close()
                    break
            return await answer
        finally:
            if not answer.done():
                answer.cancel()

    async def _say(self, *words: bytes) -> SMTPResponse:
        return await self._smtp.execute_command(*words, timeout=COMMAND_SECONDS)

    def _refused(self, stage: str, said: SMTPResponse) -> Outcome:
        if said.code == 421:  # it closes the connection (RFC 5321 3.8)
            self.close()
        if stage == "MAIL" and said.code in (530, 538):  # TLS or a login is missing
            self.close()
            raise Away(f"{self._server} refuses us: {said.code} {cleaned(said.message)}")
        return judged(stage, said.code, said.message)

    async def _reset(self) -> None:
        try:
            said = await self._say(b"RSET")
        except (SMTPException, OSError, TimeoutError):
            self.close()
        else:
            if said.code // 100 != 2:
                self.close()


async def open_session(server: Server) -> Session:
    """A session that is greeted, encrypted as far as can be, logged in. Raises Away."""
    try:
        return await _opened(server, starttls=server.starttls)
    except _TlsFailed as fault:
        if server.tls_required or server.user:  # a password is not said in the clear instead
            raise Away(f"{server}: TLS failed: {fault}") from fault
    try:
        return await _opened(server, starttls=False)  # better than not at all (RFC 7435)
    except _TlsFailed as fault:
        raise Away(f"{server}: {fault}") from fault


class _TlsFailed(Exception):
    """STARTTLS was offered and did not work."""


async def _opened(server: Server, *, starttls: bool) -> Session:
    context = _context(server.verify)
    smtp = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=server.greeting,
        timeout=CONNECT_SECONDS,
        use_tls=server.implicit_tls,
        start_tls=False,
        tls_context=context,
    )
    try:
        async with asyncio.timeout(2 * CONNECT_SECONDS):
            await smtp.connect()
            await _greet(smtp)
            if starttls and not server.implicit_tls:
                await _start_tls(smtp, server, context)
            if server.user:
                await smtp.login(server.user, server.password)
    except SMTPResponseException as fault:
        smtp.close()
        raise Away(f"{server} refuses us: {fault.code} {cleaned(str(fault.message))}") from None
    except (SMTPException, OSError, TimeoutError, ssl.SSLError) as fault:
        smtp.close()
        raise Away(f"{server} cannot be reached: {_why(fault)}") from None
    except BaseException:
        smtp.close()
        raise
    return Session(smtp, server)


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


async def _start_tls(smtp: aiosmtplib.SMTP, server: Server, context: ssl.SSLContext) -> None:
    if not smtp.supports_extension("starttls"):
        if server.tls_required:
            raise SMTPException("it offers no STARTTLS")
        return
    try:
        await smtp.starttls(server_hostname=server.name, tls_context=context)
        await _greet(smtp)
    except (SMTPException, OSError, TimeoutError, ssl.SSLError) as fault:
        smtp.close()
        raise _TlsFailed(_why(fault)) from fault


@functools.cache
def _context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:  # encrypted for whoever answers: that is all that can be had (RFC 7435)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def stuffed(raw: bytes) -> bytes:
    """The mail as it stands after DATA: CRLF line ends, dots stuffed, ended (RFC 5321 4.5.2)."""
    if not raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"):
        raw = _LINE_ENDS.sub(b"\r\n", raw)
    raw = raw.replace(b"\r\n.", b"\r\n..")
    if raw.startswith(b"."):
        raw = b"." + raw
    return raw + (b".\r\n" if raw.endswith(b"\r\n") or not raw else b"\r\n.\r\n")


def _why(fault: BaseException) -> str:
    if isinstance(fault, TimeoutError | aiosmtplib.SMTPTimeoutError):
        return "it did not answer in time"
    return cleaned(str(fault)) or type(fault).__name__
