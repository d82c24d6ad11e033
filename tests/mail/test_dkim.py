"""DKIM signatures of ours, judged by dkimpy; keys, their records, and how they are kept."""

from __future__ import annotations

import base64
import functools
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import dkim as dkimpy
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from app import errors
from app.mail import dkim
from app.mail.alignment import would_align
from app.mail.compose import compose
from tests.mail.composed import ALL, one

DOMAIN, SELECTOR = "acme.example", "hi1"


@functools.lru_cache
def pair(kind: str) -> dkim.KeyPair:
    return dkim.generate_keys(kind)  # type: ignore[arg-type]


def signed(raw: bytes, kind: str = "rsa2048", **more: object) -> bytes:
    given = {"domain": DOMAIN, "selector": SELECTOR, **more}
    mail = dkim.sign(raw, private_key=pair(kind).private_pem, **given)  # type: ignore[arg-type]
    # SMTP ends the last line (RFC 5321 4.1.1.4), so that is what others will verify.
    return mail if mail.endswith(b"\r\n") else mail + b"\r\n"


def holds(mail: bytes, kind: str = "rsa2048") -> bool:
    def answer(name: bytes, timeout: int = 5) -> bytes | None:
        known = name == f"{SELECTOR}._domainkey.{DOMAIN}.".encode()
        return pair(kind).public_txt.encode() if known else None

    return bool(dkimpy.verify(mail, dnsfunc=answer))


class VerifyKey:
    """What dkimpy asks of PyNaCl, which is not among our packages."""

    def __init__(self, key: bytes, encoder: object) -> None:
        self.key = ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key))

    def verify(self, message: bytes, signature: bytes) -> None:
        self.key.verify(signature, message)


@pytest.fixture(autouse=True)
def _nacl(monkeypatch: pytest.MonkeyPatch) -> None:
    nacl = SimpleNamespace(
        signing=SimpleNamespace(VerifyKey=VerifyKey),
        encoding=SimpleNamespace(Base64Encoder=None),
        exceptions=SimpleNamespace(ValueError=ValueError, BadSignatureError=InvalidSignature),
    )
    monkeypatch.setattr(dkimpy, "nacl", nacl, raising=False)


def mail_of(head: bytes, body: bytes) -> bytes:
    return b"From: ann@acme.example\r\n" + head + b"\r\n" + body


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_every_mail_that_we_compose_verifies_and_is_aligned(kind: str) -> None:
    for outgoing in ALL:
        mail = signed(compose(outgoing).raw, kind)

        assert holds(mail, kind)
        assert would_align(outgoing.from_.address.partition("@")[2], DOMAIN, "strict")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n",
        b" ",
        b" \t \r\n",
        b"text",
        b"text\r\n",
        b"text \t\r\n\r\n \r\n\r\n",
        b"text ",
        b" a  b\t\tc \r\n\r\nd",
        b"x" * 5000 + b"\r\n",
        "naïve 8-bit\r\n".encode(),
        b"\x0b \x0c \xa0 \r\n",
    ],
)
def test_odd_bodies_verify(body: bytes) -> None:
    assert holds(signed(mail_of(b"Subject: x\r\n", body)))


@pytest.mark.parametrize(
    "head",
    [
        b"Subject:\r\n",
        b"Subject: \r\n",
        b"SUBJECT:  a \t b  \r\n",
        b"Subject: folded\r\n  twice\r\n\tover\r\n",
        b"Subject:\r\n first line empty\r\n",
        "Subject: naïve\r\n".encode(),
        b"To: a@x.example\r\nTo: b@x.example\r\nCc: c@x.example\r\n",
        b"Subject: x\r\nReceived: by y\r\nX-Other: z\r\n",
    ],
)
def test_odd_headers_verify(head: bytes) -> None:
    assert holds(signed(mail_of(head, b"text\r\n")))


PIECES = st.lists(
    st.sampled_from((b" ", b"\t", b"\r\n", b"a", b"=", b":", b";", b"\xc3\xa9")),
    max_size=40,
).map(b"".join)


@settings(max_examples=150)
@given(body=PIECES, value=PIECES)
def test_white_space_is_canonicalised_as_others_do(body: bytes, value: bytes) -> None:
    subject = re.sub(rb"(?:\r\n)+", rb"\r\n ", value.strip(b"\r\n"))
    subject = re.sub(rb"\r\n[ \t]*(?=\r\n|$)", b"", subject)  # no line of blanks alone

    assert holds(signed(mail_of(b"Subject: x" + subject + b"\r\n", body)))


