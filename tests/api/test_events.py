"""Following what happens in an account: by cursor and as a stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.api import event_stream
from app.domain import accounts, events
from app.settings import Settings
from app.worker.retention import forget_old_events
from tests.conftest import Account, Service
from tests.serving import served


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"event_stream_seconds": 60.0})


async def team(http: httpx.AsyncClient, number: int = 1) -> None:
    answer = await http.post("/v1/contacts", json={"name": f"Contact {number}"})
    assert answer.status_code == 201, answer.text


async def page(http: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await http.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def age(service: Service, account_id: str, up_to: int, days: int) -> None:
    """As if the events up to this number had happened so many days ago."""
    then = datetime.now(UTC) - timedelta(days=days)
    async with service.database.writing() as db:
        await db.execute(
            update(events.Event)
            .where(events.Event.account_id == account_id, events.Event.sequence <= up_to)
            .values(created_at=then)
        )


@dataclass(slots=True)
class Stream:
    """An open stream, read frame by frame."""

    response: httpx.Response
    lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.response.aiter_lines()

    async def frame(self) -> dict[str, str]:
        """The fields of the next frame that has any; empty: the stream has ended."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(20):
            async for line in self.lines:
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif fields:
                    return fields
        return fields

    async def event(self) -> dict[str, Any]:
        """The next event."""
        frame = await self.frame()
        event: dict[str, Any] = json.loads(frame["data"])
        assert frame["id"] == str(event["sequence"])
        assert frame["event"] == event["type"]
        return event


Open = Callable[..., contextlib.AbstractAsyncContextManager[Stream]]


@pytest.fixture
async def base(service: Service) -> AsyncIterator[str]:
    async with served(service.app) as url:
        yield url


@pytest.fixture
def stream(base: str, account: Account) -> Open:
    """Open a stream with the account's key; the frame that sets the pause is read already."""

    @contextlib.asynccontextmanager
    async def begin(
        headers: dict[str, str] | None = None, key: str = account.key, **query: Any
    ) -> AsyncIterator[Stream]:
        bearer = {"authorization": f"Bearer {key}", **(headers or {})}
        async with (
            httpx.AsyncClient(base_url=base, headers=bearer, timeout=20) as http,
            http.stream("GET", "/v1/events/stream", params=query) as response,
        ):
            assert response.status_code == 200, await response.aread()
            found = Stream(response)
            assert await found.frame() == {"retry": "2000"}
            yield found

    return begin


async def test_the_log_is_read_piece_by_piece_to_its_end(http: httpx.AsyncClient) -> None:
    for number in range(5):
        await team(http, number)

    first = await page(http, limit=3)
    second = await page(http, limit=3, after=first["next_after"])
    nothing = await page(http, after=second["next_after"])

    numbers = [one["sequence"] for one in [*first["items"], *second["items"]]]
    assert numbers == [1, 2, 3, 4, 5]
    assert nothing == {"items": [], "next_after": "5"}


async def test_a_reader_of_few_types_gets_past_the_others(http: httpx.AsyncClient) -> None:
    await team(http)
    await http.post("/v1/channels", json={"shared": True, "provider": "other"})
    await team(http)

    found = await page(http, types="channel.*")
    one = await page(http, types="contact.created,ticket.created", limit=1)

    assert [event["type"] for event in found["items"]] == ["channel.created"]
    assert found["next_after"] == "3"
    assert one["next_after"] == "1"


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "²", "99999999999999999999", "7"])
async def test_a_place_that_there_never_was_is_refused(http: httpx.AsyncClient, after: str) -> None:
    await team(http)

    for path in ("/v1/events", "/v1/events/stream"):
        answer = await http.get(path, params={"after": after})

        assert (answer.status_code, answer.json()["code"]) == (400, "request.bad_cursor")


