"""
The one chain of migrations, on both databases: it makes what the models say, up, down and up again.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiosmtplib
import httpx
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    inspect,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app import migrate
from app.api import idempotency  # noqa: F401 - it has a table, too
from app.db import Base
from app.domain import models  # noqa: F401 - every table is known when this is imported
from app.main import create_app
from app.settings import Settings
from tests.conftest import DATABASES
from tests.postgres import create_database, drop_database

FIRST_VERSION = "03d897f2e607"
# What a service of that version had written after a walk through everything that it could do: a
# line a row. Nothing was in its outbox yet; that row is made up.
ROWS = json.loads((Path(__file__).parent / "first_version.json").read_text())
KEY = "hik_of_the_first_version"


@pytest.fixture(params=DATABASES)
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Settings]:
    """The settings of a database in which nothing is."""
    if request.param == "sqlite":
        yield Settings(data_dir=tmp_path)
        return
    server = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex[:12]}"
    yield Settings(database_url=await create_database(server, name), data_dir=tmp_path)
    await drop_database(server, name)


@pytest.fixture
async def engine(empty: Settings) -> AsyncIterator[AsyncEngine]:
    """A way in beside `app.migrate`."""
    made = create_async_engine(empty.database)
    yield made
    await made.dispose()


async def on(engine: AsyncEngine, work: Callable[..., Any], *arguments: Any) -> Any:
    """Work with a plain connection, in one transaction."""
    async with engine.begin() as connection:
        return await connection.run_sync(work, *arguments)


def alembic(connection: Connection, verb: Callable[..., Any], *arguments: Any) -> None:
    """One of Alembic's commands, on this connection."""
    config = migrate.configuration()
    config.attributes["connection"] = connection
    verb(config, *arguments)


def shape(connection: Connection) -> dict[str, Any]:
    """What the database itself says of its tables: columns, keys, indexes."""
    found = inspect(connection)
    names = sorted(set(found.get_table_names()) - {"alembic_version"})
    return {
        name: {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c["default"])
                for c in found.get_columns(name)
            ],
            "primary key": found.get_pk_constraint(name)["constrained_columns"],
            "foreign keys": sorted(
                (k["name"] or "", *k["constrained_columns"], k["referred_table"])
                for k in found.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (i["name"] or "", i["unique"], *map(str, i["column_names"]))
                for i in found.get_indexes(name)
            ),
        }
        for name in names
    }


def modelled(found: dict[str, Any]) -> set[str]:
    """The names of those tables that a model describes."""
    return {name for name in found if migrate.has_model(name, "table", None)}


def drift(connection: Connection) -> list[Any]:
    """What a new migration would have to change."""
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_name": migrate.has_model}
    )
    return compare_metadata(context, Base.metadata)


def test_the_chain_has_one_end() -> None:
    scripts = ScriptDirectory.from_config(migrate.configuration())

    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


async def test_the_migrated_database_is_what_the_models_say(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty)

    assert await on(engine, drift) == []
    assert modelled(await on(engine, shape)) == set(Base.metadata.tables)


async def test_a_difference_would_be_seen(empty: Settings, engine: AsyncEngine) -> None:
    await migrate.upgrade(empty)

    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE users ADD COLUMN surprise VARCHAR(10)"))

    assert [one[0] for one in await on(engine, drift)] == ["remove_column"]


async def test_down_leaves_nothing_and_up_again_makes_the_same(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty)
    first = await on(engine, shape)

    await on(engine, alembic, command.downgrade, "base")
    nothing = await on(engine, shape)
    await migrate.upgrade(empty)

    assert nothing == {}
    assert await on(engine, shape) == first


async def test_every_step_can_be_gone_back_and_forth(empty: Settings, engine: AsyncEngine) -> None:
    """Step by step, as an operator goes back after a bad release."""
    scripts = ScriptDirectory.from_config(migrate.configuration())
    steps = [script.revision for script in reversed(list(scripts.walk_revisions()))]

    for step in steps:
        await migrate.upgrade(empty, step)
        there = await on(engine, shape)
        await on(engine, alembic, command.downgrade, "-1")
        await migrate.upgrade(empty, step)
        assert await on(engine, shape) == there


async def test_migrating_what_is_up_to_date_changes_nothing(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty)
    before = await on(engine, shape)

    await migrate.upgrade(empty)

    assert await on(engine, shape) == before


async def test_processes_that_start_at_one_time_migrate_once(empty: Settings) -> None:
    """Three of them on an empty database: each finds it complete afterwards."""
    await asyncio.gather(*(migrate.upgrade(empty) for _ in range(3)))

    engine = create_async_engine(empty.database)
    found = await on(engine, shape)
    await engine.dispose()
    assert modelled(found) == set(Base.metadata.tables)


