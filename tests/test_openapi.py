"""
The OpenAPI document: current, valid, and worth reading for every operation.

Deliberately not here: whether the service does what it says; `tests/test_every_operation.py` asks.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from app import cli
from app.main import create_app
from app.settings import Settings
from tests import problem_codes
from tests.operations import DOCUMENT, OPERATIONS, Op, fits, resolved

PUBLIC = {"get_liveness", "get_readiness", "get_metrics"}
COMMITTED = Path(cli.OPENAPI)
# Refusals that follow from what an operation takes.
BODY = {"413", "415", "422"}


each = pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.id)


def test_the_committed_document_is_current() -> None:
    """As `hosted-inbox openapi --check` sees it; `make openapi` writes it anew."""
    current = create_app(Settings()).openapi()

    assert json.loads(COMMITTED.read_text("utf-8")) == current


def test_the_table_of_problem_codes_is_current() -> None:
    """`make openapi` reads it from the source anew."""
    assert problem_codes.TABLE.read_text("utf-8") == problem_codes.written(
        problem_codes.table(problem_codes.read())
    )


def test_the_document_is_valid_openapi() -> None:
    validate(DOCUMENT)


def test_operation_ids_are_unique_and_good_names_of_methods() -> None:
    ids = [op.id for op in OPERATIONS]

    assert len(ids) == len(set(ids))
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)+", one)] == []


def test_every_tag_is_described_and_used() -> None:
    used = {tag for op in OPERATIONS for tag in op.spec["tags"]}
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}

    assert described == used


def test_no_name_of_a_schema_shows_a_module() -> None:
    assert [name for name in DOCUMENT["components"]["schemas"] if not name.isalnum()] == []


def test_the_framework_s_own_errors_are_not_promised() -> None:
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)


@each
def test_an_operation_says_what_it_does(op: Op) -> None:
    words = op.spec["description"].split("\n\nScope: ")[0]

    assert 10 < len(op.spec["summary"]) < 90
    assert not op.spec["summary"].endswith(".")
    assert len(words) > 30
    assert words != op.spec["summary"]
    assert not words.startswith("Scope: ")


@each
def test_an_operation_needs_a_key_with_one_scope_or_is_public(op: Op) -> None:
    security = op.spec["security"]

    if op.id in PUBLIC:
        assert security == []
    else:
        [(name, [scope])] = security[0].items()
        assert name == "api_key"
        right = "read" if op.method == "get" else "write"
        assert re.fullmatch(rf"[a-z_]+:{right}", scope)
        assert f"`{scope}`" in op.spec["description"]


@each
def test_every_parameter_is_described(op: Op) -> None:
    parameters = [resolved(one) for one in op.spec.get("parameters", [])]

    assert [one["name"] for one in parameters if not one.get("description")] == []


@each
def test_an_operation_declares_what_it_may_refuse(op: Op) -> None:
    if op.id in PUBLIC:
        return
    parameters = [resolved(one) for one in op.spec.get("parameters", [])]
    places = {one["in"] for one in parameters}
    names = {one["name"] for one in parameters}

    due = {"400", "401", "403", "429", "default"}
    due |= {"404"} if "path" in places else set()
    due |= {"422"} if "query" in places else set()
    due |= {"412"} if "If-Match" in names else set()
    due |= BODY if op.method != "get" else set()
    due |= {"409"} if op.method == "post" else set()

    assert due <= set(op.spec["responses"])
    assert ("Idempotency-Key" in names) == (op.method == "post")


@each
def test_refusals_are_problems(op: Op) -> None:
    for status, answer in op.spec["responses"].items():
        if status[0] == "2" or op.id in PUBLIC:
            continue
        content = resolved(answer)["content"]
        assert list(content) == ["application/problem+json"], status
        assert content["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


@each
def test_a_body_has_an_example_that_fits(op: Op) -> None:
    if op.body is None:
        return
    examples = op.body.get("examples", [])

    assert examples
    for example in examples:
        fits(op.body, example)


@each
def test_a_change_of_a_part_promises_no_defaults(op: Op) -> None:
    """In a PATCH a field that is not given stays as it is."""
    if op.method != "patch":
        return
    assert op.body is not None

    assert [name for name, field in op.body["properties"].items() if "default" in field] == []


def test_a_problem_has_the_members_of_rfc_9457_and_a_code() -> None:
    problem: dict[str, Any] = DOCUMENT["components"]["schemas"]["Problem"]

    assert {"type", "title", "status", "detail", "instance", "code"} <= set(problem["required"])


def test_every_id_in_a_path_is_led_to_by_an_answer_that_holds_it() -> None:
    links = [
        (op, link)
        for op in OPERATIONS
        for status, answer in op.spec["responses"].items()
        if status.startswith("2")
        for link in answer.get("links", {}).values()
    ]

    led_to = {link["operationId"] for _, link in links}
    assert [op.id for op in OPERATIONS if op.places and op.id not in led_to] == []
    for op, link in links:
        target = next(one for one in OPERATIONS if one.id == link["operationId"])
        assert link["parameters"].keys() == set(target.places)
        assert any(value.startswith("$response") for value in link["parameters"].values())
        assert all(f"{{{name}}}" in op.path for name in _of_path(link))


def _of_path(link: dict[str, Any]) -> list[str]:
    """The places that a link takes from the path of the request before."""
    given = link["parameters"].values()
    return [one.removeprefix("$request.path.") for one in given if one.startswith("$request")]


def test_links_lead_to_parts_and_to_the_others_that_a_thing_names() -> None:
    links = {op.id: op.spec["responses"].get("200", {}).get("links", {}) for op in OPERATIONS}

    assert links["get_message"]["get_attachment"]["parameters"] == {
        "message_id": "$request.path.message_id",
        "attachment_id": "$response.body#/attachments/0/id",
    }
    assert links["list_messages"]["get_attachment"]["parameters"] == {
        "message_id": "$response.body#/items/0/id",
        "attachment_id": "$response.body#/items/0/attachments/0/id",
    }
    assert links["get_conversation"]["get_user"]["parameters"] == {
        "user_id": "$response.body#/assignee_id"
    }
    assert "get_message" not in links["get_message"]  # `message_id` there is a Message-ID


def test_the_document_introduces_itself() -> None:
    info = DOCUMENT["info"]

    assert info["summary"]
    assert info["contact"]
    assert all(server["description"] for server in DOCUMENT["servers"])
    for word in ("Idempotency-Key", "next_cursor", "If-Match", "problem+json", "Retry-After"):
        assert word in info["description"]
    scopes = DOCUMENT["components"]["securitySchemes"]["api_key"]["description"]
    used = {need["api_key"][0] for op in OPERATIONS for need in op.spec["security"]}
    assert [one for one in used if f"`{one.partition(':')[0]}:read`" not in scopes] == []


@each
def test_an_answer_says_what_it_shows(op: Op) -> None:
    for status, answer in op.spec["responses"].items():
        words = resolved(answer)["description"]
        assert words != "Successful Response", status
        assert len(words) > 5
