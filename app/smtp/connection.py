"""
The lifecycle of one SMTP connection: made, replying, out of time, hanging up, lost.

Here and in `conversation` aiosmtpd's own loop is replaced: that one answers without enhanced status
codes, tells clients the text of exceptions, forgets about time during DATA and cancels work when a
client half-closes. Deliberately not here: what is said.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from typing import cast

from aiosmtpd.smtp import SMTP

from app.smtp import replies
from app.smtp.reader import BLOCK, BlockReader
from app.smtp.state import DoorState
from app.smtp.timing import TimeLimits

# aiosmtpd tells of every connection and command.
logging.getLogger("mail.log").setLevel(logging.WARNING)

LINGER = 5.0
"""Seconds for the last reply to get out after we have hung up."""


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
        self.command_size_limits = {}
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
        self._time.finally_after(LINGER, transport.abort)

    async def _cut(self) -> None:
        """
        Hangs up on a client that goes on sending.

        Closing at once would make the kernel answer with a reset, and the client would lose the
        last reply: so our side is closed, and for a moment what comes is thrown away.
        """
        await self._flush()
        if self._writer.can_write_eof():
            self._writer.write_eof()
        self._time.limit(LINGER, self.abort)
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
