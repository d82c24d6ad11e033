"""Signatures of others: dkimpy signs, and so do we; every change of what was signed is seen."""

from __future__ import annotations

import base64
import functools
import random
import re
from datetime import UTC, datetime

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail import dkim
from app.mail.dkim_signatures import (
    FAIL,
    PASS,
    PERMERROR,
    POLICY,
    Signed,
    read_signature,
    verify,
)
from app.mail.parse import parse_headers

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MAIL = (
    b"From: Carla <carla@customer.example>\r\n"
    b"To: support@acme.example\r\n"
    b"Subject: Where is\r\n  my order?\r\n"
    b"Date: Tue, 24 Nov 2026 09:30:00 +0100\r\n"
    b"Message-ID: <1@customer.example>\r\n"
    b"\r\n"
    b"Hello,  it has\t not come. \r\n\r\nCarla\r\n\r\n\r\n"
)


RFC_8463 = b"""\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
"""


@functools.lru_cache
def pair(kind: str) -> dkim.KeyPair:
    return dkim.generate_keys(kind)  # type: ignore[arg-type]


@functools.lru_cache
def rsa_pair(bits: int) -> tuple[bytes, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    der = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def ours(raw: bytes = MAIL, kind: str = "rsa2048") -> bytes:
    key = pair(kind).private_pem
    return dkim.sign(raw, domain="customer.example", selector="s1", private_key=key)


def theirs(
    raw: bytes = MAIL, bits: int = 1024, forms: str = "relaxed/relaxed", **more: object
) -> bytes:
    header, _, body = forms.partition("/")
    field = dkimpy.sign(
        raw,
        b"s1",
        b"customer.example",
        rsa_pair(bits)[0],
        canonicalize=(header.encode(), body.encode()),
        **more,
    )
    return field + raw


def judged(raw: bytes, *records: str, now: datetime = NOW) -> str:
    mail = Signed(raw, parse_headers(raw)[1])
    [field] = mail.fields["dkim-signature"]
    return verify(read_signature(field), mail, list(records), now)[0]


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_what_we_sign_ourselves_passes(kind: str) -> None:
    assert judged(ours(kind=kind), pair(kind).public_txt) == PASS


@pytest.mark.parametrize(
    "forms", ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"]
)
@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"\r\n\r\n", b"one", b" \t\r\n", b"a \t b \r\n \r\n"]
)
def test_what_dkimpy_signs_passes(forms: str, body: bytes) -> None:
    raw = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + body

    assert judged(theirs(raw, forms=forms), rsa_pair(1024)[1]) == PASS


def test_the_example_of_rfc_8463_passes() -> None:
    raw = RFC_8463.replace(b"\n", b"\r\n")
    record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

    assert judged(raw, record) == PASS


@pytest.mark.parametrize("forms", ["simple/simple", "relaxed/relaxed"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"carla@customer", b"clara@customer"),
        (b"Where is", b"Here is"),
        (b"not come", b"come"),
        (b"\r\n\r\nHello", b"\r\n\r\n\r\nHello"),
        (b"Carla\r\n\r\n\r\n", b"Carla\r\n\r\n\r\nPay here"),
        (b"To: support@acme.example\r\n", b""),
    ],
)
def test_a_change_of_what_was_signed_is_seen(forms: str, before: bytes, after: bytes) -> None:
    raw = theirs(forms=forms)
    assert raw.count(before) == 1

    assert judged(raw.replace(before, after), rsa_pair(1024)[1]) == FAIL


def test_blanks_may_change_in_relaxed_form_alone() -> None:
    changed = (b"has\t not", b"has   not")

    assert judged(theirs().replace(*changed), rsa_pair(1024)[1]) == PASS
    assert judged(theirs(forms="simple/simple").replace(*changed), rsa_pair(1024)[1]) == FAIL


def test_fields_that_are_not_signed_may_be_added() -> None:
    raw = b"Received: from a by b\r\nX-Forwarded-For: x@acme.example\r\n" + theirs()

    assert judged(raw, rsa_pair(1024)[1]) == PASS


def test_a_second_from_above_is_seen_where_from_was_signed_once_more_than_it_stood() -> None:
    assert judged(b"From: Eve <eve@evil.example>\r\n" + ours(), pair("rsa2048").public_txt) == FAIL


@settings(deadline=None)
@given(st.integers(0, 10_000_000), st.integers(1, 255))
def test_no_changed_octet_of_a_simple_signature_passes(at: int, change: int) -> None:
    raw = bytearray(theirs(forms="simple/simple"))
    first = raw.index(b"From: Carla")
    last = len(raw) - 6  # the empty lines at the end are not signed
    at = first + at % (last - first)
    raw[at] ^= change

    assert judged(bytes(raw), rsa_pair(1024)[1]) in (FAIL, PERMERROR)


