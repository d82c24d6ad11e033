"""One PostgreSQL for a whole test run, however many workers it has.

With pytest-xdist the controller starts the server and tells each worker the address. Without, or
when the controller was not asked to (TEST_DATABASE), the first test that wants it starts one.
Switched on in `tests/conftest.py`: `pytest_plugins = ["tests.plugin_postgres"]`.
"""

import contextlib
import os
from typing import Any

import pytest

from tests.postgres import NoPostgresError, postgres

_open = contextlib.ExitStack()
_found: dict[str, str] = {}


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """The URL of a PostgreSQL server; the test is skipped, with the reason, where there is none."""
    given = getattr(request.config, "workerinput", {}).get("postgres")
    found = given or _start_once()
    if "url" not in found:
        pytest.skip(f"no PostgreSQL: {found['reason']}")
    url: str = found["url"]
    return url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """In the controller of pytest-xdist, once for every worker before it starts."""
    if os.environ.get("TEST_DATABASE") in ("both", "postgresql"):
        node.workerinput["postgres"] = _start_once()


def pytest_unconfigure() -> None:
    """Stop the server if this process started it."""
    _found.clear()
    _open.close()


def _start_once() -> dict[str, str]:
    if not _found:
        try:
            _found["url"] = _open.enter_context(postgres())
        except NoPostgresError as error:
            _found["reason"] = str(error)
    return _found
