"""I1–I4: tickets open with conversations, follow what is written, and never cost a mail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from app.domain import tickets
from app.domain.conversations import Conversation
from tests.builders import connected_channel, mail, new_user
from tests.conftest import Account, Service
from tests.journeys.conftest import Inbox

ANSWER = "In-Reply-To: <1@customer.example>\r\n"
PUT = "/v1/channels/{}/ticket-automation"


async def switch_on(inbox: Inbox, **automation: Any) -> dict[str, Any]:
    """The channel's automation is on; its answer."""
    answer = await inbox.http.put(
        PUT.format(inbox.channel["id"]), json={"enabled": True, **automation}
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ticket_of(inbox: Inbox, message: dict[str, Any]) -> dict[str, Any]:
    conversation = await inbox.conversation_of(message)
    found: dict[str, Any] = await inbox.get(f"/v1/tickets/{conversation['ticket_id']}")
    return found


async def stages_of(inbox: Inbox) -> dict[str, str]:
    [pipeline] = await inbox.all("/v1/ticket-pipelines")
    return {stage["name"]: stage["id"] for stage in pipeline["stages"]}


async def reply(inbox: Inbox, message: dict[str, Any], user: dict[str, Any]) -> None:
    await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/replies",
        {"text": "It is on its way.", "author_id": user["id"]},
        202,
    )


async def test_off_by_default(inbox: Inbox) -> None:
    message = await inbox.take()

    assert (await inbox.conversation_of(message))["ticket_id"] is None
    assert await inbox.all("/v1/tickets") == []


async def test_a_new_conversation_opens_exactly_one_ticket(inbox: Inbox) -> None:
    await switch_on(inbox)
    message = await inbox.take()
    await inbox.take(message_id="<2@customer.example>", more=ANSWER, text="And?")
    await inbox.deliver(mail(), inbox.address)  # the same mail again

    [ticket] = await inbox.all("/v1/tickets")

    stages = await stages_of(inbox)
    conversation = await inbox.conversation_of(message)
    [created] = await inbox.all("/v1/events", types="ticket.created")
    assert conversation["ticket_id"] == ticket["id"]
    assert ticket["conversation_id"] == conversation["id"]
    assert ticket["contact_id"] == conversation["contact_id"]
    assert ticket["name"] == "Where is my order?"
    assert (ticket["source"], ticket["state"]) == ("email", "open")
    assert ticket["stage_id"] == stages["Waiting on us"]  # the contact wrote again
    assert ticket["last_received_at"] == conversation["last_received_at"]
    assert created["data"]["ticket_id"] == ticket["id"]


async def test_a_new_ticket_begins_at_the_first_stage(inbox: Inbox) -> None:
    await switch_on(inbox)

    ticket = await ticket_of(inbox, await inbox.take())

    assert ticket["stage_id"] == (await stages_of(inbox))["New"]


async def test_mails_of_one_moment_get_a_ticket_each(inbox: Inbox) -> None:
    await switch_on(inbox)
    raws = [mail(message_id=f"<{n}@customer.example>", text=f"No {n}") for n in range(5)]
    sales = await connected_channel(inbox.http, team_address="sales@acme.example")

    await asyncio.gather(
        *(inbox.deliver(raw, inbox.address, sales["forwarding_address"]) for raw in raws)
    )

    found = await inbox.all("/v1/tickets")
    assert len({one["conversation_id"] for one in found}) == len(found) == 5
    assert {one["channel_id"] for one in found} == {inbox.channel["id"]}


async def test_the_template_is_filled_in(inbox: Inbox) -> None:
    ann = await new_user(inbox.http)
    await inbox.post("/v1/ticket-properties", {"key": "sender", "type": "text"}, 201)
    await inbox.post("/v1/ticket-properties", {"key": "size", "type": "number", "default": 3}, 201)
    properties = {
        "name": "{{contact.name}}: {{conversation.subject}}",
        "priority": "high",
        "owner_id": ann["id"],
        "category": "{{channel.name}}",
        "custom": {"sender": "{{contact.email}}"},
    }
    await switch_on(inbox, properties=properties)

    ticket = await ticket_of(inbox, await inbox.take())
    silent = await ticket_of(
        inbox,
        await inbox.take(
            subject="", sender="dora@strict.example", message_id="<2@strict.example>", text="Hi"
        ),
    )

    assert ticket["name"] == "Carla Customer: Where is my order?"
    assert (ticket["priority"], ticket["owner_id"]) == ("high", ann["id"])
    assert ticket["category"] == inbox.channel["name"]
    assert ticket["custom"] == {"sender": "carla@customer.example", "size": 3}
    assert silent["name"] == "dora@strict.example: (no subject) from dora@strict.example"


