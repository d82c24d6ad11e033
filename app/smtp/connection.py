"""
The lifecycle of one SMTP connection: greeting, lines, replies, time, limits, STARTTLS, hanging up.

It replaces aiosmtpd's client loop: that one answers without enhanced status codes, tells clients
the text of exceptions, forgets about time during DATA and cancels work when a client half-closes.
Deliberately not here: the commands of mail. `protocol` has them.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from aiosmtpd.proxy_protocol import AF, get_proxy
from aiosmtpd.smtp import SMTP

from app.smtp import replies
from app.smtp.reader import BLOCK, BlockReader
from app.smtp.state import DoorState, address_key, plain_address
from app.smtp.timing import TimeLimits

log = logging.getLogger(__name__)
# aiosmtpd tells of every connection and command.
logging.getLogger("mail.log").setLevel(logging.WARNING)

_LINGER = 5.0
"""Seconds for the last reply to get out after we have hung up."""
_FLUSH_AT = 8_192
_COMMAND_LIMIT = 512
_COMMAND_LIMITS = {"MAIL": 512 + 26 + 17 + 10, "RCPT": 512, "EHLO": 512}
"""RFC 5321 section 4.5.3.1.4; SIZE, BODY and SMTPUTF8 add to MAIL (RFC 1870, 6152, 6531)."""
_OTHER_PROTOCOLS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "HOST:"})


class Phase(enum.Enum):
    """What the connection is doing; time and draining mean something else in each."""

    HANDSHAKE = enum.auto()
    COMMAND = enum.auto()
    ASKING = enum.auto()
    DATA = enum.auto()
    COMMIT = enum.auto()
    OVER = enum.auto()


class Connection(SMTP):
    """One connection on the loop of the application; see `InboundSMTP` for what it understands."""

    line_length_limit = BLOCK  # of the stream reader; mails are not read by line at all

    def __init__(self, state: DoorState, loop: asyncio.AbstractEventLoop) -> None:
        # An attribute of the class in aiosmtpd, so one session's EHLO would change all others'.
        self.command_size_limits = dict(_COMMAND_LIMITS)
        super().__init__(
            None,
            hostname=state.settings.hostname,  # without, each connection asks DNS and blocks
            enable_SMTPUTF8=True,
            data_size_limit=state.settings.size_limit,
            timeout=state.settings.idle_timeout,
            loop=loop,
        )
        # Once more, with a reader that gives out lines without a turn of the loop.
        asyncio.StreamReaderProtocol.__init__(
            self, BlockReader(loop), client_connected_cb=self._cb_client_connected, loop=loop
        )
        self._state = state
        self._settings = state.settings
        self._time = TimeLimits(
            loop, state.settings.idle_timeout, is_ours=self._is_ours, on_idle=self._idled
        )
        self._phase = Phase.HANDSHAKE
        self._draining = False
        self._out = bytearray()
        self._remote_address = ""
        self._address_key: str | None = None
        self._tls = ""
        self._commands = self._bad_commands = 0

    # --- the transport's side ---------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._admitted = self._state.enter(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._phase = Phase.OVER
        if self not in self._state.sessions:
            return
        self._time.stop()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        assert self._handler_coroutine is not None
        self._handler_coroutine.cancel()
        self.transport = None
        if self._address_key is not None:
            self._state.leave_address(self._address_key)
        self._state.leave(self)

    def eof_received(self) -> bool | None:
        # Not aiosmtpd's, which cancels the session: a client may close its side after the last
        # command and wait for our replies. The reader reports the end when it gets there.
        return asyncio.StreamReaderProtocol.eof_received(self)

    # --- time -------------------------------------------------------------------------------

    def _reset_timeout(self, duration: float | None = None) -> None:
        self._time.renew(duration)  # aiosmtpd calls this when a connection is made

    def _is_ours(self) -> bool:
        """While the intake works the client has nothing to say."""
        return self._phase in (Phase.ASKING, Phase.COMMIT)

    def _idled(self) -> None:
        self._state.counters.timeouts += 1
        self._hang_up(replies.IDLE_TOO_LONG)

    def _took_too_long(self) -> None:
        self._state.counters.timeouts += 1
        self._hang_up(replies.TOOK_TOO_LONG)

    # --- replies ----------------------------------------------------------------------------

    def _say(self, reply: bytes) -> None:
        """
        Puts a reply into the queue.

        Replies to pipelined commands leave in one piece (RFC 2920 section 3.2).
        """
        self._out += reply

    def _say_bad(self, reply: bytes) -> None:
        """The reply to a command that was unknown, malformed or out of turn; they are counted."""
        self._say(reply)
        self._bad_commands += 1
        if self._bad_commands >= self._settings.bad_command_limit:
            self._hang_up(replies.TOO_MANY_ERRORS)

    async def _flush(self) -> None:
        self._send()
        await self._writer.drain()

    def _send(self) -> None:
        if self._out:
            self._writer.write(bytes(self._out))
            self._out.clear()

    def _hang_up(self, reply: bytes = b"") -> None:
        """Says a last word and closes. Does nothing when that has happened already."""
        if self._phase is Phase.OVER or self.transport is None:
            return
        self._phase = Phase.OVER
        if reply.startswith(b"421"):
            self._state.counters.refusals[reply[:9].decode()] += 1
        self._out += reply
        self._send()
        transport = cast(asyncio.Transport, self.transport)
        transport.close()
        # A client that does not read would keep the socket for ever.
        self._time.finally_after(_LINGER, transport.abort)

    async def _cut(self) -> None:
        """
        Hangs up on a client that goes on sending.

        Closing at once would make the kernel answer with a reset, and the client would lose the
        last reply: so our side is closed, and for a moment what comes is thrown away.
        """
        await self._flush()
        if self._writer.can_write_eof():
            self._writer.write_eof()
        self._time.limit(_LINGER, self.abort)
        while await self._reader.read(BLOCK):
            pass
        self._hang_up()

    # --- draining ---------------------------------------------------------------------------

    def drain(self) -> None:
        self._draining = True
        if self._phase is Phase.COMMAND:
            self._hang_up(replies.SHUTTING_DOWN)
        elif self._phase is Phase.HANDSHAKE:
            self.abort()

    def abort(self) -> None:
        self._phase = Phase.OVER
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    # --- the loop ---------------------------------------------------------------------------

    async def _handle_client(self) -> None:
        try:
            if await self._welcome():
                await self._converse()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away in the middle of something
        except Exception:
            log.exception("an SMTP session failed")
            self._hang_up(replies.OUT_OF_ORDER)
        else:
            self._hang_up()
        finally:
            if self._phase is not Phase.OVER:
                self.abort()

    async def _welcome(self) -> bool:
        """Who is there, and may they come in? The greeting, or 421."""
        if not self._admitted:
            self._hang_up(replies.TOO_MANY_CONNECTIONS)
            return False
        if not await self._learn_address():
            return False
        key = address_key(self._remote_address)
        if not self._state.enter_address(key):
            self._hang_up(replies.TOO_MANY_FROM_ADDRESS)
            return False
        self._address_key = key
        self._say(f"220 {self.hostname} ESMTP ready\r\n".encode())
        return True

    async def _learn_address(self) -> bool:
        """The client's address: the peer's, or what the balancer says in its PROXY header."""
        assert self.session is not None
        peer: object = self.session.peer
        self._remote_address = plain_address(str(peer[0])) if isinstance(peer, tuple) else ""
        if not self._settings.proxy_protocol:
            return True
        self._time.limit(self._settings.handshake_timeout, self.abort)
        proxy = await get_proxy(self._reader)
        self._time.lift()
        if not proxy.valid:
            self.abort()  # the specification: close at once, say nothing
            return False
        if proxy.src_addr is not None and proxy.family in (AF.INET, AF.INET6):
            self._remote_address = plain_address(str(proxy.src_addr))
        return True

    async def _converse(self) -> None:
        while self._phase is not Phase.OVER:
            if self._draining:
                self._hang_up(replies.SHUTTING_DOWN)
                return
            line = await self._next_line()
            if line is None:
                return
            await self._obey(line)

    async def _next_line(self) -> bytes | None:
        """The next command with its line end, or None when the client has hung up."""
        reader = cast(BlockReader, self._reader)
        line = reader.line_at_hand()
        if line is not None and len(self._out) < _FLUSH_AT:
            return line
        self._phase = Phase.COMMAND
        self._time.renew()
        await self._flush()
        if line is not None:
            return line
        try:
            return await reader.readuntil()
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            self._hang_up(replies.LINE_TOO_LONG)
            return None

    async def _obey(self, line: bytes) -> None:
        self._commands += 1
        if self._commands > self._settings.command_limit:
            self._hang_up(replies.TOO_MANY_COMMANDS)
            return
        try:
            text = line.rstrip(b"\r\n").decode()
        except UnicodeDecodeError:
            self._say_bad(replies.NOT_TEXT)
            return
        verb, _, argument = text.partition(" ")
        verb = verb.upper()
        problem = self._problem(verb, text, len(line))
        if problem:
            self._say_bad(problem)
            return
        if verb in _OTHER_PROTOCOLS:
            self._hang_up(replies.NOT_SMTP)
            return
        method: Callable[[str], Awaitable[None]] | None = self._smtp_methods.get(verb)
        if method is None:
            self._say_bad(replies.UNKNOWN_COMMAND)
        else:
            await method(argument.strip(" "))

    def _problem(self, verb: str, text: str, octets: int) -> bytes | None:
        if octets > self.command_size_limits.get(verb, _COMMAND_LIMIT):
            return replies.LINE_TOO_LONG
        if not text.isprintable() and any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
            return replies.NOT_TEXT
        if self._settings.tls_required and not self._tls and verb in ("MAIL", "RCPT", "DATA"):
            return replies.TLS_FIRST
        return None

    # --- STARTTLS (RFC 3207) ------------------------------------------------------------------

    async def _start_tls(self, context: ssl.SSLContext) -> None:
        """Goes over to TLS; when that fails the connection is gone."""
        reader = cast(BlockReader, self._reader)
        if reader.waiting:
            # Somebody between client and server may have put it there to be believed afterwards.
            self._hang_up(replies.EARLY_TLS)
            return
        self._say(replies.START_TLS)
        self._send()
        self._phase = Phase.HANDSHAKE
        self._time.lift()
        self._time.renew(self._settings.handshake_timeout + _LINGER)
        fault: Exception | None = None
        try:
            await self._writer.start_tls(
                context, ssl_handshake_timeout=self._settings.handshake_timeout
            )
        except (OSError, EOFError) as error:  # ssl.SSLError is an OSError
            fault = error
        inside = self._writer.get_extra_info("ssl_object")
        self._tls = (inside.version() if inside and not fault else None) or ""
        if not self._tls:
            self._state.counters.tls_failures += 1
            log.info("TLS handshake with %s failed: %s", self._remote_address, fault)
            self.abort()
            # asyncio does not tell a protocol whose connection ends during the handshake.
            self.connection_lost(fault)
            return
        transport = cast(asyncio.Transport, self._writer.transport)
        self.transport = transport
        reader.move_to(transport)
        self._state.counters.tls_handshakes += 1
