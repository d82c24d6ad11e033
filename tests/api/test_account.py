"""GET and PATCH /v1/account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Account, MakeAccount, MakeClient


async def test_an_account_shows_its_plan_and_its_hosted_domain(
    http: httpx.AsyncClient, account: Account
) -> None:
    answer = await http.get("/v1/account")

    assert answer.status_code == 200
    shown = answer.json()
    assert shown["id"] == account.id
    assert shown["name"] == "Acme"
    assert shown["subdomain"] == "acme"
    assert shown["plan"] == "professional"
    assert shown["hosted_domain"] == "acme.inbox.localhost"
    assert shown["company_name"] is None
    assert shown["created_at"].endswith("Z")


async def test_the_hosted_domain_of_a_free_account_lies_below_the_free_root(
    make_account: MakeAccount, client: MakeClient
) -> None:
    free = await make_account("Tiny", plan="free")

    shown = (await client(free.key).get("/v1/account")).json()

    assert shown["hosted_domain"] == "tiny.free-inbox.localhost"


async def test_name_and_company_name_can_be_changed_and_the_company_name_removed(
    http: httpx.AsyncClient,
) -> None:
    changed = await http.patch("/v1/account", json={"name": " Acme Ltd ", "company_name": "Acme"})
    removed = await http.patch("/v1/account", json={"company_name": None})

    assert (changed.json()["name"], changed.json()["company_name"]) == ("Acme Ltd", "Acme")
    assert (removed.json()["name"], removed.json()["company_name"]) == ("Acme Ltd", None)
    assert (await http.get("/v1/account")).json() == removed.json()


@pytest.mark.parametrize(
    "body",
    [
        {"plan": "enterprise"},
        {"subdomain": "other"},
        {"name": None},
        {"name": ""},
        {"name": "two\nlines"},
        {"company_name": "\u200b"},
        {"company_name": "x" * 101},
    ],
)
async def test_what_is_the_operators_or_no_name_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    before = (await http.get("/v1/account")).json()

    answer = await http.patch("/v1/account", json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(body))}"
    assert (await http.get("/v1/account")).json() == before


async def test_a_change_upon_a_stale_state_is_refused(http: httpx.AsyncClient) -> None:
    read = await http.get("/v1/account")
    first = await http.patch(
        "/v1/account", json={"name": "One"}, headers={"If-Match": read.headers["etag"]}
    )

    second = await http.patch(
        "/v1/account", json={"name": "Two"}, headers={"If-Match": read.headers["etag"]}
    )
    third = await http.patch(
        "/v1/account", json={"name": "Three"}, headers={"If-Match": first.headers["etag"]}
    )

    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 200)
    assert (await http.get("/v1/account")).json()["name"] == "Three"


async def test_reading_and_changing_the_account_need_their_scopes(
    key_http: Callable[..., Any],
) -> None:
    reader, stranger = await key_http("account:read"), await key_http("users:write")

    assert (await reader.get("/v1/account")).status_code == 200
    assert (await reader.patch("/v1/account", json={"name": "X"})).status_code == 403
    assert (await stranger.get("/v1/account")).status_code == 403
