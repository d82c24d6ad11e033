"""Webhooks of the account: endpoints that are told of events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.etags import IfMatch, check_match, tagged
from app.api.events import place_of
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.api.webhook_views import (
    NewReplay,
    NewWebhook,
    WebhookDeliveryView,
    WebhookPatch,
    WebhookView,
    WebhookWithSecretView,
    deliveries_view,
    shown,
    view_of,
)
from app.domain import channels, webhooks
from app.errors import FieldError, Invalid, NotFound

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("events:read")]
Writer = Annotated[Caller, caller_with("events:write")]


async def _check_channels(db: AsyncSession, account_id: str, ids: Sequence[str] | None) -> None:
    unknown = []
    for place, channel_id in enumerate(ids or ()):
        try:
            await channels.get(db, account_id, channel_id)
        except NotFound:
            unknown.append(FieldError(f"/channel_ids/{place}", "There is no such channel."))
    if unknown:
        raise Invalid(unknown[0].detail, "webhooks.unknown_channel", tuple(unknown))


@router.post(
    "",
    operation_id="create_webhook",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_webhook(
    body: NewWebhook, caller: Writer, db: Db, house: TheHouse, response: Response
) -> WebhookWithSecretView:
    """
    Make a webhook.

    It is told of what happens from now on; `replay` sends what was before. Every request is signed
    as Standard Webhooks describes, with the secret that stands in this answer and nowhere else.
    """
    await _check_channels(db, caller.account_id, body.channel_ids)
    webhook, secret = await webhooks.create(
        db,
        caller.account_id,
        webhooks.NewWebhook(body.url, body.types, body.channel_ids),
        secret=house.secret,
        allow_private=house.settings.webhook_allow_private,
        now=datetime.now(UTC),
    )
    tagged(response, view_of(webhook))
    return WebhookWithSecretView(**shown(webhook), secret=secret)


@router.get("", operation_id="list_webhooks", responses=refusals(400, 401, 403, 422, 429))
async def list_webhooks(caller: Reader, db: Db, paging: Paging) -> ListOf[WebhookView]:
    """
    List the webhooks, the oldest first.

    Disabled ones as well, with when and why.
    """
    page = await webhooks.list_webhooks(db, caller.account_id, paging)
    return list_of(page, [view_of(one) for one in page.items])


@router.get("/{webhook_id}", operation_id="get_webhook", responses=refusals(401, 403, 404, 429))
async def get_webhook(webhook_id: str, caller: Reader, db: Db, response: Response) -> WebhookView:
    """
    Read one webhook.

    Without its secret, which nobody can read again.
    """
    view = view_of(await webhooks.get(db, caller.account_id, webhook_id))
    tagged(response, view)
    return view


@router.patch(
    "/{webhook_id}",
    operation_id="update_webhook",
    responses=refusals(400, 401, 403, 404, 412, 415, 422, 429),
)
async def update_webhook(
    webhook_id: str,
    body: WebhookPatch,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookView:
    """
    Change where a webhook goes and what it is told, or switch it off and on.

    Fields that are not given stay. Switched on again it goes on where it stood, as far back as
    events are kept.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    check_match(if_match, view_of(webhook))
    given = body.model_dump(exclude_unset=True)
    await _check_channels(db, caller.account_id, given.get("channel_ids"))
    allowed = house.settings.webhook_allow_private
    await webhooks.change(db, webhook, given, allow_private=allowed, now=datetime.now(UTC))
    tagged(response, view_of(webhook))
    return view_of(webhook)


@router.delete(
    "/{webhook_id}",
    operation_id="delete_webhook",
    status_code=204,
    responses=refusals(401, 403, 404, 429),
)
async def delete_webhook(webhook_id: str, caller: Writer, db: Db) -> None:
    """
    Remove a webhook.

    The log of its deliveries goes with it. A request that is under way still arrives.
    """
    await webhooks.delete(db, await webhooks.get(db, caller.account_id, webhook_id))


@router.post(
    "/{webhook_id}/rotate-secret",
    operation_id="rotate_webhook_secret",
    responses=refusals(401, 403, 404, 409, 429),
)
async def rotate_webhook_secret(
    webhook_id: str, caller: Writer, db: Db, house: TheHouse
) -> WebhookWithSecretView:
    """
    Give a webhook a new secret.

    For 24 hours the former one signs as well: the header holds two signatures, of which a receiver
    needs to know one.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    secret = await webhooks.rotate_secret(db, webhook, secret=house.secret, now=datetime.now(UTC))
    return WebhookWithSecretView(**shown(webhook), secret=secret)


@router.post(
    "/{webhook_id}/test",
    operation_id="test_webhook",
    status_code=202,
    responses=refusals(401, 403, 404, 409, 429),
)
async def test_webhook(webhook_id: str, caller: Writer, db: Db) -> WebhookDeliveryView:
    """
    Send a test to a webhook.

    A signed `webhook.test`, whatever types the webhook wants. It leaves after this answer: read the
    delivery to see what came of it. 409 `webhooks.disabled` while it is switched off.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    delivery = await webhooks.send_test(db, webhook, now=datetime.now(UTC))
    return (await deliveries_view(db, webhook, [delivery]))[0]


@router.post(
    "/{webhook_id}/replay",
    operation_id="replay_webhook_events",
    status_code=202,
    responses=refusals(400, 401, 403, 404, 409, 410, 415, 422, 429),
)
async def replay_webhook_events(
    webhook_id: str, body: NewReplay, caller: Writer, db: Db
) -> WebhookView:
    """
    Send events to a webhook once more.

    Those behind `after` that it wants, up to `until` or to where it stands, in their order and with
    their former ids. A replay under way is replaced. 410 when events of the range are no longer
    kept, 409 `webhooks.disabled` while it is switched off.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    after, until = place_of(body.after), place_of(body.until)
    await webhooks.replay(db, webhook, after=after or 0, until=until, now=datetime.now(UTC))
    return view_of(webhook)
