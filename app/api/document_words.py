"""
What the OpenAPI document says in words of its own: the introduction, tags, keys, what answers are.

Deliberately not here: what one operation does, which stands at its route.
"""

from __future__ import annotations

from typing import Any

from app.domain import accounts

Json = dict[str, Any]

DESCRIPTION = """
A shared inbox for a team address whose mail lives somewhere else. Connect a channel, let the
company's mail server forward to the channel's address, and read who really wrote as conversations.

**Keys.** Every request carries one: `Authorization: Bearer <key>`. The scope that an operation
needs stands with it; `…:write` includes reading.

**Ids and times.** Ids are opaque texts whose prefix says the kind (`chn_…`, `msg_…`) and sort by
time. Times are RFC 3339 in UTC. New fields and new values of enumerations may come; fields that a
request does not know are refused.

**Lists** come in pieces: `limit` (1 to 200, 50 unless told) and `cursor`, which is the
`next_cursor` of the piece before; null: this was the last.

**Refusals** are `application/problem+json` (RFC 9457). Decide by `code`, not by the words;
`errors` points at each field that is wrong. The codes of an operation stand with it, also as
`x-problem-codes`; any operation may be refused with those of the shared responses.

**Doing it once.** Every POST takes an `Idempotency-Key`: the same request with the same key is done
once within 24 hours, and its stored answer comes back with `Idempotent-Replayed: true`.

**Changing what you have read.** Reading one thing answers an `ETag`; give it as `If-Match` with the
change, and 412 says that somebody was quicker. In a PATCH a field that is not given stays as it is,
null empties it.

**Limits.** Answers say how many requests are left for the key: `RateLimit-Limit`,
`RateLimit-Remaining`, `RateLimit-Reset`; beyond them 429 with `Retry-After`. `X-Request-Id` names
an answer in the logs.

**Following what happens.** Ask `GET /v1/events` by cursor, follow `GET /v1/events/stream`, or have
events posted to a webhook.
"""

TAGS = {
    "account": "The account that the key belongs to. Plan and subdomain are the operator's.",
    "users": "The people of the account. Mail from one of their addresses is a teammate's.",
    "teams": "Teams of users; in routing a team stands for its members.",
    "API keys": "Keys of the account. A key hands out no more than it may do itself.",
    "audit log": "Who changed which setting of the account, before and after.",
    "channels": "Team addresses whose mail is forwarded here, from draft to connected, with "
    "sender identity, routing, ticket automation and forwarding address as sub-resources.",
    "sender addresses": "Custom addresses that the account proves to be its own.",
    "sending domains": "Domains of the account's own, connected by DNS records: channels "
    "may write from every address at them.",
    "contacts": "The people outside who write to the account.",
    "conversations": "What one contact and the team write to each other about one thing.",
    "messages": "Mails, internal comments and events of conversations; raw mail, attachments, and "
    "who wrote a mail with the reasons.",
    "deliveries": "What leaves: each mail for each recipient with its fate, and addresses that get "
    "none.",
    "received mail": "The ledger: every delivery over SMTP, to each recipient, with its outcome.",
    "sender lists": "Whose mail is let through, and whose is held back in quarantine.",
    "tickets": "Tickets, the pipelines they go along, and their custom properties.",
    "events": "The ordered log of what happened in the account.",
    "webhooks": "Endpoints that events are posted to, signed as Standard Webhooks describes.",
    "health": "For load balancers and monitoring; no key is needed.",
}

# What fields of these names mean everywhere, where their model says nothing.
FIELDS = {
    "id": "Its id.",
    "items": "The things, in the order that the operation says.",
    "created_at": "When it was made.",
    "updated_at": "When it was changed last.",
    "closed_at": "When it was closed; null: it is open.",
    "received_at": "When it came.",
    "requested_at": "When it was asked for.",
    "started_at": "When it began.",
    "finished_at": "When it was done; null: not yet.",
    "decided_at": "When this was decided.",
    "expires_at": "Until when this holds.",
    "exported_at": "When this was put together.",
    "tracked_at": "Since when; null: it is not tracked.",
    "disabled_at": "When it was switched off; null: it is on.",
    "disabled_reason": "Why it was switched off; null: it is on.",
    "replaying": "Events that are sent once more just now; null: none.",
    "first_response_due_at": "Until when the first answer was promised; null: nothing was.",
    "resolution_due_at": "Until when the end was promised; null: nothing was.",
    "recipient": "The address it is for.",
    "attempts": "How often it was tried.",
    "attachments": "The files of the mail.",
    "subject": "The subject, as plain text in one line.",
    "to": "Whom it is to.",
    "cc": "Who gets a copy.",
    "spam": "Is it spam?",
    "priority": "How urgent it is; null: nothing was said.",
    "category": "What it is about, in the team's own words; null: nothing was said.",
    "availability": "Is the person there?",
    "stages": "The stages, in their order.",
    "candidates": "Who was looked at.",
    "warnings": "What one should know; empty: nothing.",
    "before": "The value before.",
    "after": "The value since.",
    "user_ids": "Ids of users.",
    "team_ids": "Ids of teams.",
    "into": "Id of the one that is left.",
    "filename": "The file's name; empty: it has none.",
    "spf": "The result of SPF (RFC 7208).",
    "dkim": "The result of DKIM (RFC 6376).",
    "dmarc": "The result of DMARC (RFC 7489).",
    "arc": "The result of ARC (RFC 8617).",
    "milliseconds": "How long it took.",
    "error": "What went wrong on the way; empty: nothing did.",
}

SUCCESS = "Successful Response"  # what the framework says where a route says nothing


def introduce(document: Json) -> None:
    """Say what this is, whose it is, and how one is let in; changes the document."""
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    document["info"]["summary"] = "Team addresses as conversations: mail in, JSON out."
    document["info"]["contact"] = {"name": "Whoever runs this installation"}
    document["servers"] = [{"url": "/", "description": "This installation."}]
    areas = ", ".join(f"`{name}`" for name in accounts.SCOPES if name.endswith(":read"))
    document["components"]["securitySchemes"]["api_key"]["description"] = (
        "An API key of the account, made with `POST /v1/api-keys` or on the command line "
        f"(`hosted-inbox keys create`). Its scopes are {areas}, each also with `:write`, which "
        "includes reading; `*` is everything."
    )


def say_fields(schemas: Json, ids: dict[str, tuple[str, str]]) -> None:
    """Say of fields that have no words what their name means everywhere; changes the schemas."""
    for schema in schemas.values():
        for name, field in schema.get("properties", {}).items():
            words = FIELDS.get(name)
            if name in ids:
                what, prefix = ids[name]
                words = f"Id of {what} (`{prefix}_…`)."
            if words and "$ref" not in field:
                field.setdefault("description", words)


def say_answers(document: Json) -> None:
    """Say of each success what it shows; changes the document."""
    schemas = document["components"]["schemas"]
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if response.get("description") == SUCCESS:
                    response["description"] = _shown(status, response, schemas)


def _shown(status: str, response: Json, schemas: Json) -> str:
    if status == "204":
        return "It is done; there is nothing to show."
    content = response.get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    if "next_cursor" in schemas.get(name, {}).get("properties", {}):
        return "A piece of the list."
    words = schemas.get(name, {}).get("description", "What was asked for.")
    return str(words.partition("\n\n")[0])
