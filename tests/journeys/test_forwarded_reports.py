"""E4 and E7: the team forwards what a mail system wrote; that makes nobody a contact."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import new_user
from tests.journeys.conftest import Inbox
from tests.journeys.test_forwards_by_hand import ANN, attached

BLOCK = """\
---------- Forwarded message ---------
From: {author}
Date: Mon, 23 Nov 2026 at 10:00
Subject: {subject}
To: Ann <ann@acme.example>

{text}
"""
FAILED = "Your message to dora@strict.example could not be delivered: 550 5.1.1 User unknown"


def notice(
    author: str = "Mail Delivery System <MAILER-DAEMON@mx.strict.example>",
    subject: str = "Undelivered Mail Returned to Sender",
    text: str = FAILED,
) -> str:
    """The block of a forwarded mail."""
    return BLOCK.format(author=author, subject=subject, text=text)


@pytest.fixture
async def ann(inbox: Inbox) -> dict[str, Any]:
    """A person of the team."""
    return await new_user(inbox.http)


@pytest.mark.parametrize(
    "author",
    [
        "Mail Delivery System <MAILER-DAEMON@mx.strict.example>",
        "Postmaster <postmaster@strict.example>",
        "Mail Delivery Subsystem",
    ],
)
async def test_a_bounce_that_a_teammate_forwards_is_the_teammates_comment(
    inbox: Inbox, ann: dict[str, Any], author: str
) -> None:
    message = await inbox.take(
        text=f"Why did it come back?\n\n{notice(author)}", sender=ANN, subject="Fwd: Undelivered"
    )

    _, seen = (await inbox.attribution_of(message))["candidates"]
    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])
    assert "550 5.1.1" in message["text"]
    assert (seen["method"], seen["accepted"]) == ("inline-forward", False)
    assert "mail system" in seen["reason"]
    assert await inbox.contact_addresses() == [[]]


async def test_an_attached_bounce_is_the_teammates_comment(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    report = (
        b"From: Mail <noticer@mx.strict.example>\r\nTo: ann@acme.example\r\nSubject: Returned\r\n"
        b"MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=r1;\r\n"
        b" report-type=delivery-status\r\n\r\n--r1\r\nContent-Type: text/plain\r\n\r\nNo.\r\n"
        b"--r1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        b"Final-Recipient: rfc822; dora@strict.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"\r\n--r1--\r\n"
    )

    message = await inbox.take(attached(report))

    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])
    assert await inbox.contact_addresses() == [[]]


async def test_a_bounce_that_a_rule_of_the_team_address_forwards_is_unresolved(
    inbox: Inbox,
) -> None:
    message = await inbox.take(
        text=notice(), sender="Support <support@acme.example>", subject="Fwd: Undelivered"
    )

    assert (await inbox.attribution_of(message))["unresolved"] is True
    assert await inbox.contact_addresses() == [[]]


async def test_a_postmaster_whose_words_a_teammate_forwards_is_a_person(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    text = notice("Jo Post <postmaster@strict.example>", "An offer", "Please send an offer.")

    message = await inbox.take(text=text, sender=ANN, subject="Fwd: An offer")

    assert message["author"]["address"] == "postmaster@strict.example"
    assert message["kind"] == "message"
