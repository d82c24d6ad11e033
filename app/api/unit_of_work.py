"""
The transaction of a request: begun before the handler, committed before the answer leaves.

Also here, because it must happen in the same transaction: who calls (the API key), how often, and
the stored answer of an Idempotency-Key. A request's body is read before the transaction begins, so
that a slow client holds no lock.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import structlog
from fastapi import Depends, Request, Response, Security
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect

from app.api import idempotency
from app.api.house import House
from app.api.problems import RequestProblem, Unauthenticated
from app.domain import accounts, audit
from app.errors import Forbidden

JSON_LIMIT = 2 * 1024 * 1024  # octets of a JSON body
READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the account, the key, and what the key may do."""

    account_id: str
    key_id: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Does one of the scopes allow this? `…:write` includes `…:read`; `*` is everything."""
        area, _, right = scope.partition(":")
        return bool(
            self.scopes & ({"*", scope, f"{area}:write"} if right == "read" else {"*", scope})
        )


# What is done before the transaction: it is given the request, its caller and its body.
Preparation = Callable[[Request, House, Caller, bytes], Awaitable[Any]]


class UnitOfWork(APIRoute):
    """A route whose handler runs in one transaction of one account."""

    is_prepared: ClassVar[bool] = False

    def needs(self, body: bytes) -> bool:
        """Is there anything to be done before the transaction of this request?"""
        return self.is_prepared

    async def prepare(self, request: Request, house: House, caller: Caller, body: bytes) -> Any:
        """What is done before the transaction, if anything; see `prepared_by`."""

    def check_body(self, body: bytes) -> None:
        """Refuse fields where no body is taken; those of one that is are the framework's to see."""
        if body and self.body_field is None:
            _refuse_fields(body)

    async def read_body(self, request: Request, house: House) -> bytes:
        """The body, read before the transaction: JSON, unless the kind of route says otherwise."""
        return await _read_body(request)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler: body, transaction, caller, idempotency, then the handler."""
        handle = super().get_route_handler()
        known = _query_names(self.dependant)

        async def run(request: Request) -> Response:
            house: House = request.app.state.house
            _refuse_nul(request)
            _refuse_unknown(request, known)
            reads = request.method in READS
            body = b"" if reads else await self.read_body(request, house)
            key = None if reads else idempotency.key_of(request)
            request.state.prepared = None
            if self.needs(body):
                async with house.database.reading() as db:
                    caller = await _enter(request, house, db)
                    self.check_body(body)
                    stored = await _stored(request, house, db, key, body)
                if stored is not None:
                    return stored
                request.state.prepared = await self.prepare(request, house, caller, body)
            if reads:
                async with house.database.reading() as db:
                    await _enter(request, house, db)
                    return await handle(request)
            async with house.database.writing() as db:
                caller = await _enter(request, house, db)
                self.check_body(body)
                await accounts.lock(db, [caller.account_id])
                if key is None:
                    return await handle(request)
                stored = await _stored(request, house, db, key, body)
                if stored is not None:
                    return stored
                answer = await handle(request)
                asked = idempotency.fingerprint(request, body)
                await _answers(request, house, db).keep(key, asked, answer)
                return answer

        return run


def _answers(request: Request, house: House, db: AsyncSession) -> idempotency.Answers:
    caller: Caller = request.state.caller
    return idempotency.Answers(db, caller.account_id, caller.key_id, house.secret)


async def _stored(
    request: Request, house: House, db: AsyncSession, key: str | None, body: bytes
) -> Response | None:
    """What was answered to this Idempotency-Key before."""
    if key is None:
        return None
    asked = idempotency.fingerprint(request, body)
    return await _answers(request, house, db).find(key, asked)


def _always(_body: bytes) -> bool:
    return True


def prepared_by(
    preparation: Preparation, when: Callable[[bytes], bool] = _always
) -> type[UnitOfWork]:
    """
    A unit of work that first does what takes long — asking the DNS, making a key — and does not
    hold the account meanwhile. The handler gets the outcome by `Depends(prepared)`, or None where
    there is no need of it: `when` looks at the body.

    The caller is known by then, but may lack the scope, and may repeat itself: nothing is changed.
    """

    class Prepared(UnitOfWork):
        is_prepared = True

        def needs(self, body: bytes) -> bool:
            return when(body)

        async def prepare(self, request: Request, house: House, caller: Caller, body: bytes) -> Any:
            return await preparation(request, house, caller, body)

    return Prepared


# An escaped U+0000 in JSON: `\\u0000` with an even number of backslashes before it.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _refuse_nul(request: Request) -> None:
    """No text of ours holds U+0000, and PostgreSQL cannot even be asked about it."""
    if "\0" in request.scope["path"]:
        raise RequestProblem(400, "A path holds no NUL.", "request.bad_character")
    if b"%00" in request.scope["query_string"] or b"\0" in request.scope["query_string"]:
        raise RequestProblem(400, "A query holds no NUL.", "request.bad_character")


def _query_names(dependant: Dependant) -> frozenset[str]:
    """The parameters of the query that a route, or what it depends on, looks at."""
    names = {one.alias for one in dependant.query_params}
    return frozenset(names).union(*(_query_names(one) for one in dependant.dependencies))


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    """A filter that is misspelt would give everything, and look like an answer."""
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        detail = f"There is no parameter {unknown[0][:60]!r} here."
        if known:
            detail += f" There are: {', '.join(sorted(known))}."
        raise RequestProblem(422, detail, "request.unknown_parameter")


async def _read_body(request: Request) -> bytes:
    """The body of at most JSON_LIMIT octets; it has to be JSON when there is one."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > JSON_LIMIT:
        raise RequestProblem(413, "The body is too large.", "request.too_large")
    pieces, size = [], 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > JSON_LIMIT:
                raise RequestProblem(413, "The body is too large.", "request.too_large")
            pieces.append(piece)
    except ClientDisconnect as gone:
        raise RequestProblem(400, "The body ended early.", "request.incomplete") from gone
    body = b"".join(pieces)
    request._body = body  # Starlette's own place for a body that was read
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != "application/json" and not kind.endswith("+json"):
        raise RequestProblem(
            415, "Bodies are application/json here.", "request.unsupported_media_type"
        )
    if b"\0" in body or _ESCAPED_NUL.search(body):
        raise RequestProblem(400, "A text holds no NUL.", "request.bad_character")
    if _ESCAPED_SURROGATE.search(body) and _has_half_a_pair(body):
        raise RequestProblem(422, "A text holds no half characters.", "request.bad_character")
    return body


