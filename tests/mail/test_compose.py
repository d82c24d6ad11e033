"""Composing a mail: who it names, what it says, how it is laid out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app import errors
from app.mail import parse
from app.mail.compose import Outgoing, OutgoingFile, Quote, Signature, compose, mailbox_text
from app.mail.message import Mailbox
from tests.mail.composed import ALL, BOB, LOGO, one


def head_of(outgoing: Outgoing) -> str:
    return compose(outgoing).raw.partition(b"\r\n\r\n")[0].decode()


def test_a_mail_is_pure_ascii_with_crlf_and_short_lines() -> None:
    for outgoing in ALL:
        raw = compose(outgoing).raw

        assert raw.isascii()
        assert b"\0" not in raw
        assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
        assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_no_line_of_a_header_is_blank() -> None:
    for outgoing in ALL:
        assert all(line.strip() for line in head_of(outgoing).split("\r\n"))


def test_the_same_mail_is_composed_to_the_same_octets() -> None:
    assert compose(ALL[7]) == compose(ALL[7])


def test_bcc_stands_in_the_envelope_only() -> None:
    composed = compose(one(bcc=(Mailbox("Eve", "eve@secret.example"),)))

    assert composed.envelope_recipients == ("bob@customer.example", "eve@secret.example")
    assert b"secret" not in composed.raw
    assert b"bcc" not in composed.raw.lower()


def test_a_mail_to_bcc_alone_hides_its_recipients() -> None:
    outgoing = one(to=(), bcc=(BOB,))

    assert "To: undisclosed-recipients:;" in head_of(outgoing)
    assert parse.parse(compose(outgoing).raw).to == ()


def test_each_recipient_is_in_the_envelope_once() -> None:
    composed = compose(one(cc=(BOB, Mailbox("", "BOB@Customer.example"))))

    assert composed.envelope_recipients == ("bob@customer.example",)


def test_a_mail_without_recipients_is_refused() -> None:
    with pytest.raises(errors.Invalid) as refused:
        compose(one(to=()))

    assert refused.value.code == "compose.no_recipient"


def test_a_domain_is_written_as_a_labels() -> None:
    composed = compose(one(to=(Mailbox("", "info@straße.example"),)))

    assert composed.envelope_recipients == ("info@xn--strae-oqa.example",)
    assert b"To: info@xn--strae-oqa.example\r\n" in composed.raw
    assert not composed.needs_smtputf8


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_a_local_part_beyond_ascii_needs_smtputf8(field: str) -> None:
    composed = compose(replace(one(), **{field: (Mailbox("Jörg", "jörg@x.example"),)}))

    assert composed.needs_smtputf8
    assert "jörg@x.example" in composed.envelope_recipients


@pytest.mark.parametrize(
    "address",
    [
        "bob",
        "",
        "bob@",
        "@x.example",
        "a b@x.example",
        "bob@x..example",
        "b@x.example>, <c@y.example",
    ],
)
def test_an_address_that_cannot_be_sent_to_is_refused_with_its_place(address: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        compose(one(cc=(BOB, Mailbox("", address))))

    assert refused.value.code == "compose.bad_address"
    assert refused.value.errors[0].pointer == "/cc/1/address"


@pytest.mark.parametrize("control", ["\r\n", "\n", "\r", "\0", "\x1b", "\x85", "\u2028"])
def test_a_control_character_in_an_address_is_refused(control: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        compose(one(to=(Mailbox("", f"bob{control}Bcc: eve@x.example"),)))

    assert refused.value.code == "compose.bad_header"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-One", "a\r\nBcc: eve@x.example"),
        ("X-One", "a\nb"),
        ("X-One", ""),
        ("X One", "a"),
        ("X-One:\r\nBcc", "a"),
        ("", "a"),
        ("Bcc", "eve@x.example"),
        ("FROM", "eve@x.example"),
        ("Content-Type", "text/html"),
    ],
)
def test_a_further_field_that_is_more_than_one_or_ours_is_refused(name: str, value: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        compose(one(headers=(("Auto-Submitted", "no"), (name, value))))

    assert refused.value.code == "compose.bad_header"
    assert refused.value.errors[0].pointer == "/headers/1"


@pytest.mark.parametrize("message_id", ["", "no-at", "a b@x", "a@x\r\nBcc: e@x", "ü@x", "a>@<x"])
def test_a_message_id_that_is_none_is_refused(message_id: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        compose(one(message_id=message_id))

    assert refused.value.errors[0].pointer == "/message_id"


def test_line_ends_in_subject_and_names_become_blanks() -> None:
    outgoing = one(
        subject="Hello\r\nBcc: eve@x.example\u2028X: y",
        to=(Mailbox("Bob\r\nBcc: eve@x.example", BOB.address),),
    )

    mail = parse.parse(compose(outgoing).raw)

    assert mail.subject == "Hello Bcc: eve@x.example X: y"
    assert mail.to[0] == Mailbox("Bob Bcc: eve@x.example", BOB.address)
    assert "bcc" not in mail.headers


def test_long_ids_are_written_as_they_are() -> None:
    # Exchange ids are longer than a line should be; encoded or cut they would break threads.
    long = f"{'A1b2' * 60}@prod.mail.example"
    outgoing = one(in_reply_to=long, references=("first@x.example", long))

    head = head_of(outgoing)

    assert f"In-Reply-To: <{long}>\r\n" in head + "\r\n"
    assert f"References: <first@x.example>\r\n <{long}>\r\n" in head + "\r\n"


def test_ids_of_others_that_no_field_can_hold_are_left_out() -> None:
    outgoing = one(
        in_reply_to="a\r\nBcc: e@x.example", references=("ok@x.example", "nö@x", "x y@z", "q" * 999)
    )

    head = head_of(outgoing)

    assert "In-Reply-To" not in head
    assert "References: <ok@x.example>\r\n" in head


def test_references_keep_the_first_and_the_last() -> None:
    ids = tuple(f"{number}@customer.example" for number in range(100))

    written = parse.parse(compose(one(references=ids)).raw).references

    assert written[0] == ids[0]
    assert written[1:] == ids[-len(written) + 1 :]
    assert 10 < len(written) <= 20


def test_thread_index_and_topic_go_along_when_they_are_sound() -> None:
    sound = "AdB8" * 9

    assert f"Thread-Index: {sound}\r\n" in head_of(one(thread_index=sound))
    assert "Thread-Index" not in head_of(one(thread_index="no\r\nX: base64"))
    assert "Thread-Topic: Hello X: y\r\n" in head_of(one(thread_topic="Hello\r\nX: y"))


def kinds(raw: bytes) -> list[str]:
    return [part.content_type for part in parse.walk(parse.parse(raw).root)]


def test_words_alone_are_alternatives() -> None:
    assert kinds(compose(one()).raw) == ["multipart/alternative", "text/plain", "text/html"]


def test_images_are_related_and_files_are_mixed() -> None:
    file = OutgoingFile("a.pdf", "application/pdf", b"%PDF")

    raw = compose(one(html='<img src="cid:logo@acme">', attachments=(file, LOGO))).raw

    assert kinds(raw) == [
        "multipart/mixed",
        "multipart/related",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
        "application/pdf",
    ]


def test_an_image_that_the_html_does_not_show_is_an_attachment() -> None:
    mail = parse.parse(compose(one(attachments=(LOGO,))).raw)

    assert [(a.filename, a.inline) for a in mail.attachments] == [("logo.png", False)]
    assert b"Content-Disposition: attachment" in compose(one(attachments=(LOGO,))).raw


@pytest.mark.parametrize("content_id", ["a b", "x\r\nBcc: e@x", "<x>", "ü"])
def test_a_content_id_that_is_none_is_refused(content_id: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        compose(one(attachments=(replace(LOGO, content_id=content_id),)))

    assert refused.value.errors[0].pointer == "/attachments/0/content_id"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("image/PNG", "image/png"),
        ("text/plain; charset=latin-1", "text/plain"),
        ("nonsense", "application/octet-stream"),
        ("text/html\r\nBcc: e@x", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
    ],
)
def test_a_media_type_is_written_only_where_it_is_sound(given: str, written: str) -> None:
    mail = parse.parse(compose(one(attachments=(OutgoingFile("a", given, b"x"),))).raw)

    assert [file.content_type for file in mail.attachments] == [written]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("report.pdf", "report.pdf"),
        ("Résumé.pdf", "Résumé.pdf"),
        ("é" * 150 + ".docx", "é" * 150 + ".docx"),
        ('say "hi" \\o/.txt', ".txt"),
        ("a\r\nBcc: e@x.pdf", "a Bcc: e@x.pdf"),
        ("../../etc/passwd", "passwd"),
        ("", "attachment"),
    ],
)
def test_a_filename_arrives_as_it_was_but_for_what_is_unsafe(given: str, read: str) -> None:
    raw = compose(one(attachments=(OutgoingFile(given, "application/pdf", b"x"),))).raw

    mail = parse.parse(raw)

    assert [file.filename for file in mail.attachments] == [read]
    assert "bcc" not in mail.headers


def test_words_signature_and_quote_stand_in_this_order() -> None:
    outgoing = one(
        text="Yes.\n",
        signature=Signature("Acme"),
        quote=Quote("On Monday, Bob wrote:", "Is it?\n> Maybe.\n", "<p>Is it?</p>"),
    )

    mail = parse.parse(compose(outgoing).raw)

    assert mail.text.rstrip() == ("Yes.\n\n-- \nAcme\n\nOn Monday, Bob wrote:\n> Is it?\n>> Maybe.")
    assert re.search(r"Yes\..*Acme.*On Monday.*<blockquote type=\"cite\".*Is it", mail.html, re.S)


def test_text_is_never_markup() -> None:
    html = parse.parse(compose(one(text="<script>alert(1)</script> & co")).raw).html

    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in html


def test_lines_that_mailboxes_would_escape_are_encoded() -> None:
    raw = compose(one(text="From Monday on\nFrom x" + "y" * 200)).raw

    assert b"\r\nFrom " not in raw.partition(b"\r\n\r\n")[2]
    assert parse.parse(raw).text.startswith("From Monday on\nFrom xy")


@pytest.mark.parametrize(
    ("box", "written"),
    [
        (Mailbox("", "a@x.example"), "a@x.example"),
        (Mailbox("Ann Lee", "a@x.example"), "Ann Lee <a@x.example>"),
        (Mailbox("Lee, Ann", "a@x.example"), '"Lee, Ann" <a@x.example>'),
        (Mailbox('A "B"', "a@x.example"), '"A \\"B\\"" <a@x.example>'),
        (Mailbox("Ännchen", "a@x.example"), "=?utf-8?q?=C3=84nnchen?= <a@x.example>"),
    ],
)
def test_one_mailbox_is_written_in_its_plainest_form(box: Mailbox, written: str) -> None:
    assert mailbox_text(box) == written


def test_what_a_preview_shows_is_what_is_sent() -> None:
    for outgoing in ALL:
        first = head_of(outgoing).replace("\r\n ", " ").partition("\r\n")[0]

        assert first == f"From: {mailbox_text(outgoing.from_)}"
