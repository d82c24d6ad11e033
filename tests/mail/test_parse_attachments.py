"""Attachments: their names, their octets, and what is hidden within texts and winmail.dat."""

from __future__ import annotations

import base64
import binascii
import struct

import pytest

from app.mail import parse, tnef, transfer
from tests.mail.parts import HEAD, multipart, text
from tests.mail.winmail import attribute, string_property, winmail


def file_part(content: bytes, head: bytes, encoding: str = "base64") -> bytes:
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return head + b"\r\nContent-Transfer-Encoding: " + encoding.encode() + b"\r\n\r\n" + encoded


@pytest.mark.parametrize("length", [0, 1, 2, 3, 56, 57, 58, 1000])
def test_the_octets_of_an_attachment_are_found_again(length: int) -> None:
    content = bytes(range(256)) * 4
    part = file_part(content[:length], b"Content-Type: application/pdf; name=a.pdf")
    raw = HEAD + multipart(text(b"x"), part)

    (file,) = parse.parse(raw).attachments

    assert file.size == length
    assert parse.read_attachment(raw, file.locator) == content[:length]


def test_a_picture_is_inline_only_when_the_html_shows_it() -> None:
    def picture(name: bytes) -> bytes:
        head = b"Content-Type: image/png; name=%s.png\r\nContent-ID: <%s@x>" % (name, name)
        return file_part(b"PNG", head + b"\r\nContent-Disposition: inline")

    page = text(b'<p>See <img src="cid:a@x"></p>', b"text/html")
    raw = HEAD + multipart(page, picture(b"a"), picture(b"b"), subtype=b"related")

    mail = parse.parse(raw)

    assert [(file.filename, file.inline) for file in mail.attachments] == [
        ("a.png", True),
        ("b.png", False),
    ]


def test_an_embedded_mail_is_a_file_named_by_its_subject() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\nSubject: Re: a/b\r\n\r\ninner"
    raw = HEAD + multipart(text(b"x"), inner)

    (file,) = parse.parse(raw).attachments

    assert file.filename == "Re: a-b.eml"
    assert parse.read_attachment(raw, file.locator) == b"Subject: Re: a/b\r\n\r\ninner"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (b'filename="../../etc/passwd"', "passwd"),
        (b'filename="C:\\\\temp\\\\a.txt"', "a.txt"),
        (b'filename="invoice\xe2\x80\xaefdp.exe"', "invoicefdp.exe"),
        (b'filename="a\x00b.txt"', "ab.txt"),
        (b'filename="a\r\n b.txt"', "a b.txt"),
        (b'filename=".."', ""),
        (b'filename=""', ""),
        (b"filename=un quoted.pdf", "un quoted.pdf"),
        (b"filename*=utf-8''na%C3%AFve.txt", "naïve.txt"),
        (b"filename*=iso-8859-1'en'na%EFve.txt", "naïve.txt"),
        (b"filename=plain.txt; filename*=utf-8''real.txt", "real.txt"),
        (b'filename*1="b.txt"; filename*0="a"', "ab.txt"),
        (b"filename*0*=utf-8''%C3; filename*1*=%A9.txt", "é.txt"),
        (b'filename="=?utf-8?Q?na=C3=AFve?=.txt"', "naïve.txt"),
        (b'filename="' + b"n" * 5000 + b'.txt"', "n" * 196 + ".txt"),
    ],
)
def test_file_names_are_read_and_made_safe(given: bytes, shown: str) -> None:
    part = b"Content-Type: application/x\r\nContent-Disposition: attachment; " + given
    raw = HEAD + multipart(text(b"x"), part + b"\r\n\r\ncontent")

    assert [file.filename for file in parse.parse(raw).attachments] == [shown]


def test_uuencoded_files_are_taken_out_of_the_text() -> None:
    lines = binascii.b2a_uu(b"hello") + b"`\n"
    raw = HEAD + b"\r\nSee the file\n\nbegin 644 hello.txt\n" + lines + b"end\nRegards\n"

    mail = parse.parse(raw)

    assert mail.text == "See the file\n\n\nRegards\n"
    (file,) = mail.attachments
    assert (file.filename, file.size) == ("hello.txt", 5)
    assert parse.read_attachment(raw, file.locator) == b"hello"


