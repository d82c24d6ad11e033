"""
The OpenAPI document, completed: what follows from the rules of the door is said by rule.

FastAPI knows parameters and bodies. What every operation can refuse, the Idempotency-Key of each
POST, ETags, summaries and the scope that is needed follow from the operation's form, so that a new
route is documented whole without anybody remembering it. Deliberately not here: what only one
operation refuses, which stands at its route (`responses=refusals(…)`).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from app.api import (
    document_examples,
    document_links,
    document_problems,
    document_words,
    webhook_requests,
)
from app.api.example_story import an_id
from app.api.problems import Problem

Operation = dict[str, Any]
_LIST = re.compile(r"ListOf_(\w+?)(?:View)?_")
METHODS = ("get", "put", "post", "patch", "delete")
# By operation and status; read from the source by `make openapi` (tests/problem_codes.py).
CODES: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("problem_codes.json").read_text("utf-8")
)
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

SERVER_FAULT = (
    "Something went wrong on our side (500 `request.unexpected`), or is away or full just now "
    "(503, 507; `Retry-After` says when to try again)."
)
REFUSALS = {
    400: (
        "BadRequest",
        "Broken: a body that is no JSON (`request.not_json`), a cursor that we did not make "
        "(`request.bad_cursor`), a NUL in a text (`request.bad_character`), "
        "an unusable Idempotency-Key (`idempotency.bad_key`).",
    ),
    401: (
        "Unauthenticated",
        "No API key, or not a known one (`request.unauthenticated`).",
    ),
    403: ("Forbidden", "The key lacks the scope (`request.scope_missing`), or may not do this."),
    404: ("NotFound", "There is no such thing in this account; another account's thing is none."),
    409: (
        "Conflict",
        "The state of things stands against it; also an Idempotency-Key that was used for another "
        "request (`idempotency.key_reused`).",
    ),
    410: (
        "Gone",
        "Events behind this place are no longer kept (`events.after_too_old`): some were missed.",
    ),
    412: ("Stale", "It is not what `If-Match` means any more (`request.stale_match`): read again."),
    413: ("TooLarge", "The body is larger than 2 MiB (`request.too_large`)."),
    415: ("UnsupportedMediaType", "The body is not JSON (`request.unsupported_media_type`)."),
    422: (
        "Invalid",
        "The request does not fit: unknown fields, wrong types (`request.invalid`), or values "
        "that cannot be. `errors` points at each field (JSON Pointer).",
    ),
    429: ("TooMany", "Too many requests with this key (`request.too_many`)."),
}
ALWAYS = (400, 401, 403, 429)

HEADERS = {
    "ETag": {
        "description": "Tag of the state that is shown, for `If-Match`.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "RateLimit-Limit": {
        "description": "Requests that the key may make at once.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {
        "description": "Requests that are left of them.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Reset": {
        "description": "Seconds until all of them are there again.",
        "schema": {"type": "integer"},
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Any text of the caller's, best a UUID. The same request with the same key "
    "within 24 hours is done once: the stored answer comes back with `Idempotent-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "7b0a5a0e-6f0d-4c3b-9a3e-2f5d1c8e4b60",
}
IDS = {
    "user_id": ("the user", "usr"),
    "team_id": ("the team", "tea"),
    "key_id": ("the key", "key"),
    "channel_id": ("the channel", "chn"),
    "contact_id": ("the contact", "con"),
    "conversation_id": ("the conversation", "cnv"),
    "message_id": ("the message", "msg"),
    "attachment_id": ("the attachment, from its message", "att"),
    "received_id": ("the delivery", "rcv"),
    "listed_id": ("the entry", "lst"),
    "pipeline_id": ("the pipeline", "pip"),
    "webhook_id": ("the webhook", "whk"),
    "suppression_id": ("the suppression", "sup"),
    "erasure_id": ("the erasure", "era"),
    "delivery_id": ("the delivery", "whd"),
    "address_id": ("the sender address", "adr"),
    "domain_id": ("the sending domain", "dom"),
    "ticket_id": ("the ticket", "tkt"),
    "property_id": ("the property", "tpr"),
    "stage_id": ("the stage", "stg"),
    "owner_id": ("the owner", "usr"),
    "assignee_id": ("the user to whom it is assigned", "usr"),
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Say everything in the document that follows from the rules; changes and returns it."""
    components = document.setdefault("components", {})
    document["webhooks"] = webhook_requests.described()
    document_words.introduce(document)
    _complete_schemas(components.setdefault("schemas", {}))
    _name_lists(document)
    for path in document["paths"].values():
        _forget_defaults(path.get("patch", {}), components["schemas"])
    components["headers"] = HEADERS
    components["parameters"] = {"IdempotencyKey": IDEMPOTENCY_KEY}
    components["responses"] = _shared_responses()
    for path in document["paths"].values():
        tagged = any(_takes(operation, "If-Match") for _, operation in operations_of(path))
        for method, operation in operations_of(path):
            _complete_words(operation)
            _complete_contents(operation)
            _complete_parameters(operation, method)
            if "security" in operation:
                _complete_refusals(operation, method)
            else:
                operation["security"] = []  # said, not forgotten: no key is needed
                operation["responses"].pop("422", None)
            if tagged:
                _say_etag(operation)
            _say_codes(operation)
    document_words.say_fields(components["schemas"], IDS)
    document_words.say_answers(document)
    document_problems.show(document, CODES)
    document_examples.show(document)
    document_links.link(document)
    return document


