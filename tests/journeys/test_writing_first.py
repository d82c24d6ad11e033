"""The team writes first: a conversation begins with a mail of ours, and the answer finds it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import new_user
from tests.journeys.conftest import Inbox


@pytest.fixture
async def body(inbox: Inbox) -> dict[str, Any]:
    """A first mail."""
    ann = await new_user(inbox.http)
    return {
        "channel_id": inbox.channel["id"],
        "to": ["Carla <carla@customer.example>"],
        "cc": ["dora@customer.example"],
        "subject": "Your order",
        "text": "It is late.",
        "author_id": ann["id"],
    }


async def test_the_answer_to_a_first_mail_finds_its_conversation(
    inbox: Inbox, body: dict[str, Any]
) -> None:
    first = await inbox.post("/v1/conversations", body, 202)

    back = await inbox.take(
        sender="carla@customer.example", more=f"In-Reply-To: <{first['message_id']}>\r\n"
    )

    conversation = await inbox.conversation_of(first)
    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert back["conversation_id"] == first["conversation_id"]
    assert back["pending"] is False
    assert back["author"]["contact_id"] == conversation["contact_id"]
    assert conversation["subject"] == first["subject"] == "Your order"
    assert conversation["assignee_id"] == body["author_id"]
    assert (first["in_reply_to"], first["quoted_text"]) == (None, "")
    assert [one["recipient"] for one in first["deliveries"]] == [
        "carla@customer.example",
        "dora@customer.example",
    ]
    assert types.index("contact.created") < types.index("conversation.created")
    assert types.index("conversation.created") < types.index("message.created")


async def test_a_known_contact_is_written_to_at_its_address(
    inbox: Inbox, body: dict[str, Any]
) -> None:
    contact = await inbox.post("/v1/contacts", {"addresses": ["emil@elsewhere.example"]}, 201)
    del body["to"]

    first = await inbox.post("/v1/conversations", {**body, "contact_id": contact["id"]}, 202)

    conversation = await inbox.conversation_of(first)
    assert first["to"][0]["address"] == "emil@elsewhere.example"
    assert conversation["contact_id"] == contact["id"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"channel_id": "chn_unknown"}, 422, "conversations.unknown_channel"),
        ({"contact_id": "con_unknown"}, 422, "conversations.unknown_contact"),
        ({"author_id": "usr_unknown"}, 422, "conversations.unknown_user"),
        ({"to": None}, 422, "replies.no_recipient"),
        ({"to": ["ann@acme.example"]}, 422, "replies.own_address"),
        ({"to": ["support@acme.example"]}, 422, "replies.own_address"),
        ({"to": ["x"]}, 422, "replies.bad_address"),
        ({"text": ""}, 422, "replies.empty"),
        ({"subject": ""}, 422, "request.invalid"),
    ],
)
async def test_a_first_mail_that_cannot_be_begins_nothing(
    inbox: Inbox, body: dict[str, Any], change: dict[str, Any], status: int, code: str
) -> None:
    answer = await inbox.http.post("/v1/conversations", json={**body, **change})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await inbox.all("/v1/conversations") == []
    assert await inbox.all("/v1/contacts") == []


async def test_a_draft_sends_nothing(inbox: Inbox, body: dict[str, Any]) -> None:
    draft = await inbox.post("/v1/channels", {"shared": True, "provider": "other"}, 201)

    answer = await inbox.http.post("/v1/conversations", json={**body, "channel_id": draft["id"]})

    assert (answer.status_code, answer.json()["code"]) == (
        409,
        "conversations.channel_not_connected",
    )


async def test_a_conversation_that_the_team_begins_has_its_ticket_too(
    inbox: Inbox, body: dict[str, Any]
) -> None:
    automation = {"enabled": True, "properties": {"name": "{{contact.email}}: {{contact.name}}"}}
    path = f"/v1/channels/{inbox.channel['id']}/ticket-automation"
    assert (await inbox.http.put(path, json=automation)).status_code == 200

    first = await inbox.post("/v1/conversations", body, 202)

    conversation = await inbox.conversation_of(first)
    [ticket] = await inbox.all("/v1/tickets")
    assert (ticket["id"], ticket["conversation_id"]) == (
        conversation["ticket_id"],
        conversation["id"],
    )
    assert ticket["name"] == "carla@customer.example: Carla"
    assert ticket["owner_id"] == body["author_id"]
    assert ticket["last_sent_at"] is not None
