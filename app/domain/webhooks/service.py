"""The verbs of webhooks: made, changed, removed, and their secrets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import events
from app.domain.webhooks.addresses import check_url
from app.domain.webhooks.models import Webhook
from app.domain.webhooks.signing import new_secret
from app.errors import Conflict, FieldError, Invalid, NotFound
from app.sealing import seal, unseal

MOST = 50  # webhooks of an account
BOTH_SIGN = timedelta(hours=24)
_TYPE = re.compile(r"[a-z_]{1,30}\.(?:[a-z_]{1,30}|\*)")


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """What a webhook is made of; no types: all of them, channels None: all of them."""

    url: str
    types: Sequence[str] = ()
    channel_ids: Sequence[str] | None = None


async def create(
    db: AsyncSession,
    account_id: str,
    new: NewWebhook,
    *,
    secret: bytes,
    allow_private: bool,
    now: datetime,
) -> tuple[Webhook, str]:
    """
    A webhook that is told of what happens from now on, and its secret, which is shown only now.

    Raises Invalid (`webhooks.bad_url`, `webhooks.bad_type`), Conflict `webhooks.too_many`.
    """
    count = await db.scalar(
        select(func.count()).select_from(Webhook).where(Webhook.account_id == account_id)
    )
    if (count or 0) >= MOST:
        raise Conflict(f"An account has {MOST} webhooks at most.", "webhooks.too_many")
    shown, webhook_id = new_secret(), ids.new("whk")
    webhook = Webhook(
        account_id=account_id,
        id=webhook_id,
        url=check_url(new.url, allow_private=allow_private),
        types=_checked(new.types),
        channel_ids=None if new.channel_ids is None else list(new.channel_ids),
        secret=seal(secret, shown.encode(), about=webhook_id),
        place=await events.last_of(db, account_id),
        failures=0,
        created_at=now,
    )
    db.add(webhook)
    await db.flush()
    return webhook, shown


def _checked(types: Sequence[str]) -> list[str]:
    wrong = tuple(
        FieldError(f"/types/{place}", "A type is like `message.received` or `message.*`.")
        for place, name in enumerate(types)
        if not _TYPE.fullmatch(name)
    )
    if wrong:
        raise Invalid(wrong[0].detail, "webhooks.bad_type", wrong)
    return list(dict.fromkeys(types))


async def get(db: AsyncSession, account_id: str, webhook_id: str) -> Webhook:
    """The webhook. Raises NotFound."""
    found = await db.get(Webhook, (account_id, webhook_id))
    if found is None:
        raise NotFound("There is no such webhook.", "webhooks.not_found")
    return found


async def list_webhooks(db: AsyncSession, account_id: str, request: PageRequest) -> Page[Webhook]:
    """The webhooks of the account, the oldest first."""
    statement = select(Webhook).where(Webhook.account_id == account_id)
    return await page_of(db, statement, [Webhook.id], request)


async def change(
    db: AsyncSession,
    webhook: Webhook,
    given: dict[str, Any],
    *,
    allow_private: bool,
    now: datetime,
) -> None:
    """
    The webhook has the given values of `url`, `types`, `channel_ids` and `disabled`.

    Switched on again, it goes on where it stood, as far back as events are kept; `replay` leads
    elsewhere. Raises Invalid as `create` does.
    """
    if "url" in given:
        webhook.url = check_url(given["url"], allow_private=allow_private)
        webhook.paused_until, webhook.failures = None, 0
    if "types" in given:
        webhook.types = _checked(given["types"])
    if "channel_ids" in given:
        webhook.channel_ids = given["channel_ids"]
    if given.get("disabled") is True and webhook.disabled_at is None:
        webhook.disabled_at, webhook.disabled_reason = now, "by request"
    if given.get("disabled") is False:
        webhook.disabled_at = webhook.disabled_reason = None
        webhook.failing_since = webhook.paused_until = None
        webhook.failures = 0
    await db.flush()


async def delete(db: AsyncSession, webhook: Webhook) -> None:
    """The webhook and the log of its deliveries are gone."""
    await db.delete(webhook)
    await db.flush()


async def rotate_secret(db: AsyncSession, webhook: Webhook, *, secret: bytes, now: datetime) -> str:
    """A new secret, shown only now; for a day the former one signs beside it."""
    shown = new_secret()
    webhook.former_secret, webhook.former_secret_until = webhook.secret, now + BOTH_SIGN
    webhook.secret = seal(secret, shown.encode(), about=webhook.id)
    await db.flush()
    return shown


def secrets_of(webhook: Webhook, *, secret: bytes, now: datetime) -> list[str]:
    """The secrets that sign now, the current one first."""
    sealed = [webhook.secret]
    if webhook.former_secret and webhook.former_secret_until and webhook.former_secret_until > now:
        sealed.append(webhook.former_secret)
    return [unseal(secret, one, about=webhook.id).decode() for one in sealed]
