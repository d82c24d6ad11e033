"""Routing through the doors: mail arrives, and somebody has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from sqlalchemy import select

from app.domain import accounts, raw_mail
from app.domain.outbox import OutboxItem
from app.worker import routing
from tests.builders import new_user
from tests.conftest import Account
from tests.journeys.conftest import Inbox

OFF = {"time_zone": "UTC", "days": {}}


async def rule(inbox: Inbox, **fields: Any) -> None:
    """The channel has this rule."""
    path = f"/v1/channels/{inbox.channel['id']}/routing"
    answer = await inbox.http.put(path, json=fields)
    assert answer.status_code == 200, answer.text


async def people(inbox: Inbox, *names: str, **fields: Any) -> list[str]:
    """Users by these names; their ids."""
    return [(await new_user(inbox.http, f"{name}@acme.example", **fields))["id"] for name in names]


async def opened(inbox: Inbox, number: int, **fields: Any) -> dict[str, Any]:
    """The conversation that a new mail opens."""
    message = await inbox.take(message_id=f"<n{number}@customer.example>", **fields)
    return await inbox.conversation_of(message)


async def available(inbox: Inbox, user_id: str, word: str = "available") -> None:
    """Say that a user is there, or away."""
    answer = await inbox.http.put(f"/v1/users/{user_id}/availability", json={"availability": word})
    assert answer.status_code == 200, answer.text


async def owned_contact(inbox: Inbox, owner_id: str, *, tracked: bool = True) -> dict[str, Any]:
    """Carla, who is somebody's contact."""
    body = {"addresses": ["carla@customer.example"], "owner_id": owner_id}
    contact: dict[str, Any] = await inbox.post("/v1/contacts", body, 201)
    if tracked:
        path = f"/v1/contacts/{contact['id']}/tracking"
        assert (await inbox.http.put(path, json={"token": "cookie"})).status_code == 200
    return contact


async def events_of(inbox: Inbox) -> list[dict[str, Any]]:
    """The event log."""
    items: list[dict[str, Any]] = (await inbox.get("/v1/events", limit=200))["items"]
    return items


async def test_nobody_is_assigned_unless_it_is_asked_for(inbox: Inbox) -> None:
    await people(inbox, "ann")

    conversation = await opened(inbox, 1)

    assert conversation["assignee_id"] is None
    assert conversation["routing_decision"] is None
    path = f"/v1/conversations/{conversation['id']}/routing-decisions"
    assert await inbox.all(path) == []


async def test_turns_go_round_and_each_decision_is_kept(inbox: Inbox) -> None:
    ann, bob = await people(inbox, "ann", "bob")
    [away] = await people(inbox, "cleo", availability="away")
    [free] = await people(inbox, "dan", seat="free")
    await rule(inbox, mode="users_and_teams", user_ids=[away, free, ann, bob])

    found = [await opened(inbox, number) for number in range(4)]

    assert [one["assignee_id"] for one in found] == [ann, bob, ann, bob]
    decision = found[0]["routing_decision"]
    assert {c["user_id"]: c["skipped"] for c in decision["candidates"]} == {
        away: "away",
        free: "no_paid_seat",
        ann: None,
        bob: None,
    }
    assert (decision["winner"], decision["reason"]) == (ann, "round_robin")
    [kept] = await inbox.all(f"/v1/conversations/{found[0]['id']}/routing-decisions")
    assert kept["winner"] == ann
    assert kept["cause"] == "opened"
    events = [e for e in await events_of(inbox) if e["type"] == "conversation.assigned"]
    assert [e["data"]["changes"]["assignee_id"]["after"] for e in events] == [ann, bob, ann, bob]
    messages = await inbox.all(f"/v1/conversations/{found[0]['id']}/messages")
    assert [one["kind"] for one in messages] == ["message", "event"]


async def test_replies_and_machines_are_not_routed(inbox: Inbox) -> None:
    [ann] = await people(inbox, "ann")
    first = await inbox.take(message_id="<q@customer.example>")
    await rule(inbox, mode="users_and_teams", user_ids=[ann])

    reply = await inbox.take(
        message_id="<a@customer.example>", more="In-Reply-To: <q@customer.example>\r\n"
    )
    machine = await inbox.receive(
        message_id="<m@customer.example>", more="Auto-Submitted: auto-generated\r\n"
    )

    assert reply["conversation_id"] == first["conversation_id"]
    assert (await inbox.conversation_of(first))["assignee_id"] is None
    assert machine["conversation_id"] is None


