"""Whose mail is sent next, while more is due than can be sent at once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from app.db import dialect_of
from app.domain import accounts, outbox, raw_mail
from app.domain.outbox import Envelope, Turns
from app.domain.outbox import turns as turning
from app.settings import Settings
from tests.builders import mail
from tests.conftest import Account, MakeAccount, Service


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"relay_url": ""})  # nobody but the test claims anything


async def put(service: Service, account: Account, number: int, at: datetime) -> None:
    async with service.database.writing() as db:
        await accounts.lock(db, [account.id])
        digest = await raw_mail.keep(db, service.house.store, account.id, mail(), at)
        addresses = [f"p{n}@customer.example" for n in range(number)]
        envelopes = [Envelope(account.id, "reply", "", one, digest) for one in addresses]
        await outbox.put(db, envelopes, at)


async def claim(service: Service, limit: int, turns: Turns) -> list[str]:
    """The accounts whose mails are claimed next."""
    async with service.database.writing() as db:
        found = await outbox.claim(db, "snd_a", limit, datetime.now(UTC), turns)
    return [one.account_id for one in found]


async def test_many_mails_of_one_account_do_not_hold_up_another_s(
    service: Service, account: Account, other_account: Account
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    await put(service, account, 200, long_ago)
    await put(service, other_account, 1, long_ago + timedelta(minutes=1))

    claimed = await claim(service, 10, Turns())

    assert Counter(claimed) == {account.id: 9, other_account.id: 1}


async def test_accounts_share_what_can_be_sent(
    service: Service, account: Account, other_account: Account
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    await put(service, account, 200, long_ago)
    await put(service, other_account, 100, long_ago + timedelta(minutes=1))

    claimed = await claim(service, 10, Turns())

    assert Counter(claimed) == {account.id: 5, other_account.id: 5}


async def test_an_account_alone_has_everything(service: Service, account: Account) -> None:
    await put(service, account, 30, datetime.now(UTC))

    turns = [len(await claim(service, 12, Turns())) for _ in range(4)]

    assert turns == [12, 12, 6, 0]


async def test_who_comes_while_one_account_has_everything_is_seen_soon(
    service: Service, account: Account, other_account: Account
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    await put(service, account, 200, long_ago)
    turns = Turns()
    await claim(service, 10, turns)
    await put(service, other_account, 1, datetime.now(UTC))
    assert turns.alone_until is not None
    turns.alone_until -= timedelta(seconds=1)  # later

    claimed = await claim(service, 10, turns)

    assert Counter(claimed) == {account.id: 9, other_account.id: 1}


async def test_more_accounts_than_places_come_one_after_the_other(
    service: Service, make_account: MakeAccount
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    everybody = [await make_account(f"Company {number}") for number in range(9)]
    for one in everybody:
        await put(service, one, 4, long_ago)
    turns = Turns()

    rounds = [Counter(await claim(service, 3, turns)) for _ in range(6)]

    once = {one.id: 1 for one in everybody}
    assert rounds[0] + rounds[1] + rounds[2] == once
    assert rounds[3] + rounds[4] + rounds[5] == once


async def test_accounts_whose_mail_is_for_later_are_passed_by(
    service: Service, make_account: MakeAccount
) -> None:
    now = datetime.now(UTC)
    for number in range(5):
        await put(service, await make_account(f"Later {number}"), 3, now + timedelta(hours=1))
    many, few = await make_account("Many"), await make_account("Few")
    await put(service, many, 50, now - timedelta(hours=1))
    await put(service, few, 2, now - timedelta(minutes=1))
    turns = Turns()

    rounds = [Counter(await claim(service, 4, turns)) for _ in range(2)]

    assert rounds[0] == {many.id: 2, few.id: 2}
    assert rounds[1] == {many.id: 4}


async def test_accounts_far_from_each_other_in_the_walk_have_their_turns(
    service: Service, make_account: MakeAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turning, "STEPS", 2)
    now = datetime.now(UTC)
    names = ("Many", "Later 1", "Later 2", "Few", "Later 3", "Later 4")
    made = {name: await make_account(name) for name in names}
    for name in names:
        await put(service, made[name], 1, now + timedelta(hours=1))
    await put(service, made["Many"], 100, now - timedelta(hours=1))
    await put(service, made["Few"], 1, now - timedelta(minutes=1))
    turns, claimed = Turns(), Counter[str]()

    for _ in range(6):
        turns.alone_until = None
        claimed += Counter(await claim(service, 4, turns))

    assert claimed[made["Few"].id] == 1


async def test_no_claim_goes_through_the_queue(
    service: Service, account: Account, other_account: Account
) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    await put(service, account, 40, long_ago)
    await put(service, other_account, 40, long_ago)
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if sql.startswith(("SELECT", "WITH")) and "outbox_items" in sql:
            asked.append((sql, parameters))

    engine = service.database.engine.sync_engine
    async with service.database.writing() as db:
        embedded = dialect_of(db) == "sqlite"
        if not embedded:  # short tables are best scanned: ask what it does when it may not
            await db.execute(text("SET LOCAL enable_seqscan = off"))
            await db.execute(text("SET LOCAL enable_bitmapscan = off"))
        event.listen(engine, "before_cursor_execute", note)
        await outbox.claim(db, "snd_a", 10, datetime.now(UTC), Turns(account.id))
        event.remove(engine, "before_cursor_execute", note)
        plans = []
        for sql, parameters in asked:
            explain = f"EXPLAIN {'QUERY PLAN' if embedded else ''} {sql}"
            found = await (await db.connection()).exec_driver_sql(explain, parameters)
            plans.append("\n".join(str(row[-1]) for row in found))

    assert len(plans) >= 6  # the head of the queue, two walks, two accounts, what was claimed
    if embedded:
        for plan in plans:
            assert "SCAN outbox_items" not in plan, plan
            assert "state_id" not in plan, plan  # what was sent stands there, too
            assert "TEMP B-TREE" not in plan.replace("USE TEMP B-TREE FOR ORDER BY", ""), plan
    else:
        for plan in plans:
            assert "Seq Scan" not in plan, plan
            assert "Bitmap" not in plan, plan
