"""
Every example in the OpenAPI document fits what it is an example of, and every answer has one.

Deliberately not here: whether the service answers what the document says; other tests ask that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from app.api import document_examples, document_problems
from app.api.document import CODES
from app.api.example_states import STATES
from app.api.example_values import MORE_THAN, VALUES
from app.domain.webhooks import signing
from tests.operations import DOCUMENT, OPERATIONS, Op, resolved
from tests.problem_codes import SAID_BY_RULE

each = pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)
EXAMPLES: dict[str, Any] = DOCUMENT["components"]["examples"]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
EVENT = DOCUMENT["webhooks"]["event"]["post"]


def check(schema: dict[str, Any], value: Any) -> None:
    """Raises ValidationError when the value is not of the schema, or a text of its format."""
    whole = {**schema, "components": DOCUMENT["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)


def shown(place: dict[str, Any]) -> list[Any]:
    """The examples of a parameter or of a content."""
    if "example" in place:
        return [place["example"]]
    return [resolved(one)["value"] for one in place.get("examples", {}).values()]


def answers(op: Op, first: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Status, media type and content of the answers whose status begins so."""
    for status, answer in op.spec["responses"].items():
        if status.startswith(first):
            for kind, content in resolved(answer).get("content", {}).items():
                yield int(status), kind, content


def places(part: Any) -> Iterator[dict[str, Any]]:
    """Everything in the document that has a schema, and examples beside it."""
    if isinstance(part, dict):
        if "schema" in part:
            yield part
        for inner in part.values():
            yield from places(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from places(inner)


@each
def test_every_success_that_shows_something_has_an_example(op: Op) -> None:
    contents = [(status, kind, content) for status, kind, content in answers(op, "2")]

    bare = {status for status, _, _ in contents}
    for status, kind, content in contents:
        if shown(content):
            bare.discard(status)
        elif kind == "application/json":
            raise AssertionError(f"{status} has no example")
    assert not bare


def test_every_example_beside_a_schema_fits_it() -> None:
    checked = 0
    for place in places(DOCUMENT):
        for value in shown(place):
            check(place["schema"], value)
            checked += 1

    assert checked > 400


def test_every_example_within_a_schema_fits_it() -> None:
    """Of bodies and of fields, also in the descriptions of parameters."""

    def schemas(part: Any) -> Iterator[dict[str, Any]]:
        if isinstance(part, dict):
            if isinstance(part.get("examples"), list):
                yield part
            for key, inner in part.items():
                if key not in ("example", "examples"):
                    yield from schemas(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from schemas(inner)

    found = list(schemas(DOCUMENT))
    for schema in found:
        for value in schema["examples"]:
            check(schema, value)

    assert len(found) > 40


@each
def test_examples_of_refusals_are_what_the_operation_may_answer(op: Op) -> None:
    path = re.sub(r"\{\w+\}", "[a-z]{3}_[0-9a-f]+", op.path)
    for status, kind, content in answers(op, "4"):
        assert kind == "application/problem+json"
        assert shown(content), f"{status} has no example"
        for problem in shown(content):
            code = problem["code"]
            known = CODES[op.id].get(str(status), [])
            assert problem["status"] == status
            assert problem["type"] == f"urn:hosted-inbox:problem:{code}"
            assert code in known or code.startswith(SAID_BY_RULE)
            if code in known:
                assert re.fullmatch(path, problem["instance"])


@each
def test_what_is_not_found_is_what_the_path_names(op: Op) -> None:
    """A 404 has the code of its own operation, never one that only the framework knows."""
    for status, _, content in answers(op, "4"):
        if status == 404:
            assert shown(content)[0]["code"] in CODES[op.id]["404"]


def test_every_shared_example_is_used() -> None:
    used = set(re.findall(r'"#/components/examples/([^"]+)"', json.dumps(DOCUMENT)))

    assert used == set(EXAMPLES)


def test_no_value_of_the_story_is_left_over() -> None:
    """A field or state that is not there any more has no value."""
    fields = [key.split(".") for key in VALUES if "." in key]
    gone = [
        key
        for key, field in fields
        if field not in SCHEMAS[key]["properties"] and key not in MORE_THAN.values()
    ]
    plain = {name for schema in SCHEMAS.values() for name in schema.get("properties", {})}
    gone += [key for key in VALUES if "." not in key and key not in plain]
    gone += [
        f"{name}.{state}"
        for name, states in STATES.items()
        for state, given in states.items()
        if not given.keys() <= SCHEMAS[name]["properties"].keys()
    ]
    gone += document_examples.SHOWN.keys() - {op.id for op in OPERATIONS}
    gone += document_problems.EXAMPLES.keys() - {op.id for op in OPERATIONS}

    assert gone == []


def test_a_view_that_nobody_has_thought_of_has_an_example_that_fits() -> None:
    nullable = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
    schemas: dict[str, Any] = {
        "Part": {"type": "object", "properties": {"kind": {"enum": ["new", "old"]}}},
        "NewView": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "channel_id": {"type": "string"},
                "owner_ids": {"type": "array", "items": {"type": "string"}},
                "address": {"$ref": "#/components/schemas/Part"},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                "warnings": {"type": "boolean"},
                "seen_at": nullable,
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                "ratio": {"type": "number"},
                "anything": {},
            },
        },
    }
    for schema in schemas.values():
        schema["required"] = list(schema["properties"])
    content = {"schema": {"$ref": "#/components/schemas/NewView"}}
    answer = {"content": {"application/json": content}}
    document: dict[str, Any] = {
        "components": {"schemas": schemas},
        "paths": {"/v1/new": {"get": {"operationId": "get_new", "responses": {"200": answer}}}},
    }

    document_examples.show(document)

    value = document["components"]["examples"]["NewView"]["value"]
    whole = {**content["schema"], "components": document["components"]}
    Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)
    assert value["channel_id"].startswith("chn_")
    assert value["owner_ids"][0].startswith("usr_")
    assert content["examples"] == {"one": {"$ref": "#/components/examples/NewView"}}


def test_a_mail_that_the_team_sends_does_not_look_received() -> None:
    received = EXAMPLES["MessageView.received"]["value"]
    channel = EXAMPLES["ChannelView.connected"]["value"]
    account = EXAMPLES["AccountView"]["value"]
    for state in ("queued", "sent"):
        sent = EXAMPLES[f"MessageView.{state}"]["value"]
        assert sent["direction"] == "outgoing"
        assert sent["from"]["address"] == channel["forwarding_address"]
        assert sent["author"]["user_id"]
        assert sent["in_reply_to"] == received["message_id"]
        assert [one["state"] for one in sent["deliveries"]] == [state]

    assert received["direction"] == "incoming"
    assert received["deliveries"] == []
    assert received["author"]["contact_id"] == EXAMPLES["ContactView.known"]["value"]["id"]
    assert channel["forwarding_address"].endswith(f"@{account['hosted_domain']}")


def test_the_signature_of_the_webhook_s_example_can_be_verified() -> None:
    given = {one["name"]: one["example"] for one in EVENT["parameters"]}
    secret = EXAMPLES["WebhookWithSecretView.new"]["value"]["secret"]
    event = shown(EVENT["requestBody"]["content"]["application/json"])[0]
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()

    due = signing.headers(event["id"], int(given["webhook-timestamp"]), body, [secret])

    assert given == due


def test_the_document_does_not_grow_without_bounds() -> None:
    """Examples stand once; what the service sends is without blanks, and compressed."""
    assert len(json.dumps(DOCUMENT, separators=(",", ":"))) < 600_000
