"""D2 and D6: every delivery is listed, a fault loses no mail, what is kept can be read again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtplib import SMTPRecipientsRefused

from app.domain.inbound import reading
from app.mail import attribution
from tests.builders import kept, mail, new_user
from tests.conftest import Account
from tests.journeys.conftest import Inbox


class Fault(RuntimeError):
    """A fault of ours."""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Mails with the word BROKEN cannot be read."""
    parse = reading.parse

    def fail(raw: bytes) -> Any:
        if b"BROKEN" in raw:
            raise Fault("not this one\x00")
        return parse(raw)

    monkeypatch.setattr(reading, "parse", fail)
    return monkeypatch


async def test_refused_recipients_stand_in_the_ledger_of_the_domains_account(
    inbox: Inbox, account: Account, other_http: Any
) -> None:
    nobody = f"Nobody@{account.hosted_domain}"

    with pytest.raises(SMTPRecipientsRefused):
        await inbox.deliver(mail(), nobody, sender="spam@else.example")

    [row] = await inbox.refusals(1)
    found = await inbox.all("/v1/received-mail", recipient=nobody)
    raw = await inbox.http.get(f"/v1/received-mail/{row['id']}/raw")
    replay = await inbox.http.post(f"/v1/received-mail/{row['id']}/replay")
    assert row["recipient"] == nobody.lower()
    assert row["envelope_from"] == "spam@else.example"
    assert row["reason"].startswith("550 5.1.1")
    assert row["channel_id"] is None
    assert [one["id"] for one in found] == [row["id"]]
    assert raw.status_code == 404
    assert (replay.status_code, replay.json()["code"]) == (409, "received_mail.nothing_kept")
    assert (await other_http.get("/v1/received-mail")).json()["items"] == []


async def test_the_ledger_is_searched(inbox: Inbox) -> None:
    reply = await inbox.deliver(mail(), inbox.address, sender="Mover@Forwarder.example")
    await inbox.receive()
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    [wanted, *_] = kept(reply)

    by_sender = await inbox.all("/v1/received-mail", sender="Mover@Forwarder.example")
    by_named = await inbox.all("/v1/received-mail", sender="Mover <Mover@Forwarder.example>")
    by_recipient = await inbox.all("/v1/received-mail", recipient=inbox.address.upper())
    duplicates = await inbox.all("/v1/received-mail", outcome="duplicate")

    assert [one["id"] for one in by_sender] == [wanted]
    assert by_named == by_sender
    assert len(by_recipient) == 2
    assert len(duplicates) == 1
    assert await inbox.all("/v1/received-mail", since=later) == []


@pytest.mark.parametrize("write", [str.upper, str.lower, str.title])
async def test_the_ledger_finds_an_address_in_any_case(
    inbox: Inbox, write: Callable[[str], str]
) -> None:
    reply = await inbox.deliver(mail(), inbox.address.upper(), sender="Mover@Forwarder.EXAMPLE")

    by_sender = await inbox.all("/v1/received-mail", sender=write("mover@forwarder.example"))
    by_recipient = await inbox.all("/v1/received-mail", recipient=write(inbox.address))

    assert [one["id"] for one in by_sender] == kept(reply)
    assert by_recipient == by_sender
    assert by_sender[0]["envelope_from"] == "Mover@Forwarder.EXAMPLE"
    assert by_sender[0]["recipient"] == inbox.address.upper()


async def test_a_mail_that_cannot_be_read_is_kept_as_failed_and_the_others_arrive(
    inbox: Inbox, broken: pytest.MonkeyPatch
) -> None:
    raw = mail("BROKEN", message_id="<2@customer.example>")

    failed = await inbox.receive(raw)
    fine = await inbox.receive()

    kept_raw = await inbox.http.get(f"/v1/received-mail/{failed['id']}/raw")
    assert failed["outcome"] == "failed"
    assert "Fault" in failed["reason"]
    assert failed["message_id"] is None
    assert kept_raw.content == raw
    assert fine["outcome"] == "accepted"
    assert [one["id"] for one in await inbox.all("/v1/received-mail", outcome="failed")] == [
        failed["id"]
    ]


