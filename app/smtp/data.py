"""
The mail as it comes after DATA, taken in blocks of any size (RFC 5321 sections 4.1.1.4 and 4.5.2).

The end is CRLF.CRLF and nothing else. LF.LF, LF.CRLF, CR.CR and the like are part of the mail: a
server that took them for the end would read a second mail that the sender never wrote (SMTP
smuggling). A bare CR or LF is kept as it came. Deliberately not here: sockets and time.
"""

from __future__ import annotations

_END = b"\r\n.\r\n"


class DataCollector:
    """
    Collects the blocks of one mail.

    Beyond `size_limit` (counted without dot-stuffing, RFC 1870 section 5) it goes on looking for
    the end but keeps nothing, so that memory stays bounded and the session usable.
    """

    __slots__ = ("_data", "_dots", "_limit", "_received", "discarding", "too_big")

    def __init__(self, size_limit: int) -> None:
        self._limit = size_limit
        # The CRLF of the DATA command counts: a lone dot in the first line ends an empty mail.
        self._data = bytearray(b"\r\n")
        self._received = 0
        self._dots = 0
        self.discarding = False
        self.too_big = False

    @property
    def size(self) -> int:
        """Octets of the mail so far, without dot-stuffing."""
        return self._received - self._dots

    def discard(self) -> None:
        """From here on only the end is looked for."""
        self.discarding = True
        del self._data[:-4]

    def feed(self, block: bytes) -> bytes | None:
        """Takes a block. None: the mail goes on; else it has ended, and this is what follows it."""
        data = self._data
        before = len(data)
        data += block
        end = data.find(_END, max(0, before - 4))
        if end >= 0:
            rest = bytes(memoryview(data)[end + 5 :])
            del data[end + 2 :]
            if end + 3 <= before:  # the dot of the end was taken for stuffing a block ago
                self._dots -= 1
        else:
            rest = None
        self._received += len(data) - before
        self._dots += data.count(b"\r\n.", max(0, before - 2))
        # Before the end is there, the last two octets may be the beginning of it.
        if self.size > self._limit + (2 if rest is None else 0):
            self.too_big = True
        if rest is None and (self.too_big or self.discarding):
            self.discard()
        return rest

    def take(self) -> bytes:
        """The mail that has ended, dot-stuffing undone. Once, and not after `discard`."""
        data, self._data = self._data, bytearray()  # not twice in memory while it is committed
        if self._dots:
            data = data.replace(b"\r\n.", b"\r\n")
        return bytes(memoryview(data)[2:])
