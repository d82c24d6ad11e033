"""
The whole wizard and a first conversation, through a client generated from the OpenAPI document.

    python walk.py BASE_URL API_KEY

Prints the forwarding address, waits until a mail to it has become a conversation, and prints what
was read as one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TypeVar

from hosted_inbox_client import AuthenticatedClient, models
from hosted_inbox_client.api.channels import (
    connect_channel,
    create_channel,
    get_channel_setup,
    preview_sender_identity,
    set_forwarding_address,
    set_routing,
    set_sender_identity,
    set_ticket_automation,
)
from hosted_inbox_client.api.conversations import list_conversations, list_messages
from hosted_inbox_client.api.tickets import get_ticket, list_ticket_pipelines
from hosted_inbox_client.api.users import create_user

T = TypeVar("T")


def good(answer: T | models.Problem | None) -> T:
    """The answer; a refusal ends the program with its code."""
    if answer is None or isinstance(answer, models.Problem):
        raise SystemExit(f"Refused: {answer}")
    return answer


def connect(inbox: AuthenticatedClient) -> models.ChannelView:
    """Draft, sender, routing, tickets, forwarding address, set-up, connect."""
    ann = good(
        create_user.sync(
            client=inbox, body=models.NewUser(name="Ann Lee", email="ann@acme.example")
        )
    )
    draft = good(
        create_channel.sync(
            client=inbox,
            idempotency_key="the first channel",
            body=models.NewChannelBody(
                shared=True,
                provider=models.NewChannelBodyProvider.OTHER,
                team_address="support@acme.example",
            ),
        )
    )
    sender = models.SenderIdentityBody(
        name_style=models.SenderIdentityBodyNameStyle.AGENT_AND_COMPANY,
        company_name="Acme Lamps",
        address=models.SenderAddress(kind=models.SenderAddressKind.DEFAULT),
    )
    good(set_sender_identity.sync(draft.id, client=inbox, body=sender))
    preview = good(preview_sender_identity.sync(draft.id, client=inbox, user_id=ann.id))
    assert preview.from_name == "Ann Lee from Acme Lamps", preview
    routing = models.RoutingBody(mode=models.RoutingBodyMode.USERS_AND_TEAMS, user_ids=[ann.id])
    good(set_routing.sync(draft.id, client=inbox, body=routing))
    pipeline = good(list_ticket_pipelines.sync(client=inbox)).items[0]
    tickets = models.TicketAutomationBody(
        enabled=True,
        properties=models.TicketPropertiesBody(
            pipeline_id=pipeline.id,
            stage_id=pipeline.stages[0].id,
            priority=models.TicketPropertiesBodyPriorityType0.HIGH,
        ),
    )
    good(set_ticket_automation.sync(draft.id, client=inbox, body=tickets))
    address = models.ForwardingAddressBody(local_part="help")
    good(set_forwarding_address.sync(draft.id, client=inbox, body=address))
    setup = good(get_channel_setup.sync(draft.id, client=inbox))
    assert setup.ready, setup.steps
    connected = good(connect_channel.sync(draft.id, client=inbox))
    other = models.ForwardingAddressBody(local_part="another")
    again = set_forwarding_address.sync(draft.id, client=inbox, body=other)
    assert isinstance(again, models.Problem)
    assert again.code == "channel.address_frozen"
    return connected


def read(inbox: AuthenticatedClient, channel_id: str) -> dict[str, object]:
    """What came of the first mail: author, words, who it is assigned to, its ticket."""
    for _ in range(200):
        found = good(list_conversations.sync(client=inbox, channel_id=channel_id)).items
        if found:
            break
        time.sleep(0.1)
    else:
        raise SystemExit("No mail came.")
    conversation = found[0]
    messages = good(list_messages.sync(conversation.id, client=inbox)).items
    message = next(one for one in messages if one.kind == models.MessageViewKind.MESSAGE)
    assert conversation.ticket_id is not None
    ticket = good(get_ticket.sync(conversation.ticket_id, client=inbox))
    return {
        "subject": conversation.subject,
        "author": message.author.address,
        "reply_text": message.reply_text.strip(),
        "assigned": conversation.assignee_id is not None,
        "priority": ticket.priority,
    }


def main() -> None:
    """Walk."""
    base_url, key = sys.argv[1:]
    inbox = AuthenticatedClient(base_url=base_url, token=key)
    channel = connect(inbox)
    print(channel.forwarding_address, flush=True)  # noqa: T201 - the test reads it
    print(json.dumps(read(inbox, channel.id)))  # noqa: T201


main()