@pytest.mark.parametrize(
    "fields",
    [
        {"more": "Auto-Submitted: auto-generated\r\n"},
        {"sender": "MAILER-DAEMON@customer.example", "subject": "Undelivered mail"},
    ],
)
async def test_machines_open_and_move_nothing(inbox: Inbox, fields: dict[str, str]) -> None:
    await switch_on(inbox)
    message = await inbox.take()
    before = await ticket_of(inbox, message)

    more = fields.get("more", "Auto-Submitted: auto-replied\r\n")
    await inbox.receive(message_id="<8@customer.example>", **{**fields, "more": more})
    await inbox.receive(message_id="<9@customer.example>", **{**fields, "more": more + ANSWER})

    assert await inbox.all("/v1/tickets") == [before]


async def test_a_stranger_who_waits_moves_nothing(inbox: Inbox) -> None:
    await switch_on(inbox)
    message = await inbox.take()
    before = await ticket_of(inbox, message)

    waiting = await inbox.take(
        sender="Eve <eve@elsewhere.example>", message_id="<2@elsewhere.example>", more=ANSWER
    )

    assert waiting["pending"] is True
    assert await ticket_of(inbox, message) == before
    await inbox.post(f"/v1/messages/{waiting['id']}/admit")
    after = await ticket_of(inbox, message)
    assert after["stage_id"] == (await stages_of(inbox))["Waiting on us"]


async def test_the_owner_follows_the_assignee_until_set_by_hand(inbox: Inbox) -> None:
    await switch_on(inbox)
    ann, bob = await new_user(inbox.http), await new_user(inbox.http, "bob@acme.example")
    message = await inbox.take()
    chat = f"/v1/conversations/{message['conversation_id']}"

    await inbox.patch(chat, {"assignee_id": ann["id"]})
    followed = await ticket_of(inbox, message)
    await inbox.patch(f"/v1/tickets/{followed['id']}", {"owner_id": bob["id"]})
    await inbox.patch(chat, {"assignee_id": None})
    by_hand = await ticket_of(inbox, message)
    await inbox.patch(chat, {"assignee_id": ann["id"]})
    again = await inbox.patch(f"/v1/tickets/{followed['id']}", {"owner_id": None})
    await inbox.http.delete(f"/v1/users/{ann['id']}")

    assert followed["owner_id"] == ann["id"]
    assert by_hand["owner_id"] == bob["id"]
    assert again["owner_id"] == ann["id"]
    assert (await ticket_of(inbox, message))["owner_id"] is None


async def test_the_status_follows_what_is_written(inbox: Inbox) -> None:
    await switch_on(inbox)
    stages, ann = await stages_of(inbox), await new_user(inbox.http)
    message = await inbox.take()

    await reply(inbox, message, ann)
    answered = await ticket_of(inbox, message)
    await inbox.take(message_id="<2@customer.example>", more=ANSWER, text="Thanks, but …")
    written = await ticket_of(inbox, message)

    history = await inbox.all(f"/v1/tickets/{answered['id']}/history")
    assert answered["stage_id"] == stages["Waiting on contact"]
    assert answered["last_sent_at"] is not None
    assert answered["owner_id"] == ann["id"]  # the first answer has assigned the conversation
    assert written["stage_id"] == stages["Waiting on us"]
    assert history[0]["by"]["kind"] == "automation"
    assert history[-1]["by"]["kind"] == "mail"
    assert history[-1]["changes"] == {
        "stage_id": {"before": stages["Waiting on contact"], "after": stages["Waiting on us"]}
    }


async def test_each_rule_can_be_switched_off(inbox: Inbox) -> None:
    status = {
        "on_agent_reply": None,
        "on_contact_reply": None,
        "on_conversation_closed": None,
        "close_conversation": False,
    }
    await switch_on(inbox, status=status, on_reply_to_closed=None)
    stages, ann = await stages_of(inbox), await new_user(inbox.http)
    message = await inbox.take()
    path = f"/v1/tickets/{(await ticket_of(inbox, message))['id']}"

    await reply(inbox, message, ann)
    await inbox.take(message_id="<2@customer.example>", more=ANSWER, text="Thanks")
    await inbox.patch(f"/v1/conversations/{message['conversation_id']}", {"state": "closed"})
    still = await inbox.get(path)
    await inbox.patch(path, {"stage_id": stages["Closed"]})
    await inbox.take(message_id="<3@customer.example>", more=ANSWER, text="Once more")

    assert still["stage_id"] == stages["New"]
    assert (await inbox.get(path))["state"] == "closed"
    assert (await inbox.conversation_of(message))["state"] == "open"


