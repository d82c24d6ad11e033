"""
Uploads: files that are to go with replies, taken in while no transaction is open.

The form is read piece by piece into a temporary file, so that a large file costs no memory while
it comes; nothing but the file may stand in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app import ids
from app.api import idempotency
from app.api.house import House
from app.api.problems import RequestProblem, refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_of, caller_with, require
from app.domain import conversations
from app.domain.conversations import NewUpload
from app.errors import FieldError, Invalid, Refusal, invalid_field

SCOPE = "conversations:write"
_AROUND = 16 * 1024  # octets of the form around the file
_FIELDS = 100  # fields, and as many files, that are read to be named as unknown


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose octets lie in the store."""

    account_id: str
    upload: NewUpload


class FileRoute(UnitOfWork):
    """A unit of work whose body is a form with one file, kept before the transaction begins."""

    def check_body(self, body: bytes) -> None:
        """Its fields are looked at while it is read."""

    async def read_body(self, request: Request, house: House) -> bytes:
        """
        The file is in the store afterwards; gives what an Idempotency-Key compares.

        What is wrong with the form is said in the handler's place, after what holds for every
        request.
        """
        caller = await caller_of(request, house)
        require(caller, SCOPE)
        idempotency.key_of(request)
        request.state.file = None
        try:
            return await _keep(request, house, caller)
        except (Refusal, MultiPartException) as fault:
            request.state.file = _refusal(fault)
            return b""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Octets that no upload names are thrown away again."""
        run = super().get_route_handler()

        async def tidy(request: Request) -> Response:
            try:
                answer = await run(request)
            except Refusal:
                await _forget(request)
                raise
            if "idempotent-replayed" in answer.headers:
                await _forget(request)
            return answer

        return tidy


async def _forget(request: Request) -> None:
    kept = getattr(request.state, "file", None)
    if isinstance(kept, Kept):
        house: House = request.app.state.house
        await house.store.delete(conversations.blob_key(kept.account_id, kept.upload.id))


def _refusal(fault: Refusal | MultiPartException) -> Refusal:
    if isinstance(fault, Refusal):
        return fault
    return RequestProblem(400, f"The form cannot be read: {fault.message}", "uploads.bad_form")


async def _keep(request: Request, house: House, caller: Caller) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise RequestProblem(
            415, "A file comes as multipart/form-data.", "request.unsupported_media_type"
        )
    limit = conversations.room_for_files(house.settings.message_size_limit)
    parser = MultiPartParser(
        request.headers, _pieces(request, limit + _AROUND), max_files=_FIELDS, max_fields=_FIELDS
    )
    form = await parser.parse()
    try:
        file = _only_file(form)
        content = await file.read()
    finally:
        await form.close()
    if len(content) > limit:
        raise _too_large(limit)
    name, kind = file.filename or "", file.content_type or ""
    if not kind.isprintable() or not kind:  # a NUL, say: nobody's type
        kind = "application/octet-stream"
    new = NewUpload(ids.new("upl"), name[:1000], kind[:255], len(content))
    await house.store.put(conversations.blob_key(caller.account_id, new.id), content)
    request.state.file = Kept(caller.account_id, new)
    facts = f"{new.filename}\n{new.content_type}\n{hashlib.sha256(content).hexdigest()}"
    return facts.encode("utf-8", "replace")


def _only_file(form: FormData) -> UploadFile:
    file, *more = form.getlist("file") or [""]
    if not isinstance(file, UploadFile):
        raise invalid_field("/file", "The form has a file named `file`.", "uploads.no_file")
    unknown = [name for name in form if name != "file"]
    if unknown:
        errors = tuple(
            FieldError("/" + name.replace("~", "~0").replace("/", "~1"), "There is no such field.")
            for name in unknown
        )
        raise Invalid("The form has the one field `file`.", "request.invalid", errors)
    if more:
        raise RequestProblem(400, "The form has one file.", "uploads.bad_form")
    return file


async def _pieces(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """The body as it comes, up to the limit."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            yield piece
    except ClientDisconnect as gone:
        raise RequestProblem(400, "The body ended early.", "request.incomplete") from gone


def _too_large(limit: int) -> RequestProblem:
    words = f"A file has at most {limit} octets: no mail of ours can be larger."
    return RequestProblem(413, words, "uploads.too_large")


router = APIRouter(prefix="/v1/uploads", tags=["conversations"], route_class=FileRoute)
Writer = Annotated[Caller, caller_with(SCOPE)]


class UploadView(BaseModel):
    """A file that waits to go with replies."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    filename: str
    content_type: str = Field(description="As the form said it.")
    size: int = Field(description="Octets.")
    expires_at: datetime = Field(description="Until then it can go with replies.")


FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "additionalProperties": False,
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "The file, with its name and media type.",
                    }
                },
            }
        }
    },
}


@router.post(
    "",
    operation_id="create_upload",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 413, 415, 422, 429),
    openapi_extra={"requestBody": FORM},
)
async def create_upload(request: Request, caller: Writer, db: Db) -> UploadView:
    """
    Upload a file for replies.

    A form with the one field `file`. It can go with several replies until it expires after a
    day; files that wait count against the account's room (409 `uploads.too_many`).
    """
    kept = request.state.file
    if not isinstance(kept, Kept):
        raise kept
    upload = await conversations.keep_upload(db, caller.account_id, kept.upload, datetime.now(UTC))
    return UploadView.model_validate(upload)
