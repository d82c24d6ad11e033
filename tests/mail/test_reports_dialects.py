"""Reports in plain words (F4): each specimen is worded as one family of mail systems does."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.mail.parse import parse
from app.mail.reports import Report, read_report

COPY = "Received: from a.example\nMessage-ID: <token.9@acme.example>\nFrom: support@acme.example\n"


def read(body: str, subject: str, author: str, path: str = "", fields: str = "") -> Report | None:
    raw = f"From: {author}\nTo: support@acme.example\nSubject: {subject}\n{fields}\n{body}"
    return read_report(parse(raw.encode()), path)


DIALECTS = {
    "qmail": (
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver "
        "your message to the following addresses.\n\n<bob@example.org>:\nSorry, no mailbox here by "
        f"that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n{COPY}",
        "5.1.1",
    ),
    "exim": (
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you "
        "sent could not be delivered to one or more of its\nrecipients. The following address(es) "
        "failed:\n\n  bob@example.org\n    SMTP error from remote mail server after RCPT TO:\n"
        "    550 5.7.1 no\n\n------ This is a copy of the message, including "
        "all the headers. ------"
        f"\n\n{COPY}",
        "5.7.1",
    ),
    "postfix": (
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.\n\nFor further "
        "assistance, please send mail to "
        "postmaster.\n\n<bob@example.org>: host in.example.org[192.0.2.1] said: 552 5.2.2\n    "
        f"mailbox full (in reply to RCPT TO command)\n\n{COPY}",
        "5.2.2",
    ),
    "sendmail": (
        "Returned mail: User unknown",
        "The original message was received at Mon\n\n   ----- The following "
        "addresses had permanent "
        "fatal errors -----\n<bob@example.org>\n\n   ----- Transcript of session follows -----\n"
        "550 <bob@example.org>... User unknown\n\n   ----- Original message "
        f"follows -----\n\n{COPY}",
        "",
    ),
    "sendmail 5": (
        "Returned mail: Host unknown",
        "   ----- Transcript of session follows -----\n550 "
        "<bob@example.org>... 550 Host unknown\n\n"
        f"   ----- Unsent message follows -----\n{COPY}",
        "",
    ),
    "exchange": (
        "Undeliverable: Your order",
        "Your message\n\n  To:      Bob\n  Subject: Your order\n  Sent:    "
        "Mon\n\ndid not reach the "
        "following recipient(s):\n\nbob@example.org on Mon, 6 Jan 2025\n    The recipient name is "
        "not recognized\n",
        "",
    ),
    "microsoft 365": (
        "Nicht zustellbar: Your order",
        "Delivery has failed to these recipients or groups:\n\nbob@example.org<mailto:bob@example."
        "org>\nThe address couldn't be found.\n\nDiagnostic information for administrators:\n\n"
        "bob@example.org\nRemote Server returned '550 5.1.10 RecipientNotFound'\n",
        "",
    ),
    "gmail": (
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently:\n\n     bob@example.org\n\n"
        "Technical details of permanent failure:\n550 5.1.1 no such user\n\n----- Original message "
        f"-----\n\n{COPY}",
        "",
    ),
    "yahoo": (
        "Failure Notice",
        "Sorry, we were unable to deliver your message to the following address.\n\n"
        "<bob@example.org>:\nRemote host said: 554 delivery error [0]\n\n--- Below this line is a "
        f"copy of the message.\n\n{COPY}",
        "5.0.0",
    ),
    "imail": (
        "Undeliverable Mail",
        f"Unknown user: bob@example.org\n\nOriginal message follows.\n\n{COPY}",
        "",
    ),
    "groupwise": (
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tbob (bob@example.org)\n",
        "",
    ),
    "pmdf": (
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n\n"
        "  Message-id: <token.9@acme.example>\n  From: support@acme.example\n  To: list@example.net"
        "\n\nYour message cannot be delivered to the following recipients:\n\n"
        "  Recipient address: bob@example.org\n  Reason: Remote server has rejected address\n",
        "",
    ),
    "opensmtpd": (
        "Delivery status notification: error",
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\n    An "
        "error has occurred while attempting to deliver a message.\n\nbob@example.org: 550 5.1.1 no"
        f"\n\n    Below is a copy of the original message:\n\n{COPY}",
        "5.1.1",
    ),
    "dragonfly": (
        "Mail delivery failed",
        "This is the DragonFly Mail Agent at mx.example.\n\nThere was an error "
        "delivering your mail "
        f"to <bob@example.org>.\n\nin.example did not like our RCPT TO:\n550 no\n\n{COPY}",
        "",
    ),
    "courier": (
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.example,\nrunning the Courier mail server."
        "\n\nUNDELIVERABLE MAIL\n\nYour message to the following recipients "
        "cannot be delivered:\n\n"
        "<bob@example.org>:\n    in.example [192.0.2.1]:\n    <<< 550 5.1.1 User unknown\n",
        "5.1.1",
    ),
    "domino": (
        "DELIVERY FAILURE: User bob (bob@example.org) not listed",
        "Your message\n\n  Subject: Your order\n\nwas not delivered to:\n\n  bob@example.org\n\n"
        "because:\n\n  User bob (bob@example.org) not listed in Domino Directory\n",
        "",
    ),
    "mdaemon": (
        "Permanent Delivery Failure",
        "The attached message had PERMANENT fatal delivery errors!\n\nThe following addresses did "
        "NOT receive a copy of your message:\n\n> bob@example.org\n\n--- Session Transcript ---\n"
        " 220 mx.example\n",
        "",
    ),
    "smail": (
        "mail failed, returning to sender",
        "|------------------------- Message log follows: -------------------------|\n no valid "
        "recipients were found for this message\n|------------------------- Failed addresses "
        "follow: ---------------------|\n <bob@example.org> ... unknown host\n|--------------------"
        f"----- Message text follows: ------------------------|\n{COPY}",
        "",
    ),
    "a japanese carrier": (
        "Mail System Error - Returned Mail",
        "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n"
        "Each of the following recipients was rejected by a remote\nmail server.\n\n"
        "    Recipient: <bob@example.org>\n    >>> RCPT TO:<bob@example.org>\n"
        "    <<< 550 <bob@example.org>: User unknown\n",
        "",
    ),
    "a chinese provider": (
        "系统退信",
        "抱歉,您的邮件被退回来了……\n无法发送到 bob@example.org\n退信原因: user not found\n",
        "",
    ),
    "a chinese provider without spaces": (
        "系统退信",
        "您发送给bob@example.org的邮件无法送达。\n",
        "",
    ),
    "a german provider": (
        "Fehlgeschlagene Zustellung",
        "Ihre Nachricht konnte nicht zugestellt werden an:\n\nbob@example.org\n",
        "",
    ),
    "a russian provider": (
        "Недоставленное сообщение",
        "Ваше сообщение не было доставлено: <bob@example.org>: 550 no such user\n",
        "",
    ),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_notice_in_words_names_who_was_not_reached(name: str) -> None:
    subject, body, status = DIALECTS[name]

    found = read(body, subject, "Mail Delivery System <MAILER-DAEMON@mx.example>")

    assert found is not None
    assert found.kind == "bounce"
    assert [r.address for r in found.recipients] == ["bob@example.org"]
    assert found.recipients[0].action == "failed"
    if status:
        assert found.recipients[0].status == status


@pytest.mark.parametrize("name", [n for n, (_, body, _) in DIALECTS.items() if COPY in body])
def test_a_notice_in_words_names_the_mail_that_came_back(name: str) -> None:
    subject, body, _ = DIALECTS[name]

    found = read(body, subject, "MAILER-DAEMON@mx.example")

    assert found is not None
    assert found.original_message_id == "token.9@acme.example"
    assert found.original_from == "support@acme.example"


def test_x_failed_recipients_names_them_all() -> None:
    found = read(
        "A message that you sent could not be delivered.\n",
        "Mail delivery failed",
        "mailer-daemon@mx.example",
        fields="X-Failed-Recipients: bob@example.org,\n ann@example.org\n",
    )

    assert found is not None
    assert [r.address for r in found.recipients] == ["bob@example.org", "ann@example.org"]


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        (
            "Warning: message 1a-2b delayed 24 hours",
            "It has not yet been delivered to:\n\n  bob@example.org\n",
        ),
        (
            "Delivery Status Notification (Delay)",
            "Delivery to the following recipient has been delayed:\n\n  bob@example.org\n",
        ),
        (
            "Warning: could not send message for past 4 hours",
            "THIS IS A WARNING MESSAGE ONLY.\n\n<bob@example.org>\n",
        ),
    ],
)
def test_a_warning_is_a_delay_and_no_failure(subject: str, body: str) -> None:
    found = read(body, subject, "MAILER-DAEMON@mx.example")

    assert found is not None
    assert (found.kind, found.permanent) == ("bounce", False)
    assert [(r.address, r.action) for r in found.recipients] == [("bob@example.org", "delayed")]


def test_fields_that_stand_in_the_text_are_read_as_fields() -> None:
    body = (
        "Technical report:\n\nReporting-MTA: dns; mx.example\n\nAction: failed\n"
        "Final-Recipient: rfc822; bob@example.org\nStatus: 5.2.1\n"
    )

    found = read(body, "Delivery Status Notification (Failure)", "MAILER-DAEMON@mx.example")

    assert found is not None
    assert [(r.address, r.status) for r in found.recipients] == [("bob@example.org", "5.2.1")]


def test_who_reports_and_who_had_written_are_not_taken_for_recipients() -> None:
    body = (
        "Dear support@acme.example, your mail could not be delivered to bob@example.org.\n"
        "Questions? Write to postmaster@mx.example or MAILER-DAEMON@mx.example.\n"
    )

    found = read(body, "Delivery failure", "MAILER-DAEMON@mx.example")

    assert found is not None
    assert [r.address for r in found.recipients] == ["bob@example.org"]


def test_a_person_who_writes_about_a_failure_does_not_report_one() -> None:
    body = "My mail to bob@example.org could not be delivered: user unknown. Why?\n"

    found = read(body, "Mail delivery failed", "Ann <ann@example.org>", "ann@example.org")

    assert found is None


def test_a_person_who_forwards_a_notice_does_not_report() -> None:
    _, body, _ = DIALECTS["qmail"]

    found = read(body, "Fwd: failure notice", "Ann <ann@example.org>", "ann@example.org")

    assert found is None


def test_an_answer_of_somebody_away_with_a_null_reverse_path_is_no_report() -> None:
    body = "I am away. Mail to bob@example.org cannot be delivered to me this week.\n"

    assert read(body, "Out of Office: Your order", "Bob <bob@example.org>") is None


def test_a_postmaster_who_answers_as_a_person_does_not_report() -> None:
    body = "Hello, your last mail was rejected by our filter, I have corrected that.\n"

    found = read(body, "Re: Your order", "Eve <postmaster@example.org>", "postmaster@example.org")

    assert found is None


def test_an_answer_of_somebody_away_to_our_mail_is_no_report() -> None:
    body = "I am on leave. Messages were not delivered to a colleague.\n"
    fields = "In-Reply-To: <token.9@acme.example>\n"

    assert read(body, "Your order", "Bob <bob@example.org>", fields=fields) is None


def test_a_notice_that_a_forwarder_gave_another_reverse_path_is_still_read() -> None:
    subject, body, _ = DIALECTS["postfix"]

    found = read(body, subject, "MAILER-DAEMON@mx.example", "SRS0=a=b=mx.example=x@acme.example")

    assert found is not None
    assert found.kind == "bounce"


def test_the_notices_of_the_corpus_are_read_without_a_fault() -> None:
    folder = Path(__file__).parents[2] / ".." / "shared" / "corpus" / "dev" / "sisimai"
    if not folder.is_dir():
        pytest.skip("no corpus")

    read_ones = [
        report.kind
        for file in sorted(folder.glob("lhost-*.eml"))
        if (report := read_report(parse(file.read_bytes()), ""))
    ]

    assert read_ones.count("bounce") > 200
