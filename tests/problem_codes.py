"""
Which problem codes each operation can give, read from the source.

    python -m tests.problem_codes      # writes app/api/problem_codes.json anew

From a route's handler every function of ours that it names is followed, and theirs, and so on;
what any of them refuses with, the route may refuse with. That is a little more than can happen
(a branch that this route never takes is counted), and the tests see that it is not less: every
problem that a test is answered with has to be in the table.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.api import problems

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "app" / "api" / "problem_codes.json"
CODE = re.compile(r"[a-z_]+\.[a-z_0-9]+")
KINDS = {kind.__name__: status for kind, status in problems.STATUS.items()} | {
    "invalid_field": 422,
    "Unauthenticated": 401,
}

# What any operation may be refused with; app/api/document.py says it of all of them.
SAID_BY_RULE = ("request.", "idempotency.")

Codes = set[tuple[int, str]]


@dataclass(slots=True)
class Module:
    """What the names of a module mean, and what stands in it."""

    imported: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, ast.AST] = field(default_factory=dict)


def read(root: Path = ROOT) -> dict[str, Module]:
    """Every module of the product by its name."""
    found = {}
    for path in sorted((root / "app").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = _module(ast.parse(path.read_text("utf-8")))
    return found


def _module(tree: ast.Module) -> Module:
    module = Module()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("app"):
            for alias in node.names:
                module.imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            module.functions[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            module.functions[node.targets[0].id] = node.value
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                module.constants[node.targets[0].id] = node.value.value
    return module


class Source:
    """The product's source, and what each function of it may refuse with."""

    def __init__(self, modules: dict[str, Module]) -> None:
        self._modules = modules
        self._methods = _methods(modules)

    def codes(self, module: str, function: str) -> Codes:
        """What the function, or any that it leads to, may refuse with."""
        found: Codes = set()
        seen: set[tuple[str, str]] = set()
        due = [(module, function)]
        while due:
            place = due.pop()
            if place in seen:
                continue
            seen.add(place)
            node = self._modules[place[0]].functions[place[1]]
            found |= self._refusals(place[0], node)
            due += self._named(place[0], node)
        return found

    def _named(self, module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
        """The functions of ours that are named in it."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                found = self._resolve(module, part.id)
            elif isinstance(part, ast.Attribute):
                owner = self._module_named(module, part.value)
                found = self._resolve(owner, part.attr) if owner else None
                if found is None:
                    yield from self._methods.get(part.attr, ())
            else:
                continue
            if found is not None:
                yield found

    def _module_named(self, module: str, node: ast.AST) -> str | None:
        """The module of ours that `room` or `room.part` means."""
        if isinstance(node, ast.Name):
            found = self._modules[module].imported.get(node.id, "")
        elif isinstance(node, ast.Attribute):
            found = f"{self._module_named(module, node.value)}.{node.attr}"
        else:
            return None
        return found if found in self._modules else None

    def _resolve(self, module: str, name: str) -> tuple[str, str] | None:
        """Where what this name means stands, behind the faces of rooms."""
        for _ in range(5):
            known = self._modules.get(module)
            if known is None:
                return None
            if name in known.functions:
                return module, name
            module, _, name = known.imported.get(name, "").rpartition(".")
        return None

    def _refusals(self, module: str, node: ast.AST) -> Codes:
        found: Codes = set()
        for part in ast.walk(node):
            if not isinstance(part, ast.Call):
                continue
            status = _status(part)
            if status is not None:
                found |= {(status, code) for code in self._texts(module, part, node)}
            else:
                found |= self._handed_on(module, part, node)
        return {(problems.BY_CODE.get(code, status), code) for status, code in found}

    def _handed_on(self, module: str, call: ast.Call, node: ast.AST) -> Codes:
        """Codes given to a function of ours that refuses with its parameter `code`."""
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        owner = self._module_named(module, getattr(call.func, "value", call))
        place = self._resolve(owner or module, name)
        target = self._modules[place[0]].functions[place[1]] if place else None
        if not isinstance(target, ast.FunctionDef | ast.AsyncFunctionDef):
            return set()
        if "code" not in {one.arg for one in [*target.args.args, *target.args.kwonlyargs]}:
            return set()
        found: Codes = set()
        for part in ast.walk(target):
            status = _status(part) if isinstance(part, ast.Call) else None
            if status is not None:
                start = "".join(_starts(part))
                texts = self._texts(module, call, node, start=start)
                found |= {(status, code) for code in texts}
        return found

    def _texts(
        self, module: str, call: ast.Call, node: ast.AST, *, start: str = ""
    ) -> Iterator[str]:
        """The codes among the arguments of a call that stands in this node."""
        values = [*call.args, *(keyword.value for keyword in call.keywords)]
        for value in (inner for one in values for inner in _parts(one)):
            text = None
            if isinstance(value, ast.Constant):
                text = value.value
            elif isinstance(value, ast.Name):
                place = self._resolve(module, value.id)
                text = self._modules[place[0]].constants.get(place[1]) if place else None
                if value.id == "code":
                    yield from _assigned(node)
            if isinstance(text, str) and start and re.fullmatch("[a-z_]+", text):
                text = start + text
            if isinstance(text, str) and CODE.fullmatch(text):
                yield text


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, but for texts with something inserted."""
    if isinstance(node, ast.JoinedStr):
        return
    yield node
    for inner in ast.iter_child_nodes(node):
        yield from _parts(inner)


def _starts(call: ast.AST) -> Iterator[str]:
    """The beginnings of codes that are put together from a beginning and the parameter."""
    for part in ast.walk(call):
        if isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant):
            start = str(part.values[0].value)
            if re.fullmatch(r"[a-z_]+\.", start):
                yield start


