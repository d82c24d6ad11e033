"""
Clients generated from the document walk the whole wizard and read a conversation.

The service runs in a process of its own; the mail comes by SMTP.
"""

from __future__ import annotations

import json
import shutil
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import mail
from tests.clients.conftest import HERE, PATIENCE, run
from tests.running import Running, running

# A field with a default need not be given.
TYPES = ["--default-non-nullable=false"]
READ = {
    "subject": "Where is my order?",
    "author": "carla@customer.example",
    "reply_text": "Hello, my order has not come.",
    "assigned": True,
    "priority": "high",
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    """A service of its own."""
    with running(tmp_path / "data") as one:
        yield one


def walk(service: Running, *command: Any, folder: Path) -> Any:
    """Start a walk, send a mail to the address that it prints, give what it has read."""
    key = service.create_account()["api_key"]
    walking = subprocess.Popen(
        [*(str(part) for part in command), service.base, key],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert walking.stdout is not None
    try:
        address = walking.stdout.readline().strip()
        assert address.startswith("help@"), address + walking.stdout.read()
        with smtplib.SMTP("127.0.0.1", service.smtp_port) as smtp:
            smtp.sendmail("forwarder@acme.example", [address], mail())
        words, _ = walking.communicate(timeout=PATIENCE)
    finally:
        walking.kill()
        walking.wait()
    assert walking.returncode == 0, words
    return json.loads(words)


def test_a_typescript_client_walks_from_draft_to_conversation(
    node: Path, document: Path, service: Running, tmp_path: Path
) -> None:
    for name in ("walk.ts", "refused.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / name, tmp_path)

    run(node / "openapi-typescript", document, *TYPES, "-o", "inbox.d.ts", folder=tmp_path)
    run(node / "tsc", "--project", ".", folder=tmp_path)
    found = walk(service, "node", "walk.js", folder=tmp_path)

    assert found == READ


def test_a_python_client_walks_from_draft_to_conversation(
    client_python: Path, document: Path, service: Running, tmp_path: Path
) -> None:
    generate = client_python.with_name("openapi-python-client")
    options = ["--path", document, "--config", HERE / "python.yaml", "--meta", "none"]
    shutil.copy(HERE / "walk.py", tmp_path)

    said = run(
        generate, "generate", *options, "--output-path", "hosted_inbox_client", folder=tmp_path
    )
    check = [sys.executable, "-m", "mypy", "--python-executable", client_python]
    run(*check, "--config-file", "", "--follow-imports", "silent", "walk.py", folder=tmp_path)
    found = walk(service, client_python, "walk.py", folder=tmp_path)

    assert "WARNING" not in said
    assert found == READ
