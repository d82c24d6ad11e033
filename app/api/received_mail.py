"""The ledger of received mail: what came, from where, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import tagged
from app.api.message_views import AuthenticationView
from app.api.messages import raw_answer
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import Flag, Moment, SoughtAddress
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import inbound, raw_mail
from app.domain.inbound import ReceivedMail

router = APIRouter(prefix="/v1/received-mail", tags=["received mail"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("received_mail:read")]
Writer = Annotated[Caller, caller_with("received_mail:write")]

Outcome = Literal["accepted", "duplicate", "quarantined", "failed", "refused"]


class ReceivedMailView(BaseModel):
    """One delivery to one recipient."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True, serialize_by_alias=True)

    id: str
    outcome: Outcome = Field(description="What became of it.")
    reason: str = Field(description="Why it was refused, failed or quarantined; empty otherwise.")
    envelope_from: str = Field(description="The reverse-path (RFC 5321); empty for reports.")
    recipient: str = Field(description="The envelope recipient (RFC 5321).")
    channel_id: str | None
    remote_address: str = Field(description="The machine that delivered it.")
    helo: str = Field(description="What that machine called itself.")
    size: int = Field(description="Octets.")
    tls: str = Field(description="Protocol and cipher; empty: none.")
    mail_class: Annotated[
        str | None,
        Field(alias="class", description="As in the message; null: it was not understood."),
    ]
    message_id: str | None = Field(description="Id of the message (`msg_…`), not a Message-ID.")
    conversation_id: str | None = Field(
        description="Null: machine mail that belongs to no conversation."
    )
    received_at: datetime
    released_at: datetime | None = Field(description="When it was let out of quarantine.")
    authentication: AuthenticationView = Field(
        description="As it was found when the mail arrived; null: not known."
    )


class ReplayRequest(BaseModel):
    """How to replay."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"dry_run": True}]})

    dry_run: Flag = Field(False, description="Only show what would come out.")


class Difference(BaseModel):
    """A field that a replay changes."""

    field: str
    before: Any
    after: Any


class ReplayedView(BaseModel):
    """What a replay did, or would do."""

    id: str
    dry_run: bool
    outcome: Outcome
    reason: str
    message_id: str | None
    conversation_id: str | None
    changes: list[Difference] = Field(description="What changes in the message.")


def view(received: ReceivedMail) -> ReceivedMailView:
    """The delivery as the contract shows it."""
    named = {name: getattr(received, name) for name in _AS_THEY_ARE}
    found = received.authentication or {}
    proof = {name: found.get(name) for name in AuthenticationView.model_fields}
    return ReceivedMailView.model_validate({**named, "authentication": proof}, by_name=True)


_AS_THEY_ARE = ReceivedMailView.model_fields.keys() - {"authentication"}


@router.get("", operation_id="list_received_mail", responses=refusals(400, 401, 403, 422, 429))
async def list_received_mail(
    caller: Reader,
    db: Db,
    paging: Paging,
    outcome: Annotated[Outcome | None, Query(description="Only this outcome.")] = None,
    since: Annotated[
        Moment | None, Query(description="Received then or later, RFC 3339 with offset.")
    ] = None,
    sender: Annotated[
        SoughtAddress | None,
        Query(max_length=1000, description="The envelope sender; case does not count."),
    ] = None,
    recipient: Annotated[
        SoughtAddress | None,
        Query(max_length=1000, description="The envelope recipient; case does not count."),
    ] = None,
) -> ListOf[ReceivedMailView]:
    """
    Search the ledger of deliveries, the newest first.

    Every delivery to one of the account's addresses, also what was refused, with the reason.
    `outcome=failed` is what is kept but could not be understood.
    """
    which = inbound.LedgerFilter(outcome, since, sender, recipient)
    page = await inbound.list_received(db, caller.account_id, which, paging)
    return list_of(page, [view(one) for one in page.items])


@router.get(
    "/{received_id}", operation_id="get_received_mail", responses=refusals(401, 403, 404, 429)
)
async def get_received_mail(
    received_id: str, caller: Reader, db: Db, response: Response
) -> ReceivedMailView:
    """
    Read one delivery.

    Its id stands in the SMTP answer to DATA (`250 2.0.0 Kept rcv_…`).
    """
    shown = view(await inbound.get_received(db, caller.account_id, received_id))
    tagged(response, shown)
    return shown


@router.get(
    "/{received_id}/raw",
    operation_id="get_raw_received_mail",
    response_class=Response,
    responses={
        200: {"content": {"message/rfc822": {}}, "description": "The mail, octet for octet."},
        **refusals(401, 403, 404, 429),
    },
)
async def get_raw_received_mail(
    received_id: str, caller: Reader, db: Db, house: TheHouse
) -> Response:
    """
    Download the mail exactly as it was received.

    Octet for octet, as `message/rfc822`. Of refused mail nothing was kept (404).
    """
    received = await inbound.get_received(db, caller.account_id, received_id)
    raw = await raw_mail.raw_of(db, house.store, caller.account_id, received.raw_digest)
    return raw_answer(raw, f"{received_id}.eml")


@router.post(
    "/{received_id}/replay",
    operation_id="replay_received_mail",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def replay_received_mail(
    received_id: str, caller: Writer, db: Db, house: TheHouse, body: ReplayRequest | None = None
) -> ReplayedView:
    """
    Process a kept mail again.

    For mail that failed, and after a correction of settings. With `dry_run` nothing changes and
    `changes` shows what would.
    """
    dry_run = body.dry_run if body else False
    done = await inbound.replay(
        db,
        house.store,
        caller.account_id,
        received_id,
        dry_run=dry_run,
        now=datetime.now(UTC),
        post=house.post,
    )
    return ReplayedView(
        id=received_id,
        dry_run=dry_run,
        outcome=done.outcome,
        reason=done.reason,
        message_id=done.received.message_id,
        conversation_id=done.received.conversation_id,
        changes=[Difference(**one) for one in done.changes],
    )


@router.post(
    "/{received_id}/release",
    operation_id="release_received_mail",
    responses=refusals(401, 403, 404, 409, 429),
)
async def release_received_mail(
    received_id: str, caller: Writer, db: Db, house: TheHouse
) -> ReceivedMailView:
    """
    Let a mail out of quarantine.

    It becomes a message as if nothing had held it back. Repeated, it changes nothing. Mail that
    is not in quarantine is refused (409 `received_mail.not_quarantined`), and so is what was
    purged after 90 days (409 `received_mail.nothing_kept`).
    """
    released = await inbound.release(
        db,
        house.store,
        caller.account_id,
        received_id,
        now=datetime.now(UTC),
        post=house.post,
    )
    return view(released)
