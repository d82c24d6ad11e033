"""
Refusals as RFC 9457 problem documents: one table from kind to status, one shape for everything.

Every answer that is not a success is `application/problem+json`; also what the framework says.
"""

from __future__ import annotations

import http
import re
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from app import errors
from app.api.conditional import ENDLESS
from app.db import refusal_for

log = structlog.get_logger()

MOST_ERRORS = 50  # fields that one answer names

STATUS: dict[type[errors.Refusal], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Conflict: 409,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.StorageFull: 507,
    errors.Unavailable: 503,
}


CODES = {
    400: "request.not_json",
    404: "request.no_such_path",
    405: "request.method_not_allowed",
}
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
BAD_CURSOR = "request.bad_cursor"
# Refusals whose code says more than their kind.
BY_CODE = {
    BAD_CURSOR: 400,  # it belongs to the form of a request, wherever it is seen
    "events.after_too_old": 410,
}


class Unauthenticated(errors.Refusal):
    """There is no key, or a wrong one (401)."""

    code = "request.unauthenticated"


class RequestProblem(errors.Refusal):
    """A refusal that only HTTP knows: 400, 405, 412, 413, 415, 429."""

    def __init__(
        self, status: int, detail: str, code: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail, code)
        self.status = status
        self.headers = headers


class ProblemError(BaseModel):
    """One field that is wrong."""

    pointer: str = Field(
        description="JSON Pointer (RFC 6901) to the field in the body; `/query/limit` and the like "
        "for a parameter.",
    )
    detail: str = Field(description="What is wrong with it, for people.")


class Problem(BaseModel):
    """A refusal (RFC 9457). `code` is stable: programs decide by it."""

    type: str = Field(description="A URN made of the code.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong, for people.")
    code: str = Field(description="Stable, `room.what_is_wrong`: programs decide by it.")
    instance: str = Field(description="The path that was asked for.")
    errors: list[ProblemError] | None = None


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = "application/problem+json"


def title(status: int) -> str:
    """The status in words, as RFC 9110 has them: those of Python change with its version."""
    return TITLES.get(status) or http.HTTPStatus(status).phrase


def problem(
    request: Request,
    status: int,
    detail: str,
    code: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The problem document as an answer."""
    body: dict[str, Any] = {
        "type": f"urn:hosted-inbox:problem:{code}",
        "title": title(status),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.url.path,
    }
    if errors:
        body["errors"] = list(errors)
    return ProblemResponse(body, status, headers=dict(headers or {}))


def answer_to(request: Request, refusal: errors.Refusal) -> ProblemResponse:
    """The answer that a refusal becomes."""
    if isinstance(refusal, RequestProblem):
        return problem(
            request, refusal.status, refusal.detail, refusal.code, headers=refusal.headers
        )
    if isinstance(refusal, Unauthenticated):
        challenge = {"WWW-Authenticate": 'Bearer realm="hosted-inbox"'}
        return problem(request, 401, refusal.detail, refusal.code, headers=challenge)
    status = next(number for kind, number in STATUS.items() if isinstance(refusal, kind))
    status = BY_CODE.get(refusal.code, status)
    fields = [{"pointer": e.pointer, "detail": e.detail} for e in refusal.errors]
    headers = {"Retry-After": "5"} if status in (503, 507) else None
    if isinstance(refusal, errors.TooMany):
        headers = {"Retry-After": str(refusal.seconds)}
    return problem(request, status, refusal.detail, refusal.code, errors=fields, headers=headers)


async def _refused(request: Request, fault: Exception) -> ProblemResponse:
    assert isinstance(fault, errors.Refusal)
    return answer_to(request, fault)


async def _invalid(request: Request, fault: Exception) -> ProblemResponse:
    assert isinstance(fault, RequestValidationError)
    found = fault.errors()[:MOST_ERRORS]
    if any(e["type"] == "json_invalid" for e in found):
        return problem(request, 400, "The body is not JSON.", "request.not_json")
    fields = [{"pointer": _pointer(e["loc"]), "detail": str(e["msg"])} for e in found]
    return problem(
        request, 422, "The request does not fit the contract.", "request.invalid", errors=fields
    )


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON Pointer into the body, or the place and name of a parameter."""
    parts = list(location)
    if parts and parts[0] == "body":
        parts = parts[1:]
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)


async def _http(request: Request, fault: Exception) -> ProblemResponse:
    assert isinstance(fault, HTTPException)
    code = CODES.get(fault.status_code, f"request.http_{fault.status_code}")
    detail = str(fault.detail) if fault.status_code < 500 else "Something went wrong here."
    if fault.status_code == 400:  # FastAPI's only one: a body that breaks the parser
        detail = "The body is not JSON."
    headers = fault.headers
    if fault.status_code == 405:
        headers = {"Allow": _allowed(request) or (headers or {}).get("Allow", "")}
    return problem(request, fault.status_code, detail, code, headers=headers)


def _allowed(request: Request) -> str:
    """Every documented method of the path (RFC 9110, 15.5.6); the framework names one route's."""
    given = request.url.path
    paths = request.app.openapi()["paths"]
    fitting = [path for path in paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), given)]
    methods = set(paths[min(fitting, key=lambda path: path.count("{"))] if fitting else ())
    if "get" in methods and given not in ENDLESS:
        methods.add("head")
    return ", ".join(sorted(method.upper() for method in methods))


async def _database(request: Request, fault: Exception) -> ProblemResponse:
    refusal = refusal_for(fault)
    if refusal is not None:
        log.warning("database_away", path=request.url.path)
        return answer_to(request, refusal)
    return await _unexpected(request, fault)


async def _unexpected(request: Request, fault: Exception) -> ProblemResponse:
    log.error("unexpected", path=request.url.path, exc_info=fault)
    return problem(request, 500, "Something went wrong here.", "request.unexpected")


def install(app: FastAPI) -> None:
    """Make every refusal of `app` a problem document."""
    app.add_exception_handler(errors.Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(TimeoutError, _database)
    app.add_exception_handler(OSError, _database)
    app.add_exception_handler(Exception, _unexpected)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may refuse with these statuses."""
    return {
        status: {
            "description": title(status),
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status in sorted(statuses)
    }
