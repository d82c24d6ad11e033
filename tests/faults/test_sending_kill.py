"""A power cut in the middle of sending: everybody gets his answer, at most twice, as one mail."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from app.mail.parse import parse
from tests.conftest import DATABASES
from tests.faults.conftest import Start
from tests.faults.evidence import assert_events_without_gap
from tests.faults.sending import MailServer, letters
from tests.running import Running
from tests.sink import Sink, sink

REPLIES = 200
LEASE = 60  # seconds after which another process takes over what a dead one had claimed


async def write_replies(service: Running, number: int) -> tuple[str, list[str]]:
    """Answers to so many people in one conversation; the account's key, and who they are."""
    key = (await asyncio.to_thread(service.create_account))["api_key"]
    headers = {"Authorization": f"Bearer {key}"}
    people = [f"person{n}@customer.example" for n in range(number)]
    async with httpx.AsyncClient(base_url=service.base, headers=headers, timeout=60) as http:
        body = {"shared": True, "provider": "other", "connect": True}
        channel = (await http.post("/v1/channels", json=body)).json()
        await MailServer(service.smtp_port).deliver(letters(channel["forwarding_address"], 1))
        user = (
            await http.post("/v1/users", json={"name": "Ann", "email": "ann@acme.example"})
        ).json()
        (conversation,) = (await http.get("/v1/conversations")).json()["items"]

        async def answer(person: str) -> None:
            reply = await http.post(
                f"/v1/conversations/{conversation['id']}/replies",
                json={"text": "Here it is.", "author_id": user["id"], "to": [person], "cc": []},
            )
            assert reply.status_code == 202, reply.text

        for start in range(0, number, 20):
            await asyncio.gather(*(answer(person) for person in people[start : start + 20]))
    return key, people


def copies(there: Sink) -> Counter[str]:
    """How often each recipient got something."""
    return Counter(recipients[0] for _, recipients, _ in there.mails)


async def all_reached(there: Sink, people: list[str], patience: float) -> None:
    """Everybody has his mail when this returns."""
    async with asyncio.timeout(patience):
        while set(copies(there)) < set(people):
            there.changed.clear()
            await there.changed.wait()


async def all_sent(service: Running, key: str) -> None:
    """Nothing waits any more when this returns."""
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=service.base, headers=headers, timeout=60) as http:
        async with asyncio.timeout(2 * LEASE):
            path = "/v1/outbox?state=queued&state=deferred&limit=1"
            while (await http.get(path)).json()["items"]:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)


async def test_kill_9_while_sending_200_replies_loses_none_and_sends_none_more_than_twice(
    start: Start,
) -> None:
    async with sink() as there:
        there.latency = 2.0  # so that many are on their way when the power goes
        service = await asyncio.to_thread(start, RELAY_URL=there.url)
        key, people = await write_replies(service, REPLIES)
        await there.received(20)

        service.kill()
        at_the_kill = len(there.mails)
        there.latency = 0.01
        await asyncio.to_thread(service.start)

        await all_reached(there, people, LEASE + 60)
        await all_sent(service, key)
        with httpx.Client(
            base_url=service.base, headers={"Authorization": f"Bearer {key}"}, timeout=30
        ) as http:
            assert_events_without_gap(http)

    assert at_the_kill < REPLIES
    found = copies(there)
    assert set(found) == set(people)
    assert max(found.values()) <= 2
    ids: dict[str, set[str]] = {}
    for _, recipients, octets in there.mails:
        ids.setdefault(recipients[0], set()).add(parse(octets).message_id or "")
    assert {len(some) for some in ids.values()} == {1}
    assert len({next(iter(some)) for some in ids.values()}) == REPLIES


@pytest.mark.skipif("postgresql" not in DATABASES, reason="SQLite has one sending process")
async def test_two_processes_on_one_database_send_nothing_twice(
    start: Start, database_url: str
) -> None:
    if not database_url:
        pytest.skip("SQLite has one sending process")
    async with sink() as there:
        there.latency = 0.01
        one = await asyncio.to_thread(start, RELAY_URL=there.url)
        await asyncio.to_thread(start, RELAY_URL=there.url)

        key, people = await write_replies(one, REPLIES)
        await all_reached(there, people, 60)
        await all_sent(one, key)

    assert set(copies(there).values()) == {1}
    assert there.sessions > 1