def test_a_body_length_is_not_accepted_but_no_failure_either() -> None:
    raw = theirs(length=True)

    assert b"l=" in raw
    assert judged(raw, rsa_pair(1024)[1]) == POLICY
    assert judged(raw + b"Pay here", rsa_pair(1024)[1]) == POLICY
    assert judged(raw.replace(b"Where is", b"Here is"), rsa_pair(1024)[1]) == FAIL


def test_an_expired_signature_does_not_pass() -> None:
    key = pair("rsa2048")
    raw = dkim.sign(MAIL, domain="customer.example", selector="s1", private_key=key.private_pem)
    expired = raw.replace(b"v=1;", b"v=1; x=1000000000;", 1)

    assert judged(expired, key.public_txt) == PERMERROR


def test_sha1_and_short_keys_never_pass() -> None:
    sha1 = theirs(signature_algorithm=b"rsa-sha1")

    assert judged(sha1, rsa_pair(1024)[1]) == PERMERROR
    assert judged(theirs(bits=1024), rsa_pair(1024)[1]) == PASS
    short = "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKTkqmnkAtbCS7V+rKmdAYuCUNIsYpqRuCTA/xk9"
    assert (
        judged(theirs(), short + "jvFTKQ/wEfaB8JrmnvGVPFTNKS1zNDNgvG3FRUjh+kyf9KcCAwEAAQ==")
        == PERMERROR
    )


KEY = rsa_pair(1024)[1].removeprefix("v=DKIM1; k=rsa; ")


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        (KEY, PASS),
        (f"v=DKIM1; {KEY}", PASS),
        (f"v=DKIM1;k=rsa;h=sha1:sha256;s=email:other;t=y;n=a note;{KEY};", PASS),
        (f"v=DKIM1; t=s; {KEY}", PASS),
        (f"k=rsa; v=DKIM1; {KEY}", PERMERROR),
        (f"v=DKIM2; {KEY}", PERMERROR),
        (f"h=sha1; {KEY}", PERMERROR),
        (f"s=tlsrpt; {KEY}", PERMERROR),
        (f"k=ed25519; {KEY}", PERMERROR),
        ("v=DKIM1; p=", FAIL),
        ("v=DKIM1; p=AAAA", PERMERROR),
        ("v=DKIM1; p=%%%", PERMERROR),
        ("v=DKIM1", PERMERROR),
        ("v=spf1 -all", PERMERROR),
        (rsa_pair(2048)[1], FAIL),
    ],
)
def test_key_records(record: str, verdict: str) -> None:
    assert judged(theirs(), record) == verdict


def test_the_right_one_of_several_keys_counts() -> None:
    assert judged(theirs(), "v=spf1 -all", rsa_pair(2048)[1], rsa_pair(1024)[1]) == PASS
    assert judged(theirs()) == PERMERROR


def test_a_key_that_is_not_for_subdomains() -> None:
    raw = theirs(identity=b"@mail.customer.example")

    assert judged(raw, KEY) == PASS
    assert judged(raw, f"t=s; {KEY}") == PERMERROR


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rb"v=1", b"v=2"),
        (rb"v=1; ", b""),
        (rb"a=rsa-sha256", b"a=rsa-md5"),
        (rb"c=relaxed/relaxed", b"c=nofws"),
        (rb"d=customer\.example", b"d=customer example"),
        (rb"d=customer\.example", b"d="),
        (rb"s=s1", b"s=../s1"),
        (rb"s=s1", b"s=s1; s=s2"),
        (rb"h=[^;]+", b"h=to:subject"),
        (rb"h=[^;]+", b"h=" + b"from:" * 300 + b"to"),
        (rb"bh=[^;]+", b"bh=%"),
        (rb"s=s1", b"s=s1; i=@other.example"),
        (rb"s=s1", b"s=s1; q=http"),
        (rb"s=s1", b"s=s1; x=soon"),
        (rb"s=s1", b"s=s1; t=20; x=10"),
        (rb"s=s1", b"s=s1; junk"),
        (rb"s=s1", b"s=s1; n=" + b"x" * 9000),
    ],
)
def test_a_signature_that_cannot_be_one_says_why(before: bytes, after: bytes) -> None:
    field = Signed(theirs(), 0).fields  # nothing: the body begins at once
    assert field == {"": [b""]}
    raw = Signed(theirs(), parse_headers(theirs())[1]).fields["dkim-signature"][0]
    changed = re.sub(before, lambda _: after, raw, count=1)
    assert changed != raw

    found = read_signature(changed)

    assert found.fault
    assert found.key_name == ""


def test_nothing_is_signed_where_lines_end_otherwise() -> None:
    raw = theirs().replace(b"To: support", b"X: 1\nTo: support")

    assert judged(raw, KEY) == PERMERROR


def test_rubbish_never_raises() -> None:
    chance = random.Random(7)
    good = theirs()
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(chance.randrange(1, 8)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        mail = Signed(bytes(raw), parse_headers(bytes(raw))[1])
        for field in mail.fields.get("dkim-signature", ()):
            verify(read_signature(field), mail, [KEY], NOW)
