"""Paging by cursor: an opaque text that says where the next piece of a list begins."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
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


# `async def`, though it waits for nothing: FastAPI hands plain functions to a thread.
async def _page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="Items in one answer.")] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="`next_cursor` of the answer before.")
    ] = None,
) -> PageRequest:
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
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, ...]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(parts, list) or not parts:
            raise ValueError("not a key")
        return tuple(_part(part) for part in parts)
    except (ValueError, TypeError, KeyError, binascii.Error, RecursionError) as fault:
        raise RequestProblem(400, "This cursor was not made by us.", BAD_CURSOR) from fault


def _part(part: object) -> object:
    if isinstance(part, dict):
        moment = datetime.fromisoformat(part["t"])
        if moment.tzinfo is None:
            raise ValueError("not a moment")
        return moment
    if isinstance(part, str) and part.isprintable():  # an id; what else, no database need see
        return part
    raise ValueError("not a key")