def test_words_that_only_begin_like_a_uuencoded_file_stay() -> None:
    raw = HEAD + b"\r\nbegin 644 reasons\r\nto come home\r\nend\r\n"

    mail = parse.parse(raw)

    assert mail.attachments == ()
    assert mail.text == "begin 644 reasons\nto come home\nend\n"


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"aGVsbG8=", b"hello"),
        (b"aGVsbG8", b"hello"),
        (b"aGVs!!bG8=\r\n", b"hello"),
        (b"aGVsbG8=\r\nd29ybGQ=\r\n", b"helloworld"),
        (b"aGVsbG8=\r\n-- \r\nfooter of a list\r\n", b"hello"),
        (b"aGVsbG8=a", b"hello"),
        (b"a", b""),
        (b"====", b""),
        (b"", b""),
    ],
)
def test_base64_is_read_with_its_sins(encoded: bytes, decoded: bytes) -> None:
    assert transfer.decode_base64(encoded) == decoded
    assert transfer.size_of_base64(encoded) == len(decoded)


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        (b"a=3Db", b"a=b"),
        (b"caf=c3=A9", b"caf\xc3\xa9"),
        (b"one=\r\ntwo", b"onetwo"),
        (b"one= \t\r\ntwo", b"onetwo"),
        (b"100 =ZZ", b"100 =ZZ"),
        (b"end=", b"end"),
    ],
)
def test_quoted_printable_is_read_with_its_sins(encoded: bytes, decoded: bytes) -> None:
    assert transfer.decode_quoted_printable(encoded) == decoded


FILE = (
    attribute(2, 0x00069002, b"\0" * 14)
    + attribute(2, 0x00018010, b"SHORT~1.TXT\0")
    + attribute(2, 0x0006800F, b"content")
    + attribute(2, 0x00069005, struct.pack("<I", 1) + string_property(0x3707, "a long näme.txt"))
)


def tnef_mail(stream: bytes) -> bytes:
    part = file_part(stream, b"Content-Type: application/ms-tnef; name=winmail.dat")
    return HEAD + multipart(part)


def test_files_come_out_of_winmail_dat() -> None:
    raw = tnef_mail(winmail(FILE))

    (file,) = parse.parse(raw).attachments

    assert (file.filename, file.size) == ("a long näme.txt", 7)
    assert parse.read_attachment(raw, file.locator) == b"content"


def test_the_words_in_winmail_dat_are_shown_when_there_are_no_others() -> None:
    body = struct.pack("<I", 1) + string_property(0x1000, "Words of Outlook")

    mail = parse.parse(tnef_mail(winmail(attribute(1, 0x00069003, body), FILE)))

    assert mail.text == "Words of Outlook"


def test_uncompressed_rtf_in_winmail_dat_is_shown() -> None:
    rtf = rb"{\rtf1{\fonttbl{\f0 Arial;}}Gr\'fc\'dfe\par {\*\hidden no}from \u8364?}"
    packed = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    value = struct.pack("<IHHII", 1, 0x102, 0x1009, 1, len(packed)) + packed

    contents = tnef.read(winmail(attribute(1, 0x00069003, value)))

    assert contents.text == "Grüße\nfrom €"


def test_a_winmail_dat_that_cannot_be_read_stays_a_file() -> None:
    for stream in (b"", b"x\x9f>", winmail(), winmail(FILE)[:20]):
        mail = parse.parse(tnef_mail(stream))

        assert [file.filename for file in mail.attachments] == ["winmail.dat"]


def test_a_winmail_dat_with_an_embedded_mail_is_kept_beside_its_files() -> None:
    inner = b"\0" * 16 + winmail(FILE)
    value = (
        struct.pack("<IHHII", 1, 0x0D, 0x3701, 1, len(inner)) + inner + b"\0" * (-len(inner) % 4)
    )
    stream = winmail(attribute(2, 0x00069002, b"\0" * 14), attribute(2, 0x00069005, value))

    mail = parse.parse(tnef_mail(stream))

    assert [file.filename for file in mail.attachments] == ["winmail.dat", "a long näme.txt"]


def test_a_locator_that_parse_did_not_make_gives_nothing() -> None:
    for locator in ("", "x", "1-2", "../../etc/passwd", "9-1;base64", "0-5;rot13/9-"):
        assert parse.read_attachment(b"hello", locator) in (b"", b"hello")
