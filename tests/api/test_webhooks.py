"""Webhooks: made and changed by the API, delivered by the worker, to a real receiver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.settings import Settings
from app.worker.guarded import Guard
from app.worker.retention import forget_old_deliveries
from app.worker.webhooks import OF_ONE, Postman
from tests.builders import connected_channel
from tests.conftest import Account, Service
from tests.receiver import Receiver, receiving

WAITS = (60.0, 300.0, 3600.0)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Without the worker: the tests call the postman, at the time that they choose."""
    changed = {"webhook_allow_private": True, "doors": ("http", "smtp")}
    return settings.model_copy(update=changed)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


class Post:
    """The worker's part, with a clock that a test can put forward."""

    def __init__(self, service: Service) -> None:
        self.ahead = timedelta()
        self.guard = Guard(allow_private=True, patience=2.0)
        self.postman = self.another(service)

    def another(self, service: Service) -> Postman:
        house = service.house
        return Postman(
            house.database,
            house.wakeups,
            self.guard,
            secret=house.secret,
            waits=WAITS,
            clock=lambda: datetime.now(UTC) + self.ahead,
        )

    async def run(self, after: float = 0) -> None:
        """Deliver all that is due so many seconds later."""
        self.ahead += timedelta(seconds=after)
        await self.postman.run_due()


@pytest.fixture
async def post(service: Service) -> AsyncIterator[Post]:
    found = Post(service)
    yield found
    await found.guard.close()


