"""
Forwarding tests: a mail with a signed token to the team address, to see whether it comes back.

A test that passed stays passed, whatever comes late. Deliberately not here: recognising the mail;
the inbound room reads the token.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Database
from app.domain import accounts, events, sender_identity
from app.domain.channels.models import CONNECTED, Channel, ForwardingTest
from app.domain.channels.recipients import UNPROVEN
from app.domain.events import NewEvent
from app.domain.sender_identity import Mailing, Post
from app.errors import Conflict, TooMany
from app.mail import tokens
from app.mail.addresses import canonical
from app.mail.compose import Outgoing
from app.mail.message import Mailbox

WAITING, PASSED, FAILED = "waiting", "passed", "failed"
PATIENCE = timedelta(minutes=30)
BETWEEN = timedelta(minutes=1)
PER_DAY = 20

_WORDS = """\
Somebody of your team asked Hosted Inbox whether mail to {address} is forwarded to it.

There is nothing to do: this mail is recognised when it arrives there. If you read it in a mailbox
only, the forwarding is not yet working.

{token}
"""


async def start(db: AsyncSession, post: Post, channel: Channel, now: datetime) -> ForwardingTest:
    """
    A test mail is on its way to the team address.

    Raises Conflict (`channel.not_connected`, `channel.no_team_address`), TooMany
    (`channel.test_running`, `channel.too_many_tests`).
    """
    if channel.state != CONNECTED or channel.forwarding_address is None:
        raise Conflict("Connect the channel first.", "channel.not_connected")
    if channel.team_address is None:
        raise Conflict(
            "The channel has no team address that could be tried.", "channel.no_team_address"
        )
    await _check_often(db, channel, now)
    domain = channel.forwarding_address.rpartition("@")[2]
    test = ForwardingTest(
        account_id=channel.account_id,
        id=ids.new("fwt"),
        channel_id=channel.id,
        state=WAITING,
        sent_from=f"forwarding-test@{domain}",
        sent_to=channel.team_address,
        finding="",
        started_at=now,
        finished_at=None,
    )
    db.add(test)
    await db.flush()
    await sender_identity.dispatch(db, post, _mailing(post, test, domain, now), now)
    return test


async def _check_often(db: AsyncSession, channel: Channel, now: datetime) -> None:
    mine = (
        ForwardingTest.account_id == channel.account_id,
        ForwardingTest.channel_id == channel.id,
    )
    recent = await db.execute(
        select(func.count()).where(*mine, ForwardingTest.started_at > now - BETWEEN)
    )
    if recent.scalar_one():
        raise TooMany("A test was started a moment ago.", "channel.test_running", 60)
    today = await db.execute(
        select(func.count()).where(*mine, ForwardingTest.started_at > now - timedelta(days=1))
    )
    if today.scalar_one() >= PER_DAY:
        raise TooMany(
            f"There are at most {PER_DAY} tests of a channel in a day.",
            "channel.too_many_tests",
            3600,
        )


def _mailing(post: Post, test: ForwardingTest, domain: str, now: datetime) -> Mailing:
    message_id = tokens.make_message_id(post.keys, reply_id=test.id, domain=domain)
    token = message_id.partition("@")[0]
    return Mailing(
        account_id=test.account_id,
        kind="forwarding_test",
        tracked_id=test.id,
        outgoing=Outgoing(
            from_=Mailbox("Hosted Inbox", test.sent_from),
            to=(Mailbox("", test.sent_to),),
            subject=f"Forwarding test [{token}]",
            text=_WORDS.format(address=test.sent_to, token=token),
            message_id=message_id,
            date=now,
            headers=(("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")),
        ),
        return_domain=domain,
        null_sender=True,
    )


async def latest(db: AsyncSession, account_id: str, channel_id: str) -> ForwardingTest | None:
    """The newest test of the channel."""
    found = await db.execute(
        select(ForwardingTest)
        .where(ForwardingTest.account_id == account_id, ForwardingTest.channel_id == channel_id)
        .order_by(ForwardingTest.id.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


async def arrived(
    db: AsyncSession,
    account_id: str,
    channel_id: str,
    test_id: str,
    *,
    sender: str,
    now: datetime,
) -> None:
    """
    A test mail came for this channel, with this From: the test has passed, if it is its own.

    A token of another account, or of no test, changes nothing.
    """
    test = await db.get(ForwardingTest, (account_id, test_id))
    if test is None or test.state == PASSED:
        return
    test.finished_at = now
    if test.channel_id != channel_id:
        test.state = FAILED
        test.finding = f"The mail arrived at another channel, {channel_id}."
        return
    test.state = PASSED
    kept = canonical(sender) == canonical(test.sent_from)
    test.finding = "" if kept else f"On its way From was rewritten to {sender[:200]}."


async def give_up(database: Database, now: datetime) -> None:
    """Tests that nothing came of have failed, and with them the channels that wait for mail."""
    async with database.reading() as db:
        found = await db.execute(
            select(ForwardingTest.account_id, ForwardingTest.id)
            .where(ForwardingTest.state == WAITING, ForwardingTest.started_at < now - PATIENCE)
            .limit(100)
        )
        late = [(row.account_id, row.id) for row in found]
    for account_id, test_id in late:
        async with database.writing() as db:
            await accounts.lock(db, [account_id])
            await events.record(db, await _give_up_one(db, account_id, test_id, now), now)


async def _give_up_one(
    db: AsyncSession, account_id: str, test_id: str, now: datetime
) -> Sequence[NewEvent]:
    test = await db.get(ForwardingTest, (account_id, test_id))
    if test is None or test.state != WAITING:
        return ()
    minutes = int(PATIENCE.total_seconds()) // 60
    test.state, test.finished_at = FAILED, now
    test.finding = f"Nothing arrived within {minutes} minutes."
    channel = await db.get(Channel, (account_id, test.channel_id))
    if channel is not None and channel.deleted_at is None:
        if channel.forwarding_status in UNPROVEN:
            channel.forwarding_status = FAILED
        elif channel.forwarding_status == "verified":
            channel.forwarding_status = "degraded"
    facts = {"channel_id": test.channel_id, "forwarding_test_id": test.id, "finding": test.finding}
    return (NewEvent(account_id, "channel.forwarding_failed", facts),)
