"""What the way of a mail proves: SPF of straight mail, and the seals of those who passed it on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.mail.attribution import Surroundings, attribute
from app.mail.authentication import (
    Authentication,
    Claims,
    Envelope,
    claims_of,
    evaluate,
    without_spf,
)
from app.mail.direct import is_direct
from app.mail.parse import parse, parse_headers
from tests.chains import key, sealed

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BANK = "bank.example.org"
OURS = "support@acme.hosted.example.net"
TEAM = "support@acme.example.com"
HOST = "192.0.2.3"
ENVELOPE = Envelope(HOST, "mail.bank.example.org", f"ben@{BANK}", (OURS,))
DENIES = {f"_dmarc.{BANK}": ["v=DMARC1; p=reject"]}
SENT = [f"v=spf1 ip4:{HOST} -all"]
GOOGLE, MICROSOFT, GROUP, EVIL = (
    "google.com",
    "microsoft.com",
    "acme.example.com",
    "evil.example.com",
)
SAW = f"dmarc=pass (p=REJECT) header.from={BANK}"
AROUND = Surroundings(frozenset({TEAM, OURS}), is_teammate="t@x.org".__eq__)


def mail(sender: str = f"Ben <ben@{BANK}>", to: str = OURS, more: str = "") -> bytes:
    head = f"{more}From: {sender}\r\nTo: {to}\r\nSubject: Hello\r\n"
    return f"{head}\r\nHello, pay me.\r\n".encode()


def judged(
    raw: bytes,
    answers: dict[str, Any] | None = None,
    spf: list[str] | str | None = None,
    envelope: Envelope = ENVELOPE,
) -> Authentication:
    """With what the DNS answers; `spf` are the records of whose word SPF takes."""
    claims: Claims = claims_of(raw, *parse_headers(raw), envelope)
    assert claims.spf is not None
    while claims.spf.questions:
        claims.spf.answer(dict.fromkeys(claims.spf.questions, spf))
    keys = {f"s1._domainkey.{one}": [key().public_txt] for one in (GOOGLE, MICROSOFT, GROUP, EVIL)}
    return evaluate(claims, {**keys, **DENIES, **(answers or {})}, NOW)


def trust(raw: bytes, found: Authentication, around: Surroundings = AROUND) -> str:
    return attribute(parse(raw), "human", around, found).trust


def test_mail_straight_from_a_host_of_its_domain_is_verified() -> None:
    found = judged(mail(), spf=SENT)

    assert (found.spf, found.dkim, found.dmarc, found.arc) == ("pass", "none", "pass", "none")
    assert (found.aligned_domain, found.by_spf, found.contradicts) == (BANK, True, False)
    assert trust(mail(), found) == "verified"


@pytest.mark.parametrize(
    ("spf", "dmarc", "expected"),
    [
        (["v=spf1 -all"], "fail", "contradicted"),
        (["v=spf1 ~all"], "fail", "contradicted"),
        (["v=spf1 nonsense"], "fail", "contradicted"),
        (None, "fail", "contradicted"),
        ("error", "temperror", "unverified"),
    ],
)
def test_mail_straight_from_elsewhere(spf: Any, dmarc: str, expected: str) -> None:
    found = judged(mail(), spf=spf)

    assert found.dmarc == dmarc
    assert trust(mail(), found) == expected


@pytest.mark.parametrize(
    ("reverse_path", "record", "result"),
    [
        ("bounce@mail.bank.example.org", "v=DMARC1; p=reject", "pass"),
        ("bounce@mail.bank.example.org", "v=DMARC1; p=reject; aspf=s", "fail"),
        ("bounce@mail.bank.example.org", "v=DMARC1; p=reject; adkim=s", "pass"),
        (f"bounce@{BANK}", "v=DMARC1; p=reject; aspf=s", "pass"),
        ("SRS0=x=y=bank.example.org=ben@acme.example.com", "v=DMARC1; p=reject", "fail"),
        ("ben@evil.example.com", "v=DMARC1; p=reject", "fail"),
        ("", "v=DMARC1; p=reject", "pass"),  # the word of HELO
    ],
)
def test_spf_speaks_for_domains_that_align(reverse_path: str, record: str, result: str) -> None:
    envelope = replace(ENVELOPE, reverse_path=reverse_path)

    found = judged(mail(), {f"_dmarc.{BANK}": [record]}, SENT, envelope)

    assert (found.spf, found.dmarc) == ("pass", result)


@pytest.mark.parametrize(
    "raw",
    [
        mail(to=TEAM),
        mail(to="Undisclosed:;"),
        mail(more=f"Delivered-To: {TEAM}\r\n"),
        mail(more=f"X-Forwarded-To: {OURS}\r\n"),
        mail(more=f"Resent-To: {OURS}\r\n"),
        mail(more="Authentication-Results: mx.acme.example.com; dmarc=fail\r\n"),
        mail(more=f"Return-Path: <ben@{BANK}>\r\n"),
        mail(more="ARC-Seal: i=1; nonsense\r\n"),
        mail(more=f"Received: from evil by mx.acme.example.com for <{TEAM}>; now\r\n"),
        mail(more=f"Received: from evil by x\r\n\tfor {TEAM}; now\r\n"),
        mail(more="Received: from a by b\r\n" * 31),
        mail(to=", ".join([OURS] * 1000)),
    ],
)
def test_spf_of_what_was_passed_on_proves_nothing(raw: bytes) -> None:
    found = judged(raw, spf=SENT)

    assert (found.spf, found.dmarc, found.aligned_domain) == ("pass", "fail", "")
    assert trust(raw, found) == "contradicted"


def test_the_hops_of_the_sender_s_own_house_are_no_sign_of_a_forwarder() -> None:
    hops = f"Received: from desk by mail.{BANK} for <{OURS.upper()}>; now\r\nReceived: by desk\r\n"
    raw = mail(to=f"Acme <{OURS}>, {TEAM}", more=hops)

    assert is_direct(parse_headers(raw)[0], (OURS,))


def test_two_authors_are_not_proved_by_the_host() -> None:
    for raw in (
        mail(more=f"From: Eve <eve@{BANK}>\r\n"),
        mail(sender=f"Ben <ben@{BANK}>, Eve <eve@{BANK}>"),
        mail(more=f"X: 1\rFrom: eve@{BANK}\r\n"),
    ):
        assert judged(raw, spf=SENT).aligned_domain == ""


def test_a_host_proves_nobody_who_would_act_for_the_team() -> None:
    colleague = mail(sender="Tom <t@x.org>")
    own = mail(sender="Ann <ann@acme.example.com>")
    proved = judged(
        colleague,
        {"_dmarc.x.org": ["v=DMARC1; p=quarantine"]},
        SENT,
        replace(ENVELOPE, reverse_path="t@x.org"),
    )
    proved_own = judged(
        own,
        {"_dmarc.acme.example.com": ["v=DMARC1; p=reject"]},
        SENT,
        replace(ENVELOPE, reverse_path="ann@acme.example.com"),
    )

    assert (proved.by_spf, proved_own.by_spf) == (True, True)
    assert attribute(parse(colleague), "human", AROUND, proved).arrival == "transparent"
    assert trust(colleague, proved) == "contradicted"
    assert trust(own, proved_own) == "contradicted"


def test_without_spf() -> None:
    signed = Authentication("pass", "pass", "reject", BANK, spf="pass")
    mild = Authentication("none", "pass", "none", BANK, spf="pass", by_spf=True)

    assert without_spf(signed) is signed
    assert without_spf(mild) == Authentication("none", "fail", "none", spf="pass")


def chain(
    *sealers: str, saw: str = SAW, to: str = TEAM, sender: str = f"Ben <ben@{BANK}>"
) -> bytes:
    raw = mail(sender=sender, to=to)
    for domain in sealers:
        raw = sealed(raw, domain, saw)
    return raw


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (chain(GROUP), "consistent"),
        (chain(GOOGLE), "consistent"),
        (chain(MICROSOFT), "consistent"),
        (chain(GOOGLE, GROUP), "consistent"),
        (chain(GROUP, GOOGLE), "consistent"),
        (chain(GROUP, to="all@elsewhere.example.com"), "consistent"),
        (chain(GOOGLE, to="all@elsewhere.example.com"), "contradicted"),
        (chain(EVIL), "contradicted"),
        (chain(EVIL, GOOGLE), "contradicted"),
        (chain(EVIL, GROUP), "contradicted"),
        (chain(GOOGLE, EVIL, GOOGLE), "contradicted"),
        (chain(GOOGLE, EVIL), "contradicted"),
        (chain(GOOGLE, saw=f"dmarc=fail header.from={BANK}"), "contradicted"),
        (chain(GOOGLE, saw="dmarc=pass header.from=evil.example.com"), "contradicted"),
        (chain(GOOGLE, saw="spf=pass smtp.mailfrom=ben@bank.example.org"), "contradicted"),
        (chain(GOOGLE).replace(b"pay me", b"pay her"), "contradicted"),
        (b"To: support@acme.example.com\r\n" + chain(GOOGLE, to="x@x.org"), "contradicted"),
        (b"From: Eve <eve@bank.example.org>\r\n" + chain(GOOGLE), "contradicted"),
        (chain("nokey.google.com"), "contradicted"),
    ],
)
def test_whose_seal_excuses_a_mail_that_its_domain_denies(raw: bytes, expected: str) -> None:
    found = judged(raw)

    assert found.dmarc == "fail"
    assert trust(raw, found) == expected


def test_a_seal_lets_nobody_act_for_the_team() -> None:
    raw = chain(GROUP, saw="dmarc=pass header.from=x.org", sender="t@x.org")
    found = judged(raw, {"_dmarc.x.org": ["v=DMARC1; p=reject"]})

    decision = attribute(parse(raw), "human", AROUND, found)
    assert found.sealers == (GROUP,)
    assert (decision.arrival, decision.trust) == ("transparent", "contradicted")


def test_the_keys_of_sealers_are_asked() -> None:
    raw = chain(GOOGLE, GROUP)

    names = claims_of(raw, *parse_headers(raw), ENVELOPE).names

    assert {f"s1._domainkey.{GOOGLE}", f"s1._domainkey.{GROUP}"} < set(names)


def test_a_chain_is_unknown_where_the_dns_could_not_tell() -> None:
    assert judged(chain(GOOGLE), {f"s1._domainkey.{GOOGLE}": "error"}).arc is None
    assert judged(chain(GOOGLE)).arc == "pass"
    assert judged(mail(more="ARC-Seal: nonsense\r\n")).arc == "fail"