async def make(http: httpx.AsyncClient, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/v1/webhooks", json={"url": receiver.url, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def happen(http: httpx.AsyncClient, count: int = 1) -> None:
    for number in range(count):
        answer = await http.post("/v1/contacts", json={"name": f"Contact {number}"})
        assert answer.status_code == 201


async def deliveries(http: httpx.AsyncClient, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await http.get(f"/v1/webhooks/{webhook['id']}/deliveries", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_an_event_is_posted_signed(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    await happen(http)
    webhook = await make(http, receiver)
    await happen(http)

    await post.run()

    [request] = receiver.requests
    event = (await http.get("/v1/events?after=1")).json()["items"][0]
    assert request.event == event
    assert request.target == "/hook?a=b"
    assert request.headers["webhook-id"] == event["id"]
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert request.is_signed_with(webhook["secret"])
    [delivery] = await deliveries(http, webhook)
    assert (delivery["state"], delivery["sequence"]) == ("delivered", 2)
    assert delivery["request"] == {"url": receiver.url, "body": event}
    [attempt] = delivery["attempts"]
    assert (attempt["status"], attempt["body"], attempt["error"]) == (200, "thanks", "")


async def test_events_come_in_their_order_and_once(
    http: httpx.AsyncClient, receiver: Receiver, post: Post, service: Service
) -> None:
    await make(http, receiver)
    await happen(http, 45)
    other = post.another(service)

    await asyncio.gather(post.run(), other.run_due())
    await post.run()

    assert receiver.numbers == list(range(1, 46))


async def test_only_the_types_that_were_asked_for_come(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    await make(http, receiver, types=["channel.*", "contact.updated"])
    await happen(http, 3)
    await connected_channel(http)

    await post.run()

    assert {one.event["type"] for one in receiver.requests} == {
        "channel.created",
        "channel.connected",
    }


async def test_only_the_channels_that_were_asked_for_come(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    wanted = await connected_channel(http)
    await make(http, receiver, channel_ids=[wanted["id"]])
    await connected_channel(http)
    await happen(http)
    await http.patch(f"/v1/channels/{wanted['id']}", json={"name": "Mine"})

    await post.run()

    assert [one.event["data"]["channel_id"] for one in receiver.requests] == [wanted["id"]]


async def test_what_fails_is_tried_again_while_the_later_ones_go_on(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    await happen(http, 3)
    receiver.answer = lambda one: (500 if one.event["sequence"] == 1 else 200, b"no")

    await post.run()
    await post.run(after=3)  # the endpoint is left alone for a moment
    early = list(receiver.numbers)
    receiver.answer = lambda _: (204, b"")
    await post.run(after=90)

    assert early == [1, 2, 3]
    assert receiver.numbers == [1, 2, 3, 1]
    first = (await deliveries(http, webhook))[-1]
    assert first["state"] == "delivered"
    assert [one["status"] for one in first["attempts"]] == [500, 204]
    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[3].headers["webhook-id"]


async def test_an_event_is_given_up_after_its_last_wait(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    await happen(http)
    receiver.answer = lambda _: (503, b"later")

    for wait in (0, *WAITS, 100_000):
        await post.run(after=wait * 1.3)

    [delivery] = await deliveries(http, webhook)
    assert (delivery["state"], delivery["next_attempt_at"]) == ("failed", None)
    assert len(delivery["attempts"]) == len(WAITS) + 1


async def test_one_webhook_that_hangs_does_not_hold_up_another(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    async with receiving() as hanging:
        hanging.answer = lambda _: None
        stuck = await make(http, hanging)
        await make(http, receiver)
        await happen(http)

        task = asyncio.create_task(post.run())
        await receiver.count(1)
        assert not task.done()
        await task

    [delivery] = await deliveries(http, stuck)
    assert delivery["state"] == "waiting"
    assert delivery["attempts"][0]["error"] == "There was no answer in time."


async def test_an_endpoint_that_never_answers_is_switched_off(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver, types=["contact.created"])
    receiver.answer = lambda _: (500, b"")
    for _ in range(7):
        await happen(http)
        await post.run(after=24 * 3600)

    shown = (await http.get(f"/v1/webhooks/{webhook['id']}")).json()
    seen = len(receiver.requests)
    await happen(http)
    await post.run(after=3600)

    assert shown["disabled_at"]
    assert shown["disabled_reason"] == "Nothing was taken for 5 days."
    told = (await http.get("/v1/events?types=webhook.disabled")).json()["items"]
    assert [one["data"]["webhook_id"] for one in told] == [webhook["id"]]
    assert len(receiver.requests) == seen


async def test_switched_on_again_it_goes_on_where_it_stood(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    path = f"/v1/webhooks/{webhook['id']}"
    await http.patch(path, json={"disabled": True})
    await happen(http, 2)
    await post.run()
    before = list(receiver.requests)

    again = await http.patch(path, json={"disabled": False})
    await post.run()

    assert before == []
    assert again.json()["disabled_at"] is None
    assert receiver.numbers == [1, 2]


async def test_an_endpoint_that_is_gone_for_good_is_switched_off_at_once(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    receiver.answer = lambda _: (410, b"")
    await happen(http)

    await post.run()

    assert (await http.get(f"/v1/webhooks/{webhook['id']}")).json()["disabled_at"]


async def test_both_secrets_sign_for_a_day(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    rotated = await http.post(f"/v1/webhooks/{webhook['id']}/rotate-secret")
    await happen(http)
    await post.run()
    await happen(http)

    await post.run(after=25 * 3600)

    old, new = webhook["secret"], rotated.json()["secret"]
    both, one = receiver.requests
    assert both.is_signed_with(old)
    assert both.is_signed_with(new)
    assert one.is_signed_with(new)
    assert not one.is_signed_with(old)


async def test_a_secret_is_shown_once_and_kept_sealed(
    http: httpx.AsyncClient, receiver: Receiver, service: Service, tmp_path: Any
) -> None:
    webhook = await make(http, receiver)

    shown = (await http.get(f"/v1/webhooks/{webhook['id']}")).text
    listed = (await http.get("/v1/webhooks")).text

    assert "whsec_" not in shown + listed
    if not service.settings.database_url:
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("hosted-inbox.db*"))
        assert webhook["secret"].removeprefix("whsec_").encode() not in kept


async def test_a_test_call_is_logged_with_its_answer(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver, types=["ticket.created"])
    receiver.answer = lambda _: (201, b"x" * 5000)

    asked = await http.post(f"/v1/webhooks/{webhook['id']}/test")
    await post.run()

    assert asked.status_code == 202
    [request] = receiver.requests
    assert request.event["type"] == "webhook.test"
    assert request.is_signed_with(webhook["secret"])
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{asked.json()['id']}"
    delivery = (await http.get(path)).json()
    assert delivery["state"] == "delivered"
    assert len(delivery["attempts"][0]["body"]) == 2048


async def test_a_delivery_is_sent_again_on_demand(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    await happen(http, 2)
    await post.run()
    oldest = (await deliveries(http, webhook))[-1]

    asked = await http.post(f"/v1/webhooks/{webhook['id']}/deliveries/{oldest['id']}/retry")
    await post.run()

    assert asked.status_code == 202
    assert receiver.numbers == [1, 2, 1]


async def test_a_range_of_events_is_replayed(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    await happen(http, 30)
    webhook = await make(http, receiver)
    await happen(http)
    path = f"/v1/webhooks/{webhook['id']}/replay"

    asked = await http.post(path, json={"after": "2", "until": "28"})
    await post.run()
    await http.post(path, json={"after": "29"})
    await post.run()

    assert asked.status_code == 202
    assert asked.json()["replaying"] == {"after": "2", "until": "28"}
    assert receiver.numbers == [*range(3, 29), 31, 30, 31] or receiver.numbers == [
        *range(3, 23),
        *range(23, 29),
        31,
        30,
        31,
    ]
    assert (await http.get(f"/v1/webhooks/{webhook['id']}")).json()["replaying"] is None


async def test_the_log_is_forgotten_with_the_events(
    http: httpx.AsyncClient, receiver: Receiver, post: Post, service: Service
) -> None:
    webhook = await make(http, receiver)
    await happen(http)
    post.ahead = -timedelta(days=31)
    await post.run()
    post.ahead = timedelta()
    await happen(http)
    await post.run()

    await forget_old_deliveries(service.database, days=30).run()

    assert [one["sequence"] for one in await deliveries(http, webhook)] == [2]


async def test_a_deleted_webhook_is_told_nothing(
    http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    webhook = await make(http, receiver)
    await happen(http)
    await post.run()

    gone = await http.delete(f"/v1/webhooks/{webhook['id']}")
    await happen(http)
    await post.run()

    assert gone.status_code == 204
    assert receiver.numbers == [1]
    assert (await http.get(f"/v1/webhooks/{webhook['id']}/deliveries")).status_code == 404


async def test_another_account_s_events_are_not_sent(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, receiver: Receiver, post: Post
) -> None:
    await make(http, receiver)
    await happen(other_http)

    await post.run()

    assert receiver.requests == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "ftp://hooks.example/"}, "webhooks.bad_url"),
        ({"url": "http://user:word@hooks.example/"}, "webhooks.bad_url"),
        ({"url": "https://hooks.example/#part"}, "webhooks.bad_url"),
        ({"url": "https:///path"}, "webhooks.bad_url"),
        ({"url": "https://hooks.example:99999/"}, "webhooks.bad_url"),
        ({"url": "https://hooks.example/", "types": ["everything"]}, "webhooks.bad_type"),
        (
            {"url": "https://hooks.example/", "channel_ids": ["chn_nothing"]},
            "webhooks.unknown_channel",
        ),
    ],
)
async def test_what_cannot_be_a_webhook_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], code: str
) -> None:
    answer = await http.post("/v1/webhooks", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


class TestInTheWorld:
    """Where webhooks may go to the world only."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"webhook_allow_private": False})

    async def test_a_host_that_only_looks_like_a_name_is_refused(
        self, http: httpx.AsyncClient
    ) -> None:
        refused = await http.post("/v1/webhooks", json={"url": "https://0177.0.0.1/"})
        taken = await http.post("/v1/webhooks", json={"url": "https://hooks.example/"})

        assert (refused.status_code, refused.json()["code"]) == (422, "webhooks.bad_url")
        assert refused.json()["errors"][0]["pointer"] == "/url"
        assert taken.status_code == 201


class TestRunning:
    """With the worker of the service itself."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"doors": ("http", "smtp", "worker")})

    async def test_what_happens_is_told_at_once(
        self, http: httpx.AsyncClient, receiver: Receiver, account: Account
    ) -> None:
        webhook = await make(http, receiver)

        await happen(http, 3)
        await receiver.count(3)
        await http.post(f"/v1/webhooks/{webhook['id']}/test")
        await receiver.count(4)

        assert receiver.numbers == [1, 2, 3, 0]

    async def test_an_account_whose_endpoints_hang_holds_up_nobody_else(
        self, http: httpx.AsyncClient, other_http: httpx.AsyncClient, receiver: Receiver
    ) -> None:
        await make(other_http, receiver)
        async with receiving() as hanging:
            hanging.answer = lambda _: None
            for _ in range(OF_ONE + 3):
                await make(http, hanging)

            await happen(http)
            await hanging.count(OF_ONE)
            await happen(other_http)
            await receiver.count(1)

            assert len(hanging.requests) == OF_ONE
