"""
What holds for every operation of the API, whichever it is: keys, scopes, other accounts, refusals.

The operations come from the OpenAPI document: a new route is asked the same without anybody
remembering it. Each test collects what is wrong, so that one run shows all of it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from jsonschema import ValidationError

from app.db import PageRequest
from app.domain import accounts, outbox
from tests.builders import connected_channel, kept, mail, new_user
from tests.conftest import MakeClient
from tests.operations import KEYED, OPERATIONS, Op, fits, resolved

WITH_BODY = [op for op in KEYED if op.body is not None]
WITH_IDS = [op for op in KEYED if op.places]
WITHOUT_BODY = [op for op in KEYED if op.method != "get" and "requestBody" not in op.spec]
READING = [op for op in KEYED if op.method == "get"]
STRANGE = ["x" * 3000, "é☃", "%2e%2e", "usr_", "' OR 1=1 --", "-1", " "]

Ids = dict[str, str]


@pytest.fixture
async def ids(http: httpx.AsyncClient, deliver: Any, service: Any, account: Any) -> Ids:
    """One of everything in the account, by the name that paths give its id."""
    user = await new_user(http)
    team = (await http.post("/v1/teams", json={"name": "All", "member_ids": [user["id"]]})).json()
    key = (await http.post("/v1/api-keys", json={"name": "k", "scopes": ["users:read"]})).json()
    channel = await connected_channel(http, team_address="support@acme.example")
    reply = await deliver(_with_attachment(), channel["forwarding_address"])
    received = (await http.get(f"/v1/received-mail/{kept(reply)[0]}")).json()
    message = (await http.get(f"/v1/messages/{received['message_id']}")).json()
    listed = (
        await http.post("/v1/sender-lists", json={"kind": "allow", "domain": "b.example"})
    ).json()
    sender = (await http.post("/v1/sender-addresses", json={"address": "a@b.example"})).json()
    domain = (await http.post("/v1/sending-domains", json={"domain": "b.example"})).json()
    return {
        "address_id": sender["id"],
        "domain_id": domain["id"],
        "user_id": user["id"],
        "team_id": team["id"],
        "key_id": key["id"],
        "channel_id": channel["id"],
        "received_id": received["id"],
        "listed_id": listed["id"],
        "message_id": message["id"],
        "attachment_id": message["attachments"][0]["id"],
        "conversation_id": message["conversation_id"],
        "contact_id": message["author"]["contact_id"],
        "suppression_id": await _suppression(service, account.id),
        "erasure_id": await _erasure(http),
        **await _ticket(http, message["conversation_id"]),
        **await _webhook(http),
    }


async def _suppression(service: Any, account_id: str) -> str:
    """An address that was found dead, as an outgoing mail's refusal notes it."""
    async with service.database.writing() as db:
        await accounts.lock(db, [account_id])
        now = datetime.now(UTC)
        await outbox.suppress(db, account_id, "dead@customer.example", "550 5.1.1", None, now)
    async with service.database.reading() as db:
        found = await outbox.list_suppressions(db, account_id, now, PageRequest(1, None))
    return found.items[0].id


async def _erasure(http: httpx.AsyncClient) -> str:
    """The receipt of a contact that was erased."""
    contact = (await http.post("/v1/contacts", json={"name": "Erased"})).json()
    receipt = (await http.delete(f"/v1/contacts/{contact['id']}")).headers["location"]
    return str(receipt.rpartition("/")[2])


async def _ticket(http: httpx.AsyncClient, conversation_id: str) -> Ids:
    """A ticket, and a pipeline beside the first one, which always stays."""
    ticket = await http.post("/v1/tickets", json={"conversation_id": conversation_id})
    pipeline = await http.post("/v1/ticket-pipelines", json={"name": "Another"})
    own = await http.post("/v1/ticket-properties", json={"key": "own"})
    return {
        "ticket_id": ticket.json()["id"],
        "pipeline_id": pipeline.json()["id"],
        "property_id": own.json()["id"],
    }


async def _webhook(http: httpx.AsyncClient) -> Ids:
    """A webhook that hears of nothing, with a test that was tried: no such port is spoken to."""
    body = {"url": "https://hooks.example:9/", "types": ["nothing.happens"]}
    webhook = (await http.post("/v1/webhooks", json=body)).json()
    path = f"/v1/webhooks/{webhook['id']}"
    delivery = (await http.post(f"{path}/test")).json()
    while not (await http.get(f"{path}/deliveries/{delivery['id']}")).json()["attempts"]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return {"webhook_id": webhook["id"], "delivery_id": delivery["id"]}


