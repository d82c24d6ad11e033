"""
Webhooks: who wants to be told of which events, where each of them stands in the log, and what came
of every delivery.

An event is tried in its turn. One that fails is tried again by a schedule of its own while the
later ones go on; an endpoint that does not answer at all is probed now and then until it does, and
switched off after days. Deliberately not here: HTTP; the worker speaks it.
"""

from app.domain.webhooks.addresses import check_url, is_public
from app.domain.webhooks.deliveries import (
    NOT_KEPT,
    Attempt,
    Turn,
    claim,
    due,
    record,
)
from app.domain.webhooks.log import (
    accounts_with_older,
    forget_older,
    get_delivery,
    list_deliveries,
    payload_of,
    read_log,
    replay,
    retry,
    send_test,
)
from app.domain.webhooks.models import Webhook, WebhookDelivery
from app.domain.webhooks.service import (
    NewWebhook,
    change,
    create,
    delete,
    get,
    list_webhooks,
    rotate_secret,
    secrets_of,
)
from app.domain.webhooks.signing import headers

__all__ = [
    "NOT_KEPT",
    "Attempt",
    "NewWebhook",
    "Turn",
    "Webhook",
    "WebhookDelivery",
    "accounts_with_older",
    "change",
    "check_url",
    "claim",
    "create",
    "delete",
    "due",
    "forget_older",
    "get",
    "get_delivery",
    "headers",
    "is_public",
    "list_deliveries",
    "list_webhooks",
    "payload_of",
    "read_log",
    "record",
    "replay",
    "retry",
    "rotate_secret",
    "secrets_of",
    "send_test",
]
