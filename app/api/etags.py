"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): the tag is a digest of the representation."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

from app.api.problems import RequestProblem

IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag that the change is made upon.")
]


def etag_of(view: BaseModel) -> str:
    """The strong validator of a representation."""
    return f'"{hashlib.sha256(view.model_dump_json().encode()).hexdigest()[:32]}"'


def tagged(response: Response, view: BaseModel) -> None:
    """Give the answer the ETag of what it shows."""
    response.headers["ETag"] = etag_of(view)


def check_match(if_match: str | None, current: BaseModel) -> None:
    """Refuse (412) a change that was made upon another state than the current one."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag_of(current) not in [tag.strip() for tag in if_match.split(",")]:
        raise RequestProblem(412, "It has changed since you read it.", "request.stale_match")
