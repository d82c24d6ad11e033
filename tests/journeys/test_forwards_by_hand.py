"""E4 and E5: a teammate forwards a customer's mail; a customer forwards somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import mail, new_user
from tests.journeys.conftest import Inbox
from tests.mail.winmail import attached_file, attached_letter, letter, mail_with, winmail

ANN = "Ann <ann@acme.example>"
BLOCK = """\
---------- Forwarded message ---------
From: Dora Doe <dora@strict.example>
Date: Mon, 23 Nov 2026 at 10:00
Subject: Broken lamp
To: Ann <ann@acme.example>
Cc: Emil <emil@strict.example>

The lamp arrived broken.
"""


def attached(inner: bytes, words: str = "Can somebody take this one?") -> bytes:
    """A forward by Ann with the mail attached whole."""
    head = (
        f"From: {ANN}\r\nTo: support@acme.example\r\nSubject: Fwd: Broken lamp\r\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <fwd@acme.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n'
        f"--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
        "--b1\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return head.encode() + inner + b"\r\n--b1--\r\n"


def with_file(text: str = "The lamp arrived broken.") -> bytes:
    """Dora's mail with a picture."""
    return (
        "From: Dora Doe <dora@strict.example>\r\nTo: ann@acme.example\r\n"
        "Subject: Broken lamp\r\nMessage-ID: <lamp@strict.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b2"\r\n\r\n'
        f"--b2\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
        '--b2\r\nContent-Type: image/png; name="lamp.png"\r\n'
        'Content-Disposition: attachment; filename="lamp.png"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b2--\r\n"
    ).encode()


@pytest.fixture
async def ann(inbox: Inbox) -> dict[str, Any]:
    """A person of the team, with a private address."""
    return await new_user(inbox.http, other_addresses=["ann@home.example"])


async def test_an_inline_forward_belongs_to_the_customer(inbox: Inbox, ann: dict[str, Any]) -> None:
    message = await inbox.take(
        text=f"Can somebody take this one?\n\n{BLOCK}", sender=ANN, subject="Fwd: Broken lamp"
    )

    attribution = await inbox.attribution_of(message)
    conversation = await inbox.conversation_of(message)
    first, comment = await inbox.messages_of(message)
    assert first["id"] == message["id"]
    assert message["from"]["address"] == "ann@acme.example"
    assert message["author"]["address"] == "dora@strict.example"
    assert (message["kind"], message["direction"]) == ("message", "incoming")
    assert message["reply_text"].strip() == "The lamp arrived broken."
    assert conversation["subject"] == "Broken lamp"
    assert [p["address"] for p in conversation["participants"]] == [
        "dora@strict.example",
        "emil@strict.example",
    ]
    assert (attribution["class"], attribution["method"]) == ("teammate", "inline-forward")
    assert attribution["forwarder"] == "ann@acme.example"
    assert attribution["original"]["subject"] == "Broken lamp"
    assert attribution["original"]["author"]["address"] == "dora@strict.example"
    assert comment["kind"] == "comment"
    assert comment["direction"] is None
    assert comment["text"].strip() == "Can somebody take this one?"
    assert comment["author"]["user_id"] == ann["id"]
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


