"""The people outside who write to the account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import IfMatch, check_match, tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import SoughtAddress
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import contacts, conversations, erasure
from app.domain.contacts import ContactDetails, ContactFields, ContactFilter

router = APIRouter(prefix="/v1/contacts", tags=["contacts"], route_class=UnitOfWork)
ERASED = {
    "description": "It is erased, or will be in a while.",
    "headers": {
        "Location": {
            "description": "The receipt (`/v1/erasures/…`).",
            "schema": {"type": "string", "format": "uri-reference"},
        }
    },
}
Reader = Annotated[Caller, caller_with("contacts:read")]
Writer = Annotated[Caller, caller_with("contacts:write")]


class Tracking(BaseModel):
    """Whether a cookie on the company's site knows the contact."""

    tracked: bool
    token: str | None = Field(description="The cookie's token.")
    tracked_at: datetime | None


class ContactView(BaseModel):
    """Somebody who writes to the account."""

    id: str
    name: str
    addresses: list[str] = Field(description="The main one first.")
    owner_id: str | None = Field(description="The user who looks after them.")
    tracking: Tracking
    placeholder: bool = Field(
        description="True: nobody knows who this is; the author of a mail could not be found."
    )
    created_at: datetime
    updated_at: datetime


class ContactPatch(BaseModel):
    """What changes; fields that are not given stay. Addresses are replaced as a whole."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"owner_id": "usr_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"}]},
    )

    name: str = Field("", max_length=200)
    addresses: list[str] = Field(
        [], description="The main one first, each `ann@x.example` or `Ann <ann@x.example>`."
    )
    owner_id: str | None = Field(None, max_length=40, description="The user who looks after them.")


class NewContact(ContactPatch):
    """A contact to make: with a name, an address, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Carla Customer", "addresses": ["carla@customer.example"]}]
        }
    )


class TrackingRequest(BaseModel):
    """The token of the cookie; null ends the tracking."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"token": "c0ffee"}]})

    token: str | None = Field(min_length=1, max_length=200)


class ContactMerge(BaseModel):
    """The contact that is left."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"into": "con_0193a5c2f7b87c6e9d1a4b5c6d7e8f90"}]},
    )

    into: str = Field(max_length=40)


def view(contact: ContactDetails) -> ContactView:
    """The contact as the contract shows it."""
    return ContactView(
        id=contact.id,
        name=contact.name,
        addresses=list(contact.addresses),
        owner_id=contact.owner_id,
        tracking=Tracking(
            tracked=contact.tracked,
            token=contact.tracking_token,
            tracked_at=contact.tracked_at,
        ),
        placeholder=contact.placeholder,
        created_at=contact.created_at,
        updated_at=contact.updated_at,
    )


def _shown(contact: ContactDetails, response: Response) -> ContactView:
    found = view(contact)
    tagged(response, found)
    return found


def _fields(body: ContactPatch) -> ContactFields:
    return ContactFields(body.name, body.addresses, body.owner_id)


@router.post(
    "",
    operation_id="create_contact",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_contact(
    body: NewContact, caller: Writer, db: Db, response: Response
) -> ContactView:
    """
    Make a contact.

    With a name, an address, or both. Mail makes contacts by itself; this is for people who are
    known before they write. An address belongs to one contact only (409
    `contacts.address_taken`).
    """
    made = await contacts.create_contact(
        db, caller.account_id, _fields(body), now=datetime.now(UTC)
    )
    return _shown(made, response)


@router.get("", operation_id="list_contacts", responses=refusals(400, 401, 403, 422, 429))
async def list_contacts(
    caller: Reader,
    db: Db,
    paging: Paging,
    address: Annotated[
        SoughtAddress | None,
        Query(max_length=1000, description="Whose address this is, without case."),
    ] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="A part of the name or of an address.")
    ] = None,
) -> ListOf[ContactView]:
    """
    List contacts, the oldest first.

    `address` finds the one whose address it is; `q` looks into names and addresses.
    """
    page = await contacts.list_contacts(db, caller.account_id, ContactFilter(address, q), paging)
    return list_of(page, [view(one) for one in page.items])


