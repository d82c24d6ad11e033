"""Contacts over HTTP: make, find, change, track, merge, erase, export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.builders import new_user


async def new_contact(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A contact of the client's account."""
    answer = await http.post("/v1/contacts", json=fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def told(http: httpx.AsyncClient) -> list[tuple[str, dict[str, Any]]]:
    """The events of contacts so far."""
    items = (await http.get("/v1/events")).json()["items"]
    return [(e["type"], e["data"]) for e in items if e["type"].startswith("contact.")]


async def test_a_contact_shows_what_the_contract_says(http: httpx.AsyncClient) -> None:
    owner = await new_user(http)

    answer = await http.post(
        "/v1/contacts",
        json={
            "name": "Carla",
            "addresses": ["Carla@Customer.example", "c@home.example"],
            "owner_id": owner["id"],
        },
    )

    assert answer.status_code == 201
    made = answer.json()
    assert made["id"].startswith("con_")
    assert made["name"] == "Carla"
    assert made["addresses"] == ["Carla@Customer.example", "c@home.example"]
    assert made["owner_id"] == owner["id"]
    assert made["tracking"] == {"tracked": False, "token": None, "tracked_at": None}
    assert made["placeholder"] is False
    read = await http.get(f"/v1/contacts/{made['id']}")
    assert read.json() == made
    assert read.headers["etag"] == answer.headers["etag"]
    assert await told(http) == [
        ("contact.created", {"contact_id": made["id"], "placeholder": False})
    ]


async def test_a_contact_takes_its_name_from_the_address_when_none_is_given(
    http: httpx.AsyncClient,
) -> None:
    made = await new_contact(http, addresses=["Carla Customer <carla@customer.example>"])

    assert (made["name"], made["addresses"]) == ("Carla Customer", ["carla@customer.example"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/addresses"),
        ({"name": " "}, "/addresses"),
        ({"addresses": ["a@b.example", "nonsense"]}, "/addresses/1"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "C", "owner_id": "usr_none"}, "/owner_id"),
        ({"name": "C", "addresses": [f"a{n}@b.example" for n in range(51)]}, "/addresses"),
    ],
)
async def test_a_contact_that_cannot_be_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], pointer: str
) -> None:
    answer = await http.post("/v1/contacts", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await http.get("/v1/contacts")).json()["items"] == []


