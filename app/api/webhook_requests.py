"""What a webhook is sent, as the OpenAPI document's `webhooks` section describes it."""

from __future__ import annotations

from typing import Any

from app.api.example_story import an_id

# Name, words, example.
HEADERS = (
    (
        "webhook-id",
        "The event's id, the same in every attempt: what was seen may be left.",
        an_id("evt"),
    ),
    (
        "webhook-timestamp",
        "When this attempt was made, in seconds since 1970; refuse what is older than five "
        "minutes.",
        "1795509001",
    ),
    (
        "webhook-signature",
        "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, the key being the octets that "
        "stand as base64 in the secret behind `whsec_`; after a rotation two of them, parted by a "
        "blank.",
        "v1,ydtV+yfIcLJRwufisUuBl68JHprCbYJjFrnLdM51Q0M=",
    ),
)


def described() -> dict[str, Any]:
    """The section: one request, whatever the type of its event."""
    schema = {"$ref": "#/components/schemas/EventView"}
    parameters = [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": words,
            "schema": {"type": "string"},
            "example": example,
        }
        for name, words, example in HEADERS
    ]
    return {
        "event": {
            "post": {
                "operationId": "receive_event",
                "tags": ["webhooks"],
                "summary": "Receive an event",
                "description": "Posted to the URL of every webhook that wants it, signed as "
                "Standard Webhooks describes. Answer 2xx within ten seconds; anything else is "
                "tried again for about three days. 410 switches the webhook off.",
                "security": [],
                "parameters": parameters,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": schema}},
                },
                "responses": {"2XX": {"description": "It was taken."}},
            }
        }
    }
