"""Names that the team writes under: what a company name may be, and how From shows it."""

from __future__ import annotations

from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sender_identity import naming
from app.mail.addresses import parse_mailboxes
from app.mail.compose import mailbox_text
from app.mail.message import Mailbox

ADDRESS = "support@acme.inbox.example"


def test_an_agent_stands_before_the_company() -> None:
    assert naming.from_name(naming.AGENT_AND_COMPANY, "Acme", "Ann Lee") == "Ann Lee from Acme"


@pytest.mark.parametrize(
    ("style", "agent"),
    [
        (naming.COMPANY, "Ann Lee"),
        (naming.COMPANY, None),
        (naming.AGENT_AND_COMPANY, None),
        (naming.AGENT_AND_COMPANY, "  "),
        (naming.AGENT_AND_COMPANY, "\u200b"),
    ],
)
def test_without_an_agent_to_name_it_is_the_company(style: str, agent: str | None) -> None:
    assert naming.from_name(style, "Acme", agent) == "Acme"


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("Acme", f"Acme <{ADDRESS}>"),
        ("Ann Lee from Acme", f"Ann Lee from Acme <{ADDRESS}>"),
        ("Acme, Inc.", f'"Acme, Inc." <{ADDRESS}>'),
        ('The "A" \\ Team', f'"The \\"A\\" \\\\ Team" <{ADDRESS}>'),
        ("acme@home", f'"acme@home" <{ADDRESS}>'),
        ("Construir Fácil", f"=?utf-8?q?Construir_F=C3=A1cil?= <{ADDRESS}>"),
    ],
)
def test_the_header_is_quoted_and_encoded_where_it_has_to_be(name: str, header: str) -> None:
    assert mailbox_text(Mailbox(name, ADDRESS)) == header


@pytest.mark.parametrize(
    "name",
    [
        "日本語の会社" * 20,
        "Ünïted Wïdgets " * 6 + "x",
        "👩\u200d👩\u200d👧" * 20,
        "=?utf-8?q?Acme?=",
        "Ann Lee from Müller & Söhne GmbH, Köln",
    ],
)
def test_encoded_words_are_short_and_give_the_name_back(name: str) -> None:
    header = mailbox_text(Mailbox(name, ADDRESS))

    words = header.removesuffix(f" <{ADDRESS}>").split(" ")
    assert max(len(word) for word in words) <= 75
    assert str(make_header(decode_header(" ".join(words)))) == name
    assert parse_mailboxes(header)[0].name == name


@given(st.text(max_size=200))
def test_no_name_breaks_out_of_its_field(name: str) -> None:
    header = mailbox_text(Mailbox(name, ADDRESS))

    boxes = parse_mailboxes(header)
    assert header.isascii()
    assert header.isprintable()
    assert [box.address for box in boxes] == [ADDRESS]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "\u200d",
        "\u3164",
        "a\nb",
        "a\r\nBcc: b@c.example",
        "a\u2028b",
        "a\tb",
        "a\u202eb",
        "a\x00b",
        "x" * 101,
    ],
)
def test_what_can_be_no_company_name(name: str) -> None:
    assert naming.fault_of(name) is not None


@pytest.mark.parametrize("name", ["x", "x" * 100, "日" * 100, "Acme & Söhne", "👩\u200d👧"])
def test_what_can_be_one(name: str) -> None:
    assert naming.fault_of(name) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme", "ACME"),
        ("Acme", "Ac\u200dme"),
        ("Straße", "STRASSE"),
        ("Acme Shop", "Acme  Shop"),
        ("Acme", "Ａｃｍｅ"),  # full-width letters
        ("Café", "Cafe\u0301"),
    ],
)
def test_names_that_people_take_for_one_are_one(one: str, other: str) -> None:
    assert naming.key_of(one) == naming.key_of(other)


def test_a_default_name_is_made_unique() -> None:
    taken = {naming.key_of("acme"), naming.key_of("Acme 2")}

    assert naming.made_unique("Acme", taken) == "Acme 3"
    assert naming.made_unique("Globex", taken) == "Globex"


def test_a_name_made_unique_is_not_too_long() -> None:
    name = "x" * 100

    made = naming.made_unique(name, {naming.key_of(name)})

    assert made == "x" * 98 + " 2"


def test_an_account_name_is_made_fit() -> None:
    assert naming.made_fit(" Acme\r\n  Ltd\u202e ") == "Acme Ltd"
    assert naming.made_fit("x" * 200) == "x" * 100
    assert naming.made_fit("\u3164 \u200b") == ""
