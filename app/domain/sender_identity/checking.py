"""
Asking the DNS about sending domains and From addresses. No database: nobody's row is held.

Deliberately not here: what is wrong with an answer (`records`), what follows from it (`domains`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from app.domain.sender_identity.records import Record, Said, Verdict, judged
from app.mail import dmarc
from app.mail.alignment import ascii_domain
from app.resolver import Found, Question, Resolver

ROUNDS = 8  # an SPF record may include others that include others
MOST_QUESTIONS = 40  # of one round
PATIENCE = 4.0  # seconds for one round


async def look(resolver: Resolver, domain: str, records: Sequence[Record]) -> list[Verdict]:
    """What the DNS says of each record now."""
    answers: dict[Question, Found] = {}
    for _ in range(ROUNDS):
        said = Said(answers)
        verdicts = judged(records, domain, said)
        if not said.missing:
            return verdicts
        asked = islice(said.missing, MOST_QUESTIONS)
        answers.update(await resolver.fresh(asked, deadline=PATIENCE))
    return judged(records, domain, Said(answers))


async def policy_of(resolver: Resolver, address: str) -> str | None:
    """The DMARC policy for mail From this address (RFC 7489 6.6.3), from memory if it is known."""
    domain = ascii_domain(address.rpartition("@")[2])
    if "." not in domain:
        return None
    names = dmarc.names_for(domain)
    found = await resolver.texts(names)
    for name in names:
        records = found[name]
        if isinstance(records, list):
            policy = dmarc.read_policy(records, inherited=name != names[0])
            if policy is not None:
                return policy.action
    return None
