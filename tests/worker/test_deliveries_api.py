"""What people do to mail that waits or has failed, by API."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from app.domain import accounts, outbox
from app.settings import Settings
from tests.builders import connected_channel, mail, read_kept
from tests.conftest import Account, Deliver, Service
from tests.sink import Sink
from tests.worker.conftest import Fates, Put

BOB, EVE = "bob@customer.example", "eve@customer.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"retry_seconds": ("3600",)})


@pytest.fixture
async def message_id(http: httpx.AsyncClient, deliver: Deliver) -> str:
    channel = await connected_channel(http)
    _, message = await read_kept(http, await deliver(mail(), channel["forwarding_address"]))
    found: str = message["id"]
    return found


async def test_a_failed_mail_is_listed_and_sent_again(
    relay: Sink, put: Put, fates: Fates, http: httpx.AsyncClient, message_id: str
) -> None:
    relay.refuse("RCPT", "550 5.7.1 No", who=BOB, times=1)
    await put(BOB, EVE, message_id=message_id)
    await fates("failed", "sent", message_id=message_id)
    dead = (await http.get("/v1/outbox?state=failed")).json()["items"]

    answer = await http.post(f"/v1/messages/{message_id}/deliveries/retry")
    await fates("sent", message_id=message_id)
    again = await http.post(f"/v1/messages/{message_id}/deliveries/retry")

    assert [(one["recipient"], one["detail"]) for one in dead] == [(BOB, "550 5.7.1 No")]
    assert answer.status_code == 200, answer.text
    assert {one["recipient"]: one["state"] for one in answer.json()["deliveries"]}[EVE] == "sent"
    assert again.status_code == 409
    assert again.json()["code"] == "outbox.nothing_to_retry"
    assert len({octets for _, _, octets in relay.mails}) == 1


async def test_what_waits_is_called_off_and_shows_as_failed(
    relay: Sink, put: Put, fates: Fates, http: httpx.AsyncClient, message_id: str
) -> None:
    relay.refuse("RCPT", "450 4.2.1 Busy", times=1)
    await put(BOB, message_id=message_id)
    await fates("deferred", message_id=message_id)
    path = f"/v1/messages/{message_id}/deliveries/cancel"

    answer = await http.post(path, json={"recipients": [BOB]})
    again = await http.post(path)
    stranger = await http.post(path, json={"recipients": [EVE]})

    (shown,) = answer.json()["deliveries"]
    assert (shown["state"], shown["detail"]) == ("failed", outbox.CANCELED_WORDS)
    assert again.json()["code"] == "outbox.nothing_to_cancel"
    assert stranger.json()["errors"][0]["pointer"] == "/recipients/0"
    assert relay.mails == []


async def test_a_bounce_is_noted_once_and_suppresses_until_somebody_lifts_it(
    relay: Sink,
    put: Put,
    fates: Fates,
    http: httpx.AsyncClient,
    service: Service,
    account: Account,
) -> None:
    await put(BOB)
    await fates("sent")
    now = datetime.now(UTC)

    for permanent in (False, True, True, False):
        async with service.database.writing() as db:
            await accounts.lock(db, [account.id])
            words = "550 5.1.1 Gone" if permanent else "Delayed"
            status = "5.1.1" if permanent else "4.4.1"
            await outbox.bounced(db, account.id, "msg_1", 0, words, status, permanent, now)
    item = (await fates("bounced"))[BOB]
    events = (await http.get("/v1/events?after=0&types=message.delivery_changed")).json()
    (found,) = (await http.get("/v1/suppressions")).json()["items"]
    lifted = await http.delete(f"/v1/suppressions/{found['id']}")

    assert item.detail == "550 5.1.1 Gone"
    assert [one["data"]["state"] for one in events["items"]] == ["sent", "sent", "bounced"]
    assert (found["address"], found["message_id"]) == (BOB, "msg_1")
    assert lifted.status_code == 204
    assert (await http.get("/v1/suppressions")).json()["items"] == []
