"""
Dispatching: a mail is composed, signed, kept and put into the outbox, in one transaction.

Every mail that leaves goes this way: answers, codes, notices. Deliberately not here: what it says.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import outbox, raw_mail
from app.domain.accounts import HostedRoots
from app.domain.outbox import Envelope
from app.domain.sender_identity.keys import Signer, root_signers
from app.errors import Invalid
from app.mail import dkim, tokens
from app.mail.compose import Composed, Outgoing, compose
from app.store import BlobStore

LOOP_MARK = "X-Hosted-Inbox-Loop"
_ON_LOOP = 128 * 1024  # octets of files; more is composed in a thread


@dataclass(frozen=True, slots=True)
class Post:
    """What the process gives to those who write mail: secrets, store, roots, limits."""

    keys: tokens.Keys
    secret: bytes = field(repr=False)
    store: BlobStore
    roots: HostedRoots
    base_url: str
    size_limit: int


@dataclass(frozen=True, slots=True)
class Mailing:
    """
    A mail that is to leave.

    `tracked_id` is what its return paths name: the message, or whatever the mail is about.
    `return_domain` is where bounces come back to: a hosted domain, or the return path of a
    connected one. `null_sender`: nobody wants to hear of its failure (RFC 3834 3).
    """

    account_id: str
    kind: str
    tracked_id: str
    outgoing: Outgoing
    return_domain: str
    message_id: str | None = None
    null_sender: bool = False


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What was put into the outbox: the octets, their digest, who gets them."""

    raw: bytes = field(repr=False)
    digest: str
    recipients: tuple[str, ...]


async def dispatch(
    db: AsyncSession,
    post: Post,
    mailing: Mailing,
    now: datetime,
    signers: tuple[Signer, ...] = (),
) -> Dispatched:
    """
    The mail leaves after the commit, once for every recipient with a return path of his own.

    Signed with `signers`, those of a connected domain, else with the key of the hosted root.
    Raises Invalid for what cannot be composed, and `outbox.too_large`.
    """
    signers = signers or await hosted_signers(db, post, mailing.outgoing, now)
    files = sum(len(one.content) for one in mailing.outgoing.attachments)
    if files > _ON_LOOP:
        composed = await asyncio.to_thread(
            written, post.keys, mailing.account_id, mailing.outgoing, signers, now
        )
    else:
        composed = written(post.keys, mailing.account_id, mailing.outgoing, signers, now)
    if composed.size > post.size_limit:
        raise Invalid(
            f"The mail has {composed.size} octets; at most {post.size_limit} can be sent.",
            "outbox.too_large",
        )
    digest = await raw_mail.keep(db, post.store, mailing.account_id, composed.raw, now)
    await outbox.put(db, _envelopes(post.keys, mailing, composed, digest), now)
    return Dispatched(composed.raw, digest, composed.envelope_recipients)


def written(
    keys: tokens.Keys,
    account_id: str,
    outgoing: Outgoing,
    signers: tuple[Signer, ...],
    now: datetime,
) -> Composed:
    """The mail octet for octet as it is sent: with the mark of our own mail (F3), signed (C7)."""
    mark = tokens.make_loop_mark(keys, account_id=account_id, message_id=outgoing.message_id)
    composed = compose(replace(outgoing, headers=(*outgoing.headers, (LOOP_MARK, mark))))
    raw = composed.raw
    for one in signers:
        raw = dkim.sign(
            raw,
            domain=one.domain,
            selector=one.selector,
            private_key=one.private_key,
            signed_at=now,
        )
    return replace(composed, raw=raw)


async def hosted_signers(
    db: AsyncSession, post: Post, outgoing: Outgoing, now: datetime
) -> tuple[Signer, ...]:
    """The key of the root under which the From's domain lies; the paid root's for all others."""
    domain = outgoing.from_.address.rpartition("@")[2].lower()
    free = domain.endswith(f".{post.roots.free}")
    return await root_signers(db, post.secret, post.roots.free if free else post.roots.paid, now)


def _envelopes(
    keys: tokens.Keys, mailing: Mailing, composed: Composed, digest: str
) -> list[Envelope]:
    return [
        Envelope(
            account_id=mailing.account_id,
            kind=mailing.kind,
            sender=""
            if mailing.null_sender
            else tokens.make_return_path(
                keys,
                reply_id=mailing.tracked_id,
                recipient_index=position,
                domain=mailing.return_domain,
            ),
            recipient=recipient,
            raw_digest=digest,
            message_id=mailing.message_id,
            position=position,
            smtputf8=composed.needs_smtputf8,
        )
        for position, recipient in enumerate(composed.envelope_recipients)
    ]
