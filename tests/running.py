"""A service in a process of its own, as an operator starts it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "hosted-inbox"


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port: int = plug.getsockname()[1]
        return port


@dataclass(slots=True)
class Running:
    """A started service: where it listens, and how to speak to it."""

    data_dir: Path
    http_port: int
    smtp_port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default_factory=Path)

    def start(self, patience: float = 60) -> None:
        """Start it and wait until it is ready. Raises RuntimeError with its last words."""
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(
                [COMMAND, "serve"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + patience
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > until:
                words = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"The service did not become ready:\n{words}")
            time.sleep(0.05)

    def ready(self) -> bool:
        """Does every part of it work?"""
        try:
            with urllib.request.urlopen(f"{self.base}/health/ready", timeout=3) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @property
    def base(self) -> str:
        """The base URL of its API."""
        return f"http://127.0.0.1:{self.http_port}"

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, patience: float = 30) -> int:
        """Ask it to end (SIGTERM); its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9

    def command(self, *arguments: str) -> str:
        """Run the command line beside the service; what it printed. Raises on a failure."""
        done = subprocess.run(
            [COMMAND, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def create_account(self, name: str = "Acme") -> dict[str, str]:
        """A new account: account_id, subdomain, hosted_domain, api_key."""
        made: dict[str, str] = json.loads(
            self.command("accounts", "create", "--name", name, "--json")
        )
        return made

    def call(self, key: str, method: str, path: str, body: Any = None) -> Any:
        """A call of the API; the JSON it answers. Raises HTTPError on a refusal."""
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Authorization", f"Bearer {key}")
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as refusal:
            words = refusal.read().decode()
            raise RuntimeError(f"{method} {path}: {refusal.code} {words}") from refusal


@contextlib.contextmanager
def running(data_dir: Path, *, migrate: bool = True, **variables: str) -> Iterator[Running]:
    """
    A service on free ports with its data in `data_dir`; ended when the block ends.

    Without `migrate` a PostgreSQL that the variables name has to have its tables already.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    http_port, smtp_port = free_port(), free_port()
    given = {
        "DATA_DIR": str(data_dir),
        "HTTP_PORT": str(http_port),
        "SMTP_PORT": str(smtp_port),
        "RATE_LIMIT": "0",
        **variables,
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HOSTED_INBOX_")}
    environment.update({f"HOSTED_INBOX_{name}": value for name, value in given.items()})
    service = Running(data_dir, http_port, smtp_port, environment, log=data_dir / "service.log")
    try:
        if migrate and service.environment.get("HOSTED_INBOX_DATABASE_URL"):
            service.command("migrate")
        service.start()
        yield service
    finally:
        if service.process is not None:
            service.stop()
