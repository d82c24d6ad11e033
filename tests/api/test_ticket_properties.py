"""Custom properties are defined, and their values checked wherever they are given."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.builders import connected_channel

PATH = "/v1/ticket-properties"


async def defined(http: httpx.AsyncClient, key: str = "size", **fields: Any) -> dict[str, Any]:
    answer = await http.post(PATH, json={"key": key, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def ticket(http: httpx.AsyncClient, **fields: Any) -> httpx.Response:
    contact = (await http.post("/v1/contacts", json={"name": "Carla"})).json()
    return await http.post("/v1/tickets", json={"contact_id": contact["id"], **fields})


async def test_a_property_is_made_changed_and_deleted(http: httpx.AsyncClient) -> None:
    made = await defined(http, "shoe_size", type="choice", choices=["40", "41"], default="41")
    path = f"{PATH}/{made['id']}"

    changed = await http.patch(path, json={"label": "Shoes", "choices": ["41", "42"]})
    listed = (await http.get(PATH)).json()["items"]

    assert (made["label"], made["required"]) == ("Shoe size", False)
    assert changed.json() == {**made, "label": "Shoes", "choices": ["41", "42"]}
    assert listed == [changed.json()]
    assert (await http.delete(path)).status_code == 204
    assert (await http.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("fields", "status", "pointer"),
    [
        ({"key": "Size"}, 422, "/key"),
        ({"key": "9lives"}, 422, "/key"),
        ({"key": ""}, 422, "/key"),
        ({"key": "a" * 51}, 422, "/key"),
        ({"key": "taken"}, 409, "/key"),
        ({"type": "colour"}, 422, "/type"),
        ({"type": "choice"}, 422, "/choices"),
        ({"type": "choice", "choices": ["a", "a"]}, 422, "/choices"),
        ({"type": "text", "choices": ["a"]}, 422, "/choices"),
        ({"type": "number", "default": "three"}, 422, "/default"),
        ({"type": "choice", "choices": ["a"], "default": "b"}, 422, "/default"),
        ({"label": " \n"}, 422, "/label"),
    ],
)
async def test_what_cannot_be_a_property_is_refused(
    http: httpx.AsyncClient, fields: dict[str, Any], status: int, pointer: str
) -> None:
    await defined(http, "taken")

    answer = await http.post(PATH, json={"key": "size", **fields})

    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_key_and_type_never_change(http: httpx.AsyncClient) -> None:
    made = await defined(http)

    for body in ({"key": "other"}, {"type": "number"}):
        assert (await http.patch(f"{PATH}/{made['id']}", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("text", ["", "a"], [1, True, "x" * 1001]),
        ("number", [1, -2.5, 0], ["1", True, 1e16, 10**400]),
        ("boolean", [True, False], [1, "true"]),
        ("date", ["2026-02-28"], ["2026-02-29", "28.2.2026", "20260228", 5]),
        ("choice", ["a", "b"], ["c", 1]),
    ],
)
async def test_values_are_of_the_type(
    http: httpx.AsyncClient, type_: str, good: list[Any], bad: list[Any]
) -> None:
    choices = ["a", "b"] if type_ == "choice" else []
    await defined(http, "value", type=type_, choices=choices)

    for one in good:
        answer = await ticket(http, custom={"value": one})
        assert answer.status_code == 201, answer.text
        assert answer.json()["custom"] == {"value": one}
    for one in bad:
        answer = await ticket(http, custom={"value": one})
        assert answer.status_code == 422, one
        assert answer.json()["errors"][0]["pointer"].startswith("/custom/value")


async def test_defaults_and_required_values(http: httpx.AsyncClient) -> None:
    await defined(http, "origin", default="mail")
    await defined(http, "size", type="number", required=True)

    without = await ticket(http)
    made = await ticket(http, custom={"size": 5})
    path = f"/v1/tickets/{made.json()['id']}"
    away = await http.patch(path, json={"custom": {"size": None}})
    none = await http.patch(path, json={"custom": {"origin": None}})

    assert (without.status_code, without.json()["code"]) == (422, "tickets.property_required")
    assert made.json()["custom"] == {"origin": "mail", "size": 5}
    assert away.status_code == 422
    assert none.json()["custom"] == {"size": 5}


async def test_a_template_s_values_are_checked_and_its_tokens_too(http: httpx.AsyncClient) -> None:
    await defined(http, "size", type="number", required=True)
    await defined(http, "who")
    channel = await connected_channel(http)
    path = f"/v1/channels/{channel['id']}/ticket-automation"

    async def put(custom: dict[str, Any]) -> httpx.Response:
        return await http.put(path, json={"enabled": True, "properties": {"custom": custom}})

    assert (await put({})).json()["code"] == "tickets.property_required"
    assert (await put({"size": "x"})).json()["code"] == "tickets.bad_property"
    assert (await put({"size": 1, "no": 1})).json()["code"] == "tickets.unknown_property"
    assert (await put({"size": 1, "who": "{{x}}"})).json()["code"] == "tickets.unknown_token"
    good = await put({"size": 1, "who": "{{contact.name}}"})
    assert good.status_code == 200
    assert good.json()["properties"]["custom"] == {"size": 1, "who": "{{contact.name}}"}
