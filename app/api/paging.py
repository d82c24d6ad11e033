"""Paging by cursor: an opaque text that says where the next piece of a list begins."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from contextvars import ContextVar
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from app.api.problems import BAD_CURSOR, RequestProblem
from app.db import Page, PageRequest

T = TypeVar("T")


class ListOf(BaseModel, Generic[T]):
    """A piece of a list."""

    items: list[T]
    next_cursor: str | None = Field(
        description="`cursor` of the next piece; null when this was the last."
    )


# Which list the request reads: its path and order. A cursor of another one is refused.
_LIST: ContextVar[str] = ContextVar("list", default="")


def _name_of_list(request: Request) -> str:
    order = [request.query_params.get(name, "") for name in ("sort", "order")]
    text = "\n".join((request.url.path, *order))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


# `async def`: FastAPI hands plain functions to a thread, where the variable would be another.
async def _page_request(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=200, description="Items in one answer.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next_cursor` of the answer before.")
    ] = None,
) -> PageRequest:
    _LIST.set(_name_of_list(request))
    return PageRequest(limit, _decode(cursor) if cursor is not None else None)


Paging = Annotated[PageRequest, Depends(_page_request)]


def list_of(page: Page[Any], items: list[T] | None = None) -> ListOf[T]:
    """The answer for a page; `items` when they are other views than the page's own."""
    found = list(page.items) if items is None else items
    return ListOf(items=found, next_cursor=_encode(page.next_after))


def _encode(key: tuple[Any, ...] | None) -> str | None:
    if key is None:
        return None
    parts = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in key]
    text = json.dumps([_LIST.get(), *parts])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(parts, list) or len(parts) < 2:
            raise ValueError("not a key")
        key = tuple(_part(part) for part in parts[1:])
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError) as fault:
        raise RequestProblem(400, "This cursor was not made by us.", BAD_CURSOR) from fault
    if parts[0] != _LIST.get():
        raise RequestProblem(400, "This cursor belongs to another list.", BAD_CURSOR)
    return key


def _part(part: object) -> object:
    if isinstance(part, dict):
        moment = datetime.fromisoformat(part["t"])
        if moment.tzinfo is None:
            raise ValueError("not a moment")
        return moment
    if isinstance(part, str) and part.isprintable():  # an id; what else, no database need see
        return part
    raise ValueError("not a key")
