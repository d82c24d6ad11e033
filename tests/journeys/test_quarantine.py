"""F5: what is held back, why, and how it comes out again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.conversations import Conversation
from app.domain.inbound import ReceivedMail
from app.worker.purging import delete_blobs, purge_spam
from tests.builders import mail, new_user
from tests.conftest import Service
from tests.journeys.conftest import Inbox

CARLA = "carla@customer.example"


async def listed(inbox: Inbox, kind: str, **whom: str) -> dict[str, Any]:
    made: dict[str, Any] = await inbox.post("/v1/sender-lists", {"kind": kind, **whom}, 201)
    return made


async def release(inbox: Inbox, received: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = await inbox.post(f"/v1/received-mail/{received['id']}/release")
    return done


async def types(inbox: Inbox) -> list[str]:
    return [one["type"] for one in await inbox.all("/v1/events")]


async def test_mail_of_a_denied_sender_is_kept_and_becomes_nothing(inbox: Inbox) -> None:
    await listed(inbox, "deny", address=CARLA)
    raw = mail()

    received = await inbox.receive(raw)

    kept = await inbox.http.get(f"/v1/received-mail/{received['id']}/raw")
    assert (received["outcome"], received["class"]) == ("quarantined", "human")
    assert received["reason"] == f"{CARLA} is on the deny list."
    assert (received["message_id"], received["conversation_id"]) == (None, None)
    assert kept.content == raw
    assert await inbox.all("/v1/conversations") == []
    assert await inbox.all("/v1/contacts") == []
    [row] = await inbox.all("/v1/received-mail", outcome="quarantined")
    assert row["id"] == received["id"]
    [event] = [e for e in await inbox.all("/v1/events") if e["type"] == "mail.quarantined"]
    assert event["data"] == {
        "received_mail_id": received["id"],
        "channel_id": inbox.channel["id"],
        "reason": received["reason"],
    }
    assert "message.received" not in await types(inbox)


async def test_the_others_of_a_group_are_let_through(inbox: Inbox) -> None:
    await listed(inbox, "deny", address=CARLA)

    held = await inbox.receive()
    fine = await inbox.receive(sender="Dora <dora@strict.example>", message_id="<2@strict.example>")

    assert (held["outcome"], fine["outcome"]) == ("quarantined", "accepted")
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


@pytest.mark.parametrize(
    ("entries", "outcome"),
    [
        ([("deny", "domain", "customer.example")], "quarantined"),
        ([("deny", "domain", "example")], "quarantined"),
        ([("deny", "domain", "other.example")], "accepted"),
        ([("deny", "domain", "mer.example")], "accepted"),
        ([("deny", "domain", "customer.example"), ("allow", "address", CARLA)], "accepted"),
        ([("allow", "domain", "customer.example"), ("deny", "address", CARLA)], "quarantined"),
        ([("allow", "domain", "example"), ("deny", "domain", "customer.example")], "quarantined"),
        ([("deny", "domain", "example"), ("allow", "domain", "customer.example")], "accepted"),
        ([("deny", "address", CARLA), ("allow", "address", CARLA)], "accepted"),
        ([("deny", "address", "Carla@CUSTOMER.example")], "quarantined"),
    ],
)
async def test_the_most_specific_entry_wins(
    inbox: Inbox, entries: list[tuple[str, str, str]], outcome: str
) -> None:
    for kind, what, subject in entries:
        await listed(inbox, kind, **{what: subject})

    received = await inbox.receive()

    assert received["outcome"] == outcome


async def test_the_author_behind_a_forward_is_looked_at(inbox: Inbox) -> None:
    await new_user(inbox.http)
    await listed(inbox, "deny", address="dora@strict.example")
    block = (
        "---------- Forwarded message ---------\nFrom: Dora <dora@strict.example>\n"
        "Date: Mon, 23 Nov 2026 at 10:00\nSubject: Lamp\nTo: Ann <ann@acme.example>\n\nBroken."
    )

    received = await inbox.receive(text=block, sender="Ann <ann@acme.example>", subject="Fwd: Lamp")

    assert received["outcome"] == "quarantined"


async def test_another_account_s_lists_are_nobody_else_s(inbox: Inbox, other_http: Any) -> None:
    answer = await other_http.post("/v1/sender-lists", json={"kind": "deny", "address": CARLA})
    assert answer.status_code == 201

    assert (await inbox.receive())["outcome"] == "accepted"


async def test_a_released_mail_is_processed_as_if_it_had_just_come(inbox: Inbox) -> None:
    await listed(inbox, "deny", address=CARLA)
    received = await inbox.receive()

    released = await release(inbox, received)
    again = await release(inbox, received)

    assert released["outcome"] == "accepted"
    assert released["released_at"]
    assert again == released
    message = await inbox.get(f"/v1/messages/{released['message_id']}")
    assert message["author"]["address"] == CARLA
    assert len(await inbox.all("/v1/conversations")) == 1
    [event] = [e for e in await inbox.all("/v1/events") if e["type"] == "mail.released"]
    assert event["data"]["message_id"] == message["id"]
    assert (await types(inbox)).count("message.received") == 1


async def test_what_is_not_in_quarantine_is_not_released(inbox: Inbox) -> None:
    received = await inbox.receive()

    answer = await inbox.http.post(f"/v1/received-mail/{received['id']}/release")

    assert (answer.status_code, answer.json()["code"]) == (409, "received_mail.not_quarantined")


async def test_a_quarantined_mail_that_came_twice_is_one_message(inbox: Inbox) -> None:
    await listed(inbox, "deny", address=CARLA)
    one, two = await inbox.receive(), await inbox.receive()

    first, second = await release(inbox, one), await release(inbox, two)

    assert (first["outcome"], second["outcome"]) == ("accepted", "duplicate")
    assert first["message_id"] == second["message_id"]


async def test_a_replay_asks_the_lists_of_now(inbox: Inbox) -> None:
    entry = await listed(inbox, "deny", address=CARLA)
    received = await inbox.receive()
    path = f"/v1/received-mail/{received['id']}/replay"

    still = await inbox.post(path)
    assert (await inbox.http.delete(f"/v1/sender-lists/{entry['id']}")).status_code == 204
    dry = await inbox.post(path, {"dry_run": True})
    done = await inbox.post(path)

    assert (still["outcome"], still["changes"]) == ("quarantined", [])
    assert dry["changes"] == [{"field": "outcome", "before": "quarantined", "after": "accepted"}]
    assert done["outcome"] == "accepted"
    assert (await inbox.get(f"/v1/received-mail/{received['id']}"))["message_id"]


async def test_a_replay_leaves_what_was_let_through_where_it_is(inbox: Inbox) -> None:
    received = await inbox.receive()
    await listed(inbox, "deny", address=CARLA)

    done = await inbox.post(f"/v1/received-mail/{received['id']}/replay")

    assert (done["outcome"], done["message_id"]) == ("accepted", received["message_id"])


async def _grow_old(service: Service) -> None:
    """All that is spam, or held back, has been so for 91 days."""
    long_ago = datetime.now(UTC) - timedelta(days=91)
    async with service.database.writing() as db:
        await db.execute(update(ReceivedMail).values(received_at=long_ago))
        spam = update(Conversation).where(Conversation.spam.is_(True))
        await db.execute(spam.values(spam_at=long_ago))


async def test_what_is_held_back_for_90_days_is_purged_and_its_row_stays(
    inbox: Inbox, service: Service
) -> None:
    await listed(inbox, "deny", address=CARLA)
    large = await inbox.receive(text="All of it.\n" * 20_000)
    held = await inbox.receive(message_id="<2@customer.example>")
    fine = await inbox.receive(sender="Dora <d@strict.example>", message_id="<3@strict.example>")
    job = purge_spam(service.database)

    await job.run()
    before = await inbox.http.get(f"/v1/received-mail/{held['id']}/raw")
    await _grow_old(service)
    await job.run()
    await job.run()

    assert before.status_code == 200
    for one, status in ((large, 404), (held, 404), (fine, 200)):
        raw = await inbox.http.get(f"/v1/received-mail/{one['id']}/raw")
        assert raw.status_code == status
    assert len(await inbox.all("/v1/received-mail", outcome="quarantined")) == 2
    answer = await inbox.http.post(f"/v1/received-mail/{held['id']}/release")
    assert (answer.status_code, answer.json()["code"]) == (409, "received_mail.nothing_kept")
    await delete_blobs(service.database, service.house.store).run()
    assert [p for p in (service.settings.data_dir / "blobs").rglob("*") if p.is_file()] == []


async def test_octets_that_another_delivery_needs_are_not_purged(
    inbox: Inbox, service: Service
) -> None:
    fine = await inbox.receive()
    await listed(inbox, "deny", address=CARLA)
    held = await inbox.receive()
    await _grow_old(service)

    await purge_spam(service.database).run()

    kept = await inbox.http.get(f"/v1/messages/{fine['message_id']}/raw")
    gone = await inbox.http.get(f"/v1/received-mail/{held['id']}/raw")
    assert (kept.status_code, gone.status_code) == (200, 404)


async def test_a_conversation_that_somebody_marked_is_purged_after_90_days(
    inbox: Inbox, service: Service
) -> None:
    spam = await inbox.take()
    other = await inbox.take(
        text="Another", sender="Dora <d@strict.example>", message_id="<2@strict.example>"
    )
    await inbox.patch(f"/v1/conversations/{spam['conversation_id']}", {"spam": True})
    job = purge_spam(service.database)

    await job.run()
    young = await inbox.http.get(f"/v1/messages/{spam['id']}")
    await _grow_old(service)
    await job.run()

    assert young.status_code == 200
    for path in (f"messages/{spam['id']}", f"conversations/{spam['conversation_id']}"):
        assert (await inbox.http.get(f"/v1/{path}")).status_code == 404
    assert (await inbox.get(f"/v1/messages/{other['id']}"))["id"] == other["id"]
    [row] = [r for r in await inbox.all("/v1/received-mail") if r["message_id"] is None]
    assert (row["outcome"], row["conversation_id"]) == ("accepted", None)
    assert "conversation.purged" in await types(inbox)


async def test_taking_the_mark_away_stops_the_clock(inbox: Inbox, service: Service) -> None:
    message = await inbox.take()
    path = f"/v1/conversations/{message['conversation_id']}"
    await inbox.patch(path, {"spam": True})
    await _grow_old(service)
    await inbox.patch(path, {"spam": False})

    await purge_spam(service.database).run()

    assert (await inbox.get(path))["spam"] is False