async def test_ticket_and_conversation_are_closed_together(inbox: Inbox) -> None:
    await switch_on(inbox)
    stages = await stages_of(inbox)
    message = await inbox.take()
    chat = f"/v1/conversations/{message['conversation_id']}"
    path = f"/v1/tickets/{(await ticket_of(inbox, message))['id']}"

    await inbox.patch(chat, {"state": "closed"})
    closed = await inbox.get(path)
    await inbox.patch(chat, {"state": "open"})
    reopened = await inbox.get(path)
    await inbox.patch(path, {"stage_id": stages["Closed"]})
    with_ticket = await inbox.get(chat)
    await inbox.patch(path, {"stage_id": stages["New"]})

    assert (closed["state"], closed["stage_id"]) == ("closed", stages["Closed"])
    assert closed["closed_at"] is not None
    assert (reopened["stage_id"], reopened["closed_at"]) == (stages["Waiting on us"], None)
    assert with_ticket["state"] == "closed"
    assert (await inbox.get(chat))["state"] == "open"
    assert (await inbox.get(path))["stage_id"] == stages["New"]


async def test_a_reply_to_a_closed_ticket_moves_it_where_it_is_said(inbox: Inbox) -> None:
    stages = await stages_of(inbox)
    await switch_on(inbox, on_reply_to_closed={"stage_id": stages["New"]})
    message = await inbox.take()
    await inbox.patch(f"/v1/conversations/{message['conversation_id']}", {"state": "closed"})

    await inbox.take(message_id="<2@customer.example>", more=ANSWER, text="Not yet!")

    ticket = await ticket_of(inbox, message)
    assert (ticket["state"], ticket["stage_id"]) == ("open", stages["New"])
    assert len(await inbox.all("/v1/tickets")) == 1


async def test_a_follow_up_has_a_ticket_of_its_own(inbox: Inbox, service: Service) -> None:
    await switch_on(inbox)
    await inbox.patch(f"/v1/channels/{inbox.channel['id']}", {"reopen_window_days": 1})
    message = await inbox.take()
    chat = message["conversation_id"]
    await inbox.patch(f"/v1/conversations/{chat}", {"state": "closed"})
    long_ago = datetime.now(UTC) - timedelta(days=3)
    async with service.database.writing() as db:
        await db.execute(
            update(Conversation).where(Conversation.id == chat).values(closed_at=long_ago)
        )

    later = await inbox.take(message_id="<2@customer.example>", more=ANSWER, text="Broken again")

    first, second = await ticket_of(inbox, message), await ticket_of(inbox, later)
    assert first["id"] != second["id"]
    assert (first["state"], second["state"]) == ("closed", "open")


async def test_a_template_that_no_longer_fits_falls_back_and_is_flagged_once(
    inbox: Inbox,
) -> None:
    ann = await new_user(inbox.http)
    own = await inbox.post(
        "/v1/ticket-pipelines",
        {"name": "Own", "stages": [{"name": "A"}, {"name": "Z", "state": "closed"}]},
        201,
    )
    made = await inbox.post("/v1/ticket-properties", {"key": "colour"}, 201)
    custom = {"colour": "red"}
    properties = {"pipeline_id": own["id"], "owner_id": ann["id"], "custom": custom}
    await switch_on(inbox, properties=properties)

    for path in (
        f"/v1/users/{ann['id']}",
        f"/v1/ticket-properties/{made['id']}",
        f"/v1/ticket-pipelines/{own['id']}",
    ):
        assert (await inbox.http.delete(path)).status_code == 204
    message = await inbox.take()
    await inbox.take(message_id="<2@customer.example>", text="Another")

    ticket = await ticket_of(inbox, message)
    stages = await stages_of(inbox)
    channel = await inbox.get(f"/v1/channels/{inbox.channel['id']}")
    setup = await inbox.get(f"/v1/channels/{inbox.channel['id']}/setup")
    [step] = [one for one in setup["steps"] if one["name"] == "ticket_automation"]
    told = await inbox.all("/v1/events", types="channel.ticket_automation_degraded")
    codes = {one["code"] for one in channel["ticket_automation"]["problems"]}
    assert ticket["stage_id"] == stages["New"]
    assert (ticket["owner_id"], ticket["custom"]) == (None, {})
    assert codes >= {
        "tickets.pipeline_gone",
        "tickets.owner_gone",
        "tickets.property_gone",
    }
    assert {one["code"] for one in step["problems"]} == codes
    assert (step["done"], setup["ready"]) == (False, True)
    assert len(told) == 3  # one for each thing that went, none for the mails
    fixed = await switch_on(inbox)
    assert fixed["problems"] == []


