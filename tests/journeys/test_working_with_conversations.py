"""G4, G6 and J2: assigning, closing, comments, lists and the event log."""

from __future__ import annotations

import asyncio

import pytest

from tests.builders import connected_channel, mail, new_user
from tests.journeys.conftest import Inbox

ANSWER = "In-Reply-To: <1@customer.example>\r\n"


async def test_changes_stand_in_the_history_and_in_the_log(inbox: Inbox) -> None:
    message = await inbox.take()
    user = await new_user(inbox.http)
    path = f"/v1/conversations/{message['conversation_id']}"

    assigned = await inbox.patch(path, {"assignee_id": user["id"]})
    closed = await inbox.patch(path, {"state": "closed"})
    unchanged = await inbox.patch(path, {"state": "closed"})
    reopened = await inbox.patch(path, {"state": "open", "assignee_id": None})

    history = [one["kind"] for one in await inbox.messages_of(message)]
    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert assigned["assignee_id"] == user["id"]
    assert (closed["state"], unchanged["closed_at"]) == ("closed", closed["closed_at"])
    assert closed["closed_at"] is not None
    assert (reopened["state"], reopened["closed_at"]) == ("open", None)
    assert reopened["assignee_id"] is None
    assert history == ["message", "event", "event", "event"]
    assert types.count("conversation.assigned") == 2
    assert types.count("conversation.closed") == 1
    assert types.count("conversation.reopened") == 1
    assert types.count("conversation.updated") == 3
    assert reopened["message_count"] == 1


async def test_a_change_upon_a_stale_state_is_refused(inbox: Inbox) -> None:
    message = await inbox.take()
    path = f"/v1/conversations/{message['conversation_id']}"
    tag = (await inbox.http.get(path)).headers["etag"]
    await inbox.patch(path, {"spam": True})

    stale = await inbox.http.patch(path, json={"state": "closed"}, headers={"If-Match": tag})
    fresh_tag = (await inbox.http.get(path)).headers["etag"]
    fresh = await inbox.http.patch(path, json={"state": "closed"}, headers={"If-Match": fresh_tag})

    assert (stale.status_code, fresh.status_code) == (412, 200)


