"""
The long run, on SQLite and on a PostgreSQL of its own; prints the figures.

    python -m tests.fuzz [SECONDS for each database, 300 unless told] [SEED]
"""

from __future__ import annotations

import contextlib
import secrets
import sys
import tempfile
from pathlib import Path

import anyio

from tests.fuzz.running import Outcome, fuzz, target
from tests.operations import OPERATIONS
from tests.postgres import create_database, postgres


def run(seconds: int, seed: int, database_url: str) -> Outcome:
    """Fuzz a fresh service on this database (empty: SQLite)."""
    with tempfile.TemporaryDirectory(prefix="hosted-inbox-fuzz-") as name:
        options = ["--max-time", str(seconds), "--seed", str(seed)]
        with target(Path(name), database_url, migrate=True) as service:
            return fuzz(service, Path(name), *options, patience=seconds * 3 + 300)


def main() -> int:
    """Both databases, one after the other; 1 when something was found."""
    given = [int(word) for word in sys.argv[1:]]
    seconds = given[0] if given else 300
    seed = given[1] if len(given) > 1 else secrets.randbelow(2**32)
    found = 0
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres())
        url = anyio.run(create_database, server, "fuzz")
        for name, database_url in (("SQLite", ""), ("PostgreSQL", url)):
            outcome = run(seconds, seed, database_url)
            found += outcome.failures
            if outcome.exit_code:
                sys.stdout.write(outcome.words)
            sys.stdout.write(
                f"{name}: {outcome.cases} requests, {outcome.failures} failures, "
                f"{len(outcome.reached)} of {len(OPERATIONS)} operations done, "
                f"{len(outcome.links)} links walked, "
                f"{outcome.report['running_time']:.0f} s, seed {seed}\n"
            )
            sys.stdout.flush()
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
