"""Services in processes of their own, on each database: what a fault does shows only there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.running import Running, running

Start = Callable[..., Running]


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """
    Start a service on the test's database; `HOSTED_INBOX_…` variables as keywords.

    Those that are started share the database, the secret and the folder for large mail.
    """
    with contextlib.ExitStack() as stack:

        def begin(**variables: str) -> Running:
            if database_url:
                variables.setdefault("DATABASE_URL", database_url)
            variables.setdefault("SECRET_KEY", "only for tests")
            variables.setdefault("SMTP_CONNECTIONS_PER_ADDRESS", "500")
            return stack.enter_context(running(tmp_path, migrate=False, **variables))

        yield begin


@pytest.fixture
def process(start: Start) -> Running:
    """A running service."""
    return start()
