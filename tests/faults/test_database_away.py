"""The database goes away and comes back: 451 and 503 meanwhile, nobody has to restart anything."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from app.settings import Settings
from tests import postgres
from tests.builders import connected_channel, mail, read_kept
from tests.conftest import DATABASES, Deliver, Service
from tests.faults.evidence import api, assert_nothing_lost, connect, everything
from tests.faults.sending import PATIENCE, Letter, MailServer, TryLaterError, letters
from tests.running import Running, running

on_postgresql = pytest.mark.skipif("postgresql" not in DATABASES, reason="asked for SQLite only")


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL of the test's own, which keeps what it has committed."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    try:
        opened = postgres.own_postgres(folder=memory)
        found = opened.__enter__()
    except postgres.NoPostgresError as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
    try:
        yield found
    finally:
        opened.__exit__(None, None, None)


@pytest.fixture
def process(server: postgres.Server, tmp_path: Path) -> Iterator[Running]:
    """A service on that PostgreSQL."""
    variables = {"DATABASE_URL": server.url, "SMTP_CONNECTIONS_PER_ADDRESS": "500"}
    with running(tmp_path, **variables) as service:
        yield service


def fill_pool(service: Running, key: str) -> None:
    """Several connections to the database are open afterwards, and idle."""

    async def run() -> None:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=service.base, headers=headers) as http:
            answers = await asyncio.gather(*(http.get("/v1/conversations") for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}

    asyncio.run(run())


def wait_for_refusals(http: httpx.Client, number: int) -> list[str]:
    """The reasons of the refusals in the ledger, the newest first, as soon as there are so many."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        rows = list(everything(http, "/v1/received-mail", outcome="refused"))
        if len(rows) >= number:
            return [row["reason"] for row in rows]
        time.sleep(0.05)
    raise TimeoutError(f"{number} refusals are not in the ledger")


@on_postgresql
def test_while_postgresql_is_gone_everything_says_try_later_and_recovers_by_itself(
    server: postgres.Server, process: Running
) -> None:
    key, address = connect(process)
    first, second, third = letters(address, 3, large_every=2)
    forwarder = MailServer(process.smtp_port)
    asyncio.run(forwarder.deliver([first]))
    fill_pool(process, key)

    server.crash()

    with api(process, key) as http:
        for letter in (second, third, Letter("", b"", f"somebody-{address}")):
            with pytest.raises(TryLaterError, match=r"^451 4\.3\.0 "):
                asyncio.run(forwarder.try_once(letter))
        for answer in (http.get("/v1/conversations"), http.post("/v1/users", json={"name": "A"})):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
        assert http.get("/health/ready").status_code == 503
        assert http.get("/health/live").status_code == 200

    server.start_again()

    with api(process, key) as http:
        assert http.get("/v1/conversations").status_code == 200
        asyncio.run(forwarder.deliver([second, third]))
        assert second.refusals == third.refusals == []
        with pytest.raises(AssertionError, match=r"^550 5\.1\.1 "):
            asyncio.run(forwarder.try_once(Letter("", b"", f"nobody-{address}")))
        reasons = wait_for_refusals(http, 4)
        assert [reason[:3] for reason in reasons] == ["550", "451", "451", "451"]
        assert http.get("/health/ready").status_code == 200
        assert_nothing_lost(http, [first, second, third])


@on_postgresql
def test_a_restart_of_postgresql_that_nobody_noticed_costs_no_answer(
    server: postgres.Server, process: Running
) -> None:
    key, address = connect(process)
    first, second = letters(address, 2)
    forwarder = MailServer(process.smtp_port)
    asyncio.run(forwarder.deliver([first]))
    fill_pool(process, key)

    server.crash()
    server.start_again()

    asyncio.run(forwarder.deliver([second]))
    assert second.refusals == []
    fill_pool(process, key)
    with api(process, key) as http:
        assert_nothing_lost(http, [first, second])


@on_postgresql
async def test_postgresql_crashing_in_the_middle_of_deliveries_loses_nothing(
    server: postgres.Server, process: Running
) -> None:
    key, address = connect(process)
    post = letters(address, 120)
    forwarder = MailServer(process.smtp_port)
    moments = [
        lambda: forwarder.waiting >= 20 or forwarder.acknowledged >= 30,
        lambda: forwarder.acknowledged >= 60,
    ]

    async def crash_at_its_moment() -> None:
        if moments and moments[0]():
            moments.pop(0)
            server.crash()
            server.start_again()

    forwarder.watch = crash_at_its_moment
    await forwarder.deliver(post)

    refusals = [refusal for letter in post for refusal in letter.refusals]
    assert not moments
    assert all(refusal.startswith("451 4.3.0 ") for refusal in refusals)
    with api(process, key) as http:
        assert_nothing_lost(http, post)


LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
"""


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A service on SQLite that does not wait long for a lock."""
    if not settings.embedded:
        pytest.skip("only SQLite is locked as a whole")
    monkeypatch.setattr("app.db.SQLITE_PATIENCE", 0.3)
    return settings


async def test_a_locked_sqlite_says_try_later_and_recovers(
    service: Service, http: httpx.AsyncClient, deliver: Deliver, tmp_path: Path
) -> None:
    address = (await connected_channel(http))["forwarding_address"]
    locker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LOCKER, tmp_path / "hosted-inbox.db"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert locker.stdout is not None
        assert await locker.stdout.readline() == b"locked\n"

        with pytest.raises(aiosmtplib.SMTPDataError) as refusal:
            await deliver(mail(), address)
        refused = await http.post("/v1/users", json={"name": "Ann", "email": "ann@acme.example"})
        read = await http.get("/v1/conversations")
    finally:
        await locker.communicate(b"")  # the end of its input ends it

    assert (refusal.value.code, refusal.value.message[:6]) == (451, "4.3.0 ")
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert (read.status_code, read.json()["items"]) == (200, [])

    reply = await deliver(mail(), address)

    received, message = await read_kept(http, reply)
    assert received["outcome"] == "accepted"
    assert message["subject"] == "Where is my order?"