async def test_a_fault_in_opening_a_ticket_costs_no_mail(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await switch_on(inbox)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a mistake of ours")

    monkeypatch.setattr(tickets, "by_template", broken)
    received = await inbox.receive()
    monkeypatch.undo()

    assert received["outcome"] == "accepted"
    conversation = await inbox.get(f"/v1/conversations/{received['conversation_id']}")
    channel = await inbox.get(f"/v1/channels/{inbox.channel['id']}")
    assert conversation["ticket_id"] is None
    assert [p["code"] for p in channel["ticket_automation"]["problems"]] == ["tickets.not_opened"]
    made = await inbox.post("/v1/tickets", {"conversation_id": conversation["id"]}, 201)
    assert made["name"] == conversation["subject"]


async def test_merged_conversations_have_one_ticket_that_goes_on(inbox: Inbox) -> None:
    await switch_on(inbox)
    one = await inbox.take()
    two = await inbox.take(message_id="<2@customer.example>", text="Another", subject="Two")
    first, second = await ticket_of(inbox, one), await ticket_of(inbox, two)

    await inbox.post(
        f"/v1/conversations/{two['conversation_id']}/merge", {"into": one["conversation_id"]}
    )

    after = await inbox.get(f"/v1/tickets/{second['id']}")
    assert (await inbox.get(f"/v1/tickets/{first['id']}"))["state"] == "open"
    assert (after["state"], after["merged_into"]) == ("closed", first["id"])


async def test_a_ticket_goes_along_into_a_conversation_without_one(inbox: Inbox) -> None:
    one = await inbox.take()
    await switch_on(inbox)
    two = await inbox.take(message_id="<2@customer.example>", text="Another", subject="Two")
    ticket = await ticket_of(inbox, two)

    left = await inbox.post(
        f"/v1/conversations/{two['conversation_id']}/merge", {"into": one["conversation_id"]}
    )

    after = await inbox.get(f"/v1/tickets/{ticket['id']}")
    assert left["ticket_id"] == ticket["id"]
    assert (after["conversation_id"], after["state"]) == (one["conversation_id"], "open")


async def test_what_is_split_off_has_a_ticket_of_its_own(inbox: Inbox) -> None:
    await switch_on(inbox)
    message = await inbox.take()
    other = await inbox.take(message_id="<2@customer.example>", more=ANSWER, subject="By the way")

    split = await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/split",
        {"message_ids": [other["id"]]},
        201,
    )

    ticket = await inbox.get(f"/v1/tickets/{split['ticket_id']}")
    assert ticket["name"] == "By the way"
    assert ticket["conversation_id"] == split["id"]


async def test_the_ticket_is_for_who_wrote_after_a_correction(inbox: Inbox) -> None:
    await switch_on(inbox)
    message = await inbox.take()

    await inbox.post(f"/v1/messages/{message['id']}/reattribute", {"address": "dora@x.example"})

    conversation = await inbox.conversation_of(message)
    ticket = await ticket_of(inbox, message)
    assert ticket["contact_id"] == conversation["contact_id"] != message["author"]["contact_id"]
    other = await inbox.post("/v1/contacts", {"name": "Dora Two"}, 201)
    await inbox.post(f"/v1/contacts/{ticket['contact_id']}/merge", {"into": other["id"]})
    assert (await ticket_of(inbox, message))["contact_id"] == other["id"]


async def test_spam_closes_the_ticket(inbox: Inbox) -> None:
    await switch_on(inbox)
    message = await inbox.take()
    chat = f"/v1/conversations/{message['conversation_id']}"

    await inbox.patch(chat, {"spam": True})
    spam = await ticket_of(inbox, message)
    await inbox.patch(chat, {"spam": False})

    assert spam["state"] == "closed"
    assert (await ticket_of(inbox, message))["state"] == "open"


