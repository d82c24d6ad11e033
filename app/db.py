"""
The database: declarative base, column types, and the two ways in — reading and writing.

SQLite (WAL, synchronous=FULL) has one writing connection that begins with BEGIN IMMEDIATE, because
a transaction that reads first and writes later fails under concurrency; readers have their own.
PostgreSQL has one pool for both. Deliberately not here: tables; every room has its own.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Insert,
    MetaData,
    Select,
    String,
    Table,
    TypeDecorator,
    event,
    literal,
    make_url,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

from app.errors import Invalid, Refusal, StorageFull, Unavailable
from app.sqlite import BEGIN_WRITING, DRIVER, TextMoment

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

T = TypeVar("T")

SQLITE_READERS = 16  # so many long searches may run before a quick question has to wait
SQLITE_PATIENCE = 15.0  # seconds that a writer waits for another process to end its transaction
CHECKPOINT_PAGES = 4000  # of 4 kB; the worker checkpoints, this is only the emergency brake
WAL_KEPT = 64 * 1024 * 1024  # octets of the write-ahead log's file that a burst may leave behind


class Moment(TypeDecorator[datetime]):
    """A time in UTC; aware on both sides, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL's own type (the connection's time zone is UTC), or text."""
        text = dialect.name == "sqlite"
        kind = TextMoment() if text else self.impl_instance  # type: ignore[no-untyped-call]
        return dialect.type_descriptor(kind)


Json = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
Id = String(40)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Moment}  # noqa: RUF012


class Owned:
    """A row of one account. The account leads the key, so that tables can be sharded by it."""

    account_id: Mapped[str] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)


class Database:
    """Two kinds of transaction on one database; both commit when their block ends well."""

    def __init__(self, url: str, *, pool: int = 10) -> None:
        self.embedded = url.startswith("sqlite")
        if self.embedded:
            self._engines = (_sqlite_engine(url, writer=True), _sqlite_engine(url, writer=False))
        else:
            engine = create_async_engine(
                url,
                pool_size=pool,
                max_overflow=0,
                pool_timeout=10,
                pool_use_lifo=True,  # the one used last has our statements prepared
                json_serializer=_to_json,
                connect_args={
                    "timeout": 5,
                    "command_timeout": 60,
                    "prepared_statement_cache_size": 250,
                    "server_settings": {"application_name": "hosted-inbox", "timezone": "UTC"},
                },
            )
            event.listen(engine.sync_engine, "checkout", _refuse_closed)
            self._engines = (engine, engine)
        self._writers = async_sessionmaker(self._engines[0], expire_on_commit=False)
        self._readers = async_sessionmaker(self._engines[1], expire_on_commit=False)
        self.committed: list[Callable[[Mapping[Any, Any]], None]] = []
        """Told what a transaction noted in `db.info`, once it is committed."""

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that may change things; committed when the block ends, else undone."""
        async with self._writers.begin() as db:
            yield db
        for tell in self.committed if db.info else ():
            tell(db.info)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees one state of things and changes nothing."""
        async with self._readers.begin() as db:
            yield db

    @property
    def engine(self) -> AsyncEngine:
        """The writing engine; for migrations and checkpoints."""
        return self._engines[0]

    async def close(self) -> None:
        """Close every connection."""
        for engine in set(self._engines):
            await engine.dispose()


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _sqlite_engine(url: str, *, writer: bool) -> AsyncEngine:
    engine = create_async_engine(
        make_url(url).set(drivername=DRIVER),
        pool_size=1 if writer else SQLITE_READERS,
        max_overflow=0,
        pool_timeout=30,
        json_serializer=_to_json,
        connect_args={"timeout": SQLITE_PATIENCE},
    )
    event.listen(engine.sync_engine, "connect", functools.partial(_on_connect, writer))
    event.listen(engine.sync_engine, "begin", _begin_immediate if writer else _begin)
    return engine


def _on_connect(writer: bool, connection: Any, _record: Any) -> None:
    connection.isolation_level = (
        None  # transactions begin by the listeners below, not by the driver
    )
    cursor = connection.cursor()
    pragmas = ["foreign_keys=ON", "temp_store=MEMORY"]
    if writer:
        pragmas = [
            "journal_mode=WAL",
            "synchronous=FULL",
            "cache_size=-65536",
            f"wal_autocheckpoint={CHECKPOINT_PAGES * 10}",
            f"journal_size_limit={WAL_KEPT}",  # the file is cut when it is begun anew
            *pragmas,
        ]
    else:
        pragmas += ["query_only=ON", "cache_size=-8192"]
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """
    A connection that the server has closed meanwhile is replaced before it costs anybody an answer.

    The driver knows that without asking the server; a ping for each transaction is not needed.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("The server has closed this connection.")


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql(BEGIN_WRITING)


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")


