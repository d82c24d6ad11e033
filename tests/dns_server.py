"""A DNS server in the process, over UDP on the loopback, that knows the TXT records given to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@dataclass(slots=True)
class Zone:
    """The records by name, what was asked, and how the server behaves."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    silent: bool = False
    broken: set[str] = field(default_factory=set)  # SERVFAIL for these names
    dropped: set[str] = field(default_factory=set)  # no answer for these names
    ttl: int = 300
    port: int = 0

    @property
    def server(self) -> str:
        """As a setting names it."""
        return f"127.0.0.1:{self.port}"


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self.zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.zone.asked.append(name)
        if self.zone.silent or name in self.zone.dropped:
            return
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if name in self.zone.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif name in self.zone.texts:
            quoted = [
                " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))
                for text in (one.replace(";", "\\;") for one in self.zone.texts[name])
            ]
            reply.answer.append(
                dns.rrset.from_text(question.name, self.zone.ttl, "IN", "TXT", *quoted)
            )
        elif name != ".":
            reply.set_rcode(dns.rcode.NXDOMAIN)
        self.transport.sendto(reply.to_wire(), addr)  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def serving(zone: Zone) -> AsyncIterator[Zone]:
    """The zone is served within the block; its port is set."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Protocol(zone), local_addr=("127.0.0.1", zone.port)
    )
    zone.port = transport.get_extra_info("sockname")[1]
    try:
        yield zone
    finally:
        transport.close()
