"""The account that a key belongs to. Plan and subdomain are the operator's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import IfMatch, check_match, tagged
from app.api.house import House
from app.api.problems import refusals
from app.api.scalars import Flag
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import accounts
from app.domain.accounts import Account, AccountChange, HostedRoots

router = APIRouter(prefix="/v1/account", tags=["account"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("account:read")]
Writer = Annotated[Caller, caller_with("account:write")]


class AccountView(BaseModel):
    """An account."""

    id: str
    name: str
    subdomain: str = Field(description="Unique in the installation; changed by the operator alone.")
    plan: Literal["free", "starter", "professional", "enterprise"]
    hosted_domain: str = Field(
        description="Domain of new forwarding addresses: the subdomain below the root of the plan."
    )
    company_name: str | None = Field(description="The default company name of new channels.")
    answer_by_mail: bool = Field(
        description="Is an owner's answer to the notice of an absence sent to the customer? Else "
        "it is an internal comment."
    )
    created_at: datetime


class AccountPatch(BaseModel):
    """What changes; fields that are not given stay."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"company_name": "Acme"}]}
    )

    name: str = Field("", min_length=1, max_length=200)
    company_name: str | None = Field(
        None, min_length=1, max_length=100, description="The default of new channels."
    )
    answer_by_mail: Flag = Field(
        False, description="Send an owner's answer to the notice of an absence to the customer."
    )


def view(account: Account, house: House) -> AccountView:
    """The account as the contract shows it."""
    roots = HostedRoots(paid=house.settings.paid_root, free=house.settings.free_root)
    return AccountView(
        id=account.id,
        name=account.name,
        subdomain=account.subdomain,
        plan=account.plan,
        hosted_domain=accounts.hosted_domain(account, roots),
        company_name=account.company_name,
        answer_by_mail=account.answer_by_mail,
        created_at=account.created_at,
    )


@router.get("", operation_id="get_account", responses=refusals(401, 403, 429))
async def get_account(caller: Reader, db: Db, house: TheHouse, response: Response) -> AccountView:
    """
    Read the account.

    The account is the one that the key belongs to. Plan, subdomain and hosted domain are
    changed by the operator alone.
    """
    found = view(await accounts.get_account(db, caller.account_id), house)
    tagged(response, found)
    return found


@router.patch(
    "", operation_id="update_account", responses=refusals(400, 401, 403, 412, 415, 422, 429)
)
async def update_account(
    body: AccountPatch,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> AccountView:
    """
    Change the account's name, its default company name, or whether owners answer by mail.

    Fields that are not given stay. New channels take the company name as the name that
    customers see; existing channels keep theirs. `company_name: null` takes the default away.

    With `answer_by_mail` the notice that an owner gets while away can be answered: the mail,
    without what it quotes, goes to the customer as the owner's reply. It has to come from an
    address of the owner within 14 days.
    """
    check_match(if_match, view(await accounts.get_account(db, caller.account_id), house))
    wanted = AccountChange(frozenset(body.model_fields_set), **body.model_dump())
    changed = await accounts.update_account(db, caller.account_id, wanted, now=datetime.now(UTC))
    found = view(changed, house)
    tagged(response, found)
    return found
