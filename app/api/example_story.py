"""
The story that the examples of the OpenAPI document tell: its people, ids, moments and texts.

Ann Lee of Acme answers Carla Customer, whose mail was forwarded from support@acme.example.
"""

from __future__ import annotations

from dataclasses import dataclass

_ONE = "0193a5c2f7b87c6e9d1a4b5c6d7e8f90"  # as in the examples of requests
_OTHER = "0193a5c31a447d0e8c2b5f6071829304"
# What the id of a view, or a field that ends in this word and `_id`, begins with.
PREFIXES = {
    "account": "acc", "user": "usr", "team": "tea", "key": "key", "channel": "chn",
    "contact": "con", "conversation": "cnv", "message": "msg", "attachment": "att",
    "received": "rcv", "listed": "lst", "pipeline": "pip", "webhook": "whk", "suppression": "sup",
    "erasure": "era", "delivery": "whd", "address": "adr", "domain": "dom", "ticket": "tkt",
    "property": "tpr", "stage": "stg", "owner": "usr", "assignee": "usr", "event": "evt",
    "upload": "upl", "outbox": "out", "author": "usr", "member": "usr", "resource": "chn",
}  # fmt: skip
KINDS = {
    "AccountView": "acc", "UserView": "usr", "TeamView": "tea", "ApiKeyView": "key",
    "AuditEntryView": "aud", "ChannelView": "chn", "ForwardingTestView": "fwt",
    "SenderAddressItem": "adr", "SendingDomainView": "dom", "ContactView": "con",
    "ErasureView": "era", "ConversationView": "cnv", "MessageView": "msg", "AttachmentView": "att",
    "DeliveryView": "out", "OutboxItemView": "out", "SuppressionView": "sup", "UploadView": "upl",
    "ReceivedMailView": "rcv", "ReplayedView": "rcv", "ListedSenderView": "lst",
    "TicketView": "tkt", "HistoryView": "tkh", "PipelineView": "pip", "StageView": "stg",
    "PropertyView": "tpr", "EventView": "evt", "WebhookView": "whk", "WebhookDeliveryView": "whd",
    "StoredDecisionView": "rdn", "Who": "usr",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Like:
    """The example of another schema, in one of its states; empty: in the first."""

    schema: str
    state: str = ""


def an_id(prefix: str, *, other: bool = False) -> str:
    """An id of the story: all of its first things share one number, the second ones another."""
    return f"{prefix}_{_OTHER if other else _ONE}"


HOSTED = "support@acme.inbox.example"
CARLA = {"name": "Carla Customer", "address": "carla@customer.example"}
SENT_FROM = {"name": "Ann Lee from Acme", "address": HOSTED}
NOBODY = {"name": "", "address": ""}
UNKNOWN = {"spf": None, "dkim": None, "dmarc": None, "arc": None}
ASKED = "Hello, my order 17 has not come. Can you look?\n\nCarla"
ANSWER = "Hello Carla,\n\nyour order leaves today."
CAME_AT, SENT_AT = "2026-11-24T08:30:00Z", "2026-11-24T08:47:12Z"
STAGES = [
    {"id": f"stg_{number:032x}", "name": name, "state": state}
    for number, (name, state) in enumerate(
        [("New", "open"), ("Waiting on contact", "open"), ("Waiting on us", "open"),
         ("Closed", "closed")], 0x0193A5C2F7B87C6E9D1A4B5C6D7E8F90
    )
]  # fmt: skip
RECEIVED_EVENT = {
    "message_id": an_id("msg"), "conversation_id": an_id("cnv"), "channel_id": an_id("chn"),
    "class": "human", "pending": False,
}  # fmt: skip
