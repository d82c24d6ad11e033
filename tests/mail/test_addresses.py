"""Mailboxes as the world writes them, and addresses for comparing."""

from __future__ import annotations

import pytest

from app.mail import addresses


def pairs(value: str) -> list[tuple[str, str]]:
    return [(box.name, box.address) for box in addresses.parse_mailboxes(value)]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("ann@x.example", [("", "ann@x.example")]),
        ("Ann Lee <ann@x.example>", [("Ann Lee", "ann@x.example")]),
        ('"Lee, Ann" <ann@x.example>', [("Lee, Ann", "ann@x.example")]),
        ("Lee, Ann <ann@x.example>", [("Lee, Ann", "ann@x.example")]),
        ("ann@x.example (Ann Lee)", [("Ann Lee", "ann@x.example")]),
        ("a@x.example, b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        ("A <a@x.example>; B <b@x.example>", [("A", "a@x.example"), ("B", "b@x.example")]),
        ("Team: A <a@x.example>, b@x.example;", [("A", "a@x.example"), ("", "b@x.example")]),
        ("Acme: Support <s@x.example>", [("Acme: Support", "s@x.example")]),
        ("undisclosed-recipients:;", []),
        ("undisclosed-recipients:", []),
        ("'Ann' via Group <g@x.example>", [("'Ann' via Group", "g@x.example")]),
        ("a@y.example via Group <g@x.example>", [("a@y.example via Group", "g@x.example")]),
        ("'Ann Lee' <ann@x.example>", [("Ann Lee", "ann@x.example")]),
        ('"say \\"hi\\"" <a@x.example>', [('say "hi"', "a@x.example")]),
        ("ann@x.example [mailto:ann@x.example]", [("", "ann@x.example")]),
        ("Ann [mailto:ann@x.example]", [("Ann", "ann@x.example")]),
        ("<mailto:ann@x.example>", [("", "ann@x.example")]),
        ("<@a.example,@b.example:ann@x.example>", [("", "ann@x.example")]),
        ("Ann <<ann@x.example>>", [("Ann", "ann@x.example")]),
        ("Ann <ann@x.example", [("Ann", "ann@x.example")]),
        ("Ann ann@x.example", [("Ann", "ann@x.example")]),
        ("Ann <ann @ x . example>", [("Ann", "ann@x.example")]),
        ("'ann@x.example'", [("", "ann@x.example")]),
        ('"ann@x.example"', [("", "ann@x.example")]),
        ('"a@b c"@x.example', [("", '"a@b c"@x.example')]),
        ('<"john doe"@x.example>', [("", '"john doe"@x.example')]),
        ("o'brien@x.example", [("", "o'brien@x.example")]),
        ("Pete(nice) <pete(his)@x.example(host)>", [("Pete", "pete@x.example")]),
        ("a@[192.0.2.1]", [("", "a@[192.0.2.1]")]),
        ("ann@bücher.example", [("", "ann@bücher.example")]),
        ("=?utf-8?q?J=C3=BCrgen?= <j@x.example>", [("Jürgen", "j@x.example")]),
        ('"=?utf-8?q?J=C3=BCrgen?=" <j@x.example>', [("Jürgen", "j@x.example")]),
        ("=?utf-8?q?Lee=2C_Ann?= <a@x.example>", [("Lee, Ann", "a@x.example")]),
        ("=?utf-8?q?Lee, Ann?= <a@x.example>", [("Lee, Ann", "a@x.example")]),
        ("=?utf-8?q?b=40y.example?= <a@x.example>", [("b@y.example", "a@x.example")]),
        ("=?utf-8?q?Ann_=3Ca=40x.example=3E?=", [("Ann", "a@x.example")]),
        ("MAILER-DAEMON (Mail System)", [("Mail System", "MAILER-DAEMON")]),
        ("Mail System <MAILER-DAEMON>", [("Mail System", "MAILER-DAEMON")]),
        ("Just A Name", [("Just A Name", "")]),
        ('"never closed <a@x.example>', [("never closed", "a@x.example")]),
        ("(never closed <a@x.example>", [("never closed", "a@x.example")]),
        ("<>", [("", "")]),
        ("", []),
        (" , ,, ", []),
    ],
)
def test_mailboxes_are_read(given: str, read: list[tuple[str, str]]) -> None:
    assert pairs(given) == read


def test_mailboxes_without_separator_are_told_apart() -> None:
    assert [address for _, address in pairs("A <a@x.example> B <b@x.example>")] == [
        "a@x.example",
        "b@x.example",
    ]


def test_names_and_addresses_are_bounded() -> None:
    ((name, _),) = pairs("n" * 10_000 + " <a@x.example>")
    ((_, address),) = pairs("l" * 70_000 + "@x.example")

    assert len(name) <= 500
    assert len(address) <= 998


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("Ann.Lee@X.Example", "ann.lee@x.example"),
        (" <ann@x.example.> ", "ann@x.example"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("ann", "ann"),
        ("", ""),
        ("a@" + "ü" * 100 + ".example", "a@" + "ü" * 100 + ".example"),
    ],
)
def test_addresses_have_one_form_for_comparing(given: str, canonical: str) -> None:
    assert addresses.canonical(given) == canonical


@pytest.mark.parametrize(
    "good",
    [
        "a@x.example",
        "a.b+c@x-y.example",
        '"a b"@x.example',
        "ü@bücher.example",
        "a@[192.0.2.1]",
        "a@localhost",
        "l" * 64 + "@x.example",
        "!#$%&'*+-/=?^_`{|}~@x.example",
    ],
)
def test_an_address_that_can_be_written_to_is_one(good: str) -> None:
    assert addresses.is_addr_spec(good)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a",
        "@x.example",
        "a@",
        "a..b@x.example",
        ".a@x.example",
        "a.@x.example",
        "a b@x.example",
        "a@x..example",
        "a@-x.example",
        "a@x-.example",
        "a@x.example\n",
        "a@x.example>",
        "<a@x.y>",
        "a@b@x.example",
        "l" * 65 + "@x.example",
        "a@" + "d" * 64 + ".example",
        "a@x,y",
        "a\x00@x.y",
        "a@" + "d.ex" * 70,
        "a\u202e@x.example",
        'a"b@x.example',
        "a@[x]",
    ],
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    assert not addresses.is_addr_spec(bad)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("a\x1b@x.example", "a@x.example"),
        ("Ann <ann@x\x00.example>", "ann@x.example"),
        ("Ann <ann\ud800@x.example>", "ann@x.example"),
    ],
)
def test_an_address_holds_nothing_that_cannot_be_stored(value: str, address: str) -> None:
    assert [box.address for box in addresses.parse_mailboxes(value)] == [address]