async def test_a_forward_from_a_private_address_is_the_teammates_too(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take(
        text=BLOCK, sender="A <Ann@Home.example>", subject="Fwd: Broken lamp"
    )

    assert message["author"]["address"] == "dora@strict.example"


async def test_an_attached_mail_is_shown_with_its_own_files(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take(attached(with_file()))

    [file] = message["attachments"]
    content = await inbox.http.get(f"/v1/messages/{message['id']}/attachments/{file['id']}")
    attribution = await inbox.attribution_of(message)
    _, comment = await inbox.messages_of(message)
    assert attribution["method"] == "attached-message"
    assert message["author"]["address"] == "dora@strict.example"
    assert message["text"].strip() == "The lamp arrived broken."
    assert file["filename"] == "lamp.png"
    assert content.content == b"\x89PNG\r\n\x1a\n"
    assert comment["text"].strip() == "Can somebody take this one?"


async def test_an_attached_mail_in_utf_8_is_unwrapped_too(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    """message/global (RFC 6532, 3.7) is a whole mail as message/rfc822 is."""
    forward = attached(with_file()).replace(b"message/rfc822", b"message/global")

    message = await inbox.take(forward)

    assert message["author"]["address"] == "dora@strict.example"
    assert [file["filename"] for file in message["attachments"]] == ["lamp.png"]


async def test_an_attached_mail_comes_before_a_block_in_the_text(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    block = BLOCK.replace("dora@strict", "other@other")

    message = await inbox.take(attached(with_file(), block.replace("\n", "\r\n")))

    assert message["author"]["address"] == "dora@strict.example"


async def test_a_forward_of_a_forward_belongs_to_the_outermost_writer(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    inner = BLOCK.replace("Dora Doe <dora@strict", "Frida <frida@far")
    text = BLOCK + "\n" + inner

    message = await inbox.take(text=text, sender=ANN, subject="Fwd: Broken lamp")

    assert message["author"]["address"] == "dora@strict.example"


async def test_a_forward_among_teammates_is_looked_through(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    await new_user(inbox.http, "bob@acme.example")
    outer = BLOCK.replace("Dora Doe <dora@strict.example>", "Bob <bob@acme.example>").replace(
        "The lamp arrived broken.", "Ann, is this yours?"
    )

    message = await inbox.take(
        text=f"{outer}\n{BLOCK}", sender=ANN, subject="Fwd: Fwd: Broken lamp"
    )

    candidates = (await inbox.attribution_of(message))["candidates"]
    assert message["author"]["address"] == "dora@strict.example"
    assert [one["address"] for one in candidates] == [
        "ann@acme.example",
        "bob@acme.example",
        "dora@strict.example",
    ]
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


@pytest.mark.parametrize("writer", ["Bob <bob@acme.example>", "Support <support@acme.example>"])
async def test_a_forward_of_our_own_mail_makes_no_customer(
    inbox: Inbox, ann: dict[str, Any], writer: str
) -> None:
    await new_user(inbox.http, "bob@acme.example")
    text = BLOCK.replace("Dora Doe <dora@strict.example>", writer)

    message = await inbox.take(text=text, sender=ANN, subject="Fwd: Broken lamp")

    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])
    assert await inbox.contact_addresses() == [[]]


async def test_a_block_that_names_nobody_by_address_is_unresolved_not_guessed(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    text = (
        "-----Original Message-----\nFrom: Doe, Dora\nSent: Monday, November 23, 2026 10:00 AM\n"
        "To: Ann\nSubject: Broken lamp\n\nThe lamp arrived broken. Write to x@guess.example.\n"
    )

    message = await inbox.take(text=text, sender=ANN, subject="FW: Broken lamp")

    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert (await inbox.attribution_of(message))["unresolved"] is True
    assert (contact["placeholder"], contact["addresses"]) == (True, [])


async def test_a_teammates_mail_without_a_forward_is_a_comment(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take(text="Note: the shop is closed tomorrow.", sender=ANN)

    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert (message["kind"], message["direction"]) == ("comment", None)
    assert message["author"]["user_id"] == ann["id"]
    assert message["author"]["contact_id"] is None
    assert contact["placeholder"] is True
    assert contact["name"] == ""
    assert conversation["last_received_at"] is None
    assert conversation["participants"] == []


async def test_a_forward_into_a_known_conversation_is_the_teammate_speaking(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    first = await inbox.take()
    text = f"Our supplier says:\n\n{BLOCK}"

    message = await inbox.take(
        text=text,
        sender=ANN,
        subject="Fwd: Broken lamp",
        message_id="<fwd@acme.example>",
        more="In-Reply-To: <1@customer.example>\r\n",
    )

    assert message["conversation_id"] == first["conversation_id"]
    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])
    assert message["text"].split() == text.split()
    assert message["pending"] is False
    assert len(await inbox.messages_of(first)) == 2
    assert await inbox.contact_addresses() == [["carla@customer.example"]]


async def test_a_forward_of_a_mail_that_is_here_already_joins_it_with_all_words(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    inner = with_file()
    first = await inbox.take(inner)

    message = await inbox.take(attached(inner, "Did anybody see this?"))

    assert message["conversation_id"] == first["conversation_id"]
    assert message["kind"] == "comment"
    assert message["text"].strip() == "Did anybody see this?"


async def test_a_customer_who_forwards_stays_the_customer(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    text = f"See below.\n\n{BLOCK}"

    message = await inbox.take(text=text, subject="Fwd: Broken lamp")

    attribution = await inbox.attribution_of(message)
    assert message["author"]["address"] == "carla@customer.example"
    assert (attribution["class"], attribution["original"]) == ("transparent", None)
    assert await inbox.contact_addresses() == [["carla@customer.example"]]


async def test_a_forward_through_the_group_is_unwrapped_too(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take(
        text=BLOCK,
        sender='"Ann via Support" <support@acme.example>',
        subject="[support] Fwd: Broken lamp",
        more="X-Original-From: Ann <ann@acme.example>\r\nList-ID: <support.acme.example>\r\n",
    )

    attribution = await inbox.attribution_of(message)
    assert message["author"]["address"] == "dora@strict.example"
    assert attribution["class"] == "teammate"
    assert attribution["forwarder"] == "ann@acme.example"


async def test_an_attached_mail_that_a_group_rewrote_is_undone_once(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    inner = mail(
        sender='"Dora Doe via Support" <support@acme.example>',
        more="X-Original-From: Dora Doe <dora@strict.example>\r\n",
    )

    message = await inbox.take(attached(inner))

    assert message["author"]["address"] == "dora@strict.example"


async def test_the_same_forward_again_is_one_message(inbox: Inbox, ann: dict[str, Any]) -> None:
    for raw in (attached(with_file()), mail(text=BLOCK, sender=ANN, subject="Fwd: Broken lamp")):
        first = await inbox.receive(raw)
        again = await inbox.receive(b"Received: from a by b; Tue, 24 Nov 2026\r\n" + raw)

        assert again["outcome"] == "duplicate"
        assert again["message_id"] == first["message_id"]


async def test_a_mail_attached_by_outlook_is_shown_as_if_it_had_come_alone(inbox: Inbox) -> None:
    ann = await new_user(inbox.http)
    customer = {0x0042: "Dora", 0x0065: "dora@strict.example", 0x0037: "Lamp", 0x1000: "It broke."}
    inner = letter(customer, None, attached_file("lamp.jpg", b"JPEG"))
    raw = mail_with(winmail(attached_letter(inner)), f"Ann <{ann['email']}>", "Please look.")

    message = await inbox.take(raw)

    decision = await inbox.attribution_of(message)
    [file] = message["attachments"]
    content = await inbox.http.get(f"/v1/messages/{message['id']}/attachments/{file['id']}")
    [shown, comment] = await inbox.messages_of(message)
    conversation = await inbox.conversation_of(message)
    assert decision["method"] == "attached-message"
    assert message["author"]["address"] == "dora@strict.example"
    assert (conversation["subject"], shown["text"]) == ("Lamp", "It broke.")
    assert (file["filename"], content.content) == ("lamp.jpg", b"JPEG")
    assert (comment["kind"], comment["text"].strip()) == ("comment", "Please look.")
