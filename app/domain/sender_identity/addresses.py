"""
Sender addresses: an account proves that it reads the mail of an address before it writes from it.

By a code, or by the button behind a link; opening the link proves nothing, because mail scanners
open links (C3). Deliberately not here: which channels write from them.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import accounts, events
from app.domain.accounts import Account
from app.domain.events import NewEvent
from app.domain.sender_identity import naming
from app.domain.sender_identity.dispatching import Mailing, Post, dispatch
from app.domain.sender_identity.domains import is_hosted
from app.domain.sender_identity.models import SenderAddress, SentCode
from app.domain.sender_identity.service import read_address
from app.domain.sender_identity.standing import PENDING, VERIFIED, settle
from app.errors import Conflict, Invalid, NotFound, Refusal, TooMany, invalid_field
from app.mail import tokens
from app.mail.addresses import canonical
from app.mail.compose import Outgoing
from app.mail.message import Mailbox

KIND = "verification"
LIFE = timedelta(hours=24)
DAY = timedelta(days=1)
PAUSE = timedelta(minutes=1)  # between two mails to one address
MOST_TO_ONE = 5  # mails a day to one address
MOST_A_DAY = 50  # of an account, so that nobody bombs strangers through us
MOST_ADDRESSES = 500
WRONG_ATTEMPTS = 5
SENDER = "no-reply"  # a reserved name: no channel has it, and nobody expects an answer


async def add(
    db: AsyncSession, post: Post, account_id: str, text: str, now: datetime
) -> tuple[SenderAddress, bool]:
    """
    The address, and whether it is new to the account; a code is on the way to it.

    One that is there already stays as it is; when its code cannot be used any more, it gets
    another. Raises Invalid, TooMany, and Conflict when the account has too many.
    """
    address = read_address(text, at="/address")
    domain = canonical(address).rpartition("@")[2]
    if is_hosted(domain, post.roots):
        raise invalid_field(
            "/address",
            "This is a hosted address. A channel writes from its own without more ado.",
            "sender_identity.address_hosted",
        )
    row = await _known(db, account_id, canonical(address))
    if row is not None:
        if row.state == PENDING and (row.code_digest is None or row.expires_at <= now):
            await _send(db, post, row, now)
        return row, False
    count = select(func.count()).where(SenderAddress.account_id == account_id)
    if (await db.scalar(count) or 0) >= MOST_ADDRESSES:
        raise Conflict(
            f"An account has at most {MOST_ADDRESSES} sender addresses.",
            "sender_identity.too_many_addresses",
        )
    row = SenderAddress(
        account_id=account_id,
        id=ids.new("adr"),
        address=address,
        address_key=canonical(address),
        state=PENDING,
        wrong_attempts=0,
        expires_at=now,
        created_at=now,
    )
    db.add(row)
    await _send(db, post, row, now)
    return row, True


async def _known(db: AsyncSession, account_id: str, key: str) -> SenderAddress | None:
    statement = select(SenderAddress).where(
        SenderAddress.account_id == account_id, SenderAddress.address_key == key
    )
    return (await db.execute(statement)).scalar_one_or_none()


async def get(db: AsyncSession, account_id: str, address_id: str) -> SenderAddress:
    """The sender address. Raises NotFound."""
    row = await db.get(SenderAddress, (account_id, address_id))
    if row is None:
        raise NotFound("There is no such sender address.", "sender_identity.address_not_found")
    return row


async def list_addresses(
    db: AsyncSession, account_id: str, request: PageRequest
) -> Page[SenderAddress]:
    """The account's sender addresses, oldest first."""
    statement = select(SenderAddress).where(SenderAddress.account_id == account_id)
    return await page_of(db, statement, [SenderAddress.id], request)


async def resend(
    db: AsyncSession, post: Post, account_id: str, address_id: str, now: datetime
) -> SenderAddress:
    """A new code is on the way; the one before is void. Raises NotFound, Conflict, TooMany."""
    row = await get(db, account_id, address_id)
    if row.state == VERIFIED:
        raise Conflict("The address is verified already.", "sender_identity.already_verified")
    await _send(db, post, row, now)
    return row


async def verify(
    db: AsyncSession, secret: bytes, account_id: str, address_id: str, code: str, now: datetime
) -> SenderAddress | Refusal:
    """
    The address is verified by the code that was sent to it; once verified it stays so.

    A refusal is given back and not raised, because a wrong attempt is to be counted. Raises
    NotFound.
    """
    row = await get(db, account_id, address_id)
    if row.state == VERIFIED:
        return row
    if row.code_digest is None:
        return Conflict("This code is void. Ask for another.", "sender_identity.code_void")
    if row.expires_at <= now:
        return Conflict("This code has expired. Ask for another.", "sender_identity.code_expired")
    given = "".join(code.split()).replace("-", "")
    if not hmac.compare_digest(_code_digest(secret, row, given), row.code_digest):
        row.wrong_attempts += 1
        left = WRONG_ATTEMPTS - row.wrong_attempts
        if left <= 0:
            row.code_digest = row.link_digest = None
        await db.flush()
        return Invalid(
            f"This is not the code that was sent. Attempts left: {max(0, left)}.",
            "sender_identity.wrong_code",
        )
    await _prove(db, row, now)
    return row


