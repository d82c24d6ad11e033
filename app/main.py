"""
The process: opens database, SMTP door and worker, serves HTTP, closes them in reverse order.

Deliberately not here: what any of them does.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import gc
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from types import FrameType
from typing import Any

import structlog
from fastapi import FastAPI
from sqlalchemy import text

from app import logs, migrate
from app.api.application import build, forget_old_answers
from app.api.house import House, KeyUses, Limiter
from app.db import Database
from app.domain import channels, conversations
from app.errors import Conflict
from app.resolver import Resolver
from app.settings import Settings, make_data_dir, read_secret_key
from app.smtp import door as smtp
from app.smtp.intake import MailIntake
from app.smtp.metrics import metrics_of
from app.smtp.settings import DoorSettings
from app.store import Room, open_store
from app.wakeups import Wakeups
from app.worker import domains, jobs, purging, retention, routing
from app.worker.clock import Clock, Job
from app.worker.couriers import courier_for
from app.worker.guarded import Guard, addresses_by, system_addresses
from app.worker.sending import Sender, SendingCounters
from app.worker.sending_metrics import OutboxNumbers
from app.worker.sweeping import Sweeper
from app.worker.webhooks import Postman

log = structlog.get_logger()

Check = Callable[[], Coroutine[Any, Any, str]]
SILENCE = 120.0  # seconds after which a clock that did not beat counts as stopped
LEAST = 0.5  # seconds that each part may take to end, when the time is over


class Ending:
    """
    The end of the process: all parts hear of it at once, and have the same time to end in.

    One after the other, each with a time of its own, they would take longer than whoever sent the
    signal waits (Docker: ten seconds).
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None
        self.told: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Nothing new is begun from now on. Said again, it changes nothing."""
        if self._until is None:
            self._until = time.monotonic() + self._seconds
            for tell in self.told:
                tell()

    def left(self) -> float:
        """The seconds that what runs still has."""
        self.begin()
        assert self._until is not None
        return max(LEAST, self._until - time.monotonic())

    async def give(self, stop: Callable[[float], Awaitable[None]]) -> None:
        """Stop a part in the time that is left."""
        await stop(self.left())


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, ending: Ending | None = None
) -> AsyncIterator[tuple[House, smtp.Door | None]]:
    """The process' parts, open within the block: those that the settings' doors name."""
    ending = ending or Ending(settings.drain_seconds)
    async with contextlib.AsyncExitStack() as stack:
        if settings.embedded:
            stack.enter_context(alone(settings))
            await migrate.upgrade(settings)
        database = Database(settings.database, pool=settings.database_pool)
        stack.push_async_callback(database.close)
        resolver = Resolver(settings.dns_servers)
        stack.push_async_callback(resolver.close)
        wakeups = Wakeups(database)
        house = House(
            settings=settings,
            database=database,
            store=open_store(settings.blob_url, settings.data_dir),
            secret=read_secret_key(settings),
            limiter=Limiter(settings.rate_limit),
            wakeups=wakeups,
            resolver=resolver,
            key_uses=KeyUses(),
        )
        house.health["database"] = _database_check(house)
        room = _room_of(settings)
        if room is not None:
            house.health["storage"] = room.check
        wakeups.start()
        stack.push_async_callback(wakeups.stop)
        if "worker" in settings.doors:
            numbers = await _start_sending(house, resolver, stack, ending)
            sweeper = Sweeper(database, house.store)
            house.numbers.append(sweeper.metrics)
            clock = Clock([*_jobs(house), numbers.measuring(database), sweeper.job()])
            clock.start()
            ending.told.append(clock.wind_down)
            stack.push_async_callback(ending.give, clock.stop)
            house.health["worker"] = _clock_check(clock)
            await _start_webhooks(house, resolver, stack, ending)
        door = None
        if "smtp" in settings.doors:
            intake = MailIntake(database, house.store, resolver, house.post)
            stack.push_async_callback(ending.give, intake.close)
            has_room = room.is_left if room is not None else None
            door = await smtp.open(DoorSettings.of(settings), intake, has_room=has_room)
            ending.told.append(door.drain)
            stack.push_async_callback(ending.give, door.close)
            house.health["smtp"] = _door_check(door)
            house.numbers.append(functools.partial(metrics_of, door.counters))
        gc.collect()
        gc.freeze()  # what is there now stays for ever: the collector need not look at it
        yield house, door


async def _start_webhooks(
    house: House, resolver: Resolver, stack: contextlib.AsyncExitStack, ending: Ending
) -> None:
    settings = house.settings
    resolve = system_addresses if not settings.dns_servers else addresses_by(resolver)
    guard = Guard(allow_private=settings.webhook_allow_private, resolve=resolve)
    stack.push_async_callback(guard.close)
    waits = [float(wait) for wait in settings.retry_seconds]
    postman = Postman(house.database, house.wakeups, guard, secret=house.secret, waits=waits)
    postman.start()
    ending.told.append(postman.wind_down)
    stack.push_async_callback(ending.give, postman.stop)


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """
    Nobody else serves from this DATA_DIR within the block. Raises Conflict when somebody does.

    The embedded database is for one service: a second one would take over half of its work. The
    kernel gives the lock back however the process ends.
    """
    make_data_dir(settings)
    with open(settings.data_dir / "serve.lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another hosted-inbox serves from {settings.data_dir} already.",
                "serve.already_running",
            ) from None
        yield


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application; its lifespan opens and closes everything."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        ending = Ending(settings.drain_seconds)
        async with opened(settings, ending) as (house, door):
            app.state.house, app.state.door = house, door
            ending.told.append(functools.partial(_end_streams, house))
            with _told_to_end(ending.begin):
                yield

    return build(settings, lifespan)


@contextlib.contextmanager
def _told_to_end(end: Callable[[], None]) -> Iterator[None]:
    """
    `end` is called at SIGTERM or SIGINT, and then whoever was to be told of it before.

    The HTTP server waits for open answers before it ends the lifespan: what stays open by itself,
    or takes its time to end, has to hear of the signal before that.
    """
    loop = asyncio.get_running_loop()
    former = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    main = threading.current_thread() is threading.main_thread()
    ours = {number: then for number, then in former.items() if main and callable(then)}

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end)
        ours[signal.Signals(number)](number, frame)

    for number in ours:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, then in ours.items():
            signal.signal(number, then)


def _end_streams(house: House) -> None:
    house.streams.ended = True
    house.wakeups.wake_all()


def from_environment() -> FastAPI:
    """The service as the environment's variables describe it; for uvicorn's workers."""
    settings = Settings()
    logs.configure(settings)
    return create_app(settings)


async def _start_sending(
    house: House, resolver: Resolver, stack: contextlib.AsyncExitStack, ending: Ending
) -> OutboxNumbers:
    """Mail leaves from now on, if RELAY_URL says where to; stopped when the stack closes."""
    settings = house.settings
    counters = SendingCounters()
    courier = courier_for(settings.relay_url, settings.greeting, resolver)
    if courier is None:
        log.warning("sending_is_off", why="HOSTED_INBOX_RELAY_URL is not set: mail stays queued")
    else:
        waits = [int(seconds) for seconds in settings.retry_seconds]
        sender = Sender(house.database, house.store, courier, waits)
        await sender.start()
        ending.told.append(sender.wind_down)
        stack.push_async_callback(ending.give, sender.stop)
        house.notes.append(lambda: sender.paused)
        counters = sender.counters
    numbers = OutboxNumbers(counters)
    house.numbers.append(numbers.metrics)
    return numbers


def _room_of(settings: Settings) -> Room | None:
    """The disk that mail is kept on, unless all of it lies on other machines."""
    if not settings.embedded and settings.blob_url:
        return None
    make_data_dir(settings)
    reserve = settings.storage_reserve  # with one there is always room for a mail of any size
    largest = settings.message_size_limit * 3 // 2
    return Room(settings.data_dir, max(reserve, largest) if reserve else 0)


def _jobs(house: House) -> list[Job]:
    database = house.database
    found = [
        routing.drain_waiting(database, house.post),
        jobs.note_key_uses(database, house.key_uses.take),
        domains.check_domains(database, house.resolver, house.post.roots),
        jobs.tidying("forget_old_answers", 3600, database, forget_old_answers),
        jobs.tidying("forget_old_uploads", 600, database, conversations.forgetting(house.store)),
        jobs.tidying("give_up_tests", 30, database, channels.forwarding_tests.give_up),
        purging.purge_spam(database),
        purging.go_on_erasing(database, house.store, house.secret),
        purging.delete_blobs(database, house.store),
        retention.forget_old_events(database, house.settings.event_retention_days),
        retention.forget_old_deliveries(database, house.settings.event_retention_days),
        retention.forget_old_audit_entries(database, house.settings.audit_retention_days),
    ]
    found += retention.keep_no_longer(
        database,
        raw_mail=house.settings.raw_mail_retention_days,
        conversations=house.settings.conversation_retention_days,
        ledger=house.settings.ledger_retention_days,
    )
    path = database.engine.url.database
    if database.embedded and path:
        found.append(jobs.checkpoint(path))
    return found


def _database_check(house: House) -> Check:
    word = ""  # asked until it was right once: a table does not go away again

    async def check() -> str:
        nonlocal word
        async with house.database.reading() as db:
            await db.execute(text("SELECT 1"))
            if word != "ok":
                word = await (await db.connection()).run_sync(migrate.standing)
        if word != "ok":
            return word
        await house.store.check()
        return "ok"

    return check


def _door_check(door: smtp.Door) -> Check:
    async def check() -> str:
        return "ok" if door.ready else "closing"

    return check


def _clock_check(clock: Clock) -> Check:
    async def check() -> str:
        return "ok" if time.monotonic() - clock.beat < SILENCE else "stopped"

    return check
