"""Tickets by API: made by hand, listed in every order, changed alone and in bulk."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.domain.tickets import searching
from tests.builders import connected_channel, mail, new_user, read_kept
from tests.conftest import Deliver, Service

PATH = "/v1/tickets"


async def contact(http: httpx.AsyncClient, name: str = "Carla") -> str:
    made: str = (await http.post("/v1/contacts", json={"name": name})).json()["id"]
    return made


async def made(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    body = {"contact_id": await contact(http), **fields}
    answer = await http.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def stages(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get("/v1/ticket-pipelines")).json()["items"][0][
        "stages"
    ]
    return found


async def test_a_ticket_for_a_contact_alone(http: httpx.AsyncClient) -> None:
    ticket = await made(http, priority="high", category="Delivery", description="Long.\nStory.")

    new = (await stages(http))[0]
    assert ticket["name"] == "(no subject) from Carla"
    assert (ticket["stage_id"], ticket["state"]) == (new["id"], "open")
    assert (ticket["source"], ticket["conversation_id"]) == ("manual", None)
    assert (ticket["owner_id"], ticket["first_response_due_at"]) == (None, None)
    assert (await http.get(f"{PATH}/{ticket['id']}")).json() == ticket
    [entry] = (await http.get(f"{PATH}/{ticket['id']}/history")).json()["items"]
    assert (entry["type"], entry["by"]["kind"]) == ("created", "api_key")


async def test_a_ticket_for_nobody_known(http: httpx.AsyncClient) -> None:
    answer = await http.post(PATH, json={"name": "Water the plants"})

    assert answer.status_code == 201, answer.text
    ticket, carla = answer.json(), await contact(http)
    path = f"{PATH}/{ticket['id']}"
    assert (ticket["contact_id"], ticket["conversation_id"]) == (None, None)
    assert (await http.get(path)).json() == ticket
    for query in ({}, {"q": "plants"}, {"overdue": False}, {"sort": "-last_received_at"}):
        assert (await http.get(PATH, params=query)).json()["items"] == [ticket], query
    assert (await http.get(PATH, params={"contact_id": carla})).json()["items"] == []
    events = (await http.get("/v1/events", params={"types": "ticket.created"})).json()["items"]
    assert [one["data"]["contact_id"] for one in events] == [None]
    closed = (await stages(http))[3]["id"]
    assert (await http.patch(path, json={"stage_id": closed})).json()["state"] == "closed"


async def test_who_a_ticket_is_for_may_become_known_and_be_taken_back(
    http: httpx.AsyncClient,
) -> None:
    ticket = (await http.post(PATH, json={"name": "Plants", "contact_id": None})).json()
    path, carla = f"{PATH}/{ticket['id']}", await contact(http)

    given = await http.patch(path, json={"contact_id": carla})
    taken = await http.patch(path, json={"contact_id": None})

    assert given.json()["contact_id"] == carla
    assert taken.json()["contact_id"] is None
    history = (await http.get(f"{path}/history")).json()["items"]
    assert [one["changes"].get("contact_id") for one in history] == [
        None,
        {"before": None, "after": carla},
        {"before": carla, "after": None},
    ]


async def test_erasing_and_merging_leave_tickets_for_nobody_alone(http: httpx.AsyncClient) -> None:
    ticket = (await http.post(PATH, json={"name": "Water the plants"})).json()
    carla, dora = await contact(http), await contact(http, "Dora")

    export = await http.get(f"/v1/contacts/{carla}/export")
    merged = await http.post(f"/v1/contacts/{carla}/merge", json={"into": dora})
    erased = await http.delete(f"/v1/contacts/{dora}")

    assert (merged.status_code, erased.status_code) == (200, 204), merged.text
    assert export.json()["tickets"] == []
    assert (await http.get(f"{PATH}/{ticket['id']}")).json() == ticket


async def test_a_ticket_for_a_conversation_and_never_two(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    channel, ann = await connected_channel(http), await new_user(http)
    _, message = await read_kept(http, await deliver(mail(), channel["forwarding_address"]))
    chat = message["conversation_id"]
    await http.patch(f"/v1/conversations/{chat}", json={"assignee_id": ann["id"]})

    first = await http.post(PATH, json={"conversation_id": chat})
    second = await http.post(PATH, json={"conversation_id": chat})

    conversation = (await http.get(f"/v1/conversations/{chat}")).json()
    assert first.status_code == 201, first.text
    assert first.json()["name"] == "Where is my order?"
    assert first.json()["owner_id"] == ann["id"]
    assert first.json()["last_received_at"] == conversation["last_received_at"]
    assert conversation["ticket_id"] == first.json()["id"]
    assert (second.status_code, second.json()["code"]) == (409, "tickets.conversation_has_one")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"contact_id": "con_none"}, "/contact_id"),
        ({"conversation_id": "cnv_none"}, "/conversation_id"),
        ({}, "/name"),
        ({"owner_id": "usr_none"}, "/owner_id"),
        ({"pipeline_id": "pip_none"}, "/pipeline_id"),
        ({"stage_id": "stg_none"}, "/stage_id"),
        ({"priority": "highest"}, "/priority"),
        ({"name": " "}, "/name"),
        ({"custom": {"no": 1}}, "/custom/no"),
        ({"state": "open"}, "/state"),
    ],
)
async def test_what_cannot_be_a_ticket_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    given = {"contact_id", "conversation_id"} & body.keys()
    start = {} if given or not body else {"contact_id": await contact(http)}

    answer = await http.post(PATH, json={**start, **body})

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await http.get(PATH)).json()["items"] == []


async def test_somebody_elses_things_are_unknown(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    ticket, theirs = await made(http), await new_user(other_http)
    stage = (await stages(other_http))[0]

    for body in ({"owner_id": theirs["id"]}, {"stage_id": stage["id"]}):
        assert (await http.patch(f"{PATH}/{ticket['id']}", json=body)).status_code == 422
    assert (await other_http.get(f"{PATH}/{ticket['id']}")).status_code == 404
    bulk = {"ids": [ticket["id"]], "changes": {"priority": "low"}}
    assert (await other_http.post(f"{PATH}/bulk", json=bulk)).status_code == 422
    assert (await other_http.get(PATH)).json()["items"] == []


async def test_a_change_is_kept_with_before_and_after(http: httpx.AsyncClient) -> None:
    ticket, ann = await made(http, name="One"), await new_user(http)
    closed = (await stages(http))[3]
    change = {
        "name": "Two",
        "priority": "urgent",
        "owner_id": ann["id"],
        "stage_id": closed["id"],
        "category": "C",
    }

    answer = await http.patch(f"{PATH}/{ticket['id']}", json=change)

    found, history = answer.json(), await http.get(f"{PATH}/{ticket['id']}/history")
    changes = history.json()["items"][-1]["changes"]
    [told] = (await http.get("/v1/events", params={"types": "ticket.updated"})).json()["items"]
    assert answer.status_code == 200, answer.text
    assert {name: found[name] for name in change} == change
    assert (found["state"], found["closed_at"] is None) == ("closed", False)
    assert changes["name"] == {"before": "One", "after": "Two"}
    assert changes["state"] == {"before": "open", "after": "closed"}
    assert set(told["data"]["fields"]) == {*change, "state"}
    assert "Two" not in str(told)  # texts of people are not in the log


async def test_a_change_of_nothing_leaves_no_trace(http: httpx.AsyncClient) -> None:
    ticket = await made(http, priority="low")

    answer = await http.patch(f"{PATH}/{ticket['id']}", json={"priority": "low"})

    assert answer.json() == ticket
    assert len((await http.get(f"{PATH}/{ticket['id']}/history")).json()["items"]) == 1


async def test_a_change_upon_a_stale_state_is_refused(http: httpx.AsyncClient) -> None:
    ticket = await made(http)
    path = f"{PATH}/{ticket['id']}"
    tag = (await http.get(path)).headers["etag"]
    await http.patch(path, json={"priority": "low"})

    stale = await http.patch(path, json={"priority": "high"}, headers={"If-Match": tag})
    fresh = (await http.get(path)).headers["etag"]

    assert stale.status_code == 412
    assert (
        await http.patch(path, json={"priority": "high"}, headers={"If-Match": fresh})
    ).status_code == 200


async def test_a_pipeline_alone_means_its_first_stage(http: httpx.AsyncClient) -> None:
    ticket = await made(http)
    own = (await http.post("/v1/ticket-pipelines", json={"name": "Own"})).json()

    moved = await http.patch(f"{PATH}/{ticket['id']}", json={"pipeline_id": own["id"]})
    wrong = await http.patch(
        f"{PATH}/{ticket['id']}",
        json={"pipeline_id": own["id"], "stage_id": (await stages(http))[0]["id"]},
    )

    assert moved.json()["stage_id"] == own["stages"][0]["id"]
    assert wrong.json()["code"] == "tickets.stage_not_in_pipeline"


async def test_the_contact_of_a_conversation_s_ticket_is_the_conversation_s(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    channel = await connected_channel(http, ticket_automation={"enabled": True})
    _, message = await read_kept(http, await deliver(mail(), channel["forwarding_address"]))
    chat = (await http.get(f"/v1/conversations/{message['conversation_id']}")).json()
    other, alone = await contact(http, "Dora"), await made(http)

    bound = await http.patch(f"{PATH}/{chat['ticket_id']}", json={"contact_id": other})
    free = await http.patch(f"{PATH}/{alone['id']}", json={"contact_id": other})

    assert (bound.status_code, bound.json()["code"]) == (409, "tickets.contact_of_conversation")
    assert free.json()["contact_id"] == other


async def test_many_are_changed_alike_or_none(http: httpx.AsyncClient) -> None:
    some = [await made(http, name=f"T{n}") for n in range(3)]
    ids = [one["id"] for one in some]

    done = await http.post(f"{PATH}/bulk", json={"ids": ids, "changes": {"priority": "urgent"}})
    unknown = await http.post(
        f"{PATH}/bulk", json={"ids": [*ids, "tkt_no"], "changes": {"priority": "low"}}
    )
    misfit = await http.post(
        f"{PATH}/bulk", json={"ids": ids, "changes": {"priority": "low", "owner_id": "usr_no"}}
    )

    assert [one["id"] for one in done.json()["items"]] == ids
    assert {one["priority"] for one in done.json()["items"]} == {"urgent"}
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/ids/3")
    assert (misfit.status_code, misfit.json()["errors"][0]["pointer"]) == (
        422,
        "/changes/owner_id",
    )
    listed = (await http.get(PATH)).json()["items"]
    assert {one["priority"] for one in listed} == {"urgent"}


@pytest.mark.parametrize("few", [0, 5_000])
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("kettle", ["two", "one"]),
        ("KETTLES broken", ["two"]),
        ("kett", ["two", "one"]),  # the beginning of the last word
        ("kett broken", []),  # of the last one alone
        ("muller", ["one"]),
        ("steam", ["one"]),  # the description
        ("repairs", ["two"]),  # the category
        ("都タワー", ["three"]),
        ("steam repairs", []),
        ("kettle %", ["one"]),  # not the last one: a whole word
        ("%", []),
    ],
)
async def test_tickets_are_found_by_their_words(
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    few: int,
    question: str,
    expected: list[str],
) -> None:
    """Looked up, or met on the way through the list."""
    monkeypatch.setattr(searching, "FEW", few)
    one = await made(http, name="Kettle for Müller", description="It steams.")
    two = await made(http, name="Broken kettles", category="Repairs")
    three = await made(http, name="東京都タワー")
    names = {one["id"]: "one", two["id"]: "two", three["id"]: "three"}

    answer = await http.get(PATH, params={"q": question})

    assert [names[item["id"]] for item in answer.json()["items"]] == expected


async def test_pages_of_found_tickets_are_in_the_order_asked_for(http: httpx.AsyncClient) -> None:
    for priority in ("low", "urgent", "high"):
        await made(http, name=f"Kettle {priority}", priority=priority)

    first = (await http.get(PATH, params={"q": "kettle", "sort": "-priority", "limit": 2})).json()
    more = {"q": "kettle", "sort": "-priority", "limit": 2, "cursor": first["next_cursor"]}
    rest = (await http.get(PATH, params=more)).json()

    pages = [[one["priority"] for one in page["items"]] for page in (first, rest)]
    assert pages == [["urgent", "high"], ["low"]]


async def test_a_ticket_is_found_by_what_it_says_now(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, service: Service
) -> None:
    ticket = await made(http, name="Kettle", description="It steams.")

    async def found(by: httpx.AsyncClient, q: str) -> int:
        return len((await by.get(PATH, params={"q": q})).json()["items"])

    await http.patch(f"{PATH}/{ticket['id']}", json={"name": "Teapot"})
    now = [await found(http, q) for q in ("kettle", "teapot", "steams")]
    others = await found(other_http, "teapot")
    await http.delete(f"/v1/contacts/{ticket['contact_id']}")
    erased = [await found(http, q) for q in ("teapot", "steams")]
    async with service.database.reading() as db:
        left = (await db.execute(text("SELECT word FROM ticket_words"))).scalars().all()

    assert (now, others) == ([0, 1, 1], 0)
    assert erased == [0, 0]
    assert left == ["erased"]


async def test_lists_are_filtered(http: httpx.AsyncClient) -> None:
    ann, (new, _, _, closed) = await new_user(http), await stages(http)
    one = await made(http, name="Broken lamp", priority="low", owner_id=ann["id"])
    two = await made(http, name="Refund", category="Money", stage_id=closed["id"])
    names = {one["id"]: "one", two["id"]: "two"}

    async def found(**query: Any) -> list[str]:
        answer = await http.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        return [names[item["id"]] for item in answer.json()["items"]]

    assert await found() == ["two", "one"]
    assert await found(stage_id=new["id"]) == ["one"]
    assert await found(pipeline_id=one["pipeline_id"]) == ["two", "one"]
    assert await found(state="closed") == ["two"]
    assert await found(priority="low") == ["one"]
    assert await found(owner_id=ann["id"]) == ["one"]
    assert await found(unowned=True) == ["two"]
    assert await found(category="Money") == ["two"]
    assert await found(contact_id=one["contact_id"]) == ["one"]
    assert await found(q="broken LAMP") == ["one"]
    assert await found(q="%") == []
    assert await found(since=two["created_at"]) == ["two"]
    assert await found(until=two["created_at"]) == ["one"]
    assert await found(overdue=True) == []
    assert await found(overdue=False, state="open") == ["one"]
    assert await found(channel_id="chn_no") == []
    assert await found(conversation_id="cnv_no") == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("created_at", ["none", "urgent", "low", "high"]),
        ("-created_at", ["high", "low", "urgent", "none"]),
        ("last_received_at", ["none", "urgent", "low", "high"]),
        ("-priority", ["urgent", "high", "low", "none"]),
        ("priority", ["none", "low", "high", "urgent"]),
        ("due_at", []),
    ],
)
async def test_lists_come_in_every_order_and_their_pages_fit_together(
    http: httpx.AsyncClient, sort: str, order: list[str]
) -> None:
    for priority in (None, "urgent", "low", "high"):
        await made(http, priority=priority)

    seen: list[str] = []
    query: dict[str, Any] = {"sort": sort, "limit": 3}
    while True:
        page = (await http.get(PATH, params=query)).json()
        seen += [one["priority"] or "none" for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert seen == order


async def test_an_erased_contact_leaves_nothing_in_its_tickets(http: httpx.AsyncClient) -> None:
    ticket = await made(http, name="Carla's secret", description="Carla said so", category="Carla")

    await http.delete(f"/v1/contacts/{ticket['contact_id']}")

    after = await http.get(f"{PATH}/{ticket['id']}")
    history = await http.get(f"{PATH}/{ticket['id']}/history")
    assert "Carla" not in after.text + history.text


async def test_promises_are_checked_before_a_channel_is_connected(http: httpx.AsyncClient) -> None:
    start = {"shared": True, "provider": "other", "connect": True}
    targets = {"first_response_minutes": 60, "resolution_minutes": None}
    hours = {"time_zone": "Europe/Berlin", "days": {"mon": [["09:00", "17:00"]]}}

    good = await http.post(
        "/v1/channels", json={**start, "service_targets": targets, "service_hours": hours}
    )
    refused = [
        await http.post("/v1/channels", json={**start, "service_targets": bad})
        for bad in ({"first_response_minutes": 0}, {"minutes": 1})
    ] + [
        await http.post("/v1/channels", json={**start, "service_hours": bad})
        for bad in (
            {"time_zone": "Mars/Olympus", "days": {}},
            {"time_zone": "UTC", "days": {}},
            {"time_zone": "UTC", "days": {"mon": [["17:00", "09:00"]]}},
        )
    ]
    cleared = await http.patch(
        f"/v1/channels/{good.json()['id']}", json={"service_targets": None, "service_hours": None}
    )

    assert good.status_code == 201, good.text
    assert good.json()["service_targets"] == targets
    assert good.json()["service_hours"] == hours
    assert [one.status_code for one in refused] == [422] * 5
    pointers = [one.json()["errors"][0]["pointer"] for one in refused]
    assert all(one.startswith("/service_") for one in pointers)
    assert len((await http.get("/v1/channels")).json()["items"]) == 1
    assert (cleared.json()["service_targets"], cleared.json()["service_hours"]) == (None, None)