async def find_link(db: AsyncSession, token: str, now: datetime) -> SenderAddress | None:
    """The pending address that a link is for, if it can still be used. Whose ever it is."""
    statement = select(SenderAddress).where(SenderAddress.link_digest == _link_digest(token))
    row = (await db.execute(statement)).scalar_one_or_none()
    return row if row is not None and row.expires_at > now else None


async def verify_by_link(
    db: AsyncSession, account_id: str, token: str, now: datetime
) -> SenderAddress | None:
    """The address that the link is for is verified; None when the link is none any more."""
    row = await find_link(db, token, now)
    if row is None or row.account_id != account_id:
        return None
    await _prove(db, row, now)
    return row


async def _prove(db: AsyncSession, row: SenderAddress, now: datetime) -> None:
    row.state, row.verified_at = VERIFIED, now
    row.code_digest = row.link_digest = None
    await db.flush()
    await events.record(db, [_event(row, "sender_address.verified")], now)
    await settle(db, row.account_id, now)


async def remove(db: AsyncSession, account_id: str, address_id: str, now: datetime) -> None:
    """
    The address is gone. Channels that wrote from it fall back and say so. Raises NotFound.
    """
    row = await get(db, account_id, address_id)
    await db.delete(row)
    await db.flush()
    await events.record(db, [_event(row, "sender_address.deleted")], now)
    await settle(db, account_id, now)


def _event(row: SenderAddress, kind: str) -> NewEvent:
    return NewEvent(row.account_id, kind, {"address_id": row.id, "address": row.address})


# ------------------------------------------------------------------------------- the mail


async def _send(db: AsyncSession, post: Post, row: SenderAddress, now: datetime) -> None:
    await _count(db, row, now)
    code = f"{secrets.randbelow(10**8):08}"
    link = secrets.token_urlsafe(24)
    row.code_digest = _code_digest(post.secret, row, code)
    row.link_digest = _link_digest(link)
    row.wrong_attempts, row.expires_at = 0, now + LIFE
    await db.flush()
    account = await accounts.get_account(db, row.account_id)
    sent = _mailing(post, account, row, code, link, now)
    await dispatch(db, post, sent, now)


async def _count(db: AsyncSession, row: SenderAddress, now: datetime) -> None:
    """One more mail, if it may be sent. Raises TooMany."""
    mine = SentCode.account_id == row.account_id
    await db.execute(delete(SentCode).where(mine, SentCode.sent_at <= now - DAY))
    found = await db.execute(
        select(SentCode.address_key, SentCode.sent_at).where(mine).order_by(SentCode.sent_at)
    )
    sent = found.all()
    to_one = [one.sent_at for one in sent if one.address_key == row.address_key]
    if to_one and now - to_one[-1] < PAUSE:
        raise _too_many("A code was sent just now.", "too_soon", to_one[-1] + PAUSE - now)
    if len(to_one) >= MOST_TO_ONE:
        words = f"At most {MOST_TO_ONE} codes a day are sent to one address."
        raise _too_many(words, "too_many_codes", to_one[0] + DAY - now)
    if len(sent) >= MOST_A_DAY:
        words = f"At most {MOST_A_DAY} codes a day are sent for one account."
        raise _too_many(words, "too_many_codes", sent[0].sent_at + DAY - now)
    values = {
        "account_id": row.account_id,
        "id": ids.new("cod"),
        "address_key": row.address_key,
        "sent_at": now,
    }
    await db.execute(insert(SentCode).values(values))


def _too_many(words: str, code: str, wait: timedelta) -> TooMany:
    seconds = max(1, int(wait.total_seconds()) + 1)
    return TooMany(words, f"sender_identity.{code}", seconds)


def _mailing(
    post: Post, account: Account, row: SenderAddress, code: str, link: str, now: datetime
) -> Mailing:
    domain = accounts.hosted_domain(account, post.roots)
    about = ids.new("adm")
    name = naming.made_fit(account.name)[:80]
    outgoing = Outgoing(
        from_=Mailbox(name, f"{SENDER}@{domain}"),
        to=(Mailbox("", row.address),),
        subject="Confirm the address that your team writes from",
        text=_words(name, domain, row.address, code, f"{post.base_url}/verify/{link}"),
        message_id=tokens.make_message_id(post.keys, reply_id=about, domain=domain),
        date=now,
        headers=(("Auto-Submitted", "auto-generated"),),
    )
    return Mailing(
        account_id=account.id, kind=KIND, tracked_id=about, outgoing=outgoing, return_domain=domain
    )


def _words(name: str, domain: str, address: str, code: str, link: str) -> str:
    return (
        f"{name} ({domain}) wants to answer its customers from {address}.\n\n"
        f"If that is right, enter this code where it was asked for:\n\n    {code}\n\n"
        f"or open this page and press the button there:\n\n{link}\n\n"
        "Code and page are good for 24 hours. If you know nothing of this, do nothing: without "
        "the code nobody writes from your address through us.\n"
    )


def _code_digest(secret: bytes, row: SenderAddress, code: str) -> str:
    """Keyed, because a code is short."""
    said = f"sender address code\n{row.account_id}\n{row.id}\n{code}"
    return hmac.digest(secret, said.encode("utf-8", "surrogatepass"), "sha256").hex()


def _link_digest(link: str) -> str:
    return hashlib.sha256(f"sender address link\n{link}".encode()).hexdigest()
