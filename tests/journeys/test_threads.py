"""G1 and G2: a mail finds its conversation by ids alone, and only who takes part may join."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.builders import connected_channel, mail, read_kept
from tests.journeys.conftest import Inbox

ROOT = bytes([1, 0xD9, 1, 2, 3, 4]) + bytes(range(16))


def answer(text: str = "Any news?", number: int = 2, **fields: Any) -> dict[str, Any]:
    """The fields of a further mail."""
    return {"text": text, "message_id": f"<{number}@customer.example>", **fields}


def index(octets: bytes) -> str:
    """A Thread-Index field."""
    return f"Thread-Index: {base64.b64encode(octets).decode()}\r\n"


async def test_an_answer_joins_by_in_reply_to(inbox: Inbox) -> None:
    first = await inbox.take()

    second = await inbox.take(
        **answer(subject="Quite another subject", more="In-Reply-To: <1@customer.example>\r\n")
    )

    conversation = await inbox.conversation_of(first)
    assert second["conversation_id"] == first["conversation_id"]
    assert second["pending"] is False
    assert second["in_reply_to"] == "1@customer.example"
    assert conversation["message_count"] == 2
    assert conversation["subject"] == "Where is my order?"


async def test_the_newest_reference_counts_before_the_older_ones(inbox: Inbox) -> None:
    older = await inbox.take()
    newer = await inbox.take(**answer("Another matter", 2))

    message = await inbox.take(
        **answer("To both", 3, more="References: <1@customer.example> <2@customer.example>\r\n")
    )

    assert older["conversation_id"] != newer["conversation_id"]
    assert message["conversation_id"] == newer["conversation_id"]


async def test_in_reply_to_counts_before_references(inbox: Inbox) -> None:
    older = await inbox.take()
    await inbox.take(**answer("Another matter", 2))
    more = "In-Reply-To: <1@customer.example>\r\nReferences: <2@customer.example>\r\n"

    message = await inbox.take(**answer("To the first", 3, more=more))

    assert message["conversation_id"] == older["conversation_id"]


async def test_mails_that_arrive_out_of_order_meet(inbox: Inbox) -> None:
    later = await inbox.take(**answer(more="In-Reply-To: <1@customer.example>\r\n"))

    earlier = await inbox.take()

    assert earlier["conversation_id"] == later["conversation_id"]


async def test_answers_to_a_mail_that_never_came_meet(inbox: Inbox) -> None:
    more = "References: <root@customer.example>\r\n"

    one = await inbox.take(**answer("One", 1, more=more))
    two = await inbox.take(**answer("Two", 2, more=more))

    assert one["conversation_id"] == two["conversation_id"]


async def test_the_same_subject_alone_is_another_conversation(inbox: Inbox) -> None:
    first = await inbox.take(subject="Re: Your order")

    second = await inbox.take(**answer(subject="Re: Your order"))

    assert second["conversation_id"] != first["conversation_id"]


async def test_ids_lead_nowhere_in_another_channel(inbox: Inbox) -> None:
    first = await inbox.take()
    sales = await connected_channel(inbox.http, team_address="sales@acme.example")
    raw = mail(**answer(more="In-Reply-To: <1@customer.example>\r\n"))

    _, message = await read_kept(inbox.http, await inbox.deliver(raw, sales["forwarding_address"]))

    assert message["conversation_id"] != first["conversation_id"]


async def test_outlooks_thread_index_joins_when_no_id_helps(inbox: Inbox) -> None:
    first = await inbox.take(more=index(ROOT))

    second = await inbox.take(**answer(more=index(ROOT + b"\x00\x01\x02\x03\x04")))
    stranger = await inbox.take(
        **answer("Me too", 3, sender="eve@else.example", more=index(ROOT + b"\x09" * 5))
    )

    assert second["conversation_id"] == first["conversation_id"]
    assert second["pending"] is False
    assert stranger["conversation_id"] == first["conversation_id"]
    assert stranger["pending"] is True


async def test_a_thread_index_that_every_mail_bears_joins_no_strangers(inbox: Inbox) -> None:
    first = await inbox.take(more=index(ROOT))

    other = await inbox.take(**answer(sender="eve@else.example", more=index(ROOT)))
    again = await inbox.take(**answer(number=3, more=index(ROOT)))

    assert other["conversation_id"] != first["conversation_id"]
    assert again["conversation_id"] == first["conversation_id"]


@pytest.mark.parametrize("octets", [b"", b"short", b"\x02" + ROOT[1:] + b"\x00" * 5])
async def test_a_thread_index_that_is_none_is_ignored(inbox: Inbox, octets: bytes) -> None:
    first = await inbox.take(more=index(octets))

    second = await inbox.take(**answer(more=index(octets)))

    assert second["conversation_id"] != first["conversation_id"]


async def test_a_stranger_with_a_reference_waits_as_pending_until_admitted(inbox: Inbox) -> None:
    first = await inbox.take()
    before = await inbox.conversation_of(first)
    await inbox.patch(f"/v1/conversations/{first['conversation_id']}", {"state": "closed"})
    more = "In-Reply-To: <1@customer.example>\r\n"

    message = await inbox.take(**answer(sender="Eve <eve@else.example>", more=more))
    waiting = await inbox.conversation_of(message)
    admitted = await inbox.post(f"/v1/messages/{message['id']}/admit")
    after = await inbox.conversation_of(message)
    further = await inbox.take(**answer("And?", 3, sender="eve@else.example", more=more))

    assert message["conversation_id"] == first["conversation_id"]
    assert message["pending"] is True
    assert waiting["participants"] == before["participants"]
    assert waiting["state"] == "closed"
    assert waiting["last_received_at"] == before["last_received_at"]
    assert admitted["pending"] is False
    assert "eve@else.example" in [p["address"] for p in after["participants"]]
    assert after["state"] == "open"
    assert after["contact_id"] == before["contact_id"]
    assert further["pending"] is False


async def test_who_stood_in_cc_may_answer_and_the_contact_stays(inbox: Inbox) -> None:
    first = await inbox.take(more="Cc: Emil <emil@customer.example>, support@acme.example\r\n")
    more = "In-Reply-To: <1@customer.example>\r\n"

    message = await inbox.take(**answer(sender="Emil <Emil@Customer.example>", more=more))

    conversation = await inbox.conversation_of(message)
    assert message["pending"] is False
    assert conversation["contact_id"] == first["author"]["contact_id"]
    assert message["author"]["contact_id"] != conversation["contact_id"]
    assert [p["address"] for p in conversation["participants"]] == [
        "carla@customer.example",
        "emil@customer.example",
    ]


async def test_the_contact_may_answer_from_any_of_its_addresses(inbox: Inbox) -> None:
    first = await inbox.take()
    path = f"/v1/contacts/{first['author']['contact_id']}"
    await inbox.patch(path, {"addresses": ["carla@customer.example", "carla@home.example"]})
    more = "In-Reply-To: <1@customer.example>\r\n"

    message = await inbox.take(**answer(sender="carla@home.example", more=more))

    assert message["pending"] is False
    assert message["author"]["contact_id"] == first["author"]["contact_id"]


async def test_an_answer_reopens_a_closed_conversation(inbox: Inbox) -> None:
    first = await inbox.take()
    await inbox.patch(f"/v1/conversations/{first['conversation_id']}", {"state": "closed"})

    message = await inbox.take(**answer(more="In-Reply-To: <1@customer.example>\r\n"))

    conversation = await inbox.conversation_of(message)
    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert message["conversation_id"] == first["conversation_id"]
    assert (conversation["state"], conversation["closed_at"]) == ("open", None)
    assert types.count("conversation.reopened") == 1


async def test_an_answer_behind_the_window_is_a_linked_follow_up(inbox: Inbox) -> None:
    await inbox.patch(f"/v1/channels/{inbox.channel['id']}", {"reopen_window_days": 0})
    first = await inbox.take()
    await inbox.patch(f"/v1/conversations/{first['conversation_id']}", {"state": "closed"})
    more = "In-Reply-To: <1@customer.example>\r\n"

    second = await inbox.take(**answer(more=more))
    third = await inbox.take(**answer("And?", 3, more=more))

    follow_up = await inbox.conversation_of(second)
    assert second["conversation_id"] != first["conversation_id"]
    assert follow_up["follow_up_of"] == first["conversation_id"]
    assert third["conversation_id"] == second["conversation_id"]
    assert (await inbox.conversation_of(first))["state"] == "closed"


async def test_within_the_window_the_conversation_reopens(inbox: Inbox) -> None:
    await inbox.patch(f"/v1/channels/{inbox.channel['id']}", {"reopen_window_days": 1})
    first = await inbox.take()
    await inbox.patch(f"/v1/conversations/{first['conversation_id']}", {"state": "closed"})

    second = await inbox.take(**answer(more="In-Reply-To: <1@customer.example>\r\n"))

    assert second["conversation_id"] == first["conversation_id"]


async def test_teammates_in_cc_are_no_participants(inbox: Inbox) -> None:
    await inbox.post("/v1/users", {"name": "Ann", "email": "ann@acme.example"}, 201)

    message = await inbox.take(more="Cc: Ann <Ann@acme.example>\r\n")

    conversation = await inbox.conversation_of(message)
    assert [p["address"] for p in conversation["participants"]] == ["carla@customer.example"]
