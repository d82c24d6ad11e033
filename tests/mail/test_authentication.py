"""DKIM and DMARC of a mail as a whole, and what attribution makes of them."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

import pytest

from app.mail import dkim, dmarc
from app.mail.attribution import Surroundings, attribute
from app.mail.authentication import ERROR, Authentication, claims_of, evaluate
from app.mail.parse import parse, parse_headers

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BANK = "bank.example.org"
FROM = f"Ben Banker <ben@{BANK}>"
REJECT = {"_dmarc.bank.example.org": ["v=DMARC1; p=reject"]}


@functools.lru_cache
def key() -> dkim.KeyPair:
    return dkim.generate_keys("ed25519")


def mail(sender: str = FROM, more: str = "", signer: str = "", selector: str = "s1") -> bytes:
    head = f"From: {sender}\r\nTo: support@acme.example\r\nSubject: Hello\r\n{more}"
    raw = f"{head}\r\nHello, pay me.\r\n".encode()
    if signer:
        private = key().private_pem
        return dkim.sign(raw, domain=signer, selector=selector, private_key=private)
    return raw


def judged(raw: bytes, answers: dict[str, Any] | None = None) -> Authentication:
    claims = claims_of(raw, *parse_headers(raw))
    known = {f"s1._domainkey.{BANK}": [key().public_txt], **(answers or {})}
    return evaluate(claims, known, NOW)


def test_an_aligned_signature_proves_the_author() -> None:
    found = judged(mail(signer=BANK), REJECT)

    assert (found.dkim, found.dmarc, found.policy) == ("pass", "pass", "reject")
    assert found.aligned_domain == BANK
    assert not found.contradicts


def test_a_strangers_signature_proves_nothing_about_the_author() -> None:
    answers = {**REJECT, "s1._domainkey.forwarder.example.net": [key().public_txt]}

    found = judged(mail(signer="forwarder.example.net"), answers)

    assert (found.dkim, found.dmarc) == ("pass", "fail")
    assert found.aligned_domain == ""
    assert found.contradicts


@pytest.mark.parametrize(
    ("author", "signer", "record", "aligned"),
    [
        ("bank.example.org", "bank.example.org", "v=DMARC1; p=none; adkim=s", True),
        ("mail.example.org", "example.org", "v=DMARC1; p=none", True),
        ("example.org", "mail.example.org", "v=DMARC1; p=none", True),
        ("mail.example.org", "example.org", "v=DMARC1; p=none; adkim=s", False),
        ("one.co.uk", "two.co.uk", "", False),
        ("one.co.uk", "co.uk", "", False),
        ("ann.github.io", "eve.github.io", "", False),
        ("evil-example.org", "example.org", "", False),
    ],
)
def test_alignment(author: str, signer: str, record: str, aligned: bool) -> None:
    answers = {f"s1._domainkey.{signer}": [key().public_txt]}
    if record:
        answers[dmarc.names_for(author)[-1]] = [record]

    found = judged(mail(f"Ben <ben@{author}>", signer=signer), answers)

    assert found.dkim == "pass"
    assert bool(found.aligned_domain) is aligned


@pytest.mark.parametrize(
    ("raw", "answers", "expected"),
    [
        (mail(), {}, ("none", "none", "", False)),
        (mail(), REJECT, ("none", "fail", "reject", True)),
        (
            mail(),
            {f"_dmarc.{BANK}": ["v=DMARC1; p=quarantine"]},
            ("none", "fail", "quarantine", True),
        ),
        (mail(), {f"_dmarc.{BANK}": ["v=DMARC1; p=none"]}, ("none", "fail", "none", False)),
        (mail(), {f"_dmarc.{BANK}": ERROR}, ("none", "temperror", "", False)),
        (
            mail(),
            {"_dmarc.example.org": ["v=DMARC1; p=none; sp=reject"]},
            ("none", "fail", "reject", True),
        ),
        (
            mail(),
            {"_dmarc.example.org": ["v=DMARC1; p=reject; sp=none"]},
            ("none", "fail", "none", False),
        ),
        (mail(more="ARC-Seal: i=1; a=rsa-sha256\r\n"), REJECT, ("none", "fail", "reject", True)),
        (
            mail(signer=BANK).replace(b"pay me", b"pay her"),
            REJECT,
            ("fail", "fail", "reject", True),
        ),
        (mail(signer=BANK, selector="s2"), REJECT, ("permerror", "fail", "reject", True)),
        (
            mail(signer="evil.example.net", selector="s2"),
            {**REJECT, "s2._domainkey.evil.example.net": ERROR},
            ("temperror", "fail", "reject", True),
        ),
        (
            mail(signer=BANK, selector="s2"),
            {**REJECT, f"s2._domainkey.{BANK}": ERROR},
            ("temperror", "temperror", "reject", False),
        ),
        (
            mail(more="DKIM-Signature: d=bank.example.org; nonsense\r\n"),
            REJECT,
            ("permerror", "fail", "reject", True),
        ),
        (mail(f"{FROM}, Eve <eve@evil.example.net>"), REJECT, ("none", "fail", "reject", True)),
        (mail(f"Eve <eve@evil.example.net>, {FROM}"), REJECT, ("none", "none", "", False)),
        (mail("Nobody"), REJECT, ("none", None, "", False)),
    ],
)
def test_results(raw: bytes, answers: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = judged(raw, answers)

    assert (found.dkim, found.dmarc, found.policy, found.contradicts) == expected


@pytest.mark.parametrize(
    ("record", "action"),
    [
        ("v=DMARC1; p=reject", "reject"),
        ("v=DMARC1;p=REJECT;rua=mailto:a@b.example", "reject"),
        ("v=DMARC1; p=reject; pct=50", "quarantine"),
        ("v=DMARC1; p=quarantine; pct=0", "none"),
        ("v=DMARC1; p=reject; t=y", "quarantine"),
        ("v=DMARC1; p=refuse", "none"),
        ("v=DMARC1; rua=mailto:a@b.example", "none"),
    ],
)
def test_policies(record: str, action: str) -> None:
    found = dmarc.read_policy(["v=spf1 -all", record], inherited=False)

    assert found is not None
    assert found.action == action


@pytest.mark.parametrize(
    "records",
    [None, [], ["v=spf1"], ["v=DMARC1; p=none", "v=DMARC1; p=none"], ["v=DMARC1x;p=none"]],
)
def test_no_policy(records: list[str] | None) -> None:
    assert dmarc.read_policy(records, inherited=False) is None


def test_a_second_author_above_the_signed_one_proves_nobody() -> None:
    signed = mail(signer=BANK)
    second = b"From: Eve <eve@evil.example.org>\r\n"
    hidden = b"From\x00: Eve <eve@evil.example.org>\r\n"

    for one in (second, hidden, b"X: 1\r" + second, b"X: 1\n" + second):
        assert judged(one + signed).aligned_domain == ""


def test_junk_does_not_crowd_out_the_signature_of_the_author() -> None:
    junk = b"".join(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=j%d.example.net; s=s; h=from; bh=AA==; b=AA==\r\n"
        % n
        for n in range(15)
    )

    raw = junk + mail(signer=BANK)

    claims = claims_of(raw, *parse_headers(raw))
    assert len(claims.signatures) == 5
    assert len(claims.names) == 7
    assert judged(raw).aligned_domain == BANK


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("a@bank.example.org", ("_dmarc.bank.example.org", "_dmarc.example.org")),
        ("a@example.org", ("_dmarc.example.org",)),
        ("a@BÜCHER.example.org", ("_dmarc.xn--bcher-kva.example.org", "_dmarc.example.org")),
        ("a@customer.example", ()),
        ("a@localhost", ()),
        ("a@mail.localhost", ()),
        ("a@host.local", ()),
        ("a@some.test", ()),
        ("a@some.invalid", ()),
        ("a@[192.0.2.1]", ()),
        ("a@192.0.2.1", ()),
        ("a@b..org", ()),
        ("a@" + "x" * 64 + ".org", ()),
        ("", ()),
    ],
)
def test_only_names_that_can_exist_are_asked(address: str, names: tuple[str, ...]) -> None:
    raw = mail(f"<{address}>")

    assert claims_of(raw, *parse_headers(raw)).names == names


AROUND = Surroundings(frozenset({"support@acme.example.com"}), is_teammate="t@x.org".__eq__)
VIA = '"Dora via Support" <support@acme.example.com>'
AGREEING = "X-Original-From: dora@b.org\r\nReply-To: dora@b.org\r\n"
PROVED = Authentication("pass", "pass", "reject", "example.org")
DENIED = Authentication("fail", "fail", "reject", contradicts=True)


@pytest.mark.parametrize(
    ("raw", "mail_class", "authentication", "trust"),
    [
        (mail(), "human", None, "unverified"),
        (mail(), "human", PROVED, "verified"),
        (mail(), "human", DENIED, "contradicted"),
        (mail(), "human", Authentication("none", "fail", "none"), "unverified"),
        (mail(), "auto_generated", DENIED, "contradicted"),
        (mail(), "bounce", DENIED, "unverified"),
        (mail("Nobody"), "human", DENIED, "unverified"),
        (mail("t@x.org"), "human", PROVED, "verified"),
        (mail("t@x.org"), "human", DENIED, "contradicted"),
        (mail(VIA, "X-Original-From: t@x.org\r\n"), "human", DENIED, "contradicted"),
        (mail(VIA, "Reply-To: dora@b.org\r\n"), "human", PROVED, "consistent"),
        (mail(VIA, "Reply-To: dora@b.org\r\n"), "human", None, "consistent"),
        (mail(VIA, AGREEING), "human", None, "consistent"),
        (mail(VIA, AGREEING), "human", Authentication("none", "none"), "consistent"),
        (mail(VIA, AGREEING), "human", Authentication("none", "fail", "none"), "unverified"),
        (mail(VIA, AGREEING), "human", DENIED, "unverified"),
        (mail(VIA, "X-Original-From: dora@b.org\r\n"), "human", None, "unverified"),
        (mail(VIA, "X-Original-From: dora@b.org\r\n"), "human", DENIED, "unverified"),
        (mail(VIA, "X-Original-From: dora@b.org\r\n"), "human", PROVED, "consistent"),
        (mail(VIA), "human", PROVED, "unverified"),
    ],
)
def test_trust(
    raw: bytes, mail_class: str, authentication: Authentication | None, trust: str
) -> None:
    assert attribute(parse(raw), mail_class, AROUND, authentication).trust == trust


def test_nobody_acts_for_a_person_of_the_team_whose_domain_denies_the_mail() -> None:
    denied = attribute(parse(mail("Ann <t@x.org>")), "human", AROUND, DENIED)
    believed = attribute(parse(mail("Ann <t@x.org>")), "human", AROUND, PROVED)

    assert (denied.arrival, denied.method, denied.author.address) == (
        "transparent",
        "from",
        "t@x.org",
    )
    assert "denies" in denied.candidates[0].reason
    assert believed.arrival == "teammate"
