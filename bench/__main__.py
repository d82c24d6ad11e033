"""
What this machine does a second: mails through the SMTP door, requests of the API, mails understood,
replies sent, searches.

    make bench                      everything
    python -m bench smtp --database sqlite

Every figure of the service stands beside a yardstick of the same run: a stock aiosmtpd that
discards, under the same load. Only the loopback is used; each run is bounded.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvloop

from bench import reading, requests, search, send
from bench.smtp_load import Load, run
from tests.postgres import NoPostgresError, create_database, execute, postgres
from tests.running import Running, running

SESSIONS = (1, 10, 50)


@contextlib.contextmanager
def sink() -> Iterator[tuple[int, int]]:
    """The yardstick: port and process id of a stock aiosmtpd that discards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.stock_sink"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        yield facts["port"], facts["pid"]
    finally:
        process.terminate()
        process.wait()


def measured(port: int, pid: int, recipient: str, sessions: int, mails: int, **more: Any) -> Any:
    """One load, after a short one that warms up."""
    common = {"port": port, "recipients": (recipient,), "server_pid": pid, **more}
    uvloop.run(run(Load(mails=200, sessions=sessions, seed=sessions, **common)))
    load = Load(mails=mails, sessions=sessions, seed=1000 + sessions, **common)
    return uvloop.run(run(load)).as_json()


@contextlib.contextmanager
def service(database: str, folder: Path, **variables: str) -> Iterator[Running]:
    """The service on SQLite, or on a PostgreSQL that keeps what it commits."""
    variables["LOG_LEVEL"] = "warning"
    if database == "sqlite":
        with running(folder / "data", migrate=True, **variables) as one:
            yield one
        return
    with postgres(durable=True) as server:
        url = asyncio.run(create_database(server, "bench"))
        with running(folder / "data", migrate=True, DATABASE_URL=url, **variables) as one:
            yield one


def smtp(databases: list[str], mails: int) -> None:
    """Mails a second and CPU a mail, against the sink."""
    with tempfile.TemporaryDirectory(prefix="hosted-inbox-bench-") as folder:
        say(f"load average {os.getloadavg()[0]:.1f}, a flush {flush_ms(Path(folder)):.2f} ms")
    with sink() as (port, pid):
        yardstick = {n: measured(port, pid, "a@b.example", n, mails) for n in SESSIONS}
        large = measured(port, pid, "a@b.example", 50, mails // 10, attachment=50_000)
    head = (
        f"{'':28}{'mails/s':>9}{'of sink':>9}{'CPU ms':>8}{'p50 ms':>8}{'p99 ms':>8}{'faults':>8}"
    )
    say(head)
    for n in SESSIONS:
        row(f"stock sink, {n} sessions", yardstick[n], yardstick[n])
    row("stock sink, 50 kB file", large, large)
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="hosted-inbox-bench-") as folder:
            try:
                with service(database, Path(folder)) as one:
                    _smtp_of(database, one, yardstick, large, mails)
            except NoPostgresError as missing:
                say(f"{database}: skipped, {missing}")


def _smtp_of(database: str, one: Running, yardstick: Any, large: Any, mails: int) -> None:
    account = one.create_account()
    channel = one.call(
        account["api_key"],
        "POST",
        "/v1/channels",
        {
            "shared": True,
            "provider": "other",
            "team_address": "support@acme.example",
            "connect": True,
        },
    )
    assert one.process is not None
    address, pid = channel["forwarding_address"], one.process.pid
    uvloop.run(run(Load(port=one.smtp_port, recipients=(address,), mails=500, seed=1)))
    settle(one)
    for n in SESSIONS:
        found = measured(one.smtp_port, pid, address, n, mails)
        row(f"{database}, {n} sessions", found, yardstick[n])
    found = measured(one.smtp_port, pid, address, 50, mails // 10, attachment=50_000)
    row(f"{database}, 50 kB file", found, large)
    failed = one.call(account["api_key"], "GET", "/v1/received-mail?outcome=failed&limit=1")
    if failed["items"]:
        say(f"{database}: mails were kept but not understood: {failed['items'][0]['reason']}")


def flush_ms(folder: Path) -> float:
    """What it takes this disk to keep 8 kB for sure: the median of a hundred times."""
    times = []
    with open(folder / "flushed", "wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(8192))
            begun = time.perf_counter()
            os.fsync(file.fileno())
            times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def settle(one: Running) -> None:
    """What PostgreSQL does by itself within a minute: learn what the tables look like by now."""
    url = one.environment.get("HOSTED_INBOX_DATABASE_URL")
    if url:
        asyncio.run(execute(url, "ANALYZE"))


def row(name: str, found: Any, yardstick: Any) -> None:
    """A line of the table."""
    share = found["mails_per_second"] / max(yardstick["mails_per_second"], 0.001)
    say(
        f"{name:28}{found['mails_per_second']:9.0f}{share:9.2f}"
        f"{found['server_cpu_ms_per_mail'] or 0:8.2f}{found['p50_ms']:8.1f}{found['p99_ms']:8.1f}"
        f"{sum(found['faults'].values()):8}"
    )


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=["all", "smtp", "read", "api", "send", "search"], default="all"
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--mails", type=int, default=3000)
    parser.add_argument("--messages", type=int, default=20_000, help="to search")
    given = parser.parse_args()
    databases = ["sqlite", "postgresql"] if given.database == "both" else [given.database]
    if given.what in ("all", "smtp"):
        smtp(databases, given.mails)
    if given.what in ("all", "read"):
        reading.main()
    if given.what in ("all", "api"):
        requests.main(databases, service)
    if given.what in ("all", "send"):
        send.main(databases, service, sink, given.mails // 3)
    if given.what in ("all", "search"):
        search.main(databases, service, settle, given.messages)


if __name__ == "__main__":
    main()
