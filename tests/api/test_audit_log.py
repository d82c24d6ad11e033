"""The audit log: every change of a setting says who made it, what was before and what is after."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from app.domain import accounts, audit
from app.domain.audit import AuditEntry
from app.domain.audit.subjects import SUBJECTS
from app.worker import retention
from tests.builders import connected_channel, mail, new_user
from tests.conftest import Account, Deliver, Service


async def log(http: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """The entries, newest first."""
    answer = await http.get("/v1/audit-log", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def own_key_id(http: httpx.AsyncClient) -> str:
    """The id of the account's first key."""
    found: str = (await http.get("/v1/api-keys")).json()["items"][0]["id"]
    return found


async def test_a_change_says_who_made_it_and_what_was_before(http: httpx.AsyncClient) -> None:
    user = await new_user(http)

    answer = await http.patch(f"/v1/users/{user['id']}", json={"name": "Ann Lee"})

    newest = (await log(http, resource_type="user", resource_id=user["id"]))[0]
    assert newest["action"] == "updated"
    assert newest["changes"] == {"name": {"before": "Ann", "after": "Ann Lee"}}
    assert (newest["actor"], newest["key_id"]) == ("api_key", await own_key_id(http))
    assert newest["request_id"] == answer.headers["X-Request-Id"]


async def test_what_is_made_and_deleted_is_told_once(http: httpx.AsyncClient) -> None:
    user = await new_user(http)
    await http.delete(f"/v1/users/{user['id']}")

    deleted, created = await log(http, resource_type="user", resource_id=user["id"])

    assert (created["action"], deleted["action"]) == ("created", "deleted")
    assert created["changes"]["email"] == {"before": None, "after": "ann@acme.example"}
    assert deleted["changes"]["deleted_at"]["before"] is None


async def test_every_part_of_a_channel_is_told(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http, team_address="support@acme.example")
    path = f"/v1/channels/{channel['id']}"
    user = await new_user(http)

    await http.patch(path, json={"name": "Help"})
    identity = {
        "name_style": "company",
        "company_name": "Acme Help",
        "address": {"kind": "default"},
    }
    await http.put(f"{path}/sender-identity", json=identity)
    routing = {"mode": "users_and_teams", "user_ids": [user["id"]], "team_ids": []}
    await http.put(f"{path}/routing", json=routing)
    await http.put(f"{path}/ticket-automation", json={"enabled": True, "properties": {}})

    told = {
        one["resource_type"]: one["changes"]
        for one in await log(http, resource_id=channel["id"])
        if one["action"] == "updated"
    }
    assert told["channel"]["name"]["after"] == "Help"
    assert told["sender_identity"]["company_name"]["after"] == "Acme Help"
    assert told["routing"]["user_ids"] == {"before": [], "after": [user["id"]]}
    assert told["ticket_automation"]["enabled"] == {"before": False, "after": True}


async def test_members_of_a_team_are_told(http: httpx.AsyncClient) -> None:
    user = await new_user(http)
    team = (await http.post("/v1/teams", json={"name": "All", "member_ids": []})).json()

    await http.patch(f"/v1/teams/{team['id']}", json={"member_ids": [user["id"]]})
    await http.patch(f"/v1/teams/{team['id']}", json={"member_ids": [user["id"]]})

    entries = await log(http, resource_type="team")
    assert [one["action"] for one in entries] == ["updated", "created"]
    assert entries[0]["changes"] == {"member_ids": {"before": [], "after": [user["id"]]}}


async def test_a_pipeline_that_goes_is_told_with_its_stages(http: httpx.AsyncClient) -> None:
    stages = [{"name": "In", "state": "open"}, {"name": "Out", "state": "closed"}]
    made = (await http.post("/v1/ticket-pipelines", json={"name": "P", "stages": stages})).json()

    answer = await http.delete(f"/v1/ticket-pipelines/{made['id']}")

    assert answer.status_code == 204, answer.text
    gone = [one for one in await log(http) if one["action"] == "deleted"]
    assert {one["resource_id"] for one in gone} == {
        made["id"],
        *(stage["id"] for stage in made["stages"]),
    }


async def test_no_secret_stands_in_the_log(http: httpx.AsyncClient) -> None:
    key = (await http.post("/v1/api-keys", json={"name": "k", "scopes": ["users:read"]})).json()
    hook = await http.post("/v1/webhooks", json={"url": "https://hook.example/x", "types": ["*"]})
    if hook.status_code == 201:
        await http.post(f"/v1/webhooks/{hook.json()['id']}/rotate-secret")

    answer = await http.get("/v1/audit-log")

    created = next(one for one in answer.json()["items"] if one["resource_id"] == key["id"])
    assert created["changes"]["hash"]["after"] == "(hidden)"
    assert key["key"] not in answer.text
    assert hook.json().get("secret", "?????") not in answer.text


