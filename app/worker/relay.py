"""
Sending through a relay: all mail goes to one server, which cares for the rest.

Also here: what RELAY_URL says. Deliberately not here: what to do while the relay is away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from app.worker.letters import Letter, Outcome
from app.worker.pool import Pool
from app.worker.session import Server

AT_ONCE = 20
PORTS = {"smtp": 25, "smtps": 465, "mx": 25}


@dataclass(frozen=True, slots=True)
class RelayUrl:
    """RELAY_URL, taken apart. `private`: may `mx://` connect to private addresses?"""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = ""
    verify: bool = True
    private: bool = False

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}" if self.host else f"{self.scheme}://"


def read_url(url: str) -> RelayUrl:
    """
    `smtp://user:password@host:port?tls=required&verify=no`, `smtps://…`, `mx://?port=25`.

    User and password are percent-encoded. The settings have checked its form.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return RelayUrl(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=int(options.get("port", 0)) or parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=options.get("tls", ""),
        verify=options.get("verify", "yes") != "no",
        private=options.get("private", "") == "allow",
    )


class Relay:
    """The courier that knows one address."""

    at_once = AT_ONCE

    def __init__(self, url: RelayUrl, greeting: str) -> None:
        secure = url.scheme == "smtps" or url.tls == "required"
        server = Server(
            host=url.host,
            port=url.port,
            name=url.host,
            greeting=greeting,
            implicit_tls=url.scheme == "smtps",
            tls_required=secure,
            verify=secure and url.verify,
            user=url.user,
            password=url.password,
        )
        self._pool = Pool(server, AT_ONCE)

    async def deliver(self, letter: Letter) -> Outcome:
        """Raises Away."""
        return await self._pool.deliver(letter)

    async def check(self) -> None:
        """Raises Away when the relay takes no mail."""
        await self._pool.check()

    async def tidy(self) -> None:
        """Idle sessions are closed."""
        await self._pool.tidy()

    async def close(self) -> None:
        """All sessions are closed."""
        await self._pool.close()
