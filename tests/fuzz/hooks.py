"""
What schemathesis is told in Python: checks of our own, which things there are, and what a run does
not do to itself.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import schemathesis

from tests.fuzz.known import Known

# The ids of the keys that the requests are made with.
KEPT = frozenset(os.environ.get("FUZZ_KEYS", "").split())
FORM = frozenset({"request.invalid", "request.not_json", "request.unsupported_media_type"})
NOT_SO_LONG = 240
_number = itertools.count()
# Answers that show what the first account has, for a start; what is noted of each request.
_found, _noted = os.environ.get("FUZZ_FOUND"), os.environ.get("FUZZ_NOTED")
_key = os.environ.get("FUZZ_KEY", "")
_known = Known()
if _found:
    _known.note(json.loads(Path(_found).read_text("utf-8")))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """
    Requests speak of things that there are. Nobody saws off the branch that the run sits on, and no
    Idempotency-Key comes twice: the stored answer would speak of things that were deleted since.
    """
    linked = case.meta is not None and case.meta.phase.name == "stateful"
    if _is_positive(case):
        _known.put(case, linked=linked)
    if not linked:
        _known.spare(case)
    if case.path_parameters.get("key_id") in KEPT:
        case.path_parameters["key_id"] = "key_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"
    given = (case.headers or {}).get("Idempotency-Key")
    if isinstance(given, str) and 0 < len(given) < NOT_SO_LONG:
        case.headers["Idempotency-Key"] = f"{given}{next(_number)}"


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """What the first account was shown is known from now on, until it is not found any more."""
    if _key not in _header(response, "Authorization"):
        return
    gone = case.method.upper() == "DELETE" and response.status_code < 300
    missing = response.status_code == 404 and len(case.path_parameters) == 1
    if gone or missing:
        _known.forget(case.path_parameters)
    elif response.status_code < 300 and _is_json(response):
        _known.note(response.json())


def _is_json(response: Any) -> bool:
    kind: str = response.headers.get("content-type", [""])[0]
    return kind.startswith("application/json")


def _header(response: Any, name: str) -> str:
    value = response.request.headers.get(name, "")
    return value if isinstance(value, str) else " ".join(value)


def _is_positive(case: Any) -> bool:
    mode = case.meta.generation.mode if case.meta is not None else None
    return mode is not None and bool(mode.is_positive)


@schemathesis.check
def form_is_as_documented(ctx: Any, response: Any, case: Any) -> None:
    """A request that the document allows is not refused for its form."""
    if not _is_positive(case) or response.status_code < 400:
        return
    code = response.json().get("code")
    assert code not in FORM, f"{code}: {response.text[:500]}"


@schemathesis.check
def is_noted(ctx: Any, response: Any, case: Any) -> None:
    """No check: notes what was reached, and by which link, for the figures."""
    node = ctx.internals.recorder.cases.get(case.id) if ctx.internals.recorder else None
    by = node.transition.id if node is not None and node.is_transition_applied else None
    note = {"operation": case.operation.label, "status": response.status_code, "link": by}
    if _noted is not None:
        with Path(_noted).open("a", encoding="utf-8") as notes:
            notes.write(json.dumps(note) + "\n")
