"""A connected channel of support@acme.example, and what a mail to it became."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.builders import connected_channel, kept, mail
from tests.conftest import Deliver


@dataclass(slots=True)
class Inbox:
    """A channel with both of its doors."""

    http: httpx.AsyncClient
    deliver: Deliver
    channel: dict[str, Any]

    @property
    def address(self) -> str:
        """Where mail is forwarded to."""
        address: str = self.channel["forwarding_address"]
        return address

    async def receive(self, raw: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """The ledger row of a delivered mail: `raw`, or the plain one with these fields."""
        reply = await self.deliver(mail(**fields) if raw is None else raw, self.address)
        return await self.get(f"/v1/received-mail/{kept(reply)[0]}")

    async def take(self, raw: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """The message that a delivered mail became."""
        received = await self.receive(raw, **fields)
        return await self.get(f"/v1/messages/{received['message_id']}")

    async def get(self, path: str, **query: Any) -> Any:
        """The answer of a GET."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        """The answer of a POST."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def patch(self, path: str, body: Any) -> Any:
        """The answer of a PATCH."""
        answer = await self.http.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Everything in a short list."""
        items: list[dict[str, Any]] = (await self.get(path, limit=200, **query))["items"]
        return items

    async def refusals(self, count: int) -> list[dict[str, Any]]:
        """The refused deliveries; they are noted in the background, so this waits for `count`."""
        rows: list[dict[str, Any]] = []
        for _ in range(500):
            rows = await self.all("/v1/received-mail", outcome="refused")
            if len(rows) >= count:
                break
            await asyncio.sleep(0.01)
        return rows

    async def conversation_of(self, message: dict[str, Any]) -> dict[str, Any]:
        """Where the message stands."""
        found: dict[str, Any] = await self.get(f"/v1/conversations/{message['conversation_id']}")
        return found

    async def messages_of(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        """Everything in the conversation of the message, oldest first."""
        return await self.all(f"/v1/conversations/{message['conversation_id']}/messages")

    async def attribution_of(self, message: dict[str, Any]) -> dict[str, Any]:
        """Who wrote it, and why."""
        found: dict[str, Any] = await self.get(f"/v1/messages/{message['id']}/attribution")
        return found

    async def contact_addresses(self) -> list[list[str]]:
        """The addresses of every contact."""
        return [one["addresses"] for one in await self.all("/v1/contacts")]


async def over_the_wire(
    port: int, recipient: str, raw: bytes, mail_from: str = "<a@b.example>"
) -> str:
    """Send the octets as they are (clients mend line ends); the reply to the end of DATA."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def reply() -> str:
        while True:
            line = (await reader.readline()).decode()
            if line[3:4] != "-":
                return line

    await reply()
    for command in ("EHLO x", f"MAIL FROM:{mail_from}", f"RCPT TO:<{recipient}>", "DATA"):
        writer.write(command.encode() + b"\r\n")
        said = await reply()
        assert said[0] in "23", said
    writer.write(raw + b".\r\nQUIT\r\n")
    said = await reply()
    await reader.read()
    writer.close()
    return said


@pytest.fixture
async def inbox(http: httpx.AsyncClient, deliver: Deliver) -> Inbox:
    """The inbox of support@acme.example."""
    channel = await connected_channel(http, team_address="support@acme.example")
    return Inbox(http, deliver, channel)
