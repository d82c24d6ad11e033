"""Two processes on one PostgreSQL hand out conversations at the same time: fairly, and once."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import DATABASES
from tests.faults.conftest import Start
from tests.faults.evidence import api, assert_events_without_gap, connect, everything
from tests.faults.sending import MailServer, letters

pytestmark = pytest.mark.skipif(
    "postgresql" not in DATABASES, reason="SQLite has one writing process"
)
CONVERSATIONS = int(os.environ.get("ROUTED_CONVERSATIONS", "300"))


async def test_turns_are_exact_with_two_processes(database_url: str, start: Start) -> None:
    if not database_url:
        pytest.skip("SQLite has one writing process")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: start(), range(2))
    key, address = connect(one)
    users = [
        one.call(key, "POST", "/v1/users", {"name": f"U{n}", "email": f"u{n}@team.example"})["id"]
        for n in range(7)
    ]
    with api(one, key) as http:
        [channel] = everything(http, "/v1/channels")
    rule = {"mode": "users_and_teams", "user_ids": users}
    one.call(key, "PUT", f"/v1/channels/{channel['id']}/routing", rule)
    half = CONVERSATIONS // 2

    await asyncio.gather(
        MailServer(one.smtp_port).deliver(letters(address, half, seed=1)),
        MailServer(other.smtp_port).deliver(letters(address, CONVERSATIONS - half, seed=2)),
    )

    with api(other, key) as http:
        found = list(everything(http, "/v1/conversations"))
        events = assert_events_without_gap(http)
    shares = Counter(one["assignee_id"] for one in found)
    assigned = Counter(
        event["data"]["conversation_id"]
        for event in events
        if event["type"] == "conversation.assigned"
    )
    assert len(found) == CONVERSATIONS
    assert set(shares) == set(users)
    assert max(shares.values()) - min(shares.values()) <= 1
    assert set(assigned.values()) == {1}
    assert len(assigned) == CONVERSATIONS
