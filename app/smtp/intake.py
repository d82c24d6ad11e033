"""
The intake: what stands behind the SMTP door. Whose is this address?  Keep this mail, then say 250.

Mails that arrive while a commit runs share the next one (group commit). Deliberately not here:
what a mail means; the inbound room understands it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from app.db import Database, refusal_for
from app.domain import inbound, raw_mail
from app.domain.channels import ChannelFacts
from app.domain.inbound import Arrival, Refused
from app.domain.sender_identity import Post
from app.errors import Unavailable
from app.mail.alignment import organizational_domain
from app.mail.authentication import Authentication
from app.mail.classify import hop_count
from app.mail.message import Headers
from app.mail.parse import parse_headers
from app.resolver import Resolver
from app.smtp.arrivals import ArrivedMail, Refusal, RefusedDelivery, SessionFacts
from app.smtp.authenticating import authenticate
from app.smtp.gathering import Gatherer
from app.store import BlobStore, digest_of, key_of

log = structlog.get_logger()

ON_LOOP = 128 * 1024  # octets; larger mail is read in a thread
GROUP = 100  # mails of one transaction
HOPS = 100  # Received fields; more is a loop (RFC 5321, 6.3)
REMEMBERED = 5.0  # seconds that RCPT trusts an address it has seen; DATA looks again
REFUSALS_WAITING = 2000


def _unknown() -> Refusal:
    return Refusal(550, "5.1.1", "No such address here", "smtp.unknown_recipient")


def _loop() -> Refusal:
    return Refusal(554, "5.4.6", "Too many hops: this mail goes round in circles", "smtp.loop")


class MailIntake:
    """The intake over the database and the blob store (see `arrivals.Intake`)."""

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        resolver: Resolver | None = None,
        post: Post | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._resolver = resolver
        self._post = post
        organizational_domain("example.org")  # reads the suffix list now, not while mail waits
        self._addresses: dict[str, tuple[float, ChannelFacts]] = {}
        self._lookups: Gatherer[str, ChannelFacts | None] = Gatherer(self._look_up, limit=500)
        self._commits: Gatherer[Arrival, list[str | None]] = Gatherer(self._commit, limit=GROUP)
        self._refused: list[Refused] = []
        self._noting: asyncio.Task[None] | None = None

    async def accepts(self, recipient: str, session: SessionFacts) -> Refusal | None:
        """None for a connected channel's address; drafts and deleted ones are unknown, alike."""
        return None if await self._facts(recipient) else _unknown()

    async def keep(self, mail: ArrivedMail) -> list[str]:
        """The ledger ids of the mail, once it is committed for every recipient."""
        headers, body_at = parse_headers(mail.raw)
        if hop_count(headers) > HOPS:
            raise _loop()
        digest = digest_of(mail.raw)
        in_store = len(mail.raw) > raw_mail.IN_ROW
        if in_store:
            await self._put(mail, digest)
        if len(mail.raw) > ON_LOOP:
            reading = await asyncio.to_thread(inbound.read_safely, mail.raw, mail.reverse_path)
        else:
            reading = inbound.read_safely(mail.raw, mail.reverse_path)
        arrival = Arrival(
            raw=mail.raw,
            digest=digest,
            in_store=in_store,
            reverse_path=mail.reverse_path,
            recipients=mail.recipients,
            remote_address=mail.remote_address,
            helo=mail.helo,
            tls=mail.tls,
            received_at=mail.received_at,
            reading=reading,
            authentication=await self._authenticate(mail, headers, body_at),
        )
        ids = [found for found in await self._commits.do(arrival) if found is not None]
        if not ids:
            raise _unknown()
        return ids

    async def _authenticate(
        self, mail: ArrivedMail, headers: Headers, body_at: int
    ) -> Authentication | None:
        """What SPF, DKIM, ARC and DMARC say (F6); None without a resolver."""
        if self._resolver is None:
            return None
        return await authenticate(self._resolver, mail, headers, body_at, ON_LOOP)

    def refused(self, refusal: RefusedDelivery) -> None:
        """Put the refusal on the list for the ledger; when too many wait, new ones are dropped."""
        if len(self._refused) >= REFUSALS_WAITING:
            return
        self._refused.append(
            Refused(
                recipient=refusal.recipient,
                envelope_from=refusal.reverse_path,
                remote_address=refusal.remote_address,
                helo=refusal.helo,
                tls=refusal.tls,
                size=refusal.size or 0,
                reason=f"{refusal.code} {refusal.enhanced} {refusal.text}",
                at=refusal.refused_at,
            )
        )
        if self._noting is None:
            self._noting = asyncio.create_task(self._note_refusals())

    async def close(self, grace: float = 20) -> None:
        """Everything that was handed in is done when this returns, or `grace` seconds are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._commits.idle()
                while self._noting is not None:
                    await asyncio.wait([self._noting])

    async def _facts(self, recipient: str) -> ChannelFacts | None:
        seen = self._addresses.get(recipient)
        if seen is not None and time.monotonic() - seen[0] < REMEMBERED:
            return seen[1]
        return await self._lookups.do(recipient)

    async def _look_up(self, recipients: Sequence[str]) -> Sequence[ChannelFacts | None]:
        try:
            async with self._database.reading() as db:
                keys = self._post.keys if self._post else None
                found = await inbound.accepting(db, set(recipients), keys)
        except Exception as fault:
            raise refusal_for(fault) or fault from fault
        now = time.monotonic()
        if len(self._addresses) > 10_000:
            self._addresses.clear()
        for recipient in recipients:
            self._addresses.pop(recipient, None)
        self._addresses.update({recipient: (now, facts) for recipient, facts in found.items()})
        return [found.get(recipient) for recipient in recipients]

    async def _put(self, mail: ArrivedMail, digest: str) -> None:
        """Large octets lie in the store before a row says so; a failed commit leaves litter."""
        accounts = set()
        for recipient in mail.recipients:
            facts = await self._facts(recipient)
            if facts is not None:
                accounts.add(facts.account_id)
        for account_id in sorted(accounts):
            await self._store.put(key_of(account_id, digest), mail.raw)

    async def _commit(self, arrivals: Sequence[Arrival]) -> Sequence[list[str | None] | Exception]:
        """One transaction for all; where something else than the database breaks it, one each."""
        try:
            return await self._transaction(arrivals)
        except Exception as fault:
            known = refusal_for(fault)
            if known is not None:
                log.warning("mail_not_kept", mails=len(arrivals), why=known.code)
                return [known] * len(arrivals)
            if len(arrivals) == 1:
                log.exception("mail_not_kept", mails=1)
                return [Unavailable("The mail could not be kept.")]
            log.warning("group_commit_broken", mails=len(arrivals), exc_info=fault)
        results: list[list[str | None] | Exception] = []
        for arrival in arrivals:
            results.extend(await self._commit([arrival]))
        return results

    async def _transaction(self, arrivals: Sequence[Arrival]) -> Sequence[list[str | None]]:
        async with self._database.writing() as db:
            return await inbound.receive(db, arrivals, datetime.now(UTC), self._post)

    async def _note_refusals(self) -> None:
        """The replies are given. While the database is away, their rows wait for the next one."""
        some: list[Refused] = []
        try:
            while self._refused:
                await asyncio.sleep(0.05)  # refusals come in bursts
                some, self._refused = self._refused, []
                async with self._database.writing() as db:
                    await inbound.note_refusals(db, some)
        except Exception as fault:  # a gap in the ledger is the worst that comes of it
            known = refusal_for(fault)
            if known is None:
                log.exception("refusals_not_noted", refusals=len(some))
            else:
                log.warning("refusals_not_noted", refusals=len(some), why=known.code)
                self._refused = [*some, *self._refused][:REFUSALS_WAITING]
        finally:
            self._noting = None
