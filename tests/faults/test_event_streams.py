"""Open streams of events beside what ends and what runs elsewhere."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.faults.conftest import Start
from tests.faults.evidence import api
from tests.running import Running


def events_of(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream, until it ends."""
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_open_streams_do_not_keep_the_service_from_ending(process: Running) -> None:
    key = process.create_account()["api_key"]

    with api(process, key) as http, http.stream("GET", "/v1/events/stream") as response:
        lines = response.iter_lines()
        next(lines)
        began = time.monotonic()
        code = process.stop()
        lasted = time.monotonic() - began
        rest = list(lines)

    assert code == 0
    assert lasted < 10, "it waited for the stream (20 seconds are the drain's patience)"
    assert [line for line in rest if line] == []  # a clean end, not a broken connection


def test_what_another_process_commits_is_told_at_once(database_url: str, start: Start) -> None:
    if not database_url:
        pytest.skip("SQLite has one process")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: start(), range(2))
    key = one.create_account()["api_key"]

    waits = []
    with api(one, key) as http, http.stream("GET", "/v1/events/stream") as response:
        found = events_of(response)
        for number in range(4):
            began = time.monotonic()
            other.call(key, "POST", "/v1/contacts", {"name": f"Contact {number}"})
            assert next(found)["sequence"] == number + 1
            waits.append(time.monotonic() - began)

    # Without the other's word the stream would have looked by itself after five seconds.
    assert sorted(waits)[1] < 2


def test_a_reader_misses_nothing_of_writers_in_two_processes(
    database_url: str, start: Start
) -> None:
    if not database_url:
        pytest.skip("SQLite has one process")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: start(), range(2))
    key = one.create_account()["api_key"]
    each = 15

    def write(number: int) -> None:
        service = (one, other)[number % 2]
        for _ in range(each):
            service.call(key, "POST", "/v1/contacts", {"name": f"Writer {number}"})

    with (
        api(one, key) as http,
        http.stream("GET", "/v1/events/stream", params={"after": "0"}) as response,
        ThreadPoolExecutor(8) as pool,
    ):
        writers = [pool.submit(write, number) for number in range(8)]
        found = events_of(response)
        numbers = [next(found)["sequence"] for _ in range(8 * each)]
        for writer in writers:
            writer.result()

    assert numbers == list(range(1, 8 * each + 1))
