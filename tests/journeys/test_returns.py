"""What comes back to a reply: answers, bounces, our own mail. Forgeries change nothing."""

from __future__ import annotations

import email.policy
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import httpx
import pytest

from app.settings import Settings
from app.worker.purging import go_on_erasing
from tests.builders import connected_channel, mail, new_user, read_kept
from tests.conftest import Deliver, Service
from tests.sink import Sink

CARLA = "Carla Customer <carla@customer.example>"


@pytest.fixture
def settings(settings: Settings, relay: Sink) -> Settings:
    return settings.model_copy(update={"relay_url": relay.url})


@dataclass(frozen=True, slots=True)
class Answered:
    """A conversation in which an agent has answered, and what left."""

    channel: dict[str, Any]
    conversation_id: str
    reply: dict[str, Any]
    return_path: str
    recipient: str
    octets: bytes

    @property
    def sent(self) -> EmailMessage:
        found = message_from_bytes(self.octets, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def message_id(self) -> str:
        return str(self.sent["Message-ID"])


@pytest.fixture
async def answered(http: httpx.AsyncClient, deliver: Deliver, relay: Sink) -> Answered:
    channel = await connected_channel(http)
    ann = await new_user(http)
    _, message = await read_kept(http, await deliver(mail(), channel["forwarding_address"]))
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    answer = await http.post(path, json={"text": "It left today.", "author_id": ann["id"]})
    assert answer.status_code == 202, answer.text
    await relay.received(1)
    sender, recipients, octets = relay.mails[0]
    return Answered(
        channel, message["conversation_id"], answer.json(), sender, recipients[0], octets
    )


async def read(http: httpx.AsyncClient, message_id: str) -> dict[str, Any]:
    answer = await http.get(f"/v1/messages/{message_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def fate(http: httpx.AsyncClient, answered: Answered) -> list[str]:
    deliveries = (await read(http, answered.reply["id"]))["deliveries"]
    return [one["state"] for one in deliveries]


def answer(more: str, *, sender: str = CARLA, number: int = 7) -> bytes:
    return mail(
        "Thank you!",
        sender=sender,
        subject="Another subject",
        message_id=f"<{number}@customer.example>",
        more=more,
    )


def bounce(
    answered: Answered,
    *,
    message_id: str | None = None,
    status: str = "5.1.1",
    action: str = "failed",
) -> bytes:
    """A delivery status notification (RFC 3464) for the reply."""
    return (
        "From: Mail Delivery System <MAILER-DAEMON@mx.customer.example>\r\n"
        "To: <>\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Message-ID: <dsn-1@mx.customer.example>\r\nAuto-Submitted: auto-replied\r\n"
        "Date: Tue, 24 Nov 2026 10:30:00 +0100\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nI could not deliver it.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.customer.example\r\n\r\n"
        f"Final-Recipient: rfc822; {answered.recipient}\r\nAction: {action}\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; 550 {status} User unknown\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id or answered.message_id}\r\nSubject: Re: order\r\n\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("field", ["In-Reply-To", "References"])
async def test_an_answer_with_one_threading_field_stays_in_the_conversation(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered, field: str
) -> None:
    raw = answer(f"{field}: {answered.message_id}\r\n")

    _, message = await read_kept(http, await deliver(raw, answered.channel["forwarding_address"]))

    assert message["conversation_id"] == answered.conversation_id
    assert message["pending"] is False


async def test_an_answer_to_an_id_whose_domain_a_relay_has_changed_stays_in_the_conversation(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    local = answered.message_id.strip("<>").partition("@")[0]
    raw = answer(f"In-Reply-To: <{local.upper()}@relay.example>\r\n")

    _, message = await read_kept(http, await deliver(raw, answered.channel["forwarding_address"]))

    assert message["conversation_id"] == answered.conversation_id


async def test_an_answer_to_the_return_path_stays_in_the_conversation(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    _, message = await read_kept(http, await deliver(answer(""), answered.return_path))

    assert message["conversation_id"] == answered.conversation_id


async def test_a_stranger_with_our_message_id_waits_as_pending(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    raw = answer(f"In-Reply-To: {answered.message_id}\r\n", sender="mallory@elsewhere.example")

    _, message = await read_kept(http, await deliver(raw, answered.channel["forwarding_address"]))

    assert message["conversation_id"] == answered.conversation_id
    assert message["pending"] is True


async def test_a_bounce_to_the_return_path_marks_the_delivery_and_suppresses_the_address(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    received, message = await read_kept(
        http, await deliver(bounce(answered), answered.return_path, sender="")
    )

    assert received["class"] == "bounce"
    assert message["conversation_id"] == answered.conversation_id
    assert message["report"]["type"] == "bounce"
    [delivery] = (await read(http, answered.reply["id"]))["deliveries"]
    assert delivery["state"] == "bounced"
    assert "User unknown" in delivery["detail"]
    suppressed = (await http.get("/v1/suppressions")).json()["items"]
    assert [one["address"] for one in suppressed] == [answered.recipient]
    changes = (await http.get("/v1/events", params={"types": "message.delivery_changed"})).json()
    assert changes["items"][-1]["data"]["state"] == "bounced"


async def test_a_bounce_that_comes_through_the_channel_counts_by_our_message_id(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    await deliver(bounce(answered), answered.channel["forwarding_address"], sender="")

    assert await fate(http, answered) == ["bounced"]


async def test_a_report_about_somebody_who_was_erased_tells_nothing(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered, relay: Sink, service: Service
) -> None:
    author = {"author_id": answered.reply["author"]["user_id"], "text": "To both"}
    path = f"/v1/conversations/{answered.conversation_id}/replies"
    both = {**author, "cc": ["eve@customer.example"]}
    reply = (await http.post(path, json=both)).json()
    await relay.received(3)
    to_eve = {to[0]: sender for sender, to, _ in relay.mails}["eve@customer.example"]
    hers = mail(sender="Eve <eve@customer.example>", message_id="<eve@customer.example>")
    _, message = await read_kept(http, await deliver(hers, answered.channel["forwarding_address"]))
    gone = await http.delete(f"/v1/contacts/{message['author']['contact_id']}")
    assert gone.status_code == 204
    await go_on_erasing(service.database, service.house.store, service.house.secret).run()
    before = (await read(http, reply["id"]))["deliveries"]
    assert [one["recipient"] for one in before] == ["carla@customer.example", ""]

    await deliver(bounce(answered), to_eve, sender="")
    again = await http.post(f"/v1/messages/{reply['id']}/deliveries/retry")

    assert (await read(http, reply["id"]))["deliveries"] == before
    assert (await http.get("/v1/suppressions")).json()["items"] == []
    assert again.json()["code"] == "outbox.nothing_to_retry"


async def test_a_delay_changes_no_state(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    late = bounce(answered, status="4.4.1", action="delayed")
    await deliver(late, answered.return_path, sender="")

    assert await fate(http, answered) == ["sent"]


async def test_a_server_that_gave_up_after_days_has_failed_without_condemning_the_address(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    await deliver(bounce(answered, status="4.4.7"), answered.return_path, sender="")

    assert await fate(http, answered) == ["bounced"]
    assert (await http.get("/v1/suppressions")).json()["items"] == []


async def test_a_forged_bounce_changes_nothing(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    local, _, domain = answered.message_id.strip("<>").partition("@")
    forged = f"<{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}>"

    await deliver(
        bounce(answered, message_id=forged), answered.channel["forwarding_address"], sender=""
    )

    assert await fate(http, answered) == ["sent"]
    assert (await http.get("/v1/suppressions")).json()["items"] == []


async def test_a_forged_return_path_is_an_unknown_address(
    deliver: Deliver, answered: Answered
) -> None:
    local, _, domain = answered.return_path.partition("@")
    forged = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"

    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await deliver(bounce(answered), forged, sender="")


async def test_our_own_reply_that_comes_back_is_the_message_that_there_is(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    footer = answered.octets + b"-- \r\nSent through a list\r\n"
    replies = [
        await deliver(octets, answered.channel["forwarding_address"])
        for octets in (answered.octets, footer)
    ]

    for reply in replies:
        received, message = await read_kept(http, reply)
        assert (received["outcome"], received["class"]) == ("duplicate", "own")
        assert message["id"] == answered.reply["id"]
    messages = (await http.get(f"/v1/conversations/{answered.conversation_id}/messages")).json()
    assert len([one for one in messages["items"] if one["kind"] == "message"]) == 2


async def test_our_own_reply_at_another_channel_opens_nothing(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    other = await connected_channel(http, forwarding_address={"local_part": "sales"})

    _, message = await read_kept(http, await deliver(answered.octets, other["forwarding_address"]))

    assert (message["class"], message["conversation_id"]) == ("own", None)
    assert len((await http.get("/v1/conversations")).json()["items"]) == 1


async def test_a_reply_to_another_account_of_the_house_is_a_mail_like_any_other(
    answered: Answered, other_http: httpx.AsyncClient, deliver: Deliver
) -> None:
    theirs = await connected_channel(other_http, team_address="carla@customer.example")

    reply = await deliver(answered.octets, theirs["forwarding_address"])

    received, message = await read_kept(other_http, reply)
    assert (received["outcome"], received["class"]) == ("accepted", "human")
    assert message["conversation_id"]
    assert message["author"]["address"] == answered.channel["forwarding_address"]


async def test_what_copies_our_mark_onto_another_mail_is_not_our_own(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    mark = answered.sent["X-Hosted-Inbox-Loop"]
    raw = answer(f"X-Hosted-Inbox-Loop: {mark}\r\n", number=8)

    _, message = await read_kept(http, await deliver(raw, answered.channel["forwarding_address"]))

    assert message["class"] == "human"


async def test_mail_reopens_a_conversation_ten_times_a_day_and_then_waits_in_it(
    http: httpx.AsyncClient, deliver: Deliver, answered: Answered
) -> None:
    path = f"/v1/conversations/{answered.conversation_id}"
    states = []
    for number in range(12):
        await http.patch(path, json={"state": "closed"})
        raw = answer(f"In-Reply-To: {answered.message_id}\r\n", number=100 + number)
        await deliver(raw, answered.channel["forwarding_address"])
        states.append((await http.get(path)).json()["state"])

    assert states == ["open"] * 10 + ["closed"] * 2
    assert (await http.get(path)).json()["message_count"] >= 14
    limited = await http.get("/v1/events", params={"types": "conversation.reopening_limited"})
    assert len(limited.json()["items"]) == 2
