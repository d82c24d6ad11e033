"""The document as a linter of another house sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.conftest import HERE, run

RULES = ["--ruleset", HERE / "spectral.yaml", "--fail-severity", "hint"]


def test_spectral_finds_nothing_to_say(node: Path, document: Path, tmp_path: Path) -> None:
    found = run(node / "spectral", "lint", *RULES, document, folder=tmp_path)

    assert "No results with a severity" in found


def test_spectral_sees_what_is_wrong(node: Path, tmp_path: Path) -> None:
    """With the same rules: they cannot have been turned off altogether."""
    bad = tmp_path / "bad.json"
    bad.write_text('{"openapi": "3.1.0", "info": {"title": "a", "version": "1"}, "paths": {}}')

    with pytest.raises(AssertionError, match="info-contact"):
        run(node / "spectral", "lint", *RULES, bad, folder=tmp_path)
