"""
The tools of other languages that read our document: `make clients` puts them into .venv/clients.

Where they are not, or no Node, these tests are skipped with a word.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.settings import Settings

HERE = Path(__file__).resolve().parent
INSTALLED = Path(sys.prefix) / "clients"
PATIENCE = 60  # seconds for one program


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """The OpenAPI document in a file, as the code makes it now."""
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(create_app(Settings()).openapi()), "utf-8")
    return path


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The folder of programs that run on Node; in `tmp_path` their packages can be imported."""
    if shutil.which("node") is None:
        pytest.skip("no node")
    packages = INSTALLED / "node_modules"
    if not packages.is_dir():
        pytest.skip("no packages for node: make clients")
    (tmp_path / "node_modules").symlink_to(packages)
    return packages / ".bin"


@pytest.fixture
def client_python() -> Path:
    """The Python that has the generator of clients."""
    path = INSTALLED / "python" / "bin" / "python"
    if not path.is_file():
        pytest.skip("no generator of Python clients: make clients")
    return path


def run(*command: Any, folder: Path) -> str:
    """Run a program in a folder; what it said, which is shown when it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