async def test_an_address_belongs_to_one_contact_of_the_account(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    await new_contact(http, addresses=["carla@customer.example"])
    second = await new_contact(http, name="Second")
    body = {"addresses": ["x@customer.example", "CARLA@customer.example"]}

    posted = await http.post("/v1/contacts", json=body)
    patched = await http.patch(f"/v1/contacts/{second['id']}", json=body)
    elsewhere = await other_http.post("/v1/contacts", json=body)

    for refused in (posted, patched):
        assert refused.status_code == 409
        assert refused.json()["code"] == "contacts.address_taken"
        assert refused.json()["errors"][0]["pointer"] == "/addresses/1"
    assert elsewhere.status_code == 201
    assert (await http.get(f"/v1/contacts/{second['id']}")).json()["addresses"] == []


async def test_contacts_are_found_by_any_of_their_addresses(http: httpx.AsyncClient) -> None:
    carla = await new_contact(http, addresses=["carla@customer.example", "Carla@bücher.example"])
    await new_contact(http, addresses=["dan@customer.example"])

    for address in (
        "CARLA@Customer.example",
        "carla@bücher.example",
        "carla@xn--bcher-kva.example",
        "Carla Customer <carla@customer.example>",
    ):
        found = await http.get("/v1/contacts", params={"address": address})
        assert [one["id"] for one in found.json()["items"]] == [carla["id"]], address
    nobody = await http.get("/v1/contacts", params={"address": "carla@customer"})
    assert nobody.json()["items"] == []


async def test_contacts_are_searched_in_names_and_addresses_without_case(
    http: httpx.AsyncClient,
) -> None:
    zoe = await new_contact(http, name="Zoë ÖZGÜR", addresses=["z@first.example"])
    dan = await new_contact(http, name="Dan 100%_Dan", addresses=["Dan@second.example"])

    async def search(words: str) -> list[str]:
        answer = await http.get("/v1/contacts", params={"q": words})
        return [one["id"] for one in answer.json()["items"]]

    assert await search("özg") == [zoe["id"]]
    assert await search("ZOË") == [zoe["id"]]
    assert await search("zoe\u0308") == [zoe["id"]]
    assert await search("@SECOND.ex") == [dan["id"]]
    assert await search("0%_d") == [dan["id"]]
    assert await search("%") == [dan["id"]]
    assert await search("example") == [zoe["id"], dan["id"]]
    assert await search("nobody") == []


async def test_pages_of_a_search_fit_together(http: httpx.AsyncClient) -> None:
    made = [(await new_contact(http, addresses=[f"c{n}@x.example"]))["id"] for n in range(5)]
    await new_contact(http, name="other")

    first = (await http.get("/v1/contacts", params={"q": "x.example", "limit": 3})).json()
    rest = (
        await http.get(
            "/v1/contacts",
            params={"q": "x.example", "limit": 3, "cursor": first["next_cursor"]},
        )
    ).json()

    assert [one["id"] for one in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


async def test_a_patch_changes_what_it_names_and_tells_so(http: httpx.AsyncClient) -> None:
    owner = await new_user(http)
    carla = await new_contact(http, name="Carla", addresses=["a@x.example", "b@x.example"])
    path = f"/v1/contacts/{carla['id']}"

    owned = (await http.patch(path, json={"owner_id": owner["id"]})).json()
    moved = (await http.patch(path, json={"addresses": ["c@x.example", "a@x.example"]})).json()
    same = (await http.patch(path, json={"name": "Carla"})).json()

    assert owned == carla | {"owner_id": owner["id"], "updated_at": owned["updated_at"]}
    assert moved["addresses"] == ["c@x.example", "a@x.example"]
    assert same == moved
    assert [data.get("fields") for _, data in await told(http)] == [
        None,
        ["owner_id"],
        ["addresses"],
    ]
    assert (await http.post("/v1/contacts", json={"addresses": ["b@x.example"]})).status_code == 201


async def test_a_contact_keeps_a_name_or_an_address(http: httpx.AsyncClient) -> None:
    carla = await new_contact(http, name="Carla", addresses=["a@x.example"])
    path = f"/v1/contacts/{carla['id']}"

    nothing_left = await http.patch(path, json={"name": "", "addresses": []})
    nameless = await http.patch(path, json={"name": ""})

    assert nothing_left.status_code == 422
    assert nothing_left.json()["code"] == "contacts.nobody"
    assert (nameless.json()["name"], nameless.json()["addresses"]) == ("", ["a@x.example"])


async def test_a_change_of_a_contact_upon_a_stale_state_is_refused(
    http: httpx.AsyncClient,
) -> None:
    carla = await new_contact(http, name="Carla")
    path = f"/v1/contacts/{carla['id']}"
    tag = (await http.get(path)).headers["etag"]
    await http.patch(path, json={"name": "Newer"})

    patched = await http.patch(path, json={"name": "Stale"}, headers={"If-Match": tag})
    put = await http.put(f"{path}/tracking", json={"token": "t"}, headers={"If-Match": tag})

    assert (patched.status_code, put.status_code) == (412, 412)
    assert (await http.get(path)).json()["name"] == "Newer"


async def test_tracking_is_set_and_ended_by_token(http: httpx.AsyncClient) -> None:
    carla = await new_contact(http, name="Carla")
    path = f"/v1/contacts/{carla['id']}/tracking"

    tracked = (await http.put(path, json={"token": "cookie-1"})).json()
    again = (await http.put(path, json={"token": "cookie-1"})).json()
    ended = (await http.put(path, json={"token": None})).json()
    refused = [await http.put(path, json=body) for body in ({}, {"token": ""}, {"token": "a\nb"})]

    assert tracked["tracking"]["tracked"] is True
    assert tracked["tracking"]["token"] == "cookie-1"
    assert tracked["tracking"]["tracked_at"] is not None
    assert again == tracked
    assert ended["tracking"] == {"tracked": False, "token": None, "tracked_at": None}
    assert [answer.status_code for answer in refused] == [422, 422, 422]


async def test_a_merged_contact_lives_on_in_the_other_one(http: httpx.AsyncClient) -> None:
    owner = await new_user(http)
    first = await new_contact(
        http, name="Carla", addresses=["a@x.example", "b@x.example"], owner_id=owner["id"]
    )
    await http.put(f"/v1/contacts/{first['id']}/tracking", json={"token": "t"})
    second = await new_contact(http, name="Carla Customer", addresses=["c@x.example"])

    answer = await http.post(f"/v1/contacts/{first['id']}/merge", json={"into": second["id"]})

    assert answer.status_code == 200
    left = answer.json()
    assert left["id"] == second["id"]
    assert left["name"] == "Carla Customer"
    assert left["addresses"] == ["c@x.example", "a@x.example", "b@x.example"]
    assert left["owner_id"] == owner["id"]
    assert left["tracking"]["token"] == "t"
    gone = await http.get(f"/v1/contacts/{first['id']}")
    assert (gone.status_code, gone.json()["code"]) == (404, "contacts.merged")
    assert second["id"] in gone.json()["detail"]
    listed = (await http.get("/v1/contacts", params={"q": "carla"})).json()["items"]
    assert listed == [left]
    merged = {"contact_id": second["id"], "merged_contact_id": first["id"]}
    assert (await told(http))[-1] == ("contact.merged", merged)


async def test_merges_can_follow_each_other(http: httpx.AsyncClient) -> None:
    one, two, three = [await new_contact(http, addresses=[f"{n}@x.example"]) for n in "abc"]
    await http.post(f"/v1/contacts/{one['id']}/merge", json={"into": two["id"]})

    answer = await http.post(f"/v1/contacts/{two['id']}/merge", json={"into": three["id"]})

    assert answer.json()["addresses"] == ["c@x.example", "b@x.example", "a@x.example"]
    detail = (await http.get(f"/v1/contacts/{one['id']}")).json()["detail"]
    assert three["id"] in detail


async def test_a_merge_into_itself_or_into_nobody_is_refused(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    carla = await new_contact(http, name="Carla")
    foreign = await new_contact(other_http, name="Foreign")
    path = f"/v1/contacts/{carla['id']}/merge"

    answers = [
        await http.post(path, json={"into": carla["id"]}),
        await http.post(path, json={"into": foreign["id"]}),
        await http.post(path, json={"into": "con_none"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert [answer.json()["errors"][0]["pointer"] for answer in answers] == ["/into"] * 3
    assert (await http.get(f"/v1/contacts/{carla['id']}")).status_code == 200


async def test_an_erased_contact_is_gone_and_its_address_is_free(http: httpx.AsyncClient) -> None:
    carla = await new_contact(http, name="Carla", addresses=["a@x.example"])
    path = f"/v1/contacts/{carla['id']}"

    erased = await http.delete(path)

    assert erased.status_code == 204
    assert [(await http.get(path)).status_code, (await http.delete(path)).status_code] == [404, 404]
    assert (await http.get("/v1/contacts")).json()["items"] == []
    receipt = erased.headers["location"].rpartition("/")[2]
    assert (await told(http))[-2:] == [
        ("contact.deleted", {"contact_id": carla["id"]}),
        ("contact.erased", {"contact_id": carla["id"], "erasure_id": receipt}),
    ]
    again = await new_contact(http, addresses=["a@x.example"])
    assert again["id"] != carla["id"]


async def test_an_export_holds_the_contact(http: httpx.AsyncClient) -> None:
    carla = await new_contact(http, name="Carla", addresses=["a@x.example"])

    export = (await http.get(f"/v1/contacts/{carla['id']}/export")).json()

    assert export["contact"] == carla
    assert export["exported_at"] >= carla["created_at"]


async def test_contacts_of_another_account_are_not_found(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    carla = await new_contact(http, name="Carla", addresses=["a@x.example"])
    path = f"/v1/contacts/{carla['id']}"
    mine = await new_contact(other_http, name="Mine")

    answers = [
        await other_http.get(path),
        await other_http.patch(path, json={"name": "X"}),
        await other_http.put(f"{path}/tracking", json={"token": "t"}),
        await other_http.post(f"{path}/merge", json={"into": mine["id"]}),
        await other_http.get(f"{path}/export"),
        await other_http.delete(path),
    ]

    assert [answer.status_code for answer in answers] == [404] * 6
    assert (await http.get(path)).json() == carla
    found = await other_http.get("/v1/contacts", params={"address": "a@x.example"})
    assert found.json()["items"] == []


async def test_contacts_need_their_scopes(key_http: Callable[..., Any]) -> None:
    reader, stranger = await key_http("contacts:read"), await key_http("conversations:write")

    assert (await reader.get("/v1/contacts")).status_code == 200
    assert (await reader.post("/v1/contacts", json={"name": "C"})).status_code == 403
    assert (await stranger.get("/v1/contacts")).status_code == 403


async def test_a_repeated_post_with_its_key_makes_one_contact(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}

    first = await http.post("/v1/contacts", json={"name": "C"}, headers=headers)
    second = await http.post("/v1/contacts", json={"name": "C"}, headers=headers)
    other = await http.post("/v1/contacts", json={"name": "D"}, headers=headers)

    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")
    assert len((await http.get("/v1/contacts")).json()["items"]) == 1
