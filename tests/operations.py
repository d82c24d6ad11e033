"""
The operations of the OpenAPI document as values, for tests that ask each of them the same thing.

A new route is among them by itself. What an id in a path means is known by the parameter's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from app.main import create_app
from app.settings import Settings

DOCUMENT: dict[str, Any] = create_app(Settings()).openapi()
METHODS = ("get", "post", "put", "patch", "delete")
_UNKNOWN = "0193a5c2f7b87c6e9d1a4b5c6d7e8f90"


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The part of the document that a `$ref` names, or the part itself."""
    while "$ref" in part:
        found: Any = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def fits(schema: dict[str, Any], value: Any) -> None:
    """Raises ValidationError when the value is not of the schema."""
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    validator.validate(value)


@dataclass(frozen=True, slots=True)
class Op:
    """One operation: method, path, and what the document says of it."""

    method: str
    path: str
    spec: dict[str, Any]

    @property
    def id(self) -> str:
        """Its operationId."""
        name: str = self.spec["operationId"]
        return name

    @property
    def places(self) -> list[str]:
        """The names of the ids in its path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of its JSON body; None: it takes none."""
        content = self.spec.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        schema = content["application/json"]["schema"]
        given = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
        return resolved(given[0])

    @property
    def example(self) -> Any:
        """A body that fits; None: it takes none."""
        return self.body["examples"][0] if self.body is not None else None

    @property
    def query(self) -> dict[str, dict[str, Any]]:
        """The schemas of its query parameters, null left out, by name."""
        found = {}
        for one in map(resolved, self.spec.get("parameters", [])):
            if one["in"] == "query":
                options = one["schema"].get("anyOf", [one["schema"]])
                found[one["name"]] = next(o for o in options if o.get("type") != "null")
        return found

    def url(self, ids: Mapping[str, str] | None = None) -> str:
        """Its path with these ids; ids that are not given are unknown ones of the right form."""

        def fill(place: re.Match[str]) -> str:
            return (ids or {}).get(place[1], f"{place[1][:3]}_{_UNKNOWN}")

        return re.sub(r"\{(\w+)\}", fill, self.path)

    async def ask(
        self, http: httpx.AsyncClient, ids: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        """Call it with its example as the body, unless `more` says otherwise."""
        if self.body is not None and not more.keys() & {"content", "json"}:
            more["json"] = self.example
        return await http.request(self.method, self.url(ids), **more)


OPERATIONS = [
    Op(method, path, item[method])
    for path, item in DOCUMENT["paths"].items()
    for method in METHODS
    if method in item
]
KEYED = [op for op in OPERATIONS if op.spec["security"]]
