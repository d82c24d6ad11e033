"""The command line: `serve`, `migrate`, and thin calls of the rooms for the operator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from app import cli_accounts, logs, migrate, preflight
from app.api.house import post_of
from app.db import Database, PageRequest
from app.domain import accounts, conversations, inbound, sender_identity
from app.domain.accounts import HostedRoots
from app.errors import Refusal
from app.main import create_app, opened
from app.settings import PREFIX, Settings, read_secret_key, table, unknown_variables
from app.store import open_store

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Hosted Inbox: a shared inbox for a team address whose mail lives somewhere else.",
)
app.add_typer(cli_accounts.accounts_app, name="accounts", help="Accounts of this installation.")
app.add_typer(cli_accounts.keys_app, name="keys", help="API keys of an account.")
mail_app = typer.Typer(no_args_is_help=True, help="Received mail.")
app.add_typer(mail_app, name="mail")

AT_ONCE = 200  # messages that are indexed in one transaction
OPENAPI = Path(__file__).resolve().parent.parent / "openapi" / "openapi.json"


@app.command()
def serve(
    http_port: Annotated[int | None, typer.Option(help="Port of the JSON API.")] = None,
    smtp_port: Annotated[int | None, typer.Option(help="Port that mail servers use.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes (needs PostgreSQL).")] = None,
    doors: Annotated[str | None, typer.Option(help="Any of http,smtp,worker.")] = None,
) -> None:
    """Open the doors: HTTP, SMTP and the worker. Migrates an embedded database itself."""
    given = {
        "http_port": http_port,
        "smtp_port": smtp_port,
        "host": host,
        "workers": workers,
        "doors": doors,
    }
    settings = _settings({name: value for name, value in given.items() if value is not None})
    _allow_many_connections()
    # When all is closed uvicorn raises the signal that ended it once more; it ended well, so: 0.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    preflight.check(settings)
    logs.configure(settings)
    _say_hello(settings)
    if "http" not in settings.doors:
        asyncio.run(_serve_without_http(settings))
        return
    several = settings.workers > 1
    if several:
        _export(settings)
    uvicorn.run(
        "app.main:from_environment" if several else create_app(settings),
        factory=several,
        workers=settings.workers,
        host=settings.host,
        port=settings.http_port,
        log_config=None,
        # Requests have less time than deliveries: those go on while the rest is closed.
        timeout_graceful_shutdown=max(1, int(settings.drain_seconds * 0.75)),
        server_header=False,
    )


def _allow_many_connections() -> None:
    """Every connection is an open file; many systems allow 1024 until a program asks for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _settings(given: dict[str, object]) -> Settings:
    unknown = unknown_variables()
    if unknown:
        _stop(f"There is no such setting: {', '.join(unknown)}. See: hosted-inbox settings")
    return Settings(**given)  # type: ignore[arg-type]


def _stop(words: str) -> None:
    typer.echo(words, err=True)
    raise typer.Exit(1)


def _export(settings: Settings) -> None:
    """Worker processes read the environment: put there what the command line said."""
    for name in ("http_port", "smtp_port", "host", "workers"):
        os.environ[PREFIX + name.upper()] = str(getattr(settings, name))
    os.environ[PREFIX + "DOORS"] = ",".join(settings.doors)


def _say_hello(settings: Settings) -> None:
    lines = ["Hosted Inbox"]
    if "http" in settings.doors:
        lines.append(f"  API      {settings.base_url}/docs")
    if "smtp" in settings.doors:
        lines.append(f"  SMTP     {settings.host}:{settings.smtp_port}  (forward mail to here)")
    where = f"SQLite in {settings.data_dir}" if settings.embedded else "PostgreSQL"
    lines.append(f"  Data     {where}")
    if not settings.relay_url:
        lines.append(f"  Sending  off: {PREFIX}RELAY_URL is not set, mail stays queued")
    lines.append("  Next     hosted-inbox accounts create --name Acme")
    typer.echo("\n".join(lines), err=True)


