"""Texts in every charset, declared rightly, wrongly or not at all."""

from __future__ import annotations

import pytest

from app.mail import charsets, parse

JAPANESE = "お問い合わせありがとうございます。"
CYRILLIC = "Здравствуйте, где мой заказ?"
KOREAN = "안녕하세요 문의드립니다"
CHINESE = "您好，请问我的订单在哪里？谢谢您的帮助"


@pytest.mark.parametrize(
    ("words", "codec", "declared"),
    [
        ("naïve café", "utf-8", "utf-8"),
        ("naïve café", "latin-1", "iso-8859-1"),
        ("“quotes” – €", "cp1252", "iso-8859-1"),
        ("naïve café", "utf-8", "us-ascii"),
        ("naïve café", "utf-8", "iso-8859-1"),
        ("naïve café", "cp1252", "utf-8"),
        ("naïve café", "cp1252", ""),
        ("naïve café", "utf-8", "x-unknown"),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP"),
        (JAPANESE, "iso2022_jp", ""),
        (JAPANESE, "iso2022_jp", "us-ascii"),
        (JAPANESE, "euc_jp", "iso-2022-jp"),
        (JAPANESE, "cp932", "Shift_JIS"),
        (JAPANESE, "euc_jp", "x-euc-jp"),
        (CYRILLIC, "koi8_r", "KOI8-R"),
        (CYRILLIC, "cp1251", "windows-1251"),
        (CYRILLIC, "cp1251", "cp-1251"),
        (KOREAN, "cp949", "ks_c_5601-1987"),
        (KOREAN, "euc_kr", "euc-kr"),
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "gb18030", "GBK"),
        ("訂單", "big5", "Big5"),
        (CHINESE, "utf-8", "gb2312"),
        ("שלום", "iso8859_8", "iso-8859-8-i"),
        ("Ελλάδα", "iso8859_7", "ISO_8859-7:1987"),
        ("สวัสดี", "cp874", "tis-620"),
        ("naïve", "utf-7", "utf-7"),
        ("naïve café", "utf-16", "utf-16"),
        ("naïve café", "utf-16-le", "utf-16"),
        ("naïve café", "utf-16-be", "utf-16"),
        ("naïve café", "utf-16-le", ""),
        ("plain words", "ascii", "utf-16"),
        ("naïve café", "utf-8-sig", "utf-8"),
    ],
)
def test_text_is_read_whatever_its_charset_is_called(words: str, codec: str, declared: str) -> None:
    assert charsets.decode_text(words.encode(codec), declared) == words


@pytest.mark.parametrize("declared", ["", "x-none"])
def test_longer_text_of_an_unknown_charset_is_guessed(declared: str) -> None:
    words = f"{CYRILLIC} Я жду уже две недели. Пожалуйста, ответьте мне как можно скорее."

    assert charsets.decode_text(words.encode("cp1251"), declared) == words


@pytest.mark.parametrize(
    "name",
    [
        "rot13",
        "rot_13",
        "hex",
        "base64",
        "zlib",
        "bz2",
        "uu",
        "idna",
        "punycode",
        "unicode_escape",
        "raw_unicode_escape",
        "undefined",
        "mbcs",
        "oem",
        "os",
        "encodings.utf_8",
        "\x00",
        "x" * 10000,
        "quopri",
        "charmap",
    ],
)
def test_what_is_no_charset_is_never_used(name: str) -> None:
    assert charsets.codec_of(name) == ""
    assert charsets.decode(b"uryyb", name) == "uryyb"


def test_numbers_in_circles_in_japanese_mail_are_read() -> None:
    octets = b"\x1b$B-!\x1b(B"

    assert charsets.decode_text(octets, "iso-2022-jp") == "①"


def test_a_cut_character_does_not_spoil_the_text() -> None:
    octets = "Здравствуйте".encode()[:-1]

    assert charsets.decode_text(octets, "utf-8") == "Здравствуйт\ufffd"


def test_control_characters_do_not_survive() -> None:
    octets = b"a\x00b\x07c\x1b[31md\x7fe\tf\r\ng\rh\x0ci"

    text = charsets.decode_text(octets, "utf-8")

    assert text == "abc[31mde\tf\ng\nhi"


def test_surrogates_in_utf_7_do_not_survive() -> None:
    text = charsets.decode_text(b"x+2AA-y", "utf-7")

    text.encode("utf-8")
    assert text.startswith("x")


def test_html_may_name_its_charset_itself() -> None:
    head = b"Content-Type: text/html\r\n\r\n"
    page = '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r"><p>Привет</p>'

    assert parse.parse(head + page.encode("koi8_r")).text == "Привет"


def test_the_header_goes_before_what_html_says_of_itself() -> None:
    head = b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n"
    page = '<meta charset="koi8-r"><p>café</p>'

    assert parse.parse(head + page.encode("latin-1")).text == "café"


def test_a_line_shows_no_bidi_overrides() -> None:
    assert charsets.clean_line("evil\u202egpj.exe\u202c\nx") == "evilgpj.exe x"
