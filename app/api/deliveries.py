"""Mail that leaves: what waits or has failed, sending again, calling off, suppressed addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.message_views import DeliveryView, delivery_view
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import conversations, outbox
from app.domain.outbox import OutboxItem

router = APIRouter(tags=["deliveries"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("conversations:read")]
Writer = Annotated[Caller, caller_with("conversations:write")]

State = Literal["queued", "deferred", "sent", "bounced", "failed", "canceled"]


class OutboxItemView(BaseModel):
    """One mail for one recipient."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: str = Field(description="`reply`, or another sort of mail that we write.")
    message_id: str | None = Field(description="Id of the message (`msg_…`), if it is of one.")
    recipient: str
    state: State
    detail: str = Field(description="What the other side said last.")
    attempts: int
    next_attempt_at: datetime | None = Field(description="Null: it is not tried again.")
    created_at: datetime


class RecipientsRequest(BaseModel):
    """Which recipients of the message; none named: all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"recipients": ["carla@customer.example"]}]},
    )

    recipients: list[str] | None = Field(None, min_length=1, max_length=200)


class SuppressionView(BaseModel):
    """An address that gets no mail for a while."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    address: str
    reason: str = Field(description="What the other side said.")
    message_id: str | None = Field(description="The message that came to nothing.")
    created_at: datetime
    expires_at: datetime


class Deliveries(BaseModel):
    """The deliveries of a message, one for each recipient."""

    deliveries: list[DeliveryView]


def deliveries_view(items: list[OutboxItem]) -> Deliveries:
    """The deliveries as the contract shows them."""
    return Deliveries(deliveries=[delivery_view(one) for one in items])


def _item_view(item: OutboxItem) -> OutboxItemView:
    waits = item.state in (outbox.QUEUED, outbox.DEFERRED)
    view = OutboxItemView.model_validate(
        {name: getattr(item, name) for name in OutboxItemView.model_fields}
    )
    return view if waits else view.model_copy(update={"next_attempt_at": None})


@router.get("/v1/outbox", operation_id="list_outbox", responses=refusals(400, 401, 403, 422, 429))
async def list_outbox(
    caller: Reader,
    db: Db,
    paging: Paging,
    state: Annotated[
        list[State] | None, Query(max_length=6, description="Only these; repeat for several.")
    ] = None,
) -> ListOf[OutboxItemView]:
    """
    List what leaves, the newest first.

    One item for each recipient of each mail that we write. `state=failed` are the dead letters.
    """
    page = await outbox.list_items(db, caller.account_id, state or [], paging)
    return list_of(page, [_item_view(one) for one in page.items])


@router.post(
    "/v1/messages/{message_id}/deliveries/retry",
    operation_id="retry_deliveries",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def retry_deliveries(
    message_id: str, caller: Writer, db: Db, body: RecipientsRequest | None = None
) -> Deliveries:
    """
    Send a message again.

    To recipients whose delivery has failed, bounced, was canceled or waits for its next try; the
    same octets with the same Message-ID. `outbox.nothing_to_retry` (409) when there are none.
    """
    await conversations.get_message(db, caller.account_id, message_id)
    whom = body.recipients if body else None
    return deliveries_view(
        await outbox.retry(db, caller.account_id, message_id, whom, datetime.now(UTC))
    )


@router.post(
    "/v1/messages/{message_id}/deliveries/cancel",
    operation_id="cancel_deliveries",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def cancel_deliveries(
    message_id: str, caller: Writer, db: Db, body: RecipientsRequest | None = None
) -> Deliveries:
    """
    Call off what has not been sent.

    Those deliveries show as `failed` with the detail that they were canceled. What is being handed
    over at this moment cannot be called back: `outbox.nothing_to_cancel` (409).
    """
    await conversations.get_message(db, caller.account_id, message_id)
    whom = body.recipients if body else None
    return deliveries_view(
        await outbox.cancel(db, caller.account_id, message_id, whom, datetime.now(UTC))
    )


@router.get(
    "/v1/suppressions",
    operation_id="list_suppressions",
    responses=refusals(400, 401, 403, 422, 429),
)
async def list_suppressions(
    caller: Annotated[Caller, caller_with("sender_identity:read")], db: Db, paging: Paging
) -> ListOf[SuppressionView]:
    """
    List the addresses that get no mail at present.

    They were found dead: another server said so for good. After 90 days they may be tried again.
    """
    page = await outbox.list_suppressions(db, caller.account_id, datetime.now(UTC), paging)
    return list_of(page, [SuppressionView.model_validate(one) for one in page.items])


@router.delete(
    "/v1/suppressions/{suppression_id}",
    operation_id="delete_suppression",
    status_code=204,
    responses=refusals(401, 403, 404, 429),
)
async def delete_suppression(
    suppression_id: str,
    caller: Annotated[Caller, caller_with("sender_identity:write")],
    db: Db,
) -> None:
    """
    Let an address have mail again.

    For when you know better, such as after the mailbox was set up again.
    """
    await outbox.lift(db, caller.account_id, suppression_id)
