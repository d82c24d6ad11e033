"""Messages: what was received, the raw mail, attachments, and who wrote it with the reasons."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import tagged
from app.api.message_views import (
    AttributionView,
    MessageView,
    message_view,
    view_with_deliveries,
)
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import conversations, raw_mail
from app.errors import NotFound, invalid_field
from app.mail.addresses import is_addr_spec, parse_mailboxes
from app.mail.message import Mailbox
from app.mail.parse import read_attachment

router = APIRouter(prefix="/v1/messages", tags=["messages"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("conversations:read")]
Writer = Annotated[Caller, caller_with("conversations:write")]

# Types that a browser shows without running anything in them; all others are only downloaded.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain"})


@router.get("/{message_id}", operation_id="get_message", responses=refusals(401, 403, 404, 429))
async def get_message(message_id: str, caller: Reader, db: Db, response: Response) -> MessageView:
    """
    Read one message.

    Full text, cleaned HTML, the visible reply without its quotation, the quotation, and who
    wrote it after attribution (`author`; `from` is the header as it came).
    """
    message = await conversations.get_message(db, caller.account_id, message_id)
    found = await view_with_deliveries(db, message)
    tagged(response, found)
    return found


@router.get(
    "/{message_id}/raw",
    operation_id="get_raw_message",
    response_class=Response,
    responses={
        200: {"content": {"message/rfc822": {}}, "description": "The mail, octet for octet."},
        **refusals(401, 403, 404, 429),
    },
)
async def get_raw_message(message_id: str, caller: Reader, db: Db, house: TheHouse) -> Response:
    """
    Download the mail exactly as it was received.

    Octet for octet, as `message/rfc822`. Comments and events have none (404).
    """
    message = await conversations.get_message(db, caller.account_id, message_id)
    raw = await raw_mail.raw_of(db, house.store, caller.account_id, message.raw_digest)
    return raw_answer(raw, f"{message_id}.eml")


def raw_answer(raw: bytes, filename: str) -> Response:
    """Raw mail as a download that no browser interprets."""
    headers = {**_GUARDS, "Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(raw, media_type="message/rfc822", headers=headers)


_GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
}


@router.get(
    "/{message_id}/attachments/{attachment_id}",
    operation_id="get_attachment",
    response_class=Response,
    responses={
        200: {
            "content": {name: {} for name in ("application/octet-stream", *sorted(SHOWN))},
            "description": "The file; of another type than these, as octets for saving.",
        },
        **refusals(401, 403, 404, 429),
    },
)
async def get_attachment(
    message_id: str, attachment_id: str, caller: Reader, db: Db, house: TheHouse
) -> Response:
    """
    Download an attachment.

    Types that could run in a browser are only offered for saving, whatever the mail says they
    are.
    """
    message = await conversations.get_message(db, caller.account_id, message_id)
    found = next((a for a in message.attachments if a["id"] == attachment_id), None)
    if found is None:
        raise NotFound("There is no such attachment.", "messages.attachment_not_found")
    raw = await raw_mail.raw_of(db, house.store, caller.account_id, message.raw_digest)
    content = await asyncio.to_thread(read_attachment, raw, found["locator"])
    return _file_answer(found, content)


def _file_answer(found: dict[str, Any], content: bytes) -> Response:
    shown = found["content_type"] in SHOWN
    name = quote(found["filename"] or found["id"], safe="")
    headers = {
        **_GUARDS,
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{name}",
    }
    media_type = found["content_type"] if shown else "application/octet-stream"
    return Response(content, media_type=media_type, headers=headers)


@router.get(
    "/{message_id}/attribution",
    operation_id="get_attribution",
    responses=refusals(401, 403, 404, 429),
)
async def get_attribution(message_id: str, caller: Reader, db: Db) -> AttributionView:
    """
    Read who wrote a message and why that was decided.

    Every candidate with the reason why it was believed or not, and the embedded original of a
    forward. Comments and events have none (404 `messages.no_attribution`).
    """
    message = await conversations.get_message(db, caller.account_id, message_id)
    if message.attribution is None:
        raise NotFound("Only mail has an attribution.", "messages.no_attribution")
    return AttributionView.model_validate(message.attribution)


class Correction(BaseModel):
    """Who wrote it: a known contact, or a person by address; one of both is given."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"address": "Emil Example <emil@elsewhere.example>"}]},
    )

    contact_id: str | None = Field(None, max_length=40)
    address: str | None = Field(
        None, max_length=320, description="`ann@x.example` or `Ann <ann@x.example>`."
    )


@router.post(
    "/{message_id}/reattribute",
    operation_id="reattribute_message",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def reattribute_message(
    message_id: str, body: Correction, caller: Writer, db: Db
) -> MessageView:
    """
    Say who wrote a message.

    A contact's id, or an address, which becomes a contact if it is none yet. The conversation
    follows when this message opened it. The attribution's method is `manual` then. An address
    of a channel or a user is refused (422 `messages.own_address`).
    """
    if (body.contact_id is None) == (body.address is None):
        detail = "Give contact_id or address, one of both."
        raise invalid_field("/contact_id", detail, "messages.contact_or_address")
    box = _mailbox(body.address) if body.address is not None else Mailbox("", "")
    message = await conversations.reattribute(
        db,
        caller.account_id,
        message_id,
        contact_id=body.contact_id,
        address=box.address or None,
        name=box.name,
        now=datetime.now(UTC),
    )
    return message_view(message)


def _mailbox(text: str) -> Mailbox:
    found = parse_mailboxes(text)
    if len(found) != 1 or not is_addr_spec(found[0].address):
        raise invalid_field("/address", "It is no mail address.", "messages.bad_address")
    return found[0]


@router.post(
    "/{message_id}/admit",
    operation_id="admit_message",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def admit_message(message_id: str, caller: Writer, db: Db) -> MessageView:
    """
    Admit a pending message, and its writer, to the conversation.

    The writer takes part from now on. A message that is not pending stays as it is.
    """
    return message_view(
        await conversations.admit(db, caller.account_id, message_id, datetime.now(UTC))
    )
