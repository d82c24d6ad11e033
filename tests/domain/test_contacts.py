"""The contacts of people who write in: found or made for a whole group of mails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from app.db import Database, PageRequest
from app.domain import accounts, contacts
from app.domain.contacts import ContactFields, ContactFilter, Wanted
from app.domain.events import NewEvent
from app.settings import Settings

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database of this test."""
    opened = Database(settings.database)
    yield opened
    await opened.close()


@pytest.fixture
async def acme(database: Database) -> str:
    """The id of an account."""
    async with database.writing() as db:
        return (await accounts.create_account(db, name="Acme", now=NOW)).id


@pytest.fixture
async def globex(database: Database) -> str:
    """The id of another account."""
    async with database.writing() as db:
        return (await accounts.create_account(db, name="Globex", now=NOW)).id


Found = tuple[dict[tuple[str, str], contacts.ContactRef], list[NewEvent]]


async def arrive(database: Database, *wanted: Wanted) -> Found:
    async with database.writing() as db:
        return await contacts.find_or_create(db, wanted, NOW)


async def test_everybody_of_a_group_becomes_one_contact_of_each_account(
    database: Database, acme: str, globex: str
) -> None:
    found, news = await arrive(
        database,
        Wanted(acme, "", "Carla@Customer.example"),
        Wanted(acme, "Carla", "carla@customer.EXAMPLE"),
        Wanted(acme, "Carla C.", "carla@customer.example"),
        Wanted(acme, "Dan", "dan@customer.example"),
        Wanted(globex, "Carla G", "carla@customer.example"),
    )

    assert set(found) == {
        (acme, "carla@customer.example"),
        (acme, "dan@customer.example"),
        (globex, "carla@customer.example"),
    }
    assert found[acme, "carla@customer.example"].name == "Carla"
    assert len({ref.id for ref in found.values()}) == 3
    assert [(new.account_id, new.type) for new in news] == [
        (acme, "contact.created"),
        (acme, "contact.created"),
        (globex, "contact.created"),
    ]
    async with database.reading() as db:
        shown = await contacts.get_contact(db, acme, found[acme, "carla@customer.example"].id)
    assert (shown.name, shown.addresses) == ("Carla", ("Carla@Customer.example",))


async def test_a_known_contact_is_found_and_nothing_is_told(database: Database, acme: str) -> None:
    first, _ = await arrive(database, Wanted(acme, "Carla", "carla@customer.example"))

    second, news = await arrive(database, Wanted(acme, "Somebody Else", "CARLA@customer.example"))

    assert second == first
    assert news == []


async def test_a_nameless_contact_gets_the_name_of_a_later_mail(
    database: Database, acme: str
) -> None:
    async with database.writing() as db:
        made = await contacts.create_contact(
            db, acme, ContactFields(addresses=["a@x.example", "b@x.example"]), now=NOW
        )

    found, news = await arrive(
        database, Wanted(acme, "Änne", "b@x.example"), Wanted(acme, "Anne", "a@x.example")
    )

    assert {ref.id for ref in found.values()} == {made.id}
    assert {ref.name for ref in found.values()} == {"Anne"} or {
        ref.name for ref in found.values()
    } == {"Änne"}
    assert [(new.type, new.data["contact_id"]) for new in news] == [("contact.updated", made.id)]
    async with database.reading() as db:
        page = await contacts.list_contacts(
            db, acme, ContactFilter(words=found[acme, "a@x.example"].name.upper()), PageRequest()
        )
    assert [one.id for one in page.items] == [made.id]


@pytest.mark.parametrize(
    "address", ["", " ", "a\x00b@x.example", "x" * 400 + "@x.example", "a\ud800@x.example"]
)
async def test_what_can_be_no_address_makes_no_contact_and_costs_no_mail(
    database: Database, acme: str, address: str
) -> None:
    found, news = await arrive(
        database, Wanted(acme, "Odd", address), Wanted(acme, "Carla", "carla@customer.example")
    )

    assert list(found) == [(acme, "carla@customer.example")]
    assert len(news) == 1


