"""Sender addresses: custom addresses that an account proves to be its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_parts import Strict
from app.api.etags import tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import answer_to, refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import sender_identity
from app.domain.sender_identity import SenderAddress
from app.errors import Refusal

router = APIRouter(prefix="/v1/sender-addresses", route_class=UnitOfWork, tags=["sender addresses"])
Reader = Annotated[Caller, caller_with("sender_identity:read")]
Writer = Annotated[Caller, caller_with("sender_identity:write")]
AddressId = Annotated[str, Path(description="Id of the sender address (`adr_…`).")]
WRITING = refusals(400, 401, 403, 404, 409, 413, 415, 422, 429)


class NewSenderAddress(Strict):
    """An address that the team wants to write from."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"address": "help@acme.example"}]})

    address: str = Field(max_length=1000, description="On no hosted domain.")


class CodeBody(Strict):
    """The code that was sent to the address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"code": "12345678"}]})

    code: str = Field(max_length=100, description="Eight digits; blanks do not matter.")


class SenderAddressItem(BaseModel):
    """An address that the account may write from once it is verified."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    address: str
    state: Literal["pending", "verified"] = Field(
        description="`pending`: the code was not entered yet."
    )
    expires_at: datetime = Field(description="Until when the code that was sent is good.")
    created_at: datetime
    verified_at: datetime | None = Field(description="Null: not yet.")


@router.post(
    "",
    status_code=201,
    operation_id="create_sender_address",
    responses=WRITING | {200: {"model": SenderAddressItem, "description": "It was there already."}},
)
async def create_sender_address(
    body: NewSenderAddress, caller: Writer, db: Db, house: TheHouse, response: Response
) -> SenderAddressItem:
    """
    Ask to write from an address.

    A mail with a code and a link goes to it. An address that the account has already is answered
    with 200 as it is; no mail is sent then, unless its code is of no use any more. Codes are
    limited: one a minute and five a day to an address, fifty a day for the account (429
    `sender_identity.too_soon`, `sender_identity.too_many_codes`).
    """
    now = datetime.now(UTC)
    row, is_new = await sender_identity.addresses.add(
        db, house.post, caller.account_id, body.address, now
    )
    if not is_new:
        response.status_code = 200
    return _shown(row, response)


@router.get("", operation_id="list_sender_addresses", responses=refusals(400, 401, 403, 422, 429))
async def list_sender_addresses(
    caller: Reader, db: Db, paging: Paging
) -> ListOf[SenderAddressItem]:
    """
    List the account's sender addresses, the oldest first.

    Oldest first, verified or not. Addresses at connected sending domains need no entry here.
    """
    page = await sender_identity.addresses.list_addresses(db, caller.account_id, paging)
    return list_of(page, [SenderAddressItem.model_validate(one) for one in page.items])


@router.get(
    "/{address_id}",
    operation_id="get_sender_address",
    responses=refusals(401, 403, 404, 422, 429),
)
async def get_sender_address(
    address_id: AddressId, caller: Reader, db: Db, response: Response
) -> SenderAddressItem:
    """
    Read one sender address.

    `state` becomes `verified` when the code was entered or the link's button was pressed.
    """
    return _shown(await sender_identity.addresses.get(db, caller.account_id, address_id), response)


@router.post("/{address_id}/verify", operation_id="verify_sender_address", responses=WRITING)
async def verify_sender_address(
    address_id: AddressId,
    body: CodeBody,
    caller: Writer,
    db: Db,
    house: TheHouse,
    request: Request,
    response: Response,
) -> SenderAddressItem:
    """
    Enter the code that was sent to the address.

    A wrong one is refused (422 `sender_identity.wrong_code`); after five the code is void (409
    `sender_identity.code_void`), after a day it has expired (409 `sender_identity.code_expired`).
    Channels that wait for the address write from it at once.
    """
    verified = await sender_identity.addresses.verify(
        db, house.secret, caller.account_id, address_id, body.code, datetime.now(UTC)
    )
    if isinstance(verified, Refusal):  # not raised: the attempt is to be counted
        return answer_to(request, verified)  # type: ignore[return-value]
    return _shown(verified, response)


@router.post("/{address_id}/resend", operation_id="resend_sender_address", responses=WRITING)
async def resend_sender_address(
    address_id: AddressId, caller: Writer, db: Db, house: TheHouse, response: Response
) -> SenderAddressItem:
    """
    Send another code to the address.

    The one before is void. Limited as in `create_sender_address` (429); refused for a verified
    address (409 `sender_identity.already_verified`).
    """
    now = datetime.now(UTC)
    row = await sender_identity.addresses.resend(db, house.post, caller.account_id, address_id, now)
    return _shown(row, response)


@router.delete(
    "/{address_id}",
    status_code=204,
    operation_id="delete_sender_address",
    responses=refusals(401, 403, 404, 422, 429),
)
async def delete_sender_address(address_id: AddressId, caller: Writer, db: Db) -> None:
    """
    Delete a sender address.

    Channels that write from it fall back to their own address, with a warning and the event
    `channel.sender_fell_back`.
    """
    await sender_identity.addresses.remove(db, caller.account_id, address_id, datetime.now(UTC))


def _shown(row: SenderAddress, response: Response) -> SenderAddressItem:
    view = SenderAddressItem.model_validate(row)
    tagged(response, view)
    return view
