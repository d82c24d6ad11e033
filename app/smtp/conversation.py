"""
The conversation in an SMTP session: greeting, one command after the other, STARTTLS.

Deliberately not here: what the commands of mail mean. `protocol` has them.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import cast

from aiosmtpd.proxy_protocol import AF, get_proxy

from app.smtp import replies
from app.smtp.connection import LINGER, Connection, Phase
from app.smtp.reader import BlockReader
from app.smtp.state import address_key, plain_address

log = logging.getLogger(__name__)

_FLUSH_AT = 8_192
_COMMAND_LIMIT = 512
_COMMAND_LIMITS = {"MAIL": 512 + 26 + 17 + 10}
"""RFC 5321 section 4.5.3.1.4; SIZE, BODY and SMTPUTF8 add to MAIL (RFC 1870, 6152, 6531)."""
_OTHER_PROTOCOLS = frozenset({"GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT", "HOST:"})


class Conversation(Connection):
    """Reads commands and has them obeyed by the `smtp_…` methods."""

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
            await asyncio.sleep(0)  # however much one client has sent ahead, others get their turn
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
        if octets > _COMMAND_LIMITS.get(verb, _COMMAND_LIMIT):
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
        self._time.renew(self._settings.handshake_timeout + LINGER)
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
