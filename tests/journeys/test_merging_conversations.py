"""4.5: two conversations about one thing become one, for good."""

from __future__ import annotations

from typing import Any

from tests.builders import connected_channel, mail, new_user, read_kept
from tests.journeys.conftest import Inbox


async def two_conversations(inbox: Inbox) -> tuple[str, str]:
    """The ids of two conversations of the channel."""
    one = await inbox.take()
    two = await inbox.take(text="Me too", message_id="<2@customer.example>")
    return one["conversation_id"], two["conversation_id"]


async def merge(inbox: Inbox, source: str, target: str) -> dict[str, Any]:
    """The conversation into which the other one was merged."""
    found: dict[str, Any] = await inbox.post(f"/v1/conversations/{source}/merge", {"into": target})
    return found


async def test_merged_conversations_are_one(inbox: Inbox) -> None:
    one = await inbox.take()
    two = await inbox.take(
        sender="Emil <emil@customer.example>", text="Me too", message_id="<2@customer.example>"
    )

    merged = await inbox.post(
        f"/v1/conversations/{two['conversation_id']}/merge", {"into": one["conversation_id"]}
    )

    answer = await inbox.take(
        sender="emil@customer.example",
        text="And?",
        message_id="<3@customer.example>",
        more="In-Reply-To: <2@customer.example>\r\n",
    )
    empty = await inbox.conversation_of(two)
    assert merged["id"] == one["conversation_id"]
    assert merged["message_count"] == 2
    assert {p["address"] for p in merged["participants"]} == {
        "carla@customer.example",
        "emil@customer.example",
    }
    assert [m["id"] for m in await inbox.messages_of(one)][:2] == [one["id"], two["id"]]
    assert (answer["conversation_id"], answer["pending"]) == (one["conversation_id"], False)
    assert (empty["state"], empty["message_count"]) == ("closed", 0)


async def test_conversations_of_two_channels_are_not_merged(inbox: Inbox) -> None:
    one = await inbox.take()
    sales = await connected_channel(inbox.http, team_address="sales@acme.example")
    reply = await inbox.deliver(mail(), sales["forwarding_address"])
    _, two = await read_kept(inbox.http, reply)
    path = f"/v1/conversations/{one['conversation_id']}/merge"

    other = await inbox.http.post(path, json={"into": two["conversation_id"]})
    itself = await inbox.http.post(path, json={"into": one["conversation_id"]})

    assert (other.status_code, other.json()["code"]) == (409, "conversations.other_channel")
    assert (itself.status_code, itself.json()["code"]) == (409, "conversations.same")


async def test_what_was_merged_is_merged_no_further(inbox: Inbox) -> None:
    one, two = await two_conversations(inbox)
    three = (await inbox.take(text="Me three", message_id="<3@customer.example>"))[
        "conversation_id"
    ]
    await merge(inbox, two, one)

    answers = [
        await inbox.http.post(f"/v1/conversations/{source}/merge", json={"into": target})
        for source, target in ((one, two), (two, one), (two, three), (three, two))
    ]

    found = {which: await inbox.get(f"/v1/conversations/{which}") for which in (one, two, three)}
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (409, "conversations.merged")
    ] * 4
    assert [found[which]["merged_into"] for which in (one, two, three)] == [None, one, None]
    assert [found[which]["state"] for which in (one, two, three)] == ["open", "closed", "open"]
    assert [found[which]["message_count"] for which in (one, two, three)] == [2, 0, 1]


async def test_a_chain_of_merges_leads_to_what_is_left(inbox: Inbox) -> None:
    one, two = await two_conversations(inbox)
    three = (await inbox.take(text="Me three", message_id="<3@customer.example>"))[
        "conversation_id"
    ]

    await merge(inbox, one, two)
    left = await merge(inbox, two, three)

    first = await inbox.get(f"/v1/conversations/{one}")
    assert left["message_count"] == 3
    assert first["merged_into"] == three


async def test_a_merge_keeps_what_a_conversation_followed(inbox: Inbox) -> None:
    first = await inbox.take()
    second = await inbox.take(
        text="Else", message_id="<2@customer.example>", more="In-Reply-To: <1@customer.example>\r\n"
    )
    path = f"/v1/conversations/{first['conversation_id']}"
    apart = await inbox.post(f"{path}/split", {"message_ids": [second["id"]]}, 201)
    other = await inbox.take(text="Other", message_id="<3@customer.example>")

    await merge(inbox, apart["id"], other["conversation_id"])

    merged = await inbox.get(f"/v1/conversations/{apart['id']}")
    assert merged["follow_up_of"] == first["conversation_id"]
    assert merged["merged_into"] == other["conversation_id"]


async def test_the_one_that_is_left_is_open_when_either_was(inbox: Inbox) -> None:
    one, two = await two_conversations(inbox)
    await inbox.patch(f"/v1/conversations/{one}", {"state": "closed"})

    left = await merge(inbox, two, one)

    events = [e["data"] for e in await inbox.all("/v1/events", types="conversation.reopened")]
    assert (left["state"], left["closed_at"]) == ("open", None)
    assert events == [{"conversation_id": one, "channel_id": left["channel_id"]}]


async def test_two_closed_ones_stay_closed(inbox: Inbox) -> None:
    one, two = await two_conversations(inbox)
    for which in (one, two):
        await inbox.patch(f"/v1/conversations/{which}", {"state": "closed"})

    assert (await merge(inbox, two, one))["state"] == "closed"


async def test_what_was_merged_does_not_change_and_is_in_no_list(inbox: Inbox) -> None:
    one, two = await two_conversations(inbox)
    user = await new_user(inbox.http)
    await inbox.patch(f"/v1/conversations/{two}", {"assignee_id": user["id"]})
    contact = (await inbox.get(f"/v1/conversations/{two}"))["contact_id"]
    await merge(inbox, two, one)
    path = f"/v1/conversations/{two}"

    answers = [
        await inbox.http.patch(path, json={"state": "open"}),
        await inbox.http.patch(path, json={}),
        await inbox.http.post(f"{path}/comments", json={"text": "Hm", "author_id": user["id"]}),
        await inbox.http.post(f"{path}/split", json={"message_ids": ["msg_1"]}),
    ]

    filters: list[dict[str, Any]] = [
        {},
        {"state": "closed"},
        {"assignee_id": user["id"]},
        {"contact_id": contact},
        {"q": "order"},
        {"channel_id": inbox.channel["id"]},
    ]
    listed = [[c["id"] for c in await inbox.all("/v1/conversations", **f)] for f in filters]
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (409, "conversations.merged")
    ] * 4
    assert listed == [[one], [], [], [one], [one], [one]]
