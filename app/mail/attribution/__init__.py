"""
Who really wrote a mail: the arrival is classified first, then candidates are looked at in order.

Every candidate is recorded with why it was accepted or not. Never candidates, whatever they say:
X-Forwarded-For, Return-Path, Sender and the envelope sender; they name the forwarder (E6).
Deliberately not here: what follows from the decision (contacts, conversations).
"""

from __future__ import annotations

from app.mail.addresses import canonical, is_addr_spec
from app.mail.attribution.embedded import WHOLE, find_embedded
from app.mail.attribution.forwarding import passed_on, unwrap
from app.mail.attribution.rewriting import (
    is_rewritten_form,
    reply_to_candidate,
    undo,
    unwrap_address,
)
from app.mail.attribution.sealing import is_excused, may_come_by_forwarder
from app.mail.attribution.values import (
    GATEWAY,
    MACHINE,
    OWN,
    REPORTS,
    REWRITTEN,
    TEAMMATE,
    TRANSPARENT,
    Attribution,
    Candidate,
    Original,
    Surroundings,
    as_received,
)
from app.mail.authentication import Authentication, without_spf
from app.mail.message import Mail, Mailbox

__all__ = [
    "GATEWAY",
    "OWN",
    "REWRITTEN",
    "TEAMMATE",
    "WHOLE",
    "Attribution",
    "Candidate",
    "Original",
    "Surroundings",
    "attribute",
    "find_embedded",
    "unwrap_address",
]


def attribute(
    mail: Mail,
    mail_class: str,
    around: Surroundings,
    authentication: Authentication | None = None,
) -> Attribution:
    """
    Decide who wrote `mail`. Pure; the same bytes and facts give the same decision.

    `mail_class` is the verdict of `classify`: reports about earlier mail (bounce, receipt,
    complaint) are written by a machine and make nobody a contact. `authentication` is what SPF,
    DKIM, ARC and DMARC said when it arrived; it decides about trust, and whether From acts for the
    team.
    """
    decision = _decided(mail, mail_class, around)
    if authentication is None:
        return decision
    proof = authentication
    if decision.arrival == TEAMMATE or may_come_by_forwarder(mail, proof, around):
        proof = without_spf(proof)
    if decision.speaks_for_us and proof.contradicts:
        return _disbelieved(mail, mail_class, around)
    if not decision.unresolved:
        decision.trust = _trust(decision, mail, mail_class, proof)
        if decision.trust == "contradicted" and is_excused(mail, proof, around):
            decision.trust = "consistent"
    return decision


def _disbelieved(mail: Mail, mail_class: str, around: Surroundings) -> Attribution:
    """From names a person of the team, and its domain denies it: nobody acts in that name (F6)."""
    sender = canonical(mail.sender.address)
    if around.is_teammate(sender):
        reason = "It is a person of this account, but the domain denies that it sent this mail."
        decision = as_received(mail, TRANSPARENT if mail_class == "human" else MACHINE, reason)
    else:
        decision = undo(mail, around)
    decision.trust = "contradicted"
    return decision


def _decided(mail: Mail, mail_class: str, around: Surroundings) -> Attribution:
    sender = canonical(mail.sender.address)
    if mail_class in REPORTS:
        return as_received(mail, MACHINE, "It is a report about an earlier mail.")
    if sender in around.own_addresses or is_rewritten_form(mail, around):
        decision = _undone(mail, around)
    elif around.is_teammate(sender):
        decision = unwrap(mail, around)
    elif sender in around.gateways:
        decision = _gateway(mail, around)
    else:
        decision = as_received(mail, TRANSPARENT, "From is nobody of ours and was left intact.")
    if mail_class != "human" and decision.arrival == TRANSPARENT:
        decision.arrival = MACHINE
    decision.forwarder = decision.forwarder or _resent_by(mail, around)
    return decision


def _trust(decision: Attribution, mail: Mail, mail_class: str, proof: Authentication) -> str:
    """How far the author can be believed, when it is known whether From is genuine (F6)."""
    if decision.arrival == REWRITTEN:
        # From is the group's; what the group itself has signed tells whom it heard. Fields agree
        # easily in a mail that the group's domain does not own up to.
        failed = proof.dmarc == "fail"
        if proof.aligned_domain:
            return "consistent"
        return "unverified" if failed else decision.trust
    if decision.method != "from" or decision.author.address != mail.sender.address:
        return decision.trust
    if proof.aligned_domain:
        return "verified"
    # Reports often go unsigned, whatever their domain asks for.
    judged = decision.arrival in (TRANSPARENT, MACHINE) and mail_class not in REPORTS
    return "contradicted" if judged and proof.contradicts else decision.trust


def _undone(mail: Mail, around: Surroundings) -> Attribution:
    """What the group rewrote; a person of the team behind it is looked at as one."""
    decision = undo(mail, around)
    if decision.arrival == OWN:
        return passed_on(mail, around) or decision
    author = canonical(decision.author.address)
    if decision.arrival == REWRITTEN and author and around.is_teammate(author):
        return unwrap(mail, around, decision)
    return decision


def _resent_by(mail: Mail, around: Surroundings) -> str | None:
    """Who passed the mail on with Resent-… fields (RFC 5322, 3.6.6): forwarder, never author."""
    for box in mail.headers.mailboxes("resent-from"):
        if is_addr_spec(box.address):
            return box.address
    return None


def _gateway(mail: Mail, around: Surroundings) -> Attribution:
    """A form or shop that writes in its own name: its Reply-To is the author (A4)."""
    first = Candidate(
        "from", mail.sender.name, mail.sender.address, False, "From is a gateway of this channel."
    )
    if not mail.reply_to:
        none = Candidate("reply-to", "", "", False, "There is no Reply-To.")
        return Attribution(
            GATEWAY, "none", Mailbox("", ""), unresolved=True, candidates=[first, none]
        )
    seen = reply_to_candidate(mail, around)
    if not seen.accepted:
        return Attribution(
            GATEWAY, "none", Mailbox("", ""), unresolved=True, candidates=[first, seen]
        )
    return Attribution(
        GATEWAY, "reply-to", Mailbox(seen.name, seen.address), candidates=[first, seen]
    )
