"""What the API says afterwards: the proof that nothing was lost and nothing came twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from tests.faults.sending import Letter
from tests.running import Running


def connect(service: Running, **fields: Any) -> tuple[str, str]:
    """A new account with a connected channel: its key and the forwarding address."""
    key = service.create_account()["api_key"]
    body = {"shared": True, "provider": "other", "connect": True, **fields}
    return key, service.call(key, "POST", "/v1/channels", body)["forwarding_address"]


def api(service: Running, key: str) -> httpx.Client:
    """A client of a running service."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=service.base, headers=headers, timeout=30)


def everything(http: httpx.Client, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """All items of a list."""
    cursor: str | None = ""
    while cursor is not None:
        wanted = {"limit": "200", **query, **({"cursor": cursor} if cursor else {})}
        answer = http.get(path, params=wanted)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        cursor = page["next_cursor"]


def assert_nothing_lost(http: httpx.Client, post: Sequence[Letter]) -> dict[str, int]:
    """
    Each letter is readable as exactly one message, octet for octet, by the id it was given.

    The letters are all that was ever sent to this account. Gives the ledger's outcomes.
    """
    ledger = {row["id"]: row for row in everything(http, "/v1/received-mail")}
    messages: dict[str, str] = {}
    for letter in post:
        assert letter.acknowledged
        for received_id in letter.acknowledged:
            assert ledger[received_id]["outcome"] in ("accepted", "duplicate")
            raw = http.get(f"/v1/received-mail/{received_id}/raw")
            assert raw.status_code == 200, raw.text
            assert raw.content == letter.raw
            message = http.get(f"/v1/messages/{ledger[received_id]['message_id']}").json()
            assert message["message_id"].strip("<>") == letter.message_id.strip("<>"), message
            messages.setdefault(message["id"], letter.message_id)
    outcomes = Counter(row["outcome"] for row in ledger.values() if row["outcome"] != "refused")
    assert len(set(messages.values())) == len(messages) == len(post)
    counted = sum(one["message_count"] for one in everything(http, "/v1/conversations"))
    assert counted == len(post)
    assert outcomes["accepted"] == len(post)
    assert set(outcomes) <= {"accepted", "duplicate"}
    return dict(outcomes)


def assert_events_without_gap(http: httpx.Client) -> list[dict[str, Any]]:
    """The account's events count from 1 without a gap. Gives them."""
    found: list[dict[str, Any]] = []
    after = "0"
    while True:
        page = http.get("/v1/events", params={"after": after, "limit": "200"}).json()
        found.extend(page["items"])
        if not page["items"]:
            break
        after = page["next_after"]
    assert [one["sequence"] for one in found] == list(range(1, len(found) + 1))
    return found