def tables_of(connection: Connection) -> list[Table]:
    """The tables as they are now, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name in ROWS]


def in_types_of(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row as the database's driver takes it."""

    def value(name: str, given: Any) -> Any:
        kind = table.c[name].type
        if isinstance(kind, DateTime) and given is not None:
            moment = datetime.fromisoformat(given)
            return moment.replace(tzinfo=UTC) if kind.timezone else moment
        return given.encode() if isinstance(kind, LargeBinary) and given is not None else given

    return {name: value(name, given) for name, given in row.items() if name in table.c}


def write_rows(connection: Connection) -> None:
    """Fill every table that there is."""
    for table in tables_of(connection):
        connection.execute(table.insert(), [in_types_of(table, row) for row in ROWS[table.name]])


def changed_rows(connection: Connection) -> list[Any]:
    """Rows that were written and are not there as they were, where their columns still are."""
    lost: list[Any] = []
    for table in tables_of(connection):
        there = [dict(row) for row in connection.execute(select(table)).mappings()]
        for row in ROWS[table.name]:
            wanted = in_types_of(table, row)
            same = [one for one in there if all(one[name] == wanted[name] for name in wanted)]
            if len(same) != 1:
                lost.append((table.name, row))
    return lost


async def test_a_database_of_the_first_version_is_used_by_this_one(
    empty: Settings, engine: AsyncEngine
) -> None:
    ROWS["api_keys"][0]["hash"] = hashlib.sha256(KEY.encode()).hexdigest()
    await migrate.upgrade(empty, FIRST_VERSION)
    there = set(await on(engine, shape))
    await on(engine, write_rows)

    await migrate.upgrade(empty)
    changed = await on(engine, changed_rows)
    used = await use(empty)

    assert {name for name, rows in ROWS.items() if rows} == there
    assert {name for name, _ in changed} <= {"outbox"}  # nothing had been written to it
    assert used == {
        "subjects": ["Where is my order?", "Broken lamp", "An invoice, please"],
        "texts": [
            "Hello, my order 17 has not come. Can you look?\n\nCarla",
            "It came a minute ago, thank you!",
            None,
            "Asked the warehouse.",
            "Thank you all.",
        ],
        "found": ["Where is my order?"],
        "octets": True,
        "contacts": {"Carla Customer", "Dora Doe", "Emil Example"},
        "opens tickets": True,
        "assigns": ["Ann Agent"],
        "ticket": "A new lamp",
    }


async def test_one_goes_back_to_the_first_version_with_what_is_there(
    empty: Settings, engine: AsyncEngine
) -> None:
    await migrate.upgrade(empty, FIRST_VERSION)
    await on(engine, write_rows)
    await migrate.upgrade(empty)

    await on(engine, alembic, command.downgrade, FIRST_VERSION)

    assert {name for name, _ in await on(engine, changed_rows)} <= {"outbox"}