async def test_least_loaded_has_the_fewest_open_ones(inbox: Inbox) -> None:
    ann, bob = await people(inbox, "ann", "bob")
    await rule(inbox, mode="users_and_teams", user_ids=[ann], strategy="least_loaded")
    first = [await opened(inbox, number) for number in range(2)]
    await rule(inbox, mode="users_and_teams", user_ids=[ann, bob], strategy="least_loaded")

    then = [(await opened(inbox, number))["assignee_id"] for number in range(2, 4)]
    for one in first:
        await inbox.patch(f"/v1/conversations/{one['id']}", {"state": "closed"})
    last = await opened(inbox, 5)

    assert then == [bob, bob]
    assert last["assignee_id"] == ann


async def test_what_waited_is_assigned_oldest_first_when_somebody_comes(inbox: Inbox) -> None:
    ann, bob = await people(inbox, "ann", "bob", availability="away")
    await rule(inbox, mode="users_and_teams", user_ids=[ann, bob])
    waiting = [await opened(inbox, number) for number in range(3)]
    await inbox.patch(f"/v1/conversations/{waiting[1]['id']}", {"state": "closed"})
    await inbox.patch(f"/v1/users/{ann}", {"capacity": 1})

    await available(inbox, ann)
    after = [await inbox.get(f"/v1/conversations/{one['id']}") for one in waiting]
    await inbox.patch(f"/v1/conversations/{after[0]['id']}", {"state": "closed"})
    last = await inbox.get(f"/v1/conversations/{waiting[2]['id']}")

    assert waiting[0]["routing_decision"]["waiting"] is True
    assert [one["assignee_id"] for one in after] == [ann, None, None]
    assert last["assignee_id"] == ann
    kept = await inbox.all(f"/v1/conversations/{waiting[2]['id']}/routing-decisions")
    assert [one["cause"] for one in kept] == ["opened", "drained"]


async def test_a_person_who_takes_it_ends_its_waiting(inbox: Inbox) -> None:
    ann, bob = await people(inbox, "ann", "bob", availability="away")
    await rule(inbox, mode="users_and_teams", user_ids=[ann])
    one = await opened(inbox, 1)
    await inbox.patch(f"/v1/conversations/{one['id']}", {"assignee_id": bob})
    await inbox.patch(f"/v1/conversations/{one['id']}", {"assignee_id": None})

    await available(inbox, ann)

    assert (await inbox.get(f"/v1/conversations/{one['id']}"))["assignee_id"] is None


@pytest.mark.parametrize("how", ["seat", "hours", "team", "rule"])
async def test_whatever_makes_somebody_available_drains(inbox: Inbox, how: str) -> None:
    fields: dict[str, Any] = {"seat": {"seat": "free"}, "hours": {"working_hours": OFF}}.get(
        how, {}
    )
    [ann] = await people(inbox, "ann", **fields)
    [away] = await people(inbox, "bob", availability="away")
    team = await inbox.post("/v1/teams", {"name": "Care", "member_ids": [away]}, 201)
    on_team = how in ("team", "rule")
    named = {"team_ids": [team["id"]]} if on_team else {"user_ids": [ann]}
    await rule(inbox, mode="users_and_teams", **named)
    one = await opened(inbox, 1)

    if how == "seat":
        await inbox.patch(f"/v1/users/{ann}", {"seat": "paid"})
    elif how == "hours":
        await inbox.patch(f"/v1/users/{ann}", {"working_hours": None})
    elif how == "team":
        await inbox.patch(f"/v1/teams/{team['id']}", {"member_ids": [away, ann]})
    else:
        await rule(inbox, mode="users_and_teams", user_ids=[ann])

    assert one["assignee_id"] is None
    assert (await inbox.get(f"/v1/conversations/{one['id']}"))["assignee_id"] == ann


async def test_the_clock_assigns_when_a_working_day_begins(
    inbox: Inbox, service: Any, account: Account
) -> None:
    [ann] = await people(inbox, "ann", working_hours=OFF)
    await rule(inbox, mode="users_and_teams", user_ids=[ann])
    one = await opened(inbox, 1)
    async with service.database.writing() as db:  # as if the hour had come, without a request
        user = await accounts.get_user(db, account.id, ann)
        user.working_hours = None

    await routing.drain_waiting(service.database, service.app.state.house.post).run()

    assert (await inbox.get(f"/v1/conversations/{one['id']}"))["assignee_id"] == ann


