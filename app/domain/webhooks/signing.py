"""
Signatures as Standard Webhooks has them (standardwebhooks.com): HMAC-SHA256 over id, time and body.

A secret is shown as `whsec_` and base64; its octets are the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"


def new_secret() -> str:
    """A fresh secret of 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(
    event_id: str, timestamp: int, body: bytes, signed_with: Sequence[str]
) -> dict[str, str]:
    """
    The headers of a request: one signature for each secret, parted by a blank.

    The id is the event's, the same in every attempt: who has seen it may leave it.
    """
    content = f"{event_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in signed_with),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
