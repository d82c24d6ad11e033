"""For how long an address gets no mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain import accounts
from app.domain.outbox import suppressions
from app.domain.outbox.suppressions import LONGEST, PERIOD, suppress
from tests.conftest import Account, Service

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
BOB = "Bob@Customer.example"


async def found_dead(service: Service, account: Account, moment: datetime) -> timedelta:
    """The address is found dead at this moment; from then on it is suppressed for so long."""
    async with service.database.writing() as db:
        await accounts.lock(db, [account.id])
        await suppress(db, account.id, BOB, "550 5.1.1 No such user", None, moment)
        known = await suppressions.suppressions_of(db, account.id, [BOB])
        return known["bob@customer.example"].expires_at - moment


async def is_suppressed(service: Service, account: Account, moment: datetime) -> bool:
    async with service.database.reading() as db:
        return bool(await suppressions.suppressed_among(db, account.id, [BOB], moment))


async def test_found_dead_again_it_lasts_twice_as_long_up_to_two_years(
    service: Service, account: Account
) -> None:
    moment, lasted = NOW, []
    for _ in range(6):
        lasted.append(await found_dead(service, account, moment))
        moment += lasted[-1] + timedelta(days=1)

    assert lasted == [PERIOD, 2 * PERIOD, 4 * PERIOD, LONGEST, LONGEST, LONGEST]


async def test_it_holds_until_it_expires_and_is_no_longer_for_being_said_again(
    service: Service, account: Account
) -> None:
    await found_dead(service, account, NOW)
    later = await found_dead(service, account, NOW + timedelta(days=10))

    assert later == PERIOD - timedelta(days=10)
    assert await is_suppressed(service, account, NOW + PERIOD - timedelta(seconds=1))
    assert not await is_suppressed(service, account, NOW + PERIOD)
