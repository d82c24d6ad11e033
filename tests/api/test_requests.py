"""What holds for every request: the key, the body, idempotency, characters that no text has."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.api.house import Limiter
from tests.conftest import Account, MakeClient, Service

USER = {"name": "Ann", "email": "ann@acme.example"}


@pytest.fixture
def limited(service: Service) -> Service:
    """The service, with two requests a second for a key, and twenty at once."""
    service.house.limiter = Limiter(2)
    return service


def is_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_same_idempotency_key_and_body_give_the_stored_answer(
    http: httpx.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "one"}

    first = await http.post("/v1/users", json=USER, headers=key)
    again = await http.post("/v1/users", json=USER, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await http.get("/v1/users")).json()["items"]) == 1


async def test_a_stored_answer_keeps_its_etag(http: httpx.AsyncClient) -> None:
    tagged, plain = {"Idempotency-Key": "one"}, {"Idempotency-Key": "two"}
    webhook = {"url": "https://hooks.example/"}

    first = await http.post("/v1/users", json=USER, headers=tagged)
    again = await http.post("/v1/users", json=USER, headers=tagged)
    hook = (await http.post("/v1/webhooks", json=webhook)).json()
    tests = [await http.post(f"/v1/webhooks/{hook['id']}/test", headers=plain) for _ in range(2)]

    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["etag"] == first.headers["etag"]
    changed = await http.patch(
        f"/v1/users/{again.json()['id']}",
        json={"name": "Bea"},
        headers={"If-Match": again.headers["etag"]},
    )
    assert changed.status_code == 200
    assert ["etag" in one.headers for one in tests] == [False, False]


async def test_an_idempotency_key_serves_one_request_only(http: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "one"}
    await http.post("/v1/users", json=USER, headers=key)

    other = await http.post("/v1/users", json={**USER, "name": "Bob"}, headers=key)

    is_problem(other, 409, "idempotency.key_reused")


async def test_a_refused_request_does_not_use_its_idempotency_key_up(
    http: httpx.AsyncClient,
) -> None:
    key = {"Idempotency-Key": "one"}
    refused = await http.post("/v1/users", json={"name": "Ann"}, headers=key)

    right = await http.post("/v1/users", json=USER, headers=key)

    assert (refused.status_code, right.status_code) == (422, 201)


async def test_accounts_do_not_share_idempotency_keys(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    key = {"Idempotency-Key": "one"}
    await http.post("/v1/users", json=USER, headers=key)

    other = await other_http.post("/v1/users", json=USER, headers=key)

    assert other.status_code == 201
    assert "idempotent-replayed" not in other.headers


async def test_the_stored_answer_of_a_new_api_key_does_not_show_its_secret(
    http: httpx.AsyncClient, service: Service
) -> None:
    body = {"name": "some", "scopes": ["users:read"]}
    made = await http.post("/v1/api-keys", json=body, headers={"Idempotency-Key": "one"})

    async with service.database.reading() as db:
        stored = (await db.execute(text("SELECT body FROM idempotency_answers"))).scalar_one()

    assert made.json()["key"].encode() not in bytes(stored)


@pytest.mark.parametrize("path", ["/v1/users/%00", "/v1/contacts?q=a%00b", "/v1/teams/x%00"])
async def test_a_nul_in_an_address_is_refused(http: httpx.AsyncClient, path: str) -> None:
    is_problem(await http.get(path), 400, "request.bad_character")


async def test_a_nul_in_a_body_is_refused(http: httpx.AsyncClient) -> None:
    is_problem(
        await http.post("/v1/users", json={**USER, "name": "A\0"}), 400, "request.bad_character"
    )


async def test_an_escaped_backslash_before_zeros_is_no_nul(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/teams", json={"name": "\\u0000"})

    assert (answer.status_code, answer.json()["name"]) == (201, "\\u0000")


async def test_a_lone_surrogate_is_refused(http: httpx.AsyncClient) -> None:
    body = json.dumps({**USER, "name": "A\ud800"})

    answer = await http.post(
        "/v1/users", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "request.not_json"),
        (b"{}", "text/plain", 415, "request.unsupported_media_type"),
        (b"[" + b" " * 3_000_000 + b"]", "application/json", 413, "request.too_large"),
        (b'{"name": "A", "extra": 1}', "application/json", 422, "request.invalid"),
    ],
)
async def test_a_broken_body_is_refused_with_a_code(
    http: httpx.AsyncClient, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await http.post("/v1/users", content=content, headers={"Content-Type": kind})

    is_problem(answer, status, code)


async def test_too_many_requests_with_one_key_are_told_when_to_come_back(
    http: httpx.AsyncClient, service: Service
) -> None:
    service.house.limiter = type(service.house.limiter)(1)

    answers: list[Any] = [await http.get("/v1/account") for _ in range(11)]

    assert [a.status_code for a in answers[:10]] == [200] * 10
    is_problem(answers[10], 429, "request.too_many")
    assert int(answers[10].headers["retry-after"]) >= 1


async def test_a_key_with_less_rights_is_not_shown_the_stored_answer_of_another(
    http: httpx.AsyncClient, key_http: Any
) -> None:
    body = {"name": "all", "scopes": ["*"]}
    await http.post("/v1/api-keys", json=body, headers={"Idempotency-Key": "one"})
    small = await key_http("users:read")

    answer = await small.post("/v1/api-keys", json=body, headers={"Idempotency-Key": "one"})

    is_problem(answer, 403, "request.scope_missing")


async def test_a_request_with_very_many_faults_gets_a_short_answer(
    http: httpx.AsyncClient,
) -> None:
    body = {**USER, **{f"unknown_{number}": 1 for number in range(2000)}}

    answer = await http.post("/v1/users", json=body)

    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 50


async def test_a_method_that_is_none_is_told_all_that_are(http: httpx.AsyncClient) -> None:
    """RFC 9110, 15.5.6: Allow lists the methods of the path, not of one of its routes."""
    answer = await http.request("TRACE", "/v1/users/usr_1")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH"


@pytest.mark.parametrize(
    "moment",
    ["0.5", "1700000000", "2026-11-24", "2026-11-24T08:30:00", "2026-11-24T08:30Z", "now", ""],
)
async def test_a_moment_in_a_query_is_written_as_in_rfc_3339(
    http: httpx.AsyncClient, moment: str
) -> None:
    answer = await http.get("/v1/conversations", params={"since": moment})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/since"


@pytest.mark.parametrize(
    "moment",
    ["2026-11-24T08:30:00Z", "2026-11-24t08:30:00.123456789z", "2026-11-24 08:30:00+14:00"],
)
async def test_a_moment_of_rfc_3339_is_taken(http: httpx.AsyncClient, moment: str) -> None:
    answer = await http.get("/v1/conversations", params={"since": moment})

    assert answer.status_code == 200


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_moment_out_of_every_calendar_is_refused(
    http: httpx.AsyncClient, moment: str
) -> None:
    answer = await http.get("/v1/received-mail", params={"since": moment})

    assert answer.status_code == 422


async def test_a_parameter_that_is_none_is_refused_and_those_that_are_named(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/v1/users", params={"limits": 3})

    is_problem(answer, 422, "request.unknown_parameter")
    assert "cursor, limit" in answer.json()["detail"]


async def test_every_answer_says_what_the_key_may_still_ask(
    limited: Service, account: Account, client: MakeClient
) -> None:
    http = client(account.key)

    first = await http.get("/v1/account")
    fault = await http.get("/v1/users/usr_none")

    assert first.headers["ratelimit-limit"] == "20"
    assert (first.headers["ratelimit-remaining"], first.headers["ratelimit-reset"]) == ("19", "1")
    assert fault.status_code == 404
    assert fault.headers["ratelimit-remaining"] == "18"


async def test_a_key_that_asks_too_much_is_told_when_to_come_again(
    limited: Service, account: Account, client: MakeClient
) -> None:
    http = client(account.key)
    answers = [await http.get("/v1/account") for _ in range(25)]

    refused = next(one for one in answers if one.status_code == 429)

    is_problem(refused, 429, "request.too_many")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["ratelimit-remaining"] == "0"


async def test_long_answers_are_compressed_for_those_who_take_it(http: httpx.AsyncClient) -> None:
    plain = await http.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    small = await http.get("/openapi.json", headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.json() == plain.json()


async def test_a_cursor_leads_on_in_its_own_list_only(http: httpx.AsyncClient) -> None:
    for name in ("One", "Two", "Three"):
        await http.post("/v1/teams", json={"name": name})
    first = (await http.get("/v1/teams", params={"limit": 1})).json()["next_cursor"]

    own = await http.get("/v1/teams", params={"limit": 1, "cursor": first})
    other = await http.get("/v1/users", params={"cursor": first})
    tickets = await http.get("/v1/tickets", params={"cursor": first, "sort": "created_at"})

    assert [one["name"] for one in own.json()["items"]] == ["Two"]
    is_problem(other, 400, "request.bad_cursor")
    is_problem(tickets, 400, "request.bad_cursor")
