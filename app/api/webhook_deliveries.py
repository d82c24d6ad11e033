"""The log of what was sent to a webhook: tests, deliveries, and sending one of them again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api.etags import tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.api.webhook_views import WebhookDeliveryView, deliveries_view
from app.domain import webhooks

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("events:read")]
Writer = Annotated[Caller, caller_with("events:write")]


@router.get(
    "/{webhook_id}/deliveries",
    operation_id="list_webhook_deliveries",
    responses=refusals(400, 401, 403, 404, 422, 429),
)
async def list_webhook_deliveries(
    webhook_id: str,
    caller: Reader,
    db: Db,
    paging: Paging,
    state: Annotated[
        Literal["waiting", "delivered", "failed"] | None,
        Query(description="Only deliveries in this state."),
    ] = None,
) -> ListOf[WebhookDeliveryView]:
    """
    List what was sent to a webhook, the newest first.

    With every request, its answer and how long it took; kept for as long as events are. Events
    whose turn has not come yet are in the event log only.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    page = await webhooks.list_deliveries(db, webhook, paging, state=state)
    return list_of(page, await deliveries_view(db, webhook, page.items))


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}",
    operation_id="get_webhook_delivery",
    responses=refusals(401, 403, 404, 429),
)
async def get_webhook_delivery(
    webhook_id: str, delivery_id: str, caller: Reader, db: Db, response: Response
) -> WebhookDeliveryView:
    """
    Read one delivery.

    `waiting`: it is tried (again) at `next_attempt_at`; `failed`: it is tried no more by itself.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    delivery = await webhooks.get_delivery(db, webhook, delivery_id)
    [shown] = await deliveries_view(db, webhook, [delivery])
    tagged(response, shown)
    return shown


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/retry",
    operation_id="retry_webhook_delivery",
    status_code=202,
    responses=refusals(401, 403, 404, 409, 429),
)
async def retry_webhook_delivery(
    webhook_id: str, delivery_id: str, caller: Writer, db: Db
) -> WebhookDeliveryView:
    """
    Send one delivery again now.

    Whatever came of it before, with the event's former id; should it fail, its schedule begins
    anew. 409 `webhooks.disabled` while the webhook is switched off.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    delivery = await webhooks.retry(db, webhook, delivery_id, now=datetime.now(UTC))
    return (await deliveries_view(db, webhook, [delivery]))[0]
