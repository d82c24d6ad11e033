"""The export of a contact: everything that is kept about it, in one document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.domain import erasure
from tests.builders import connected_channel, kept, mail, new_user
from tests.conftest import Deliver, Service

CARLA = "carla@customer.example"
LISTS = [
    "conversations",
    "messages",
    "tickets",
    "received_mail",
    "suppressions",
    "sender_lists",
    "events",
]


class Desk:
    """A channel, and what comes to it."""

    def __init__(self, http: httpx.AsyncClient, deliver: Deliver, address: str) -> None:
        self.http, self._deliver, self._address = http, deliver, address

    async def take(self, **fields: Any) -> dict[str, Any]:
        """The ledger's row of a mail that arrives."""
        reply = await self._deliver(mail(**fields), self._address)
        row: dict[str, Any] = (await self.http.get(f"/v1/received-mail/{kept(reply)[0]}")).json()
        return row

    async def export(self, received: dict[str, Any], status: int = 200) -> dict[str, Any]:
        """The export of whoever wrote the mail."""
        message = (await self.http.get(f"/v1/messages/{received['message_id']}")).json()
        answer = await self.http.get(f"/v1/contacts/{message['author']['contact_id']}/export")
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/json"
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def desk(http: httpx.AsyncClient, deliver: Deliver) -> Desk:
    """The desk of a connected channel."""
    channel = await connected_channel(http, team_address="support@acme.example")
    return Desk(http, deliver, channel["forwarding_address"])


async def test_everything_of_the_contact_is_in_it(desk: Desk) -> None:
    ann = await new_user(desk.http)
    first = await desk.take()
    path = f"/v1/conversations/{first['conversation_id']}"
    reply = (
        await desk.http.post(f"{path}/replies", json={"text": "Soon.", "author_id": ann["id"]})
    ).json()
    ticket = await desk.http.post("/v1/tickets", json={"conversation_id": first["conversation_id"]})
    await desk.http.post("/v1/sender-lists", json={"kind": "allow", "address": CARLA})
    again = await desk.take()

    found = await desk.export(first)

    assert found["contact"]["addresses"] == [CARLA]
    assert [one["id"] for one in found["conversations"]] == [first["conversation_id"]]
    texts = [one["reply_text"].strip() for one in found["messages"] if one["kind"] == "message"]
    assert texts == ["Hello, my order has not come.", "Soon."]
    [mine] = [one for one in found["messages"] if one["id"] == first["message_id"]]
    assert mine["attribution"]["method"] == "from"
    raw = await desk.http.get(mine["raw"])
    assert raw.status_code == 200
    assert raw.content.endswith(mail())
    [sent] = [one for one in found["messages"] if one["id"] == reply["id"]]
    assert [one["recipient"] for one in sent["deliveries"]] == [CARLA]
    assert [(one["id"], len(one["history"])) for one in found["tickets"]] == [
        (ticket.json()["id"], 1)
    ]
    assert [one["id"] for one in found["received_mail"]] == [first["id"], again["id"]]
    assert [one["address"] for one in found["sender_lists"]] == [CARLA]
    types = {one["type"] for one in found["events"]}
    assert {"contact.created", "conversation.created", "message.received"} <= types
    assert {"ticket.created", "message.created"} <= types
    assert found["left_out"] == []


async def test_what_is_written_elsewhere_is_in_it_and_nobody_else_s(desk: Desk) -> None:
    dora = "Dora <dora@other.example>"
    theirs = await desk.take(
        sender=dora, message_id="<d@other.example>", more=f"Cc: Carla <{CARLA}>\r\n"
    )
    alone = await desk.take(sender=dora, message_id="<e@other.example>", subject="Alone")
    answer = await desk.take(
        message_id="<2@customer.example>", more="In-Reply-To: <d@other.example>\r\n"
    )

    found = await desk.export(answer)

    assert found["conversations"] == []
    assert {one["id"] for one in found["messages"]} == {
        theirs["message_id"],
        answer["message_id"],
    }
    assert alone["message_id"] not in str(found)


async def test_more_than_one_piece_is_whole_and_in_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domain.erasure.exporting.PIECE", 2)
    rows = [await desk.take(message_id=f"<{n}@customer.example>", text=f"{n}") for n in range(7)]

    found = await desk.export(rows[0])

    assert [one["id"] for one in found["messages"]] == [one["message_id"] for one in rows]
    assert {one["id"] for one in found["received_mail"]} == {one["id"] for one in rows}
    numbers = [one["sequence"] for one in found["events"]]
    assert numbers == sorted(set(numbers))


async def test_a_key_is_shown_what_it_may_read(desk: Desk, key_http: Callable[..., Any]) -> None:
    first = await desk.take()
    poor = await key_http("contacts:read", "tickets:read")
    message = (await desk.http.get(f"/v1/messages/{first['message_id']}")).json()
    path = f"/v1/contacts/{message['author']['contact_id']}/export"

    found = (await poor.get(path)).json()

    assert found["left_out"] == [one for one in LISTS if one != "tickets"]
    assert all(found[name] == [] for name in LISTS)
    assert "order has not come" not in str(found)


async def test_what_erasing_reaches_is_exported(service: Service) -> None:
    """One walk: each kind of row that erasing reaches stands in a list, or belongs to one."""
    within = {
        "contacts": "contact",
        "contact_addresses": "contact",
        "conversations": "conversations",
        "messages": "messages",
        "message_search": "messages",
        "thread_ids": "conversations",
        "reopenings": "conversations",
        "routing_decisions": "conversations",
        "owner_notices": "conversations",
        "raw_mail": "messages",
        "received_mail": "received_mail",
        "outbox_items": "messages",
        "suppressions": "suppressions",
        "sender_lists": "sender_lists",
        "tickets": "tickets",
        "ticket_history": "tickets",
        "ticket_words": "tickets",
        "events": "events",
        "webhook_deliveries": "events",
        "audit_log": "sender_lists",
    }

    assert within.keys() == erasure.REACHED.keys()
    assert set(within.values()) - {"contact"} == set(LISTS) == set(erasure.EXPORTED)
