"""What webhooks and the log of their deliveries look like, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.scalars import Flag
from app.domain import events, webhooks
from app.domain.webhooks import Webhook, WebhookDelivery

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


class WebhookReplayView(BaseModel):
    """A replay that is under way."""

    after: str = Field(description="Events behind this place …")
    until: str = Field(description="… up to this one.")


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
    replaying: WebhookReplayView | None


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
    disabled: Flag = Field(False, description="Switch it off, or on again where it stood.")


class NewReplay(BaseModel):
    """Which events are to be sent again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"after": "0", "until": "40"}]}
    )

    after: str = Field(max_length=20, description="Events behind this place (`sequence`) …")
    until: str | None = Field(
        None, max_length=20, description="… up to this one; null: up to where the webhook stands."
    )


def shown(webhook: Webhook) -> dict[str, Any]:
    """What every view of a webhook shows."""
    replaying = None
    if webhook.replay_place is not None:
        replaying = WebhookReplayView(
            after=str(webhook.replay_place), until=str(webhook.replay_until)
        )
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


def view_of(webhook: Webhook) -> WebhookView:
    """The webhook without its secret."""
    return WebhookView(**shown(webhook))


async def deliveries_view(
    db: AsyncSession, webhook: Webhook, found: Sequence[WebhookDelivery]
) -> list[WebhookDeliveryView]:
    """Deliveries of a webhook with what was, or will be, posted."""
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
