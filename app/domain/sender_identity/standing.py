"""
How the custom addresses of an account stand: which may be written from, and why others may not.

Deliberately not here: proving an address (`addresses`) and connecting a domain (`domains`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import chunks
from app.domain import accounts, events
from app.domain.events import NewEvent
from app.domain.sender_identity.models import SenderAddress, SenderIdentity, SendingDomain
from app.mail.addresses import canonical

DEFAULT = "default"
CUSTOM = "custom"

PENDING = "pending"
VERIFIED = "verified"
CONNECTED = "connected"
BROKEN = "broken"
PLAN_TOO_SMALL = "plan_too_small"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SenderWarning:
    """Something that the team should know before it writes; `code` is stable."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an address stands; `domain` is the connected one whose key signs for it (C7)."""

    state: str
    domain: SendingDomain | None = None

    @property
    def is_usable(self) -> bool:
        """May it be written from?"""
        return self.state in (VERIFIED, CONNECTED)


@dataclass(frozen=True, slots=True)
class Choice:
    """The custom address in force (None: the channel's own), and what is to be said of it."""

    address: str | None
    standing: Standing | None
    warnings: tuple[SenderWarning, ...]


_NOTHING_CUSTOM = Choice(None, None, ())
_FELL_BACK = {
    BROKEN: (
        "sender_identity.domain_broken",
        "The sending domain of {address} has lost its DNS records. Until they are back the "
        "channel writes from its own address.",
    ),
    PLAN_TOO_SMALL: (
        "sender_identity.plan_too_small",
        "Addresses at connected sending domains are for paid plans. The channel writes from its "
        "own address instead of {address}.",
    ),
    UNKNOWN: (
        "sender_identity.address_not_verified",
        "{address} is neither verified nor at a connected sending domain any more. The channel "
        "writes from its own address.",
    ),
}


async def standings(
    db: AsyncSession, account_id: str, addresses: Collection[str]
) -> dict[str, Standing]:
    """How these addresses stand, by address as given. Asks nothing when there are none."""
    keys = {given: canonical(given) for given in addresses}
    if not keys:
        return {}
    account = await accounts.get_account(db, account_id)
    proofs = await _addresses(db, account_id, set(keys.values()))
    domains = await _domains(db, account_id, {one.rpartition("@")[2] for one in keys.values()})
    paid = account.plan in accounts.PAID_PLANS
    return {
        given: _standing(proofs.get(key), domains.get(key.rpartition("@")[2]), paid)
        for given, key in keys.items()
    }


def _standing(proof: str | None, domain: SendingDomain | None, paid: bool) -> Standing:
    connected = domain if domain is not None and domain.state == CONNECTED else None
    if proof == VERIFIED:
        return Standing(VERIFIED, connected if paid else None)
    if connected is not None and paid:
        return Standing(CONNECTED, connected)
    if proof == PENDING or (domain is not None and domain.state == PENDING):
        return Standing(PENDING)
    if connected is not None:
        return Standing(PLAN_TOO_SMALL)
    return Standing(BROKEN if domain is not None else UNKNOWN)


async def _addresses(db: AsyncSession, account_id: str, keys: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in chunks(sorted(keys)):
        statement = select(SenderAddress.address_key, SenderAddress.state).where(
            SenderAddress.account_id == account_id, SenderAddress.address_key.in_(some)
        )
        found.update({row.address_key: row.state for row in await db.execute(statement)})
    return found


async def _domains(
    db: AsyncSession, account_id: str, domains: set[str]
) -> dict[str, SendingDomain]:
    found: dict[str, SendingDomain] = {}
    for some in chunks(sorted(domains)):
        statement = select(SendingDomain).where(
            SendingDomain.account_id == account_id, SendingDomain.domain.in_(some)
        )
        found.update({row.domain: row for row in (await db.execute(statement)).scalars()})
    return found


def customs(identity: SenderIdentity) -> set[str]:
    """The custom addresses that may come into force for the identity."""
    return {one for one in (identity.custom_address, identity.previous_address) if one}


def chosen(identity: SenderIdentity, known: Mapping[str, Standing]) -> Choice:
    """
    What is in force: the wished address when it may be used; while it waits to be proved the one
    before it (C4); else the channel's own.
    """
    wish, before = identity.custom_address, identity.previous_address
    if identity.address_kind != CUSTOM or wish is None:
        return _NOTHING_CUSTOM
    standing = known[wish]
    if standing.is_usable:
        return Choice(wish, standing, _policy_warnings(identity, standing))
    if standing.state != PENDING:
        code, words = _FELL_BACK[standing.state]
        return Choice(None, None, (SenderWarning(code, words.format(address=wish)),))
    pending = SenderWarning(
        "sender_identity.address_pending",
        f"{wish} is not proved to be the account's yet. Until then the channel writes from the "
        "address that it had before.",
    )
    if before is not None and known[before].is_usable:
        return Choice(before, known[before], (pending,))
    return Choice(None, None, (pending,))


def _policy_warnings(identity: SenderIdentity, standing: Standing) -> tuple[SenderWarning, ...]:
    found = policy_warning(identity.custom_address or "", identity.from_policy)
    return (found,) if found and standing.domain is None else ()


def policy_warning(address: str, policy: str | None) -> SenderWarning | None:
    """C8: what is to be said of mail from an address whose domain does not sign it."""
    if policy not in ("quarantine", "reject"):
        return None
    domain = address.rpartition("@")[2]
    return SenderWarning(
        "sender_identity.domain_policy",
        f"{domain} publishes p={policy} (DMARC), and is not connected as a sending domain: "
        "receivers will refuse mail from it or put it into spam. Connect the domain.",
    )


async def settle(db: AsyncSession, account_id: str, now: datetime) -> None:
    """
    Something changed by which addresses may be used: what comes into force and what falls back is
    told by events. The caller holds the account's lock.
    """
    statement = select(SenderIdentity).where(
        SenderIdentity.account_id == account_id,
        SenderIdentity.address_kind == CUSTOM,
        SenderIdentity.company_name_key.is_not(None),  # of a channel that is not deleted
    )
    identities = (await db.execute(statement)).scalars().all()
    known = await standings(db, account_id, {a for one in identities for a in customs(one)})
    news = []
    for one in identities:
        choice = chosen(one, known)
        if choice.address == one.address_in_force:
            continue
        kind = "channel.sender_in_force" if choice.address else "channel.sender_fell_back"
        one.address_in_force = choice.address
        facts = {
            "channel_id": one.channel_id,
            "wished": one.custom_address,
            "in_force": {"kind": CUSTOM if choice.address else DEFAULT, "address": choice.address},
            "reason": choice.warnings[0].code if choice.warnings else None,
        }
        news.append(NewEvent(account_id, kind, facts))
    await db.flush()
    await events.record(db, news, now)
