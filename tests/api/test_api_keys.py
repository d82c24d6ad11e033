"""API keys over HTTP: shown once, no mightier than their maker, revoked for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.domain.accounts import SCOPES, ApiKey
from tests.conftest import MakeClient, Service


async def test_a_key_is_shown_once_and_opens_what_its_scopes_say(
    http: httpx.AsyncClient, client: MakeClient
) -> None:
    answer = await http.post("/v1/api-keys", json={"name": "CRM", "scopes": ["contacts:write"]})

    assert answer.status_code == 201
    made = answer.json()
    assert made["id"].startswith("key_")
    assert made["scopes"] == ["contacts:write"]
    listed = (await http.get("/v1/api-keys")).json()["items"]
    assert made["id"] in [key["id"] for key in listed]
    assert all("key" not in key and "hash" not in key for key in listed)
    mine = client(made["key"])
    assert (await mine.get("/v1/contacts")).status_code == 200
    assert (await mine.post("/v1/contacts", json={"name": "C"})).status_code == 201
    assert (await mine.get("/v1/users")).status_code == 403


async def test_the_secret_of_a_key_is_stored_nowhere(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = (await http.post("/v1/api-keys", json={"name": "CRM", "scopes": ["*"]})).json()

    async with service.database.reading() as db:
        row = (await db.execute(select(ApiKey).where(ApiKey.id == made["id"]))).scalar_one()
        kept = [str(value) for name, value in vars(row).items() if not name.startswith("_")]

    assert not any(made["key"] in value for value in kept)


async def test_a_revoked_key_opens_nothing(http: httpx.AsyncClient, client: MakeClient) -> None:
    made = (await http.post("/v1/api-keys", json={"name": "CRM", "scopes": ["*"]})).json()
    path = f"/v1/api-keys/{made['id']}"
    assert (await client(made["key"]).get("/v1/account")).status_code == 200

    revoked = await http.delete(path)

    assert revoked.status_code == 204
    refused = await client(made["key"]).get("/v1/account")
    assert (refused.status_code, refused.json()["code"]) == (401, "request.unauthenticated")
    assert (await http.get(path)).status_code == 404
    assert (await http.delete(path)).status_code == 404
    assert made["id"] not in [k["id"] for k in (await http.get("/v1/api-keys")).json()["items"]]


async def test_a_key_hands_out_no_more_than_it_has(key_http: Callable[..., Any]) -> None:
    weak = await key_http("account:write", "contacts:write", "users:read")
    allowed = ["contacts:read", "contacts:write", "users:read", "account:write"]

    same = await weak.post("/v1/api-keys", json={"name": "same", "scopes": allowed})
    more = await weak.post(
        "/v1/api-keys", json={"name": "more", "scopes": [*allowed, "users:write"]}
    )
    everything = await weak.post("/v1/api-keys", json={"name": "all", "scopes": ["*"]})

    assert same.status_code == 201
    assert (more.status_code, everything.status_code) == (403, 403)
    assert more.json()["code"] == "api_keys.more_than_own"
    assert more.json()["errors"][0]["pointer"] == "/scopes/4"
    names = [key["name"] for key in (await weak.get("/v1/api-keys")).json()["items"]]
    assert names == ["all", "some", "same"]  # the account's first, the weak one, what it made


@pytest.mark.parametrize(
    ("scopes", "pointer"),
    [([], "/scopes"), (["mail:read"], "/scopes/0"), (["*", "contacts:admin"], "/scopes/1")],
)
async def test_scopes_that_there_are_not_are_refused(
    http: httpx.AsyncClient, scopes: list[str], pointer: str
) -> None:
    answer = await http.post("/v1/api-keys", json={"name": "X", "scopes": scopes})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_every_scope_of_the_contract_can_be_given(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/api-keys", json={"name": "X", "scopes": list(SCOPES)})

    assert answer.json()["scopes"] == list(SCOPES)


async def test_keys_need_the_accounts_scopes(key_http: Callable[..., Any]) -> None:
    reader, stranger = await key_http("account:read"), await key_http("users:write")

    assert (await reader.get("/v1/api-keys")).status_code == 200
    body = {"name": "X", "scopes": ["account:read"]}
    assert (await reader.post("/v1/api-keys", json=body)).status_code == 403
    assert (await stranger.get("/v1/api-keys")).status_code == 403


async def test_keys_of_another_account_are_not_found(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    made = (await http.post("/v1/api-keys", json={"name": "X", "scopes": ["*"]})).json()

    assert (await other_http.get(f"/v1/api-keys/{made['id']}")).status_code == 404
    assert (await other_http.delete(f"/v1/api-keys/{made['id']}")).status_code == 404
    assert (await http.get(f"/v1/api-keys/{made['id']}")).status_code == 200


@pytest.mark.parametrize("key", [None, "hik_wrong", "x" * 5000])
async def test_without_a_known_key_nothing_opens(client: MakeClient, key: str | None) -> None:
    answer = await client(key).get("/v1/account")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
