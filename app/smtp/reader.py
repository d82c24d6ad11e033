"""
A stream reader that also hands out what is already there, without a turn of the event loop.

It bounds what a client may send ahead: the transport is paused beyond twice the block size.
"""

from __future__ import annotations

import asyncio

BLOCK = 65_536


class BlockReader(asyncio.StreamReader):
    """An asyncio.StreamReader for lines and blocks of one SMTP session."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(limit=BLOCK, loop=loop)
        self._buffer: bytearray

    def line_at_hand(self) -> bytes | None:
        """
        The next line with its LF, if it has arrived as a whole.

        A transport that was paused is resumed when a read has to wait.
        """
        buffer = self._buffer
        end = buffer.find(b"\n") + 1
        if not end:
            return None
        line = bytes(memoryview(buffer)[:end])
        del buffer[:end]
        return line

    def unread(self, octets: bytes) -> None:
        """Puts octets back in front of everything that is still to be read."""
        self._buffer[:0] = octets

    @property
    def waiting(self) -> int:
        """Octets that have arrived and were not read."""
        return len(self._buffer)

    def move_to(self, transport: asyncio.Transport) -> None:
        """Flow control acts on another transport from now on: the one inside TLS."""
        self._transport = transport
