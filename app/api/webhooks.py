"""Webhooks of the account: endpoints that are told of events, and the log of what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.etags import IfMatch, check_match, tagged
from app.api.events import place_of
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import channels, events, webhooks
from app.domain.webhooks import Webhook, WebhookDelivery
from app.errors import FieldError, Invalid, NotFound

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("events:read")]
Writer = Annotated[Caller, caller_with("events:write")]

Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="Where events are posted to: https, a host in the world, no redirects.",
    ),
]
Types = Annotated[
    list[str],
    Field(
        max_length=100,
        description="Only these types; `conversation.*` is every type of that noun. "
        "Empty: all of them.",
    ),
]
ChannelIds = Annotated[
    list[str] | None,
    Field(
        max_length=200,
        description="Only events that name one of these channels (`channel_id` in their data); "
        "null: all events.",
    ),
]


class ReplayView(BaseModel):
    """A replay that is under way."""

    after: str
    until: str


class WebhookView(BaseModel):
    """An endpoint that is told of events."""

    id: str
    url: str
    types: Types
    channel_ids: ChannelIds
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None
    failing_since: datetime | None = Field(
        description="The first failure since the last success; after five days of it the webhook "
        "is disabled."
    )
    former_secret_until: datetime | None = Field(
        description="Until then the former secret signs beside the current one."
    )
    replaying: ReplayView | None


class WebhookWithSecretView(WebhookView):
    """A webhook with its secret, which is never shown again."""

    secret: str = Field(description="`whsec_` and base64, shown only now: verifies signatures.")


class WebhookAttemptView(BaseModel):
    """One request and what was answered."""

    at: datetime
    status: int | None = Field(description="The HTTP status; null: there was no answer.")
    body: str = Field(description="The first 2 kB of the answer.")
    error: str
    milliseconds: int


class WebhookRequestView(BaseModel):
    """What is posted; without a body when the event is no longer kept."""

    url: str
    body: dict[str, Any] | None


class WebhookDeliveryView(BaseModel):
    """An event on its way to a webhook."""

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    sequence: int | None = Field(description="The event's; null: a test, which is no event.")
    state: Literal["waiting", "delivered", "failed"]
    next_attempt_at: datetime | None
    request: WebhookRequestView
    attempts: list[WebhookAttemptView] = Field(description="The last twenty, the oldest first.")
    created_at: datetime


EXAMPLE: JsonDict = {
    "url": "https://hooks.example/hosted-inbox",
    "types": ["message.received", "conversation.*"],
}


class NewWebhook(BaseModel):
    """A webhook to make."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})

    url: Url
    types: Types = []
    channel_ids: ChannelIds = None


class WebhookPatch(BaseModel):
    """What changes; fields that are not given stay. Lists are replaced as a whole."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"types": ["ticket.*"]}]}
    )

    url: Url = ""
    types: Types = []
    channel_ids: ChannelIds = None
    disabled: bool = Field(False, description="Switch it off, or on again where it stood.")


class NewReplay(BaseModel):
    """Which events are to be sent again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"after": "0", "until": "40"}]}
    )

    after: str = Field(max_length=20, description="Events behind this place (`sequence`) …")
    until: str | None = Field(
        None, max_length=20, description="… up to this one; null: up to where the webhook stands."
    )


def _shown(webhook: Webhook) -> dict[str, Any]:
    replaying = None
    if webhook.replay_place is not None:
        replaying = ReplayView(after=str(webhook.replay_place), until=str(webhook.replay_until))
    return {
        "id": webhook.id,
        "url": webhook.url,
        "types": webhook.types,
        "channel_ids": webhook.channel_ids,
        "created_at": webhook.created_at,
        "disabled_at": webhook.disabled_at,
        "disabled_reason": webhook.disabled_reason,
        "failing_since": webhook.failing_since,
        "former_secret_until": webhook.former_secret_until,
        "replaying": replaying,
    }


def _view(webhook: Webhook) -> WebhookView:
    return WebhookView(**_shown(webhook))


async def _deliveries(
    db: AsyncSession, webhook: Webhook, found: Sequence[WebhookDelivery]
) -> list[WebhookDeliveryView]:
    numbers = [one.sequence for one in found if one.sequence is not None]
    kept = await events.get_many(db, webhook.account_id, numbers)
    return [
        WebhookDeliveryView(
            id=one.id,
            webhook_id=one.webhook_id,
            event_id=one.event_id,
            event_type=one.event_type,
            sequence=one.sequence,
            state=one.state,
            next_attempt_at=one.next_attempt_at,
            request=WebhookRequestView(
                url=one.url, body=webhooks.payload_of(one, kept.get(one.sequence or 0))
            ),
            attempts=[WebhookAttemptView(**attempt) for attempt in one.attempts],
            created_at=one.created_at,
        )
        for one in found
    ]


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
    tagged(response, _view(webhook))
    return WebhookWithSecretView(**_shown(webhook), secret=secret)


@router.get("", operation_id="list_webhooks", responses=refusals(400, 401, 403, 422, 429))
async def list_webhooks(caller: Reader, db: Db, paging: Paging) -> ListOf[WebhookView]:
    """
    List the webhooks, the oldest first.

    Disabled ones as well, with when and why.
    """
    page = await webhooks.list_webhooks(db, caller.account_id, paging)
    return list_of(page, [_view(one) for one in page.items])


@router.get("/{webhook_id}", operation_id="get_webhook", responses=refusals(401, 403, 404, 429))
async def get_webhook(webhook_id: str, caller: Reader, db: Db, response: Response) -> WebhookView:
    """
    Read one webhook.

    Without its secret, which nobody can read again.
    """
    view = _view(await webhooks.get(db, caller.account_id, webhook_id))
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
    check_match(if_match, _view(webhook))
    given = body.model_dump(exclude_unset=True)
    await _check_channels(db, caller.account_id, given.get("channel_ids"))
    allowed = house.settings.webhook_allow_private
    await webhooks.change(db, webhook, given, allow_private=allowed, now=datetime.now(UTC))
    tagged(response, _view(webhook))
    return _view(webhook)


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
    return WebhookWithSecretView(**_shown(webhook), secret=secret)


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
    return (await _deliveries(db, webhook, [delivery]))[0]


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
    return _view(webhook)


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
    return list_of(page, await _deliveries(db, webhook, page.items))


@router.get(
    "/{webhook_id}/deliveries/{delivery_id}",
    operation_id="get_webhook_delivery",
    responses=refusals(401, 403, 404, 429),
)
async def get_webhook_delivery(
    webhook_id: str, delivery_id: str, caller: Reader, db: Db
) -> WebhookDeliveryView:
    """
    Read one delivery.

    `waiting`: it is tried (again) at `next_attempt_at`; `failed`: it is tried no more by itself.
    """
    webhook = await webhooks.get(db, caller.account_id, webhook_id)
    delivery = await webhooks.get_delivery(db, webhook, delivery_id)
    return (await _deliveries(db, webhook, [delivery]))[0]


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
    return (await _deliveries(db, webhook, [delivery]))[0]
