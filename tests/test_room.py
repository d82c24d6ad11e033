"""Before the disk is full, mail is refused for the time being, and readiness says why."""

from __future__ import annotations

import os
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from app.settings import Settings
from app.store import Room
from tests.builders import connected_channel, kept, mail
from tests.conftest import Deliver, Service

MORE_THAN_ANY_DISK = 2**62


class TestLittleRoom:
    """The disk has less room than is to stay free."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"storage_reserve": MORE_THAN_ANY_DISK})

    async def test_no_mail_is_begun(self, service: Service) -> None:
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=service.smtp_port, start_tls=False
        ) as smtp:
            await smtp.ehlo()
            answer = await smtp.execute_command(b"MAIL FROM:<carla@customer.example>")
            then = await smtp.execute_command(b"DATA")

        assert (answer.code, answer.message) == (452, "4.3.1 Insufficient storage")
        assert then.code == 503

    async def test_the_service_is_not_ready(self, http: httpx.AsyncClient) -> None:
        answer = await http.get("/health/ready")

        assert answer.status_code == 503
        assert answer.json()["parts"]["storage"].startswith("almost full: ")
        assert answer.json()["parts"]["database"] == "ok"

    async def test_agents_go_on_working(self, http: httpx.AsyncClient) -> None:
        answer = await http.post("/v1/teams", json={"name": "Sales"})

        assert answer.status_code == 201


async def test_with_room_mail_is_taken(http: httpx.AsyncClient, deliver: Deliver) -> None:
    channel = await connected_channel(http)

    reply = await deliver(mail(), channel["forwarding_address"])

    assert len(kept(reply)) == 1
    assert (await http.get("/health/ready")).json()["parts"]["storage"] == "ok"


def test_the_disk_is_looked_at_once_a_second_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, now = [], [1000.0]
    really = os.statvfs

    def statvfs(folder: Path) -> os.statvfs_result:
        looked.append(folder)
        return really(folder)

    monkeypatch.setattr(os, "statvfs", statvfs)
    one = Room(tmp_path, 1, lambda: now[0])

    for _ in range(10):
        one.is_left()
    now[0] += 1.1
    one.is_left()

    assert len(looked) == 2


async def test_a_disk_that_is_gone_has_no_room(tmp_path: Path) -> None:
    one = Room(tmp_path / "gone", 1)

    assert not one.is_left()
    assert await one.check() != "ok"