@router.get("/{contact_id}", operation_id="get_contact", responses=refusals(401, 403, 404, 429))
async def get_contact(contact_id: str, caller: Reader, db: Db, response: Response) -> ContactView:
    """
    Read one contact.

    One that was merged into another is not found (404 `contacts.merged`).
    """
    return _shown(await contacts.get_contact(db, caller.account_id, contact_id), response)


@router.patch(
    "/{contact_id}",
    operation_id="update_contact",
    responses=refusals(400, 401, 403, 404, 409, 412, 415, 422, 429),
)
async def update_contact(
    contact_id: str,
    body: ContactPatch,
    caller: Writer,
    db: Db,
    response: Response,
    if_match: IfMatch = None,
) -> ContactView:
    """
    Change a contact's name, addresses or owner.

    Fields that are not given stay; `addresses` replaces all of them. A placeholder that is
    given an address is one no more.
    """
    current = await contacts.get_contact(db, caller.account_id, contact_id)
    check_match(if_match, view(current))
    changed = await contacts.update_contact(
        db,
        caller.account_id,
        contact_id,
        _fields(body),
        fields=body.model_fields_set,
        now=datetime.now(UTC),
    )
    return _shown(changed, response)


@router.delete(
    "/{contact_id}",
    operation_id="erase_contact",
    status_code=204,
    responses={204: ERASED, **refusals(401, 403, 404, 429)},
)
async def erase_contact(
    contact_id: str, caller: Writer, db: Db, house: TheHouse, response: Response
) -> None:
    """
    Erase a contact, and whatever is kept of what it wrote.

    Its conversations are gone, with messages, files and raw mail; so is what it wrote into other
    conversations. Tickets, the ledger, deliveries, events and the logs of webhooks keep that
    something happened, and nothing of whom. Mail that was erased stays so when it is delivered
    again. `Location` names the receipt (`/v1/erasures/…`), which says what was done, and whether
    it is done: of a long correspondence the rest follows within minutes.
    """
    receipt = await erasure.erase_contact(
        db, house.store, house.secret, caller.account_id, contact_id, now=datetime.now(UTC)
    )
    response.headers["Location"] = f"/v1/erasures/{receipt.id}"


@router.put(
    "/{contact_id}/tracking",
    operation_id="set_contact_tracking",
    responses=refusals(400, 401, 403, 404, 412, 415, 422, 429),
)
async def set_contact_tracking(
    contact_id: str,
    body: TrackingRequest,
    caller: Writer,
    db: Db,
    response: Response,
    if_match: IfMatch = None,
) -> ContactView:
    """
    Say by which cookie the contact is known.

    For sites that recognise visitors: routing mode `contact_owner` may ask for it. `token:
    null` ends the tracking.
    """
    current = await contacts.get_contact(db, caller.account_id, contact_id)
    check_match(if_match, view(current))
    tracked = await contacts.track(
        db, caller.account_id, contact_id, body.token, now=datetime.now(UTC)
    )
    return _shown(tracked, response)


@router.post(
    "/{contact_id}/merge",
    operation_id="merge_contact",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def merge_contact(
    contact_id: str, body: ContactMerge, caller: Writer, db: Db, response: Response
) -> ContactView:
    """
    Merge a contact into another one.

    The answer shows the other one, which has all addresses and conversations afterwards. The
    merged one is not found any more (404 `contacts.merged`).
    """
    source_id, target_id = await contacts.merge(
        db, caller.account_id, contact_id, into=body.into, now=datetime.now(UTC)
    )
    await conversations.move_to_contact(db, caller.account_id, source_id, target_id)
    return _shown(await contacts.get_contact(db, caller.account_id, target_id), response)
