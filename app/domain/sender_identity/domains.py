"""
Sending domains: connected by their DNS records, watched, and gone when the records are (C5, C4).

Three parts, so that no network is asked within a transaction: `plan_of` reads, `checking.look`
asks the DNS, `apply` writes what was found. Deliberately not here: what the records are.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, chunks, page_of
from app.domain import accounts, events
from app.domain.accounts import HostedRoots
from app.domain.events import NewEvent
from app.domain.sender_identity import keys, records
from app.domain.sender_identity.models import SendingDomain, SigningKey
from app.domain.sender_identity.records import DKIM, UNSURE, VALID, Record, Verdict
from app.domain.sender_identity.standing import BROKEN, CONNECTED, PENDING, settle
from app.errors import Conflict, Forbidden, NotFound, invalid_field
from app.mail.alignment import ascii_domain, is_public_suffix

MOST_DOMAINS = 100  # of one account
LONGEST = 200  # characters, so that the records' names stay below 253
APART = timedelta(minutes=3)  # two checks that find nothing make a domain broken
LEASE = timedelta(minutes=10)  # that a claimed check may take
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class NewKeys:
    """Two keys for a domain, made before the transaction; `token` is in their selectors."""

    domain: str
    token: str
    rows: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A sending domain with its records and what was found for each."""

    row: SendingDomain
    records: tuple[tuple[Record, dict[str, Any]], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be asked about a domain."""

    account_id: str
    domain_id: str
    domain: str
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found when the plan was asked about, in the order of its records."""

    plan: Plan
    verdicts: Sequence[Verdict]


def read_domain(text: str, roots: HostedRoots, *, at: str = "/domain") -> str:
    """The domain as A-labels. Raises Invalid for none, a public suffix, and those of ours."""
    domain = ascii_domain(text.strip().lstrip("@"))
    labels = domain.split(".")
    fits = len(labels) > 1 and all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    if not fits or len(domain) > LONGEST:
        raise invalid_field(
            at, "This is not a domain such as acme.example.", "sender_identity.bad_domain"
        )
    if is_hosted(domain, roots):
        raise invalid_field(
            at,
            "This is a hosted domain. Connect one of the company's own.",
            "sender_identity.domain_hosted",
        )
    if is_public_suffix(domain):
        raise invalid_field(
            at,
            f"Others register their domains below {domain}; it is nobody's to connect.",
            "sender_identity.domain_public",
        )
    return domain


def is_hosted(domain: str, roots: HostedRoots) -> bool:
    """Is it one of the hosted roots, or below?"""
    return f".{domain}".endswith((f".{roots.paid}", f".{roots.free}"))


async def check_plan(db: AsyncSession, account_id: str) -> None:
    """Sending domains are for paid plans. Raises Forbidden `sender_identity.plan_too_small`."""
    account = await accounts.get_account(db, account_id)
    if account.plan not in accounts.PAID_PLANS:
        raise Forbidden(
            "Sending domains are for paid plans. A single address can be verified on every plan.",
            "sender_identity.plan_too_small",
        )


async def new_keys(secret: bytes, domain: str, now: datetime) -> NewKeys:
    """Two keys (RSA, 2048 bits) for a domain, made in threads: not within a transaction."""
    token = secrets.token_hex(5)
    made = [
        await asyncio.to_thread(keys.new_row, secret, domain, selector, "rsa2048", None, now)
        for selector in records.selectors_of(token)
    ]
    return NewKeys(domain, token, tuple(made))


async def find(db: AsyncSession, account_id: str, domain: str) -> SendingDomain | None:
    """The account's sending domain of this name."""
    statement = select(SendingDomain).where(
        SendingDomain.account_id == account_id, SendingDomain.domain == domain
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def add(db: AsyncSession, account_id: str, made: NewKeys, now: datetime) -> SendingDomain:
    """
    A domain that waits for its records. Raises Forbidden for a free plan, Conflict when the
    account has too many. It must not be there yet.
    """
    await check_plan(db, account_id)
    count = select(func.count()).where(SendingDomain.account_id == account_id)
    if (await db.scalar(count) or 0) >= MOST_DOMAINS:
        raise Conflict(
            f"An account has at most {MOST_DOMAINS} sending domains.",
            "sender_identity.too_many_domains",
        )
    row = SendingDomain(
        account_id=account_id,
        id=ids.new("dom"),
        domain=made.domain,
        state=PENDING,
        token=made.token,
        return_host=records.return_host(made.domain, made.token),
        findings=[],
        created_at=now,
        next_check_at=now + timedelta(minutes=2),
    )
    db.add(row)
    rows = [
        {**one, "account_id": account_id, "is_active": place == 0}
        for place, one in enumerate(made.rows)
    ]
    await db.execute(insert(SigningKey.__table__), rows)  # type: ignore[arg-type]
    await db.flush()
    await events.record(db, [_event(row, "sending_domain.created")], now)
    return row


async def get(db: AsyncSession, account_id: str, domain_id: str) -> SendingDomain:
    """The sending domain. Raises NotFound."""
    row = await db.get(SendingDomain, (account_id, domain_id))
    if row is None:
        raise NotFound("There is no such sending domain.", "sender_identity.domain_not_found")
    return row


async def list_domains(
    db: AsyncSession, account_id: str, request: PageRequest
) -> Page[SendingDomain]:
    """The account's sending domains, oldest first."""
    statement = select(SendingDomain).where(SendingDomain.account_id == account_id)
    return await page_of(db, statement, [SendingDomain.id], request)


async def described(
    db: AsyncSession, account_id: str, rows: Sequence[SendingDomain], roots: HostedRoots
) -> list[Described]:
    """These domains with their records, in their order."""
    published: dict[str, dict[str, str]] = {}
    for some in chunks(sorted(one.domain for one in rows)):
        statement = select(SigningKey.domain, SigningKey.selector, SigningKey.public_record).where(
            SigningKey.account_id == account_id, SigningKey.domain.in_(some)
        )
        for key in await db.execute(statement):
            published.setdefault(key.domain, {})[key.selector] = key.public_record
    found = []
    for row in rows:
        wanted = records.wanted(row.domain, row.token, published[row.domain], roots.paid)
        known = {(one["purpose"], one["name"]): one for one in row.findings}
        pairs = tuple((one, known.get((one.purpose, one.name), _NOTHING)) for one in wanted)
        found.append(Described(row, pairs))
    return found


_NOTHING: dict[str, Any] = {"state": records.PENDING, "found": [], "problem": None, "hint": None}


async def plan_of(db: AsyncSession, account_id: str, domain_id: str, roots: HostedRoots) -> Plan:
    """What is to be asked about the domain. Raises NotFound."""
    row = await get(db, account_id, domain_id)
    [whole] = await described(db, account_id, [row], roots)
    return Plan(account_id, row.id, row.domain, tuple(one for one, _ in whole.records))


async def apply(db: AsyncSession, checked: Checked, now: datetime) -> SendingDomain:
    """
    The domain stands as it was found; what nobody could say stays as it was. Raises NotFound.

    The caller holds the account's lock. Channels that write from it fall back or come back.
    """
    plan, verdicts = checked.plan, checked.verdicts
    row = await get(db, plan.account_id, plan.domain_id)
    before = {(one["purpose"], one["name"]): one for one in row.findings}
    findings = [
        before.get((record.purpose, record.name), _finding(record, Verdict(records.PENDING)))
        if verdict.state == UNSURE
        else _finding(record, verdict)
        for record, verdict in zip(plan.records, verdicts, strict=True)
    ]
    changed = json.dumps(findings) != json.dumps(row.findings)
    row.findings, row.checked_at = findings, now
    state, row.missed_at = next_state(row.state, _key_states(plan, verdicts), row.missed_at, now)
    kind = f"sending_domain.{state}" if state != row.state else "sending_domain.updated"
    turned = state != row.state
    if state == CONNECTED and row.connected_at is None:
        row.connected_at = now
    row.state = state
    row.next_check_at = now + pause_of(row, now)
    await db.flush()
    if changed or turned:
        await events.record(db, [_event(row, kind)], now)
    await settle(db, row.account_id, now)
    return row


def _key_states(plan: Plan, verdicts: Sequence[Verdict]) -> list[str]:
    pairs = zip(plan.records, verdicts, strict=True)
    return [verdict.state for record, verdict in pairs if record.purpose == DKIM]


def _finding(record: Record, verdict: Verdict) -> dict[str, Any]:
    return {
        "purpose": record.purpose,
        "name": record.name,
        "state": verdict.state,
        "found": list(verdict.found),
        "problem": verdict.problem,
        "hint": verdict.hint,
    }


def next_state(
    state: str, keys_found: Sequence[str], missed_at: datetime | None, now: datetime
) -> tuple[str, datetime | None]:
    """
    The state that follows from what was found for the DKIM keys, and since when they are missed.

    Connected by both keys. Broken when neither is published at two checks that lie apart and at
    which the DNS did say so: a DNS that is away breaks nothing.
    """
    if all(one == VALID for one in keys_found):
        return CONNECTED, None
    if state != CONNECTED or VALID in keys_found:
        return state, None
    if UNSURE in keys_found:
        return state, missed_at
    if missed_at is None:
        return state, now
    return (BROKEN, missed_at) if now - missed_at >= APART else (state, missed_at)


def pause_of(row: SendingDomain, now: datetime) -> timedelta:
    """Until the next check: soon at first and when a domain is missed; spread over a fifth."""
    age = now - row.created_at
    if row.state == CONNECTED:
        seconds = 300 if row.missed_at else 6 * 3600
    elif age < timedelta(hours=1):
        seconds = 120
    elif age < timedelta(days=1):
        seconds = 900
    else:
        seconds = 3600 if age < timedelta(days=14) else 86400
    spread = 0.9 + int(row.token, 16) % 200 / 1000  # each domain has its own
    return timedelta(seconds=seconds * spread)


async def due(db: AsyncSession, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Domains (account id, domain id) that are to be checked."""
    statement = (
        select(SendingDomain.account_id, SendingDomain.id)
        .where(SendingDomain.next_check_at <= now)
        .order_by(SendingDomain.next_check_at)
        .limit(limit)
    )
    return [(row.account_id, row.id) for row in await db.execute(statement)]


async def claim(
    db: AsyncSession, which: Collection[tuple[str, str]], now: datetime
) -> list[tuple[str, str]]:
    """Those of them that nobody else checks; they are the caller's for the time of a lease."""
    await accounts.lock(db, {account_id for account_id, _ in which})
    statement = (
        update(SendingDomain)
        .where(
            SendingDomain.account_id.in_({account_id for account_id, _ in which}),
            SendingDomain.id.in_({domain_id for _, domain_id in which}),
            SendingDomain.next_check_at <= now,
        )
        .values(next_check_at=now + LEASE)
        .returning(SendingDomain.account_id, SendingDomain.id)
        .execution_options(synchronize_session=False)
    )
    return [(row.account_id, row.id) for row in await db.execute(statement)]


async def remove(db: AsyncSession, account_id: str, domain_id: str, now: datetime) -> None:
    """The domain and its keys are gone; channels that wrote from it fall back. Raises NotFound."""
    row = await get(db, account_id, domain_id)
    await db.execute(
        delete(SigningKey).where(
            SigningKey.account_id == account_id, SigningKey.domain == row.domain
        )
    )
    await db.delete(row)
    await db.flush()
    await events.record(db, [_event(row, "sending_domain.deleted")], now)
    await settle(db, account_id, now)


def _event(row: SendingDomain, kind: str) -> NewEvent:
    found = {
        f"{one['purpose']} {one['name']}": {"state": one["state"], "problem": one["problem"]}
        for one in row.findings
    }
    facts = {"domain_id": row.id, "domain": row.domain, "state": row.state, "records": found}
    return NewEvent(row.account_id, kind, facts)
