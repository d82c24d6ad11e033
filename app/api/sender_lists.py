"""The allow and deny lists of senders."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import inbound
from app.domain.inbound import ListedSender, NewListedSender

router = APIRouter(prefix="/v1/sender-lists", tags=["sender lists"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("received_mail:read")]
Writer = Annotated[Caller, caller_with("received_mail:write")]

Kind = Literal["allow", "deny"]


class ListedSenderView(BaseModel):
    """A sender on a list: an address, or a whole domain."""

    id: str
    kind: Kind
    address: str | None = Field(description="In its canonical form; null for a domain.")
    domain: str | None = Field(description="With everything below it; null for an address.")
    created_at: datetime


class NewListedSenderRequest(BaseModel):
    """A sender to allow or deny: give the address or the domain."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "deny", "domain": "spam.example"}]},
    )

    kind: Kind
    address: str | None = Field(None, max_length=1000)
    domain: str | None = Field(
        None, max_length=320, description="Everything below it is meant, too."
    )


@router.post(
    "",
    operation_id="list_sender",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def list_sender(body: NewListedSenderRequest, caller: Writer, db: Db) -> ListedSenderView:
    """
    Allow or deny a sender.

    From now on mail whose author, or From, is on the deny list goes to quarantine, and mail of an
    allowed one does not, even when its domain denies it. The most specific entry wins: an address
    before its domain; of two that are as specific the one that allows.
    """
    new = NewListedSender(body.kind, body.address, body.domain)
    return view(await inbound.list_sender(db, caller.account_id, new, datetime.now(UTC)))


@router.get("", operation_id="list_listed_senders", responses=refusals(400, 401, 403, 422, 429))
async def list_listed_senders(
    caller: Reader,
    db: Db,
    paging: Paging,
    kind: Annotated[Kind | None, Query(description="Only this list.")] = None,
) -> ListOf[ListedSenderView]:
    """
    List who is allowed or denied, oldest first.

    Both lists, unless `kind` names one.
    """
    page = await inbound.list_listed(db, caller.account_id, kind, paging)
    return list_of(page, [view(one) for one in page.items])


@router.get(
    "/{listed_id}", operation_id="get_listed_sender", responses=refusals(401, 403, 404, 429)
)
async def get_listed_sender(
    listed_id: str, caller: Reader, db: Db, response: Response
) -> ListedSenderView:
    """
    Read one entry.

    An address or a domain, and the list it is on.
    """
    shown = view(await inbound.get_listed(db, caller.account_id, listed_id))
    tagged(response, shown)
    return shown


@router.delete(
    "/{listed_id}",
    operation_id="unlist_sender",
    status_code=204,
    responses=refusals(401, 403, 404, 429),
)
async def unlist_sender(listed_id: str, caller: Writer, db: Db) -> None:
    """
    Take a sender off its list.

    What was held back because of it stays in quarantine until it is released or replayed.
    """
    await inbound.unlist(db, caller.account_id, listed_id, datetime.now(UTC))


def view(listed: ListedSender) -> ListedSenderView:
    """The entry as the contract shows it."""
    is_address = "@" in listed.subject
    return ListedSenderView(
        id=listed.id,
        kind="allow" if listed.kind == "allow" else "deny",
        address=listed.subject if is_address else None,
        domain=None if is_address else listed.subject,
        created_at=listed.created_at,
    )