def _with_attachment() -> bytes:
    parts = mail("PLACE").replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b")
    body = (
        b"--b\r\n\r\nHello\r\n--b\r\nContent-Type: text/csv\r\n"
        b"Content-Disposition: attachment; filename=a.csv\r\n\r\n1,2\r\n--b--"
    )
    return parts.replace(b"PLACE", body)


def fault(answer: httpx.Response, status: int, code: str | None = None) -> str | None:
    """What is wrong with the answer as a problem of this status; None: nothing."""
    if answer.status_code != status:
        return f"{answer.status_code} instead of {status}: {answer.text[:200]}"
    if answer.headers["content-type"] != "application/problem+json":
        return f"it is {answer.headers['content-type']}"
    body = answer.json()
    fits({"$ref": "#/components/schemas/Problem"}, body)
    if body["status"] != status or body["instance"] != answer.request.url.path:
        return f"it speaks of something else: {body}"
    if code is not None and body["code"] != code:
        return f"{body['code']} instead of {code}"
    return None


def wrong(found: dict[str, str | None]) -> dict[str, str]:
    """Only what is wrong."""
    return {name: words for name, words in found.items() if words is not None}


def test_every_id_in_a_path_has_a_thing_to_stand_for_it(ids: Ids) -> None:
    """A new route with an id of its own is asked with a real one, or this fails."""
    places = {place for op in KEYED for place in op.places}

    assert places - ids.keys() == set()


async def test_without_a_key_nothing_is_done(client: Callable[..., httpx.AsyncClient]) -> None:
    nobody, stranger = client(None), client("hik_no_such_key")

    found = {}
    for op in KEYED:
        for caller in (nobody, stranger):
            answer = await op.ask(caller)
            found[op.id] = found.get(op.id) or fault(answer, 401, "request.unauthenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")

    assert wrong(found) == {}


async def test_what_needs_no_key_asks_for_none(client: Callable[..., httpx.AsyncClient]) -> None:
    nobody = client(None)

    statuses = {op.id: (await op.ask(nobody)).status_code for op in OPERATIONS if op not in KEYED}

    assert set(statuses.values()) == {200}


async def test_a_key_of_other_scopes_is_refused(
    key_http: Callable[..., Any], http: httpx.AsyncClient, ids: Ids
) -> None:
    """Each operation is called with a key that may do everything but what it needs."""
    needed = {op.id: op.spec["security"][0]["api_key"][0] for op in KEYED}
    areas = sorted({scope.partition(":")[0] for scope in needed.values()})
    lacking = {
        area: await key_http(*[f"{other}:write" for other in areas if other != area])
        for area in areas
    }
    readers = await key_http(*[f"{area}:read" for area in areas])

    found: dict[str, str | None] = {}
    for op in KEYED:
        area, _, right = needed[op.id].partition(":")
        answer = await op.ask(lacking[area], ids)
        found[op.id] = fault(answer, 403, "request.scope_missing")
        if right == "write":
            answer = await op.ask(readers, ids)
            found[op.id] = found[op.id] or fault(answer, 403, "request.scope_missing")

    assert wrong(found) == {}


async def _state(http: httpx.AsyncClient, ids: Ids) -> dict[str, Any]:
    """Everything that the account can read, but for when keys were used."""
    found = {op.id: (await op.ask(http, ids)).content for op in READING}
    del found["list_api_keys"], found["get_api_key"], found["export_contact"]
    return found


async def test_another_account_s_things_are_not_found(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, ids: Ids
) -> None:
    before = await _state(http, ids)

    found = {op.id: fault(await op.ask(other_http, ids), 404) for op in WITH_IDS}

    assert wrong(found) == {}
    assert await _state(http, ids) == before


async def test_another_account_s_lists_are_empty(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, ids: Ids
) -> None:
    """Filters by another account's ids and ids in bodies find nothing either."""
    mine = set(ids.values())

    found = {}
    for op in READING:
        if not op.places:
            named = {name: ids[name] for name in op.query if name in ids}
            text = (await op.ask(other_http, params=named)).text
            found[op.id] = next((f"shows {one}" for one in mine if one in text), None)

    assert wrong(found) == {}


async def test_unknown_ids_are_not_found(http: httpx.AsyncClient) -> None:
    found = {op.id: fault(await op.ask(http), 404) for op in WITH_IDS}

    assert wrong(found) == {}


