"""Plain functions that build what many tests need, with defaults, through the doors."""

from __future__ import annotations

import re
from typing import Any

import httpx


async def connected_channel(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A connected channel of the client's account."""
    body = {"shared": True, "provider": "other", "connect": True, **fields}
    answer = await http.post("/v1/channels", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def new_user(
    http: httpx.AsyncClient, email: str = "ann@acme.example", **fields: Any
) -> dict[str, Any]:
    """A user of the client's account."""
    name = email.partition("@")[0].title()
    answer = await http.post("/v1/users", json={"name": name, "email": email, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def mail(
    text: str = "Hello, my order has not come.",
    *,
    sender: str = "Carla Customer <carla@customer.example>",
    to: str = "support@acme.example",
    subject: str = "Where is my order?",
    message_id: str | None = "<1@customer.example>",
    more: str = "",
) -> bytes:
    """A plain mail with CRLF line ends; `more` are further header lines, each ended by CRLF."""
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Tue, 24 Nov 2026 09:30:00 +0100",
    ]
    if message_id is not None:
        lines.append(f"Message-ID: {message_id}")
    head = "\r\n".join(lines) + "\r\n" + more
    kind = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    body = text.replace("\n", "\r\n")
    return f"{head}{kind}\r\n{body}\r\n".encode()


def kept(reply: str) -> list[str]:
    """The ledger ids in the reply to DATA."""
    return re.findall(r"rcv_[0-9a-f]+", reply)


async def read_kept(http: httpx.AsyncClient, reply: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ledger row of a reply, and its message."""
    received = (await http.get(f"/v1/received-mail/{kept(reply)[0]}")).json()
    message = (await http.get(f"/v1/messages/{received['message_id']}")).json()
    return received, message
