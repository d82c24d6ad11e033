"""Machine-readable reports: RFC 3464, RFC 8098, RFC 5965 (F1, F4)."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.mail.classify import classify
from app.mail.parse import parse
from app.mail.reports import Report, read_report

RETURNED = """\
Content-Type: message/rfc822

Message-ID: <token.42@acme.example>
From: Acme <support@acme.example>
To: Bob <bob@example.org>
Subject: Your order

Dear Bob
"""


def report_of(
    fields: str, returned: str = RETURNED, kind: str = "delivery-status", words: str = "Sorry."
) -> Report | None:
    raw = (
        "From: MAILER-DAEMON@mx.example\nTo: support@acme.example\nSubject: Report\n"
        f"MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{words}\n"
        f"--b\nContent-Type: message/{kind}\n\n{fields}\n--b\n{returned}\n--b--\n"
    )
    return read_report(parse(raw.encode()), "")


def recipients_of(report: Report | None) -> list[str]:
    assert report is not None
    return [recipient.address for recipient in report.recipients]


def test_a_failed_delivery_is_read_with_all_that_it_says() -> None:
    found = report_of(
        "Reporting-MTA: dns; mx.example\n\n"
        "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.org>:\n  no such user\n"
    )

    assert found is not None
    assert (found.kind, found.source, found.reporting_mta) == ("bounce", "RFC 3464", "mx.example")
    assert found.permanent is True
    (bob,) = found.recipients
    assert (bob.address, bob.action, bob.status) == ("bob@example.org", "failed", "5.1.1")
    assert bob.diagnostic == "550 5.1.1 <bob@example.org>: no such user"
    assert found.original_message_id == "token.42@acme.example"
    assert found.original_from == "support@acme.example"
    assert found.original_to == ("bob@example.org",)


def test_the_original_recipient_goes_before_the_final_one() -> None:
    found = report_of(
        "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; b17@inside.example\n"
        "Original-Recipient: rfc822;bob+2Bnews@example.org\nAction: failed\nStatus: 5.0.0\n"
    )

    assert recipients_of(found) == ["bob+news@example.org"]


def test_an_original_recipient_without_an_address_leaves_the_final_one() -> None:
    found = report_of(
        "Final-Recipient: rfc822; bob@example.org\nOriginal-Recipient: rfc822;\nAction: failed\n"
    )

    assert recipients_of(found) == ["bob@example.org"]


def test_an_internationalised_recipient_is_read() -> None:
    found = report_of(
        "Original-Recipient: utf-8; b\\x{F6}b@example.org\nAction: failed\nStatus: 5.1.1\n",
        kind="global-delivery-status",
    )

    assert recipients_of(found) == ["böb@example.org"]


def test_a_recipient_in_encoded_words_is_decoded() -> None:
    found = report_of("Final-Recipient: rfc822; =?utf-8?B?YsO2Yg==?=@example.org\nAction: failed\n")

    assert recipients_of(found) == ["böb@example.org"]


@pytest.mark.parametrize(
    ("action", "status", "kind", "permanent"),
    [
        ("failed", "5.1.1", "bounce", True),
        ("failed", "4.4.7", "bounce", False),
        ("Failed (too old)", "5.0.0", "bounce", True),
        ("delayed", "4.4.1", "bounce", False),
        ("delivered", "2.0.0", "delivery_receipt", None),
        ("relayed", "2.0.0", "delivery_receipt", None),
        ("expanded", "2.0.0", "delivery_receipt", None),
        ("", "5.2.2", "bounce", True),
        ("", "2.1.5", "delivery_receipt", None),
    ],
)
def test_the_action_tells_failure_from_receipt(
    action: str, status: str, kind: str, permanent: bool | None
) -> None:
    found = report_of(
        f"Final-Recipient: rfc822; bob@example.org\nAction: {action}\nStatus: {status}\n"
    )

    assert found is not None
    assert (found.kind, found.permanent) == (kind, permanent)


def test_one_failure_among_successes_is_a_bounce() -> None:
    found = report_of(
        "Final-Recipient: rfc822; ann@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
        "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
    )

    assert found is not None
    assert found.kind == "bounce"
    assert [r.action for r in found.recipients] == ["delivered", "failed"]


def test_recipients_that_are_not_parted_by_an_empty_line_are_two() -> None:
    found = report_of(
        "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n"
        "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.2.2\n"
    )

    assert recipients_of(found) == ["ann@example.org", "bob@example.org"]


def test_a_report_in_base64_is_read() -> None:
    fields = b"Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n"
    part = f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(fields).decode()}"
    raw = (
        "From: MAILER-DAEMON@mx.example\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; boundary=b\n\n"
        f"--b\nContent-Type: message/delivery-status\n{part}\n--b--\n"
    )

    assert recipients_of(read_report(parse(raw.encode()), "")) == ["bob@example.org"]


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/global-headers"])
def test_returned_header_fields_alone_name_the_original(kind: str) -> None:
    returned = f"Content-Type: {kind}\n\nReceived: from a\n by b\nMessage-ID:\n <x@acme.example>\n"

    found = report_of("Final-Recipient: rfc822; bob@example.org\nAction: failed\n", returned)

    assert found is not None
    assert found.original_message_id == "x@acme.example"


def test_the_original_is_found_even_where_the_mime_of_a_report_is_broken() -> None:
    returned = "Content-Type: application/octet-stream\n\nx\n> Message-ID: <x@acme.example>\n"

    found = report_of("Final-Recipient: rfc822; bob@example.org\nAction: failed\n", returned)

    assert found is not None
    assert found.original_message_id == "x@acme.example"


def test_a_report_that_names_nobody_blames_the_one_the_returned_mail_went_to() -> None:
    found = report_of("Reporting-MTA: dns; mx.example\n\nAction: failed\nStatus: 5.5.0\n")

    assert recipients_of(found) == ["bob@example.org"]


def test_a_person_who_attaches_a_report_does_not_report() -> None:
    inner = (
        "From: MAILER-DAEMON@mx.example\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; boundary=i\n\n--i\nContent-Type: "
        "message/delivery-status\n\n"
        "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n--i--\n"
    )
    raw = (
        "From: Ann <ann@example.org>\nSubject: Fwd: Undelivered Mail Returned to Sender\n"
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n"
        "--o\nContent-Type: text/plain\n\nWhat does this mean?\n"
        f"--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )

    assert read_report(parse(raw.encode()), "ann@example.org") is None


def test_a_report_that_a_scanner_wrapped_is_read() -> None:
    inner = (
        "From: MAILER-DAEMON@mx.example\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; boundary=i\n\n--i\nContent-Type: "
        "message/delivery-status\n\n"
        "Final-Recipient: rfc822; bob@example.org\nAction: failed\nStatus: 5.1.1\n--i--\n"
    )
    raw = (
        "From: postmaster@mx.example\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=o\n\n"
        "--o\nContent-Type: text/plain\n\nScanned.\n"
        f"--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )

    assert recipients_of(read_report(parse(raw.encode()), "")) == ["bob@example.org"]


def test_a_read_receipt_is_a_delivery_receipt() -> None:
    found = report_of(
        "Reporting-UA: desk; Client 1\nFinal-Recipient: rfc822;bob@example.org\n"
        "Original-Message-ID: <token.43@acme.example>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n",
        returned="Content-Type: text/plain\n\n",
        kind="disposition-notification",
    )

    assert found is not None
    assert (found.kind, found.source) == ("delivery_receipt", "RFC 8098")
    assert found.original_message_id == "token.43@acme.example"
    assert [(r.address, r.action) for r in found.recipients] == [("bob@example.org", "displayed")]


def test_a_filter_that_refuses_by_a_disposition_notification_is_a_failure() -> None:
    found = report_of(
        "Final-Recipient: rfc822;bob@example.org\n"
        "Disposition: automatic-action/MDN-sent-automatically; deleted\n",
        kind="disposition-notification",
        words="Your message to <bob@example.org> was automatically rejected: quota exceeded",
    )

    assert found is not None
    assert (found.kind, found.recipients[0].action) == ("bounce", "failed")


def test_a_complaint_names_who_complained_about_what() -> None:
    found = report_of(
        "Feedback-Type: abuse\nVersion: 1\nOriginal-Mail-From: <bounce@acme.example>\n"
        "Original-Rcpt-To: <bob@example.org>\nReporting-MTA: dns; mx.example\n"
        "Original-Rcpt-To: <ann@example.org>\n",
        kind="feedback-report",
    )

    assert found is not None
    assert (found.kind, found.source) == ("complaint", "RFC 5965")
    assert recipients_of(found) == ["bob@example.org", "ann@example.org"]
    assert found.original_message_id == "token.42@acme.example"
    assert found.permanent is None


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_a_feedback_report_without_a_complaint_is_only_generated(kind: str) -> None:
    raw = (
        "From: reports@mx.example\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        f"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\n--b--\n"
    )
    mail = parse(raw.encode())

    report = read_report(mail, "reports@mx.example")
    verdict = classify(
        mail, reverse_path="reports@mx.example", own_lists=frozenset(), report=report
    )

    assert report is None
    assert verdict.mail_class == "auto_generated"


@pytest.mark.parametrize(
    ("told", "kind", "address"),
    [
        (
            {
                "notificationType": "Bounce",
                "bounce": {
                    "bounceType": "Permanent",
                    "bouncedRecipients": [
                        {"emailAddress": "bob@example.org", "action": "failed", "status": "5.1.1"}
                    ],
                },
            },
            "bounce",
            "bob@example.org",
        ),
        (
            {
                "notificationType": "Complaint",
                "complaint": {"complainedRecipients": [{"emailAddress": "bob@example.org"}]},
            },
            "complaint",
            "bob@example.org",
        ),
        (
            {"notificationType": "Delivery", "delivery": {"recipients": ["bob@example.org"]}},
            "delivery_receipt",
            "bob@example.org",
        ),
    ],
)
def test_a_notification_of_amazon_is_a_report(told: object, kind: str, address: str) -> None:
    raw = f"From: SES <no-reply@sns.amazonaws.com>\nSubject: AWS\n\n{json.dumps(told)}\n"

    found = read_report(parse(raw.encode()), "x@amazonses.com")

    assert found is not None
    assert (found.kind, recipients_of(found)) == (kind, [address])


def test_nobody_but_amazon_can_send_its_notifications() -> None:
    told = {"notificationType": "Bounce", "bounce": {"bouncedRecipients": []}}
    raw = f"From: Bob <bob@example.org>\n\n{json.dumps(told)}\n"

    assert read_report(parse(raw.encode()), "bob@example.org") is None


def test_fields_of_garbage_are_left_out() -> None:
    found = report_of(
        "Final-Recipient: rfc822; <script>@\nAction: exploded\nStatus: 9.9.9999999\n\n"
        "Final-Recipient\n: x\n",
        returned="Content-Type: text/plain\n\n",
    )

    assert found is not None
    assert found.kind == "bounce"
    assert found.recipients == ()


def test_at_most_a_thousand_recipients_are_given() -> None:
    fields = "\n\n".join(f"Final-Recipient: rfc822; u{n}@example.org" for n in range(1500))

    assert len(recipients_of(report_of(fields))) == 1000


HEADS = [
    "",
    "From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n",
    "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; boundary=b\n\n--b\n"
    "Content-Type: message/delivery-status\n\n",
    "Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\n",
    "Content-Type: message/disposition-notification\n\n",
    "From: no-reply@sns.amazonaws.com\n\n{",
    "From: staff@hotmail.com\nContent-Type: message/rfc822\n\n",
    "X-Failed-Recipients: ",
    "Auto-Submitted: ",
    "List-Id: ",
    "Precedence: list\nList-Unsubscribe: ",
]


@given(st.sampled_from(HEADS), st.binary(max_size=300), st.sampled_from(["", "<>", "a@b.example"]))
@example(HEADS[2], b"Final-Recipient: utf-8; \\x{110000}\\x{D800}@x", "")
@example(HEADS[5], b'"notificationType":"Bounce","bounce":[],"mail":"x"}', "")
def test_no_octets_make_the_reading_of_a_report_fail(head: str, rest: bytes, path: str) -> None:
    mail = parse(head.encode() + rest)

    report = read_report(mail, path)
    verdict = classify(mail, reverse_path=path, own_lists=frozenset({"a@b.c"}), report=report)

    assert verdict.mail_class
    if report is not None:
        told = [report.original_message_id, report.original_from, *report.original_to]
        told += [text for r in report.recipients for text in (r.address, r.diagnostic)]
        assert all(text.isprintable() for text in told)
