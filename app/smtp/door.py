"""
Opens and closes the SMTP port: listening sockets, the sessions on them, the end of both.

It runs on the loop of the application, without a thread of its own. Deliberately not here: what is
said in a session (`protocol`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Sequence

from app.smtp.arrivals import Intake
from app.smtp.counters import Counters
from app.smtp.protocol import InboundSMTP
from app.smtp.settings import DoorSettings
from app.smtp.state import DoorState
from app.smtp.tls import Certificate

log = logging.getLogger(__name__)

BACKLOG = 1024


class Door:
    """An open SMTP door. Made by `open`."""

    def __init__(self, state: DoorState, servers: list[asyncio.Server]) -> None:
        self._state = state
        self._servers = servers
        self.ports: tuple[int, ...] = tuple(
            listening.getsockname()[1] for server in servers for listening in server.sockets
        )

    @property
    def port(self) -> int:
        """The port of the first listening socket."""
        return self.ports[0]

    @property
    def counters(self) -> Counters:
        """What this door has counted so far."""
        return self._state.counters

    @property
    def ready(self) -> bool:
        """Does the door take connections?"""
        return not self._state.draining and all(server.is_serving() for server in self._servers)

    def drain(self) -> None:
        """Stops accepting, ends idle sessions with 421; mails that are under way go on."""
        if self._state.draining:
            return
        self._state.draining = True
        for server in self._servers:
            server.close()
        for session in list(self._state.sessions):
            session.drain()

    async def close(self, grace: float = 20) -> None:
        """
        Drains, and lets mails that are under way end.

        After `grace` seconds what is left is cut, and commits that still run are cancelled.
        """
        self.drain()
        state = self._state
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._emptied()
        for session in list(state.sessions):
            session.abort()
        for task in list(state.commits):
            log.warning("a commit did not end in time and is cancelled")
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._emptied()

    async def _emptied(self) -> None:
        state = self._state
        while state.sessions or state.commits:
            state.changed.clear()
            await state.changed.wait()


async def open(
    settings: DoorSettings,
    intake: Intake,
    *,
    sock: socket.socket | None = None,
    has_room: Callable[[], bool] | None = None,
) -> Door:
    """
    Opens the door on `settings.hosts`, or on `sock`, which is bound already.

    While `has_room` says no, every MAIL is refused for the time being (452 4.3.1).

    It takes connections when this returns. Raises OSError when a port is taken or a certificate
    cannot be read.
    """
    loop = asyncio.get_running_loop()
    certificate = None
    if settings.tls_certificate and settings.tls_key:
        certificate = Certificate(settings.tls_certificate, settings.tls_key)
    elif settings.tls_required:
        raise ValueError("TLS is required, but there is no certificate")
    state = DoorState(settings, intake, certificate, has_room)
    servers = [
        await loop.create_server(lambda: InboundSMTP(state, loop), sock=listening, backlog=BACKLOG)
        for listening in ([sock] if sock else listen(settings))
    ]
    door = Door(state, servers)
    log.info("the SMTP door is open on port %s", door.port)
    return door


def listen(settings: DoorSettings) -> list[socket.socket]:
    """
    Binds a socket for each address of the hosts, all with the same port.

    A machine without IPv6 is content with IPv4 when "" (all) is asked for. Raises OSError.
    """
    sockets: list[socket.socket] = []
    port = settings.port
    try:
        for host in settings.hosts:
            found = _addresses(host)
            for family, address in found:
                try:
                    listening = _bind(family, address, port, reuse_port=settings.reuse_port)
                except OSError:
                    if host or family is not socket.AF_INET6:
                        raise
                    continue
                sockets.append(listening)
                port = port or listening.getsockname()[1]
    except OSError:
        for listening in sockets:
            listening.close()
        raise
    return sockets


def _addresses(host: str) -> Sequence[tuple[socket.AddressFamily, str]]:
    if not host:
        return [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")]  # noqa: S104 - asked for
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, str(address[0])) for family, *_, address in found))


def _bind(
    family: socket.AddressFamily, address: str, port: int, *, reuse_port: bool
) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family is socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind((address, port))
    except OSError:
        listening.close()
        raise
    return listening