def fill(connection: Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """These rows stand in their tables; what is not given is empty, where it must not be null."""
    found = MetaData()
    found.reflect(connection, only=list(rows))
    for table in found.sorted_tables:
        for row in rows.get(table.name, ()):
            due = {
                c.name: _empty(c) for c in table.c if not c.nullable and c.server_default is None
            }
            connection.execute(table.insert(), due | row)


def _empty(column: Column[Any]) -> Any:
    if isinstance(column.type, DateTime):
        return datetime(2026, 11, 24, tzinfo=UTC)
    return {} if isinstance(column.type, JSON) else column.type.python_type()


async def test_tickets_may_be_for_nobody_and_keep_what_they_have(
    empty: Settings, engine: AsyncEngine
) -> None:
    mine = {"account_id": "acc_1"}
    stage = {"pipeline_id": "pip_1", "stage_id": "stg_1"}
    ticket = {**mine, **stage, "id": "tkt_1", "name": "Lamp", "contact_id": "con_1"}
    rows: dict[str, list[dict[str, Any]]] = {
        "accounts": [{"id": "acc_1"}],
        "contacts": [{**mine, "id": "con_1", "name": "Carla"}],
        "ticket_pipelines": [{**mine, "id": "pip_1"}],
        "ticket_stages": [{**mine, "id": "stg_1", "pipeline_id": "pip_1"}],
        "tickets": [ticket],
        "ticket_words": [{**mine, "word": "lamp", "ticket_id": "tkt_1"}],
        "ticket_history": [{**mine, "id": "tkh_1", "ticket_id": "tkt_1"}],
    }
    await migrate.upgrade(empty, "ticket_words")
    await on(engine, fill, rows)

    await migrate.upgrade(empty, "tickets_for_nobody")
    kept = await on(engine, counts, rows)
    await on(engine, fill, {"tickets": [ticket | {"id": "tkt_2", "contact_id": None}]})
    await on(engine, alembic, command.downgrade, "ticket_words")

    assert kept == dict.fromkeys(rows, 1)
    assert await on(engine, counts, rows) == kept | {"tickets": 2, "contacts": 2}
    for_whom = await on(engine, all_of, "SELECT contact_id FROM tickets ORDER BY id")
    assert for_whom[0] == ("con_1",)
    assert for_whom[1] != ("con_1",)


async def test_addresses_of_the_ledger_are_folded(empty: Settings, engine: AsyncEngine) -> None:
    mine = {"account_id": "acc_1", "outcome": "accepted"}
    written = {
        "Mover@Forwarder.example": "mover@forwarder.example",
        "Ölaf@Müller.example.": "ölaf@xn--mller-kva.example",
        "": "",
    }
    rows = [
        {**mine, "id": f"rcv_{place}", "envelope_from": one, "recipient": one.upper()}
        for place, one in enumerate(written)
    ]
    await migrate.upgrade(empty, "tickets_for_nobody")
    await on(engine, fill, {"accounts": [{"id": "acc_1"}], "received_mail": rows})

    await migrate.upgrade(empty, "ledger_addresses")

    keys = "SELECT sender_key, recipient_key FROM received_mail ORDER BY id"
    assert await on(engine, all_of, keys) == [(key, key) for key in written.values()]
    await on(engine, alembic, command.downgrade, "tickets_for_nobody")
    assert await on(engine, counts, ["received_mail"]) == {"received_mail": 3}


def all_of(connection: Connection, statement: str) -> list[Any]:
    """Every row that the statement finds."""
    return [tuple(row) for row in connection.execute(text(statement))]


def counts(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """How many rows these tables have."""
    return {name: all_of(connection, f"SELECT count(*) FROM {name}")[0][0] for name in names}


async def use(settings: Settings) -> dict[str, Any]:
    """What the service says of that account, and what becomes of two mails more."""
    app = create_app(settings.model_copy(update={"smtp_port": 0, "secret_key": "another one"}))
    async with app.router.lifespan_context(app):
        door = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=door, base_url="http://a", headers=headers) as http:
            return await _used(http, app.state.door.port)


async def _used(http: httpx.AsyncClient, smtp_port: int) -> dict[str, Any]:
    async def get(path: str) -> Any:
        answer = await http.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    [channel] = (await get("/v1/channels"))["items"]
    listed = (await get("/v1/conversations"))["items"]
    [order] = [one for one in listed if one["subject"] == "Where is my order?"]
    await _mail(smtp_port, channel["forwarding_address"], "Re: Where is my order?", "order-17")
    await _mail(smtp_port, channel["forwarding_address"], "A new lamp", "lamp-2")
    messages = (await get(f"/v1/conversations/{order['id']}/messages"))["items"]
    octets = await http.get(f"/v1/messages/{messages[0]['id']}/raw")
    people = (await get("/v1/contacts"))["items"]
    automation = await get(f"/v1/channels/{channel['id']}/ticket-automation")
    routing = await get(f"/v1/channels/{channel['id']}/routing")
    users = {one["id"]: one["name"] for one in (await get("/v1/users"))["items"]}
    [ticket] = (await get("/v1/tickets"))["items"]
    for path in ("/v1/events", "/v1/received-mail", "/v1/teams", "/v1/ticket-pipelines"):
        assert (await get(path))["items"], path
    return {
        "subjects": [one["subject"] for one in listed],
        "texts": [one["reply_text"] if one["kind"] != "event" else None for one in messages],
        "found": [one["subject"] for one in (await get("/v1/conversations?q=warehouse"))["items"]],
        "octets": b"my order 17 has not come" in octets.content,
        "contacts": {one["name"] for one in people},
        "opens tickets": automation["enabled"],
        "assigns": [users[one] for one in routing["user_ids"]],
        "ticket": ticket["name"],
    }


async def _mail(port: int, recipient: str, subject: str, answers: str) -> None:
    raw = (
        "From: Carla Customer <carla@customer.example>\r\nTo: support@acme.example\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{uuid4().hex}@customer.example>\r\n"
        f"In-Reply-To: <{answers}@customer.example>\r\n\r\nThank you all.\r\n"
    )
    await aiosmtplib.send(
        raw.encode(),
        sender="carla@customer.example",
        recipients=[recipient],
        hostname="127.0.0.1",
        port=port,
    )
