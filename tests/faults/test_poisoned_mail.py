"""One mail that we cannot understand among many that arrive together: kept, listed, replayed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.domain import conversations
from app.domain.inbound import receiving
from app.settings import Settings
from app.smtp.intake import MailIntake
from tests.builders import connected_channel, kept
from tests.conftest import Account, Deliver, Service
from tests.faults.sending import Letter, letters
from tests.running import Running

POISON = "Question 1.3"


class Fault(Exception):
    """A mistake of ours."""


def break_understanding(patch: pytest.MonkeyPatch) -> None:
    """Understanding raises for one mail from now on."""
    healthy = conversations.take_in

    async def broken(db: Any, incoming: Sequence[Any], *more: Any, **named: Any) -> Any:
        done = await healthy(db, incoming, *more, **named)  # what it has written has to be undone
        if any(one.subject == POISON for one in incoming):
            raise Fault("this subject is too much for us")
        return done

    patch.setattr(conversations, "take_in", broken)


def break_reading(patch: pytest.MonkeyPatch) -> None:
    """Reading raises for one mail from now on."""
    healthy = receiving.read

    def broken(raw: bytes, reverse_path: str) -> Any:
        if f"Subject: {POISON}\r\n".encode() in raw:
            raise Fault("these octets are too much for us")
        return healthy(raw, reverse_path)

    patch.setattr(receiving, "read", broken)


async def deliver_together(
    deliver: Deliver, address: str, post: Sequence[Letter], patch: pytest.MonkeyPatch
) -> list[int]:
    """Deliver the letters at one time, so that they share a commit; the sizes of the groups."""
    groups: list[int] = []
    transaction = MailIntake._transaction
    arrived = asyncio.Event()

    async def wait_for_all(self: MailIntake, arrivals: Sequence[Any]) -> Any:
        if not groups:  # the first commit takes until all others wait for the next one
            groups.append(len(arrivals))
            await arrived.wait()
        else:
            groups.append(len(arrivals))
        return await transaction(self, arrivals)

    keep, begun = MailIntake.keep, 0

    async def count(self: MailIntake, mail: Any) -> list[str]:
        nonlocal begun
        begun += 1
        if begun == len(post):
            arrived.set()
        return await keep(self, mail)

    patch.setattr(MailIntake, "_transaction", wait_for_all)
    patch.setattr(MailIntake, "keep", count)
    replies = await asyncio.gather(*(deliver(letter.raw, address) for letter in post))
    for letter, reply in zip(post, replies, strict=True):
        letter.acknowledged.extend(kept(reply))
    return groups


@pytest.mark.parametrize(
    ("spoil", "by"),
    [(break_understanding, "API"), (break_reading, "API"), (break_understanding, "command line")],
)
async def test_one_poisoned_mail_of_a_group_is_kept_as_failed_and_replayed(
    spoil: Any,
    by: str,
    service: Service,
    account: Account,
    http: httpx.AsyncClient,
    deliver: Deliver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = (await connected_channel(http))["forwarding_address"]
    post = letters(address, 8, large_every=0)
    poisoned = post[3]
    assert f"Subject: {POISON}\r\n".encode() in poisoned.raw

    with monkeypatch.context() as patch, capture_logs() as logged:
        spoil(patch)
        groups = await deliver_together(deliver, address, post, patch)
        still = await http.post(f"/v1/received-mail/{poisoned.acknowledged[0]}/replay")
        trial = await http.post(
            f"/v1/received-mail/{poisoned.acknowledged[0]}/replay", json={"dry_run": True}
        )

    assert "mail_failed" in {line["event"] for line in logged}
    assert sum(groups) == len(post)
    assert max(groups) > 2, groups
    assert (still.status_code, still.json()["outcome"]) == (200, "failed")
    assert (trial.status_code, trial.json()["outcome"]) == (200, "failed")
    failed = (await http.get("/v1/received-mail", params={"outcome": "failed"})).json()["items"]
    assert [one["id"] for one in failed] == poisoned.acknowledged
    assert "too much for us" in failed[0]["reason"]
    accepted = (await http.get("/v1/received-mail", params={"outcome": "accepted"})).json()["items"]
    assert len(accepted) == len(post) - 1
    conversations = (await http.get("/v1/conversations")).json()["items"]
    assert POISON not in {one["subject"] for one in conversations}
    assert len(conversations) == len(post) - 1
    raw = await http.get(f"/v1/received-mail/{poisoned.acknowledged[0]}/raw")
    assert raw.content == poisoned.raw

    trial = await http.post(
        f"/v1/received-mail/{poisoned.acknowledged[0]}/replay", json={"dry_run": True}
    )
    assert trial.json()["outcome"] == "accepted"
    assert len((await http.get("/v1/contacts")).json()["items"]) == len(post) - 1

    await replay(by, service, http, poisoned.acknowledged[0])

    row = (await http.get(f"/v1/received-mail/{poisoned.acknowledged[0]}")).json()
    assert row["outcome"] == "accepted"
    message = (await http.get(f"/v1/messages/{row['message_id']}")).json()
    assert message["subject"] == POISON
    conversations = (await http.get("/v1/conversations")).json()["items"]
    assert len(conversations) == len(post)
    contacts = (await http.get("/v1/contacts")).json()["items"]
    assert len(contacts) == len(post)
    events = (await http.get("/v1/events", params={"limit": 200})).json()["items"]
    assert [one["sequence"] for one in events] == list(range(1, len(events) + 1))


async def replay(by: str, service: Service, http: httpx.AsyncClient, received_id: str) -> None:
    """Have the mail processed again, twice: the second time changes nothing."""
    if by == "command line":
        command = Running(service.settings.data_dir, 0, 0, environment_of(service.settings))
        words = await asyncio.to_thread(command.command, "mail", "replay", received_id)
        assert words.split()[:2] == [received_id, "accepted"]
    for _ in range(2):
        answer = await http.post(f"/v1/received-mail/{received_id}/replay")
        assert answer.json()["outcome"] == "accepted", answer.text


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables by which a command finds the service's database."""
    return {
        **os.environ,
        "HOSTED_INBOX_DATABASE_URL": settings.database_url,
        "HOSTED_INBOX_DATA_DIR": str(settings.data_dir),
        "HOSTED_INBOX_SECRET_KEY": settings.secret_key,
    }
