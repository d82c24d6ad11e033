"""
HTTP to addresses that strangers chose: guarded against being led into our own network.

A name is looked up once; every address found has to be out in the world, and it is these addresses
that are connected to, so that a name which changes its mind (DNS rebinding) gains nothing. TLS and
Host go by the name. Redirects are not followed, no proxy is asked, time and size are bounded.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from app.domain import webhooks
from app.resolver import Resolver

PATIENCE = 10.0  # seconds for everything: looking up, connecting, sending, reading
ANSWER_LIMIT = 64 * 1024
ADDRESSES = 4  # of a name that are tried
CONNECTIONS = 100
PORTS = (80, 443)  # below 1024; the others there belong to services that are not HTTP

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Refused(Exception):
    """The request was not made: the text says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; the body as far as it was read."""

    status: int
    body: bytes


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses of a host as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1, proto=6)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses_by(resolver: Resolver) -> Resolve:
    """The addresses of a host as the name servers of the settings know them."""

    async def resolve(host: str, _port: int) -> Sequence[str]:
        found = await resolver.fresh([(host, "A"), (host, "AAAA")])
        return [address for one in found.values() for address in one.values]

    return resolve


@functools.cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes a while: once in a process."""
    return httpx.create_ssl_context()


class Guard:
    """Makes guarded POST requests; connections are kept open for a while."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        resolve: Resolve = system_addresses,
        tls: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._patience = patience
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or _tls(),
            max_connections=CONNECTIONS,
            max_keepalive_connections=20,
            keepalive_expiry=10.0,
            network_backend=_CheckedAddresses(resolve, allow_private),
        )
        self._allow_private = allow_private

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """
        The answer to a POST of `body`. Raises Refused when the address is none to be spoken to,
        TimeoutError after `patience`, OSError or httpcore's faults when nobody answers.
        """
        target = httpx.URL(url)
        if target.scheme != "https" and not self._allow_private:
            raise Refused("Only https is spoken.")
        given = {"host": target.netloc.decode(), "content-length": str(len(body)), **headers}
        async with (
            asyncio.timeout(self._patience),
            self._pool.stream(
                "POST",
                httpcore.URL(
                    scheme=target.raw_scheme,
                    host=target.raw_host,
                    port=target.port,
                    target=target.raw_path,
                ),
                headers=[(name.encode(), value.encode()) for name, value in given.items()],
                content=body,
            ) as response,
        ):
            return Answer(response.status, await _beginning(response))

    async def close(self) -> None:
        """No connection is open when this returns."""
        await self._pool.aclose()


async def _beginning(response: httpcore.Response) -> bytes:
    """At most ANSWER_LIMIT octets; whoever sends more is hung up on."""
    found = b""
    async for piece in response.aiter_stream():
        found += piece
        if len(found) >= ANSWER_LIMIT:
            break
    return found[:ANSWER_LIMIT]


class _CheckedAddresses(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were checked, not to the name once more."""

    def __init__(self, resolve: Resolve, allow_private: bool) -> None:
        self._resolve, self._allow_private = resolve, allow_private
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address that answers."""
        failure: Exception | None = None
        for address in await self._checked(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, OSError) as fault:
                failure = fault
        raise failure or Refused(f"{host} has no address.")

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        if self._allow_private:
            return (await self._addresses(host, port))[:ADDRESSES]
        if port < 1024 and port not in PORTS:
            raise Refused(f"Port {port} is not spoken to.")
        found = await self._addresses(host, port)
        if not all(webhooks.is_public(address) for address in found):
            raise Refused(f"{host} has an address that is none of the world.")
        return found[:ADDRESSES]

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        bare = host.strip("[]")
        try:
            return [str(ipaddress.ip_address(bare))]
        except ValueError:
            return await self._resolve(bare, port)
