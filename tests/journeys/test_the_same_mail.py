"""D3 and D4: the same mail again is a delivery, not a message; another mail is never lost."""

from __future__ import annotations

from tests.builders import kept, mail, new_user
from tests.journeys.conftest import Inbox

FOOTER = "\n\n-- \nYou received this because you are subscribed to the group."


def hop(raw: bytes, name: str = "mx") -> bytes:
    """The mail after one more server."""
    return f"Received: from {name} by other; Tue, 24 Nov 2026 09:31:00 +0100\r\n".encode() + raw


async def test_a_mail_that_is_sent_again_is_one_message(inbox: Inbox) -> None:
    first = await inbox.receive()

    for raw in (mail(), hop(mail())):
        again = await inbox.receive(raw)
        assert (again["outcome"], again["message_id"]) == ("duplicate", first["message_id"])
        assert again["conversation_id"] == first["conversation_id"]

    [conversation] = await inbox.all("/v1/conversations")
    assert conversation["message_count"] == 1
    rows = await inbox.all("/v1/received-mail")
    assert [row["outcome"] for row in rows] == ["duplicate", "duplicate", "accepted"]


async def test_group_and_alias_bring_one_message(inbox: Inbox) -> None:
    by_alias = mail()
    by_group = mail(
        text=f"Hello, my order has not come.{FOOTER}",
        sender='"Carla Customer via Support" <support@acme.example>',
        subject="[support] Where is my order?",
        more="X-Original-From: Carla Customer <carla@customer.example>\r\n"
        "List-ID: <support.acme.example>\r\n",
    )

    one = await inbox.receive(by_alias)
    two = await inbox.receive(by_group)

    assert two["outcome"] == "duplicate"
    assert two["message_id"] == one["message_id"]
    assert len(await inbox.all("/v1/contacts")) == 1


async def test_a_group_that_hides_the_author_brings_the_same_message(inbox: Inbox) -> None:
    hidden = mail(
        sender="Support <support@acme.example>", more="List-ID: <support.acme.example>\r\n"
    )

    one = await inbox.receive()
    two = await inbox.receive(hidden)

    assert (two["outcome"], two["message_id"]) == ("duplicate", one["message_id"])
    assert len(await inbox.all("/v1/contacts")) == 1


async def test_a_reused_message_id_with_other_content_is_a_message_of_its_own(
    inbox: Inbox,
) -> None:
    one = await inbox.receive()

    two = await inbox.receive(text="Something else entirely.")
    again = await inbox.receive(text="Something else entirely.")

    assert two["outcome"] == "accepted"
    assert two["message_id"] != one["message_id"]
    assert two["conversation_id"] != one["conversation_id"]
    assert (again["outcome"], again["message_id"]) == ("duplicate", two["message_id"])


async def test_a_reused_message_id_of_another_writer_is_a_message_of_its_own(
    inbox: Inbox,
) -> None:
    one = await inbox.receive()

    two = await inbox.receive(sender="Eve <eve@else.example>")

    assert two["outcome"] == "accepted"
    assert two["conversation_id"] != one["conversation_id"]


async def test_a_missing_message_id_is_made_the_same_each_time(inbox: Inbox) -> None:
    one = await inbox.receive(message_id=None)
    two = await inbox.receive(hop(mail(message_id=None)))
    other = await inbox.receive(message_id=None, text="Something else.")

    message = await inbox.get(f"/v1/messages/{one['message_id']}")
    assert "@" in message["message_id"]
    assert two["outcome"] == "duplicate"
    assert other["outcome"] == "accepted"


async def test_one_recipient_twice_in_one_mail_is_one_message(inbox: Inbox) -> None:
    local, _, domain = inbox.address.partition("@")

    reply = await inbox.deliver(mail(), inbox.address, f"{local}+tag@{domain}", inbox.address)

    rows = [await inbox.get(f"/v1/received-mail/{one}") for one in kept(reply)]
    assert len({row["message_id"] for row in rows}) == 1
    assert rows[0]["outcome"] == "accepted"
    assert {row["outcome"] for row in rows[1:]} <= {"duplicate"}


async def test_a_retry_after_a_correction_is_still_the_same_mail(inbox: Inbox) -> None:
    first = await inbox.receive()
    path = f"/v1/messages/{first['message_id']}/reattribute"
    await inbox.post(path, {"address": "Dora <dora@strict.example>"})

    again = await inbox.receive(hop(mail()))

    assert (again["outcome"], again["message_id"]) == ("duplicate", first["message_id"])


async def test_a_retry_of_a_teammates_forward_into_a_conversation_is_the_same_mail(
    inbox: Inbox,
) -> None:
    await new_user(inbox.http)
    await inbox.take()
    raw = mail(
        text="FYI\n\n---------- Forwarded message ---------\nFrom: Dora <dora@strict.example>\n"
        "Date: Mon, 23 Nov 2026 at 10:00\nSubject: Lamp\nTo: Ann <ann@acme.example>\n\nBroken.",
        sender="Ann <ann@acme.example>",
        subject="Fwd: Lamp",
        message_id="<fwd@acme.example>",
        more="In-Reply-To: <1@customer.example>\r\n",
    )

    one = await inbox.receive(raw)
    two = await inbox.receive(hop(raw))

    assert (two["outcome"], two["message_id"]) == ("duplicate", one["message_id"])
    assert len(await inbox.all("/v1/contacts")) == 1
