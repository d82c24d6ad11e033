"""SIGTERM in the middle of deliveries: what runs is finished, the process ends well."""

from __future__ import annotations

import asyncio

from tests.faults.evidence import api, assert_events_without_gap, assert_nothing_lost, connect
from tests.faults.sending import MailServer, letters
from tests.running import Running


async def test_sigterm_lets_running_deliveries_end_and_loses_nothing(process: Running) -> None:
    key, address = connect(process)
    post = letters(address, 100)
    forwarder = MailServer(process.smtp_port, sessions=60)
    ends: list[int] = []

    async def terminate_at_its_moment() -> None:
        if forwarder.waiting >= 20 or forwarder.acknowledged >= 30:
            forwarder.watch = None
            forwarder.reachable.clear()
            ends.append(await asyncio.to_thread(process.stop))
            await asyncio.to_thread(process.start)
            forwarder.reachable.set()

    forwarder.watch = terminate_at_its_moment
    await forwarder.deliver(post)

    assert ends == [0]
    with api(process, key) as http:
        outcomes = assert_nothing_lost(http, post)
        assert_events_without_gap(http)
    assert outcomes == {"accepted": 100}  # an answer was given for everything that was kept
