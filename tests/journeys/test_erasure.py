"""J4: erasing a contact reaches everything that is kept of what it wrote, and what comes again."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.domain import erasure
from app.domain.webhooks import WebhookDelivery
from app.worker.purging import delete_blobs, go_on_erasing
from tests.builders import kept, mail, new_user
from tests.conftest import Service
from tests.journeys.conftest import Inbox
from tests.journeys.test_machine_mail import bounce

# What nobody else's data holds.
SECRETS = ("zaphodia", "beeblebrox", "heartofgold", "pangalactic", "gargleblaster")
ZAPHODIA = "Zaphodia Beeblebrox <zaphodia@heartofgold.example>"


def hers(message_id: str = "<1@heartofgold.example>", **fields: Any) -> bytes:
    """A mail of the person who is erased."""
    words = {"text": "One pangalactic drink, please.", "subject": "A gargleblaster"} | fields
    return mail(sender=ZAPHODIA, message_id=message_id, **words)


def large(message_id: str) -> bytes:
    """The same with a large file, whose octets lie in the blob store."""
    parts = hers(message_id, text="PLACE").replace(
        b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b"
    )
    body = (
        b"--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: text/csv\r\nContent-Disposition: "
        b"attachment; filename=gargleblaster.csv\r\n\r\n" + b"pangalactic,1\r\n" * 9000 + b"--b--"
    )
    return parts.replace(b"PLACE", body)


async def erase(inbox: Inbox, service: Service, contact_id: str) -> dict[str, Any]:
    """The contact is erased; its receipt, once that is done."""
    answer = await inbox.http.delete(f"/v1/contacts/{contact_id}")
    assert answer.status_code == 204, answer.text
    await go_on_erasing(service.database, service.house.store, service.house.secret).run()
    await delete_blobs(service.database, service.house.store).run()
    receipt: dict[str, Any] = await inbox.get(answer.headers["location"])
    assert (receipt["state"], receipt["contact_id"]) == ("done", contact_id)
    return receipt


async def leftovers(service: Service) -> dict[str, list[str]]:
    """Which of the secrets are still kept, and where: in tables, in files."""
    found: dict[str, list[str]] = {}
    async with service.database.reading() as db:
        names = await db.run_sync(lambda s: _tables(s.connection()))
        for name in names:
            rows = (await db.execute(text(f'SELECT * FROM "{name}"'))).all()
            note(found, name, repr(rows).encode())
    for path in (service.settings.data_dir / "blobs").rglob("*"):
        if path.is_file():
            note(found, path.name, path.read_bytes())
    return found


def _tables(connection: Any) -> list[str]:
    dialect = connection.dialect.name
    where = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if dialect == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )
    return [row[0] for row in connection.execute(text(where))]


def note(found: dict[str, list[str]], place: str, content: bytes) -> None:
    """Put the secrets of the content on the list."""
    lower = content.lower()
    here = [secret for secret in SECRETS if secret.encode() in lower]
    if here:
        found[place] = here


async def correspondence(inbox: Inbox, service: Service) -> dict[str, Any]:
    """Everything that a person can leave behind; gives the first message."""
    ann = await new_user(inbox.http)
    first = await inbox.take(hers())
    conversation = f"/v1/conversations/{first['conversation_id']}"
    await inbox.receive(hers(text="One pangalactic drink, please.\n\n-- \nA footer"))
    await inbox.take(large("<2@heartofgold.example>"))
    await inbox.post(
        f"{conversation}/replies", {"text": "Dear Zaphodia", "author_id": ann["id"]}, 202
    )
    await inbox.post(
        f"{conversation}/comments", {"text": "About Beeblebrox", "author_id": ann["id"]}, 201
    )
    await inbox.post("/v1/tickets", {"conversation_id": first["conversation_id"]}, 201)
    await inbox.post(
        "/v1/sender-lists", {"kind": "allow", "address": "zaphodia@heartofgold.example"}, 201
    )
    # In somebody else's conversation: as one of the recipients, then as a writer.
    other = await inbox.take(
        mail(
            sender="Dora <dora@other.example>",
            message_id="<d@other.example>",
            text="Can you help the two of us?",
            more=f"Cc: {ZAPHODIA}\r\n",
        )
    )
    await inbox.take(
        hers(
            "<3@heartofgold.example>",
            more="In-Reply-To: <d@other.example>\r\n",
        )
    )
    first["other"] = other
    return first


async def test_nothing_of_the_person_is_left(inbox: Inbox, service: Service) -> None:
    first = await correspondence(inbox, service)
    other = first["other"]
    assert len(await leftovers(service)) > 8

    receipt = await erase(inbox, service, first["author"]["contact_id"])

    # Dora's own mail names her in its Cc: it is Dora's.
    async with service.database.reading() as db:
        row = await db.execute(
            text("SELECT raw_digest FROM messages WHERE id = :id"), {"id": other["id"]}
        )
        dora = row.scalar_one()
    found = await leftovers(service)
    raw = found.pop("raw_mail")
    assert (found, set(raw)) == ({}, {"zaphodia", "beeblebrox", "heartofgold"})
    async with service.database.writing() as db:
        await db.execute(text("DELETE FROM raw_mail WHERE digest = :one"), {"one": dora})
    assert await leftovers(service) == {}
    counts = receipt["counts"]
    assert (counts["conversations"], counts["tickets"], counts["sender_lists"]) == (2, 1, 1)
    assert (counts["messages"], counts["attachments"], counts["raw_mails"]) == (6, 1, 5)
    assert (counts["received_mails"], counts["outbox_items"]) == (4, 1)


async def test_other_people_keep_theirs(inbox: Inbox, service: Service) -> None:
    first = await correspondence(inbox, service)
    other = first["other"]

    await erase(inbox, service, first["author"]["contact_id"])

    conversation = await inbox.conversation_of(other)
    assert [one["address"] for one in conversation["participants"]] == ["dora@other.example"]
    his, hers_there = await inbox.messages_of(other)
    assert (his["text"].strip(), his["cc"]) == ("Can you help the two of us?", [])
    assert (hers_there["text"], hers_there["author"]["name"]) == ("", "(erased)")
    assert (await inbox.http.get(f"/v1/messages/{hers_there['id']}/raw")).status_code == 404
    assert (await inbox.http.get(f"/v1/messages/{other['id']}/raw")).status_code == 200
    assert (await inbox.http.get(f"/v1/messages/{first['id']}")).status_code == 404


async def test_the_ledger_and_the_log_keep_that_something_happened(
    inbox: Inbox, service: Service
) -> None:
    first = await correspondence(inbox, service)
    rows = await inbox.all("/v1/received-mail")
    events = await inbox.all("/v1/events")

    await erase(inbox, service, first["author"]["contact_id"])

    after = await inbox.all("/v1/received-mail")
    assert [(r["id"], r["outcome"], r["size"]) for r in after] == [
        (r["id"], r["outcome"], r["size"]) for r in rows
    ]
    log = await inbox.all("/v1/events")
    assert [(e["sequence"], e["type"]) for e in log[: len(events)]] == [
        (e["sequence"], e["type"]) for e in events
    ]
    assert [e["sequence"] for e in log] == list(range(1, len(log) + 1))
    types = [e["type"] for e in log[len(events) :]]
    assert types == ["contact.deleted", *["conversation.purged"] * 2, "contact.erased"]


@pytest.mark.parametrize("again", ["the same", "by another way", "with a footer", "the large one"])
async def test_erased_mail_stays_erased_when_it_comes_again(
    inbox: Inbox, service: Service, again: str
) -> None:
    first = await inbox.take(hers())
    await inbox.take(large("<2@heartofgold.example>"))
    await erase(inbox, service, first["author"]["contact_id"])
    raw = {
        "the same": hers(),
        "by another way": b"Received: from a by b; Tue, 24 Nov 2026 09:31:00 +0100\r\n" + hers(),
        "with a footer": hers(text="One pangalactic drink, please.\n\n-- \nThe list"),
        "the large one": large("<2@heartofgold.example>"),
    }[again]

    row = await inbox.receive(raw)

    assert (row["outcome"], row["reason"], row["message_id"]) == ("duplicate", "erased", None)
    await delete_blobs(service.database, service.house.store).run()
    assert await leftovers(service) == {}
    assert await inbox.all("/v1/conversations") == []


async def test_new_mail_of_the_same_person_is_new(inbox: Inbox, service: Service) -> None:
    first = await inbox.take(hers())
    await erase(inbox, service, first["author"]["contact_id"])

    # One answers the erased mail; one has its Message-ID, which a broken program uses again.
    answer = await inbox.take(
        hers("<9@heartofgold.example>", more="In-Reply-To: <1@heartofgold.example>\r\n")
    )
    reused = await inbox.take(hers(text="Something else altogether, and long enough to tell."))

    assert answer["author"]["contact_id"] not in (None, first["author"]["contact_id"])
    assert answer["author"]["contact_id"] == reused["author"]["contact_id"]
    assert (answer["pending"], reused["pending"]) == (False, False)


async def test_a_large_mail_with_octets_that_are_being_deleted_is_whole(
    inbox: Inbox, service: Service
) -> None:
    first = await inbox.take(large("<2@heartofgold.example>"))
    answer = await inbox.http.delete(f"/v1/contacts/{first['author']['contact_id']}")
    assert answer.status_code == 204
    async with service.database.writing() as db:  # as if the mail had never been known
        await db.execute(text("DELETE FROM erased_mail"))

    again = await inbox.take(large("<2@heartofgold.example>"))
    await delete_blobs(service.database, service.house.store).run()

    raw = await inbox.http.get(f"/v1/messages/{again['id']}/raw")
    assert raw.status_code == 200
    assert raw.content.endswith(large("<2@heartofgold.example>"))
    assert not [p for p in (service.settings.data_dir / "blobs").rglob("*") if p.is_file()]


async def test_a_long_correspondence_is_erased_bit_by_bit(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domain.erasure.walking.MESSAGES", 2)
    monkeypatch.setattr("app.domain.erasure.service.AT_ONCE", 1)
    first = await inbox.take(hers())
    for number in range(2, 8):
        thread = "In-Reply-To: <1@heartofgold.example>\r\n"
        await inbox.take(hers(f"<{number}@heartofgold.example>", more=thread))
    answer = await inbox.http.delete(f"/v1/contacts/{first['author']['contact_id']}")
    receipt = await inbox.get(answer.headers["location"])
    # She writes again before it is done: into her conversation, which is on its way out.
    meanwhile = await inbox.take(
        hers("<late@heartofgold.example>", more="In-Reply-To: <6@heartofgold.example>\r\n")
    )

    await go_on_erasing(service.database, service.house.store, service.house.secret).run()

    assert (receipt["state"], receipt["counts"]["messages"]) == ("running", 2)
    receipt = await inbox.get(answer.headers["location"])
    assert (receipt["state"], receipt["counts"]["messages"]) == ("done", 7)
    assert (await inbox.http.get(f"/v1/messages/{first['id']}")).status_code == 404
    late = await inbox.get(f"/v1/messages/{meanwhile['id']}")
    assert late["text"].strip() == "One pangalactic drink, please."
    [conversation] = await inbox.all("/v1/conversations")
    assert conversation["id"] == late["conversation_id"]
    assert conversation["contact_id"] == late["author"]["contact_id"]


async def test_mail_that_waits_does_not_leave_any_more(inbox: Inbox, service: Service) -> None:
    ann = await new_user(inbox.http)
    first = await inbox.take(hers())
    path = f"/v1/conversations/{first['conversation_id']}/replies"
    await inbox.post(path, {"text": "Dear Zaphodia", "author_id": ann["id"]}, 202)

    await erase(inbox, service, first["author"]["contact_id"])

    async with service.database.reading() as db:
        rows = (await db.execute(text("SELECT state, recipient FROM outbox_items"))).all()
    assert [tuple(row) for row in rows] == [("canceled", "")]


async def test_held_back_mail_is_found_by_what_is_in_it(inbox: Inbox, service: Service) -> None:
    first = await inbox.take(hers())
    await inbox.post(
        "/v1/sender-lists", {"kind": "deny", "address": "zaphodia@heartofgold.example"}, 201
    )
    held = await inbox.receive(hers("<2@heartofgold.example>"))
    others = await inbox.take(mail())
    assert held["outcome"] == "quarantined"

    await erase(inbox, service, first["author"]["contact_id"])

    assert await leftovers(service) == {}
    assert (await inbox.http.get(f"/v1/received-mail/{held['id']}/raw")).status_code == 404
    assert (await inbox.http.get(f"/v1/messages/{others['id']}/raw")).status_code == 200


async def test_machine_mail_of_the_person_or_about_it_goes_too(
    inbox: Inbox, service: Service
) -> None:
    first = await inbox.take(hers())
    away = await inbox.take(
        hers("<2@heartofgold.example>", more="Auto-Submitted: auto-replied (vacation)\r\n")
    )
    about = bounce("<nobody-knows@acme.example>").replace(
        b"carla@customer", b"zaphodia@heartofgold"
    )
    report = await inbox.take(about)
    other = await inbox.take(bounce("<x@acme.example>", "<c@mx.customer.example>"))
    assert {one["conversation_id"] for one in (away, report, other)} == {None}

    await erase(inbox, service, first["author"]["contact_id"])

    assert await leftovers(service) == {}
    assert (await inbox.get(f"/v1/messages/{other['id']}"))["report"] == other["report"]


async def test_a_late_report_on_an_erased_reply_is_not_kept(inbox: Inbox, service: Service) -> None:
    ann = await new_user(inbox.http)
    first = await inbox.take(hers())
    path = f"/v1/conversations/{first['conversation_id']}/replies"
    reply = await inbox.post(path, {"text": "Dear Zaphodia", "author_id": ann["id"]}, 202)
    await erase(inbox, service, first["author"]["contact_id"])

    late = bounce(reply["message_id"]).replace(b"carla@customer", b"zaphodia@heartofgold")
    row = await inbox.receive(late)

    assert (row["outcome"], row["reason"]) == ("duplicate", "erased")
    assert await leftovers(service) == {}


async def test_the_mail_that_an_owner_was_sent_goes_too(inbox: Inbox, service: Service) -> None:
    first = await inbox.take(hers())
    contact = f"/v1/contacts/{first['author']['contact_id']}"
    ann = await new_user(inbox.http, availability="away")
    await inbox.patch(contact, {"owner_id": ann["id"]})
    rule = {"mode": "contact_owner", "require_tracking": False}
    path = f"/v1/channels/{inbox.channel['id']}/routing"
    assert (await inbox.http.put(path, json=rule)).status_code == 200
    await inbox.take(hers("<2@heartofgold.example>"))
    assert "raw_mail" in await leftovers(service)
    async with service.database.reading() as db:
        kinds = (await db.execute(text("SELECT kind FROM outbox_items"))).scalars().all()
    assert kinds == ["owner_notice"]

    receipt = await erase(inbox, service, first["author"]["contact_id"])

    assert await leftovers(service) == {}
    assert receipt["counts"]["outbox_items"] == 1


async def test_a_merged_contact_is_erased_with_the_one_it_went_into(
    inbox: Inbox, service: Service
) -> None:
    first = await inbox.take(hers())
    second = await inbox.take(
        mail(
            sender="Z <pangalactic@other.example>", message_id="<2@other.example>", subject="Hello"
        )
    )
    one, two = (each["author"]["contact_id"] for each in (first, second))
    await inbox.post(f"/v1/contacts/{two}/merge", {"into": one})

    await erase(inbox, service, one)

    assert await leftovers(service) == {}
    assert await inbox.all("/v1/conversations") == []


async def test_what_endpoints_answered_is_emptied(inbox: Inbox, service: Service) -> None:
    first = await inbox.take(hers())
    hook = await inbox.post("/v1/webhooks", {"url": "https://hooks.example/"}, 201)
    events = await inbox.all("/v1/events")
    [about] = [one for one in events if one["type"] == "conversation.created"]
    attempt = {"at": about["created_at"], "status": 500, "error": "", "milliseconds": 3}
    async with service.database.writing() as db:
        account_id = (await db.execute(text("SELECT id FROM accounts"))).scalar_one()
        for number, event in enumerate((about, events[0])):
            db.add(
                WebhookDelivery(
                    account_id=account_id,
                    id=f"whd_{number}",
                    webhook_id=hook["id"],
                    event_id=event["id"],
                    event_type=event["type"],
                    sequence=event["sequence"],
                    url="https://hooks.example/",
                    state="delivered",
                    attempts=[
                        {**attempt, "body": "I know of a Gargleblaster" if not number else "no"}
                    ],
                    tries=1,
                    next_attempt_at=None,
                    created_at=datetime.now(UTC),
                )
            )

    receipt = await erase(inbox, service, first["author"]["contact_id"])

    assert await leftovers(service) == {}
    assert receipt["counts"]["webhook_deliveries"] == 1
    deliveries = await inbox.all(f"/v1/webhooks/{hook['id']}/deliveries")
    assert [one["attempts"][0]["status"] for one in deliveries] == [500, 500]


async def test_another_account_keeps_what_it_has(
    inbox: Inbox, service: Service, other_http: Any, deliver: Any
) -> None:
    channel = (
        await other_http.post(
            "/v1/channels", json={"shared": True, "provider": "other", "connect": True}
        )
    ).json()
    reply = await deliver(hers(), channel["forwarding_address"])
    mine = await inbox.take(hers())

    await erase(inbox, service, mine["author"]["contact_id"])
    again = await deliver(hers("<2@heartofgold.example>"), channel["forwarding_address"])

    for one in (reply, again):
        row = (await other_http.get(f"/v1/received-mail/{kept(one)[0]}")).json()
        assert (row["outcome"], row["envelope_from"]) == ("accepted", "forwarder@forwarder.example")
    receipts = (await other_http.get("/v1/erasures")).json()["items"]
    assert receipts == []


async def test_the_file_of_the_embedded_database_holds_nothing_either(
    inbox: Inbox, service: Service
) -> None:
    if service.settings.database_url:
        pytest.skip("only the embedded database has a file of ours")
    first = await inbox.take(hers())
    await inbox.take(large("<2@heartofgold.example>"))
    for number in range(3, 40):
        await inbox.take(hers(f"<{number}@heartofgold.example>"))

    await erase(inbox, service, first["author"]["contact_id"])

    path = service.settings.data_dir / "hosted-inbox.db"
    await asyncio.to_thread(_checkpoint, path)
    found: dict[str, list[str]] = {}
    note(found, path.name, path.read_bytes())
    assert found == {}


def _checkpoint(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()


async def test_every_table_is_reached_or_says_why_not(service: Service) -> None:
    async with service.database.reading() as db:
        names = set(await db.run_sync(lambda s: _tables(s.connection())))
    internal = {n for n in names if n.startswith(("sqlite_", "message_search_", "alembic"))}

    assert not erasure.REACHED.keys() & erasure.UNTOUCHED.keys()
    assert erasure.REACHED.keys() | erasure.UNTOUCHED.keys() == names - internal
