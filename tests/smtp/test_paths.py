"""The grammar of MAIL and RCPT (RFC 5321 section 4.1.2, RFC 6531)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.smtp.paths import MailCommand, Malformed, read_mail, read_rcpt

DOMAIN_255 = ".".join(["a" * 63] * 3 + ["b" * 63])


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("<ann@shop.example>", "ann@shop.example"),
        ("<Ann.Lee+tag@Shop.Example>", "Ann.Lee+tag@Shop.Example"),
        ("<!#$%&'*+-/=?^_`{|}~@shop.example>", "!#$%&'*+-/=?^_`{|}~@shop.example"),
        ("<root@localhost>", "root@localhost"),
        ("<a@mail_host.shop.example>", "a@mail_host.shop.example"),
        ('<"Ann Lee"@shop.example>', '"Ann Lee"@shop.example'),
        ('<"a>b\\"c"@shop.example>', '"a>b\\"c"@shop.example'),
        ('<""@shop.example>', '""@shop.example'),
        ('<"ann"@shop.example>', "ann@shop.example"),
        ('<"a\\nn"@shop.example>', "ann@shop.example"),
        ('<"a..n"@shop.example>', '"a..n"@shop.example'),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]"),
        ("<@relay.example:ann@shop.example>", "ann@shop.example"),
        ("<@one.example,@two.example:ann@shop.example>", "ann@shop.example"),
        ("<jörg@bücher.example>", "jörg@bücher.example"),
        ("<用户@例子.example>", "用户@例子.example"),
        ("<" + "a" * 64 + "@shop.example>", "a" * 64 + "@shop.example"),
    ],
)
def test_a_path_gives_its_address(path: str, address: str) -> None:
    assert read_rcpt(f"TO:{path}") == address
    assert read_mail(f"FROM:{path}", extended=True).reverse_path == address


@pytest.mark.parametrize(
    "path",
    [
        "<a..b@shop.example>",
        "<.a@shop.example>",
        "<a.@shop.example>",
        "<a b@shop.example>",
        "<a@shop..example>",
        "<a@.example>",
        "<a@shop.example.>",
        "<a@-shop.example>",
        "<a@shop-.example>",
        "<a@>",
        "<@shop.example>",
        "<a>",
        "<a@b@shop.example>",
        "<a@[192.0.2.256]>",
        "<a@[IPv6:nonsense]>",
        "<a@[tag:content]>",
        "<a@[]>",
        "<relay.example:ann@shop.example>",
        "<@relay.example,ann@shop.example>",
        "<a@shop.example\r\nDATA>",
        "<a\n@shop.example>",
        "<a\x00@shop.example>",
        '<"a\r\n"@shop.example>',
        '<"a\x7f"@shop.example>',
        "<a\u2028b@shop.example>",
        "<a\u00a0b@shop.example>",
        "<a\u202eb@shop.example>",
        "<a@shop\u3000.example>",
        f"<a@{DOMAIN_255}.c>",
        f"<{'a' * 64}@{'b' * 60}.{'c' * 63}.{'d' * 63}.example>",
    ],
)
def test_a_malformed_path_is_refused_with_553(path: str) -> None:
    with pytest.raises(Malformed) as at_rcpt:
        read_rcpt(f"TO:{path}")
    with pytest.raises(Malformed) as at_mail:
        read_mail(f"FROM:{path}", extended=True)

    assert at_rcpt.value.reply.startswith(b"553 5.1.3 ")
    assert at_mail.value.reply.startswith(b"553 5.1.7 ")


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "ann@shop.example",
        "TO:",
        "TO:ann@shop.example",
        "TO:<ann@shop.example",
        "TO:ann@shop.example>",
        "TO:<ann@shop.example>x",
        "TO:<<ann@shop.example>>",
        'TO:<"ann@shop.example>',
        "FROM:<ann@shop.example>",
        "TO <ann@shop.example>",
    ],
)
def test_an_argument_that_is_no_path_is_refused_with_501(argument: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_rcpt(argument)

    assert refused.value.reply.startswith(b"501 5.5.4 ")


def test_the_null_path_is_a_sender_but_no_recipient() -> None:
    assert read_mail("FROM:<>", extended=True) == MailCommand("", 0, False)

    with pytest.raises(Malformed) as refused:
        read_rcpt("TO:<>")

    assert refused.value.reply.startswith(b"553 5.1.3 ")


@pytest.mark.parametrize("word", ["postmaster", "Postmaster", "POSTMASTER"])
def test_postmaster_needs_no_domain(word: str) -> None:
    assert read_rcpt(f"TO:<{word}>") == "postmaster"


def test_a_local_part_over_64_octets_is_refused_for_recipients_only() -> None:
    local = "support+caf_=" + "a" * 60

    with pytest.raises(Malformed):
        read_rcpt(f"TO:<{local}@shop.example>")

    # Forwarding mailboxes and VERP write a second address into their return path.
    mail = read_mail(f"FROM:<{local}@shop.example>", extended=True)
    assert mail.reverse_path == f"{local}@shop.example"


def test_octets_are_counted_not_letters() -> None:
    assert read_rcpt(f"TO:<{'ö' * 32}@shop.example>")

    with pytest.raises(Malformed):
        read_rcpt(f"TO:<{'ö' * 33}@shop.example>")


@pytest.mark.parametrize(
    ("parameters", "command"),
    [
        ("", MailCommand("a@b.example", 0, False)),
        (" SIZE=1000", MailCommand("a@b.example", 1000, False)),
        (" size=1000 body=8bitmime smtputf8", MailCommand("a@b.example", 1000, True)),
        ("  BODY=7BIT  SIZE=0 ", MailCommand("a@b.example", 0, False)),
    ],
)
def test_the_parameters_of_mail_are_read(parameters: str, command: MailCommand) -> None:
    assert read_mail(f"FROM:<a@b.example>{parameters}", extended=True) == command


@pytest.mark.parametrize(
    ("parameters", "answer"),
    [
        (" SIZE", b"501"),
        (" SIZE=", b"501"),
        (" SIZE=1e3", b"501"),
        (" SIZE=-1", b"501"),
        (" SIZE=" + "9" * 21, b"501"),
        (" SIZE=1 SIZE=1", b"501"),
        (" BODY=BINARYMIME", b"501"),
        (" SMTPUTF8=yes", b"501"),
        (" =x", b"501"),
        (" SIZE=1=1", b"501"),
        (" RET=FULL", b"555"),
        (" ENVID=x", b"555"),
        (" AUTH=<>", b"555"),
        (" XYZ", b"555"),
    ],
)
def test_other_parameters_are_refused(parameters: str, answer: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read_mail(f"FROM:<a@b.example>{parameters}", extended=True)

    assert refused.value.reply.startswith(answer + b" 5.5.4 ")


@pytest.mark.parametrize("parameter", ["NOTIFY=NEVER", "ORCPT=rfc822;a@b.example", "SIZE=1"])
def test_recipients_have_no_parameters(parameter: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_rcpt(f"TO:<a@b.example> {parameter}")

    assert refused.value.reply.startswith(b"555 5.5.4 ")


@settings(deadline=None)
@given(st.text(alphabet='ab.@<>",:[]\\\r\n \x00ö\u2028=', max_size=60))
def test_no_argument_does_anything_but_give_a_clean_address_or_a_refusal(argument: str) -> None:
    for text in (f"TO:{argument}", f"TO:<{argument}>", argument):
        outcome = _outcome(text)
        if isinstance(outcome, bytes):
            assert outcome[:3] in (b"501", b"553", b"555")
            assert outcome.endswith(b"\r\n")
        else:
            assert not set(outcome) & set("\r\n\x00\u2028")
            assert outcome.rpartition("@")[2]


def _outcome(argument: str) -> str | bytes:
    try:
        return read_rcpt(argument)
    except Malformed as malformed:
        return malformed.reply