async def test_a_rule_whose_people_are_gone_costs_no_mail_and_is_told_once(inbox: Inbox) -> None:
    [ann] = await people(inbox, "ann")
    await rule(inbox, mode="users_and_teams", user_ids=[ann])
    await inbox.http.delete(f"/v1/users/{ann}")

    found = [await opened(inbox, number) for number in range(2)]

    assert [one["assignee_id"] for one in found] == [None, None]
    assert found[0]["routing_decision"]["reason"] == "nobody_left"
    told = [e for e in await events_of(inbox) if e["type"] == "channel.routing_degraded"]
    assert [e["data"]["code"] for e in told] == ["routing.nobody_left"]


async def test_the_owner_has_it_when_the_contact_is_tracked(inbox: Inbox) -> None:
    ann, bob = await people(inbox, "ann", "bob")
    await owned_contact(inbox, ann)
    await rule(inbox, mode="contact_owner", fallback={"user_ids": [bob]})

    hers = await opened(inbox, 1)
    stranger = await opened(inbox, 2, sender="Sam <sam@stranger.example>")

    assert (hers["assignee_id"], hers["routing_decision"]["reason"]) == (ann, "owner")
    assert stranger["assignee_id"] == bob


@pytest.mark.parametrize(("required", "whose"), [(True, "bob"), (False, "ann")])
async def test_tracking_is_required_unless_it_is_turned_off(
    inbox: Inbox, required: bool, whose: str
) -> None:
    ann, bob = await people(inbox, "ann", "bob")
    await owned_contact(inbox, ann, tracked=False)
    fallback = {"user_ids": [bob]}
    await rule(inbox, mode="contact_owner", require_tracking=required, fallback=fallback)

    found = await opened(inbox, 1)

    assert found["assignee_id"] == {"ann": ann, "bob": bob}[whose]


async def notices(service: Any) -> list[Any]:
    """What is to be sent to owners."""
    async with service.database.reading() as db:
        found = await db.execute(select(OutboxItem).where(OutboxItem.kind == "owner_notice"))
        return list(found.scalars())


async def test_an_owner_who_is_away_has_it_and_is_sent_the_message(
    inbox: Inbox, service: Any
) -> None:
    [ann] = await people(inbox, "ann", availability="away")
    await owned_contact(inbox, ann)
    await rule(inbox, mode="contact_owner")

    found = await opened(inbox, 1, text="My parcel is lost.")

    assert (found["assignee_id"], found["routing_decision"]["reason"]) == (ann, "owner_away")
    [item] = await notices(service)
    assert (item.recipient, item.sender) == ("ann@acme.example", "")
    house = service.app.state.house
    async with service.database.reading() as db:
        raw = await raw_mail.raw_of(db, house.store, item.account_id, item.raw_digest)
    sent = message_from_bytes(raw, policy=default)
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["X-Auto-Response-Suppress"] == "All"
    assert sent["X-Hosted-Inbox-Loop"]
    body = sent.get_body(("plain",)).get_content()
    assert "My parcel is lost." in body
    assert found["id"] in body


async def test_the_notice_never_goes_to_an_address_of_our_own(inbox: Inbox, service: Any) -> None:
    answer = await inbox.http.post(
        "/v1/users", json={"name": "A", "email": inbox.address, "availability": "away"}
    )
    if answer.status_code != 201:
        pytest.skip("a user cannot have such an address")
    await owned_contact(inbox, answer.json()["id"])
    await rule(inbox, mode="contact_owner")

    found = await opened(inbox, 1)

    assert found["assignee_id"] == answer.json()["id"]
    assert await notices(service) == []


async def test_simulating_changes_nothing(inbox: Inbox) -> None:
    ann, bob = await people(inbox, "ann", "bob")
    await rule(inbox, mode="users_and_teams", user_ids=[ann, bob])
    path = f"/v1/channels/{inbox.channel['id']}/routing/simulate"

    asked = [await inbox.post(path, {"address": "carla@customer.example"}) for _ in range(2)]
    real = await opened(inbox, 1)

    assert [one["winner"] for one in asked] == [ann, ann]
    assert asked[0]["cause"] == "simulated"
    assert real["assignee_id"] == ann


