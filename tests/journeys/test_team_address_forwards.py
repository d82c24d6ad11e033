"""E3: the team address itself forwards, by a rule of its mailbox or by whoever works in it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import mail, new_user
from tests.journeys.conftest import Inbox

DESK = "Acme Support <support@acme.example>"
RULE = (
    "X-MS-Exchange-Inbox-Rules-Loop: support@acme.example\r\nAuto-Submitted: auto-generated\r\n"
    "In-Reply-To: <1@strict.example>\r\nReferences: <1@strict.example>\r\n"
)


def block(text: str, writer: str = "Dora Doe <dora@strict.example>") -> str:
    """What Exchange prints above a mail that a rule forwards."""
    return (
        f"________________________________\nFrom: {writer}\n"
        "Sent: Monday, November 23, 2026 10:00:00 AM\nTo: Acme Support <support@acme.example>\n"
        f"Cc: Emil <emil@strict.example>\nSubject: Lamp\n\n{text}\n"
    )


def attached(text: str, more: str = "") -> bytes:
    """A mail, with these further fields, that a rule forwards as an attachment."""
    head = (
        f"From: {DESK}\r\nTo: support@acme.example\r\nSubject: FW: Lamp\r\n"
        f"Message-ID: <a@acme.example>\r\n{RULE}"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: text/plain\r\n\r\n\r\n--b1\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    inner = mail(sender="Dora Doe <dora@strict.example>", subject="Lamp", text=text, more=more)
    return head.encode() + inner + b"\r\n--b1--\r\n"


async def test_what_a_rule_forwards_belongs_to_the_customer(inbox: Inbox) -> None:
    first = await inbox.take(
        text=block("It is broken."), sender=DESK, subject="FW: Lamp", more=RULE
    )
    again = await inbox.take(
        text=block("Still broken.\n\nOn Monday, 23 Nov 2026, Acme wrote:\n> We send a new one."),
        sender=DESK,
        subject="FW: Lamp",
        more=RULE,
        message_id="<2@a>",
    )

    attribution = await inbox.get(f"/v1/messages/{first['id']}/attribution")
    conversation = await inbox.get(f"/v1/conversations/{first['conversation_id']}")
    assert (first["class"], first["author"]["address"]) == ("human", "dora@strict.example")
    assert (attribution["class"], attribution["method"]) == ("rewritten", "inline-forward")
    assert attribution["forwarder"] == "support@acme.example"
    assert (conversation["subject"], first["reply_text"]) == ("Lamp", "It is broken.")
    assert [one["address"] for one in conversation["participants"]] == [
        "dora@strict.example",
        "emil@strict.example",
    ]
    assert again["conversation_id"] == first["conversation_id"]
    assert (again["kind"], again["pending"]) == ("message", False)
    assert again["reply_text"] == "Still broken."
    assert again["quoted_text"].endswith("> We send a new one.")
    assert attribution["original"]["sent_at"] == "2026-11-23T10:00:00Z"


async def test_what_a_rule_forwards_as_an_attachment_is_shown_as_it_was(inbox: Inbox) -> None:
    message = await inbox.take(attached("It is broken."))

    attribution = await inbox.get(f"/v1/messages/{message['id']}/attribution")
    assert (attribution["class"], attribution["method"]) == ("rewritten", "attached-message")
    assert message["author"]["address"] == "dora@strict.example"
    assert message["text"].strip() == "It is broken."


@pytest.mark.parametrize(
    ("more", "mail_class"),
    [
        ("Auto-Submitted: auto-replied\r\n", "out_of_office"),
        ("List-Id: <sale.strict.example>\r\nPrecedence: bulk\r\n", "bulk"),
    ],
)
async def test_what_a_machine_wrote_opens_nothing_though_a_rule_passed_it_on(
    inbox: Inbox, more: str, mail_class: str
) -> None:
    received = await inbox.receive(attached("I am out of the office until Monday.", more))

    assert (received["class"], received["conversation_id"]) == (mail_class, None)
    assert await inbox.all("/v1/contacts") == []


async def test_an_automatic_answer_that_a_rule_passes_on_as_text_opens_nothing(
    inbox: Inbox,
) -> None:
    text = block("I am back on Monday.").replace("Subject: Lamp", "Subject: Automatic reply: Lamp")

    received = await inbox.receive(
        text=text, sender=DESK, subject="FW: Automatic reply: Lamp", more=RULE
    )

    assert (received["class"], received["conversation_id"]) == ("auto_reply", None)


async def test_a_stranger_whom_a_rule_passes_on_waits_like_any_other(inbox: Inbox) -> None:
    first = await inbox.take(
        text=block("It is broken."), sender=DESK, subject="FW: Lamp", more=RULE
    )
    stranger = await inbox.take(
        text=block("Me too.", "Eve <eve@evil.example>"),
        sender=DESK,
        subject="FW: Lamp",
        more=RULE,
        message_id="<2@a>",
    )

    assert stranger["conversation_id"] == first["conversation_id"]
    assert (stranger["author"]["address"], stranger["pending"]) == ("eve@evil.example", True)


async def test_words_above_a_forward_by_hand_are_a_comment_of_the_team_address(
    inbox: Inbox,
) -> None:
    text = f"Who takes this one?\n\n{block('It is broken.')}"
    message = await inbox.take(text=text, sender=DESK, subject="Fwd: Lamp")
    later = await inbox.take(
        text=text.replace("takes", "took"),
        sender=DESK,
        subject="Fwd: Lamp",
        message_id="<2@acme.example>",
        more=f"References: <{message['message_id']}>\r\n",
    )

    [shown, comment, last] = await inbox.all(
        f"/v1/conversations/{message['conversation_id']}/messages"
    )
    assert (shown["id"], shown["reply_text"]) == (message["id"], "It is broken.")
    assert (comment["kind"], comment["text"]) == ("comment", "Who takes this one?")
    assert comment["author"]["address"] == "support@acme.example"
    assert (last["id"], last["kind"], last["pending"]) == (later["id"], "comment", False)


async def test_a_copy_of_what_went_to_somebody_else_is_our_own_mail(inbox: Inbox) -> None:
    raw = mail(sender=DESK, subject="Fwd: Lamp", text=block("It is broken.")).replace(
        b"To: support@acme.example\r\n", b"To: supplier@other.example\r\n"
    )

    received = await inbox.receive(raw)

    assert received["class"] == "own"
    assert await inbox.all("/v1/contacts") == []


async def test_a_reply_of_ours_with_the_customers_mail_below_is_our_own(inbox: Inbox) -> None:
    text = f"We send a new one.\n\n{block('It is broken.')}"

    received = await inbox.receive(mail(sender=DESK, subject="RE: Lamp", text=text))

    assert received["class"] == "own"
    assert await inbox.all("/v1/contacts") == []


@pytest.fixture
async def ann(inbox: Inbox) -> dict[str, Any]:
    """A person of the team."""
    return await new_user(inbox.http)


async def test_a_teammate_whom_a_rule_passes_on_speaks_for_himself(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take(
        text=block("We need lamps.", f"Ann <{ann['email']}>"),
        sender=DESK,
        subject="FW: Lamp",
        more=RULE,
    )

    assert message["kind"] == "comment"
    assert message["author"]["user_id"] == ann["id"]
    assert await inbox.contact_addresses() == [[]]  # a placeholder: nobody outside wrote
