"""
Is a mail from whom it says it is from? DKIM (RFC 6376) and DMARC (RFC 7489), without the network.

In two steps: `claims_of` says which names of the DNS must be asked, `evaluate` judges with the
answers. Deliberately not here: SPF, which proves the forwarder alone, and ARC: a seal says what its
sealer saw, and anybody can be a sealer (RFC 8617 7.2), so that none excuses anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.mail import dkim_signatures as signing
from app.mail import dmarc
from app.mail.alignment import ascii_domain, would_align
from app.mail.dkim_signatures import Signature, Signed
from app.mail.message import Headers

MOST_SIGNATURES = 5
_MOST_READ = 20
NONE = "none"
TEMPERROR = signing.TEMPERROR
REJECT = "reject"
ASKING = ("quarantine", REJECT)  # the policies that ask for something

# What the TXT records of each name are: None where there are none, ERROR where nobody knows.
ERROR = "error"
Answers = Mapping[str, list[str] | str | None]

# Reserved: they never stand in the public DNS (RFC 2606, 6761, 6762, 7686, 9476).
_NOWHERE = frozenset("localhost example test invalid local internal onion alt".split())
_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,126}")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a mail claims: its author's domain (RFC 7489 3.1), and who signed it."""

    author_domain: str  # of the author whom readers see; "" when From names none
    signatures: tuple[Signature, ...]
    mail: Signed | None  # None without a signature
    provable: bool = True  # false: From names several authors, of whom a signature proves none

    @property
    def names(self) -> tuple[str, ...]:
        """The names whose TXT records `evaluate` needs; those that cannot exist are left out."""
        keys = [one.key_name for one in self.signatures]
        policies = dmarc.names_for(self.author_domain) if self.author_domain else ()
        return tuple(dict.fromkeys(name for name in (*keys, *policies) if _may_exist(name)))


@dataclass(frozen=True, slots=True)
class Authentication:
    """The results in the words of RFC 8601; None for what could not be computed."""

    dkim: str
    dmarc: str | None
    policy: str = ""  # what the author's domain asks for: none, quarantine, reject; "" unknown
    aligned_domain: str = ""  # whose signature proves the author's domain; "" when none does
    contradicts: bool = False  # the author's domain says that it has not sent this


def claims_of(raw: bytes, headers: Headers, body_at: int) -> Claims:
    """The claims of a mail, of which `headers` and `body_at` are what `parse_headers` gave."""
    author, single = _author_domain(headers)
    if "dkim-signature" not in headers:
        return Claims(author, (), None, single)
    mail = Signed(raw, body_at)
    single = single and len(mail.fields.get("from", ())) == 1  # else two readers may see two
    fields = mail.fields.get("dkim-signature", ())[:_MOST_READ]
    found = [signing.read_signature(one) for one in fields]
    # Those that may speak for the author first: others must not crowd them out.
    found.sort(key=lambda one: not would_align(author, one.domain))
    return Claims(author, tuple(found[:MOST_SIGNATURES]), mail, single)


def evaluate(claims: Claims, answers: Answers, now: datetime) -> Authentication:
    """
    The results for a mail. A name that is not among `answers` has no records.

    A mail is contradicted where its author's domain asks for quarantine or rejection and DMARC
    fails: none of its own signatures is right (RFC 7489 6.6.2). A signature that is wrong, or whose
    key does not exist, counts as none (RFC 6376 6.1); what a forwarder has broken looks the same as
    what a forger has copied. Only where the DNS could not tell about the author's domain or the key
    of one of its signatures, nothing is contradicted; what others have signed does not matter.
    """
    verdicts = [_verdict(one, claims, answers, now) for one in claims.signatures]
    known, policy = _policy(claims.author_domain, answers)
    mode = policy.alignment if policy else "relaxed"
    aligned = [
        (one.domain, verdict)
        for one, verdict in zip(claims.signatures, verdicts, strict=True)
        if claims.provable and not one.fault and would_align(claims.author_domain, one.domain, mode)
    ]
    passed = [domain for domain, verdict in aligned if verdict == signing.PASS]
    action = policy.action if policy else ""
    result = _dmarc(known, policy, [verdict for _, verdict in aligned])
    return Authentication(
        dkim=_best(verdicts),
        dmarc=result if claims.author_domain else None,
        policy=action,
        aligned_domain=passed[0] if passed else "",
        contradicts=result == signing.FAIL and action in ASKING,
    )


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


def _may_exist(name: str) -> bool:
    """May the public DNS know it? Not the reserved names, addresses of hosts, and none at all."""
    last = name.rpartition(".")[2]
    return bool(name) and last not in _NOWHERE and not last.isdigit() and len(name) <= 253