def operations_of(path: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """The operations of a path by their methods."""
    return ((method, path[method]) for method in METHODS if method in path)


def _complete_schemas(schemas: dict[str, Any]) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)


def _name_lists(document: dict[str, Any]) -> None:
    """`UserList` instead of `ListOf_UserView_`: clients are generated with these names."""
    schemas = document["components"]["schemas"]
    names = {name: _LIST.sub(r"\1List", name) for name in schemas if _LIST.fullmatch(name)}
    for former, name in names.items():
        schemas[name] = {**schemas.pop(former), "title": name}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    for path in document["paths"].values():
        for _, operation in operations_of(path):
            _point_elsewhere(operation["responses"], names)


def _point_elsewhere(responses: dict[str, Any], names: dict[str, str]) -> None:
    for response in responses.values():
        for content in response.get("content", {}).values():
            schema = content.get("schema", {})
            base, _, name = schema.get("$ref", "").rpartition("/")
            if name in names:
                schema["$ref"] = f"{base}/{names[name]}"


def _forget_defaults(patch: Operation, schemas: dict[str, Any]) -> None:
    """A field that a PATCH does not give stays as it is: its default in the model is no value."""
    content = patch.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    for field in schemas.get(name, {}).get("properties", {}).values():
        field.pop("default", None)


def _shared_responses() -> dict[str, Any]:
    shared: dict[str, Any] = {
        name: {"description": words, "content": copy.deepcopy(PROBLEM)}
        for name, words in REFUSALS.values()
    }
    shared["TooMany"]["headers"] = {
        name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS if name != "ETag"
    }
    shared["ServerFault"] = {
        "description": SERVER_FAULT,
        "content": copy.deepcopy(PROBLEM),
    }
    return shared


def _complete_words(operation: Operation) -> None:
    """The docstring's first sentence is the summary; the rest, and the scope, the description."""
    first, _, rest = operation.get("description", "").strip().partition("\n\n")
    operation["summary"] = " ".join(first.split()).removesuffix(".")
    words = [rest.strip()] if rest.strip() else []
    scopes = [s for need in operation.get("security", ()) for s in next(iter(need.values()))]
    words += [f"Scope: `{scope}`." for scope in scopes]
    operation["description"] = "\n\n".join(words)


def _complete_contents(operation: Operation) -> None:
    """What has no schema is octets; a body that is a view is described by the view's words."""
    for response in operation["responses"].values():
        for content in response.get("content", {}).values():
            if not content:
                content["schema"] = {"type": "string", "format": "binary"}


def _complete_parameters(operation: Operation, method: str) -> None:
    parameters: list[dict[str, Any]] = operation.get("parameters", [])
    for parameter in parameters:
        if parameter["name"] in IDS:
            what, prefix = IDS[parameter["name"]]
            parameter.setdefault("description", f"Id of {what} (`{prefix}_…`).")
            parameter["example"] = an_id(prefix)
    if method == "post":
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if parameters:
        operation["parameters"] = parameters


def _complete_refusals(operation: Operation, method: str) -> None:
    responses: dict[str, Any] = operation["responses"]
    possible = set(_possible_refusals(operation, method))
    if 422 not in possible:
        responses.pop("422", None)  # FastAPI says it of every parameter, also of free text
    declared = {int(status) for status in responses if status.isdigit() and int(status) in REFUSALS}
    for status in possible | declared:
        name, _ = REFUSALS[status]
        responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    responses["default"] = {"$ref": "#/components/responses/ServerFault"}
    operation["responses"] = dict(sorted(responses.items()))


def _possible_refusals(operation: Operation, method: str) -> Iterator[int]:
    """What may be refused before the operation itself says a word."""
    yield from ALWAYS
    parameters = [p for p in operation.get("parameters", ()) if "in" in p]
    if any(p["in"] == "path" for p in parameters):
        yield 404
    if any(p["in"] == "query" for p in parameters):
        yield 422
    if method != "get":  # of a body that is taken, and of one that is not
        yield from (413, 415, 422)
    if method == "post":
        yield 409
    if _takes(operation, "If-Match"):
        yield 412


def _say_codes(operation: Operation) -> None:
    """The codes of its own that each refusal may have, in words and for programs."""
    table = CODES.get(operation["operationId"], {})
    found = {status: table[status] for status in operation["responses"] if status in table}
    if found:
        operation["x-problem-codes"] = found
        each = [f"{status} {', '.join(f'`{c}`' for c in codes)}" for status, codes in found.items()]
        operation["description"] += "\n\nMay be refused with: " + "; ".join(each) + "."


def _takes(operation: Operation, name: str) -> bool:
    return any(p.get("name") == name for p in operation.get("parameters", ()))


def _say_etag(operation: Operation) -> None:
    for status, response in operation["responses"].items():
        if status in ("200", "201"):
            response["headers"] = {"ETag": {"$ref": "#/components/headers/ETag"}}
