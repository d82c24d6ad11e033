"""
Is a mail from whom it says it is from? SPF (RFC 7208), DKIM (6376), ARC (8617) and DMARC (7489).

Without the network, in two steps: `claims_of` says what the DNS must be asked, `evaluate` judges
with the answers. Deliberately not here: whose seal excuses what (`attribution`): a seal says what
its sealer saw, and anybody can be a sealer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.mail import arc, direct, dmarc
from app.mail import dkim_signatures as signing
from app.mail.alignment import ascii_domain, would_align
from app.mail.arc import Chain
from app.mail.dkim_signatures import Signature, Signed
from app.mail.message import Headers
from app.mail.public_names import may_exist
from app.mail.spf import Check

MOST_SIGNATURES = 5
_MOST_READ = 20
NONE = "none"
TEMPERROR = signing.TEMPERROR
REJECT = "reject"
ASKING = ("quarantine", REJECT)  # the policies that ask for something

# What the TXT records of each name are: None where there are none, ERROR where nobody knows.
ERROR = "error"
Answers = Mapping[str, list[str] | str | None]

_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,126}")


@dataclass(frozen=True, slots=True)
class Envelope:
    """From where a mail came, and how the transport addressed it."""

    remote_address: str
    helo: str
    reverse_path: str  # "" for the null path
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a mail claims: its author's domain (RFC 7489 3.1), who signed, sealed and sent it."""

    author_domain: str  # of the author whom readers see; "" when From names none
    signatures: tuple[Signature, ...]
    mail: Signed | None  # None where nothing was signed or sealed
    provable: bool = True  # false: From names several authors, of whom nothing proves one
    chain: Chain = arc.NO_CHAIN
    spf: Check | None = None  # to be driven by who can ask the DNS; None: unknown envelope
    is_direct: bool = False  # nobody has passed it on, so that SPF tells about its author

    @property
    def names(self) -> tuple[str, ...]:
        """The names whose TXT records `evaluate` needs; those that cannot exist are left out."""
        keys = [one.key_name for one in self.signatures]
        policies = dmarc.names_for(self.author_domain) if self.author_domain else ()
        asked = dict.fromkeys((*keys, *policies, *self.chain.names))
        return tuple(name for name in asked if may_exist(name))


@dataclass(frozen=True, slots=True)
class Authentication:
    """The results in the words of RFC 8601; None for what could not be computed."""

    dkim: str
    dmarc: str | None
    policy: str = ""  # what the author's domain asks for: none, quarantine, reject; "" unknown
    aligned_domain: str = ""  # who proves the author's domain; "" when nobody does
    contradicts: bool = False  # the author's domain says that it has not sent this
    spf: str | None = None
    arc: str | None = None
    by_spf: bool = False  # it is SPF alone that proves the author's domain
    # Who sealed it, the oldest first, where the chain is whole and its first sealer says that DMARC
    # had passed for the author's domain. Whether they are believed is not decided here.
    sealers: tuple[str, ...] = ()


def claims_of(
    raw: bytes, headers: Headers, body_at: int, envelope: Envelope | None = None
) -> Claims:
    """The claims of a mail, of which `headers` and `body_at` are what `parse_headers` gave."""
    author, single = _author_domain(headers)
    spf, is_direct = None, False
    if envelope is not None:
        spf = Check(envelope.remote_address, envelope.reverse_path, envelope.helo)
        aligned = would_align(author, spf.domain)
        is_direct = aligned and direct.is_direct(headers, envelope.recipients)
    is_sealed = "arc-seal" in headers
    if "dkim-signature" not in headers and not is_sealed and not is_direct:
        return Claims(author, (), None, single, spf=spf)
    mail = Signed(raw, body_at)
    # Else two readers may see two.
    single = single and mail.regular and len(mail.fields.get("from", ())) == 1
    fields = mail.fields.get("dkim-signature", ())[:_MOST_READ]
    found = [signing.read_signature(one) for one in fields]
    # Those that may speak for the author first: others must not crowd them out.
    found.sort(key=lambda one: not would_align(author, one.domain))
    chain = arc.read_chain(mail) if is_sealed else arc.NO_CHAIN
    return Claims(author, tuple(found[:MOST_SIGNATURES]), mail, single, chain, spf, is_direct)


