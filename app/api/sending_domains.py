"""Sending domains: domains of the account's own, connected by DNS records."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.channel_access import roots_of
from app.api.channel_parts import Strict
from app.api.etags import tagged
from app.api.house import House
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import (
    Caller,
    Db,
    TheHouse,
    UnitOfWork,
    caller_with,
    prepared,
    prepared_by,
)
from app.domain import sender_identity
from app.domain.sender_identity import SendingDomain
from app.errors import Refusal

PREFIX, TAGS = "/v1/sending-domains", ["sending domains"]
Reader = Annotated[Caller, caller_with("sender_identity:read")]
Writer = Annotated[Caller, caller_with("sender_identity:write")]
DomainId = Annotated[str, Path(description="Id of the sending domain (`dom_…`).")]
State = Literal["pending", "valid", "wrong"]
WRITING = refusals(400, 401, 403, 404, 409, 413, 415, 422, 429)


class NewSendingDomain(Strict):
    """A domain of the company's own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"domain": "acme.example"}]})

    domain: str = Field(max_length=1000, description="Also a subdomain; no public suffix.")


class RecordView(BaseModel):
    """A DNS record to publish, and what is published now."""

    purpose: Literal["dkim", "spf", "dmarc", "return_path"]
    type: Literal["TXT", "CNAME"]
    name: str = Field(description="The whole name, without a dot at the end.")
    value: str = Field(description="What to publish; of SPF and DMARC, at the least.")
    state: State = Field(description="`pending`: nothing was found yet.")
    found: str | None = Field(description="What was found, a line for each; null: nothing.")
    problem: str | None = Field(description="Stable code of a mistake; null: none was seen.")
    hint: str | None = Field(description="What to do about it, for people.")


class SendingDomainView(BaseModel):
    """A domain; once it is connected, channels may write from every address at it."""

    id: str
    domain: str
    state: Literal["pending", "connected", "broken"] = Field(
        description="`connected` by both DKIM records; `broken` when it has lost them."
    )
    records: list[RecordView]
    created_at: datetime
    checked_at: datetime | None = Field(description="When DNS was asked last; null: not yet.")
    connected_at: datetime | None = Field(description="When it was connected first; null: never.")


async def _make_keys(
    request: Request, house: House, caller: Caller, body: bytes
) -> sender_identity.domains.NewKeys | None:
    """Keys take half a second to make: before the transaction, and only if they will be used."""
    try:
        roots = roots_of(house)
        domain = sender_identity.domains.read_domain(str(json.loads(body)["domain"]), roots)
        async with house.database.reading() as db:
            await sender_identity.domains.check_plan(db, caller.account_id)
            if await sender_identity.domains.find(db, caller.account_id, domain) is not None:
                return None
    except (Refusal, ValueError, TypeError, KeyError, RecursionError):
        return None  # the handler says what is wrong
    if not caller.may("sender_identity:write"):
        return None
    return await sender_identity.domains.new_keys(house.secret, domain, datetime.now(UTC))


async def _ask_dns(
    request: Request, house: House, caller: Caller, body: bytes
) -> sender_identity.domains.Checked | None:
    """What the DNS says of the domain's records now."""
    if not caller.may("sender_identity:write"):
        return None
    with contextlib.suppress(Refusal):
        async with house.database.reading() as db:
            plan = await sender_identity.domains.plan_of(
                db, caller.account_id, request.path_params["domain_id"], roots_of(house)
            )
        return sender_identity.domains.Checked(
            plan, await sender_identity.look(house.resolver, plan.domain, plan.records)
        )
    return None


async def _make_key(
    request: Request, house: House, caller: Caller, body: bytes
) -> dict[str, Any] | None:
    """A key for a domain of the caller's."""
    if not caller.may("sender_identity:write"):
        return None
    with contextlib.suppress(Refusal):
        async with house.database.reading() as db:
            row = await sender_identity.domains.get(
                db, caller.account_id, request.path_params["domain_id"]
            )
        return await sender_identity.rotation.new_key(house.secret, row.domain, datetime.now(UTC))
    return None


router = APIRouter()
plain = APIRouter(prefix=PREFIX, tags=list(TAGS), route_class=UnitOfWork)
creating = APIRouter(prefix=PREFIX, tags=list(TAGS), route_class=prepared_by(_make_keys))
rotating = APIRouter(prefix=PREFIX, tags=list(TAGS), route_class=prepared_by(_make_key))
checking = APIRouter(prefix=PREFIX, tags=list(TAGS), route_class=prepared_by(_ask_dns))


