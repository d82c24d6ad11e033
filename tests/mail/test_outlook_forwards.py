"""A mail that Outlook forwards as attachment stands in winmail.dat with its author (E4)."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail import parse, tnef
from app.mail.attribution import Attribution, Surroundings, attribute
from app.mail.message import Mailbox
from tests.mail import winmail
from tests.mail.winmail import CC, TO, Property, attached_file, attached_letter, letter, mail_with

ANN = "Ann Lee <ann@acme.example>"
AROUND = Surroundings(frozenset({"support@acme.example"}), is_teammate="ann@acme.example".__eq__)
SENT = datetime(2026, 11, 20, 8, 15, tzinfo=UTC)
X500 = "/O=ACME/OU=EXCHANGE/CN=RECIPIENTS/CN=DORA"
DORA: dict[int, Property] = {
    0x001A: "IPM.Note",
    0x0042: "Dora Doe",
    0x0064: "SMTP",
    0x0065: "dora@strict.example",
    0x0037: "The lamp",
    0x0039: SENT,
    0x1035: "<lamp@strict.example>",
    0x1000: "It is broken.\r\n",
}
RECIPIENTS: list[dict[int, Property]] = [
    {0x3001: "Ann Lee", 0x3002: "EX", 0x3003: X500, 0x39FE: "ann@acme.example", 0x0C15: TO},
    {0x3001: "Carl", 0x3002: "SMTP", 0x3003: "carl@strict.example", 0x0C15: CC},
    {0x3001: "Emma", 0x3002: "EX", 0x3003: X500, 0x0C15: CC},
]


def forward(*streams: bytes, text: str = "Please look.") -> bytes:
    outer = winmail.winmail(*(attached_letter(one) for one in streams))
    return mail_with(outer, ANN, text)


def decided(raw: bytes) -> Attribution:
    return attribute(parse.parse(raw), "human", AROUND)


def test_the_mail_that_was_attached_is_the_original() -> None:
    found = decided(forward(letter(DORA, RECIPIENTS)))

    assert (found.arrival, found.method, found.unresolved) == (
        "teammate",
        "attached-message",
        False,
    )
    assert found.author == Mailbox("Dora Doe", "dora@strict.example")
    assert found.comment.strip() == "Please look."
    original = found.original
    assert original is not None
    assert original.subject == "The lamp"
    assert original.sent_at == SENT
    assert original.message_id == "lamp@strict.example"
    assert original.text.strip() == "It is broken."
    assert original.to == (Mailbox("Ann Lee", "ann@acme.example"),)
    assert original.cc == (Mailbox("Carl", "carl@strict.example"), Mailbox("Emma", ""))


def test_its_own_files_are_the_originals_files() -> None:
    inner = letter(DORA, None, attached_file("lamp.jpg", b"JPEG"))
    outer = winmail.winmail(attached_file("note.txt", b"of Ann"), attached_letter(inner))
    raw = mail_with(outer, ANN, "See.")

    original = decided(raw).original

    assert original is not None
    assert original.whole is not None
    (file,) = original.whole.attachments
    assert (file.filename, parse.read_attachment(raw, file.locator)) == ("lamp.jpg", b"JPEG")
    names = [one.filename for one in parse.parse(raw).attachments]
    assert names == ["winmail.dat", "note.txt", "lamp.jpg"]


@pytest.mark.parametrize(
    ("more", "author"),
    [
        ({0x0064: "EX", 0x0065: X500}, ("Dora Doe", "")),
        ({0x0064: "EX", 0x0065: X500, 0x5D02: "dora@strict.example"}, None),
        ({0x0064: "EX", 0x0065: X500, 0x0C1A: "Eve", 0x5D01: "eve@x.example"}, ("Dora Doe", "")),
        (
            {
                0x0064: "EX",
                0x0065: X500,
                0x0C1A: "Dora Doe",
                0x0C1F: X500,
                0x0C1E: "EX",
                0x5D01: "dora@strict.example",
            },
            None,
        ),
        ({0x0042: "", 0x0065: "", 0x0C1A: "Dora Doe", 0x0C1F: "dora@strict.example"}, None),
        ({0x0065: "IMCEAEX-_O=ACME_CN=DORA@acme.example"}, ("Dora Doe", "")),
        ({0x0042: "dora@strict.example"}, ("", "dora@strict.example")),
        ({0x0042: "dora@strict.example", 0x0065: ""}, ("", "dora@strict.example")),
        (
            {0x007D: "Received: from x\r\nFrom: =?utf-8?q?D=C3=B6ra?= <d@strict.example>\r\n"},
            ("Döra", "d@strict.example"),
        ),
    ],
)
def test_the_author(more: dict[int, Property], author: tuple[str, str] | None) -> None:
    found = decided(forward(letter({**DORA, **more})))

    assert found.method == "attached-message"
    expected = Mailbox(*(author or ("Dora Doe", "dora@strict.example")))
    assert found.author == expected
    assert found.unresolved is not bool(expected.address)


def test_a_header_that_came_along_says_to_whom_and_when() -> None:
    head = (
        "Microsoft Mail Internet Headers Version 2.0\r\n"
        "From: Dora Doe <dora@strict.example>\r\nTo: Support <support@acme.example>,\r\n"
        "\tAnn <ann@acme.example>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n"
        "Message-ID: <first@strict.example>\r\n"
    )

    original = decided(forward(letter({**DORA, 0x007D: head}, RECIPIENTS))).original

    assert original is not None
    assert [box.address for box in original.to] == ["support@acme.example", "ann@acme.example"]
    assert original.sent_at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert original.message_id == "first@strict.example"


def test_recipients_without_a_table_are_names() -> None:
    more: dict[int, Property] = {0x0E04: "Ann Lee; 'bob@acme.example'", 0x0E03: "Carl"}

    original = decided(forward(letter({**DORA, **more}))).original

    assert original is not None
    assert original.to == (Mailbox("Ann Lee", ""), Mailbox("", "bob@acme.example"))
    assert original.cc == (Mailbox("Carl", ""),)


def test_a_mail_of_an_old_writer_has_attributes_instead_of_properties() -> None:
    name, address = b"Dora Doe\0\0", b"SMTP:dora@strict.example\0"
    sender = struct.pack("<HHHH", 4, 0, len(name), len(address)) + name + address
    inner = winmail.winmail(
        winmail.attribute(1, 0x00008000, sender),
        winmail.attribute(1, 0x00018004, b"The lamp\0"),
        winmail.attribute(1, 0x00038005, struct.pack("<7H", 2026, 11, 20, 8, 15, 0, 5)),
        winmail.attribute(1, 0x0002800C, b"It is broken.\0"),
    )

    found = decided(forward(inner))

    assert found.author == Mailbox("Dora Doe", "dora@strict.example")
    assert found.original is not None
    assert (found.original.subject, found.original.sent_at) == ("The lamp", SENT)
    assert found.original.text == "It is broken."


def test_the_html_of_the_original_is_read_in_its_own_code_page() -> None:
    more: dict[int, Property] = {0x1013: "<p>Größe</p>".encode("cp1250"), 0x3FDE: 1250, 0x1000: ""}

    original = decided(forward(letter({**DORA, **more}))).original

    assert original is not None
    assert original.html == "<p>Größe</p>"
    assert original.text.strip() == "Größe"


def test_two_attached_mails_decide_nothing() -> None:
    found = decided(forward(letter(DORA), letter(DORA)))

    assert (found.method, found.author.address) == ("from", "ann@acme.example")


@pytest.mark.parametrize("kind", ["IPM.Contact", "IPM.Appointment", "IPM.Task"])
def test_what_is_attached_and_no_mail_is_no_original(kind: str) -> None:
    found = decided(forward(letter({**DORA, 0x001A: kind})))

    assert (found.method, found.original) == ("from", None)


def test_a_forward_of_a_forward_to_a_colleague_gives_the_inner_author() -> None:
    middle: dict[int, Property] = {**DORA, 0x0042: "Ann Lee", 0x0065: "ann@acme.example"}

    found = decided(forward(letter(middle, None, attached_letter(letter(DORA)))))

    assert found.author.address == "dora@strict.example"


def test_mails_within_mails_end_somewhere() -> None:
    stream = letter(DORA)
    for _ in range(30):
        stream = letter(DORA, None, attached_letter(stream))

    contents = tnef.read(stream)

    depth = 0
    while contents.messages:
        contents, depth = contents.messages[0], depth + 1
    assert depth < 12


FULL = winmail.winmail(attached_letter(letter(DORA, RECIPIENTS, attached_file("a.txt", b"text"))))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, len(FULL)), st.booleans())
def test_nothing_in_a_winmail_dat_makes_it_fail(noise: bytes, at: int, over: bool) -> None:
    broken = FULL[:at] + noise + FULL[at + (len(noise) if over else 0) :]

    found = decided(mail_with(broken, ANN, "Please look."))

    assert found.arrival == "teammate"
    if found.original is not None and found.author.address:
        assert "@" in found.author.address


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from([*DORA, 0x007D, 0x5D02]), st.text(max_size=60)))
def test_an_author_is_an_address_that_stands_there(values: dict[int, Any]) -> None:
    found = decided(forward(letter(values)))

    if found.author.address and found.method == "attached-message":
        assert any(found.author.address in str(one) for one in values.values())


def test_time_is_linear_in_what_a_winmail_dat_repeats() -> None:
    """Counted in properties that are looked at, not in seconds."""
    read = []
    for times in (50, 100, 200):
        inner = letter(DORA, RECIPIENTS * times, *[attached_letter(letter(DORA))] * times)
        counted = _Counted(winmail.winmail(attached_letter(inner)))
        tnef.read(counted)
        read.append(counted.slices / times)

    assert max(read) < 1.5 * min(read)


class _Counted(bytes):
    slices = 0

    def __getitem__(self, key: Any) -> Any:
        self.slices += 1
        return super().__getitem__(key)
