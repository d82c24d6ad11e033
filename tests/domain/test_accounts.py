"""Accounts, their subdomains, keys and locks, in the database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from app.db import Database, PageRequest
from app.domain import accounts
from app.domain.accounts import Account, AccountChange, Teammate, UserFields
from app.errors import Conflict, Invalid, NotFound, Refusal
from app.settings import Settings

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database of this test."""
    opened = Database(settings.database)
    yield opened
    await opened.close()


async def create(database: Database, name: str = "Acme", subdomain: str | None = None) -> Account:
    async with database.writing() as db:
        return await accounts.create_account(db, name=name, subdomain=subdomain, now=NOW)


async def rename(database: Database, account: Account, subdomain: str) -> Account:
    wanted = AccountChange(frozenset({"subdomain"}), subdomain=subdomain)
    async with database.writing() as db:
        return await accounts.update_account(db, account.id, wanted, now=NOW)


async def test_derived_subdomains_are_made_unique(database: Database) -> None:
    made = [(await create(database)).subdomain for _ in range(3)]

    assert made == ["acme", "acme-2", "acme-3"]


async def test_many_accounts_of_one_name_all_get_a_subdomain(database: Database) -> None:
    made = {(await create(database)).subdomain for _ in range(25)}

    assert len(made) == 25
    assert all(re.fullmatch(r"acme(-[0-9a-f]+)?", one) for one in made)


async def test_a_name_that_cannot_be_transliterated_gets_a_random_subdomain(
    database: Database,
) -> None:
    account = await create(database, "株式会社")

    assert re.fullmatch(r"account-[0-9a-f]{8}", account.subdomain)


async def test_a_name_that_the_installation_needs_is_given_to_nobody(database: Database) -> None:
    derived = await create(database, "MX")

    assert derived.subdomain == "mx-2"
    with pytest.raises(Invalid):
        await create(database, "Other", "mx")


@pytest.mark.parametrize("given", ["acme", "Acme.Example.com", "51681374", "a-b.c", "x" * 63])
async def test_a_given_subdomain_is_kept_in_lower_case(database: Database, given: str) -> None:
    assert (await create(database, subdomain=given)).subdomain == given.lower()


@pytest.mark.parametrize(
    "given",
    ["", " ", "-acme", "acme-", "a..b", ".acme", "acme.", "a_b", "fácil", "a b", "x" * 64, "a\n",
     ".".join(["abcdefghi"] * 20)],
)  # fmt: skip
async def test_what_is_no_subdomain_is_refused(database: Database, given: str) -> None:
    if given == "a\n":  # blanks around it are nobody's wish
        assert (await create(database, subdomain=given)).subdomain == "a"
        return
    with pytest.raises(Invalid) as refused:
        await create(database, subdomain=given)

    assert refused.value.code == "accounts.bad_subdomain"
    assert refused.value.errors[0].pointer == "/subdomain"


async def test_a_taken_subdomain_is_refused(database: Database) -> None:
    await create(database, subdomain="acme")

    with pytest.raises(Conflict) as refused:
        await create(database, "Other", "ACME")

    assert refused.value.code == "accounts.subdomain_taken"


async def test_a_freed_subdomain_is_given_to_nobody_else(database: Database) -> None:
    acme = await create(database, subdomain="acme")
    await rename(database, acme, "acme-corp")

    other = await create(database, "Acme")
    with pytest.raises(Conflict):
        await rename(database, other, "acme")
    with pytest.raises(Conflict):
        await create(database, "Third", "acme")
    back = await rename(database, acme, "acme")

    assert other.subdomain == "acme-2"
    assert back.subdomain == "acme"


async def test_the_plan_can_be_changed_and_has_to_be_one(database: Database) -> None:
    acme = await create(database)

    async with database.writing() as db:
        wanted = AccountChange(frozenset({"plan"}), plan="free")
        changed = await accounts.update_account(db, acme.id, wanted, now=NOW)
    unknown_plan = AccountChange(frozenset({"plan"}), plan="gold")
    async with database.writing() as db:
        with pytest.raises(Invalid):
            await accounts.update_account(db, acme.id, unknown_plan, now=NOW)
        with pytest.raises(NotFound):
            await accounts.update_account(db, "acc_none", wanted, now=NOW)

    assert (changed.plan, changed.subdomain) == ("free", "acme")


async def test_simultaneous_accounts_of_one_name_get_different_subdomains(
    database: Database,
) -> None:
    made = await asyncio.gather(*(create(database) for _ in range(5)))

    assert sorted(one.subdomain for one in made) == ["acme", *(f"acme-{n}" for n in range(2, 6))]


