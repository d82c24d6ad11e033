"""
The faces of a thing that its example shows, and which of them an operation answers with.

Each state is what differs from the values in `example_values.py`; the first one stands for the
thing wherever it is part of another answer. An operation that is not in `SHOWN` shows all states.
"""

from __future__ import annotations

from typing import Any

from app.api.example_story import (
    ANSWER,
    CAME_AT,
    CARLA,
    HOSTED,
    NOBODY,
    SENT_AT,
    SENT_FROM,
    STAGES,
    UNKNOWN,
    Like,
    an_id,
)

_DRAFT_ADDRESS = "sales@acme.inbox.example"
_ANN = {"contact_id": None, "user_id": an_id("usr"), "name": "Ann Lee",
        "address": "ann@acme.example"}  # fmt: skip
_QUEUED: dict[str, Any] = {
    "id": an_id("msg", other=True),
    "direction": "outgoing",
    "from": SENT_FROM,
    "author": _ANN,
    "to": [CARLA],
    "subject": "Re: Where is my order?",
    "text": f"{ANSWER}\n\nOn 2026-11-24 at 08:29 UTC, Carla Customer <carla@customer.example> "
    "wrote:\n> Hello, my order 17 has not come. Can you look?\n>\n> Carla",
    "html": "<div>Hello Carla,<br>\n<br>\nyour order leaves today.</div>",
    "reply_text": ANSWER,
    "quoted_text": "Hello, my order 17 has not come. Can you look?\n\nCarla\n",
    "attachments": [],
    "message_id": "msg-agra2bjayn2sdbqpf5jj7x6zzy.robgx6akopaypog4t7@acme.inbox.example",
    "in_reply_to": "order-17@customer.example",
    "deliveries": [Like("DeliveryView")],
    "authentication": UNKNOWN,
    "sent_at": SENT_AT,
    "created_at": SENT_AT,
}
_CLOSED_AT = "2026-11-24T10:15:00Z"

