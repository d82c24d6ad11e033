"""docs/events.md keeps its word: its commands are run, and its Python verifies a real webhook."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.receiver import Receiver, receiving
from tests.running import Running, running
from tests.test_readme import fits

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "events.md").read_text("utf-8")
_BLOCK = re.compile(r"^```sh\n(.*?)^```\n```text\n(.*?)^```\n", re.M | re.S)
_NEXT = "-- next --"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "data", WEBHOOK_ALLOW_PRIVATE="true") as found:
        yield found


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_the_commands_of_the_page_do_what_it_shows(process: Running) -> None:
    blocks = _BLOCK.findall(PAGE.partition("<!-- run -->")[2].partition("<!-- /run -->")[0])
    script = f"\necho; echo '{_NEXT}'\n".join(commands for commands, _ in blocks)
    key = process.create_account()["api_key"]

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("localhost:8000", process.base[7:])],
        env={**process.environment, "KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    printed = done.stdout.split(f"{_NEXT}\n")
    assert len(printed) == len(blocks) == 4
    for (commands, shown), out in zip(blocks, printed, strict=True):
        assert fits(shown, out), f"{commands}shows\n{shown}but prints\n{out}"


def receive(url: Future[str], wanted: int) -> Receiver:
    """Receive so many requests, in a loop of this thread; where it listens comes first."""

    async def run() -> Receiver:
        async with receiving() as receiver:
            url.set_result(receiver.url)
            await receiver.count(wanted)
            return receiver

    return asyncio.run(run())


def test_the_python_of_the_page_verifies_a_webhook(process: Running) -> None:
    found = re.search(r"^```python\n(.*?)^```\n", PAGE, re.M | re.S)
    assert found
    names: dict[str, object] = {}
    exec(found[1], names)
    verify = names["verify"]
    assert callable(verify)
    key = process.create_account()["api_key"]
    url: Future[str] = Future()
    with ThreadPoolExecutor(1) as pool:
        receiver = pool.submit(receive, url, 1)
        webhook = process.call(key, "POST", "/v1/webhooks", {"url": url.result(10)})
        process.call(key, "POST", "/v1/contacts", {"name": "Carla"})
        [request] = receiver.result(30).requests

    assert verify(webhook["secret"], request.headers, request.body)
    assert not verify(webhook["secret"], request.headers, request.body + b" ")
    assert not verify("whsec_AAAA", request.headers, request.body)
