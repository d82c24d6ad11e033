"""The outbox and its sender as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.db import Database
from app.domain import outbox
from app.domain.outbox import Backlog
from app.worker.clock import Job
from app.worker.sending import SendingCounters


@dataclass(slots=True)
class OutboxNumbers:
    """How much waits, measured by the clock; what was sent, counted by the sender (if any)."""

    counters: SendingCounters
    backlog: Backlog = field(default_factory=lambda: Backlog(0, None))

    def measuring(self, database: Database, every: float = 10) -> Job:
        """The clock's job that looks."""

        async def run() -> None:
            async with database.reading() as db:
                self.backlog = await outbox.backlog(db)

        return Job("measure_outbox", every, run)

    def metrics(self) -> Iterable[Metric]:
        """Waiting mail of all accounts; results of this process."""
        oldest = self.backlog.oldest
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield GaugeMetricFamily(
            "hosted_inbox_outbox_waiting", "Mails that wait to be sent.", self.backlog.waiting
        )
        yield GaugeMetricFamily(
            "hosted_inbox_outbox_oldest_seconds", "Age of the oldest mail that waits.", age
        )
        results = CounterMetricFamily(
            "hosted_inbox_outbox_results", "Tries of this process by result.", labels=["result"]
        )
        for name in ("sent", "deferred", "failed"):
            results.add_metric([name], getattr(self.counters, name))
        yield results