def insert_new(db: AsyncSession, table: Table, keys: Sequence[str] = ()) -> Insert:
    """An INSERT that leaves rows alone whose key (any unique one, or `keys`) is there already."""
    return _insert_new(dialect_of(db), table, tuple(keys))


@functools.cache
def _insert_new(dialect: str, table: Table, keys: tuple[str, ...]) -> Insert:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return make(table).on_conflict_do_nothing(index_elements=list(keys) or None)


def dialect_of(db: AsyncSession) -> str:
    """The name of the database's dialect: `sqlite` or `postgresql`."""
    return db.get_bind().dialect.name


def refusal_for(fault: BaseException) -> Refusal | None:
    """What a fault of the database means for the caller: full, away, or (None) our own mistake."""
    if isinstance(fault, Refusal):
        return fault
    if isinstance(fault, DBAPIError):
        if _is_full(fault):
            return StorageFull("There is no room left in the database.")
        if fault.connection_invalidated or _is_away(fault):
            return Unavailable("The database does not answer.")
        if _sqlstate(fault) == "42P01":  # undefined_table
            return Unavailable("The database is not migrated: run hosted-inbox migrate.")
        return None
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("There is no room left.")
    if isinstance(fault, PoolTimeout | ConnectionError | TimeoutError | OSError):
        return Unavailable("The database does not answer.")
    return None


# Result codes of SQLite that speak of the file or the moment, not of the statement.
_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
# SQLSTATE classes and codes (PostgreSQL, appendix A): connection, resources, shutdown, system,
# and the two faults that a repeat cures.
_POSTGRESQL_AWAY = ("08", "53", "57P", "57014", "58", "25006", "40001", "40P01", "55P03")


def _is_full(fault: DBAPIError) -> bool:
    original = fault.orig
    if isinstance(original, sqlite3.Error):
        return getattr(original, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return _sqlstate(fault) == "53100"  # disk_full


def _is_away(fault: DBAPIError) -> bool:
    original = fault.orig
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _SQLITE_AWAY
    state = _sqlstate(fault)
    return state.startswith(_POSTGRESQL_AWAY) if state else isinstance(fault, InterfaceError)


def _sqlstate(fault: DBAPIError) -> str:
    return str(getattr(fault.orig, "sqlstate", None) or "")


def chunks(items: Sequence[T], size: int = 512) -> Iterable[Sequence[T]]:
    """The items in pieces that fit into a statement's IN list; the pieces are `padded`."""
    for start in range(0, len(items), size):
        yield padded(items[start : start + size])


def padded(items: Sequence[T]) -> Sequence[T]:
    """
    The items for an IN list, the last one repeated until their number is a power of two.

    The length of such a list is part of the statement. A database prepares each statement that it
    has not seen (PostgreSQL: one more round trip and a plan): so there are ten of them, not 512.
    """
    missing = (1 << (len(items) - 1).bit_length()) - len(items) if items else 0
    return [*items, *[items[-1]] * missing] if missing else items


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which piece of a list: at most `limit` items behind the key `after` (None: the start)."""

    limit: int = 50
    after: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A piece of a list; `next_after` is the key to go on with, None at the end."""

    items: Sequence[T]
    next_after: tuple[Any, ...] | None


async def page_of(
    db: AsyncSession,
    statement: Select[Any],
    keys: Sequence[InstrumentedAttribute[Any]],
    request: PageRequest,
    *,
    descending: bool = False,
    scalars: bool = True,
) -> Page[Any]:
    """
    One page of `statement` by keyset on `keys`, which together must be unique.

    Inserts and deletes elsewhere in the list neither repeat nor skip an item. The keys must be
    attributes of the rows under the columns' own names. No totals: they cost a scan.
    """
    if request.after is not None:
        if [isinstance(v, datetime) for v in request.after] != [
            isinstance(k.type, Moment) for k in keys
        ]:
            raise Invalid("This cursor belongs to another list.", "request.bad_cursor")
        bound = [literal(value, key.type) for key, value in zip(keys, request.after, strict=True)]
        here, there = tuple_(*keys), tuple_(*bound)
        statement = statement.where(here < there if descending else here > there)
    order = [key.desc() if descending else key.asc() for key in keys]
    result = await db.execute(statement.order_by(*order).limit(request.limit + 1))
    rows = list(result.scalars() if scalars else result)
    items = rows[: request.limit]
    more = len(rows) > request.limit
    after = tuple(getattr(items[-1], str(key.key)) for key in keys) if more else None
    return Page(items, after)
