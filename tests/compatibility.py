"""
What breaks clients between two OpenAPI documents of ours, in words.

Own code, because it is little: schemas of ours are objects, lists, scalars, unions and references.
Requests may be given what they were given before; answers hold what they held before. Deliberately
not here: new values of an enumeration in an answer; clients are told to expect them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")
# The larger, the narrower; and the other way round.
LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaks(former: Json, current: Json) -> list[str]:
    """Everything in the current document that a client of the former one would trip over."""
    return list(_Comparison(former, current).operations())


def major(document: Json) -> int:
    """The major number of the document's version."""
    return int(document["info"]["version"].partition(".")[0])


class _Comparison:
    def __init__(self, former: Json, current: Json) -> None:
        self._former = former
        self._current = current
        self._seen: set[tuple[str, str, bool]] = set()

    def operations(self) -> Iterator[str]:
        for path, item in self._former["paths"].items():
            for method in METHODS:
                if method not in item:
                    continue
                now = self._current["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{method} {path} is gone"
                    continue
                for words in self._operation(item[method], now):
                    yield f"{method} {path}: {words}"

    def _operation(self, was: Json, now: Json) -> Iterator[str]:
        if was["operationId"] != now["operationId"]:
            yield f"{was['operationId']} is called {now['operationId']}"
        if was.get("security") != now.get("security"):
            yield "it needs another scope"
        yield from self._parameters(was, now)
        yield from self._bodies(was, now)
        for status, answer in was["responses"].items():
            if not status.startswith("2"):
                continue
            if status not in now["responses"]:
                yield f"it answers {status} no more"
                continue
            answered = _resolved(self._current, now["responses"][status])
            for kind, content in _resolved(self._former, answer).get("content", {}).items():
                given = answered.get("content", {}).get(kind)
                if given is None:
                    yield f"{status} is {kind} no more"
                else:
                    schemas = content.get("schema", {}), given.get("schema", {})
                    yield from self._schemas(*schemas, f"{status}", asked=False)

    def _parameters(self, was: Json, now: Json) -> Iterator[str]:
        former = _by_name(self._former, was)
        current = _by_name(self._current, now)
        for key, parameter in former.items():
            name = key[1]
            if key not in current:
                yield f"the parameter {name} is gone"
                continue
            if current[key].get("required") and not parameter.get("required"):
                yield f"the parameter {name} is required"
            yield from self._schemas(
                parameter["schema"], current[key]["schema"], f"parameter {name}", asked=True
            )
        for key in current.keys() - former.keys():
            if current[key].get("required"):
                yield f"the new parameter {key[1]} is required"

    def _bodies(self, was: Json, now: Json) -> Iterator[str]:
        former, current = was.get("requestBody"), now.get("requestBody", {})
        if former is None:
            if current.get("required"):
                yield "it needs a body"
            return
        for kind, content in former["content"].items():
            taken = current.get("content", {}).get(kind)
            if taken is None:
                yield f"a body of {kind} is not taken any more"
            else:
                yield from self._schemas(content["schema"], taken["schema"], "body", asked=True)

    def _schemas(self, was: Json, now: Json, where: str, *, asked: bool) -> Iterator[str]:
        """`asked`: it is of a request, and may not become narrower; else of an answer."""
        names = was.get("$ref", ""), now.get("$ref", "")
        if all(names):
            if (*names, asked) in self._seen:
                return
            self._seen.add((*names, asked))
        was, now = _resolved(self._former, was), _resolved(self._current, now)
        if "anyOf" in was or "anyOf" in now:
            yield from self._unions(was, now, where, asked=asked)
            return
        if "type" in was and was["type"] != now.get("type"):
            yield f"{where} is {now.get('type')} instead of {was['type']}"
            return
        gone = [one for one in _values(was) if "enum" in now and one not in _values(now)]
        if gone:
            yield f"{where} is {', '.join(map(str, gone))} no more"
        if asked and "enum" in now and "enum" not in was:
            yield f"{where} takes certain values only"
        if asked:
            yield from _narrower(was, now, where)
        yield from self._fields(was, now, where, asked=asked)
        if "items" in was and "items" in now:
            yield from self._schemas(was["items"], now["items"], f"{where}[]", asked=asked)

    def _unions(self, was: Json, now: Json, where: str, *, asked: bool) -> Iterator[str]:
        former, current = was.get("anyOf", [was]), now.get("anyOf", [now])
        # What may come: in a request all of the former forms, in an answer none but those.
        due, there = (former, current) if asked else (current, former)
        for form in due:
            own = self._former if asked else self._current
            other = self._current if asked else self._former
            kind = _resolved(own, form).get("type")
            like = [one for one in there if _resolved(other, one).get("type") == kind]
            if not like:
                yield f"{where} {'takes no' if asked else 'may be'} {kind}"
            elif len(like) == 1:
                pair = (form, like[0]) if asked else (like[0], form)
                yield from self._schemas(*pair, where, asked=asked)

    def _fields(self, was: Json, now: Json, where: str, *, asked: bool) -> Iterator[str]:
        fields, there = was.get("properties", {}), now.get("properties", {})
        for name, field in fields.items():
            if name not in there:
                yield f"{where} has no {name} any more"
            else:
                yield from self._schemas(field, there[name], f"{where}.{name}", asked=asked)
        required, due = set(was.get("required", ())), set(now.get("required", ()))
        if asked:
            yield from (f"{where} needs {name}" for name in sorted(due - required))
        else:
            fewer = sorted((required - due) & there.keys())
            yield from (f"{where} need not have {name}" for name in fewer)


def _resolved(document: Json, part: Json) -> Json:
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def _by_name(document: Json, operation: Json) -> dict[tuple[str, str], Json]:
    found = [_resolved(document, one) for one in operation.get("parameters", [])]
    return {(one["in"], one["name"]): one for one in found}


def _values(schema: Json) -> list[Any]:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] = schema.get("enum", [])
    return values


def _narrower(was: Json, now: Json, where: str) -> Iterator[str]:
    for names, sign in ((LEAST, 1), (MOST, -1)):
        for name in names:
            if name in now and (name not in was or sign * now[name] > sign * was[name]):
                yield f"{where} has {name} {now[name]}"
    if "pattern" in now and now["pattern"] != was.get("pattern"):
        yield f"{where} has a pattern of its own"
