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
from app.domain.sender_identity.keys import Signer, root_signers, signers_for
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
class Written:
    """A mail octet for octet as it is sent. `digest`: it lies in the store under that already."""

    raw: bytes = field(repr=False)
    recipients: tuple[str, ...]
    needs_smtputf8: bool
    digest: str | None = None


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
    ahead: Written | None = None,
) -> Dispatched:
    """
    The mail leaves after the commit, once for every recipient with a return path of his own.

    Signed with `signers`, those of a connected domain, else with the key of the hosted root.
    `ahead`: it was written before the transaction. Raises Invalid for what cannot be composed, and
    `outbox.too_large`.
    """
    account_id, found = mailing.account_id, ahead
    if found is None:
        signers = signers or await hosted_signers(db, post, mailing.outgoing, now)
        found = await write(post, account_id, mailing.outgoing, signers, now)
    digest = await raw_mail.keep(db, post.store, account_id, found.raw, now, found.digest)
    await outbox.put(db, _envelopes(post.keys, mailing, found, digest), now)
    return Dispatched(found.raw, digest, found.recipients)


async def write(
    post: Post, account_id: str, outgoing: Outgoing, signers: tuple[Signer, ...], now: datetime
) -> Written:
    """The mail, composed and signed. Raises Invalid as `dispatch` does."""
    if sum(len(one.content) for one in outgoing.attachments) > _ON_LOOP:
        composed = await asyncio.to_thread(written, post.keys, account_id, outgoing, signers, now)
    else:
        composed = written(post.keys, account_id, outgoing, signers, now)
    if composed.size > post.size_limit:
        raise Invalid(
            f"The mail has {composed.size} octets; at most {post.size_limit} can be sent.",
            "outbox.too_large",
        )
    return Written(composed.raw, composed.envelope_recipients, composed.needs_smtputf8)


async def put_ahead(post: Post, account_id: str, mail: Written) -> Written:
    """Its octets lie in the store, before a transaction. Raises StorageFull or Unavailable."""
    return replace(mail, digest=await raw_mail.put_ahead(post.store, account_id, mail.raw))


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
    body_hash = dkim.relaxed_body_hash(raw.partition(b"\r\n\r\n")[2]) if signers else ""
    for one in signers:
        raw = dkim.sign(
            raw,
            domain=one.domain,
            selector=one.selector,
            private_key=one.private_key,
            signed_at=now,
            body_hash=body_hash,
        )
    return replace(composed, raw=raw)


async def hosted_signers(
    db: AsyncSession, post: Post, outgoing: Outgoing, now: datetime
) -> tuple[Signer, ...]:
    """The key of the root under which the From's domain lies; the paid root's for all others."""
    return await root_signers(db, post.secret, _root_of(post, outgoing), now)


async def hosted_signers_at_hand(
    db: AsyncSession, post: Post, outgoing: Outgoing
) -> tuple[Signer, ...]:
    """The same for a reading transaction: () when the root has no key yet."""
    return await signers_for(db, post.secret, _root_of(post, outgoing), None)


def _root_of(post: Post, outgoing: Outgoing) -> str:
    domain = outgoing.from_.address.rpartition("@")[2].lower()
    return post.roots.free if domain.endswith(f".{post.roots.free}") else post.roots.paid


def _envelopes(keys: tokens.Keys, mailing: Mailing, mail: Written, digest: str) -> list[Envelope]:
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
            smtputf8=mail.needs_smtputf8,
        )
        for position, recipient in enumerate(mail.recipients)
    ]
