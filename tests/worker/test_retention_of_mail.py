"""Retention: mail is kept for ever, or for as long as the operator says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain import erasure
from app.settings import Settings
from app.worker.purging import delete_blobs
from app.worker.retention import keep_no_longer
from tests.builders import new_user
from tests.conftest import Service
from tests.journeys.conftest import Inbox, inbox

__all__ = ["inbox"]
LONG = timedelta(days=400)


async def forget(service: Service, monkeypatch: pytest.MonkeyPatch, **days: int) -> None:
    """The jobs of these settings run when 400 days have gone by."""
    jobs = keep_no_longer(
        service.database,
        **{"raw_mail": 0, "conversations": 0, "ledger": 0} | days,
    )
    monkeypatch.setattr("app.worker.retention.datetime", Later)
    for _ in range(3):
        for job in jobs:
            await job.run()
    await delete_blobs(service.database, service.house.store).run()


class Later(datetime):
    """The clock of those who live later."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + LONG


async def count(service: Service, table: str) -> int:
    """The rows of a table."""
    async with service.database.reading() as db:
        return int((await db.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def correspondence(inbox: Inbox) -> dict[str, Any]:
    """A mail, a large one, and a reply."""
    ann = await new_user(inbox.http)
    first = await inbox.take()
    await inbox.take(
        text="All of it.\n" * 20_000,
        message_id="<2@customer.example>",
        more="In-Reply-To: <1@customer.example>\r\n",
    )
    path = f"/v1/conversations/{first['conversation_id']}/replies"
    await inbox.post(path, {"text": "Soon.", "author_id": ann["id"]}, 202)
    return first


async def test_by_default_nothing_is_forgotten(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await correspondence(inbox)

    await forget(service, monkeypatch)

    assert Settings(data_dir=service.settings.data_dir).raw_mail_retention_days == 0
    assert (await count(service, "raw_mail"), await count(service, "received_mail")) == (3, 2)


async def test_raw_mail_goes_and_the_messages_stay(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await correspondence(inbox)
    path = f"/v1/messages/{first['id']}"
    async with service.database.writing() as db:
        await db.execute(text("UPDATE outbox_items SET state = 'sent'"))

    await forget(service, monkeypatch, raw_mail=30)

    assert await count(service, "raw_mail") == 0
    assert [p for p in (service.settings.data_dir / "blobs").rglob("*") if p.is_file()] == []
    assert (await inbox.get(path))["text"] == first["text"]
    assert (await inbox.http.get(f"{path}/raw")).status_code == 404
    again = await inbox.receive()
    assert (again["outcome"], again["message_id"]) == ("duplicate", first["id"])


async def test_what_waits_to_leave_keeps_its_octets(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await correspondence(inbox)

    await forget(service, monkeypatch, raw_mail=30)

    assert await count(service, "raw_mail") == 1


async def test_raw_mail_that_came_again_lately_stays(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await inbox.take()
    again = await inbox.receive()
    old = "rcv_" + "0" * 32
    async with service.database.writing() as db:
        which = {"old": old, "id": again["id"]}
        await db.execute(text("UPDATE received_mail SET id = :old WHERE id <> :id"), which)

    now, before = datetime.now(UTC), datetime.now(UTC) - timedelta(days=30)
    async with service.database.writing() as db:
        row = await db.execute(text("SELECT id FROM accounts"))
        await erasure.forget(db, row.scalar_one(), "received", before, now)

    assert (await inbox.http.get(f"/v1/received-mail/{old}/raw")).status_code == 404
    assert (await inbox.http.get(f"/v1/messages/{first['id']}/raw")).status_code == 200


async def test_closed_conversations_go_with_everything(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await correspondence(inbox)
    other = await inbox.take(message_id="<9@customer.example>", subject="Another")
    await inbox.patch(f"/v1/conversations/{first['conversation_id']}", {"state": "closed"})

    await forget(service, monkeypatch, conversations=365)

    [left] = await inbox.all("/v1/conversations")
    assert left["id"] == other["conversation_id"]
    assert await count(service, "raw_mail") == 1
    assert await count(service, "messages") == 1
    rows = await inbox.all("/v1/received-mail")
    assert [row["message_id"] for row in rows] == [other["id"], None, None]
    events = await inbox.all("/v1/events")
    assert [e["data"] for e in events if e["type"] == "conversation.purged"] == [
        {"conversation_id": first["conversation_id"], "reason": "retention"}
    ]


async def test_the_ledger_goes_and_the_mail_stays(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await correspondence(inbox)

    await forget(service, monkeypatch, ledger=90)

    assert await inbox.all("/v1/received-mail") == []
    assert (await inbox.http.get(f"/v1/messages/{first['id']}/raw")).status_code == 200


async def test_the_ledger_is_kept_for_as_long_as_raw_mail(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await correspondence(inbox)

    await forget(service, monkeypatch, ledger=90, raw_mail=500)

    assert (await count(service, "raw_mail"), await count(service, "received_mail")) == (3, 2)