async def test_a_mail_that_breaks_its_group_is_the_only_one_that_fails(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = attribution.attribute

    def fail(message: Any, *rest: Any) -> Any:
        if "BROKEN" in message.text:
            raise Fault
        return decide(message, *rest)

    monkeypatch.setattr(attribution, "attribute", fail)
    failed = await inbox.receive(mail("BROKEN", message_id="<2@customer.example>"))
    fine = await inbox.receive()

    assert (failed["outcome"], fine["outcome"]) == ("failed", "accepted")


async def test_a_failed_mail_is_processed_again(inbox: Inbox, broken: pytest.MonkeyPatch) -> None:
    failed = await inbox.receive(mail("BROKEN"))
    path = f"/v1/received-mail/{failed['id']}"
    still = await inbox.post(f"{path}/replay")
    broken.undo()

    dry = await inbox.post(f"{path}/replay", {"dry_run": True})
    untouched = await inbox.get(path)
    done = await inbox.post(f"{path}/replay")
    after = await inbox.get(path)
    again = await inbox.post(f"{path}/replay")

    assert still["outcome"] == "failed"
    assert (dry["outcome"], dry["message_id"]) == ("accepted", None)
    assert dry["changes"] == [{"field": "outcome", "before": "failed", "after": "accepted"}]
    assert untouched["outcome"] == "failed"
    assert done["outcome"] == after["outcome"] == "accepted"
    assert after["message_id"] == done["message_id"] == again["message_id"]
    assert again["changes"] == []
    message = await inbox.get(f"/v1/messages/{after['message_id']}")
    assert message["author"]["address"] == "carla@customer.example"
    assert len(await inbox.all("/v1/conversations")) == 1
    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert types.count("message.received") == 1


async def test_a_failed_mail_whose_retry_arrived_is_a_duplicate(
    inbox: Inbox, broken: pytest.MonkeyPatch
) -> None:
    failed = await inbox.receive(mail("BROKEN"))
    broken.undo()
    fine = await inbox.receive(mail("BROKEN"))

    done = await inbox.post(f"/v1/received-mail/{failed['id']}/replay")

    assert (done["outcome"], done["message_id"]) == ("duplicate", fine["message_id"])


async def test_a_replay_shows_what_a_better_reading_changes(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    split = reading.quoting.split
    worse = split("Hello", "")
    monkeypatch.setattr(reading.quoting, "split", lambda *_: worse)
    received = await inbox.receive(text="It works now.\n\n> Does it work?")
    monkeypatch.undo()
    path = f"/v1/received-mail/{received['id']}/replay"

    dry = await inbox.post(path, {"dry_run": True})
    before = await inbox.get(f"/v1/messages/{received['message_id']}")
    await inbox.post(path)
    after = await inbox.get(f"/v1/messages/{received['message_id']}")

    changed = {one["field"]: one["after"].strip() for one in dry["changes"]}
    assert changed["reply_text"] == "It works now."
    assert before["reply_text"].strip() == "Hello"
    assert after["reply_text"].strip() == "It works now."
    assert (await inbox.post(path))["changes"] == []


async def test_a_replay_leaves_a_forward_as_it_is_shown(inbox: Inbox) -> None:
    await new_user(inbox.http)
    inner = mail(sender="Dora <dora@strict.example>", message_id="<lamp@strict.example>")
    head = (
        "From: Ann <ann@acme.example>\r\nTo: support@acme.example\r\nSubject: Fwd: Lamp\r\n"
        "Message-ID: <fwd@acme.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nPlease look.\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    received = await inbox.receive(head.encode() + inner + b"\r\n--b--\r\n")

    replayed = await inbox.post(f"/v1/received-mail/{received['id']}/replay", {"dry_run": True})

    assert replayed["changes"] == []


async def test_a_correction_survives_a_replay(inbox: Inbox) -> None:
    received = await inbox.receive()
    path = f"/v1/messages/{received['message_id']}"
    await inbox.post(f"{path}/reattribute", {"address": "dora@strict.example"})

    await inbox.post(f"/v1/received-mail/{received['id']}/replay")

    assert (await inbox.get(path))["author"]["address"] == "dora@strict.example"


async def test_the_ledger_follows_a_message_that_was_moved(inbox: Inbox) -> None:
    one = await inbox.receive()
    two = await inbox.receive(text="Another", message_id="<2@customer.example>")

    await inbox.post(
        f"/v1/conversations/{two['conversation_id']}/merge", {"into": one["conversation_id"]}
    )

    now = await inbox.get(f"/v1/received-mail/{two['id']}")
    assert now["conversation_id"] == one["conversation_id"]
    rows = await inbox.all("/v1/received-mail")
    assert {row["conversation_id"] for row in rows} == {one["conversation_id"]}
