"""The whole way: a channel is set up, mail comes, a conversation stands in the API."""

from __future__ import annotations

import httpx
import pytest
from aiosmtplib import SMTPDataError, SMTPRecipientsRefused

from tests.builders import connected_channel, kept, mail, read_kept
from tests.conftest import Account, Deliver, Service
from tests.journeys.conftest import Inbox, over_the_wire


async def test_a_channel_set_up_in_single_steps_receives_mail(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    draft = (
        await http.post(
            "/v1/channels",
            json={"shared": True, "provider": "other", "team_address": "support@acme.example"},
        )
    ).json()
    path = f"/v1/channels/{draft['id']}"
    steps = {
        "sender-identity": {
            "name_style": "company",
            "company_name": "Acme",
            "address": {"kind": "default"},
        },
        "routing": {"mode": "unassigned"},
        "ticket-automation": {"enabled": False},
        "forwarding-address": {"local_part": "help"},
    }

    for name, body in steps.items():
        answer = await http.put(f"{path}/{name}", json=body)
        assert answer.status_code == 200, answer.text
    assert (await http.get(f"{path}/setup")).json()["ready"] is True
    connected = (await http.post(f"{path}/connect")).json()
    received, message = await read_kept(
        http, await deliver(mail(), connected["forwarding_address"])
    )

    assert connected["forwarding_address"].startswith("help@")
    assert received["channel_id"] == draft["id"]
    assert message["author"]["address"] == "carla@customer.example"


async def test_a_mail_becomes_a_conversation_with_its_contact(inbox: Inbox) -> None:
    message = await inbox.take()

    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert message["from"] == {"name": "Carla Customer", "address": "carla@customer.example"}
    assert message["author"] == {
        "contact_id": contact["id"],
        "user_id": None,
        "name": "Carla Customer",
        "address": "carla@customer.example",
    }
    assert (message["kind"], message["direction"], message["class"]) == (
        "message",
        "incoming",
        "human",
    )
    assert message["message_id"] == "1@customer.example"
    assert message["text"].strip() == "Hello, my order has not come."
    assert message["pending"] is False
    assert conversation["subject"] == "Where is my order?"
    assert conversation["state"] == "open"
    assert conversation["assignee_id"] is None
    assert conversation["message_count"] == 1
    assert conversation["last_received_at"] is not None
    assert conversation["participants"] == [
        {"name": "Carla Customer", "address": "carla@customer.example"}
    ]
    assert contact["name"] == "Carla Customer"
    assert contact["addresses"] == ["carla@customer.example"]


async def test_the_ledger_tells_of_the_delivery(inbox: Inbox) -> None:
    received = await inbox.receive()

    assert received["outcome"] == "accepted"
    assert received["envelope_from"] == "forwarder@forwarder.example"
    assert received["recipient"] == inbox.address
    assert received["channel_id"] == inbox.channel["id"]
    assert received["class"] == "human"
    assert received["size"] == len(mail())
    assert received["remote_address"] == "127.0.0.1"


async def test_mail_to_a_draft_or_to_nobody_is_refused_alike(
    http: httpx.AsyncClient, account: Account, deliver: Deliver
) -> None:
    draft = (await http.post("/v1/channels", json={"shared": True, "provider": "other"})).json()
    replies = []

    for recipient in (draft["forwarding_address"], f"nobody@{account.hosted_domain}"):
        with pytest.raises(SMTPRecipientsRefused) as refused:
            await deliver(mail(), recipient)
        replies.append((refused.value.recipients[0].code, refused.value.recipients[0].message))

    assert [code for code, _ in replies] == [550, 550]
    assert replies[0][1] == replies[1][1]
    assert replies[0][1].startswith("5.1.1")


async def test_mail_to_a_deleted_channel_is_refused_and_its_conversations_stay(
    inbox: Inbox,
) -> None:
    message = await inbox.take()

    assert (await inbox.http.delete(f"/v1/channels/{inbox.channel['id']}")).status_code == 204
    # RCPT remembers an address for some seconds; DATA looks again, so the answer is 550 either way.
    with pytest.raises((SMTPRecipientsRefused, SMTPDataError)) as refused:
        await inbox.deliver(mail(message_id="<2@customer.example>"), inbox.address)

    fault = refused.value
    code = fault.recipients[0].code if isinstance(fault, SMTPRecipientsRefused) else fault.code
    assert code == 550
    assert (await inbox.conversation_of(message))["message_count"] == 1


async def test_a_tag_behind_a_plus_reaches_the_channel(inbox: Inbox) -> None:
    local, _, domain = inbox.address.partition("@")

    reply = await inbox.deliver(mail(), f"{local}+orders@{domain}")

    received, message = await read_kept(inbox.http, reply)
    assert received["channel_id"] == inbox.channel["id"]
    assert received["recipient"] == f"{local}+orders@{domain}"
    assert message["channel_id"] == inbox.channel["id"]


async def test_the_recipient_is_found_without_regard_to_case(inbox: Inbox) -> None:
    reply = await inbox.deliver(mail(), inbox.address.upper())

    assert len(kept(reply)) == 1


async def test_one_mail_to_two_channels_is_a_delivery_for_each(inbox: Inbox) -> None:
    sales = await connected_channel(inbox.http, team_address="sales@acme.example")

    reply = await inbox.deliver(mail(), inbox.address, sales["forwarding_address"])

    rows = [await inbox.get(f"/v1/received-mail/{one}") for one in kept(reply)]
    assert [row["channel_id"] for row in rows] == [inbox.channel["id"], sales["id"]]
    assert [row["outcome"] for row in rows] == ["accepted", "accepted"]
    assert len({row["conversation_id"] for row in rows}) == 2
    assert await inbox.contact_addresses() == [["carla@customer.example"]]


async def test_another_account_sees_nothing_of_it(
    inbox: Inbox, other_http: httpx.AsyncClient
) -> None:
    received = await inbox.receive()
    message_id = received["message_id"]
    paths = [
        f"/v1/received-mail/{received['id']}",
        f"/v1/received-mail/{received['id']}/raw",
        f"/v1/messages/{message_id}",
        f"/v1/messages/{message_id}/raw",
        f"/v1/messages/{message_id}/attribution",
        f"/v1/conversations/{received['conversation_id']}",
        f"/v1/conversations/{received['conversation_id']}/messages",
    ]

    answers = [(await other_http.get(path)).status_code for path in paths]

    assert answers == [404] * len(paths)
    for path in ("/v1/conversations", "/v1/received-mail", "/v1/contacts", "/v1/events"):
        assert (await other_http.get(path)).json()["items"] == []


async def test_addresses_beyond_ascii_write_in(inbox: Inbox) -> None:
    raw = mail(sender="Jürgen <jürgen@bücher.example>").replace(b"Hello", "Grüße".encode())

    message = await inbox.take(raw)

    assert message["author"]["address"] == "jürgen@bücher.example"
    [contact] = await inbox.all("/v1/contacts", address="JÜRGEN@xn--bcher-kva.example")
    assert contact["id"] == message["author"]["contact_id"]


async def test_an_envelope_beyond_ascii_stands_in_the_ledger(
    inbox: Inbox, service: Service
) -> None:
    sender = "<jürgen@bücher.example> SMTPUTF8"

    reply = await over_the_wire(service.smtp_port, inbox.address, mail(), sender)

    [row] = await inbox.all("/v1/received-mail", sender="jürgen@bücher.example")
    assert [row["id"]] == kept(reply)


async def test_a_null_reverse_path_is_taken(inbox: Inbox) -> None:
    reply = await inbox.deliver(mail(), inbox.address, sender="")

    [row] = await inbox.all("/v1/received-mail", sender="")
    assert [row["id"]] == kept(reply)
    assert row["class"] == "auto_generated"
