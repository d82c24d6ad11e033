"""
The README keeps its word: the tour is run as it stands, tables are current, links lead somewhere.

Each `sh` block of the tour runs in one shell, against a service of its own; the `text` block behind
it is what has to come out (`…` stands for anything).
"""

from __future__ import annotations

import re
import shutil
import smtplib
import subprocess
import urllib.request
from pathlib import Path

import pytest

from app import settings
from tests import forwarding_page
from tests.builders import mail
from tests.running import COMMAND, running

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "openapi" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.M | re.S)
_NEXT = "-- next --"


def between(name: str) -> str:
    """What stands between the markers of this name."""
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.S)
    assert found, f"The README has no part {name}."
    return found[1]


def fits(shown: str, printed: str) -> bool:
    """Is this what was printed? `…` stands for anything, alone in its line for any lines."""
    pattern = re.escape(shown.strip()).replace("…", ".*")
    return re.fullmatch(pattern, printed.strip(), re.S) is not None


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_tour_does_what_it_shows(tmp_path: Path) -> None:
    tour = _BLOCK.findall(between("tour"))
    script = f"\necho '{_NEXT}'\n".join(commands for commands, _ in tour)

    with running(tmp_path / "data") as service:
        script = script.replace("localhost:8000", f"127.0.0.1:{service.http_port}")
        script = script.replace("localhost:2525", f"127.0.0.1:{service.smtp_port}")
        script = script.replace(".venv/bin/hosted-inbox", str(COMMAND))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=service.environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stderr + done.stdout
    printed = done.stdout.replace("\r", "").split(f"{_NEXT}\n")
    assert len(printed) == len(tour) > 10
    misfits = [
        f"{commands}shows\n{shown}but prints\n{out}"
        for (commands, shown), out in zip(tour, printed, strict=True)
        if not fits(shown, out)
    ]
    assert misfits == []


def test_an_output_that_differs_is_seen() -> None:
    assert fits("usr_…\n", "usr_123\n")
    assert fits("one\n…\n", "one\ntwo\nthree\n")
    assert not fits("usr_…\n", "tea_123\n")
    assert not fits("one\n", "one\ntwo\n")


def test_the_table_of_settings_is_current() -> None:
    """`hosted-inbox settings` prints what has to stand there."""
    assert between("settings").strip() == settings.table()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_what_the_readme_calls_a_file_of_ours_is_one() -> None:
    named = set(re.findall(r"`((?:app|tests|openapi|docs)/[\w./]+)`", README))

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    named = set(re.findall(r"(?:`|^    |command\. )make ([a-z]+)", README, re.M))

    assert {"run", "test", "demo"} <= named
    assert named <= targets


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"hosted-inbox ([a-z]+)", README)) - {"db"}

    known = subprocess.run([COMMAND, "--help"], capture_output=True, text=True, check=True).stdout
    assert [one for one in sorted(named) if not re.search(rf"\b{one}\b", known)] == []


def test_the_instructions_for_providers_are_current() -> None:
    """`python -m tests.forwarding_page` writes what has to stand there."""
    page = forwarding_page.PAGE.read_text("utf-8")

    assert forwarding_page.current(page) == page


def test_a_backup_as_described_is_a_service_again(tmp_path: Path) -> None:
    """Taken while the service runs, with the newest mail still in the write-ahead log."""
    found = re.search(r"^( +mkdir -p backup\n(?: +\S.*\n)+)", README, re.M)
    assert found
    with running(tmp_path / "var") as service:
        key = service.create_account()["api_key"]
        body = {"shared": True, "provider": "other", "connect": True}
        address = service.call(key, "POST", "/v1/channels", body)["forwarding_address"]
        large = mail("A long story. " * 10_000)
        with smtplib.SMTP("127.0.0.1", service.smtp_port) as smtp:
            smtp.sendmail("forwarder@acme.example", [address], large)
        subprocess.run(["bash", "-euc", found[1]], cwd=tmp_path, check=True)

    with running(tmp_path / "backup") as again:
        [received] = again.call(key, "GET", "/v1/received-mail")["items"]
        request = urllib.request.Request(f"{again.base}/v1/received-mail/{received['id']}/raw")
        request.add_header("Authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            raw = answer.read()

    assert raw.endswith(large)
