"""
Examples of what every operation answers, made from the schemas of the answers.

By rule: an answer that is a view, a list of views or none of ours has its example without anybody
remembering it, and what is made of a schema fits it. What the values are says `example_values.py`,
which faces of a thing there are `example_states.py`. Each example stands once, in the document's
components. Deliberately not here: bodies of requests, whose models have their own, and refusals
(`document_problems.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.api.example_states import STATES
from app.api.example_story import CAME_AT, KINDS, PREFIXES, Like, an_id
from app.api.example_values import MORE_THAN, VALUES

Json = dict[str, Any]

# The states that operations show, which do not show all of them.
SHOWN: dict[str, tuple[str, ...]] = {
    "admit_message": ("received",),
    "cancel_deliveries": ("canceled",),
    "check_sending_domain": ("connected", "pending"),
    "connect_channel": ("connected",),
    "create_channel": ("connected", "draft"),
    "create_comment": ("comment",),
    "create_contact": ("known",),
    "create_conversation": ("queued",),
    "create_reply": ("queued",),
    "create_sender_address": ("pending",),
    "create_sending_domain": ("pending",),
    "create_ticket": ("open",),
    "create_user": ("available",),
    "get_received_mail": ("accepted", "quarantined"),
    "list_channels": ("connected", "draft"),
    "list_contacts": ("known", "placeholder"),
    "list_events": ("message_received", "conversation_assigned"),
    "list_listed_senders": ("domain", "address"),
    "list_messages": ("received", "sent"),
    "list_received_mail": ("accepted", "quarantined"),
    "list_sender": ("domain",),
    "merge_contact": ("known",),
    "merge_conversation": ("open",),
    "reattribute_message": ("received",),
    "release_received_mail": ("released",),
    "replay_webhook_events": ("replaying",),
    "resend_sender_address": ("pending",),
    "retry_deliveries": ("queued",),
    "retry_webhook_delivery": ("waiting",),
    "rotate_domain_keys": ("connected",),
    "rotate_webhook_secret": ("rotated",),
    "set_contact_tracking": ("known",),
    "set_user_availability": ("away",),
    "simulate_routing": ("simulated", "nobody_available"),
    "split_conversation": ("follow_up",),
    "start_forwarding_test": ("waiting",),
    "test_webhook": ("test",),
    "update_contact": ("known",),
    "update_conversation": ("closed",),
    "update_ticket": ("open",),
    "update_user": ("available",),
    "create_webhook": ("new",),
    "verify_sender_address": ("verified",),
}
RAW_MAIL = (
    "Received: from mail.acme.example (mail.acme.example [192.0.2.25])\r\n"
    "\tby mx.inbox.example with ESMTPS; Tue, 24 Nov 2026 08:30:00 +0000\r\n"
    "From: Carla Customer <carla@customer.example>\r\n"
    "To: Acme Support <support@acme.example>\r\n"
    "Subject: Where is my order?\r\n"
    "Date: Tue, 24 Nov 2026 09:29:52 +0100\r\n"
    "Message-ID: <order-17@customer.example>\r\n"
    "\r\n"
    "Hello, my order 17 has not come. Can you look?\r\n"
)
# What is no JSON, by its media type.
TEXTS = {
    "message/rfc822": RAW_MAIL,
    "application/octet-stream": "%PDF-1.7 …",
}


def show(document: Json) -> None:
    """Give every answer that is a success its examples; changes the document."""
    maker = _Maker(document["components"]["schemas"])
    for path in document["paths"].values():
        for operation in path.values():
            for response in _successes(operation):
                for kind, content in response.get("content", {}).items():
                    if kind in TEXTS:
                        content["example"] = TEXTS[kind]
                    elif kind.startswith("application/json") and "example" not in content:
                        content["examples"] = maker.examples(operation, content["schema"])
    for webhook in document.get("webhooks", {}).values():
        content = webhook["post"]["requestBody"]["content"]["application/json"]
        content["examples"] = maker.examples(webhook["post"], content["schema"])
    document["components"]["examples"] = dict(sorted(maker.made.items()))


def _successes(operation: Json) -> Iterator[Json]:
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield response


class _Maker:
    """Makes examples of schemas, and keeps those that several operations show."""

    def __init__(self, schemas: Json) -> None:
        self._schemas = schemas
        self.made: Json = {}

    def examples(self, operation: Json, schema: Json) -> Json:
        """The `examples` of an answer or body of this schema."""
        name = _name(schema)
        wanted = SHOWN.get(operation["operationId"], ())
        item = _name(self._schemas.get(name, {}).get("properties", {}).get("items", {}))
        if item:
            return {"items": self._kept(name, self._list(name, item, wanted))}
        if not name:
            return {"one": {"value": self._formed("", "", schema)}}
        states = wanted or tuple(_states(name)) or ("",)
        return {
            state or "one": self._kept(f"{name}.{state}" if state else name, self.of(name, state))
            for state in states
        }

    def _kept(self, name: str, value: Any) -> Json:
        """A reference to the example, which stands in the components."""
        number, key = 1, name
        while self.made.get(key, {"value": value})["value"] != value:
            number, key = number + 1, f"{name}.{number + 1}"
        self.made[key] = {"value": value}
        return {"$ref": f"#/components/examples/{key}"}

    def _list(self, name: str, item: str, wanted: tuple[str, ...]) -> Json:
        """A list with one item, or one of each state that the operation wants to show."""
        states = wanted or (next(iter(_states(item)), ""),)
        items = [self.of(item, state) for state in states]
        return {**self.of(name, ""), "items": items}

    def of(self, name: str, state: str) -> Json:
        """The example of a schema in one of its states."""
        given = _states(name).get(state, {})
        fields = self._schemas[name].get("properties", {})
        return {
            field: self._plain(given[field]) if field in given else self._field(name, field, form)
            for field, form in fields.items()
        }

    def _plain(self, value: Any) -> Any:
        """The value with the examples of other schemas in their places."""
        if isinstance(value, Like):
            return self.of(value.schema, value.state)
        if isinstance(value, dict):
            return {key: self._plain(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self._plain(part) for part in value]
        return value

    def _field(self, schema: str, field: str, form: Json) -> Any:
        for key in (f"{schema}.{field}", f"{MORE_THAN.get(schema, schema)}.{field}", field):
            if key in VALUES and _may_be(form, VALUES[key]):
                return self._plain(VALUES[key])
        return self._formed(schema, field, form)

    def _formed(self, schema: str, field: str, form: Json) -> Any:
        """A value that is of this form, whatever it is."""
        if "examples" in form:
            return form["examples"][0]
        if "anyOf" in form:
            return self._formed(schema, field, form["anyOf"][0])
        if "$ref" in form:
            name = _name(form)
            return self.of(name, next(iter(_states(name)), ""))
        if "enum" in form:
            return form["enum"][0]
        if form.get("type") == "array":
            return [self._formed(schema, field.removesuffix("s"), form["items"])]
        if form.get("type") == "string":
            return _text(schema, field, form)
        plain: Json = {"boolean": False, "integer": 0, "number": 0.5, "object": {}}
        return plain.get(form.get("type", ""))


def _may_be(form: Json, value: Any) -> bool:
    """Whether the value is of this form, roughly: another schema may mean something else by it."""
    if "anyOf" in form:
        return any(_may_be(one, value) for one in form["anyOf"])
    if "enum" in form:
        return value in form["enum"]
    if "$ref" in form or form.get("type") == "object":
        return isinstance(value, dict | Like)
    kinds = {"array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}
    return isinstance(value, kinds.get(form.get("type", ""), object))


def _text(schema: str, field: str, form: Json) -> str:
    if form.get("format") == "date-time":
        return CAME_AT
    if field == "id":
        return an_id(KINDS.get(MORE_THAN.get(schema, schema), "id"))
    if field.endswith("_id"):
        noun = field.removesuffix("_id").rpartition("_")[2]
        return an_id(PREFIXES.get(noun, noun[:3]))
    return field or "text"


def _states(name: str) -> dict[str, Json]:
    """The states of a schema; those of the one that it has all fields of."""
    return STATES.get(name) or STATES.get(MORE_THAN.get(name, ""), {})


def _name(schema: Json) -> str:
    """The name of the schema that is referred to, or that the items of a list are of."""
    found = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
    return str(found.rpartition("/")[2])