async def _serve_without_http(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with opened(settings):
        await stop.wait()


@app.command("migrate")
def migrate_command() -> None:
    """Bring the database up to this version."""
    asyncio.run(migrate.upgrade(_settings({})))
    typer.echo("The database is up to date.")


@app.command()
def openapi(
    check: Annotated[bool, typer.Option(help="Only say whether it is current.")] = False,
) -> None:
    """Write the OpenAPI document."""
    document = json.dumps(create_app(Settings()).openapi(), indent=2, ensure_ascii=False) + "\n"
    if check:
        current = OPENAPI.read_text() if OPENAPI.exists() else ""
        if current != document:
            _stop(f"{OPENAPI.name} is not current: run make openapi")
        return
    OPENAPI.parent.mkdir(exist_ok=True)
    OPENAPI.write_text(document)
    typer.echo(f"Wrote {OPENAPI}")


@app.command("settings")
def settings_command() -> None:
    """Print the table of variables."""
    typer.echo(table())


@app.command()
def dns() -> None:
    """Print the records that the hosted domains need."""

    async def run() -> list[str]:
        async with _database() as (settings, database), database.writing() as db:
            roots = HostedRoots(paid=settings.paid_root, free=settings.free_root)
            secret, now = read_secret_key(settings), datetime.now(UTC)
            return await sender_identity.zone_of(db, secret, roots, settings.greeting, now)

    typer.echo("\n".join(asyncio.run(run())))


@mail_app.command("list")
def mail_list(
    outcome: Annotated[str | None, typer.Option(help="Only this outcome, such as failed.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON lines.")] = False,
) -> None:
    """List received mail of the whole installation."""
    if outcome is not None and outcome not in inbound.OUTCOMES:
        _stop(f"An outcome is one of {', '.join(inbound.OUTCOMES)}.")

    async def run() -> None:
        async with _database() as (_, database), database.reading() as db:
            for one in await inbound.list_everywhere(db, outcome=outcome, limit=limit):
                facts = {
                    "id": one.id,
                    "account_id": one.account_id,
                    "outcome": one.outcome,
                    "received_at": one.received_at.isoformat(),
                    "envelope_from": one.envelope_from,
                    "recipient": one.recipient,
                    "reason": one.reason,
                }
                typer.echo(json.dumps(facts) if as_json else "  ".join(facts.values()))

    asyncio.run(run())


@mail_app.command("replay")
def mail_replay(
    received_ids: Annotated[list[str], typer.Argument(help="Ids of received mail (rcv_…).")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would come out.")] = False,
) -> None:
    """Process kept mail again."""

    async def run() -> bool:
        well = True
        async with _database() as (settings, database):
            store = open_store(settings.blob_url, settings.data_dir)
            for received_id in received_ids:
                try:
                    async with database.writing() as db:
                        done = await inbound.replay_anywhere(
                            db,
                            store,
                            received_id,
                            dry_run=dry_run,
                            now=datetime.now(UTC),
                            post=post_of(settings, read_secret_key(settings), store),
                        )
                    typer.echo(f"{received_id}  {done.outcome}  {len(done.changes)} changes")
                    well = well and done.outcome != "failed"
                except Refusal as refusal:
                    typer.echo(f"{received_id}  {refusal.code}: {refusal.detail}", err=True)
                    well = False
        return well

    if not asyncio.run(run()):
        raise typer.Exit(1)


@app.command()
def reindex(
    account: Annotated[str, typer.Option(help="Begin with this account (acc_…).")] = "",
    after: Annotated[str, typer.Option(help="… behind this message of it (msg_…).")] = "",
) -> None:
    """
    Write the search index anew, from what stands in the messages.

    Beside a running service, a little at a time. Where it was stopped it goes on with the options
    that it said last.
    """

    async def run() -> int:
        count = 0
        async with _database() as (_, database):
            async for account_id, last in _accounts_from(database, account, after):
                behind: str | None = last
                while behind is not None:
                    async with database.writing() as db:
                        await accounts.lock(db, [account_id])
                        done = await conversations.reindex_behind(db, account_id, behind, AT_ONCE)
                    count += len(done)
                    behind = done[-1] if done else None
                    if behind is not None:
                        typer.echo(f"--account {account_id} --after {behind}", err=True)
        return count

    typer.echo(f"{asyncio.run(run())} messages are indexed.")


async def _accounts_from(
    database: Database, first: str, after: str
) -> AsyncIterator[tuple[str, str]]:
    """The ids of the accounts from this one on, the first with `after`, the others with nothing."""
    request: PageRequest | None = PageRequest(limit=100)
    while request is not None:
        async with database.reading() as db:
            page = await accounts.list_accounts(db, request)
        for one in page.items:
            if one.id >= first:
                yield one.id, after if one.id == first else ""
        request = PageRequest(limit=100, after=page.next_after) if page.next_after else None


@contextlib.asynccontextmanager
async def _database():  # type: ignore[no-untyped-def]
    settings = _settings({})
    if settings.embedded:
        await migrate.upgrade(settings)
    database = Database(settings.database)
    try:
        yield settings, database
    finally:
        await database.close()


def main() -> None:
    """Run the command line; what an operator can cure is a sentence and exit code 1."""
    os.umask(0o077)  # what we keep is other people's mail
    try:
        app()
    except Exception as fault:
        words = preflight.words_for(fault)
        if words is None:
            raise
        typer.echo(words, err=True)
        sys.exit(1)
