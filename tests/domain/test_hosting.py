"""Subdomains and hosted domains, without a database."""

from __future__ import annotations

import pytest

from app.domain import accounts
from app.domain.accounts import Account, HostedRoots

ROOTS = HostedRoots(paid="paid.example", free="free.example")


@pytest.mark.parametrize(
    ("plan", "domain"),
    [
        ("free", "acme.free.example"),
        ("starter", "acme.paid.example"),
        ("professional", "acme.paid.example"),
        ("enterprise", "acme.paid.example"),
    ],
)
def test_the_plan_decides_the_root_of_the_hosted_domain(plan: str, domain: str) -> None:
    account = Account(subdomain="acme", plan=plan)

    assert accounts.hosted_domain(account, ROOTS) == domain


@pytest.mark.parametrize(
    ("name", "subdomain"),
    [
        ("Construir Fácil", "construir-facil"),
        ("Acme", "acme"),
        ("  Acme & Söhne GmbH ", "acme-sohne-gmbh"),
        ("Straßenbau", "strassenbau"),
        ("Łódź Żółw", "lodz-zolw"),
        ("Smørrebrød", "smorrebrod"),
        ("Пиво и Хлеб", "pivo-i-khleb"),
        ("Καλημέρα", "kalimera"),
        ("O'Neill’s", "oneills"),
        ("acme.com", "acme-com"),
        ("株式会社 Acme", "acme"),
        ("株式会社", ""),
        ("---", ""),
        ("Ａｃｍｅ", "acme"),
        ("x" * 39 + " yz", "x" * 39),
    ],
)
def test_a_subdomain_is_the_name_in_plain_letters(name: str, subdomain: str) -> None:
    assert accounts.derive_subdomain(name) == subdomain
