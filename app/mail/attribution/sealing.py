"""
Whose word counts beside the author's own domain: the team's own servers, and a few providers.

Deliberately not here: whether a seal or an address is right (`authentication` has found that out).
"""

from __future__ import annotations

from app.mail.addresses import canonical
from app.mail.alignment import ascii_domain, organizational_domain
from app.mail.attribution.values import Surroundings
from app.mail.authentication import Authentication
from app.mail.message import Mail

# Providers of groups and forwarding that seal what they have seen themselves, by the d= of their
# seals: Google for Gmail, Workspace and Groups; Microsoft for Exchange Online and Outlook.
# Both say so where they tell how trusted sealers work in their services (RFC 8617 7.2).
HONEST_SEALERS = frozenset(("google.com", "microsoft.com"))
_PEOPLE = 50


def is_excused(mail: Mail, proof: Authentication, around: Surroundings) -> bool:
    """
    Did only those pass it on who are believed, the first of whom saw DMARC pass (RFC 8617 7.2)?

    All of them, since each could have changed it. A provider seals for everybody, so that its word
    counts only for what was written to an address of the channel.
    """
    if not proof.sealers:
        return False
    own = _own_domains(around) | {organizational_domain(one) for one in _own_domains(around)}
    others = [one for one in proof.sealers if one not in own]
    if not all(one in HONEST_SEALERS for one in others):
        return False
    boxes = (*mail.to[:_PEOPLE], *mail.cc[:_PEOPLE])
    return not others or any(canonical(box.address) in around.own_addresses for box in boxes)


def may_come_by_forwarder(mail: Mail, proof: Authentication, around: Surroundings) -> bool:
    """
    Is it SPF that proves it, for a domain of the team's own?

    Its servers forward to us, so that everything they pass on would be proved by them.
    """
    if not proof.by_spf:
        return False
    domain = organizational_domain(mail.sender.address.rpartition("@")[2])
    return domain in {organizational_domain(one) for one in _own_domains(around)}


def _own_domains(around: Surroundings) -> set[str]:
    domains = {ascii_domain(one.rpartition("@")[2]) for one in around.own_addresses}
    return {one for one in domains if one}
