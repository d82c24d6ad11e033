"""`hosted-inbox reindex`: the search index, written anew beside a running service."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
from sqlalchemy import text
from typer.testing import CliRunner

from app import cli
from app.db import dialect_of
from tests.builders import connected_channel, mail
from tests.conftest import Account, Deliver, Service


async def found(http: httpx.AsyncClient, q: str) -> list[str]:
    answer = await http.get("/v1/conversations", params={"q": q})
    return [one["subject"] for one in answer.json()["items"]]


async def damaged(service: Service) -> None:
    """The index as after a restore that went wrong: some rows are missing, some are of old."""
    async with service.database.writing() as db:
        form = "CAST('old:1' AS TSVECTOR)" if dialect_of(db) == "postgresql" else "'old'"
        await db.execute(text(f"UPDATE message_search SET words = {form}"))
        one = "SELECT max(message_id) FROM message_search"
        await db.execute(text(f"DELETE FROM message_search WHERE message_id = ({one})"))


async def run(service: Service, monkeypatch: Any, *arguments: str) -> Any:
    """The command, on the database of the service."""
    given = service.settings.model_dump(include={"database_url", "data_dir"})
    for name, value in given.items():
        monkeypatch.setenv(f"HOSTED_INBOX_{name.upper()}", str(value))
    return await asyncio.to_thread(CliRunner().invoke, cli.app, ["reindex", *arguments])


async def test_what_the_index_has_lost_is_found_again(
    http: httpx.AsyncClient, service: Service, account: Account, deliver: Deliver, monkeypatch: Any
) -> None:
    monkeypatch.setattr(cli, "AT_ONCE", 2)
    channel = await connected_channel(http, team_address="support@acme.example")
    for n in range(3):
        raw = mail("A kettle.", subject=f"Kettle {n}", message_id=f"<{n}@customer.example>")
        await deliver(raw, channel["forwarding_address"])
    await damaged(service)
    before = await found(http, "kettle")

    done = await run(service, monkeypatch)

    assert before == []
    assert done.exit_code == 0, done.output
    assert "3 messages are indexed." in done.output
    assert await found(http, "kettle") == ["Kettle 2", "Kettle 1", "Kettle 0"]


async def test_it_goes_on_where_it_was_stopped(
    http: httpx.AsyncClient, service: Service, account: Account, deliver: Deliver, monkeypatch: Any
) -> None:
    monkeypatch.setattr(cli, "AT_ONCE", 1)
    channel = await connected_channel(http, team_address="support@acme.example")
    for n in range(3):
        raw = mail("A kettle.", subject=f"Kettle {n}", message_id=f"<{n}@customer.example>")
        await deliver(raw, channel["forwarding_address"])
    said = (await run(service, monkeypatch)).output
    second = re.findall("--account .*", said)[1].split()
    await damaged(service)

    done = await run(service, monkeypatch, *second)

    assert "1 messages are indexed." in done.output
    assert await found(http, "kettle") == ["Kettle 2"]