@creating.post(
    "",
    status_code=201,
    operation_id="create_sending_domain",
    responses=WRITING | {200: {"model": SendingDomainView, "description": "It was there already."}},
)
async def create_sending_domain(
    body: NewSendingDomain,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    made: Annotated[sender_identity.domains.NewKeys | None, Depends(prepared)],
) -> SendingDomainView:
    """
    Begin to connect a domain of the company's own.

    Answers with the DNS records to publish; `check` says how they stand, and we look by ourselves
    again and again. For paid plans (403 `sender_identity.plan_too_small`). A domain that the
    account has already is answered with 200 as it is.
    """
    now = datetime.now(UTC)
    domain = sender_identity.domains.read_domain(body.domain, roots_of(house))
    await sender_identity.domains.check_plan(db, caller.account_id)
    row = await sender_identity.domains.find(db, caller.account_id, domain)
    if row is not None:
        response.status_code = 200
    else:
        made = made or await sender_identity.domains.new_keys(house.secret, domain, now)
        row = await sender_identity.domains.add(db, caller.account_id, made, now)
    return await _shown(db, house, row, response)


@plain.get("", operation_id="list_sending_domains", responses=refusals(400, 401, 403, 422, 429))
async def list_sending_domains(
    caller: Reader, db: Db, house: TheHouse, paging: Paging
) -> ListOf[SendingDomainView]:
    """
    List the account's sending domains.

    Oldest first, with their records and what was found for each.
    """
    page = await sender_identity.domains.list_domains(db, caller.account_id, paging)
    views = await _views(db, house, caller.account_id, page.items)
    return list_of(page, views)


@plain.get(
    "/{domain_id}", operation_id="get_sending_domain", responses=refusals(401, 403, 404, 422, 429)
)
async def get_sending_domain(
    domain_id: DomainId, caller: Reader, db: Db, house: TheHouse, response: Response
) -> SendingDomainView:
    """
    Read one sending domain.

    Every record has a state of its own, with what was found and what to do about a mistake.
    """
    return await _shown(
        db, house, await sender_identity.domains.get(db, caller.account_id, domain_id), response
    )


@checking.post("/{domain_id}/check", operation_id="check_sending_domain", responses=WRITING)
async def check_sending_domain(
    domain_id: DomainId,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    checked: Annotated[sender_identity.domains.Checked | None, Depends(prepared)],
) -> SendingDomainView:
    """
    Ask the DNS about the records now.

    A DNS that does not answer changes nothing. A domain is `broken` only when two checks some
    minutes apart found none of its keys.
    """
    row = await sender_identity.domains.get(db, caller.account_id, domain_id)
    if checked is not None:
        row = await sender_identity.domains.apply(db, checked, datetime.now(UTC))
    return await _shown(db, house, row, response)


@rotating.post("/{domain_id}/rotate-keys", operation_id="rotate_domain_keys", responses=WRITING)
async def rotate_domain_keys(
    domain_id: DomainId,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    made: Annotated[dict[str, Any] | None, Depends(prepared)],
) -> SendingDomainView:
    """
    Sign with the other DKIM key, and get a new one in reserve.

    Publish the new record that the answer names; leave the old one in the DNS for a week, because
    mail that it has signed is still about. Refused (409) while the domain is not connected, or the
    key in reserve is not published.
    """
    now = datetime.now(UTC)
    row = await sender_identity.domains.get(db, caller.account_id, domain_id)
    made = made or await sender_identity.rotation.new_key(house.secret, row.domain, now)
    row = await sender_identity.rotation.rotate(db, caller.account_id, domain_id, made, now)
    return await _shown(db, house, row, response)


@plain.delete(
    "/{domain_id}",
    status_code=204,
    operation_id="delete_sending_domain",
    responses=refusals(401, 403, 404, 422, 429),
)
async def delete_sending_domain(domain_id: DomainId, caller: Writer, db: Db) -> None:
    """
    Disconnect a sending domain.

    Its keys are destroyed. Channels that write from it fall back to their own address, with a
    warning and the event `channel.sender_fell_back`.
    """
    await sender_identity.domains.remove(db, caller.account_id, domain_id, datetime.now(UTC))


async def _shown(
    db: AsyncSession, house: House, row: SendingDomain, response: Response
) -> SendingDomainView:
    [view] = await _views(db, house, row.account_id, [row])
    tagged(response, view)
    return view


async def _views(
    db: AsyncSession, house: House, account_id: str, rows: Sequence[SendingDomain]
) -> list[SendingDomainView]:
    described = await sender_identity.domains.described(db, account_id, rows, roots_of(house))
    return [_view(one) for one in described]


def _view(whole: sender_identity.domains.Described) -> SendingDomainView:
    row = whole.row
    return SendingDomainView(
        id=row.id,
        domain=row.domain,
        state=row.state,
        created_at=row.created_at,
        checked_at=row.checked_at,
        connected_at=row.connected_at,
        records=[
            RecordView(
                purpose=record.purpose,
                type=record.type,
                name=record.name,
                value=record.value,
                state=finding["state"],
                found="\n".join(finding["found"]) or None,
                problem=finding["problem"],
                hint=finding["hint"],
            )
            for record, finding in whole.records
        ],
    )


for part in (plain, creating, checking, rotating):
    router.include_router(part)
