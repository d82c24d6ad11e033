"""The operator's commands for accounts and keys, on a database that a service may have open."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli_accounts import accounts_app, keys_app
from tests.conftest import Service


@pytest.fixture(autouse=True)
def _environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOSTED_INBOX_DATA_DIR", str(tmp_path))
    if database_url:
        monkeypatch.setenv("HOSTED_INBOX_DATABASE_URL", database_url)


def accounts(*arguments: str) -> Result:
    return CliRunner().invoke(accounts_app, list(arguments))


def keys(*arguments: str) -> Result:
    return CliRunner().invoke(keys_app, list(arguments))


def made(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_an_account_is_created_with_a_key() -> None:
    account = made(accounts("create", "--name", "Construir Fácil", "--json"))

    assert set(account) == {"account_id", "subdomain", "hosted_domain", "api_key"}
    assert account["subdomain"] == "construir-facil"
    assert account["hosted_domain"] == "construir-facil.inbox.localhost"


def test_plan_and_subdomain_can_be_given_and_changed() -> None:
    account = made(
        accounts("create", "--name", "A", "--plan", "free", "--subdomain", "a.b", "--json")
    )

    changed = made(
        accounts("update", account["account_id"], "--plan", "starter", "--subdomain", "c", "--json")
    )

    assert account["hosted_domain"] == "a.b.free-inbox.localhost"
    assert changed["hosted_domain"] == "c.inbox.localhost"
    listed = json.loads(accounts("list", "--json").stdout)
    assert (listed["account_id"], listed["plan"], listed["subdomain"]) == (
        account["account_id"],
        "starter",
        "c",
    )


def test_keys_are_created_listed_and_revoked() -> None:
    account = made(accounts("create", "--name", "Acme", "--json"))["account_id"]

    key = made(
        keys(
            *("create", "--account", account, "--name", "CRM"),
            *("--scopes", "contacts:read, users:write", "--json"),
        )
    )
    revoked = keys("revoke", key["id"])
    again = keys("revoke", key["id"])

    assert key["scopes"] == ["contacts:read", "users:write"]
    assert revoked.exit_code == 0
    assert (again.exit_code, again.stdout) == (1, "")
    assert "api_keys.not_found" in again.stderr
    listed = keys("list", "--account", account, "--json").stdout
    rows = [json.loads(line) for line in listed.splitlines()]
    assert [(row["id"] == key["id"], row["revoked_at"] is None) for row in rows] == [
        (False, True),
        (True, False),
    ]
    assert key["key"] not in keys("list", "--account", account).stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("create", "--name", " "), "accounts.bad_name"),
        (("create", "--name", "A", "--plan", "gold"), "accounts.unknown_plan"),
        (("create", "--name", "A", "--subdomain", "a_b"), "accounts.bad_subdomain"),
        (("create", "--name", "A", "--subdomain", "taken"), "accounts.subdomain_taken"),
        (("update", "acc_none", "--plan", "free"), "accounts.not_found"),
        (("update", "acc_none"), "Nothing to change"),
    ],
)
def test_a_refusal_is_a_sentence_on_standard_error(arguments: tuple[str, ...], code: str) -> None:
    made(accounts("create", "--name", "Taken", "--json"))

    result = accounts(*arguments)

    assert (result.exit_code, result.stdout) == (1, "")
    assert code in result.stderr
    assert "Traceback" not in result.stderr


def test_a_key_for_no_account_or_with_no_scope_is_refused() -> None:
    account = made(accounts("create", "--name", "A", "--json"))["account_id"]

    nobody = keys("create", "--account", "acc_none", "--name", "k")
    unknown = keys("create", "--account", account, "--name", "k", "--scopes", "mail:read")
    none = keys("create", "--account", account, "--name", "k", "--scopes", ",")

    assert [one.exit_code for one in (nobody, unknown, none)] == [1, 1, 1]
    assert "accounts.not_found" in nobody.stderr
    assert "api_keys.unknown_scope" in unknown.stderr
    assert "api_keys.no_scope" in none.stderr


async def test_an_account_that_is_made_beside_a_running_service_opens_it(
    service: Service,
) -> None:
    result = await asyncio.to_thread(accounts, "create", "--name", "Beside", "--json")

    account = made(result)
    transport = httpx.ASGITransport(service.app)
    headers = {"Authorization": f"Bearer {account['api_key']}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://inbox.test") as http:
        answer = await http.get("/v1/account", headers=headers)
    assert (answer.status_code, answer.json()["id"]) == (200, account["account_id"])
