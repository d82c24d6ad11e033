"""The allow and deny lists over the API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest


async def post(http: httpx.AsyncClient, **body: Any) -> httpx.Response:
    return await http.post("/v1/sender-lists", json=body)


async def test_entries_are_made_read_listed_and_removed(http: httpx.AsyncClient) -> None:
    denied = (await post(http, kind="deny", address="Eve <Eve@Spam.example>")).json()
    allowed = (await post(http, kind="allow", domain="BÜCHER.example.")).json()

    everything = (await http.get("/v1/sender-lists")).json()["items"]
    only = (await http.get("/v1/sender-lists", params={"kind": "allow"})).json()["items"]
    read = (await http.get(f"/v1/sender-lists/{denied['id']}")).json()
    removed = await http.delete(f"/v1/sender-lists/{denied['id']}")
    gone = await http.get(f"/v1/sender-lists/{denied['id']}")

    assert (denied["kind"], denied["address"], denied["domain"]) == (
        "deny",
        "eve@spam.example",
        None,
    )
    assert (allowed["address"], allowed["domain"]) == (None, "xn--bcher-kva.example")
    assert everything == [denied, allowed]
    assert only == [allowed]
    assert read == denied
    assert (removed.status_code, gone.status_code) == (204, 404)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "deny"}, "sender_lists.address_or_domain"),
        (
            {"kind": "deny", "address": "a@b.example", "domain": "b.example"},
            "sender_lists.address_or_domain",
        ),
        ({"kind": "deny", "address": "nobody"}, "sender_lists.bad_address"),
        ({"kind": "deny", "domain": "a b"}, "sender_lists.bad_domain"),
        ({"kind": "deny", "domain": "a@b.example"}, "sender_lists.bad_domain"),
        ({"kind": "deny", "domain": ""}, "sender_lists.bad_domain"),
        ({"kind": "deny", "domain": "[192.0.2.1]"}, "sender_lists.bad_domain"),
    ],
)
async def test_what_is_no_sender_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    answer = await post(http, **body)

    problem = answer.json()
    assert answer.status_code == 422
    assert code in (problem["code"], *[one.get("code") for one in problem.get("errors", [])])


async def test_the_same_entry_again_is_a_conflict(http: httpx.AsyncClient) -> None:
    await post(http, kind="deny", domain="spam.example")

    again = await post(http, kind="deny", domain="Spam.Example")
    other = await post(http, kind="allow", domain="spam.example")

    assert (again.status_code, again.json()["code"]) == (409, "sender_lists.already_listed")
    assert other.status_code == 201
