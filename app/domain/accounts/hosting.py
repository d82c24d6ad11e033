"""Plans, subdomains and hosted domains: the rules, without a database."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from app.domain.accounts.models import Account
from app.errors import invalid_field

PLANS = ("free", "starter", "professional", "enterprise")
PAID_PLANS = frozenset(PLANS) - {"free"}

SUBDOMAIN_LIMIT = 190  # so that `<64 octets>@<subdomain>.<root>` stays below RFC 5321's 254
DERIVED_LIMIT = 40
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# Names below the roots that the installation itself may need.
_RESERVED = frozenset("mx www mail smtp api ns1 ns2 bounces autoconfig autodiscover".split())


@dataclass(frozen=True, slots=True)
class HostedRoots:
    """The domains below which the hosted domains of all accounts lie."""

    paid: str
    free: str


def hosted_domain(account: Account, roots: HostedRoots) -> str:
    """`<subdomain>.<root of the account's plan>`."""
    return f"{account.subdomain}.{roots.paid if account.plan in PAID_PLANS else roots.free}"


def check_plan(plan: str) -> str:
    """The plan, when it is one. Raises Invalid."""
    if plan not in PLANS:
        raise invalid_field(
            "/plan", f"A plan is one of {', '.join(PLANS)}.", "accounts.unknown_plan"
        )
    return plan


def check_subdomain(given: str) -> str:
    """The subdomain in lower case. Raises Invalid when it is none (RFC 1123 2.1), or reserved."""
    subdomain = given.strip().lower()
    labels = subdomain.split(".")
    if len(subdomain) > SUBDOMAIN_LIMIT or not all(_LABEL.fullmatch(label) for label in labels):
        raise invalid_field(
            "/subdomain",
            "A subdomain has letters, digits, hyphens and dots: at most 63 characters between "
            f"dots, {SUBDOMAIN_LIMIT} in all, no hyphen beside a dot or an end.",
            "accounts.bad_subdomain",
        )
    if is_reserved(subdomain):
        raise invalid_field(
            "/subdomain", f"The subdomain {subdomain} is reserved.", "accounts.bad_subdomain"
        )
    return subdomain


def is_reserved(subdomain: str) -> bool:
    """Is the name kept for the installation's own hosts?"""
    return subdomain in _RESERVED


def derive_subdomain(name: str) -> str:
    """
    A subdomain made of an account's name, in ASCII; empty when nothing of it can be written so.

    Accents are dropped; Greek and Cyrillic letters are transliterated; other scripts are left out.
    """
    letters = "".join(_LETTERS.get(letter, letter) for letter in name.lower())
    ascii_only = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    return words[:DERIVED_LIMIT].rstrip("-")


def _pairs(text: str) -> dict[str, str]:
    return {pair[0]: pair[1:] for pair in text.split()}


_LETTERS = {
    "'": "",
    "’": "",
    # Latin letters that Unicode does not take apart.
    **_pairs("ßss æae œoe øo łl đd ðd þth ħh ıi ŋn ĸk ŧt"),
    **_pairs(
        "аa бb вv гg дd еe ёyo жzh зz иi йy кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh"
        " щshch ъ ыy ь эe юyu яya іi їyi єye ґg ўu јj љlj њnj ћc ђdj џdz"
    ),
    **_pairs(
        "αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo"
        " άa έe ήi ίi όo ύy ώo ϊi ϋy ΐi ΰy"
    ),
}
