"""
Links of the OpenAPI document: which operations take the ids that an answer holds.

By rule, from paths and schemas alone. What `GET /things/{thing_id}` shows is a thing, and so is
what stands in the list at `/things` or is made there: its id leads to everything that is done with
one. A field with the name of a place in paths (`contact_id`) leads to where such a thing is read,
and what only another answer holds (`attachments`, with `{attachment_id}` in a path) to all of its
own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")
_PLACE = re.compile(r"\{(\w+)\}")
# What a field of this name leads to, whose place in paths is called otherwise.
ROLES = {"owner_id": "user_id", "assignee_id": "user_id"}
# What a field names that is there no more.
GONE = {("ErasureView", "contact_id")}


@dataclass(frozen=True, slots=True)
class _One:
    """An operation, where it is, and the ids in its path."""

    path: str
    method: str
    spec: Json

    @property
    def places(self) -> frozenset[str]:
        return frozenset(_PLACE.findall(self.path))

    @property
    def last(self) -> str:
        """The last id in its path, which has one."""
        last: str = _PLACE.findall(self.path)[-1]
        return last

    def shown(self, status: str) -> str:
        """The name of the schema that it answers with; empty: none."""
        content = self.spec["responses"].get(status, {}).get("content", {})
        return _name(content.get("application/json", {}).get("schema", {}))


@dataclass(frozen=True, slots=True)
class _Held:
    """The ids that an answer holds: where they stand, by the places in paths that they fit."""

    where: dict[str, str]
    own: frozenset[str]  # of the thing itself, and of what was made with it
    nested: frozenset[str]  # of things that are nowhere but in this one
    reading: bool  # are there links to the other things that it names?


def link(document: Json) -> None:
    """Every answer that holds ids says which operations they lead to; changes the document."""
    operations = [
        _One(path, method, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    rules = _Rules(operations, document["components"]["schemas"])
    for one in operations:
        for status, response in one.spec["responses"].items():
            if status.startswith("2"):
                links = dict(rules.leading(one, status))
                if links:
                    response["links"] = dict(sorted(links.items()))


class _Rules:
    def __init__(self, operations: list[_One], schemas: Json) -> None:
        self._operations = operations
        self._schemas = schemas
        self._places = {place for one in operations for place in one.places}
        self._read = {
            one.shown("200"): one.last
            for one in operations
            if one.method == "get" and one.path.endswith("}") and one.shown("200")
        }

    def leading(self, one: _One, status: str) -> Iterator[tuple[str, Json]]:
        """The operations that the ids in an answer are enough for, with the link to each."""
        held = self._held(one, status)
        path = {name: f"$request.path.{name}" for name in one.places}
        known = {**path, **held.where}
        for other in self._operations:
            fresh = other.places & held.where.keys()
            enough = other is not one and other.places <= known.keys()
            if fresh and enough and _leads(held, other, fresh):
                name = other.spec["operationId"]
                parameters = {place: known[place] for place in sorted(other.places)}
                yield name, {"operationId": name, "parameters": parameters}

    def _held(self, one: _One, status: str) -> _Held:
        shown, prefix = one.shown(status), "/"
        fields = self._fields(shown)
        if one.method == "get" and "items" in fields:
            shown, prefix = _name(fields["items"].get("items", {})), "/items/0/"
            fields = self._fields(shown)
        made = one.method == "post" and status in ("201", "202")
        below = self._below(one)
        own = self._read.get(shown) or (below if made or one.method == "get" else None)
        where: dict[str, str] = {}
        nested = set()
        if own is not None and "id" in fields and (made or own not in one.places):
            where[own] = f"{prefix}id"
        for name, field in fields.items():
            place, part = ROLES.get(name, name), f"{name.removesuffix('s')}_id"
            if (shown, name) in GONE:
                continue
            if place in self._places - {own} - where.keys() - one.places:
                where[place] = f"{prefix}{name}"
            elif part in self._places and self._is_part(field):
                where[part] = f"{prefix}{name}/0/id"
                nested.add(part)
        whose = {place for place in (own, below if made else None) if place and place in where}
        body = {place: f"$response.body#{pointer}" for place, pointer in where.items()}
        reading = made or one.method == "get"
        return _Held(body, frozenset(whose), frozenset(nested), reading)

    def _fields(self, name: str) -> Json:
        fields: Json = self._schemas.get(name, {}).get("properties", {})
        return fields

    def _below(self, one: _One) -> str | None:
        """The place of the things whose list this is, or that are made here."""
        below = re.compile(re.escape(one.path) + r"/\{\w+\}")
        found = (other.last for other in self._operations if below.fullmatch(other.path))
        return next(found, None)

    def _is_part(self, field: Json) -> bool:
        """A list of things that no operation shows by themselves."""
        name = _name(field.get("items", {}))
        return "id" in self._fields(name) and name not in self._read


def _leads(held: _Held, other: _One, fresh: frozenset[str]) -> bool:
    """Everything that is done with the thing itself or a part of it, and reading others."""
    if fresh & held.nested:
        return len(other.places) > 1  # a part is found below its whole
    if fresh & held.own:
        return fresh <= held.own and len(fresh) == 1
    return held.reading and other.method == "get" and other.path.endswith("}") and len(fresh) == 1


def _name(schema: Json) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name
