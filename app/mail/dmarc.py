"""
DMARC policies (RFC 7489): where a domain publishes its own, and what it says.

Deliberately not here: reports to the domain, and the DNS; records are handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.mail.alignment import organizational_domain
from app.mail.dkim_signatures import Unusable, read_tags

Alignment = Literal["relaxed", "strict"]
POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Policy:
    """What the owner of a domain asks for: `none`, `quarantine`, `reject`; and the alignments."""

    action: str
    alignment: Alignment = "relaxed"  # of DKIM
    spf_alignment: Alignment = "relaxed"


def names_for(domain: str) -> tuple[str, ...]:
    """Where the policy for mail From `domain` may stand, the nearest first (RFC 7489 6.6.3)."""
    return tuple(dict.fromkeys((f"_dmarc.{domain}", f"_dmarc.{organizational_domain(domain)}")))


def read_policy(records: list[str] | None, *, inherited: bool) -> Policy | None:
    """
    The one policy among TXT records; None when there is none, or more than one.

    `inherited`: it stands at the organizational domain, so that `sp=` counts.
    """
    found = [one for one in records or () if one.lstrip().lower().startswith("v=dmarc1")]
    if len(found) != 1:
        return None
    try:
        tags = read_tags(found[0][:4096])
    except Unusable:
        return None
    if tags.get("v", "").lower() != "dmarc1":
        return None
    action = tags.get("p", "none").lower()
    if inherited:
        action = tags.get("sp", action).lower()
    if action not in POLICIES:
        action = "none"
    if _share(tags) < 100 or tags.get("t", "n").lower() == "y":
        # For the mails that were not drawn the next milder policy counts (RFC 7489 6.6.4).
        action = POLICIES[max(0, POLICIES.index(action) - 1)]
    return Policy(action, _alignment(tags, "adkim"), _alignment(tags, "aspf"))


def _alignment(tags: dict[str, str], tag: str) -> Alignment:
    return "strict" if tags.get(tag, "r").lower() == "s" else "relaxed"


def _share(tags: dict[str, str]) -> int:
    text = tags.get("pct", "100")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else 100
