"""No octets make the reader raise, and what it gives out can be stored."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail import addresses, dates, html, parameters, parse, tnef, words
from app.mail.headers import HeaderBlock
from app.mail.html_to_text import to_text
from app.mail.message import Mail
from tests.mail.parts import HEAD, multipart, text
from tests.mail.test_parse_attachments import FILE, tnef_mail
from tests.mail.winmail import winmail

IN_LINES = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
IN_TEXTS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")

SEEDS = [
    HEAD + text("Grüße".encode()),
    HEAD + multipart(text(b"a"), text(b"<p>b <img src='cid:c@x'></p>", b"text/html")),
    HEAD + multipart(b"Content-Type: message/rfc822\r\n\r\n" + HEAD + multipart(text(b"x"))),
    HEAD + b"\r\nbegin 644 a\r\n%:&5L;&\\\r\n`\r\nend\r\n",
    HEAD + b"To: \"A (b)\" <a@x.example>, G: =?utf-8?B?w6k=?= <b@x>;\r\n\r\nx",
    HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$\"\x1b(B",
    HEAD + b"Content-Disposition: attachment; filename*0*=utf-8''%C3; filename*1=x\r\n\r\nx",
    tnef_mail(winmail(FILE)),
]  # fmt: skip
FRAGMENTS = [
    b"\r\n", b"\n", b"\r", b"--b1", b"--b1--", b"\r\n\r\n", b"Content-Type: ", b"multipart/mixed",
    b"Content-Transfer-Encoding: base64\r\n", b"=?utf-8?q?", b"?=", b'"', b"(", b"<", b">", b"\\",
    b";", b"charset=utf-7", b"charset=utf-16", b"boundary=b1", b"\x00", b"\xff", b"\x1b$B",
    b"=\r\n", b"begin 644 x\r\n", b"\r\nend", b"message/rfc822", b"From ", b"text/html", b"<!--",
]  # fmt: skip

TAGS = [
    "<p>", "</p>", "<b x='", "'>", "<!--", "-->", "<", ">", "&", "a", "<pre>", "<script>", "\n",
    "</script>", "<blockquote type=cite>", "</blockquote>", "\0", "<td>", "&#xD800;",
]  # fmt: skip


@st.composite
def broken_mails(draw: st.DrawFn) -> bytes:
    """A mail with pieces cut out, doubled and put in."""
    raw = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 8))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 40)))
        piece = draw(
            st.sampled_from(FRAGMENTS) | st.binary(max_size=8) | st.just(raw[start:end] * 2)
        )
        raw = raw[:start] + piece + raw[end:]
    return raw


def assert_can_be_stored(mail: Mail, raw: bytes) -> None:
    people = (mail.sender, *mail.reply_to, *mail.to, *mail.cc)
    lines = [mail.subject, mail.message_id, *mail.in_reply_to, *mail.references, *mail.defects]
    lines += [value for box in people for value in (box.name, box.address)]
    for file in mail.attachments:
        lines += [file.filename, file.content_type, file.content_id, file.locator]
        assert len(parse.read_attachment(raw, file.locator)) == file.size
    assert not any(IN_LINES.search(line) for line in lines)
    assert not IN_TEXTS.search(mail.text)
    assert not IN_TEXTS.search(mail.html)
    assert not IN_TEXTS.search(html.sanitise(mail.html))
    for part in parse.walk(mail.root):
        assert not IN_TEXTS.search(parse.decode_part_text(part))
        parse.decode_part(part)
        for name in part.headers.names():
            assert not IN_LINES.search(part.headers.text(name))
            part.headers.mailboxes(name)
            part.headers.ids(name)


@settings(max_examples=300, deadline=None)
@given(broken_mails())
def test_broken_mails_are_read(raw: bytes) -> None:
    assert_can_be_stored(parse.parse(raw), raw)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_any_octets_are_read(raw: bytes) -> None:
    assert_can_be_stored(parse.parse(raw), raw)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.text("<>\"'()@,;:\\.=?a b[]", max_size=60))
def test_any_value_is_read(value: str) -> None:
    for box in addresses.parse_mailboxes(value):
        assert not IN_LINES.search(box.name + box.address)
        addresses.canonical(box.address)
    parameters.parse(value)
    words.decode_words(value)
    dates.parse_date(value)
    HeaderBlock(b"X: " + value.encode("utf-8", "surrogatepass")).text("x")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TAGS), max_size=60))
def test_any_html_is_read(pieces: list[str]) -> None:
    page = "".join(pieces)

    assert "<script" not in html.sanitise(page).lower()
    assert not IN_TEXTS.search(to_text(page))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_winmail_dat_is_read(noise: bytes, at: int) -> None:
    stream = winmail(FILE)

    for broken in (noise, stream[:at] + noise, stream[:at] + noise + stream[at + len(noise) :]):
        for file in tnef.read(broken).files:
            assert 0 <= file.start < file.end <= len(broken)
