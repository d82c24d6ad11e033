"""From a row in the outbox to its fate, against a mail server that answers as it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.domain import outbox
from tests.builders import mail
from tests.conftest import Account, Service
from tests.sink import Sink
from tests.worker.conftest import Fates, Put

BOB, EVE = "bob@customer.example", "eve@customer.example"


async def events(http: httpx.AsyncClient, *types: str) -> list[dict[str, Any]]:
    found = (await http.get("/v1/events?after=0&limit=200")).json()["items"]
    return [one for one in found if one["type"] in types]


async def test_each_recipient_gets_the_octets_with_a_return_path_of_his_own(
    relay: Sink, put: Put, fates: Fates, http: httpx.AsyncClient
) -> None:
    raw = mail("Dots:\n.\n..two\nend")

    await put(BOB, EVE, raw=raw)
    items = await fates("sent")

    assert sorted((sender, to) for sender, to, _ in relay.mails) == [
        ("bounce-0@acme.inbox.localhost", [BOB]),
        ("bounce-1@acme.inbox.localhost", [EVE]),
    ]
    assert [octets for _, _, octets in relay.mails] == [raw, raw]
    assert items[BOB].attempts == 1
    assert items[BOB].sent_at is not None
    assert "queued as 4711" in items[BOB].detail
    sent = await events(http, "message.sent")
    assert [one["data"] for one in sent] == [{"message_id": "msg_1"}]
    changed = await events(http, "message.delivery_changed")
    assert {(one["data"]["recipient"], one["data"]["state"]) for one in changed} == {
        (BOB, "sent"),
        (EVE, "sent"),
    }


async def test_sessions_are_used_again(relay: Sink, put: Put, fates: Fates) -> None:
    await put(BOB)
    await fates("sent")

    for number in range(2, 6):
        await put(BOB, message_id=f"msg_{number}")
        await fates("sent", message_id=f"msg_{number}")

    assert len(relay.mails) == 5
    assert relay.sessions == 1


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "END"])
async def test_a_5yz_fails_at_once_in_the_other_side_s_words(
    stage: str, relay: Sink, put: Put, fates: Fates
) -> None:
    relay.refuse(stage, "550 5.7.1 We do not like you")

    await put(BOB)
    item = (await fates("failed"))[BOB]

    assert item.detail == "550 5.7.1 We do not like you"
    assert item.attempts == 1
    assert relay.mails == []


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "END"])
async def test_a_4yz_is_tried_again_until_it_is_taken(
    stage: str, relay: Sink, put: Put, fates: Fates
) -> None:
    relay.refuse(stage, "451 4.7.1 Greylisted", times=1)

    await put(BOB)
    deferred = (await fates("deferred"))[BOB]
    sent = (await fates("sent"))[BOB]

    assert deferred.detail == "451 4.7.1 Greylisted"
    assert deferred.attempts == 1
    assert sent.attempts == 2
    assert len(relay.mails) == 1


async def test_a_relay_that_is_out_of_step_is_hung_up_on(
    relay: Sink, put: Put, fates: Fates
) -> None:
    relay.refuse("DATA", "250 2.0.0 That was for the command before", times=1)

    await put(BOB)
    deferred = (await fates("deferred"))[BOB]
    await fates("sent")

    assert deferred.detail.startswith("250 ")
    assert "RSET" not in relay.commands
    assert (relay.sessions, len(relay.mails)) == (2, 1)


async def test_one_refused_recipient_does_not_keep_the_others_from_theirs(
    relay: Sink, put: Put, fates: Fates
) -> None:
    relay.refuse("RCPT", "550 5.1.1 No such user", who=BOB)

    await put(BOB, EVE)
    items = await fates("failed", "sent")

    assert (items[BOB].state, items[EVE].state) == ("failed", "sent")


async def test_after_the_last_try_it_has_failed_with_the_last_answer(
    relay: Sink, put: Put, fates: Fates
) -> None:
    relay.refuse("RCPT", "450 4.2.1 Busy")

    await put(BOB)
    item = (await fates("failed"))[BOB]

    assert item.attempts == 3
    assert item.detail == "Gave up after 3 tries. The last answer: 450 4.2.1 Busy"


@pytest.mark.parametrize("stage", ["DATA", "END"])
async def test_a_connection_cut_in_the_middle_of_a_mail_is_tried_again(
    stage: str, relay: Sink, put: Put, fates: Fates
) -> None:
    relay.refuse(stage, None, times=1)

    await put(BOB, raw=mail("line\n" * 60_000))
    item = (await fates("sent"))[BOB]

    assert item.attempts == 2
    assert len(relay.mails) == 1


async def test_a_session_that_the_relay_closed_meanwhile_costs_no_try(
    relay: Sink, put: Put, fates: Fates
) -> None:
    await put(BOB)
    await fates("sent")

    relay.hang_up()
    await put(BOB, message_id="msg_2")
    item = (await fates("sent", message_id="msg_2"))[BOB]

    assert item.attempts == 1
    assert relay.sessions == 2


async def test_while_the_relay_refuses_us_mail_waits_and_costs_no_tries(
    relay: Sink, put: Put, fates: Fates, http: httpx.AsyncClient
) -> None:
    relay.refuse("CONNECT", "421 4.3.2 Closed for today")

    await put(BOB, EVE)
    waiting = await fates("deferred")
    health = (await http.get("/health/ready")).json()
    relay.relent()
    items = await fates("sent")

    assert waiting[BOB].attempts == 0
    assert "421" in waiting[BOB].detail
    assert health["status"] == "ready"
    assert any("Sending is paused" in note for note in health["notes"])
    assert {item.attempts for item in items.values()} == {1}
    assert (await http.get("/health/ready")).json()["notes"] == []


async def test_mail_larger_than_the_relay_takes_fails_before_it_is_handed_over(
    relay: Sink, put: Put, fates: Fates
) -> None:
    await put(BOB, raw=mail("x" * 70 + "\n" * 41_000_000))
    item = (await fates("failed"))[BOB]

    assert "takes at most 40000000" in item.detail
    assert not any(one.startswith("MAIL") for one in relay.commands)


async def test_internationalised_mail_says_so(relay: Sink, put: Put, fates: Fates) -> None:
    await put("jörg@müller.example", smtputf8=True)
    await put("bob@müller.example", message_id="msg_2")
    await fates("sent")
    await fates("sent", message_id="msg_2")

    commands = [one for one in relay.commands if one.startswith(("MAIL", "RCPT"))]
    assert sum("SMTPUTF8" in one for one in commands) == 1
    assert "RCPT TO:<jörg@müller.example>" in commands
    assert "RCPT TO:<bob@xn--mller-kva.example>" in commands


async def test_an_address_that_would_end_the_command_is_not_said(
    relay: Sink, put: Put, fates: Fates
) -> None:
    await put("bob@x.example>\r\nRCPT TO:<eve@x.example")
    (item,) = (await fates("failed")).values()

    assert item.detail == "This is no address that SMTP can carry."
    assert not any(one.startswith("RCPT") for one in relay.commands)


@pytest.mark.parametrize(
    ("reply", "suppressed"),
    [
        ("550 5.1.1 No such user", True),
        ("550 5.2.1 Disabled", True),
        ("552 5.2.2 Mailbox full", False),
        ("550 5.7.1 Policy", False),
        ("550 No such user", False),
    ],
)
async def test_only_what_speaks_of_the_address_suppresses_it(
    reply: str, suppressed: bool, relay: Sink, put: Put, fates: Fates, http: httpx.AsyncClient
) -> None:
    relay.refuse("RCPT", reply)

    await put(BOB)
    await fates("failed")

    found = (await http.get("/v1/suppressions")).json()["items"]
    assert [one["address"] for one in found] == ([BOB] if suppressed else [])


async def test_numbers_of_the_outbox_are_shown(
    relay: Sink, put: Put, fates: Fates, http: httpx.AsyncClient, service: Service
) -> None:
    await put(BOB)
    await fates("sent")

    text = (await http.get("/metrics")).text

    assert 'hosted_inbox_outbox_results_total{result="sent"} 1.0' in text
    assert "hosted_inbox_outbox_waiting " in text
    assert "hosted_inbox_outbox_oldest_seconds " in text


async def test_a_claim_is_for_one_alone_until_it_runs_out(
    service: Service, account: Account, put: Put, fates: Fates, relay: Sink
) -> None:
    relay.refuse("CONNECT", "421 Closed")
    await put(BOB)
    await fates("deferred")
    now = datetime.now(UTC) + timedelta(hours=1)

    async with service.database.writing() as db:
        first = await outbox.claim(db, "snd_a", 10, now)
        second = await outbox.claim(db, "snd_b", 10, now)
        late = await outbox.claim(db, "snd_b", 10, now + outbox.LEASE)
        lost = await outbox.renew(db, "snd_a", first, now + outbox.LEASE)
        kept = await outbox.renew(db, "snd_b", late, now + outbox.LEASE)

    assert [len(first), len(second), len(late)] == [1, 0, 1]
    assert (lost, kept) == (set(), {late[0].id})
