"""Pipelines are made, rebuilt and thrown away; no ticket is ever without a place."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.builders import connected_channel

PATH = "/v1/ticket-pipelines"


async def default_of(http: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get(PATH)).json()["items"][0]
    return found


async def made(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    stages = [{"name": "A", "state": "open"}, {"name": "Z", "state": "closed"}]
    answer = await http.post(PATH, json={"name": "Own", "stages": stages, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def a_ticket(http: httpx.AsyncClient, stage_id: str, name: str = "T") -> dict[str, Any]:
    contact = (await http.post("/v1/contacts", json={"name": "Carla"})).json()
    body = {"contact_id": contact["id"], "stage_id": stage_id, "name": name}
    answer = await http.post("/v1/tickets", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_new_pipeline_stands_beside_the_first(http: httpx.AsyncClient) -> None:
    before = await default_of(http)

    own = await made(http)
    usual = await made(http, name="Usual", stages=[])

    items = (await http.get(PATH)).json()["items"]
    assert items == [before, own, usual]
    assert [s["name"] for s in usual["stages"]] == [s["name"] for s in before["stages"]]
    assert (await http.get(f"{PATH}/{own['id']}")).json() == own


async def test_stages_are_ordered_renamed_added_and_removed_in_one_change(
    http: httpx.AsyncClient,
) -> None:
    pipeline = await default_of(http)
    new, contact, us, closed = pipeline["stages"]
    wanted = [us, {**new, "name": "Fresh"}, {"name": "Parked", "state": "open"}, closed]

    answer = await http.patch(f"{PATH}/{pipeline['id']}", json={"name": "Mail", "stages": wanted})

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["name"] == "Mail"
    assert [s["name"] for s in found["stages"]] == ["Waiting on us", "Fresh", "Parked", "Closed"]
    assert [s["id"] for s in found["stages"]][:2] == [us["id"], new["id"]]
    assert contact["id"] not in str(found)
    assert (await http.get(f"{PATH}/{pipeline['id']}")).json() == found


@pytest.mark.parametrize("state", ["open", "closed"])
async def test_the_last_open_and_the_last_closed_stage_stay(
    http: httpx.AsyncClient, state: str
) -> None:
    own = await made(http)
    other = "closed" if state == "open" else "open"
    turned = [{**stage, "state": other} for stage in own["stages"]]
    without = [stage for stage in own["stages"] if stage["state"] != state]

    for stages in (turned, without, []):
        answer = await http.patch(f"{PATH}/{own['id']}", json={"stages": stages})
        assert answer.status_code == 409, answer.text
        if stages:
            assert answer.json()["code"] == f"tickets.last_{state}_stage"
    assert (await http.get(f"{PATH}/{own['id']}")).json() == own


async def test_tickets_of_a_stage_that_goes_move_where_it_is_said(http: httpx.AsyncClient) -> None:
    pipeline = await default_of(http)
    new, contact, us, closed = pipeline["stages"]
    tickets = [await a_ticket(http, contact["id"], f"T{n}") for n in range(3)]
    path, left = f"{PATH}/{pipeline['id']}", [new, us, closed]

    refused = await http.patch(path, json={"stages": left})
    nowhere = await http.patch(path, json={"stages": left, "move_tickets_to": contact["id"]})
    done = await http.patch(path, json={"stages": left, "move_tickets_to": closed["id"]})

    moved = [(await http.get(f"/v1/tickets/{one['id']}")).json() for one in tickets]
    history = (await http.get(f"/v1/tickets/{tickets[0]['id']}/history")).json()["items"]
    assert (refused.status_code, refused.json()["code"]) == (409, "tickets.stage_in_use")
    assert "3 tickets" in refused.json()["detail"]
    assert (nowhere.status_code, done.status_code) == (422, 200)
    assert {one["stage_id"] for one in moved} == {closed["id"]}
    assert all(one["state"] == "closed" and one["closed_at"] for one in moved)
    assert history[-1]["changes"]["stage_id"] == {"before": contact["id"], "after": closed["id"]}
    assert history[-1]["by"]["kind"] == "api_key"


async def test_a_stage_that_changes_its_kind_changes_its_tickets(http: httpx.AsyncClient) -> None:
    pipeline = await default_of(http)
    new, contact, us, closed = pipeline["stages"]
    ticket = await a_ticket(http, us["id"])

    stages = [new, contact, {**us, "state": "closed"}, closed]
    await http.patch(f"{PATH}/{pipeline['id']}", json={"stages": stages})

    assert (await http.get(f"/v1/tickets/{ticket['id']}")).json()["state"] == "closed"


async def test_a_pipeline_goes_with_its_tickets_elsewhere_but_never_the_last(
    http: httpx.AsyncClient,
) -> None:
    pipeline = await default_of(http)
    only = await http.delete(f"{PATH}/{pipeline['id']}")
    own = await made(http)
    ticket = await a_ticket(http, own["stages"][0]["id"])
    path, target = f"{PATH}/{own['id']}", pipeline["stages"][0]["id"]

    in_use = await http.delete(path)
    done = await http.delete(path, params={"move_tickets_to": target})

    found = (await http.get(f"/v1/tickets/{ticket['id']}")).json()
    assert (only.status_code, only.json()["code"]) == (409, "tickets.last_pipeline")
    assert (in_use.status_code, done.status_code) == (409, 204)
    assert (found["pipeline_id"], found["stage_id"]) == (pipeline["id"], target)
    assert (await http.get(path)).status_code == 404


async def test_the_first_pipeline_can_go_when_there_is_another(http: httpx.AsyncClient) -> None:
    first, own = await default_of(http), await made(http)
    channel = await connected_channel(http, ticket_automation={"enabled": True})

    answer = await http.delete(f"{PATH}/{first['id']}")

    found = (await http.get(f"/v1/channels/{channel['id']}")).json()
    problems = [one["code"] for one in found["ticket_automation"]["problems"]]
    assert answer.status_code == 204
    assert await default_of(http) == own
    assert (await http.get(f"{PATH}/{first['id']}")).status_code == 404
    assert "tickets.pipeline_gone" in problems


@pytest.mark.parametrize(
    ("stages", "code"),
    [
        ([{"name": "A"}, {"name": "a", "state": "closed"}], "tickets.stage_name_taken"),
        ([{"name": " "}, {"name": "Z", "state": "closed"}], "tickets.bad_pipeline_name"),
        ([{"id": "stg_no", "name": "A"}], "tickets.stage_not_in_pipeline"),
        ([{"name": "A", "state": "half"}], "request.invalid"),
    ],
)
async def test_stages_that_cannot_be_are_refused(
    http: httpx.AsyncClient, stages: list[dict[str, str]], code: str
) -> None:
    answer = await http.post(PATH, json={"name": "Own", "stages": stages})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"].startswith("/stages/")


async def test_a_stage_of_another_pipeline_is_not_its_own(http: httpx.AsyncClient) -> None:
    first, own = await default_of(http), await made(http)
    stages = [*own["stages"], first["stages"][0]]

    answer = await http.patch(f"{PATH}/{own['id']}", json={"stages": stages})

    assert (answer.status_code, answer.json()["code"]) == (422, "tickets.stage_not_in_pipeline")
