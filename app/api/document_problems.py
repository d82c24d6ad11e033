"""
Examples of refusals in the OpenAPI document: of each operation and status, one that it has given.

What operations are refused with of their own stands in `problem_examples.json`, where tests have
noted it (`tests/problem_examples.py`); what any operation may be refused with stands here. A new
route has the latter at once. Deliberately not here: which refusals there are (`document.py`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from app.api.example_story import PREFIXES, an_id
from app.api.problems import title

Json = dict[str, Any]
OWN = Path(__file__).with_name("problem_examples.json")
# By operation and status.
EXAMPLES: dict[str, dict[str, Json]] = json.loads(OWN.read_text("utf-8")) if OWN.exists() else {}
MEDIA_TYPE = "application/problem+json"
# By the name of the shared response: status, codes with their words, fields that are named.
SHARED: dict[str, tuple[int, dict[str, str], list[dict[str, str]]]] = {
    "BadRequest": (
        400,
        {
            "request.not_json": "The body is not JSON.",
            "request.bad_cursor": "This cursor was not made by us.",
        },
        [],
    ),
    "Unauthenticated": (
        401,
        {"request.unauthenticated": "An API key is needed: Authorization: Bearer <key>."},
        [],
    ),
    "Forbidden": (403, {"request.scope_missing": "This key lacks the scope channels:write."}, []),
    "NotFound": (404, {"request.no_such_path": "Not Found"}, []),
    "Conflict": (
        409,
        {"idempotency.key_reused": "This Idempotency-Key was used for another request."},
        [],
    ),
    "Gone": (
        410,
        {
            "events.after_too_old": "Events up to number 2 are no longer kept. Read the current "
            "state of what you follow, then go on without `after`, or with after=2."
        },
        [],
    ),
    "Stale": (412, {"request.stale_match": "It has changed since you read it."}, []),
    "TooLarge": (413, {"request.too_large": "The body is too large."}, []),
    "UnsupportedMediaType": (
        415,
        {"request.unsupported_media_type": "Bodies are application/json here."},
        [],
    ),
    "Invalid": (
        422,
        {"request.invalid": "The request does not fit the contract."},
        [{"pointer": "/query/limit", "detail": "Input should be less than or equal to 200"}],
    ),
    "TooMany": (429, {"request.too_many": "Too many requests with this key."}, []),
    "ServerFault": (500, {"request.unexpected": "Something went wrong here."}, []),
}
ANYWHERE = "/v1/channels"


def show(document: Json, known: dict[str, dict[str, list[str]]]) -> None:
    """
    Give every refusal its example; changes the document.

    `known` are the codes of each operation by status: where nobody has noted an example of a 404,
    it is one of them.
    """
    shared = document["components"]["responses"]
    for name, (status, codes, errors) in SHARED.items():
        _content(shared[name])["examples"] = {
            code: {"value": problem(status, code, detail, ANYWHERE, errors)}
            for code, detail in codes.items()
        }
    for path, item in document["paths"].items():
        for operation in item.values():
            name = operation["operationId"]
            own_codes = known.get(name, {})
            responses = operation["responses"]
            for number, own in (_guessed(own_codes) | EXAMPLES.get(name, {})).items():
                if number in responses and own["code"] in own_codes.get(number, ()):
                    responses[number] = _own(shared, responses[number], int(number), path, own)
    said = json.dumps(document["paths"])
    for name in SHARED:
        if f"#/components/responses/{name}" not in said:
            del shared[name]


def _guessed(known: dict[str, list[str]]) -> dict[str, Json]:
    codes = [code for code in known.get("404", ()) if code.endswith("not_found")]
    return {"404": {"code": codes[-1], "detail": "There is no such thing."}} if codes else {}


def problem(
    status: int, code: str, detail: str, instance: str, errors: list[dict[str, str]]
) -> Json:
    """A problem as `problems.problem` writes it."""
    found = {
        "type": f"urn:hosted-inbox:problem:{code}",
        "title": title(status),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": instance,
    }
    return {**found, "errors": errors} if errors else found


def _own(shared: Json, response: Json, status: int, path: str, own: Json) -> Json:
    """The shared response with an example that this operation has given."""
    like = shared[response["$ref"].rpartition("/")[2]]
    code = own["code"]
    value = problem(status, code, own["detail"], _instance(path), own.get("errors", []))
    schema = _content(like)["schema"]
    return {
        **like,
        "description": f"{title(status)}, such as `{code}`.",
        "content": {MEDIA_TYPE: {"schema": schema, "examples": {code: {"value": value}}}},
    }


def _content(response: Json) -> Json:
    content: Json = response["content"][MEDIA_TYPE]
    return content


def _instance(path: str) -> str:
    """The path with ids of the story."""
    return re.sub(r"\{(\w+)_id\}", lambda place: an_id(PREFIXES[place[1]]), path)