async def test_what_changes_nothing_or_fails_is_not_told(http: httpx.AsyncClient) -> None:
    user = await new_user(http)
    before = await log(http)

    await http.patch(f"/v1/users/{user['id']}", json={"name": "Ann"})
    refused = await http.post("/v1/users", json={"name": "Ann", "email": "ann@acme.example"})

    assert refused.status_code in (409, 422)
    assert await log(http) == before


async def test_mail_is_not_told_here(http: httpx.AsyncClient, deliver: Deliver) -> None:
    channel = await connected_channel(http, team_address="support@acme.example")
    before = await log(http)

    await deliver(mail(), channel["forwarding_address"])

    assert await log(http) == before


async def test_entries_are_filtered_and_paged(
    http: httpx.AsyncClient, key_http: Callable[..., Any]
) -> None:
    other = await key_http("users:write", "account:read")
    for number in range(3):
        await new_user(other, f"u{number}@acme.example")
    own = await own_key_id(http)

    first = (await http.get("/v1/audit-log", params={"limit": 2, "resource_type": "user"})).json()
    rest = (
        await http.get(
            "/v1/audit-log",
            params={"limit": 2, "resource_type": "user", "cursor": first["next_cursor"]},
        )
    ).json()
    newest = first["items"][0]

    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (2, 1, None)
    assert {one["key_id"] for one in await log(http, key_id=own)} == {own}
    assert len(await log(http, key_id=newest["key_id"])) == 3
    assert await log(http, since=newest["created_at"]) == [newest]
    assert newest not in await log(http, until=newest["created_at"])
    assert await log(http, resource_id="usr_unknown") == []


async def test_the_log_is_the_accounts_own_and_needs_its_scope(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, key_http: Callable[..., Any]
) -> None:
    user = await new_user(http)
    stranger = await key_http("users:write")

    assert await log(other_http, resource_id=user["id"]) == []
    assert (await stranger.get("/v1/audit-log")).status_code == 403


async def test_what_no_key_changes_says_who_did(service: Service, account: Account) -> None:
    with audit.acting_as("command_line"):
        async with service.database.writing() as db:
            row = await accounts.get_account(db, account.id)
            row.plan = "starter"

    async with service.database.reading() as db:
        entry = (
            await db.execute(select(AuditEntry).where(AuditEntry.action == "updated"))
        ).scalar_one()
    assert (entry.actor, entry.key_id) == ("command_line", None)
    assert entry.changes == {"plan": {"before": "professional", "after": "starter"}}


async def test_old_entries_are_forgotten(service: Service, http: httpx.AsyncClient) -> None:
    await new_user(http)
    async with service.database.writing() as db:
        for entry in (await db.execute(select(AuditEntry))).scalars():
            entry.created_at = datetime.now(UTC) - timedelta(days=401)
    await new_user(http, "young@acme.example")

    await retention.forget_old_audit_entries(service.database, 400).run()

    assert [one["changes"]["name"]["after"] for one in await log(http)] == ["Young"]


def test_every_column_that_is_named_exists() -> None:
    tables = AuditEntry.metadata.tables

    for name, subject in SUBJECTS.items():
        columns = set(tables[name].columns.keys())
        assert {subject.id_column, *subject.hidden, *subject.silent} <= columns, name


@pytest.mark.parametrize("table", sorted(SUBJECTS))
def test_no_key_digest_or_secret_is_shown(table: str) -> None:
    columns = AuditEntry.metadata.tables[table].columns.keys()
    telling = {"hash", "secret", "digest", "token", "private_key", "code"}

    shown = set(columns) - SUBJECTS[table].hidden - SUBJECTS[table].silent

    assert not {name for name in shown if telling & set(name.split("_"))}


async def test_reading_the_inbox_costs_no_entry(service: Service, account: Account) -> None:
    async with service.database.writing() as db:
        before = (await db.execute(select(func.count()).select_from(AuditEntry))).scalar_one()
    async with service.database.writing() as db:
        await accounts.get_account(db, account.id)

    async with service.database.reading() as db:
        after = (await db.execute(select(func.count()).select_from(AuditEntry))).scalar_one()
    assert after == before
