"""The job that looks after sending domains: asks the DNS about those that are due."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from app.db import Database
from app.domain import accounts, sender_identity
from app.domain.accounts import HostedRoots
from app.errors import NotFound
from app.resolver import Resolver
from app.worker.clock import Job

log = structlog.get_logger()

AT_ONCE = 10  # domains of one turn
EVERY = 15.0


def check_domains(database: Database, resolver: Resolver, roots: HostedRoots) -> Job:
    """
    Ask about the domains that are due. Each is claimed first: one process asks about it.

    No transaction is open while the DNS is asked.
    """

    async def run() -> None:
        async with database.reading() as db:
            due = await sender_identity.domains.due(db, datetime.now(UTC), AT_ONCE)
        if not due:
            return
        async with database.writing() as db:
            claimed = await sender_identity.domains.claim(db, due, datetime.now(UTC))
        await asyncio.gather(*(check(*one) for one in claimed))

    async def check(account_id: str, domain_id: str) -> None:
        try:
            async with database.reading() as db:
                plan = await sender_identity.domains.plan_of(db, account_id, domain_id, roots)
            verdicts = await sender_identity.look(resolver, plan.domain, plan.records)
            async with database.writing() as db:
                await accounts.lock(db, [account_id])
                await sender_identity.domains.apply(
                    db, sender_identity.domains.Checked(plan, verdicts), datetime.now(UTC)
                )
        except NotFound:
            log.info("domain_is_gone", domain_id=domain_id)

    return Job("check_domains", EVERY, run)
