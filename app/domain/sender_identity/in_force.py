"""
The identity in force: From, Reply-To, return path and signature of a channel's mail, right now.

What the preview shows and what is composed are made here, by the same function. It is worked out
anew for every mail, so that a lost domain or a smaller plan counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.sender_identity import naming
from app.domain.sender_identity.dispatching import Post
from app.domain.sender_identity.keys import Signer, opened
from app.domain.sender_identity.models import SenderIdentity, SendingDomain, SigningKey
from app.domain.sender_identity.records import RETURN_PATH, VALID
from app.domain.sender_identity.service import get
from app.domain.sender_identity.standing import (
    Choice,
    SenderWarning,
    chosen,
    customs,
    policy_warning,
    standings,
)
from app.mail.addresses import canonical
from app.mail.compose import mailbox_text
from app.mail.message import Mailbox


@dataclass(frozen=True, slots=True)
class InForce:
    """
    Who a mail of the channel is from.

    `return_domain` is where its bounces come back to. `signing_domain` is the connected domain
    whose key signs, else the hosted domain, for which its root's key does (C7).
    """

    from_: Mailbox
    reply_to: Mailbox | None
    return_domain: str
    signing_domain: str
    warnings: tuple[SenderWarning, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """From and Reply-To of a mail, exactly as it is sent."""

    from_name: str
    from_address: str
    from_header: str
    reply_to: str | None
    warnings: tuple[SenderWarning, ...]


async def identity_in_force(
    db: AsyncSession,
    account_id: str,
    channel_id: str,
    *,
    hosted_address: str,
    team_addresses: frozenset[str],
    forwarding_verified: bool,
    agent_name: str | None,
    now: datetime,
) -> InForce:
    """
    The identity of mail that this agent writes (None: nobody in person) in the channel.

    `team_addresses` are the channel's own public addresses: answers to them come back while
    `forwarding_verified`. Raises NotFound for an unknown channel.
    """
    identity = await get(db, account_id, channel_id)
    choice = chosen(identity, await standings(db, account_id, customs(identity)))
    address = choice.address or hosted_address
    hosted_domain = hosted_address.rpartition("@")[2]
    domain = choice.standing.domain if choice.standing else None
    returns = domain is not None and _has_return_path(domain)
    comes_back = choice.address is None or (
        forwarding_verified and canonical(address) in {canonical(one) for one in team_addresses}
    )
    return InForce(
        from_=Mailbox(
            naming.from_name(identity.name_style, identity.company_name, agent_name), address
        ),
        reply_to=None if comes_back else Mailbox("", hosted_address),
        return_domain=domain.return_host if domain and returns else hosted_domain,
        signing_domain=domain.domain if domain else hosted_domain,
        warnings=choice.warnings,
    )


def _has_return_path(domain: SendingDomain) -> bool:
    return any(one["purpose"] == RETURN_PATH and one["state"] == VALID for one in domain.findings)


def previewed(in_force: InForce, policy: str | None = None) -> Preview:
    """
    What the identity looks like in a mail. `policy` is what From's domain publishes now (DMARC),
    where that was asked (C8).
    """
    address = in_force.from_.address
    is_signed = address.rpartition("@")[2] == in_force.signing_domain
    found = None if is_signed else policy_warning(address, policy)
    known = tuple(one for one in in_force.warnings if not found or one.code != found.code)
    return Preview(
        from_name=in_force.from_.name,
        from_address=address,
        from_header=mailbox_text(in_force.from_),
        reply_to=mailbox_text(in_force.reply_to) if in_force.reply_to else None,
        warnings=(*known, found) if found else known,
    )


async def signers_of(
    db: AsyncSession, post: Post, account_id: str, in_force: InForce, now: datetime
) -> tuple[Signer, ...]:
    """The connected domain's valid key for mail of this identity; () means the hosted root's."""
    if in_force.signing_domain == in_force.return_domain:  # a hosted domain is both
        return ()
    statement = (
        select(SigningKey, SendingDomain.findings)
        .join(
            SendingDomain,
            (SendingDomain.account_id == SigningKey.account_id)
            & (SendingDomain.domain == SigningKey.domain),
        )
        .where(SigningKey.account_id == account_id, SigningKey.domain == in_force.signing_domain)
        .order_by(SigningKey.selector)
    )
    rows = (await db.execute(statement)).all()
    if not rows:
        return ()
    valid = {one["name"] for one in rows[0].findings if one["state"] == VALID}
    key, _ = min(
        rows,
        key=lambda row: (
            f"{row[0].selector}._domainkey.{row[0].domain}" not in valid,
            not row[0].is_active,
            row[0].selector,
        ),
    )
    return (Signer(key.domain, key.selector, opened(post.secret, key)),)


async def accounts_with_return_path(db: AsyncSession, host: str) -> list[str]:
    """The accounts that gave this host as the return path of a sending domain."""
    statement = select(SendingDomain.account_id).where(
        SendingDomain.return_host == host.lower().rstrip(".")
    )
    return list((await db.execute(statement)).scalars())


async def choices_of(
    db: AsyncSession, account_id: str, identities: list[SenderIdentity]
) -> dict[str, Choice]:
    """What is in force for these identities, by channel."""
    known = await standings(db, account_id, {a for one in identities for a in customs(one)})
    return {one.channel_id: chosen(one, known) for one in identities}
