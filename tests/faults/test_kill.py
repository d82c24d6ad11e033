"""A power cut in the middle of deliveries: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio

from tests.faults.evidence import api, assert_events_without_gap, assert_nothing_lost, connect
from tests.faults.sending import MailServer, letters
from tests.running import Running

MAILS = 200


async def test_acknowledged_mail_survives_kill_9_in_the_middle_of_200_deliveries(
    process: Running,
) -> None:
    key, address = connect(process)
    post = letters(address, MAILS)
    server = MailServer(process.smtp_port, sessions=MAILS)
    moments = [
        lambda: server.acknowledged >= 1,  # at the first answer
        lambda: server.waiting >= 30 or server.acknowledged >= 60,  # with many waiting for theirs
        lambda: server.acknowledged >= MAILS // 2,
    ]
    kills: list[tuple[int, int]] = []

    async def kill_at_its_moment() -> None:
        if moments and server.reachable.is_set() and moments[0]():
            moments.pop(0)
            kills.append((server.waiting, server.acknowledged))
            server.reachable.clear()
            process.kill()
            await asyncio.to_thread(process.start)
            server.reachable.set()

    server.watch = kill_at_its_moment
    await server.deliver(post)

    with api(process, key) as http:
        assert_nothing_lost(http, post)
        assert_events_without_gap(http)
    assert len(kills) == 3, kills
    assert server.broken > 0
