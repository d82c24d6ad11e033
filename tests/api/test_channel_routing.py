"""The routing rule of a channel is checked when it is saved."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.builders import connected_channel, new_user


def path_of(channel: dict[str, Any]) -> str:
    return f"/v1/channels/{channel['id']}/routing"


async def new_team(http: httpx.AsyncClient, name: str = "Care") -> dict[str, Any]:
    answer = await http.post("/v1/teams", json={"name": name})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_rule_is_replaced_as_a_whole(http: httpx.AsyncClient) -> None:
    ann, care = await new_user(http), await new_team(http)
    channel = await connected_channel(http)
    rule = {
        "mode": "contact_owner",
        "user_ids": [],
        "team_ids": [],
        "strategy": "least_loaded",
        "require_tracking": False,
        "fallback": {"user_ids": [ann["id"]], "team_ids": [care["id"]]},
    }

    first = await http.put(path_of(channel), json=rule)
    second = await http.put(
        path_of(channel), json={"mode": "users_and_teams", "team_ids": [care["id"]]}
    )

    assert first.status_code == second.status_code == 200
    assert first.json() == rule
    assert second.json() == {
        "mode": "users_and_teams",
        "user_ids": [],
        "team_ids": [care["id"]],
        "strategy": "round_robin",
        "require_tracking": True,
        "fallback": {"user_ids": [], "team_ids": []},
    }
    assert (await http.get(path_of(channel))).json() == second.json()


async def test_each_person_is_kept_once_and_in_order(http: httpx.AsyncClient) -> None:
    ann, bob = await new_user(http), await new_user(http, "bob@acme.example")
    channel = await connected_channel(http)
    named = [bob["id"], ann["id"], bob["id"]]

    answer = await http.put(path_of(channel), json={"mode": "users_and_teams", "user_ids": named})

    assert answer.json()["user_ids"] == [bob["id"], ann["id"]]


async def test_users_and_teams_needs_somebody(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json={"mode": "users_and_teams"})

    assert answer.status_code == 422
    assert answer.json()["code"] == "routing.nobody_given"


@pytest.mark.parametrize("place", ["", "fallback"])
@pytest.mark.parametrize("kind", ["user", "team"])
async def test_strangers_are_refused_with_their_places(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, place: str, kind: str
) -> None:
    make = new_user if kind == "user" else new_team
    known, foreign = await make(http), await make(other_http)
    channel = await connected_channel(http)
    people = {f"{kind}_ids": [known["id"], foreign["id"], f"{kind}_nobody"]}

    answer = await http.put(path_of(channel), json={place: people} if place else people)

    where = f"/{place}/{kind}_ids" if place else f"/{kind}_ids"
    assert answer.status_code == 422
    assert answer.json()["code"] == f"routing.unknown_{kind}"
    assert [e["pointer"] for e in answer.json()["errors"]] == [f"{where}/1", f"{where}/2"]
    assert (await http.get(path_of(channel))).json() == channel["routing"]


async def test_deleted_people_are_strangers(http: httpx.AsyncClient) -> None:
    ann, care = await new_user(http), await new_team(http)
    channel = await connected_channel(http)
    await http.delete(f"/v1/users/{ann['id']}")
    await http.delete(f"/v1/teams/{care['id']}")

    for people in ({"user_ids": [ann["id"]]}, {"team_ids": [care["id"]]}):
        answer = await http.put(path_of(channel), json={"mode": "users_and_teams", **people})

        assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "everybody"},
        {"strategy": "alphabetical"},
        {"require_tracking": "sometimes"},
        {"fallback": None},
        {"fallback": {"users": []}},
        {"user_ids": "usr_1"},
        {"more": True},
    ],
)
async def test_what_is_no_rule_is_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/" + next(iter(body)))


async def test_the_setup_says_when_some_of_the_people_are_gone(http: httpx.AsyncClient) -> None:
    ann, care = await new_user(http), await new_team(http)
    rule = {"mode": "users_and_teams", "user_ids": [ann["id"]], "team_ids": [care["id"]]}
    channel = await connected_channel(http, routing=rule)
    await http.delete(f"/v1/teams/{care['id']}")

    setup = (await http.get(f"/v1/channels/{channel['id']}/setup")).json()

    [step] = [one for one in setup["steps"] if one["name"] == "routing"]
    assert [p["code"] for p in step["problems"]] == ["routing.somebody_left"]
    assert step["problems"][0]["blocking"] is False
    assert setup["ready"] is True
