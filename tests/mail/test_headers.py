"""Header blocks: fields, encoded words, Message-IDs, parameters."""

from __future__ import annotations

import pytest

from app.mail import parameters
from app.mail.headers import HeaderBlock
from app.mail.message import Headers, Mailbox
from app.mail.words import decode_words


def block(text: str) -> Headers:
    return HeaderBlock(text.encode("utf-8", "surrogateescape"))


def test_fields_are_found_whatever_their_case() -> None:
    headers = block("X-One: a\nSubject : b\nx-one: c\n")

    assert "SUBJECT" in headers
    assert headers.value("x-one") == "a"
    assert headers.values("X-ONE") == ["a", "c"]
    assert headers.value("subject") == "b"
    assert headers.value("absent") == ""
    assert headers.names() == ["x-one", "subject", "x-one"]


def test_folded_lines_are_one_value() -> None:
    headers = block("Subject: one\n two\n\tthree\n \t \n four\nTo: x@y.example\n")

    assert headers.value("subject") == "one two three four"
    assert headers.value("to") == "x@y.example"


def test_lines_that_are_no_fields_are_left_out() -> None:
    headers = block("From x@y Mon Jan 6\n continued\nno field\n: empty\nTo: x@y.example\n")

    assert headers.names() == ["to"]


def test_control_characters_do_not_survive() -> None:
    headers = block("Subject: a\x00b\x07c\x7fd\x1b[0me =?utf-8?q?f=00=0A=0Dg?=\n")

    assert headers.text("subject") == "abcd [0me f g"


@pytest.mark.parametrize("octets", ["Grüße aus Köln".encode(), "Grüße aus Köln".encode("cp1252")])
def test_raw_8_bit_octets_are_read(octets: bytes) -> None:
    headers = HeaderBlock(b"Subject: " + octets + b"\n")

    assert headers.text("subject") == "Grüße aus Köln"


def test_raw_8_bit_octets_are_read_in_the_charset_of_the_body() -> None:
    octets = "Вопрос".encode("koi8_r")
    headers = HeaderBlock(b"Subject: " + octets + b"\nContent-Type: text/plain; charset=koi8-r\n")

    assert headers.text("subject") == "Вопрос"


def test_raw_iso_2022_jp_is_read() -> None:
    headers = HeaderBlock(b"Subject: " + "お問い合わせ".encode("iso2022_jp") + b"\n")

    assert headers.text("subject") == "お問い合わせ"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("=?utf-8?Q?caf=C3=A9?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k=?=", "café"),
        ("=?utf-8?q?a_b?= =?utf-8?q?c?=", "a bc"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?B?w6?= =?utf-8?B?kh?=", "é!"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),
        ("=?utf-8?Q?=C3?==?UTF-8?Q?=A9?=", "é"),
        ("=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"),
        ("=?utf-8*en?q?=C3=A9?=", "é"),
        ("=?x-unknown?q?abc?=", "abc"),
        ("=?unknown-8bit?q?=E9?=", "é"),
        ("=?rot13?q?uryyb?=", "uryyb"),
        ("=?utf-8?Q?a b c?=", "a b c"),
        ("x=?utf-8?Q?b?=y", "xby"),
        ("=?utf-8?B?YWJj!?=", "abc"),
        ("=?utf-8?B?YWJ?=", "ab"),
        ("=?utf-8?Q??= x", " x"),
        ("=?utf-8?Q?100=ZZ?=", "100=ZZ"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("=?utf-8?Q?never closed", "=?utf-8?Q?never closed"),
        ("=?=?=?", "=?=?=?"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?iso-2022-jp?B?GyRCJCIbKEI=?=", "あ"),
        ("=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=", "=?utf-8?q?x?="),
    ],
)
def test_encoded_words_are_read_with_their_sins(given: str, read: str) -> None:
    assert decode_words(given) == read


def test_mailboxes_of_all_fields_are_given() -> None:
    headers = block('To: "=?utf-8?q?J=C3=BCrgen?=" <j@x.example>\nTo: b@x.example\n')

    assert headers.mailboxes("to") == (Mailbox("Jürgen", "j@x.example"), Mailbox("", "b@x.example"))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("<a@x.example>", ("a@x.example",)),
        ("<a@x> <b@x>\n <c@x>", ("a@x", "b@x", "c@x")),
        ("<a@x><b@x>", ("a@x", "b@x")),
        ("a@x.example", ("a@x.example",)),
        ("no-at-sign", ("no-at-sign",)),
        ("<a b@x>", ("ab@x",)),
        ("Your mail of Monday <a@x>", ("a@x",)),
        ("Your mail of Monday", ()),
        ("<>", ()),
        ("", ()),
        ("<" + "m" * 5000 + "@x>", ()),
    ],
)
def test_message_ids_are_read(given: str, read: tuple[str, ...]) -> None:
    found = block(f"References: {given}\n").ids("references")

    assert found == read or (len(given) > 4000 and all(len(one) <= 998 for one in found))


def test_the_number_of_message_ids_is_bounded() -> None:
    headers = block("References: " + "<a@x> " * 50_000)

    assert len(headers.ids("references")) <= 1000


@pytest.mark.parametrize(
    ("given", "value", "found"),
    [
        ("text/plain", "text/plain", {}),
        ("Text/HTML; Charset=UTF-8", "text/html", {"charset": "UTF-8"}),
        ('multipart/mixed; boundary="a;b=c"', "multipart/mixed", {"boundary": "a;b=c"}),
        ('a/b; x="say \\"hi\\""', "a/b", {"x": 'say "hi"'}),
        ("a/b;;;; x = 1 ;y=2;", "a/b", {"x": "1", "y": "2"}),
        ("a/b; x=1; x=2", "a/b", {"x": "1"}),
        ("a/b (a comment; x=9); x=1", "a/b", {"x": "1"}),
        ('a/b; x="(no comment)"', "a/b", {"x": "(no comment)"}),
        ("a/b charset=utf-8", "a/b", {"charset": "utf-8"}),
        ("a/b; charset=utf-8 format=flowed", "a/b", {"charset": "utf-8", "format": "flowed"}),
        ('a/b; x="never closed', "a/b", {"x": "never closed"}),
        ("a/b; x*0=one; x*1=two", "a/b", {"x": "onetwo"}),
        ("a/b; x*=utf-8''%E2%82%AC; x=EUR", "a/b", {"x": "€"}),
        ("", "", {}),
    ],
)
def test_parameters_are_read(given: str, value: str, found: dict[str, str]) -> None:
    assert parameters.parse(given) == (value, found)
