"""One run of schemathesis against a running service with two accounts that hold something."""

from __future__ import annotations

import contextlib
import json
import os
import smtplib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from anyio.from_thread import start_blocking_portal

from tests.dns_server import Zone, serving
from tests.operations import OPERATIONS
from tests.running import Running, running
from tests.sink import sink

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COMMAND = Path(sys.executable).parent / "schemathesis"
EACH = 3  # things of each kind in an account
LISTED = [op.path for op in OPERATIONS if op.id.startswith("list_") and not op.places]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    exit_code: int
    words: str
    report: dict[str, Any]
    notes: list[dict[str, Any]]

    @property
    def cases(self) -> int:
        """Requests that were made up and sent."""
        number: int = self.report["test_cases"]["generated"]
        return number

    @property
    def failures(self) -> int:
        """Different things that were found."""
        number: int = self.report["test_cases"]["unique_failures"]
        return number

    @property
    def reached(self) -> set[str]:
        """Operations that have done what they are there for: they answered with a success."""
        return {note["operation"] for note in self.notes if note["status"] < 300}

    @property
    def links(self) -> set[str]:
        """Links that led to a success."""
        return {note["link"] for note in self.notes if note["link"] and note["status"] < 300}


@contextlib.contextmanager
def target(folder: Path, database_url: str, *, migrate: bool) -> Iterator[Running]:
    """
    A service to ask, on this database (empty: SQLite). Its name server knows no name at all; its
    relay takes every mail but those to one of the customers.
    """
    with contextlib.ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        zone = stack.enter_context(portal.wrap_async_context_manager(serving(Zone())))
        relay = stack.enter_context(portal.wrap_async_context_manager(sink()))
        relay.refuse("RCPT", "550 5.1.1 No such user", who="carla0@customer.example")
        given = {
            "DNS_SERVERS": zone.server,
            "EVENT_STREAM_SECONDS": "0.05",
            "RELAY_URL": relay.url,
        }
        if database_url:
            given["DATABASE_URL"] = database_url
        with running(folder, migrate=migrate, **given) as service:
            yield service


def fuzz(
    service: Running,
    folder: Path,
    *options: str,
    patience: float,
    document: dict[str, Any] | None = None,
) -> Outcome:
    """
    Make two accounts with something of everything in them, and ask whatever comes to mind.

    `document` says what is promised; without it, the service does.
    """
    accounts = {name: service.create_account(name) for name in ("acme", "globex")}
    for name, account in accounts.items():
        furnish(service, account["api_key"], f"{name}.example")
    report, credentials = folder / "report.json", folder / "accounts.json"
    credentials.write_text(json.dumps(_credentials(accounts)))
    promised = folder / "openapi.json"
    notes = folder / "notes"
    found = folder / "found.json"
    notes.touch()
    found.write_text(json.dumps(everything(service, accounts["acme"]["api_key"])))
    if document is None:
        with urllib.request.urlopen(f"{service.base}/openapi.json", timeout=30) as answer:
            document = json.load(answer)
    promised.write_text(json.dumps(document))
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FUZZ_ACCOUNTS": str(credentials),
        "FUZZ_KEYS": " ".join(_key_ids(service, accounts)),
        "FUZZ_KEY": accounts["acme"]["api_key"],
        "FUZZ_FOUND": str(found),
        "FUZZ_NOTED": str(notes),
    }
    base = [COMMAND, "--config-file", HERE / "schemathesis.toml", "run"]
    base += ["--no-color", "--report", "json", "--report-json-path", report]
    done = subprocess.run(
        [*base, *options, "--url", service.base, promised],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=patience,
        check=False,
    )
    if not report.exists():
        raise RuntimeError(done.stdout)
    noted = [json.loads(line) for line in notes.read_text().splitlines()]
    return Outcome(done.returncode, done.stdout, json.loads(report.read_text()), noted)


def _credentials(accounts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """In the form of Web Fuzzing Commons."""
    users = [
        {
            "name": name,
            "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {one['api_key']}"}],
        }
        for name, one in accounts.items()
    ]
    return {"auth": users}


def _key_ids(service: Running, accounts: dict[str, dict[str, str]]) -> list[str]:
    """The ids of the keys themselves, which must not be revoked."""
    return [
        key["id"]
        for account in accounts.values()
        for key in service.call(account["api_key"], "GET", "/v1/api-keys")["items"]
        if key["scopes"] == ["*"]
    ]


def furnish(service: Running, key: str, domain: str) -> None:
    """Some of everything, so that ids in lists lead somewhere, also after some were deleted."""

    def make(path: str, body: Any = None) -> dict[str, Any]:
        made: dict[str, Any] = service.call(key, "POST", path, body)
        return made

    for number in range(EACH):
        user = make("/v1/users", {"name": "Ann", "email": f"ann{number}@{domain}"})
        make("/v1/teams", {"name": f"All {number}", "member_ids": [user["id"]]})
        make("/v1/api-keys", {"name": "some", "scopes": ["users:read"]})
        make("/v1/sender-addresses", {"address": f"sales{number}@{domain}"})
        make("/v1/sending-domains", {"domain": f"d{number}.{domain}"})
        make("/v1/sender-lists", {"kind": "deny", "domain": f"spam{number}.example"})
        make("/v1/ticket-properties", {"key": f"product_{number}"})
        make("/v1/ticket-pipelines", {"name": f"Another {number}"})
        hook = make("/v1/webhooks", {"url": f"https://{domain}:9/", "types": ["nothing.happens"]})
        make(f"/v1/webhooks/{hook['id']}/test")
    make("/v1/channels", {"shared": True, "provider": "other"})
    for number in range(EACH):
        channel = make(
            "/v1/channels",
            {
                "shared": True,
                "provider": "other",
                "team_address": f"support{number}@{domain}",
                "ticket_automation": {"enabled": number > 0},
                "connect": True,
            },
        )
        _send_mails(service, channel["forwarding_address"])
    for conversation in service.call(key, "GET", "/v1/conversations")["items"]:
        path = f"/v1/conversations/{conversation['id']}"
        make(f"{path}/comments", {"text": "Mine.", "author_id": user["id"]})
        reply = {"text": "It is on its way.", "author_id": user["id"]}
        make(f"{path}/replies", {**reply, "override_suppression": True})


def everything(service: Running, key: str) -> list[Any]:
    """What an account has, as the lists of the API show it."""
    found = [service.call(key, "GET", path) for path in LISTED]
    for path, item in (("/v1/conversations", "messages"), ("/v1/webhooks", "deliveries")):
        found += [
            service.call(key, "GET", f"{path}/{one['id']}/{item}")
            for one in service.call(key, "GET", path)["items"]
        ]
    return found


def _send_mails(service: Running, address: str) -> None:
    """Mails of customers with a file each, and one that goes to quarantine."""
    customers = [f"carla{number}@customer.example" for number in range(EACH)]
    with smtplib.SMTP("127.0.0.1", service.smtp_port) as smtp:
        for sender in (*customers, "x@spam0.example"):
            whole = EmailMessage()
            whole["From"], whole["To"] = sender, "support@acme.example"
            whole["Subject"] = "Where is my order?"
            whole["Message-ID"] = f"<{sender.partition('@')[0]}.{address}>"
            whole.set_content("Hello, my order has not come.")
            whole.add_attachment("1,2\n", subtype="csv", filename="order.csv")
            smtp.sendmail("forwarder@forwarder.example", [address], whole.as_bytes())
