"""Organizational domains and alignment (RFC 7489 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.alignment import ascii_domain, organizational_domain, would_align


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("acme.com", "acme.com"),
        ("mail.eu.acme.com", "acme.com"),
        ("Mail.ACME.co.uk.", "acme.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("a.b.example", "b.example"),
        ("co.uk", "co.uk"),
        ("x.acme.github.io", "acme.github.io"),
        ("", ""),
    ],
)
def test_the_organizational_domain_is_one_label_below_the_suffix(
    domain: str, organization: str
) -> None:
    assert organizational_domain(domain) == organization


def test_relaxed_alignment_asks_for_one_organization_and_strict_for_one_domain() -> None:
    assert would_align("acme.com", "mail.acme.com")
    assert would_align("mail.acme.com", "ACME.com")
    assert not would_align("acme.com", "mail.acme.com", "strict")
    assert would_align("bücher.example", "xn--bcher-kva.example", "strict")
    assert not would_align("acme.co.uk", "other.co.uk")
    assert not would_align("acme.com", "acme.com.evil.example")
    assert not would_align("", "")


@given(st.text(max_size=60) | st.text("ab.-_ü。\r\n", max_size=60))
def test_no_text_is_a_fault(text: str) -> None:
    assert organizational_domain(text) in ("", ascii_domain(text)) or organizational_domain(
        text
    ).count(".")
    assert not would_align("acme.com", text) or "acme.com" in text.lower()