def _assigned(node: ast.AST) -> Iterator[str]:
    """Codes that a function chooses from before it refuses, or has as a default."""
    places: list[ast.AST] = []
    for part in ast.walk(node):
        if isinstance(part, ast.Assign | ast.AnnAssign | ast.For):
            places.append(part.iter if isinstance(part, ast.For) else part)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
            places += [one for one in [*part.args.defaults, *part.args.kw_defaults] if one]
    for place in places:
        for value in _parts(place):
            text = getattr(value, "value", None)
            if isinstance(text, str) and CODE.fullmatch(text):
                yield text


def _status(call: ast.Call) -> int | None:
    """The status of a refusal that is made here; None: it is something else."""
    kind = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if kind in ("RequestProblem", "problem"):
        numbers = [one.value for one in call.args if isinstance(one, ast.Constant)]
        return next((one for one in numbers if isinstance(one, int)), None)
    return KINDS.get(kind)


def _methods(modules: dict[str, Module]) -> dict[str, list[tuple[str, str]]]:
    """The classes of ours by the names of their methods, where the name says enough."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, module in modules.items():
        if not name.startswith("app.api"):
            continue
        for kind, node in module.functions.items():
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                        found[part.name].append((name, kind))
    return {name: places for name, places in found.items() if len(places) == 1}


def table(modules: dict[str, Module]) -> dict[str, dict[str, list[str]]]:
    """By operationId and status, every code in order."""
    source = Source(modules)
    found = {}
    for name, module in modules.items():
        for function, node in module.functions.items():
            operation = _operation(node) if name.startswith("app.api") else None
            if operation is not None:
                by_status: dict[str, list[str]] = defaultdict(list)
                for status, code in sorted(source.codes(name, function)):
                    if code.startswith(SAID_BY_RULE):
                        continue
                    by_status[str(status)].append(code)
                found[operation] = dict(by_status)
    return dict(sorted(found.items()))


def _operation(node: ast.AST) -> str | None:
    if not isinstance(node, ast.AsyncFunctionDef):
        return None
    for decorator in node.decorator_list:
        for keyword in getattr(decorator, "keywords", ()):
            if keyword.arg == "operation_id" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return None


def written(codes: dict[str, dict[str, list[str]]]) -> str:
    """As the file holds it."""
    return json.dumps(codes, indent=1) + "\n"


if __name__ == "__main__":
    TABLE.write_text(written(table(read())), "utf-8")
    sys.stdout.write(f"Wrote {TABLE}\n")
