"""The MIME reader: structure of mails, whole and broken."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from app.mail import parse
from app.mail.entities import DEEPEST, MOST_PARTS
from app.mail.message import Mailbox
from tests.mail.parts import HEAD, multipart, text


def test_an_ordinary_mail_is_read() -> None:
    raw = (
        b"Received: from a.example\r\n\tby b.example; Mon, 6 Jan 2025 10:00:01 +0000\r\n"
        b'From: "Ann Lee" <ann@x.example>\r\n'
        b"To: support@acme.example, Bob <bob@acme.example>\r\n"
        b"Cc: Carl <carl@x.example>\r\n"
        b"Reply-To: ann.lee@y.example\r\n"
        b"Subject: Order\r\n 42\r\n"
        b"Message-ID: <m2@x.example>\r\n"
        b"In-Reply-To: <m1@acme.example>\r\n"
        b"References: <m0@acme.example>\r\n <m1@acme.example>\r\n"
        b"Date: Mon, 6 Jan 2025 11:00:00 +0100\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
        b"Where is it?\r\n\r\nAnn\r\n"
    )

    mail = parse.parse(raw)

    assert mail.sender == Mailbox("Ann Lee", "ann@x.example")
    assert [box.address for box in mail.to] == ["support@acme.example", "bob@acme.example"]
    assert mail.cc == (Mailbox("Carl", "carl@x.example"),)
    assert mail.reply_to == (Mailbox("", "ann.lee@y.example"),)
    assert mail.subject == "Order 42"
    assert mail.message_id == "m2@x.example"
    assert mail.in_reply_to == ("m1@acme.example",)
    assert mail.references == ("m0@acme.example", "m1@acme.example")
    assert mail.date == datetime(2025, 1, 6, 10, tzinfo=UTC)
    assert mail.text == "Where is it?\n\nAnn\n"
    assert mail.html == ""
    assert mail.attachments == ()
    assert mail.defects == ()


def test_every_kind_of_line_end_is_read() -> None:
    crlf = HEAD + b"\r\none\r\ntwo\r\n"

    for raw in (crlf, crlf.replace(b"\r\n", b"\n"), crlf.replace(b"\r\n", b"\r")):
        mail = parse.parse(raw)

        assert mail.sender.address == "ann@x.example"
        assert mail.text == "one\ntwo\n"


def test_an_mbox_line_before_the_header_is_no_field() -> None:
    for line in (b"From ann@x.example Mon Jan  6 10:00:00 2025\r\n", b">From a@b Mon Jan\r\n"):
        mail = parse.parse(line + HEAD + b"\r\nx")

        assert mail.sender.address == "ann@x.example"
        assert mail.text == "x"


def test_a_mail_without_any_header_is_all_text() -> None:
    mail = parse.parse(b"While this has no header,\r\nit still has words.\r\n")

    assert mail.text == "While this has no header,\nit still has words.\n"
    assert mail.sender == Mailbox("", "")


def test_a_body_may_follow_without_a_blank_line() -> None:
    mail = parse.parse(HEAD + b"Hello there\r\nhow are you?\r\n")

    assert mail.subject == "Hello"
    assert mail.text == "Hello there\nhow are you?\n"


def test_an_empty_mail_is_empty() -> None:
    for raw in (b"", b"\r\n", b"\n\n\n"):
        mail = parse.parse(raw)

        assert (mail.text.strip(), mail.subject, mail.attachments) == ("", "", ())


def test_the_first_from_with_an_address_is_the_sender() -> None:
    raw = b"From: Nobody\r\nFrom: Ann <ann@x.example>\r\n\r\nx"

    assert parse.parse(raw).sender == Mailbox("Ann", "ann@x.example")


def test_parts_are_found_by_offset_in_the_raw_mail() -> None:
    raw = HEAD + multipart(text(b"first"), text(b"second"))

    root = parse.parse(raw).root

    assert [raw[part.start : part.end] for part in root.children] == [b"first", b"second"]
    assert all(part.raw is raw for part in root.children)


def test_the_closing_boundary_may_be_missing() -> None:
    raw = HEAD + multipart(text(b"words")).replace(b"--b1--", b"")

    mail = parse.parse(raw)

    assert mail.text.strip() == "words"
    assert mail.defects == ("a multipart without its closing boundary",)


def test_a_boundary_that_is_not_named_is_guessed() -> None:
    raw = HEAD + multipart(text(b"words"), text(b"more")).replace(b'; boundary="b1"', b"")

    mail = parse.parse(raw)

    assert mail.text == "words\nmore"
    assert mail.defects == ("the boundary of a multipart was guessed",)


def test_a_multipart_without_parts_is_read_as_text() -> None:
    raw = HEAD + b'Content-Type: multipart/mixed; boundary="b1"\r\n\r\njust words\r\n'

    mail = parse.parse(raw)

    assert mail.text == "just words\n"
    assert mail.defects == ("a multipart without its boundary was read as plain text",)


def test_a_boundary_that_begins_like_another_one_is_a_different_one() -> None:
    inner = multipart(text(b"inner"), boundary=b"b1x")
    raw = HEAD + multipart(inner, text(b"outer"))

    root = parse.parse(raw).root

    assert [part.content_type for part in root.children] == ["multipart/mixed", "text/plain"]
    assert root.children[0].children[0].body == b"inner"


def test_a_multipart_in_base64_is_read_against_the_rule() -> None:
    whole = multipart(text(b"words"), b"Content-Type: application/pdf\r\n\r\n%PDF")
    head, _, body = whole.partition(b"\r\n\r\n")
    raw = HEAD + head + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(body)

    mail = parse.parse(raw)

    assert mail.text == "words"
    assert parse.read_attachment(raw, mail.attachments[0].locator) == b"%PDF"


def test_the_charset_of_a_multipart_holds_for_parts_that_name_none() -> None:
    part = b"Content-Type: text/plain\r\n\r\nna\xefve"
    raw = HEAD + multipart(part).replace(b"mixed;", b"mixed; charset=iso-8859-1;")

    assert parse.parse(raw).text == "naïve"


def test_parts_of_a_digest_are_mails() -> None:
    raw = HEAD + multipart(b"\r\nSubject: One\r\n\r\nx", subtype=b"digest")

    mail = parse.parse(raw)

    assert [file.filename for file in mail.attachments] == ["One.eml"]


def test_an_embedded_mail_is_the_child_of_its_part() -> None:
    inner = b"From: Bob <bob@y.example>\r\nSubject: Inner\r\n\r\ninner words"
    raw = HEAD + multipart(text(b"see below"), b"Content-Type: message/rfc822\r\n\r\n" + inner)

    mail = parse.parse(raw)

    embedded = mail.root.children[1].children[0]
    assert embedded.headers.text("subject") == "Inner"
    assert parse.decode_part_text(embedded) == "inner words"
    assert mail.text == "see below"
    assert [part.content_type for part in parse.walk(mail.root)] == [
        "multipart/mixed",
        "text/plain",
        "message/rfc822",
        "text/plain",
    ]


def test_an_embedded_mail_in_base64_is_read_too() -> None:
    inner = base64.encodebytes(b"From: Bob <bob@y.example>\r\n\r\nx")
    part = b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + inner
    raw = HEAD + multipart(part)

    embedded = parse.parse(raw).root.children[0].children[0]

    assert embedded.headers.mailboxes("from") == (Mailbox("Bob", "bob@y.example"),)


def test_depth_is_bounded_and_the_rest_is_kept_as_a_part() -> None:
    raw = text(b"deep")
    for level in range(DEEPEST + 10):
        raw = multipart(raw, boundary=b"x%dx" % level)

    mail = parse.parse(HEAD + raw)

    assert mail.defects == ("multiparts nested too deeply were left unread",)
    assert [file.content_type for file in mail.attachments] == ["multipart/mixed"]


def test_text_fifty_levels_deep_is_found() -> None:
    raw = text(b"deep")
    for level in range(50):
        raw = multipart(raw, boundary=b"x%dx" % level)

    assert parse.parse(HEAD + raw).text == "deep"


def test_the_number_of_parts_is_bounded() -> None:
    raw = HEAD + multipart(*[text(b"x")] * (MOST_PARTS + 500))

    mail = parse.parse(raw)

    assert len(mail.root.children) < MOST_PARTS
    assert any("parts were read" in defect for defect in mail.defects)


def test_a_wrong_content_type_is_read_as_text() -> None:
    for value in (b"text", b"plain", b"text/plain/extra", b"", b"text/plain charset=utf-8", b";;"):
        raw = HEAD + b"Content-Type: " + value + b"\r\n\r\nwords"

        mail = parse.parse(raw)

        assert (mail.text, mail.attachments) == ("words", ()), value


def test_headers_alone_can_be_read() -> None:
    headers, body = parse.parse_headers(HEAD + b"\r\nwords")

    assert headers.value("SUBJECT") == "Hello"
    assert (HEAD + b"\r\nwords")[body:] == b"words"
