"""F1, F2, F3, F7: machines open, reopen and assign nothing, and are still there to be seen."""

from __future__ import annotations

import pytest
from aiosmtplib import SMTPDataError

from tests.builders import mail
from tests.journeys.conftest import Inbox

ANSWER = "In-Reply-To: <1@customer.example>\r\n"
CONFIRM = "https://mail-settings.google.com/mail/vf-%5BABC-def_123%5D-xYz"


def bounce(returned_id: str, message_id: str = "<b@mx.customer.example>") -> bytes:
    """A report that a mail could not be delivered (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@mx.customer.example\r\nTo: support@acme.example\r\n"
        f"Subject: Undelivered Mail\r\nMessage-ID: {message_id}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;"
        ' boundary="r"\r\n\r\n'
        "--r\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        "--r\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.customer.example\r\n\r\n"
        "Final-Recipient: rfc822; carla@customer.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        "--r\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"From: support@acme.example\r\nMessage-ID: {returned_id}\r\n\r\n--r--\r\n"
    ).encode()


def confirmation() -> bytes:
    """Gmail asks whether it may forward."""
    return mail(
        f"support@acme.example has requested to forward.\n\nTo allow it:\n\n{CONFIRM}\n",
        sender="Gmail Team <forwarding-noreply@google.com>",
        subject="(#123456789) Gmail Forwarding Confirmation - Receive Mail from x@acme.example",
        message_id="<confirm@google.com>",
    )


@pytest.mark.parametrize(
    ("more", "mail_class"),
    [
        ("Auto-Submitted: auto-replied (vacation)\r\n", "out_of_office"),
        ("Auto-Submitted: auto-replied\r\n", "auto_reply"),
        ("Auto-Submitted: auto-generated\r\n", "auto_generated"),
        ("List-ID: <news.shop.example>\r\nPrecedence: bulk\r\n", "bulk"),
    ],
)
async def test_machine_mail_stands_in_its_lane_without_conversation_or_contact(
    inbox: Inbox, more: str, mail_class: str
) -> None:
    received = await inbox.receive(more=more)

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert received["outcome"] == "accepted"
    assert received["class"] == message["class"] == mail_class
    assert received["reason"]
    assert message["conversation_id"] is None
    assert await inbox.all("/v1/conversations") == []
    assert await inbox.all("/v1/contacts") == []


async def test_an_automatic_answer_joins_its_conversation_and_never_reopens(
    inbox: Inbox,
) -> None:
    first = await inbox.take()
    await inbox.patch(f"/v1/conversations/{first['conversation_id']}", {"state": "closed"})
    before = await inbox.conversation_of(first)

    message = await inbox.take(
        text="I am away.",
        message_id="<2@customer.example>",
        more=f"{ANSWER}Auto-Submitted: auto-replied\r\n",
    )

    after = await inbox.conversation_of(first)
    assert message["conversation_id"] == first["conversation_id"]
    assert message["pending"] is False
    assert after["state"] == "closed"
    assert after["last_received_at"] == before["last_received_at"]
    assert after["message_count"] == before["message_count"] + 1


async def test_a_strangers_machine_waits_as_pending(inbox: Inbox) -> None:
    await inbox.take()

    message = await inbox.take(
        sender="eve@else.example",
        message_id="<2@else.example>",
        more=f"{ANSWER}Auto-Submitted: auto-replied\r\n",
    )

    assert message["pending"] is True


async def test_a_bounce_joins_the_conversation_of_the_mail_it_returns(inbox: Inbox) -> None:
    first = await inbox.take()

    message = await inbox.take(bounce("<1@customer.example>"))
    lonely = await inbox.take(bounce("<unknown@else.example>", "<b2@mx.customer.example>"))

    assert message["class"] == "bounce"
    assert message["conversation_id"] == first["conversation_id"]
    assert message["pending"] is False
    assert message["report"]["type"] == "bounce"
    [recipient] = message["report"]["recipients"]
    assert recipient["address"] == "carla@customer.example"
    assert recipient["status"] == "5.1.1"
    assert lonely["conversation_id"] is None
    assert len(await inbox.all("/v1/contacts")) == 1


async def test_what_the_own_group_adds_makes_nobody_a_machine(inbox: Inbox) -> None:
    more = (
        "List-ID: <support.acme.example>\r\nPrecedence: list\r\n"
        "List-Unsubscribe: <mailto:support+unsubscribe@acme.example>\r\n"
        "Mailing-List: list support@acme.example; contact support+owners@acme.example\r\n"
    )

    received = await inbox.receive(more=more)

    assert received["class"] == "human"
    assert received["conversation_id"] is not None


async def test_suppressing_answers_alone_makes_nobody_a_machine(inbox: Inbox) -> None:
    received = await inbox.receive(more="X-Auto-Response-Suppress: All\r\n")

    assert received["class"] == "human"


async def test_a_mail_that_went_round_too_often_is_refused_and_listed(inbox: Inbox) -> None:
    hops = "".join(f"Received: from a{n} by b{n}; Tue, 24 Nov 2026\r\n" for n in range(101))

    with pytest.raises(SMTPDataError) as refused:
        await inbox.deliver(hops.encode() + mail(), inbox.address)

    assert refused.value.code == 554
    assert refused.value.message.startswith("5.4.6")
    assert await inbox.all("/v1/conversations") == []
    [row] = await inbox.refusals(1)
    assert row["reason"].startswith("554 5.4.6")
    assert (row["recipient"], row["channel_id"]) == (inbox.address, inbox.channel["id"])


async def test_a_hundred_hops_are_taken(inbox: Inbox) -> None:
    hops = "".join(f"Received: from a{n} by b{n}; Tue, 24 Nov 2026\r\n" for n in range(99))

    received = await inbox.receive(hops.encode() + mail())

    assert received["outcome"] == "accepted"


async def test_gmails_confirmation_is_shown_at_the_set_up_and_nowhere_else(inbox: Inbox) -> None:
    received = await inbox.receive(confirmation())

    forwarding = await inbox.get(f"/v1/channels/{inbox.channel['id']}/forwarding")
    setup = await inbox.get(f"/v1/channels/{inbox.channel['id']}/setup")
    assert forwarding["status"] == "waiting"
    assert forwarding["confirmation"]["provider"] == "gmail"
    assert forwarding["confirmation"]["code"] == "123456789"
    assert forwarding["confirmation"]["url"] == CONFIRM
    assert forwarding["confirmation"]["received_at"]
    assert setup["steps"]
    assert received["conversation_id"] is None
    assert "confirm" in received["reason"]
    assert await inbox.all("/v1/conversations") == []
    assert await inbox.all("/v1/contacts") == []


async def test_a_further_mailbox_is_confirmed_where_mail_comes_already(inbox: Inbox) -> None:
    await inbox.take()  # a colleague tries the address out, or another mailbox forwards

    received = await inbox.receive(confirmation())

    forwarding = await inbox.get(f"/v1/channels/{inbox.channel['id']}/forwarding")
    setup = await inbox.get(f"/v1/channels/{inbox.channel['id']}/setup")
    assert forwarding["status"] == "verified"
    assert forwarding["confirmation"]["code"] == "123456789"
    assert all(step["done"] for step in setup["steps"] if step["name"] == "forwarding")
    assert received["conversation_id"] is None


async def test_the_first_mail_proves_the_forwarding(inbox: Inbox) -> None:
    before = await inbox.get(f"/v1/channels/{inbox.channel['id']}/forwarding")

    await inbox.take()
    await inbox.take(message_id="<2@customer.example>", text="Another")

    after = await inbox.get(f"/v1/channels/{inbox.channel['id']}/forwarding")
    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert (before["status"], after["status"]) == ("waiting", "verified")
    assert after["last_received_at"] is not None
    assert types.count("channel.forwarding_verified") == 1
