"""The operator's commands for accounts and their API keys; they work beside a running service."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import typer

from app import migrate, preflight
from app.db import Database, Page, PageRequest
from app.domain import accounts, audit, sender_identity
from app.domain.accounts import Account, AccountChange, HostedRoots
from app.settings import Settings

accounts_app = typer.Typer(no_args_is_help=True, help="Accounts of this installation.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys of an account.")

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
OfAccount = Annotated[str, typer.Option("--account", help="Id of the account (acc_…).")]
Plan = Annotated[str | None, typer.Option(help=f"One of {', '.join(accounts.PLANS)}.")]
ALL = 200  # items of a piece when everything is listed


@dataclass(frozen=True, slots=True)
class _Opened:
    """The database and the roots that the settings name."""

    database: Database
    roots: HostedRoots


@accounts_app.command("create")
def create_account(
    name: Annotated[str, typer.Option(help="Name of the company.")],
    subdomain: Annotated[
        str | None, typer.Option(help="Letters, digits, hyphens, dots; else made of the name.")
    ] = None,
    plan: Plan = "professional",
    as_json: Json = False,
) -> None:
    """Create an account, and a key with every scope, which is shown only now."""

    async def run() -> None:
        async with _opened() as opened, opened.database.writing() as db:
            now = datetime.now(UTC)
            account = await accounts.create_account(
                db, name=name, subdomain=subdomain, plan=plan or "professional", now=now
            )
            _, secret = await accounts.create_key(
                db, account.id, name="First key", scopes=["*"], now=now
            )
        made = {
            "account_id": account.id,
            "subdomain": account.subdomain,
            "hosted_domain": accounts.hosted_domain(account, opened.roots),
            "api_key": secret,
        }
        _say(made, as_json=as_json)

    _run(run())


@accounts_app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """List the accounts, the oldest first; as JSON, one a line."""

    async def run() -> None:
        async with _opened() as opened, opened.database.reading() as db:
            request: PageRequest | None = PageRequest(ALL)
            while request is not None:
                page = await accounts.list_accounts(db, request)
                for account in page.items:
                    _say_row(_facts(account, opened.roots), as_json=as_json)
                request = _next(page)

    _run(run())


@accounts_app.command("update")
def update_account(
    account_id: Annotated[str, typer.Argument(help="Id of the account (acc_…).")],
    plan: Plan = None,
    subdomain: Annotated[
        str | None, typer.Option(help="The new one; nobody else ever gets the old one.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The new name of the company.")] = None,
    as_json: Json = False,
) -> None:
    """Change plan, subdomain or name. Addresses that were given out go on working."""
    given = {"plan": plan, "subdomain": subdomain, "name": name}
    fields = frozenset(field for field, value in given.items() if value is not None)
    wanted = AccountChange(fields, name or "", plan=plan or "", subdomain=subdomain or "")
    if not fields:
        _stop("Nothing to change: give --plan, --subdomain or --name.")

    async def run() -> None:
        async with _opened() as opened, opened.database.writing() as db:
            await accounts.lock(db, [account_id])
            now = datetime.now(UTC)
            account = await accounts.update_account(db, account_id, wanted, now=now)
            await sender_identity.settle(db, account_id, now)  # the plan decides about domains
        _say(_facts(account, opened.roots), as_json=as_json)

    _run(run())


@keys_app.command("create")
def create_key(
    account: OfAccount,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    scopes: Annotated[str, typer.Option(help="Such as contacts:read,users:write; * is all.")] = "*",
    as_json: Json = False,
) -> None:
    """Create a key; its secret is shown only now."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]

    async def run() -> None:
        async with _opened() as opened, opened.database.writing() as db:
            await accounts.get_account(db, account)
            key, secret = await accounts.create_key(
                db, account, name=name, scopes=wanted, now=datetime.now(UTC)
            )
        made = {"id": key.id, "name": key.name, "scopes": key.scopes, "key": secret}
        _say(made, as_json=as_json)

    _run(run())


@keys_app.command("list")
def list_keys(account: OfAccount, as_json: Json = False) -> None:
    """List an account's keys, the revoked ones too; as JSON, one a line."""

    async def run() -> None:
        async with _opened() as opened, opened.database.reading() as db:
            await accounts.get_account(db, account)
            request: PageRequest | None = PageRequest(ALL)
            while request is not None:
                page = await accounts.list_keys(db, account, request, revoked=True)
                for key in page.items:
                    row = {
                        "id": key.id,
                        "name": key.name,
                        "scopes": key.scopes,
                        "created_at": _time(key.created_at),
                        "last_used_at": _time(key.last_used_at),
                        "revoked_at": _time(key.revoked_at),
                    }
                    _say_row(row, as_json=as_json)
                request = _next(page)

    _run(run())


@keys_app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="Id of the key (key_…).")]) -> None:
    """Revoke a key for good."""

    async def run() -> None:
        async with _opened() as opened, opened.database.writing() as db:
            key = await accounts.revoke_key_anywhere(db, key_id, now=datetime.now(UTC))
        typer.echo(f"Revoked {key.id} ({key.name}).")

    _run(run())


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; what is refused is a sentence on standard error and exit code 1."""
    try:
        asyncio.run(work)
    except typer.Exit:
        raise
    except Exception as fault:
        words = preflight.words_for(fault)
        if words is None:
            raise
        _stop(words)


@contextlib.asynccontextmanager
async def _opened() -> AsyncIterator[_Opened]:
    settings = Settings()
    if settings.embedded:
        await migrate.upgrade(settings)
    database = Database(settings.database)
    try:
        with audit.acting_as("command_line"):
            yield _Opened(database, HostedRoots(paid=settings.paid_root, free=settings.free_root))
    finally:
        await database.close()


def _facts(account: Account, roots: HostedRoots) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "name": account.name,
        "subdomain": account.subdomain,
        "plan": account.plan,
        "hosted_domain": accounts.hosted_domain(account, roots),
        "created_at": _time(account.created_at),
    }


def _next(page: Page[Any]) -> PageRequest | None:
    return PageRequest(ALL, page.next_after) if page.next_after is not None else None


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _say(facts: dict[str, Any], *, as_json: bool) -> None:
    """One thing: JSON on one line, or a line for each fact."""
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        typer.echo(f"{name:<{width}}{_text(value)}")


def _say_row(facts: dict[str, Any], *, as_json: bool) -> None:
    """One of many: a line of JSON, or a line of its values."""
    line = json.dumps(facts, ensure_ascii=False) if as_json else None
    typer.echo(line or "  ".join(_text(value) for value in facts.values()))


def _text(value: object) -> str:
    if value is None:
        return "-"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _stop(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