def _has_half_a_pair(body: bytes) -> bool:
    """Does a text hold a lone surrogate, which JSON can escape and no UTF-8 can say?"""
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):  # no JSON: the parser will say so
        return False
    return False


class _Nothing(BaseModel):
    """The body of a request that takes none: an object without fields will do."""

    model_config = ConfigDict(extra="forbid")


_NOTHING: TypeAdapter[_Nothing | None] = TypeAdapter(_Nothing | None)


def _refuse_fields(body: bytes) -> None:
    try:
        _NOTHING.validate_json(body)
    except ValidationError as fault:
        found = fault.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**one, "loc": ("body", *one["loc"])} for one in found]
        ) from fault


async def _enter(request: Request, house: House, db: AsyncSession) -> Caller:
    """Learn who calls; leave caller and transaction where the handler finds them."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("An API key is needed: Authorization: Bearer <key>.")
    found = await accounts.find_key(db, secret.strip())
    if found is None:
        raise Unauthenticated("This API key is not known.")
    is_counted = getattr(request.state, "caller", None) is not None
    now = time.monotonic()
    wait = 0 if is_counted else house.limiter.take(found.id, now)
    request.state.standing = house.limiter.standing(found.id, now)
    if wait > 0:
        raise RequestProblem(
            429,
            "Too many requests with this key.",
            "request.too_many",
            {"Retry-After": str(max(1, round(wait)))},
        )
    house.key_uses.note(found.id)
    caller = Caller(found.account_id, found.id, frozenset(found.scopes))
    request.state.db, request.state.caller = db, caller
    given = structlog.contextvars.get_contextvars().get("request_id")
    audit.speaks(db, audit.By(found.id, given))
    return caller


# `async def`, though they wait for nothing: FastAPI hands plain functions to a thread.
async def _db(request: Request) -> AsyncSession:
    db: AsyncSession = request.state.db
    return db


async def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house


async def prepared(request: Request) -> Any:
    """What was done before the transaction (see `prepared_by`)."""
    return request.state.prepared


Db = Annotated[AsyncSession, Depends(_db)]
TheHouse = Annotated[House, Depends(_house)]

_bearer = HTTPBearer(scheme_name="api_key", auto_error=False, description="An API key.")


async def _caller(
    request: Request,
    scopes: SecurityScopes,
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    caller: Caller = request.state.caller
    for scope in scopes.scopes:
        require(caller, scope)
    return caller


def require(caller: Caller, scope: str) -> None:
    """Raise Forbidden when the caller's key lacks the scope."""
    if not caller.may(scope):
        raise Forbidden(f"This key lacks the scope {scope}.", "request.scope_missing")


async def caller_of(request: Request, house: House) -> Caller:
    """Who calls, in a transaction of its own; for what is done before the request's. Counted."""
    async with house.database.reading() as db:
        return await _enter(request, house, db)


def caller_with(scope: str) -> Any:
    """The dependency of a route that only keys with this scope may call."""
    return Security(_caller, scopes=[scope])
