"""Every problem that a test is answered with is one that the document lists for its operation."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import httpx

from app.api.document import CODES
from tests.operations import OPERATIONS
from tests.problem_codes import SAID_BY_RULE

# A file to note them in, for `tests/problem_examples.py`.
SEEN = os.environ.get("PROBLEMS_SEEN")
_PATHS = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", op.path)), op) for op in OPERATIONS]


async def check_code(answer: httpx.Response) -> None:
    """A hook of the tests' HTTP clients. Raises AssertionError at a code that is not documented."""
    if answer.headers.get("content-type") != "application/problem+json":
        return
    if answer.request.method == "HEAD":  # has no body to say it in
        return
    await answer.aread()
    code, status = answer.json()["code"], str(answer.status_code)
    if answer.is_server_error or code.startswith(SAID_BY_RULE):
        return
    method, path = answer.request.method.lower(), answer.request.url.path
    fitting = [op for form, op in _PATHS if op.method == method and form.fullmatch(path)]
    if fitting:
        op = min(fitting, key=lambda one: len(one.places))
        if SEEN:
            _note({"operation": op.id, **answer.json()})
        known = CODES.get(op.id, {}).get(status, [])
        assert code in known, f"{op.id} is not documented to be refused with {status} {code}"
        assert status in op.spec["responses"], f"{op.id} is not documented to answer {status}"


def _note(problem: dict[str, Any]) -> None:
    with Path(str(SEEN)).open("a", encoding="utf-8") as seen:
        seen.write(json.dumps(problem) + "\n")
