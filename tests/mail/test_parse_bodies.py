"""Which parts of a mail are its words."""

from __future__ import annotations

import pytest

from app.mail import parse
from tests.mail.parts import HEAD, multipart, text

HTML = b"text/html"


def test_of_two_versions_the_plain_one_is_the_text() -> None:
    raw = HEAD + multipart(text(b"plain"), text(b"<p>rich</p>", HTML), subtype=b"alternative")

    mail = parse.parse(raw)

    assert (mail.text, mail.html, mail.attachments) == ("plain", "<p>rich</p>", ())


def test_html_alone_gives_the_text() -> None:
    mail = parse.parse(HEAD + text(b"<p>One</p><p>Two &amp; three</p>", HTML))

    assert mail.text == "One\n\nTwo & three"
    assert mail.html == "<p>One</p><p>Two &amp; three</p>"


def test_an_empty_plain_version_gives_way_to_the_html() -> None:
    raw = HEAD + multipart(text(b" \r\n"), text(b"<p>rich</p>", HTML), subtype=b"alternative")

    assert parse.parse(raw).text == "rich"


def test_texts_around_a_file_are_joined() -> None:
    picture = b"Content-Type: image/png; name=a.png\r\n\r\nPNG"
    raw = HEAD + multipart(text(b"before"), picture, text(b"after"))

    mail = parse.parse(raw)

    assert mail.text == "before\nafter"
    assert [file.filename for file in mail.attachments] == ["a.png"]


def test_the_footer_of_a_list_is_part_of_both_text_and_html() -> None:
    versions = multipart(
        text(b"plain"), text(b"<p>rich</p>", HTML), subtype=b"alternative", boundary=b"b2"
    )
    raw = HEAD + multipart(versions, text(b"-- list <footer>"))

    mail = parse.parse(raw)

    assert mail.text == "plain\n-- list <footer>"
    assert mail.html.startswith("<p>rich</p>")
    assert "-- list &lt;footer&gt;" in mail.html


def test_plain_parts_side_by_side_in_an_alternative_are_all_shown() -> None:
    raw = HEAD + multipart(text(b"one"), text(b"two"), subtype=b"alternative")

    assert parse.parse(raw).text == "one\ntwo"


def test_of_many_html_versions_the_last_is_shown() -> None:
    versions = [text(b"<p>v%d</p>" % n, HTML) for n in range(50)]
    raw = HEAD + multipart(*versions, subtype=b"alternative")

    assert parse.parse(raw).html == "<p>v49</p>"


def test_a_text_with_a_file_name_is_a_file() -> None:
    part = b'Content-Type: text/plain\r\nContent-Disposition: inline; filename="n.txt"\r\n\r\nnote'
    raw = HEAD + multipart(text(b"words"), part)

    mail = parse.parse(raw)

    assert mail.text == "words"
    assert [file.filename for file in mail.attachments] == ["n.txt"]


def test_a_mail_of_one_named_text_shows_it_and_keeps_it() -> None:
    raw = HEAD + multipart(b"Content-Type: text/plain; name=n.txt\r\n\r\nnote")

    mail = parse.parse(raw)

    assert mail.text == "note"
    assert [file.filename for file in mail.attachments] == ["n.txt"]


def test_a_text_sent_as_an_attachment_is_not_shown() -> None:
    raw = HEAD + b"Content-Disposition: attachment; filename=n.txt\r\n\r\nnote"

    mail = parse.parse(raw)

    assert mail.text == ""
    assert [file.filename for file in mail.attachments] == ["n.txt"]


def test_flowed_lines_are_joined_and_quotes_keep_their_marks() -> None:
    raw = (
        HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n"
        b"One long \r\nparagraph.\r\n\r\n> quoted \r\n> words\r\n>> deeper\r\n"
        b"-- \r\nAnn\r\n  indented\r\n"
    )

    assert parse.parse(raw).text == (
        "One long paragraph.\n\n> quoted words\n>> deeper\n-- \nAnn\n indented\n"
    )


def test_flowed_lines_in_a_language_without_spaces_lose_the_added_one() -> None:
    raw = (
        HEAD + b"Content-Type: text/plain; format=flowed; delsp=yes; charset=utf-8\r\n\r\n"
        + "日本 \r\n語".encode()
    )  # fmt: skip

    assert parse.parse(raw).text == "日本語"


@pytest.mark.parametrize("kind", ["text/calendar", "text/csv", "message/delivery-status"])
def test_other_kinds_of_text_are_attachments(kind: str) -> None:
    raw = HEAD + multipart(text(b"words"), text(b"x: y", kind.encode()))

    mail = parse.parse(raw)

    assert mail.text == "words"
    assert [file.content_type for file in mail.attachments] == [kind]


def test_the_signature_of_a_signed_mail_is_an_attachment() -> None:
    signature = b"Content-Type: application/pgp-signature; name=signature.asc\r\n\r\n-----"
    raw = HEAD + multipart(text(b"signed"), signature, subtype=b"signed")

    mail = parse.parse(raw)

    assert mail.text == "signed"
    assert [file.filename for file in mail.attachments] == ["signature.asc"]
