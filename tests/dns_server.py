"""A DNS server in the process, over UDP on the loopback, that knows the records given to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
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
    aliases: dict[str, str] = field(default_factory=dict)  # CNAME
    mail_hosts: dict[str, list[str]] = field(default_factory=dict)  # MX, the preferred one first
    addresses: dict[str, list[str]] = field(default_factory=dict)  # A

    @property
    def server(self) -> str:
        """As a setting names it."""
        return f"127.0.0.1:{self.port}"

    def knows(self, name: str) -> bool:
        """Is there any record at this name?"""
        return any(
            name in kind for kind in (self.texts, self.aliases, self.mail_hosts, self.addresses)
        )

    def records(self, name: str, kind: str) -> list[str]:
        """The records of this kind, as a zone file has them."""
        if kind == "TXT":
            return [_quoted(text) for text in self.texts.get(name, [])]
        if kind == "MX":
            hosts = self.mail_hosts.get(name, [])
            return [f"{10 * place} {host}." for place, host in enumerate(hosts, 1)]
        return self.addresses.get(name, []) if kind == "A" else []


def _quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text) or 1, 200))


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
        else:
            self._answer(reply, name, dns.rdatatype.to_text(question.rdtype))
        self.transport.sendto(reply.to_wire(), addr)  # type: ignore[attr-defined]

    def _answer(self, reply: dns.message.Message, name: str, kind: str) -> None:
        """As a resolver does: aliases are followed, unless one asks for them."""
        zone = self.zone
        while name in zone.aliases:
            target = zone.aliases[name]
            self._add(reply, name, "CNAME", [f"{target}."])
            if kind == "CNAME":
                return
            name = target
        found = zone.records(name, kind)
        if found:
            self._add(reply, name, kind, found)
        elif name != "." and not zone.knows(name):
            reply.set_rcode(dns.rcode.NXDOMAIN)

    def _add(self, reply: dns.message.Message, name: str, kind: str, found: list[str]) -> None:
        owner = dns.name.from_text(name)
        reply.answer.append(dns.rrset.from_text(owner, self.zone.ttl, "IN", kind, *found))


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
