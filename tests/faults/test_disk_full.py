"""The disk fills up: 452 4.3.1, nothing half kept, and mail is taken again once there is room."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.faults.evidence import api, assert_nothing_lost, connect, everything
from tests.faults.sending import Letter, MailServer, TryLaterError, letters
from tests.running import Running, running

pytestmark = pytest.mark.skipif(
    "sqlite" not in DATABASES, reason="where PostgreSQL keeps its files is not our disk"
)

DISK = 12 * 1024 * 1024
FULL = r"^452 4\.3\.1 "


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of the test's own; the test is skipped where we may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no small disk could be mounted: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def process(disk: Path) -> Iterator[Running]:
    """A service with all of its data, and its log, on the small disk, without a reserve."""
    with running(disk, STORAGE_RESERVE="0") as service:
        yield service


@contextlib.contextmanager
def filled(disk: Path, but: int = 0) -> Iterator[None]:
    """Nothing more than `but` octets fit on the disk within the block."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        left = os.statvfs(disk)
        file.write(bytes(max(0, left.f_bavail * left.f_frsize - but)))
        with contextlib.suppress(OSError):
            while not but and file.write(bytes(4096)):
                pass
    try:
        yield
    finally:
        ballast.unlink()


def refusals_until_full(forwarder: MailServer, post: list[Letter]) -> str:
    """Deliver one after the other until one is refused; the refusal."""

    async def run() -> None:
        for letter in post:
            await forwarder.try_once(letter)

    with pytest.raises(TryLaterError) as refusal:
        asyncio.run(run())
    return str(refusal.value)


@pytest.mark.parametrize("large", [False, True], ids=["small mail", "large mail"])
def test_a_full_disk_says_insufficient_storage_and_keeps_nothing_half(
    disk: Path, process: Running, large: bool
) -> None:
    key, address = connect(process)
    before = letters(address, 6, seed=1, large_every=2)
    meanwhile = letters(address, 60, seed=2, large_every=1 if large else 0)
    forwarder = MailServer(process.smtp_port)
    asyncio.run(forwarder.deliver(before))

    with filled(disk, but=400_000):
        refusal = refusals_until_full(forwarder, meanwhile)
        with api(process, key) as http:
            assert http.get("/v1/conversations").status_code == 200

    kept = [*before, *(letter for letter in meanwhile if letter.acknowledged)]
    refused = [letter for letter in meanwhile if not letter.acknowledged]
    assert re.match(FULL, refusal), refusal
    assert refused
    with api(process, key) as http:
        assert_nothing_lost(http, kept)
        assert http.get("/health/ready").status_code == 200
        asyncio.run(forwarder.deliver(refused[:3]))
        assert_nothing_lost(http, [*kept, *refused[:3]])
    assert not list(disk.rglob(".new-*"))
    process.kill()
    process.start()
    with api(process, key) as http:
        assert_nothing_lost(http, [*kept, *refused[:3]])


def test_over_http_a_full_disk_is_507_and_nothing_of_the_request_stays(
    disk: Path, process: Running
) -> None:
    key, _ = connect(process)
    body = {"name": "Ann", "email": "ann@acme.example"}

    made = 0
    with filled(disk), api(process, key) as http:
        answer = http.post("/v1/teams", json={"name": "0"})
        while answer.status_code == 201 and made < 2000:
            made += 1
            answer = http.post("/v1/teams", json={"name": f"{made} {'n' * 90}"})

    assert answer.status_code == 507
    assert answer.headers["content-type"] == "application/problem+json"
    with api(process, key) as http:
        assert len(list(everything(http, "/v1/teams"))) == made
        assert http.post("/v1/users", json=body).status_code == 201