async def test_a_name_is_stored_as_one_line_that_is_not_too_long(
    database: Database, acme: str
) -> None:
    name = "Carla\x00 \r\n\u2028Customer\ud800 " + "x" * 300

    found, _ = await arrive(database, Wanted(acme, name, "carla@customer.example"))

    ref = found[acme, "carla@customer.example"]
    assert ref.name.startswith("Carla Customer xxx")
    assert len(ref.name) == 200


async def test_an_erased_contact_who_writes_again_is_a_new_one(
    database: Database, acme: str
) -> None:
    first, _ = await arrive(database, Wanted(acme, "Carla", "carla@customer.example"))
    async with database.writing() as db:
        await contacts.erase(db, acme, first[acme, "carla@customer.example"].id, now=NOW)

    second, news = await arrive(database, Wanted(acme, "Carla", "carla@customer.example"))

    assert second != first
    assert [new.type for new in news] == ["contact.created"]


async def test_a_merged_address_leads_to_the_contact_that_is_left(
    database: Database, acme: str
) -> None:
    found, _ = await arrive(
        database, Wanted(acme, "C", "a@x.example"), Wanted(acme, "Carla", "b@x.example")
    )
    async with database.writing() as db:
        ids = await contacts.merge(
            db, acme, found[acme, "a@x.example"].id, into=found[acme, "b@x.example"].id, now=NOW
        )

    again, _ = await arrive(database, Wanted(acme, "", "a@x.example"))

    assert ids == (found[acme, "a@x.example"].id, found[acme, "b@x.example"].id)
    assert again[acme, "a@x.example"] == found[acme, "b@x.example"]


async def test_a_placeholder_has_no_address_and_becomes_a_contact_by_a_merge(
    database: Database, acme: str
) -> None:
    async with database.writing() as db:
        [(ref, new)] = await contacts.create_placeholders(db, [(acme, "sales\r\n(unknown)")], NOW)
        before = await contacts.get_contact(db, acme, ref.id)
        was_placeholder = await contacts.is_placeholder(db, acme, ref.id)
    found, _ = await arrive(database, Wanted(acme, "Carla", "carla@customer.example"))

    async with database.writing() as db:
        carla = found[acme, "carla@customer.example"].id
        await contacts.merge(db, acme, carla, into=ref.id, now=NOW)
        after = await contacts.get_contact(db, acme, ref.id)
        is_placeholder = await contacts.is_placeholder(db, acme, ref.id)

    assert (new.type, new.data) == (
        "contact.created",
        {"contact_id": ref.id, "placeholder": True},
    )
    assert (before.name, before.addresses) == ("sales (unknown)", ())
    assert (after.name, after.addresses) == ("Carla", ("carla@customer.example",))
    assert (was_placeholder, is_placeholder) == (True, False)


async def test_the_number_of_statements_does_not_grow_with_the_group(
    database: Database, acme: str
) -> None:
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)

    async def count(*people: Wanted) -> int:
        statements.clear()
        await arrive(database, *people)
        return len([one for one in statements if not one.startswith(("BEGIN", "COMMIT"))])

    few = await count(Wanted(acme, "A", "a@x.example"), Wanted(acme, "B", "b@x.example"))
    many = await count(*(Wanted(acme, f"N{n}", f"n{n}@x.example") for n in range(100)))
    known = await count(*(Wanted(acme, f"N{n}", f"n{n}@x.example") for n in range(100)))

    assert (few, many, known) == (3, 3, 1)


async def test_many_contacts_are_described_at_once_within_their_accounts(
    database: Database, acme: str, globex: str
) -> None:
    mine, _ = await arrive(database, Wanted(acme, "Carla", "carla@customer.example"))
    theirs, _ = await arrive(database, Wanted(globex, "Dan", "dan@customer.example"))
    carla, dan = next(iter(mine.values())).id, next(iter(theirs.values())).id

    async with database.reading() as db:
        found = await contacts.find_many(
            db, [(acme, carla), (globex, dan), (acme, dan), (acme, "con_none")]
        )
        shown = await contacts.addresses_of(db, acme, [carla, dan])

    assert {key: one.name for key, one in found.items()} == {
        (acme, carla): "Carla",
        (globex, dan): "Dan",
    }
    assert shown == {carla: ["carla@customer.example"], dan: []}
