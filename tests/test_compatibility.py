"""
The API goes on to do what clients of the last release rely on.

`openapi/released.json` is the document of the last release. Something that breaks its clients needs
another major version: then this says nothing, and the release puts the new document in its place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.compatibility import breaks, major
from tests.operations import DOCUMENT

RELEASED = json.loads(
    (Path(__file__).resolve().parent.parent / "openapi" / "released.json").read_text("utf-8")
)
CHANNEL = "/v1/channels/{channel_id}"


def test_nothing_that_clients_rely_on_is_gone() -> None:
    if major(DOCUMENT) == major(RELEASED):
        assert breaks(RELEASED, DOCUMENT) == []


def _schema(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


def _without_a_path(document: dict[str, Any]) -> None:
    del document["paths"][CHANNEL]["delete"]


def _with_another_name(document: dict[str, Any]) -> None:
    document["paths"][CHANNEL]["get"]["operationId"] = "read_channel"


def _with_another_scope(document: dict[str, Any]) -> None:
    document["paths"][CHANNEL]["get"]["security"] = [{"api_key": ["channels:write"]}]


def _without_a_parameter(document: dict[str, Any]) -> None:
    document["paths"]["/v1/channels"]["get"]["parameters"].pop(0)


def _with_a_required_parameter(document: dict[str, Any]) -> None:
    one = {"in": "query", "name": "new", "required": True, "schema": {"type": "string"}}
    document["paths"]["/v1/channels"]["get"]["parameters"].append(one)


def _without_a_field_of_a_request(document: dict[str, Any]) -> None:
    del _schema(document, "NewUser")["properties"]["email"]


def _with_a_required_field(document: dict[str, Any]) -> None:
    _schema(document, "NewUser")["required"].append("seat")


def _with_a_shorter_text(document: dict[str, Any]) -> None:
    _schema(document, "NewTeam")["properties"]["name"]["maxLength"] = 10


def _without_a_value_that_is_taken(document: dict[str, Any]) -> None:
    _schema(document, "NewChannelBody")["properties"]["source"]["enum"].remove("group")


def _without_a_field_of_an_answer(document: dict[str, Any]) -> None:
    del _schema(document, "MessageView")["properties"]["reply_text"]


def _with_a_field_that_may_be_left_out(document: dict[str, Any]) -> None:
    _schema(document, "MessageView")["required"].remove("reply_text")


def _with_a_field_that_may_be_null(document: dict[str, Any]) -> None:
    field = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    _schema(document, "MessageView")["properties"]["reply_text"] = field


def _with_a_field_of_another_type(document: dict[str, Any]) -> None:
    _schema(document, "ConversationView")["properties"]["message_count"]["type"] = "string"


def _without_a_value_that_was_answered(document: dict[str, Any]) -> None:
    _schema(document, "ChannelView")["properties"]["state"]["enum"].remove("draft")


def _with_another_status(document: dict[str, Any]) -> None:
    answers = document["paths"]["/v1/users"]["post"]["responses"]
    answers["200"] = answers.pop("201")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without_a_path, "is gone"),
        (_with_another_name, "get_channel is called read_channel"),
        (_with_another_scope, "another scope"),
        (_without_a_parameter, "the parameter"),
        (_with_a_required_parameter, "the new parameter new is required"),
        (_without_a_field_of_a_request, "body has no email any more"),
        (_with_a_required_field, "body needs seat"),
        (_with_a_shorter_text, "body.name has maxLength 10"),
        (_without_a_value_that_is_taken, "body.source is group no more"),
        (_without_a_field_of_an_answer, "has no reply_text any more"),
        (_with_a_field_that_may_be_left_out, "need not have reply_text"),
        (_with_a_field_that_may_be_null, "reply_text may be null"),
        (_with_a_field_of_another_type, "message_count is string instead of integer"),
        (_without_a_value_that_was_answered, "state is draft no more"),
        (_with_another_status, "it answers 201 no more"),
    ],
)
def test_what_breaks_a_client_is_seen(change: Callable[[Any], None], words: str) -> None:
    changed = copy.deepcopy(DOCUMENT)

    change(changed)

    found = breaks(DOCUMENT, changed)
    assert found
    assert words in found[0]


def _with_a_new_field(document: dict[str, Any]) -> None:
    _schema(document, "NewUser")["properties"]["color"] = {"type": "string", "maxLength": 9}
    _schema(document, "UserView")["properties"]["color"] = {"type": "string"}
    _schema(document, "UserView")["required"].append("color")


def _with_a_longer_text(document: dict[str, Any]) -> None:
    _schema(document, "NewTeam")["properties"]["name"]["maxLength"] += 10


def _with_a_new_path(document: dict[str, Any]) -> None:
    document["paths"]["/v1/more"] = document["paths"]["/v1/users"]


@pytest.mark.parametrize("change", [_with_a_new_field, _with_a_longer_text, _with_a_new_path])
def test_what_is_only_more_breaks_nobody(change: Callable[[Any], None]) -> None:
    changed = copy.deepcopy(DOCUMENT)

    change(changed)

    assert breaks(DOCUMENT, changed) == []