async def test_ids_of_no_form_at_all_are_not_found(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in WITH_IDS:
        for text in STRANGE:
            answer = await op.ask(http, {**ids, op.places[-1]: quote(text, safe="")})
            found[f"{op.id} {text[:12]!r}"] = fault(answer, 404)
        answer = await op.ask(http, {**ids, op.places[-1]: "a%00b"})
        found[f"{op.id} NUL"] = fault(answer, 400, "request.bad_character")

    assert wrong(found) == {}


async def test_reading_answers_as_the_document_says(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in READING:
        answer = await op.ask(http, ids)
        promised = resolved(op.spec["responses"]["200"])
        kind = answer.headers["content-type"].partition(";")[0]
        if answer.status_code != 200 or kind not in promised["content"]:
            found[op.id] = f"{answer.status_code} {kind}"
        elif kind == "application/json":
            try:
                fits(promised["content"][kind]["schema"], answer.json())
            except ValidationError as misfit:
                found[op.id] = misfit.message
        if "ETag" in promised.get("headers", {}) and "etag" not in answer.headers:
            found[op.id] = "no ETag"

    assert wrong(found) == {}


async def test_a_body_that_is_no_json_is_refused(http: httpx.AsyncClient) -> None:
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        for content in (b'{"a": ', b"\xff\xfe", b"{'a': 1}", b"[" * 100_000):
            answer = await op.ask(
                http, content=content, headers={"content-type": "application/json"}
            )
            found[op.id] = found.get(op.id) or fault(answer, 400, "request.not_json")

    assert wrong(found) == {}


async def test_a_body_where_none_is_taken_has_no_fields(http: httpx.AsyncClient) -> None:
    """`{}` is none: what follows is that the id is unknown."""
    found: dict[str, str | None] = {}
    for op in WITHOUT_BODY:
        for content in (b'{"colour": "red"}', b'{"a/b": {}}', b"[]", b'"x"'):
            answer = await op.ask(
                http, content=content, headers={"content-type": "application/json"}
            )
            found[f"{op.id} {content!r}"] = fault(answer, 422, "request.invalid")
        for empty in (b"", b"{}", b"null", b" {\n} "):
            answer = await op.ask(http, content=empty, headers={"content-type": "application/json"})
            found[f"{op.id} {empty!r}"] = fault(answer, 404)
        broken = await op.ask(http, content=b"{", headers={"content-type": "application/json"})
        found[f"{op.id} broken"] = fault(broken, 400, "request.not_json")

    assert len(WITHOUT_BODY) > 10
    assert wrong(found) == {}


async def test_a_field_that_is_unknown_is_pointed_at_where_no_body_is_taken(
    http: httpx.AsyncClient, client: MakeClient
) -> None:
    channel = (await http.post("/v1/channels", json={"shared": True, "provider": "other"})).json()
    path, body = f"/v1/channels/{channel['id']}/connect", {"a/b": 1, "dry_run": True}

    answer = await http.post(path, json=body)

    pointers = [one["pointer"] for one in answer.json()["errors"]]
    assert (answer.status_code, pointers) == (422, ["/a~1b", "/dry_run"])
    assert (await http.get(f"/v1/channels/{channel['id']}")).json()["state"] == "draft"
    assert (await client(None).post(path, json=body)).status_code == 401


async def test_a_body_of_another_type_is_refused(http: httpx.AsyncClient) -> None:
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            answer = await op.ask(
                http, content=json.dumps(op.example), headers={"content-type": kind}
            )
            found[op.id] = found.get(op.id) or fault(answer, 415, "request.unsupported_media_type")

    assert wrong(found) == {}


async def test_a_body_that_is_too_large_is_refused(http: httpx.AsyncClient) -> None:
    large = b'"' + b"x" * (2 * 1024 * 1024) + b'"'

    async def in_pieces() -> Any:
        yield large

    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        headers = {"content-type": "application/json"}
        declared = await op.ask(http, content=large, headers=headers)
        undeclared = await op.ask(http, content=in_pieces(), headers=headers)
        found[op.id] = fault(declared, 413, "request.too_large") or fault(
            undeclared, 413, "request.too_large"
        )

    assert wrong(found) == {}


async def test_unknown_fields_are_refused_with_their_place(http: httpx.AsyncClient) -> None:
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        answer = await op.ask(http, json={**op.example, "sur/prise": 1})
        found[op.id] = fault(answer, 422, "request.invalid")
        if found[op.id] is None:
            pointers = [one["pointer"] for one in answer.json()["errors"]]
            found[op.id] = None if pointers == ["/sur~1prise"] else str(pointers)

    assert wrong(found) == {}


async def test_values_of_wrong_types_are_refused_with_their_place(http: httpx.AsyncClient) -> None:
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        assert op.body is not None
        for name in op.body["properties"]:
            answer = await op.ask(http, json={**op.example, name: {"no": ["such", 1]}})
            words = fault(answer, 422, "request.invalid")
            if words is None:
                first = answer.json()["errors"][0]["pointer"]
                words = None if first.startswith(f"/{name}") else first
            found[f"{op.id} {name}"] = words

    assert wrong(found) == {}


NO_SUCH = {
    "boolean": (0, 1, 0.0, "true", "false", "yes", "1", ""),
    "integer": ("5", 5.5, True, ""),
    "string": (5, True, 1.5),
}


async def test_a_value_is_not_taken_for_another_that_it_looks_like(
    http: httpx.AsyncClient,
) -> None:
    """`"yes"` is no true and `"5"` is no number: what the document calls wrong is refused."""
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        assert op.body is not None
        for name, field in op.body["properties"].items():
            kinds = {one.get("type") for one in map(resolved, field.get("anyOf", [field]))}
            if len(kinds - {"null"}) == 1:
                for value in NO_SUCH.get((kinds - {"null"}).pop() or "", ()):
                    answer = await op.ask(http, json={**op.example, name: value})
                    found[f"{op.id} {name} {value!r}"] = fault(answer, 422, "request.invalid")

    assert found
    assert wrong(found) == {}


async def test_a_body_that_is_no_object_is_refused(http: httpx.AsyncClient) -> None:
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        for content in ("[]", "1", '"text"', "true"):
            answer = await op.ask(
                http, content=content, headers={"content-type": "application/json"}
            )
            found[op.id] = found.get(op.id) or fault(answer, 422, "request.invalid")

    assert wrong(found) == {}


def _texts_replaced(value: Any, text: str) -> Any:
    """The same with every free text replaced."""
    if isinstance(value, dict):
        return {name: _texts_replaced(inner, text) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts_replaced(inner, text) for inner in value]
    return text if isinstance(value, str) else value


async def test_no_text_in_a_body_is_our_fault(http: httpx.AsyncClient, ids: Ids) -> None:
    """NUL, which PostgreSQL cannot keep, half a surrogate pair, other scripts, nothing at all."""
    found: dict[str, str | None] = {}
    for op in WITH_BODY:
        assert op.body is not None
        for name in op.body["properties"]:
            for text in ("a\x00b", "\ud800", "مرحبا ☃", "", " "):
                body = dict(op.example)
                body[name] = _texts_replaced(body.get(name, text), text)
                content = json.dumps(body).encode()
                answer = await op.ask(
                    http, ids, content=content, headers={"content-type": "application/json"}
                )
                if answer.status_code >= 500:
                    found[f"{op.id} {name} {text!r}"] = answer.text[:200]

    assert wrong(found) == {}


async def test_query_values_that_cannot_be_are_refused(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in KEYED:
        for name, schema in op.query.items():
            kind = resolved(schema)
            if kind["type"] != "string" or "enum" in kind or "format" in kind:
                answer = await op.ask(http, ids, params={name: "no such value"})
                found[f"{op.id} {name}"] = fault(answer, 422, "request.invalid")
        if "limit" in op.query:
            for limit in ("0", "201", "-1", "1.5", "9" * 40):
                answer = await op.ask(http, ids, params={"limit": limit})
                found[f"{op.id} limit={limit[:5]}"] = fault(answer, 422, "request.invalid")

    assert wrong(found) == {}


async def test_no_text_in_a_query_is_our_fault(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in KEYED:
        for name in op.query:
            for text in ("a\x00b", "☃", "%", "_", "\\", "'", "", "x" * 5000):
                answer = await op.ask(http, ids, params={name: text})
                if answer.status_code >= 500:
                    found[f"{op.id} {name} {text[:5]!r}"] = answer.text[:200]

    assert wrong(found) == {}


def _cursor(parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


FORGED = [
    "nonsense",
    "☃",
    "====",
    _cursor([]),
    _cursor({"t": "2026-01-01"}),
    _cursor([None]),
    _cursor([1]),
    _cursor([1, 2]),
    _cursor(["a", "b", "c", "d"]),
    _cursor(["a\x00b"]),
    _cursor(["\ud800"]),
    _cursor([10**30]),
    _cursor([{"t": "2026-01-01T00:00:00"}]),
    _cursor([{"t": 1}, "a"]),
    _cursor([{"t": "never"}, "a"]),
    _cursor([{"t": "2026-01-01T00:00:00+00:00"}, {"t": "2026-01-01T00:00:00+00:00"}]),
]


async def test_a_cursor_that_we_did_not_make_is_refused(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in KEYED:
        if "cursor" in op.query:
            for cursor in FORGED:
                answer = await op.ask(http, ids, params={"cursor": cursor})
                found[f"{op.id} {cursor}"] = fault(answer, 400, "request.bad_cursor")

    assert wrong(found) == {}


async def test_paths_and_methods_that_are_none_are_problems(http: httpx.AsyncClient) -> None:
    paths = {op.path for op in OPERATIONS}

    found = {"/v1/nothing": fault(await http.get("/v1/nothing"), 404, "request.no_such_path")}
    for path in paths:
        answer = await http.request("TRACE", Op("trace", path, {}).url())
        found[path] = fault(answer, 405, "request.method_not_allowed")

    assert wrong(found) == {}


async def test_an_unusable_idempotency_key_is_refused(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in KEYED:
        if op.method == "post":
            for key in ("", "x" * 256):
                answer = await op.ask(http, ids, headers={"idempotency-key": key})
                found[op.id] = found.get(op.id) or fault(answer, 400, "idempotency.bad_key")

    assert wrong(found) == {}


async def test_an_idempotency_key_is_for_one_request(http: httpx.AsyncClient) -> None:
    first = await http.post(
        "/v1/teams", json={"name": "One"}, headers={"idempotency-key": "the same"}
    )
    found: dict[str, str | None] = {}
    for op in KEYED:
        if op.method == "post":
            answer = await op.ask(http, headers={"idempotency-key": "the same"})
            found[op.id] = fault(answer, 409, "idempotency.key_reused")

    assert first.status_code == 201
    assert wrong(found) == {}


async def test_a_change_upon_another_state_is_refused(http: httpx.AsyncClient, ids: Ids) -> None:
    found: dict[str, str | None] = {}
    for op in KEYED:
        names = [resolved(one)["name"] for one in op.spec.get("parameters", [])]
        if "If-Match" in names:
            answer = await op.ask(http, ids, headers={"if-match": '"another"'})
            found[op.id] = fault(answer, 412, "request.stale_match")

    assert found
    assert wrong(found) == {}


async def test_what_is_in_use_can_be_deleted(http: httpx.AsyncClient, ids: Ids) -> None:
    """Whatever refers to it goes on being readable, but for what is erased with its contact."""
    user, team, chat = ids["user_id"], ids["team_id"], ids["conversation_id"]
    people = {"user_ids": [user], "team_ids": [team]}
    uses = [
        await http.patch(f"/v1/conversations/{chat}", json={"assignee_id": user, "team_id": team}),
        await http.post(
            f"/v1/conversations/{chat}/comments", json={"text": "Mine.", "author_id": user}
        ),
        await http.put(
            f"/v1/channels/{ids['channel_id']}/routing", json={"mode": "users_and_teams", **people}
        ),
        await http.patch(f"/v1/contacts/{ids['contact_id']}", json={"owner_id": user}),
        await http.put(
            f"/v1/channels/{ids['channel_id']}/ticket-automation",
            json={"enabled": True, "properties": {"owner_id": user}},
        ),
    ]
    assert [one.status_code for one in uses] == [200, 201, 200, 200, 200]

    found: dict[str, str | None] = {}
    for op in KEYED:
        if op.method == "delete" and op.id != "erase_contact":
            answer = await op.ask(http, ids)
            found[op.id] = None if answer.status_code == 204 else answer.text
    for op in READING:
        answer = await op.ask(http, ids)
        found[op.id] = None if answer.status_code in (200, 404) else answer.text

    assert wrong(found) == {}
    assert (await http.get(f"/v1/conversations/{chat}")).status_code == 200
    assert (await http.get(f"/v1/messages/{ids['message_id']}")).status_code == 200
    assert (await http.delete(f"/v1/contacts/{ids['contact_id']}")).status_code == 204
    assert (await http.get(f"/v1/conversations/{chat}")).status_code == 404
