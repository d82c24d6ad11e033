"""What failed puts and commits have left in the blob store goes; what is needed stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import ids
from app.domain import accounts, raw_mail
from app.store import digest_of, key_of
from app.worker.purging import delete_blobs
from app.worker.sweeping import Sweeper
from tests.conftest import Account, Service
from tests.journeys.conftest import Inbox
from tests.journeys.conftest import inbox as inbox

LARGE = "All of it.\n" * 20_000
LITTER = b"Subject: never committed\r\n\r\n" + bytes(200_000)

Lie = Callable[..., Path]


@pytest.fixture
def lie(service: Service) -> Lie:
    """Put octets into the store, written so many days ago."""

    def do(key: str, content: bytes = LITTER, days: float = 3) -> Path:
        path = service.settings.data_dir / "blobs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        age(path, days)
        return path

    return do


def age(path: Path, days: float) -> None:
    then = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (then, then))


async def sweep(service: Service) -> Sweeper:
    """One whole sweep, and the deleting after it."""
    sweeper = Sweeper(service.database, service.house.store)
    while not await sweeper.turn(datetime.now(UTC)):
        pass
    await delete_blobs(service.database, service.house.store).run()
    return sweeper


def files_of(service: Service) -> list[Path]:
    return [one for one in service.settings.data_dir.glob("blobs/**/*") if one.is_file()]


async def test_octets_without_a_row_go_when_they_are_old(
    service: Service, account: Account, lie: Lie
) -> None:
    old = lie(key_of(account.id, digest_of(LITTER)))
    young = lie(key_of(account.id, digest_of(b"young")), days=1)

    sweeper = await sweep(service)

    assert not old.exists()
    assert young.exists()
    assert sweeper.counters == {"content": 1}


async def test_mail_and_files_that_are_kept_stay(service: Service, inbox: Inbox) -> None:
    received = await inbox.receive(text=LARGE)
    files = {"file": ("a.bin", b"\0" * 1000, "application/octet-stream")}
    upload = (await inbox.http.post("/v1/uploads", files=files)).json()
    for path in files_of(service):
        age(path, 30)

    sweeper = await sweep(service)

    raw = await inbox.http.get(f"/v1/received-mail/{received['id']}/raw")
    assert raw.status_code == 200
    assert any(path.name == upload["id"] for path in files_of(service))
    assert sum(sweeper.counters.values()) == 0


async def test_a_mail_that_comes_while_its_octets_are_swept_is_not_lost(
    service: Service, inbox: Inbox, account: Account, lie: Lie
) -> None:
    now = datetime.now(UTC)
    key = key_of(account.id, digest_of(LITTER))
    lie(key)
    store = service.house.store
    sweeper = Sweeper(service.database, store)

    ahead = await raw_mail.put_ahead(store, account.id, LITTER)  # it is there: nothing is written
    await sweeper.turn(now)
    async with service.database.writing() as db:
        await accounts.lock(db, [account.id])
        digest = await raw_mail.keep(db, store, account.id, LITTER, now, ahead)
    await delete_blobs(service.database, store).run()

    async with service.database.reading() as db:
        assert await raw_mail.raw_of(db, store, account.id, digest) == LITTER
    assert not (service.settings.data_dir / "blobs" / key).exists()


async def test_halves_of_files_go_after_a_day(service: Service, account: Account, lie: Lie) -> None:
    old = lie(f"{account.id}/ab/.new-abcd", days=1.1)
    young = lie(f"{account.id}/ab/.new-efgh", days=0.5)

    await sweep(service)

    assert not old.exists()
    assert young.exists()


async def test_uploads_without_a_row_go(service: Service, account: Account, lie: Lie) -> None:
    old = lie(f"{account.id}/uploads/{ids.new('upl')}")
    young = lie(f"{account.id}/uploads/{ids.new('upl')}", days=1)

    await sweep(service)

    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize(
    "key",
    [
        key_of("acc_0123456789abcdef", digest_of(LITTER)),  # of no account of this database
        "acc_0123456789abcdef/uploads/upl_0123",
        "somebody/else/s.file",
        "README",
    ],
)
async def test_what_is_not_ours_is_left_alone(service: Service, lie: Lie, key: str) -> None:
    path = lie(key, days=1000)

    await sweep(service)

    assert path.exists()


async def test_a_sweep_goes_on_where_it_was(
    service: Service, account: Account, lie: Lie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.worker.sweeping.PIECE", 3)
    paths = [lie(key_of(account.id, digest_of(b"%d" % number))) for number in range(10)]

    sweeper = await sweep(service)

    assert not any(path.exists() for path in paths)
    assert sweeper.counters == {"content": 10}


async def test_what_was_swept_is_shown(service: Service, http: httpx.AsyncClient) -> None:
    found: Any = await http.get("/metrics")

    assert 'hosted_inbox_store_swept_total{kind="content"} 0.0' in found.text