@pytest.mark.parametrize(
    "body",
    [
        {"state": "pending"},
        {"state": None},
        {"assignee_id": "usr_unknown"},
        {"team_id": "tea_unknown"},
        {"subject": "New"},
    ],
)
async def test_changes_that_cannot_be_are_refused(
    inbox: Inbox, body: dict[str, str | None]
) -> None:
    message = await inbox.take()

    answer = await inbox.http.patch(f"/v1/conversations/{message['conversation_id']}", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"


async def test_a_comment_is_internal(inbox: Inbox) -> None:
    message = await inbox.take()
    user = await new_user(inbox.http)
    path = f"/v1/conversations/{message['conversation_id']}/comments"

    comment = await inbox.post(path, {"text": "Call her.", "author_id": user["id"]}, 201)
    by_nobody = await inbox.http.post(path, json={"text": "x", "author_id": "usr_unknown"})

    conversation = await inbox.conversation_of(message)
    assert (comment["kind"], comment["direction"]) == ("comment", None)
    assert comment["author"]["user_id"] == user["id"]
    assert (comment["deliveries"], comment["to"]) == ([], [])
    assert conversation["message_count"] == 2
    assert conversation["last_sent_at"] is None
    assert by_nobody.status_code == 422
    assert [m["text"] for m in await inbox.messages_of(message)][-1] == "Call her."


async def test_spam_is_listed_apart(inbox: Inbox) -> None:
    message = await inbox.take()
    other = await inbox.take(message_id="<2@customer.example>", text="Other")

    await inbox.patch(f"/v1/conversations/{message['conversation_id']}", {"spam": True})

    clean = await inbox.all("/v1/conversations")
    spam = await inbox.all("/v1/conversations", spam=True)
    assert [one["id"] for one in clean] == [other["conversation_id"]]
    assert [one["id"] for one in spam] == [message["conversation_id"]]


async def test_lists_are_filtered(inbox: Inbox) -> None:
    user = await new_user(inbox.http)
    sales = await connected_channel(inbox.http, team_address="sales@acme.example")
    one = await inbox.take()
    two = await inbox.take(
        sender="Dora <dora@strict.example>",
        message_id="<2@strict.example>",
        subject="Ünïcode lamp",
        text="Das Glühbirnchen ist 100% kaputt",
    )
    await inbox.deliver(mail(message_id="<3@customer.example>"), sales["forwarding_address"])
    await inbox.patch(f"/v1/conversations/{one['conversation_id']}", {"assignee_id": user["id"]})
    await inbox.patch(f"/v1/conversations/{two['conversation_id']}", {"state": "closed"})

    async def found(**query: object) -> set[str]:
        listed = await inbox.all("/v1/conversations", **query)
        names = {one["conversation_id"]: "one", two["conversation_id"]: "two"}
        return {names.get(item["id"], "three") for item in listed}

    assert await found(state="closed") == {"two"}
    assert await found(state="open") == {"one", "three"}
    assert await found(channel_id=sales["id"]) == {"three"}
    assert await found(assignee_id=user["id"]) == {"one"}
    assert await found(unassigned=True) == {"two", "three"}
    assert await found(unassigned=False) == {"one"}
    assert await found(contact_id=two["author"]["contact_id"]) == {"two"}
    assert await found(q="LAMP kaputt") == {"two"}
    assert await found(q="dora@strict") == {"two"}
    assert await found(q="100%") == {"two"}
    assert await found(q="lamp order") == set()
    assert await found(q="%") == set()
    newest = (await inbox.conversation_of(one))["last_message_at"]
    assert await found(since=newest) >= {"one"}
    assert await found(until=newest) == await found() - await found(since=newest)
    assert await found(team_id="tea_unknown") == set()
    assert await found(state="open", channel_id=inbox.channel["id"]) == {"one"}


async def test_the_newest_conversation_comes_first_and_pages_fit_together(inbox: Inbox) -> None:
    ids = []
    for number in range(5):
        message = await inbox.take(message_id=f"<{number}@customer.example>", text=f"No {number}")
        ids.append(message["conversation_id"])

    first = await inbox.get("/v1/conversations", limit=2)
    await inbox.take(message_id="<new@customer.example>", text="New")
    await inbox.patch(f"/v1/conversations/{ids[4]}", {"spam": True})
    second = await inbox.get("/v1/conversations", limit=2, cursor=first["next_cursor"])
    third = await inbox.get("/v1/conversations", limit=2, cursor=second["next_cursor"])

    pages = [[one["id"] for one in page["items"]] for page in (first, second, third)]
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert third["next_cursor"] is None


async def test_messages_come_in_both_orders_and_in_pages(inbox: Inbox) -> None:
    first = await inbox.take()
    for number in range(2, 5):
        await inbox.take(
            message_id=f"<{number}@customer.example>", text=f"No {number}", more=ANSWER
        )
    path = f"/v1/conversations/{first['conversation_id']}/messages"

    oldest = await inbox.get(path, limit=3)
    rest = await inbox.get(path, limit=3, cursor=oldest["next_cursor"])
    newest = await inbox.get(path, order="desc")

    forward = [one["id"] for one in oldest["items"] + rest["items"]]
    assert len(forward) == 4
    assert [one["id"] for one in newest["items"]] == forward[::-1]
    assert forward[0] == first["id"]


async def test_the_event_log_is_in_order_and_without_gaps(inbox: Inbox) -> None:
    await asyncio.gather(
        *(
            inbox.deliver(mail(f"No {n}", message_id=f"<{n}@customer.example>"), inbox.address)
            for n in range(12)
        )
    )

    read: list[dict[str, object]] = []
    after = "0"
    while True:
        page = await inbox.get("/v1/events", after=after, limit=7)
        read += page["items"]
        if not page["items"]:
            break
        after = page["next_after"]

    types = [one["type"] for one in read]
    assert [one["sequence"] for one in read] == list(range(1, len(read) + 1))
    assert types.count("message.received") == 12
    assert types.count("conversation.created") == 12
    assert types.count("contact.created") == 1
    assert types.index("contact.created") < types.index("conversation.created")
    assert types.index("conversation.created") < types.index("message.received")


@pytest.mark.parametrize("after", ["x", "-1", "²", "1" * 20, ""])
async def test_a_place_that_is_none_is_refused(inbox: Inbox, after: str) -> None:
    answer = await inbox.http.get("/v1/events", params={"after": after})

    assert answer.status_code == 400


async def test_events_are_chosen_by_type(inbox: Inbox) -> None:
    await inbox.take()

    found = await inbox.all("/v1/events", types="message.received, contact.created")

    assert [one["type"] for one in found] == ["contact.created", "message.received"]
