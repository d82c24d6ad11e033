"""Users over HTTP: people, their addresses, their hours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.builders import new_user

NINE_TO_FIVE = {"time_zone": "Europe/Berlin", "days": {"mon": [["09:00", "17:00"]]}}


async def test_a_user_needs_only_name_and_email(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/users", json={"name": "Ann Lee", "email": "Ann.Lee@acme.example"})

    assert answer.status_code == 201
    made = answer.json()
    assert made["id"].startswith("usr_")
    assert made | {"id": "", "created_at": ""} == {
        "id": "",
        "name": "Ann Lee",
        "email": "Ann.Lee@acme.example",
        "other_addresses": [],
        "username": "ann.lee",
        "capacity": None,
        "signature": "",
        "availability": "available",
        "seat": "paid",
        "working_hours": None,
        "team_ids": [],
        "created_at": "",
    }
    read = await http.get(f"/v1/users/{made['id']}")
    assert read.json() == made
    assert read.headers["etag"] == answer.headers["etag"]


async def test_everything_of_a_user_can_be_given_at_once(http: httpx.AsyncClient) -> None:
    given = {
        "name": "Bob",
        "email": "bob@acme.example",
        "other_addresses": ["bob@home.example", "BOB@bücher.example"],
        "username": "Bobby",
        "availability": "away",
        "seat": "free",
        "working_hours": NINE_TO_FIVE,
    }

    made = (await http.post("/v1/users", json=given)).json()

    assert {name: made[name] for name in given} == given


async def test_usernames_of_the_same_local_part_are_numbered(http: httpx.AsyncClient) -> None:
    first = await new_user(http, "ann@acme.example")
    second = await new_user(http, "ann@other.example")
    third = await new_user(http, "Ann@third.example")

    assert [u["username"] for u in (first, second, third)] == ["ann", "ann-2", "ann-3"]


async def test_a_username_is_taken_without_regard_to_case(http: httpx.AsyncClient) -> None:
    await new_user(http, "ann@acme.example", username="Ann")

    answer = await http.post(
        "/v1/users", json={"name": "B", "email": "b@acme.example", "username": "aNN"}
    )

    assert answer.status_code == 409
    assert answer.json()["code"] == "users.username_taken"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"email": "ANN@ACME.example"}, "/email"),
        ({"email": "Ann <ann@acme.example>"}, "/email"),
        (
            {"email": "x@acme.example", "other_addresses": ["ann@Home.example"]},
            "/other_addresses/0",
        ),
    ],
)
async def test_an_address_of_another_user_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    await new_user(http, "ann@acme.example", other_addresses=["ann@home.example"])

    answer = await http.post("/v1/users", json={"name": "Second", **body})

    assert answer.status_code == 409
    assert answer.json()["code"] == "users.address_taken"
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert len((await http.get("/v1/users")).json()["items"]) == 1


async def test_two_accounts_may_have_users_with_the_same_address(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    mine = await new_user(http, "ann@acme.example")
    theirs = await new_user(other_http, "ann@acme.example")

    assert mine["id"] != theirs["id"]
    assert (mine["username"], theirs["username"]) == ("ann", "ann")


async def test_an_address_in_angle_brackets_is_taken_out_of_them(http: httpx.AsyncClient) -> None:
    made = await new_user(http, "Ann Lee <Ann@acme.example>")

    assert made["email"] == "Ann@acme.example"


@pytest.mark.parametrize(
    "email",
    ["", "ann", "ann@", "@acme.example", "a b@acme.example", "ann@acme..example", "ann@nowhere",
     "ann@acme.example\r\nBcc: x@y.example", "ann@acme.example, bob@acme.example"],
)  # fmt: skip
async def test_what_is_no_address_is_refused(http: httpx.AsyncClient, email: str) -> None:
    answer = await http.post("/v1/users", json={"name": "Ann", "email": email})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/email"


@pytest.mark.parametrize(
    "email", ["ann@acme.test", "ann@printer.local", "ann@acme.invalid", "jörg@bücher.example"]
)
async def test_domains_that_the_world_does_not_know_are_fine(
    http: httpx.AsyncClient, email: str
) -> None:
    assert (await new_user(http, email))["email"] == email


@pytest.mark.parametrize(
    ("hours", "pointer"),
    [
        ({"time_zone": "Mars/Olympus", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "../etc/passwd", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "localtime", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "Factory", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "posixrules", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "posix/Europe/Berlin", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "right/Europe/Berlin", "days": {}}, "/working_hours/time_zone"),
        ({"time_zone": "UTC", "days": {"mon": [["9:00", "17:00"]]}}, "/working_hours/days/mon/0"),
        ({"time_zone": "UTC", "days": {"mon": [["24:00", "24:00"]]}}, "/working_hours/days/mon/0"),
        ({"time_zone": "UTC", "days": {"tue": [["17:00", "09:00"]]}}, "/working_hours/days/tue/0"),
        ({"time_zone": "UTC", "days": {"tue": [["09:00", "09:00"]]}}, "/working_hours/days/tue/0"),
        ({"time_zone": "UTC", "days": {"wed": [["09:00", "24:30"]]}}, "/working_hours/days/wed/0"),
        (
            {"time_zone": "UTC", "days": {"sun": [["12:00", "14:00"], ["09:00", "12:01"]]}},
            "/working_hours/days/sun/0",
        ),
    ],
)
async def test_working_hours_that_cannot_be_are_refused(
    http: httpx.AsyncClient, hours: dict[str, Any], pointer: str
) -> None:
    body = {"name": "Ann", "email": "ann@acme.example", "working_hours": hours}

    answer = await http.post("/v1/users", json=body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "users.bad_working_hours"
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "hours",
    [
        {"time_zone": "UTC", "days": {"monday": [["09:00", "17:00"]]}},
        {"time_zone": "UTC", "days": {"mon": [["09:00"]]}},
        {"time_zone": "UTC"},
        {"time_zone": "UTC", "days": {}, "holidays": []},
    ],
)
async def test_working_hours_of_another_shape_are_refused(
    http: httpx.AsyncClient, hours: dict[str, Any]
) -> None:
    body = {"name": "Ann", "email": "ann@acme.example", "working_hours": hours}

    assert (await http.post("/v1/users", json=body)).status_code == 422


async def test_working_hours_may_end_at_midnight_and_are_shown_in_order(
    http: httpx.AsyncClient,
) -> None:
    hours = {"time_zone": "Asia/Kolkata", "days": {"sun": [["18:00", "24:00"], ["00:00", "06:00"]]}}

    made = await new_user(http, working_hours=hours)

    assert made["working_hours"]["days"] == {"sun": [["00:00", "06:00"], ["18:00", "24:00"]]}


async def test_a_patch_changes_what_it_names_and_nothing_else(http: httpx.AsyncClient) -> None:
    made = await new_user(http, "ann@acme.example", working_hours=NINE_TO_FIVE, seat="free")

    named = await http.patch(f"/v1/users/{made['id']}", json={"name": "Ann Lee"})
    without_hours = await http.patch(f"/v1/users/{made['id']}", json={"working_hours": None})

    assert named.json() == made | {"name": "Ann Lee"}
    assert without_hours.json() == made | {"name": "Ann Lee", "working_hours": None}


@pytest.mark.parametrize("body", [{"name": None}, {"email": None}, {"seat": "gold"}, {"role": "x"}])
async def test_a_patch_that_does_not_fit_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    made = await new_user(http)

    answer = await http.patch(f"/v1/users/{made['id']}", json=body)

    assert answer.status_code == 422
    assert (await http.get(f"/v1/users/{made['id']}")).json() == made


async def test_addresses_can_be_swapped_and_given_up(http: httpx.AsyncClient) -> None:
    ann = await new_user(http, "ann@acme.example", other_addresses=["ann@home.example"])
    swapped = await http.patch(
        f"/v1/users/{ann['id']}",
        json={"email": "ann@home.example", "other_addresses": ["ann@acme.example"]},
    )
    given_up = await http.patch(f"/v1/users/{ann['id']}", json={"other_addresses": []})

    second = await http.post("/v1/users", json={"name": "B", "email": "ann@acme.example"})

    assert swapped.json()["email"] == "ann@home.example"
    assert swapped.json()["other_addresses"] == ["ann@acme.example"]
    assert given_up.json()["other_addresses"] == []
    assert second.status_code == 201


async def test_an_email_among_the_other_addresses_stands_there_only_once(
    http: httpx.AsyncClient,
) -> None:
    made = await new_user(
        http, "ann@acme.example", other_addresses=["ANN@acme.example", "a@b.example"]
    )

    assert (made["email"], made["other_addresses"]) == ("ann@acme.example", ["a@b.example"])


async def test_availability_has_a_resource_of_its_own(http: httpx.AsyncClient) -> None:
    made = await new_user(http)

    away = await http.put(f"/v1/users/{made['id']}/availability", json={"availability": "away"})
    wrong = await http.put(f"/v1/users/{made['id']}/availability", json={"availability": "busy"})

    assert away.status_code == 200
    assert away.json() == made | {"availability": "away"}
    assert wrong.status_code == 422


async def test_a_deleted_user_is_gone_everywhere_and_its_names_are_free(
    http: httpx.AsyncClient,
) -> None:
    ann = await new_user(http, "ann@acme.example")
    bob = await new_user(http, "bob@acme.example")
    team = (
        await http.post("/v1/teams", json={"name": "T", "member_ids": [ann["id"], bob["id"]]})
    ).json()
    contact = (await http.post("/v1/contacts", json={"name": "C", "owner_id": ann["id"]})).json()

    deleted = await http.delete(f"/v1/users/{ann['id']}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await http.get(f"/v1/users/{ann['id']}")).status_code == 404
    assert (await http.delete(f"/v1/users/{ann['id']}")).status_code == 404
    assert [u["id"] for u in (await http.get("/v1/users")).json()["items"]] == [bob["id"]]
    assert (await http.get(f"/v1/teams/{team['id']}")).json()["member_ids"] == [bob["id"]]
    assert (await http.get(f"/v1/contacts/{contact['id']}")).json()["owner_id"] is None
    again = await new_user(http, "ann@acme.example")
    assert again["username"] == "ann"


async def test_users_are_listed_in_pieces_without_gaps(http: httpx.AsyncClient) -> None:
    made = [(await new_user(http, f"u{n}@acme.example"))["id"] for n in range(5)]

    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await http.get("/v1/users", params=params)).json()
        seen += [user["id"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made


async def test_users_of_another_account_are_not_found(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    ann = await new_user(http)
    path = f"/v1/users/{ann['id']}"

    answers = [
        await other_http.get(path),
        await other_http.patch(path, json={"name": "X"}),
        await other_http.put(f"{path}/availability", json={"availability": "away"}),
        await other_http.delete(path),
        await http.get("/v1/users/usr_unknown"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert {answer.json()["code"] for answer in answers} == {"users.not_found"}
    assert (await other_http.get("/v1/users")).json()["items"] == []
    assert (await http.get(path)).json() == ann


async def test_a_change_of_a_user_upon_a_stale_state_is_refused(http: httpx.AsyncClient) -> None:
    ann = await new_user(http)
    path = f"/v1/users/{ann['id']}"
    tag = (await http.get(path)).headers["etag"]
    await http.patch(path, json={"name": "Newer"})

    patched = await http.patch(path, json={"name": "Stale"}, headers={"If-Match": tag})
    put = await http.put(
        f"{path}/availability", json={"availability": "away"}, headers={"If-Match": tag}
    )

    assert (patched.status_code, put.status_code) == (412, 412)
    assert (await http.get(path)).json() == ann | {"name": "Newer"}


async def test_users_and_teams_need_their_scopes(
    http: httpx.AsyncClient, key_http: Callable[..., Any]
) -> None:
    reader, stranger = await key_http("users:read"), await key_http("contacts:write")

    assert (await reader.get("/v1/users")).status_code == 200
    assert (await reader.get("/v1/teams")).status_code == 200
    for path in ("/v1/users", "/v1/teams"):
        assert (await stranger.get(path)).status_code == 403
    assert (await reader.post("/v1/teams", json={"name": "T"})).status_code == 403
    answer = await reader.post("/v1/users", json={"name": "A", "email": "a@b.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "request.scope_missing")


async def test_capacity_is_a_number_of_conversations_or_no_limit(http: httpx.AsyncClient) -> None:
    ann = await new_user(http, capacity=3)
    path = f"/v1/users/{ann['id']}"

    other = await http.patch(path, json={"name": "Ann"})
    none = await http.patch(path, json={"capacity": None})
    wrong = [await http.patch(path, json={"capacity": value}) for value in (0, -1, "many")]

    assert ann["capacity"] == other.json()["capacity"] == 3
    assert none.json()["capacity"] is None
    assert [one.status_code for one in wrong] == [422] * 3
    assert wrong[0].json()["errors"][0]["pointer"] == "/capacity"
