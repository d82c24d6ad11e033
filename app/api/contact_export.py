"""
The export of a contact: one JSON document, written piece by piece, however much there is.

The same walk as erasure. Each piece is read in a transaction of its own, so that a slow client
holds none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from app.api.contacts import ContactView, Reader, view
from app.api.conversation_views import ConversationView
from app.api.conversation_views import view as conversation_view
from app.api.deliveries import SuppressionView
from app.api.event_stream import EventView
from app.api.house import House
from app.api.message_views import AttributionView, MessageView, views_with_deliveries
from app.api.problems import refusals
from app.api.received_mail import ReceivedMailView
from app.api.received_mail import view as received_view
from app.api.sender_lists import ListedSenderView
from app.api.sender_lists import view as listed_view
from app.api.ticket_schemas import HistoryView, TicketView, history_view, ticket_view
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork
from app.domain import contacts, erasure
from app.domain.erasure import Found, Person

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=UnitOfWork)


class ExportedMessage(MessageView):
    """A message as it is shown elsewhere, with how its author was found, and its octets."""

    attribution: AttributionView | None
    raw: str | None = Field(description="Where its octets can be read; attachments beside them.")


class ExportedTicket(TicketView):
    """A ticket with what was changed of it."""

    history: list[HistoryView]


class ContactExport(BaseModel):
    """Everything that is kept about a contact."""

    exported_at: datetime
    contact: ContactView
    left_out: list[str] = Field(
        description="Lists that are empty because the key lacks their scope."
    )
    conversations: list[ConversationView] = Field(description="Whose contact it is.")
    messages: list[ExportedMessage] = Field(
        description="Of these conversations; those that it wrote elsewhere; and those that are "
        "from or to one of its addresses."
    )
    tickets: list[ExportedTicket]
    received_mail: list[ReceivedMailView] = Field(
        description="Deliveries of these messages, those whose envelope names one of its "
        "addresses, and what of it is held back."
    )
    suppressions: list[SuppressionView] = Field(description="That an address was found dead.")
    sender_lists: list[ListedSenderView] = Field(description="Entries about an address of it.")
    events: list[EventView] = Field(description="That name the contact, or any of the above.")


Show = Callable[[AsyncSession, Sequence[Any]], Awaitable[list[BaseModel]]]


async def _messages(db: AsyncSession, rows: Sequence[Any]) -> list[BaseModel]:
    shown: list[BaseModel] = []
    for row, seen in zip(rows, await views_with_deliveries(db, rows), strict=True):
        fields = {name: getattr(seen, name) for name in MessageView.model_fields}
        raw = f"/v1/messages/{row.id}/raw" if row.raw_digest else None
        found = AttributionView.model_validate(row.attribution) if row.attribution else None
        shown.append(ExportedMessage(**fields, attribution=found, raw=raw))
    return shown


async def _tickets(db: AsyncSession, rows: Sequence[Any]) -> list[BaseModel]:
    now, shown = datetime.now(UTC), list[BaseModel]()
    for row, entries in rows:
        seen = ticket_view(row, now)
        fields = {name: getattr(seen, name) for name in TicketView.model_fields}
        shown.append(ExportedTicket(**fields, history=[history_view(one) for one in entries]))
    return shown


def _each(show: Callable[[Any], BaseModel]) -> Show:
    async def shown(_: AsyncSession, rows: Sequence[Any]) -> list[BaseModel]:
        return [show(row) for row in rows]

    return shown


# Each list of the document: how its items look, and the scope that they need.
_SHOWN: dict[str, tuple[Show, str]] = {
    "conversations": (_each(conversation_view), "conversations:read"),
    "messages": (_messages, "conversations:read"),
    "tickets": (_tickets, "tickets:read"),
    "received_mail": (_each(received_view), "received_mail:read"),
    "suppressions": (_each(SuppressionView.model_validate), "conversations:read"),
    "sender_lists": (_each(listed_view), "received_mail:read"),
    "events": (_each(EventView.model_validate), "events:read"),
}


@router.get(
    "/{contact_id}/export",
    operation_id="export_contact",
    response_model=ContactExport,
    responses=refusals(401, 403, 404, 429),
)
async def export_contact(
    contact_id: str, caller: Reader, db: Db, house: TheHouse
) -> StreamingResponse:
    """
    Export what is kept about a contact.

    For requests of access (such as Article 15 GDPR): the same walk that erasing takes. Raw mail
    and files are named by their paths. Lists that the key has no scope for are left empty, and
    `left_out` names them.
    """
    found = await contacts.get_contact(db, caller.account_id, contact_id)
    person = await erasure.person(db, found, datetime.now(UTC))
    return StreamingResponse(_document(house, caller, view(found), person), 200, None, _JSON)


_JSON = "application/json"


async def _document(
    house: House, caller: Caller, contact: ContactView, person: Person
) -> AsyncIterator[str]:
    left_out = [name for name, (_, scope) in _SHOWN.items() if not caller.may(scope)]
    head = _Head(exported_at=person.until, contact=contact, left_out=left_out)
    yield head.model_dump_json(by_alias=True)[:-1]
    found = Found()
    for name, (show, scope) in _SHOWN.items():
        yield f',"{name}":['
        place: str | None = "" if caller.may(scope) else None
        separator = ""
        while place is not None:
            async with house.database.reading() as db:
                rows, place = await erasure.EXPORTED[name](db, person, found, place)
                items = await show(db, rows)
            if items:
                yield separator + ",".join(one.model_dump_json(by_alias=True) for one in items)
                separator = ","
        yield "]"
    yield "}"


class _Head(BaseModel):
    exported_at: datetime
    contact: ContactView
    left_out: list[str]