async def test_simulating_another_time_follows_the_working_hours(inbox: Inbox) -> None:
    """02:30 of the night in which clocks go forward is no time; after it 03:30 is an hour away."""
    hours = {"time_zone": "Europe/Berlin", "days": {"sun": [["03:00", "04:00"]]}}
    [ann] = await people(inbox, "ann", working_hours=hours)
    await rule(inbox, mode="users_and_teams", user_ids=[ann])
    path = f"/v1/channels/{inbox.channel['id']}/routing/simulate"
    forward = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 02:00 becomes 03:00

    before, at, after = [
        (await inbox.post(path, {"at": (forward + timedelta(minutes=m)).isoformat()}))
        for m in (-1, 0, 60)
    ]

    assert before["candidates"][0]["skipped"] == "outside_working_hours"
    assert at["winner"] == ann
    assert after["winner"] is None


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_nobody_works_at_the_ends_of_the_calendar(inbox: Inbox, at: str) -> None:
    """There the zone's own time cannot be said."""
    zone = "America/New_York" if at.startswith("0001") else "Asia/Tokyo"
    days = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    [ann] = await people(inbox, "ann", working_hours={"time_zone": zone, "days": days})
    await rule(inbox, mode="users_and_teams", user_ids=[ann])

    found = await inbox.post(f"/v1/channels/{inbox.channel['id']}/routing/simulate", {"at": at})

    assert found["candidates"][0]["skipped"] == "outside_working_hours"


async def test_simulating_for_an_unknown_contact_is_refused(inbox: Inbox) -> None:
    path = f"/v1/channels/{inbox.channel['id']}/routing/simulate"

    answer = await inbox.http.post(path, json={"contact_id": "con_nobody"})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/contact_id"


@pytest.mark.parametrize(
    "address", ["ann@acme.example,bob@acme.example", "nobody", "a b@c.example"]
)
async def test_simulating_for_what_is_no_address_is_refused(inbox: Inbox, address: str) -> None:
    path = f"/v1/channels/{inbox.channel['id']}/routing/simulate"

    answer = await inbox.http.post(path, json={"address": address})

    assert (answer.status_code, answer.json()["code"]) == (422, "routing.bad_address")
    assert answer.json()["errors"][0]["pointer"] == "/address"


async def test_a_zone_that_is_gone_costs_no_mail(
    inbox: Inbox, service: Any, account: Account
) -> None:
    [ann] = await people(inbox, "ann")
    await rule(inbox, mode="users_and_teams", user_ids=[ann])
    async with service.database.writing() as db:
        user = await accounts.get_user(db, account.id, ann)
        user.working_hours = {"time_zone": "Mars/Olympus", "days": {}}

    assert (await opened(inbox, 1))["assignee_id"] == ann


async def test_an_owner_s_answer_to_the_notice_is_a_comment_in_the_conversation(
    inbox: Inbox, service: Any
) -> None:
    [ann] = await people(inbox, "ann", availability="away")
    await owned_contact(inbox, ann)
    await rule(inbox, mode="contact_owner")
    found = await opened(inbox, 1)
    [item] = await notices(service)
    async with service.database.reading() as db:
        store = service.app.state.house.store
        raw = await raw_mail.raw_of(db, store, item.account_id, item.raw_digest)
    message_id = message_from_bytes(raw, policy=default)["Message-ID"]

    answer = await inbox.take(
        sender="Ann <ann@acme.example>",
        message_id="<x@acme.example>",
        more=f"In-Reply-To: {message_id}\r\n",
    )

    assert answer["conversation_id"] == found["id"]
    assert answer["kind"] == "comment"


async def test_the_notice_that_comes_back_opens_nothing(inbox: Inbox, service: Any) -> None:
    [ann] = await people(inbox, "ann", availability="away")
    await owned_contact(inbox, ann)
    await rule(inbox, mode="contact_owner")
    await opened(inbox, 1)
    [item] = await notices(service)
    async with service.database.reading() as db:
        store = service.app.state.house.store
        raw = await raw_mail.raw_of(db, store, item.account_id, item.raw_digest)

    back = await inbox.receive(raw)

    assert back["class"] in ("own", "auto_generated")
    assert len(await inbox.all("/v1/conversations")) == 1
    assert len(await notices(service)) == 1
