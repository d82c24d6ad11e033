"""
The identity in force: From, Reply-To, return path and signature of a channel's mail, right now.

What the preview shows and what is composed are made here, by the same function.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.sender_identity import naming
from app.domain.sender_identity.dispatching import Post
from app.domain.sender_identity.keys import Signer
from app.domain.sender_identity.service import SenderWarning, get
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
    name = naming.from_name(identity.name_style, identity.company_name, agent_name)
    domain = hosted_address.rpartition("@")[2]
    return InForce(Mailbox(name, hosted_address), None, domain, domain, ())


async def signers_of(
    db: AsyncSession, post: Post, account_id: str, in_force: InForce, now: datetime
) -> tuple[Signer, ...]:
    """The connected domain's valid key for mail of this identity; () means the hosted root's."""
    return ()


async def accounts_with_return_path(db: AsyncSession, host: str) -> list[str]:
    """The accounts that gave this host as the return path of a sending domain (lower case)."""
    return []
