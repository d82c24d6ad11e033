"""
Before the start: what an operator may have got wrong on this machine, found before a door opens.

Also what a fault means in words for the operator. Deliberately not here: what can be said of the
settings alone; they check themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import ssl
import tempfile

from alembic.util import CommandError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from app import migrate, settings
from app.db import refusal_for
from app.errors import Conflict, Invalid, Refusal, Unavailable
from app.main import alone
from app.settings import PREFIX, Settings, make_data_dir
from app.smtp.door import listen
from app.smtp.settings import DoorSettings
from app.smtp.tls import Certificate

PATIENCE = 10.0  # seconds that the database has to answer before we start without an answer


def check(wanted: Settings) -> None:
    """Raise a Refusal, or another fault that `words_for` knows, when `serve` cannot work."""
    if wanted.embedded or not (wanted.blob_url and wanted.secret_key):
        _check_data_dir(wanted)
    if "smtp" in wanted.doors and wanted.tls_certificate and wanted.tls_key:
        try:
            Certificate(wanted.tls_certificate, wanted.tls_key)
        except (ssl.SSLError, ValueError) as fault:
            words = "TLS_CERTIFICATE and TLS_KEY are no certificate and its key in PEM"
            raise Invalid(f"{PREFIX}{words}.", "serve.bad_certificate") from fault
    if wanted.embedded:
        with alone(wanted):
            pass
    _check_ports(wanted)
    asyncio.run(_check_database(wanted))


def _check_data_dir(wanted: Settings) -> None:
    try:
        make_data_dir(wanted)
        with tempfile.TemporaryFile(dir=wanted.data_dir):
            pass
    except OSError as fault:
        raise Unavailable(
            f"{PREFIX}DATA_DIR: nothing can be kept in {wanted.data_dir} ({fault.strerror}).",
            "serve.bad_data_dir",
        ) from fault


def _check_ports(wanted: Settings) -> None:
    """The ports are free. Those of the HTTP door are held meanwhile: it may be one for both."""
    with contextlib.ExitStack() as stack:
        if "http" in wanted.doors:
            with _naming("HTTP_PORT", wanted.host, wanted.http_port):
                for family, _, _, _, address in socket.getaddrinfo(
                    wanted.host or None,
                    wanted.http_port,
                    type=socket.SOCK_STREAM,
                    flags=socket.AI_PASSIVE,
                ):
                    plug = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
                    plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    if family == socket.AF_INET6:
                        plug.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    plug.bind(address)
        if "smtp" in wanted.doors:
            with _naming("SMTP_PORT", wanted.host, wanted.smtp_port):
                for plug in listen(DoorSettings.of(wanted)):
                    stack.enter_context(plug)


@contextlib.contextmanager
def _naming(name: str, host: str, port: int):  # type: ignore[no-untyped-def]
    try:
        yield
    except OSError as fault:
        why = (fault.strerror or str(fault)).split(":")[0]
        raise Conflict(
            f"{PREFIX}{name}: cannot listen on {host}:{port} ({why}).", "serve.bad_port"
        ) from fault


async def _check_database(wanted: Settings) -> None:
    """A database that does not answer may come later; one that answers must be migrated."""
    engine = create_async_engine(wanted.database)
    try:
        async with asyncio.timeout(PATIENCE), engine.connect() as connection:
            word = await connection.run_sync(migrate.standing)
    except (SQLAlchemyError, OSError) as fault:
        if not wanted.embedded and refusal_for(fault) is not None:
            return
        raise
    finally:
        await engine.dispose()
    if word == migrate.ANOTHER_VERSION or (word != "ok" and not wanted.embedded):
        raise Unavailable(f"The database is {word}.", "serve.bad_database")


def words_for(fault: Exception) -> str | None:
    """What a fault means for the operator, in a sentence; None: it is our own mistake."""
    if isinstance(fault, ValidationError):
        return settings.words_for(fault) if fault.title == Settings.__name__ else None
    if isinstance(fault, CommandError):
        return f"The database is {migrate.ANOTHER_VERSION}: {fault}."
    if isinstance(fault, DBAPIError) and (found := _words_of_database(fault)):
        return found
    if isinstance(fault, OSError) and fault.filename is not None:
        return f"{fault.strerror}: {fault.filename}."
    if isinstance(fault, BrokenPipeError):  # who reads our output has read enough
        return None
    refusal = refusal_for(fault)
    return f"{refusal.code}: {refusal.detail}" if isinstance(refusal, Refusal) else None


def _words_of_database(fault: DBAPIError) -> str | None:
    """The words for a damaged or closed file, and for a server that answers, but not to us."""
    if isinstance(fault.orig, sqlite3.DatabaseError):
        code = getattr(fault.orig, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return f"The database file is damaged ({fault.orig}): put a backup in its place."
        if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            return f"The database file cannot be opened or written ({fault.orig})."
    # SQLSTATE classes: invalid authorization, invalid catalog name (PostgreSQL, appendix A)
    if str(getattr(fault.orig, "sqlstate", None) or "").startswith(("28", "3D")):
        return f"The database refuses us: {fault.orig}."
    return None