async def test_old_events_are_forgotten_from_the_beginning_on(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    for number in range(5):
        await team(http, number)
        await team(other_http, number)
    await age(service, account.id, up_to=3, days=31)

    await forget_old_events(service.database, days=30).run()

    assert [one["sequence"] for one in (await page(http))["items"]] == [4, 5]
    assert len((await page(other_http))["items"]) == 5


async def test_a_long_past_is_forgotten_in_pieces(
    http: httpx.AsyncClient, account: Account, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(7):
        await team(http, number)
    await age(service, account.id, up_to=7, days=31)
    monkeypatch.setattr("app.domain.events.following.PIECE", 2)
    before = datetime.now(UTC) - timedelta(days=30)

    async with service.database.writing() as db:
        assert await events.forget_older(db, account.id, before) == 2
    assert (await page(http))["items"][0]["sequence"] == 3
    await forget_old_events(service.database, days=30).run()

    assert await page(http) == {"items": [], "next_after": "7"}


async def test_who_was_away_for_too_long_is_told_so(
    http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    for number in range(3):
        await team(http, number)
    await age(service, account.id, up_to=2, days=31)
    await forget_old_events(service.database, days=30).run()

    late = [
        await http.get("/v1/events", params={"after": "1"}),
        await http.get("/v1/events/stream", params={"after": "1"}),
        await http.get("/v1/events/stream", headers={"last-event-id": "0"}),
    ]
    in_time = await page(http, after="2")
    anew = await page(http)

    for answer in late:
        assert (answer.status_code, answer.json()["code"]) == (410, "events.after_too_old")
    assert [one["sequence"] for one in in_time["items"]] == [3]
    assert in_time == anew


async def test_when_everything_is_forgotten_the_numbers_go_on(
    http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    await team(http)
    await age(service, account.id, up_to=1, days=31)
    await forget_old_events(service.database, days=30).run()

    await team(http)

    assert [one["sequence"] for one in (await page(http, after="1"))["items"]] == [2]


async def test_a_stream_gives_what_was_and_what_comes(
    http: httpx.AsyncClient, stream: Open
) -> None:
    await team(http, 1)
    await team(http, 2)

    async with stream(after="1") as following:
        past = await following.event()
        await team(http, 3)
        fresh = await following.event()

    assert (past["sequence"], fresh["sequence"]) == (2, 3)
    assert [past, fresh] == (await page(http, after="1"))["items"]
    assert following.response.headers["content-type"].startswith("text/event-stream")


async def test_a_stream_without_a_place_begins_now(http: httpx.AsyncClient, stream: Open) -> None:
    await team(http, 1)

    async with stream() as following:
        await team(http, 2)

        assert (await following.event())["sequence"] == 2


async def test_a_stream_goes_on_behind_the_last_id(http: httpx.AsyncClient, stream: Open) -> None:
    for number in range(4):
        await team(http, number)

    async with stream({"Last-Event-ID": "3"}, after="1") as following:
        assert (await following.event())["sequence"] == 4


async def test_a_stream_of_some_types_leaves_the_others_out(
    http: httpx.AsyncClient, stream: Open
) -> None:
    async with stream(types="channel.created") as following:
        await team(http)
        await http.post("/v1/channels", json={"shared": True, "provider": "other"})

        assert (await following.event())["type"] == "channel.created"


async def test_more_than_a_piece_arrives_whole(http: httpx.AsyncClient, stream: Open) -> None:
    for number in range(130):
        await team(http, number)

    async with stream(after="0") as following:
        numbers = [(await following.event())["sequence"] for _ in range(130)]

    assert numbers == list(range(1, 131))


async def test_a_silent_stream_shows_that_it_lives(
    stream: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.event_stream.HEARTBEAT", 0.0)
    monkeypatch.setattr("app.api.event_stream.LOOK", 0.01)

    async with stream() as following:
        lines = [await anext(following.lines) for _ in range(4)]

    assert lines == [": still here", "", ": still here", ""]


async def test_nobody_sees_the_events_of_another_account(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, stream: Open
) -> None:
    async with stream(after="0") as following:
        await team(other_http)
        await team(http)
        event = await following.event()

    assert event["data"] == (await page(http))["items"][0]["data"]


async def test_a_key_has_only_so_many_streams(
    stream: Open, base: str, account: Account, service: Service
) -> None:
    service.house.streams.most = 2
    bearer = {"authorization": f"Bearer {account.key}"}

    async with stream(), stream(), httpx.AsyncClient(base_url=base, headers=bearer) as http:
        refused = await http.get("/v1/events/stream")

    assert (refused.status_code, refused.json()["code"]) == (429, "events.too_many_streams")
    assert refused.headers["retry-after"]
    async with asyncio.timeout(10):
        while True:  # a place is free as soon as the server has seen that a client left
            with contextlib.suppress(AssertionError):
                async with stream():
                    break


async def test_open_streams_hold_no_connection_of_the_database(
    http: httpx.AsyncClient, stream: Open, service: Service
) -> None:
    service.house.streams.most = 100

    async with contextlib.AsyncExitStack() as stack:
        following = [await stack.enter_async_context(stream()) for _ in range(40)]
        await team(http)
        numbers = [(await one.event())["sequence"] for one in following]

    assert numbers == [1] * 40


async def test_a_client_that_does_not_read_costs_one_piece(
    http: httpx.AsyncClient, account: Account, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await team(http, number)
    monkeypatch.setattr(event_stream, "PIECE", 1)
    sent: list[bytes] = []
    stuck = asyncio.Event()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))
        if b"id: " in sent[-1]:
            stuck.set()
            await asyncio.Event().wait()  # the connection takes nothing more

    bearer = f"Bearer {account.key}".encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/events/stream",
        "raw_path": b"/v1/events/stream",
        "query_string": b"after=0",
        "root_path": "",
        "headers": [(b"authorization", bearer)],
        "server": ("inbox.test", 80),
        "client": ("127.0.0.1", 1),
    }
    read = 0
    original = events.list_events

    async def counting(*given: Any, **more: Any) -> events.Piece:
        nonlocal read
        read += 1
        return await original(*given, **more)

    monkeypatch.setattr(event_stream.events, "list_events", counting)
    task = asyncio.create_task(service.app(scope, receive, send))
    async with asyncio.timeout(10):
        await stuck.wait()
    await team(http, 5)
    reads = read
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

    assert reads == 2  # to see whether the place is kept, and the one piece
    assert sum(b"id: " in piece for piece in sent) == 1


async def test_a_revoked_key_follows_no_longer(
    http: httpx.AsyncClient, stream: Open, key_http: Callable[..., Awaitable[httpx.AsyncClient]]
) -> None:
    reader = await key_http("events:read")
    key = reader.headers["authorization"].removeprefix("Bearer ")
    [other] = [
        one["id"]
        for one in (await http.get("/v1/api-keys")).json()["items"]
        if one["scopes"] == ["events:read"]
    ]

    async with stream(key=key) as following:
        await http.delete(f"/v1/api-keys/{other}")
        await team(http)

        assert await following.frame() == {}


async def test_streams_end_when_the_service_does(stream: Open, service: Service) -> None:
    async with stream() as following:
        service.house.streams.ended = True
        service.house.wakeups.wake_all()

        assert await following.frame() == {}


async def write_many(service: Service, account_id: str, count: int) -> None:
    """Transactions of one to three events each, some of them undone."""
    for number in range(count):
        with contextlib.suppress(ZeroDivisionError):
            async with service.database.writing() as db:
                await accounts.lock(db, [account_id])
                news = [
                    events.NewEvent(account_id, "test.done", {"number": number})
                    for _ in range(number % 3 + 1)
                ]
                await events.record(db, news, datetime.now(UTC))
                await asyncio.sleep(0)
                if number % 5 == 0:
                    _ = 1 / 0


async def test_a_reader_misses_nothing_of_eight_concurrent_writers(
    http: httpx.AsyncClient, account: Account, service: Service, stream: Open
) -> None:
    each = 30
    expected = 8 * sum(number % 3 + 1 for number in range(each) if number % 5)

    async def poll() -> list[int]:
        seen: list[int] = []
        after = "0"
        while len(seen) < expected:
            found = await page(http, after=after, limit=7)
            seen += [one["sequence"] for one in found["items"]]
            after = found["next_after"]
        return seen

    async with stream(after="0") as following, asyncio.timeout(60):

        async def listen() -> list[int]:
            return [(await following.event())["sequence"] for _ in range(expected)]

        polled, listened, *_ = await asyncio.gather(
            poll(), listen(), *[write_many(service, account.id, each) for _ in range(8)]
        )

    assert polled == listened == list(range(1, expected + 1))
    assert (await page(http, after=str(expected)))["items"] == []
