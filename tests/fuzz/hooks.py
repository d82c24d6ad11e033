"""What schemathesis is told in Python: a check of our own, and what a run does not do to itself."""

from __future__ import annotations

import itertools
import os
from typing import Any

import schemathesis

# The ids of the keys that the requests are made with.
KEPT = frozenset(os.environ.get("FUZZ_KEYS", "").split())
FORM = frozenset({"request.invalid", "request.not_json", "request.unsupported_media_type"})
NOT_SO_LONG = 240
_number = itertools.count()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """
    Nobody saws off the branch that the run sits on, and no Idempotency-Key comes twice: the stored
    answer would speak of things that were deleted since.
    """
    if case.path_parameters.get("key_id") in KEPT:
        case.path_parameters["key_id"] = "key_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"
    given = (case.headers or {}).get("Idempotency-Key")
    if isinstance(given, str) and 0 < len(given) < NOT_SO_LONG:
        case.headers["Idempotency-Key"] = f"{given}{next(_number)}"


@schemathesis.check
def form_is_as_documented(ctx: Any, response: Any, case: Any) -> None:
    """A request that the document allows is not refused for its form."""
    mode = case.meta.generation.mode if case.meta is not None else None
    if mode is None or not mode.is_positive or response.status_code < 400:
        return
    code = response.json().get("code")
    assert code not in FORM, f"{code}: {response.text[:500]}"