def evaluate(claims: Claims, answers: Answers, now: datetime) -> Authentication:
    """
    The results for a mail. A name that is not among `answers` has no records.

    A mail is contradicted where its author's domain asks for quarantine or rejection and DMARC
    fails: none of its own signatures is right, nor has its own host sent it straight to us
    (RFC 7489 6.6.2). A signature that is wrong, or whose key does not exist, counts as none
    (RFC 6376 6.1); what a forwarder has broken looks the same as what a forger has copied. SPF of
    what was passed on tells about the last hop and counts as nothing. Only where the DNS could not
    tell about the author's domain or what speaks for it, nothing is contradicted; what others have
    signed does not matter.
    """
    verdicts = [_verdict(one, claims, answers, now) for one in claims.signatures]
    known, policy = _policy(claims.author_domain, answers)
    policy_or_none = policy or dmarc.Policy("")
    aligned = [
        (one.domain, verdict)
        for one, verdict in zip(claims.signatures, verdicts, strict=True)
        if not one.fault and _aligns(claims, one.domain, policy_or_none.alignment)
    ]
    signed_by = [domain for domain, verdict in aligned if verdict == signing.PASS]
    sent_by = _sent_by(claims, policy_or_none.spf_alignment)
    result = _dmarc(known, policy, [verdict for _, verdict in (*aligned, *sent_by)])
    passed = signed_by or [domain for domain, verdict in sent_by if verdict == signing.PASS]
    chain = _chain(claims, answers, now)
    return Authentication(
        dkim=_best(verdicts),
        dmarc=result if claims.author_domain else None,
        policy=policy_or_none.action,
        aligned_domain=passed[0] if passed else "",
        contradicts=result == signing.FAIL and policy_or_none.action in ASKING,
        spf=claims.spf.result if claims.spf else None,
        arc=chain,
        by_spf=bool(passed) and not signed_by,
        sealers=claims.chain.sealers if chain == arc.PASS and _vouches(claims) else (),
    )


def without_spf(found: Authentication) -> Authentication:
    """The same where SPF tells nothing about the author, as for mail that came by a forwarder."""
    if not found.by_spf:
        return found
    result = signing.FAIL if found.dmarc == signing.PASS else found.dmarc
    denied = result == signing.FAIL and found.policy in ASKING
    return replace(found, dmarc=result, aligned_domain="", by_spf=False, contradicts=denied)


def _aligns(claims: Claims, domain: str, mode: dmarc.Alignment) -> bool:
    return claims.provable and would_align(claims.author_domain, domain, mode)


def _sent_by(claims: Claims, mode: dmarc.Alignment) -> list[tuple[str, str]]:
    """What SPF says about the author's domain, as signatures do; nothing when it was passed on."""
    spf = claims.spf
    if spf is None or not claims.is_direct or not _aligns(claims, spf.domain, mode):
        return []
    return [(spf.domain, spf.result)]


def _chain(claims: Claims, answers: Answers, now: datetime) -> str | None:
    if claims.mail is None:
        return arc.NONE
    return arc.verify(claims.chain, claims.mail, answers.get, now)


def _vouches(claims: Claims) -> bool:
    """Does the chain speak for the author, and for whom the mail was written to?"""
    chain, mail = claims.chain, claims.mail
    if chain.newest is None or mail is None or not claims.provable:
        return False
    signed = chain.newest.signed
    whole = all(len(mail.fields.get(name, ())) <= signed.count(name) for name in ("to", "cc"))
    return whole and arc.first_saw_pass(chain, claims.author_domain)


def _verdict(one: Signature, claims: Claims, answers: Answers, now: datetime) -> str:
    assert claims.mail is not None
    records = answers.get(one.key_name)
    if isinstance(records, str):
        return signing.TEMPERROR
    return signing.verify(one, claims.mail, records, now)[0]


def _policy(author_domain: str, answers: Answers) -> tuple[bool, dmarc.Policy | None]:
    """Whether the DNS told everything, and the policy that was found."""
    for at, name in enumerate(dmarc.names_for(author_domain) if author_domain else ()):
        records = answers.get(name)
        if isinstance(records, str):
            return False, None
        policy = dmarc.read_policy(records, inherited=at > 0)
        if policy is not None:
            return True, policy
    return True, None


def _dmarc(known: bool, policy: dmarc.Policy | None, aligned: list[str]) -> str | None:
    if not known:
        return signing.TEMPERROR
    if policy is None:
        return NONE
    if signing.PASS in aligned:
        return signing.PASS
    if signing.TEMPERROR in aligned:
        return signing.TEMPERROR
    # A signature that is right as far as it goes is no failure, but it proves too little.
    return None if signing.POLICY in aligned else signing.FAIL


def _best(verdicts: list[str]) -> str:
    order = (signing.PASS, signing.TEMPERROR, signing.POLICY, signing.FAIL, signing.PERMERROR)
    return next((one for one in order if one in verdicts), NONE)


def _author_domain(headers: Headers) -> tuple[str, bool]:
    """
    The domain of the author whom readers see, and whether From names nobody else.

    Of several the first with an address, as the mail's `sender` is: his domain's policy counts, but
    no signature proves him (RFC 7489 6.6.1 leaves such mail to the receiver).
    """
    boxes = headers.mailboxes("from")
    domains = [box.address.rpartition("@")[2] for box in boxes if "@" in box.address]
    domain = ascii_domain(domains[0]) if domains else ""
    single = len(boxes) == 1 and len(headers.values("from")) == 1
    return (domain if _DOMAIN.fullmatch(domain) else ""), single
