"""Teams over HTTP."""

from __future__ import annotations

import httpx

from tests.builders import new_user


async def test_a_team_keeps_its_members_in_their_order_each_once(http: httpx.AsyncClient) -> None:
    ann = (await new_user(http, "ann@acme.example"))["id"]
    bob = (await new_user(http, "bob@acme.example"))["id"]

    answer = await http.post("/v1/teams", json={"name": "Support", "member_ids": [bob, ann, bob]})

    assert answer.status_code == 201
    team = answer.json()
    assert team["id"].startswith("tea_")
    assert (team["name"], team["member_ids"]) == ("Support", [bob, ann])
    assert (await http.get(f"/v1/teams/{team['id']}")).json() == team
    assert (await http.get(f"/v1/users/{ann}")).json()["team_ids"] == [team["id"]]


async def test_a_team_may_have_nobody(http: httpx.AsyncClient) -> None:
    team = (await http.post("/v1/teams", json={"name": "Nobody"})).json()

    assert team["member_ids"] == []


async def test_members_that_are_no_users_are_named_by_their_place(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    ann = (await new_user(http))["id"]
    foreign = (await new_user(other_http))["id"]

    answer = await http.post(
        "/v1/teams", json={"name": "T", "member_ids": [ann, foreign, ann, "usr_none"]}
    )

    assert answer.status_code == 422
    assert answer.json()["code"] == "teams.unknown_user"
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/member_ids/1", "/member_ids/3"]
    assert (await http.get("/v1/teams")).json()["items"] == []


async def test_a_patch_of_a_team_replaces_members_or_name(http: httpx.AsyncClient) -> None:
    ann = (await new_user(http, "ann@acme.example"))["id"]
    bob = (await new_user(http, "bob@acme.example"))["id"]
    team = (await http.post("/v1/teams", json={"name": "T", "member_ids": [ann]})).json()
    path = f"/v1/teams/{team['id']}"

    renamed = await http.patch(path, json={"name": "U"})
    replaced = await http.patch(path, json={"member_ids": [bob]})
    refused = await http.patch(path, json={"member_ids": None})

    assert renamed.json() == team | {"name": "U"}
    assert replaced.json() == team | {"name": "U", "member_ids": [bob]}
    assert refused.status_code == 422
    assert (await http.get(path)).json() == replaced.json()


async def test_a_deleted_team_is_gone_and_its_members_stay(http: httpx.AsyncClient) -> None:
    ann = (await new_user(http))["id"]
    team = (await http.post("/v1/teams", json={"name": "T", "member_ids": [ann]})).json()

    deleted = await http.delete(f"/v1/teams/{team['id']}")

    assert deleted.status_code == 204
    assert (await http.get(f"/v1/teams/{team['id']}")).status_code == 404
    assert (await http.get("/v1/teams")).json()["items"] == []
    assert (await http.get(f"/v1/users/{ann}")).json()["team_ids"] == []


async def test_teams_of_another_account_are_not_found(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    team = (await http.post("/v1/teams", json={"name": "T"})).json()
    path = f"/v1/teams/{team['id']}"

    answers = [
        await other_http.get(path),
        await other_http.patch(path, json={"name": "X"}),
        await other_http.delete(path),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await http.get(path)).json() == team


async def test_a_change_of_a_team_upon_a_stale_state_is_refused(http: httpx.AsyncClient) -> None:
    team = (await http.post("/v1/teams", json={"name": "T"})).json()
    path = f"/v1/teams/{team['id']}"
    tag = (await http.get(path)).headers["etag"]
    await http.patch(path, json={"name": "Newer"})

    answer = await http.patch(path, json={"name": "Stale"}, headers={"If-Match": tag})

    assert answer.status_code == 412
