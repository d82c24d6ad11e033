"""E8, E9 and 4.5: people correct authors, merge contacts, split conversations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import connected_channel, new_user
from tests.journeys.conftest import Inbox

ANSWER = "In-Reply-To: <1@customer.example>\r\n"
GROUP = "List-ID: <support.acme.example>\r\n"


async def events(inbox: Inbox, kind: str) -> list[dict[str, Any]]:
    """The facts of the events of one type."""
    return [one["data"] for one in await inbox.all("/v1/events", types=kind)]


async def test_correcting_the_first_message_moves_the_conversation(inbox: Inbox) -> None:
    first = await inbox.take()
    second = await inbox.take(text="And?", message_id="<2@customer.example>", more=ANSWER)

    fixed = await inbox.post(
        f"/v1/messages/{first['id']}/reattribute", {"address": "Dora Doe <dora@strict.example>"}
    )

    conversation = await inbox.conversation_of(first)
    [dora] = await inbox.all("/v1/contacts", address="dora@strict.example")
    attribution = await inbox.attribution_of(first)
    assert fixed["author"] == {
        "contact_id": dora["id"],
        "user_id": None,
        "name": "Dora Doe",
        "address": "dora@strict.example",
    }
    assert fixed["from"]["address"] == "carla@customer.example"
    assert conversation["contact_id"] == dora["id"]
    assert [p["address"] for p in conversation["participants"]] == ["dora@strict.example"]
    assert (await inbox.get(f"/v1/messages/{second['id']}"))["author"]["contact_id"] == dora["id"]
    assert attribution["method"] == "manual"
    assert [(c["method"], c["accepted"]) for c in attribution["candidates"]] == [
        ("from", False),
        ("manual", True),
    ]
    [told] = await events(inbox, "message.reattributed")
    assert told["former_contact_id"] == first["author"]["contact_id"]
    assert told["contact_id"] == dora["id"]
    [changed] = await events(inbox, "conversation.updated")
    assert changed["changes"]["contact_id"]["after"] == dora["id"]


async def test_correcting_a_later_message_leaves_the_contact(inbox: Inbox) -> None:
    first = await inbox.take()
    second = await inbox.take(text="And?", message_id="<2@customer.example>", more=ANSWER)
    contact = await inbox.post(
        "/v1/contacts", {"name": "Dora", "addresses": ["dora@strict.example"]}, 201
    )

    fixed = await inbox.post(
        f"/v1/messages/{second['id']}/reattribute", {"contact_id": contact["id"]}
    )

    conversation = await inbox.conversation_of(first)
    assert fixed["author"]["contact_id"] == contact["id"]
    assert fixed["author"]["address"] == "dora@strict.example"
    assert conversation["contact_id"] == first["author"]["contact_id"]
    assert {p["address"] for p in conversation["participants"]} == {
        "carla@customer.example",
        "dora@strict.example",
    }


async def test_correcting_a_placeholder_puts_the_person_in_its_place(inbox: Inbox) -> None:
    message = await inbox.take(sender='"Dora via S" <support@acme.example>', more=GROUP)
    placeholder = (await inbox.conversation_of(message))["contact_id"]

    fixed = await inbox.post(
        f"/v1/messages/{message['id']}/reattribute", {"address": "dora@strict.example"}
    )

    conversation = await inbox.conversation_of(message)
    [contact] = await inbox.all("/v1/contacts")
    gone = await inbox.http.get(f"/v1/contacts/{placeholder}")
    assert contact["addresses"] == ["dora@strict.example"]
    assert contact["placeholder"] is False
    assert conversation["contact_id"] == fixed["author"]["contact_id"] == contact["id"]
    assert (await inbox.attribution_of(message))["unresolved"] is False
    assert (gone.status_code, gone.json()["code"]) == (404, "contacts.merged")
    answer = await inbox.take(
        sender="dora@strict.example", message_id="<2@strict.example>", text="x", more=ANSWER
    )
    assert answer["pending"] is False


async def test_correcting_a_teammates_comment_makes_it_the_customers_message(
    inbox: Inbox,
) -> None:
    await new_user(inbox.http)
    message = await inbox.take(sender="Ann <ann@acme.example>", text="Dora says: it is broken")

    fixed = await inbox.post(
        f"/v1/messages/{message['id']}/reattribute", {"address": "dora@strict.example"}
    )

    conversation = await inbox.conversation_of(message)
    assert (fixed["kind"], fixed["direction"]) == ("message", "incoming")
    assert fixed["author"]["user_id"] is None
    assert conversation["contact_id"] == fixed["author"]["contact_id"]
    assert conversation["last_received_at"] is not None
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


async def test_a_correction_can_be_corrected(inbox: Inbox) -> None:
    message = await inbox.take()
    path = f"/v1/messages/{message['id']}/reattribute"

    await inbox.post(path, {"address": "wrong@strict.example"})
    await inbox.post(path, {"contact_id": message["author"]["contact_id"]})

    conversation = await inbox.conversation_of(message)
    accepted = [
        c["address"] for c in (await inbox.attribution_of(message))["candidates"] if c["accepted"]
    ]
    assert conversation["contact_id"] == message["author"]["contact_id"]
    assert accepted == ["carla@customer.example"]


async def test_corrections_that_make_no_sense_are_refused(inbox: Inbox) -> None:
    message = await inbox.take()
    path = f"/v1/messages/{message['id']}/reattribute"
    user = await new_user(inbox.http)
    comment = await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/comments",
        {"text": "Hm", "author_id": user["id"]},
        201,
    )

    answers = [
        (await inbox.http.post(path, json=body)).status_code
        for body in ({}, {"address": "none"}, {"address": "a@b.example", "contact_id": "con_1"})
    ]

    assert answers == [422, 422, 422]
    assert (await inbox.http.post(path, json={"contact_id": "con_1"})).status_code == 404
    of_comment = await inbox.http.post(
        f"/v1/messages/{comment['id']}/reattribute", json={"address": "a@b.example"}
    )
    assert (of_comment.status_code, of_comment.json()["code"]) == (409, "messages.no_attribution")


@pytest.mark.parametrize(
    "address",
    [
        "Support <SUPPORT@acme.example>",
        "help@acme.example",
        "sales@acme.example",
        "forwarding address",
        "ann@acme.example",
        "ann@home.example",
    ],
)
async def test_nobody_of_the_team_is_made_the_customer(inbox: Inbox, address: str) -> None:
    await new_user(inbox.http, other_addresses=["ann@home.example"])
    await connected_channel(inbox.http, team_address="sales@acme.example")
    await inbox.patch(
        f"/v1/channels/{inbox.channel['id']}", {"other_team_addresses": ["help@acme.example"]}
    )
    message = await inbox.take()
    own = inbox.address if address == "forwarding address" else address

    answer = await inbox.http.post(
        f"/v1/messages/{message['id']}/reattribute", json={"address": own}
    )

    [fault] = answer.json()["errors"]
    assert (answer.status_code, answer.json()["code"]) == (422, "messages.own_address")
    assert fault["pointer"] == "/address"
    assert await inbox.contact_addresses() == [["carla@customer.example"]]


async def test_merging_contacts_moves_their_conversations(inbox: Inbox) -> None:
    one = await inbox.take()
    two = await inbox.take(sender="c@home.example", message_id="<2@home.example>")
    source, target = one["author"]["contact_id"], two["author"]["contact_id"]

    await inbox.post(f"/v1/contacts/{source}/merge", {"into": target})

    assert (await inbox.conversation_of(one))["contact_id"] == target
    assert (await inbox.get(f"/v1/messages/{one['id']}"))["author"]["contact_id"] == target
    assert len(await inbox.all("/v1/conversations", contact_id=target)) == 2
    further = await inbox.take(message_id="<3@customer.example>", text="Once more")
    assert further["author"]["contact_id"] == target


async def test_split_messages_are_a_conversation_of_their_own(inbox: Inbox) -> None:
    first = await inbox.take()
    second = await inbox.take(
        text="Something else", sender="eve@else.example", message_id="<2@else.example>", more=ANSWER
    )

    made = await inbox.post(
        f"/v1/conversations/{first['conversation_id']}/split", {"message_ids": [second["id"]]}, 201
    )

    answer = await inbox.take(
        text="Yes",
        sender="eve@else.example",
        message_id="<3@else.example>",
        more="In-Reply-To: <2@else.example>\r\n",
    )
    left = await inbox.conversation_of(first)
    assert made["contact_id"] == second["author"]["contact_id"]
    assert made["follow_up_of"] == first["conversation_id"]
    assert (made["message_count"], left["message_count"]) == (1, 1)
    assert [p["address"] for p in made["participants"]] == ["eve@else.example"]
    assert (answer["conversation_id"], answer["pending"]) == (made["id"], False)
    moved = await inbox.get(f"/v1/messages/{second['id']}")
    assert (moved["conversation_id"], moved["pending"]) == (made["id"], False)


async def test_splits_that_leave_nothing_or_name_others_are_refused(inbox: Inbox) -> None:
    first = await inbox.take()
    other = await inbox.take(text="Other", message_id="<2@customer.example>")
    path = f"/v1/conversations/{first['conversation_id']}/split"

    everything = await inbox.http.post(path, json={"message_ids": [first["id"]]})
    foreign = await inbox.http.post(path, json={"message_ids": [other["id"]]})

    assert (everything.status_code, everything.json()["code"]) == (
        409,
        "conversations.nothing_left",
    )
    assert (foreign.status_code, foreign.json()["code"]) == (422, "conversations.not_its_own")