def test_white_space_may_change_on_the_way_and_words_may_not() -> None:
    mail = signed(mail_of(b"Subject: Hello Bob\r\n", b"one two\r\n"))

    assert holds(mail.replace(b"Subject: Hello Bob", b"subject:\r\n Hello\t  Bob "))
    assert holds(mail.replace(b"one two\r\n", b"one \t two  \r\n\r\n"))
    assert not holds(mail.replace(b"one two", b"one too"))
    assert not holds(mail.replace(b"Hello Bob", b"Hello Rob"))


@pytest.mark.parametrize("field", [b"From", b"Subject", b"To", b"Date", b"Content-Type"])
def test_a_second_field_of_the_important_ones_breaks_the_signature(field: bytes) -> None:
    mail = signed(compose(one()).raw)

    assert holds(mail)
    assert not holds(field + b": eve@evil.example\r\n" + mail)


def test_fields_that_honest_forwarders_add_do_not_break_it() -> None:
    mail = signed(compose(one()).raw)

    added = b"Received: by mx.x.example\r\nList-Id: <l.x.example>\r\nReply-To: l@x.example\r\n"

    assert holds(added + mail)


def test_a_mail_may_carry_signatures_of_two_keys() -> None:
    once = signed(compose(one()).raw, "rsa2048")
    twice = signed(once, "ed25519")

    assert twice.count(b"DKIM-Signature:") == 2
    assert holds(twice, "ed25519")
    assert holds(once, "rsa2048")


def test_the_signature_says_what_it_covers() -> None:
    mail = signed(
        compose(one()).raw,
        "rsa2048",
        domain="Büro.example",
        signed_at=datetime(2026, 11, 24, tzinfo=UTC),
    )
    field = re.sub(rb"\s+", b" ", mail.partition(b"\r\nFrom:")[0]).decode()

    assert field.startswith(
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; t=1795478400; "
        "d=xn--bro-hoa.example; s=hi1; h=from:from:to:to:subject:subject:date:date:"
    )
    assert " l=" not in field
    assert max(map(len, mail.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


def test_what_was_signed_is_sent_unchanged() -> None:
    raw = compose(one()).raw

    assert signed(raw).endswith(b"\r\n" + raw)


@pytest.mark.parametrize(
    ("raw", "more", "reason"),
    [
        (b"From: a@x.example\n\nx\n", {}, "CRLF"),
        (b"From: a@x.example\r\n\r\na\rb\r\n", {}, "CRLF"),
        (b"Subject: x\r\n\r\n", {}, "From"),
        (b"From: a@x.example\r\n\r\n", {"domain": "x;\r\n"}, "domain"),
        (b"From: a@x.example\r\n\r\n", {"domain": ""}, "domain"),
        (b"From: a@x.example\r\n\r\n", {"selector": "a b"}, "selector"),
    ],
)
def test_what_cannot_be_signed_is_a_mistake(
    raw: bytes, more: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        signed(raw, **more)


def test_a_record_holds_the_public_key() -> None:
    rsa, ed = pair("rsa2048"), pair("ed25519")

    assert rsa.public_txt.startswith("v=DKIM1; k=rsa; p=MIIB")
    assert len(base64.b64decode(ed.public_txt.removeprefix("v=DKIM1; k=ed25519; p="))) == 32
    assert dkim.public_txt(rsa.private_pem) == rsa.public_txt
    strings = dkim.txt_strings(rsa.public_txt)
    assert [len(one) <= 255 for one in strings] == [True, True]
    assert "".join(strings) == rsa.public_txt


def test_a_kept_key_is_read_with_its_secret_and_for_its_purpose_only() -> None:
    pem = pair("ed25519").private_pem
    kept = dkim.encrypt_key(b"secret", pem, about="acme.example/hi1")

    assert "PRIVATE" not in kept
    assert dkim.decrypt_key(b"secret", kept, about="acme.example/hi1") == pem
    for secret, text, about in (
        (b"other", kept, "acme.example/hi1"),
        (b"secret", kept, "evil.example/hi1"),
        (b"secret", kept[:-8] + "AAAAAAAA", "acme.example/hi1"),
        (b"secret", "siv1.AAAA", "acme.example/hi1"),
        (b"secret", "", "acme.example/hi1"),
        (b"secret", "siv1.ü", "acme.example/hi1"),
    ):
        with pytest.raises(errors.Unavailable) as refused:
            dkim.decrypt_key(secret, text, about=about)
        assert refused.value.code == "dkim.key_unreadable"


def test_a_private_key_does_not_show_in_a_log() -> None:
    assert "PRIVATE" not in repr(pair("ed25519"))
