"""
The DNS records of the hosted roots themselves, as the operator has to publish them.

Deliberately not here: those of the accounts' own domains (`records`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts import HostedRoots
from app.domain.sender_identity.keys import root_signers
from app.domain.sender_identity.models import SigningKey
from app.domain.sender_identity.records import return_target, spf_host
from app.mail import dkim


async def zone_of(
    db: AsyncSession, secret: bytes, roots: HostedRoots, mail_host: str, now: datetime
) -> list[str]:
    """
    The lines of a zone file; `mail_host` is what the SMTP door calls itself.

    The roots' keys are made when they are missing. Bounces of connected domains come back to
    `bounces.` below the paid root, whose `_spf.` names what sends.
    """
    lines = []
    for root in (roots.paid, roots.free):
        await root_signers(db, secret, root, now)
        for name in (root, f"*.{root}"):
            lines.append(f"{name}.  MX  10 {mail_host}.")
            lines.append(_txt(name, f"v=spf1 include:{spf_host(roots.paid)} -all"))
        lines += [
            _txt(f"{key.selector}._domainkey.{root}", key.public_record)
            for key in await _keys(db, root)
        ]
        lines.append(_txt(f"_dmarc.{root}", "v=DMARC1; p=none"))
    returns = return_target(roots.paid)
    lines.append(f"{returns}.  MX  10 {mail_host}.")
    lines.append(_txt(returns, f"v=spf1 include:{spf_host(roots.paid)} -all"))
    lines.append("; behind a relay: what the relay says is to be included, instead of a:")
    lines.append(_txt(spf_host(roots.paid), f"v=spf1 a:{mail_host} -all"))
    lines.append(f"{mail_host}.  A  <the public address of this machine>")
    return lines


async def _keys(db: AsyncSession, root: str) -> list[SigningKey]:
    statement = (
        select(SigningKey)
        .where(SigningKey.domain == root, SigningKey.account_id.is_(None))
        .order_by(SigningKey.selector)
    )
    return list((await db.execute(statement)).scalars())


def _txt(name: str, value: str) -> str:
    quoted = " ".join(f'"{piece}"' for piece in dkim.txt_strings(value))
    return f"{name}.  TXT  {quoted}"
