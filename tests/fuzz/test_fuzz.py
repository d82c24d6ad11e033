"""A short run of always the same requests; `make fuzz` asks longer, and others each time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.main import create_app
from app.settings import Settings
from tests.fuzz.running import fuzz, target
from tests.running import Running

SAME = "--generation-deterministic"


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Running]:
    """A service of its own on the test's database."""
    with target(tmp_path, database_url, migrate=False) as one:
        yield one


@pytest.fixture
def embedded(sqlite_template: Path, tmp_path: Path) -> Iterator[Running]:
    """A service of its own on SQLite, whatever the other tests run on."""
    shutil.copy(sqlite_template, tmp_path / "hosted-inbox.db")
    with target(tmp_path, "", migrate=False) as one:
        yield one


def test_no_way_along_the_links_surprises_the_service(service: Running, tmp_path: Path) -> None:
    options = [SAME, "--phases", "stateful", "--max-examples", "20"]

    outcome = fuzz(service, tmp_path, *options, patience=120)

    assert outcome.exit_code == 0, outcome.words
    assert outcome.cases > 300
    assert len(outcome.links) > 20, "hardly a link leads anywhere"


def test_no_single_request_surprises_the_service(embedded: Running, tmp_path: Path) -> None:
    """Every parameter and field at its bounds, and beyond them. The door is the same everywhere."""
    options = [SAME, "--phases", "examples,coverage"]

    outcome = fuzz(embedded, tmp_path, *options, patience=120)

    assert outcome.exit_code == 0, outcome.words
    assert outcome.cases > 4000
    assert len(outcome.reached) > 100, "many operations have done nothing but refuse"


def test_a_document_that_promises_too_much_is_found_out(embedded: Running, tmp_path: Path) -> None:
    document = create_app(Settings()).openapi()
    document["components"]["schemas"]["NewTeam"]["properties"]["name"]["maxLength"] += 1
    options = [SAME, "--phases", "coverage", "--include-operation-id", "create_team"]

    outcome = fuzz(embedded, tmp_path, *options, patience=60, document=document)

    assert outcome.exit_code == 1
    assert "request.invalid" in outcome.words