STATES: dict[str, dict[str, dict[str, Any]]] = {
    "UserView": {"available": {}, "away": {"availability": "away"}},
    "ChannelView": {
        "connected": {},
        "draft": {
            "id": an_id("chn", other=True),
            "state": "draft",
            "name": "Sales",
            "team_address": "sales@acme.example",
            "other_team_addresses": [],
            "gateways": [],
            "forwarding_address": _DRAFT_ADDRESS,
            "forwarding": {"status": "unknown", "last_received_at": None},
            "sender_identity": {
                "name_style": "agent_and_company",
                "company_name": "Acme Sales",
                "address": {"kind": "custom", "address": "sales@acme.example"},
                "in_force": {"kind": "default", "address": _DRAFT_ADDRESS},
                "warnings": [
                    {
                        "code": "sender_identity.address_not_verified",
                        "detail": "sales@acme.example is neither verified nor at a connected "
                        "sending domain. The channel keeps its address until it is.",
                    }
                ],
            },
            "routing": Like("RoutingView", "unassigned"),
            "ticket_automation": Like("TicketAutomationView", "off"),
            "service_targets": None,
            "connected_at": None,
        },
    },
    "RoutingView": {
        "users_and_teams": {},
        "contact_owner": {
            "mode": "contact_owner",
            "team_ids": [],
            "fallback": {"user_ids": [an_id("usr")], "team_ids": []},
        },
        "unassigned": {"mode": "unassigned", "team_ids": []},
    },
    "TicketAutomationView": {"on": {}, "off": {"enabled": False}},
    "SenderIdentityView": {
        "default": {},
        "custom": {
            "address": {"kind": "custom", "address": "support@acme.example"},
            "in_force": {"kind": "custom", "address": "support@acme.example"},
        },
    },
    "ForwardingAddressView": {
        "connected": {},
        "draft": {"local_part": "sales", "forwarding_address": _DRAFT_ADDRESS, "frozen": False},
    },
    "SetupView": {
        "ready": {},
        "not_ready": {
            "steps": [
                {"name": "shared_account", "done": True, "problems": []},
                {
                    "name": "routing",
                    "done": False,
                    "problems": [
                        {
                            "code": "routing.nobody_left",
                            "detail": "None of the users and teams of the rule exists any more.",
                            "blocking": True,
                        }
                    ],
                },
            ],
            "ready": False,
        },
    },
    "ForwardingView": {
        "verified": {},
        "to_be_confirmed": {
            "status": "waiting",
            "last_received_at": None,
            "confirmation": {
                "provider": "gmail",
                "code": "123456789",
                "url": "https://mail.google.com/mail/vf-EXAMPLE",
                "received_at": "2026-11-02T09:32:00Z",
            },
            "test": None,
        },
    },
    "ForwardingTestView": {
        "passed": {},
        "waiting": {"state": "waiting", "finished_at": None},
    },
    "SenderAddressItem": {
        "pending": {},
        "verified": {"state": "verified", "verified_at": "2026-11-02T10:03:00Z"},
    },
    "SendingDomainView": {
        "connected": {},
        "pending": {
            "state": "pending",
            "records": [Like("RecordView", "pending")],
            "checked_at": None,
            "connected_at": None,
        },
    },
    "RecordView": {"valid": {}, "pending": {"state": "pending", "found": None}},
    "ContactView": {
        "known": {},
        "placeholder": {
            "id": an_id("con", other=True),
            "name": "",
            "addresses": [],
            "tracking": {"tracked": False, "token": None, "tracked_at": None},
            "placeholder": True,
        },
    },
    "ErasureView": {"done": {}, "running": {"state": "running", "finished_at": None}},
    "ConversationView": {
        "open": {},
        "closed": {"state": "closed", "closed_at": _CLOSED_AT, "resolution_seconds": 6300},
        "follow_up": {
            "id": an_id("cnv", other=True),
            "assignee_id": None,
            "ticket_id": None,
            "follow_up_of": an_id("cnv"),
            "message_count": 1,
            "last_message_at": CAME_AT,
            "last_sent_at": None,
            "routing_decision": None,
            "first_response_seconds": None,
        },
    },
    "MessageView": {
        "received": {},
        "queued": _QUEUED,
        "sent": {**_QUEUED, "deliveries": [Like("DeliveryView", "sent")]},
        "comment": {
            "id": an_id("msg", other=True),
            "kind": "comment",
            "direction": None,
            "from": NOBODY,
            "author": _ANN,
            "to": [],
            "text": "I know her, let me take it.",
            "reply_text": "I know her, let me take it.",
            "attachments": [],
            "message_id": "",
            "authentication": UNKNOWN,
            "sent_at": None,
            "created_at": "2026-11-24T08:41:00Z",
        },
    },
    "AttributionView": {
        "transparent": {},
        "forwarded_by_a_teammate": {
            "class": "teammate",
            "method": "inline-forward",
            "forwarder": "ann@acme.example",
            "trust": "unverified",
            "candidates": [
                {
                    "method": "from",
                    "name": "Ann Lee",
                    "address": "ann@acme.example",
                    "accepted": False,
                    "reason": "From is a user of the account, who forwarded it.",
                },
                {
                    "method": "inline-forward",
                    "name": "Carla Customer",
                    "address": "carla@customer.example",
                    "accepted": True,
                    "reason": "The forwarded mail names its author.",
                },
            ],
            "original": Like("OriginalView"),
        },
    },
    "DecisionView": {
        "assigned": {},
        "simulated": {"cause": "simulated"},
        "nobody_available": {
            "winner": None,
            "reason": "nobody_available",
            "waiting": True,
            "candidates": [
                {
                    "user_id": an_id("usr"),
                    "name": "Ann Lee",
                    "via": an_id("tea"),
                    "skipped": "away",
                    "load": None,
                    "last_assigned_at": None,
                }
            ],
        },
    },
    "DeliveryView": {
        "queued": {},
        "sent": {
            "state": "sent",
            "detail": "250 2.0.0 Ok: queued as 4Zk2pT",
            "attempts": 1,
            "next_attempt_at": None,
            "sent_at": "2026-11-24T08:47:14Z",
        },
        "canceled": {"state": "canceled", "next_attempt_at": None},
    },
    "Deliveries": {
        "queued": {},
        "canceled": {"deliveries": [Like("DeliveryView", "canceled")]},
    },
    "ReceivedMailView": {
        "accepted": {},
        "quarantined": {
            "id": an_id("rcv", other=True),
            "outcome": "quarantined",
            "reason": "spam.example is on the deny list.",
            "envelope_from": "offers@spam.example",
            "message_id": None,
            "conversation_id": None,
            "authentication": {"spf": "fail", "dkim": "none", "dmarc": "fail", "arc": "none"},
        },
        "released": {"released_at": "2026-11-24T09:05:00Z"},
    },
    "ReplayedView": {"looked": {}, "done": {"dry_run": False}},
    "ListedSenderView": {
        "domain": {},
        "address": {
            "id": an_id("lst", other=True),
            "kind": "allow",
            "address": "carla@customer.example",
            "domain": None,
        },
    },
    "TicketView": {
        "open": {},
        "closed": {
            "stage_id": STAGES[3]["id"],
            "state": "closed",
            "closed_at": _CLOSED_AT,
            "resolution_seconds": 6300,
            "updated_at": _CLOSED_AT,
        },
    },
    "EventView": {
        "message_received": {},
        "conversation_assigned": {
            "id": an_id("evt", other=True),
            "sequence": 42,
            "type": "conversation.assigned",
            "data": {
                "conversation_id": an_id("cnv"),
                "changes": {"assignee_id": {"before": None, "after": an_id("usr")}},
            },
        },
        "channel_connected": {
            "sequence": 2,
            "type": "channel.connected",
            "created_at": "2026-11-02T09:30:00Z",
            "data": {"channel_id": an_id("chn"), "name": "Support", "forwarding_address": HOSTED},
        },
    },
    "WebhookView": {
        "healthy": {},
        "disabled": {
            "disabled_at": "2026-11-24T08:30:00Z",
            "disabled_reason": "Nothing was taken for 5 days.",
            "failing_since": "2026-11-19T08:12:00Z",
        },
        "replaying": {"replaying": {"after": "0", "until": "40"}},
    },
    "WebhookWithSecretView": {
        "new": {},
        "rotated": {"former_secret_until": "2026-11-25T08:30:00Z"},
    },
    "WebhookDeliveryView": {
        "delivered": {},
        "waiting": {"state": "waiting", "next_attempt_at": CAME_AT},
        "test": {
            "event_type": "webhook.test",
            "sequence": None,
            "state": "waiting",
            "next_attempt_at": CAME_AT,
            "request": {
                "url": "https://hooks.example/hosted-inbox",
                "body": {
                    "id": an_id("evt"),
                    "type": "webhook.test",
                    "sequence": 0,
                    "created_at": CAME_AT,
                    "data": {"webhook_id": an_id("whk")},
                },
            },
            "attempts": [],
        },
    },
}
