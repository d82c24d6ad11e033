"""ARC chains (RFC 8617): those that others made are verified, changed ones are not."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail import arc
from app.mail.dkim_signatures import Signed
from app.mail.parse import parse_headers
from tests.chains import key, sealed

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SEALERS = ("one.example.org", "two.example.net", "three.example.com")
MAIL = (
    b"From: Ben <ben@bank.example.org>\r\nTo: support@acme.example.com\r\n"
    b"Subject: Hello\r\n  again\r\nDate: Tue, 24 Nov 2026 09:30:00 +0100\r\n\r\n"
    b"Hello,\r\npay  me. \r\n\r\n"
)


SAW = "dmarc=pass header.from=bank.example.org"


@functools.lru_cache
def chained(count: int) -> bytes:
    raw = MAIL
    for domain in SEALERS[:count]:
        raw = sealed(raw, domain, SAW)
    return raw


def texts(name: str) -> list[str] | str | None:
    selector, _, domain = name.partition("._domainkey.")
    return [key().public_txt] if selector == "s1" and domain in SEALERS else None


def read(raw: bytes) -> tuple[arc.Chain, Signed]:
    mail = Signed(raw, parse_headers(raw)[1])
    return arc.read_chain(mail), mail


def judged(raw: bytes) -> str | None:
    chain, mail = read(raw)
    return arc.verify(chain, mail, texts, NOW)


def test_a_mail_without_a_chain() -> None:
    chain, _ = read(MAIL)

    assert judged(MAIL) == "none"
    assert (chain.names, chain.sealers) == ((), ())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_whole_chain_passes(count: int) -> None:
    chain, _ = read(chained(count))

    assert judged(chained(count)) == "pass"
    assert chain.sealers == SEALERS[:count]
    assert set(chain.names) == {f"s1._domainkey.{one}" for one in SEALERS[:count]}


def test_what_stands_above_and_what_was_folded_anew_does_not_matter() -> None:
    raw = b"Received: from a by b\r\n" + chained(2).replace(b"pay  me. \r\n", b"pay me.\r\n")

    assert judged(raw) == "pass"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"pay  me", b"pay her"),
        (b"Subject: Hello", b"Subject: Hallo"),
        (b"From: Ben", b"From: Ken"),
        (b"dmarc=pass", b"dmarc=fail"),
        (b"cv=none", b"cv=pass"),
        (b"cv=pass", b"cv=fail"),
        (b"cv=pass", b"cv=none"),
        (b"d=one.example.org", b"d=six.example.org"),
        (b"ARC-Message-Signature: i=1;", b"ARC-Message-Signature: i=1; x=2;"),
        (b"ARC-Seal: i=1;", b"ARC-Seal: i=1; h=from;"),
        (b"ARC-Seal: i=2;", b"ARC-Seal: i=3;"),
        (b"ARC-Seal: i=2;", b"ARC-Seal: i=1;"),
        (b"ARC-Seal: i=2;", b"X-Seal: i=2;"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=0;"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=11111111;"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: "),
        (b"Subject: Hello\r\n", b"Subject: Hello\n"),
    ],
)
def test_a_changed_chain_fails(old: bytes, new: bytes) -> None:
    raw = chained(2)

    assert old in raw
    assert judged(raw.replace(old, new)) == "fail"


def test_a_seal_of_another_mail_fails() -> None:
    field = re.compile(rb"ARC-Seal: i=2;.*?\r\n(?![ \t])", re.DOTALL)
    other = field.search(sealed(sealed(MAIL, SEALERS[0], "dmarc=fail"), SEALERS[1], SAW))
    assert other is not None

    assert judged(field.sub(lambda _: other[0], chained(2))) == "fail"


def test_a_set_that_was_left_out_fails() -> None:
    first = chained(1)[: -len(MAIL)]

    assert judged(chained(2).replace(first, b"")) == "fail"


def test_keys_that_are_not_there_fail_and_those_nobody_knows_leave_it_open() -> None:
    chain, mail = read(chained(2))

    assert arc.verify(chain, mail, lambda _: None, NOW) == "fail"
    assert arc.verify(chain, mail, lambda _: "error", NOW) is None
    assert (
        arc.verify(chain, mail, lambda name: "error" if "one" in name else texts(name), NOW) is None
    )


@pytest.mark.parametrize(
    ("old", "new"), [(b"cv=pass", b"cv=fail"), (b"cv=pass", b"cv=none"), (b"cv=none", b"cv=pass")]
)
def test_nothing_is_asked_about_a_chain_that_a_sealer_met_broken(old: bytes, new: bytes) -> None:
    assert read(chained(2).replace(old, new))[0].names == ()


def test_too_many_sets_are_not_looked_at() -> None:
    raw = b"".join(b"ARC-Seal: i=%d; cv=pass; d=x%d.org; s=s\r\n" % (at, at) for at in range(1, 60))

    assert read(raw + MAIL)[0].names == ()
    assert judged(raw + MAIL) == "fail"


def test_a_signature_over_the_seals_is_not_taken() -> None:
    raw = chained(1)
    signed = raw.replace(b" h=", b" h=arc-seal : ", 1)

    assert signed != raw
    assert read(signed)[0].fault
    assert judged(signed) == "fail"


BANK = "bank.example.org"


@pytest.mark.parametrize(
    ("saw", "expected"),
    [
        ("dmarc=pass header.from=bank.example.org", True),
        ("dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=bank.example.org", True),
        ("spf=pass smtp.mailfrom=x.org; dmarc=pass action=none header.from=BANK.example.org", True),
        ("DMARC = pass  header.from = bank.example.org", True),
        ("dmarc=fail header.from=bank.example.org", False),
        ("dmarc=passed header.from=bank.example.org", False),
        ("dmarc=pass header.from=evil.example.org", False),
        ("dmarc=pass header.from=example.org", False),
        ("dmarc=pass", False),
        ("dmarc=pass (header.from=bank.example.org)", False),
        ("dmarc=pass header.from=bank.example.org header.from=x.org", False),
        ("dmarc=fail header.from=x.org; dmarc=pass header.from=bank.example.org", False),
        ('spf=pass smtp.mailfrom="; dmarc=pass header.from=bank.example.org;"@x.org', False),
        ("spf=pass (x; dmarc=pass header.from=bank.example.org; )", False),
        ("spf=pass (x); xdmarc=pass header.from=bank.example.org", False),
        ("none", False),
    ],
)
def test_what_the_first_sealer_saw(saw: str, expected: bool) -> None:
    raw = MAIL
    for domain in SEALERS[:2]:
        raw = sealed(raw, domain, saw if domain == SEALERS[0] else "dmarc=pass")

    assert arc.first_saw_pass(read(raw)[0], BANK) is expected


_lines = st.sampled_from(
    [
        *(b"ARC-Seal: ", b"ARC-Message-Signature:", b"ARC-Authentication-Results:", b"\r\n ", b";"),
        *(b"i=1", b"i=2", b"cv=none", b"cv=pass", b"a=rsa-sha256", b"d=one.example.org", b"s=s1"),
        *(
            b"b=AAAA",
            b"bh=AAAA",
            b"h=from",
            b"\r\n",
            b"From: a@b.org",
            b"(",
            b'"',
            b"\\",
            b"\xff",
            b"=",
        ),
        *(b"dmarc=pass", b" header.from=bank.example.org", b"\r\n\r\n", b"\n"),
    ]
)


@settings(max_examples=300)
@given(st.lists(_lines, max_size=60).map(b"".join))
def test_no_input_raises(raw: bytes) -> None:
    chain, mail = read(raw)

    assert arc.verify(chain, mail, texts, NOW) in ("none", "fail")
    assert not arc.first_saw_pass(chain, "evil.example")


@settings(max_examples=60)
@given(st.data())
def test_an_octet_changed_anywhere_in_the_sets_does_not_pass(data: st.DataObject) -> None:
    raw = chained(2)
    at = data.draw(st.integers(0, len(raw) - len(MAIL) - 1))
    if raw[at : at + 1].isalnum() and not _is_base64_end(raw, at):
        other = b"7" if raw[at : at + 1].lower() != b"7" else b"x"

        assert judged(raw[:at] + other + raw[at + 1 :]) != "pass"


def _is_base64_end(raw: bytes, at: int) -> bool:
    """The bits at the end of base64 that stand for nothing."""
    return raw[at + 1 : at + 2] == b"="