async def test_writers_of_one_account_run_one_after_the_other(database: Database) -> None:
    acme, globex = await create(database), await create(database, "Globex")
    order: list[str] = []
    first_has_it, go_on = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with database.writing() as db:
            await accounts.lock(db, [globex.id, acme.id])
            await accounts.get_account(db, acme.id)
            first_has_it.set()
            await go_on.wait()
            order.append("first")

    async def second() -> None:
        await first_has_it.wait()
        asyncio.get_running_loop().call_later(0.2, go_on.set)
        async with database.writing() as db:
            await accounts.lock(db, [acme.id])
            await accounts.get_account(db, acme.id)
            order.append("second")

    async with asyncio.timeout(10):
        await asyncio.gather(first(), second())

    assert order == ["first", "second"]


async def test_a_locked_account_still_can_be_referred_to(database: Database) -> None:
    """Checking a foreign key must not wait for the account's lock."""
    if database.embedded:
        pytest.skip("SQLite has one writer")
    acme = await create(database)

    async with database.writing() as holding, asyncio.timeout(5):
        await accounts.lock(holding, [acme.id])
        async with database.writing() as db:
            key, _ = await accounts.create_key(db, acme.id, name="k", scopes=["*"], now=NOW)

    assert key.account_id == acme.id


async def test_a_key_is_found_by_its_secret_until_it_is_revoked(database: Database) -> None:
    acme = await create(database)
    async with database.writing() as db:
        key, secret = await accounts.create_key(
            db, acme.id, name="k", scopes=["users:read"], now=NOW
        )

    async with database.reading() as db:
        found = await accounts.find_key(db, secret)
        unknown = await accounts.find_key(db, secret + "x")
    async with database.writing() as db:
        await accounts.revoke_key(db, acme.id, key.id, now=NOW)
    async with database.reading() as db:
        revoked = await accounts.find_key(db, secret)

    assert found == (key.id, acme.id, ["users:read"])
    assert (unknown, revoked) == (None, None)


async def test_the_last_use_of_a_key_is_noted_and_never_goes_back(database: Database) -> None:
    acme = await create(database)
    async with database.writing() as db:
        key, _ = await accounts.create_key(db, acme.id, name="k", scopes=["*"], now=NOW)

    for moment in (NOW + timedelta(hours=1), NOW):
        async with database.writing() as db:
            await accounts.note_key_uses(db, {key.id, "key_none"}, moment)

    async with database.reading() as db:
        page = await accounts.list_keys(db, acme.id, PageRequest())
    assert [one.last_used_at for one in page.items] == [NOW + timedelta(hours=1)]


async def test_revoked_keys_are_listed_only_when_asked_for(database: Database) -> None:
    acme = await create(database)
    async with database.writing() as db:
        kept, _ = await accounts.create_key(db, acme.id, name="kept", scopes=["*"], now=NOW)
        gone, _ = await accounts.create_key(db, acme.id, name="gone", scopes=["*"], now=NOW)
        await accounts.revoke_key_anywhere(db, gone.id, now=NOW)

    async with database.reading() as db:
        in_force = await accounts.list_keys(db, acme.id, PageRequest())
        every = await accounts.list_keys(db, acme.id, PageRequest(), revoked=True)
    with pytest.raises(NotFound):
        async with database.writing() as db:
            await accounts.revoke_key_anywhere(db, "key_none", now=NOW)

    assert [one.id for one in in_force.items] == [kept.id]
    assert [one.id for one in every.items] == [kept.id, gone.id]


async def test_teammates_are_found_by_any_address_within_their_account(
    database: Database,
) -> None:
    acme, globex = await create(database), await create(database, "Globex")
    ann = UserFields("Ann", "Ann@acme.example", ["ann@bücher.example"])
    async with database.writing() as db:
        user = await accounts.create_user(db, acme.id, ann, now=NOW)
        gone = await accounts.create_user(db, acme.id, UserFields("B", "b@acme.example"), now=NOW)
        await accounts.delete_user(db, acme.id, gone.id, now=NOW)

    wanted = {
        (acme.id, "ann@acme.example"),
        (acme.id, "ann@xn--bcher-kva.example"),
        (acme.id, "b@acme.example"),
        (globex.id, "ann@acme.example"),
    }
    async with database.reading() as db:
        found = await accounts.teammates(db, wanted)
        nobody = await accounts.teammates(db, [])

    expected = Teammate(user.id, "Ann", "Ann@acme.example")
    assert found == {
        (acme.id, "ann@acme.example"): expected,
        (acme.id, "ann@xn--bcher-kva.example"): expected,
    }
    assert nobody == {}


async def test_a_refused_change_of_a_user_leaves_nothing_behind(database: Database) -> None:
    acme = await create(database)
    async with database.writing() as db:
        user = await accounts.create_user(db, acme.id, UserFields("Ann", "a@x.example"), now=NOW)

    wanted = UserFields(email="new@x.example", username="not a name")
    with pytest.raises(Refusal):
        async with database.writing() as db:
            await accounts.update_user(db, acme.id, user.id, wanted, fields={"email", "username"})

    async with database.reading() as db:
        unchanged = await accounts.get_user(db, acme.id, user.id)
        found = await accounts.teammates(db, [(acme.id, "a@x.example")])
    assert (unchanged.email, unchanged.username) == ("a@x.example", "a")
    assert len(found) == 1