async def test_promised_times_are_measured_and_found_when_late(
    inbox: Inbox, service: Service, account: Account
) -> None:
    await switch_on(inbox)
    targets = {"first_response_minutes": 60, "resolution_minutes": 240}
    await inbox.patch(f"/v1/channels/{inbox.channel['id']}", {"service_targets": targets})
    ann = await new_user(inbox.http)
    message = await inbox.take()
    chat = f"/v1/conversations/{message['conversation_id']}"
    fresh = await inbox.get(chat)
    tag = (await inbox.http.get(chat)).headers["etag"]

    past = datetime.now(UTC) - timedelta(minutes=1)
    async with service.database.writing() as db:
        for model in (Conversation, tickets.Ticket):
            await db.execute(
                update(model)
                .where(model.account_id == account.id)
                .values(first_response_due_at=past, due_at=past)
            )
    late = [await inbox.all(path, overdue=True) for path in ("/v1/conversations", "/v1/tickets")]
    still = (await inbox.http.get(chat)).headers["etag"]
    await reply(inbox, message, ann)
    answered, ticket = await inbox.get(chat), await ticket_of(inbox, message)
    await inbox.patch(chat, {"state": "closed"})
    done, closed = await inbox.get(chat), await ticket_of(inbox, message)

    created = datetime.fromisoformat(fresh["created_at"])
    due = datetime.fromisoformat(fresh["first_response_due_at"])
    assert due - created == timedelta(hours=1)
    assert (fresh["first_response_seconds"], fresh["overdue"]) == (None, False)
    assert [[one["overdue"] for one in found] for found in late] == [[True], [True]]
    assert tag != still  # the deadline was moved
    for found in (answered, ticket):
        assert found["first_response_seconds"] is not None
        assert (found["overdue"], found["resolution_seconds"]) == (False, None)
    for found in (done, closed):
        assert found["resolution_seconds"] is not None
    assert await inbox.all("/v1/conversations", overdue=True) == []
    assert len(await inbox.all("/v1/tickets", overdue=False)) == 1


async def test_a_clock_never_starts_by_machine_mail_and_goes_on_after_reopening(
    inbox: Inbox,
) -> None:
    targets = {"resolution_minutes": 240}
    await inbox.patch(f"/v1/channels/{inbox.channel['id']}", {"service_targets": targets})
    message = await inbox.take()
    chat = f"/v1/conversations/{message['conversation_id']}"
    await inbox.patch(chat, {"state": "closed"})
    closed = await inbox.get(chat)

    more = ANSWER + "Auto-Submitted: auto-replied\r\n"
    await inbox.receive(message_id="<2@customer.example>", more=more, text="I am away")
    untouched = await inbox.get(chat)
    await inbox.take(message_id="<3@customer.example>", more=ANSWER, text="No")
    reopened = await inbox.get(chat)

    assert closed["resolution_seconds"] is not None
    assert untouched["resolution_seconds"] == closed["resolution_seconds"]
    assert (reopened["state"], reopened["resolution_seconds"]) == ("open", None)
    assert reopened["resolution_due_at"] >= closed["resolution_due_at"]


async def test_business_hours_move_the_deadline(inbox: Inbox) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[later.weekday()]
    hours = {"time_zone": "UTC", "days": {day: [["09:00", "17:00"]]}}
    await inbox.patch(
        f"/v1/channels/{inbox.channel['id']}",
        {"service_targets": {"first_response_minutes": 30}, "service_hours": hours},
    )

    conversation = await inbox.conversation_of(await inbox.take())

    due = datetime.fromisoformat(conversation["first_response_due_at"])
    assert due == later.replace(hour=9, minute=30, second=0, microsecond=0)


async def test_without_tickets_a_mail_asks_nothing_more(inbox: Inbox, service: Service) -> None:
    asked: list[str] = []
    engine = service.database.engine.sync_engine

    @event.listens_for(engine, "before_cursor_execute")
    def note(*args: Any) -> None:
        asked.append(args[2])

    await inbox.take()
    await inbox.take(message_id="<2@customer.example>", more=ANSWER, text="Well?")

    of_tickets = [one for one in asked if "FROM ticket" in one or "INTO ticket" in one]
    assert of_tickets == []
