"""
Links of the OpenAPI document: which operations take the id that an answer holds.

By rule, from paths and schemas alone: what `GET /things/{thing_id}` shows is a thing, and what
stands in the list at `/things`, or is made there, has an id that fits `{thing_id}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

METHODS = ("get", "put", "post", "patch", "delete")
MADE = ("201", "202")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class _One:
    """An operation, where it is, and the ids in its path."""

    path: str
    method: str
    spec: dict[str, Any]

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


def link(document: dict[str, Any]) -> None:
    """Every answer that holds ids says which operations they lead to; changes the document."""
    operations = [
        _One(path, method, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]
    schemas = document["components"]["schemas"]
    for one in operations:
        for status, response in one.spec["responses"].items():
            links: dict[str, dict[str, Any]] = {}
            for place, where in _ids(one, status, operations, schemas):
                links.update(_leading(one, place, where, operations))
            if links:
                response["links"] = dict(sorted(links.items()))


def _ids(
    one: _One, status: str, operations: list[_One], schemas: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """The ids in an answer: the place that each of them fits, and where it stands."""
    shown = one.shown(status)
    fields = schemas.get(shown, {}).get("properties", {})
    if one.method == "get" and "items" in fields:
        place = _place_of(_name(fields["items"].get("items", {})), one, operations)
        if place is not None:
            yield place, "/items/0/id"
    elif one.method == "post" and status in MADE:
        place = _place_of(shown, one, operations)
        if place is not None:
            yield place, "/id"
        if "conversation_id" in fields and place != "conversation_id":
            yield "conversation_id", "/conversation_id"


def _place_of(shown: str, one: _One, operations: list[_One]) -> str | None:
    """The name of the place in paths that the id of what is shown fits."""
    for other in operations:
        if other.method == "get" and other.path.endswith("}") and other.shown("200") == shown:
            return other.last
    below = re.compile(re.escape(one.path) + r"/\{\w+\}")
    return next((other.last for other in operations if below.fullmatch(other.path)), None)


def _leading(
    one: _One, place: str, where: str, operations: list[_One]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations that this id, with those of the request's own path, is enough for."""
    for other in operations:
        if place in other.places and other.places <= one.places | {place} and other is not one:
            own = {name: f"$request.path.{name}" for name in sorted(other.places - {place})}
            name = other.spec["operationId"]
            yield (
                name,
                {"operationId": name, "parameters": {**own, place: f"$response.body#{where}"}},
            )


def _name(schema: dict[str, Any]) -> str:
    name: str = schema.get("$ref", "").rpartition("/")[2]
    return name
