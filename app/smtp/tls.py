"""
The certificate of the SMTP door. A renewed one is taken up without a restart.
"""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

log = logging.getLogger(__name__)


class Certificate:
    """A certificate chain and its key in two PEM files."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Reads both at once, so that a wrong file is noticed when the door opens (OSError)."""
        self._chain = chain
        self._key = key
        self._seen = self._stamp()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """
        The context for the next handshake: of the files as they are now.

        Files that do not fit each other (a renewal may be half done) leave the last good ones in
        force.
        """
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                self._context = self._load()
                self._seen = stamp
                log.info("certificate reloaded")
        except (OSError, ValueError):
            log.exception("certificate not reloaded, the previous one stays in force")
        return self._context

    def _stamp(self) -> tuple[int, ...]:
        files = (self._chain.stat(), self._key.stat())
        return tuple(value for file in files for value in (file.st_mtime_ns, file.st_ino))

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._chain, self._key)
        return context
