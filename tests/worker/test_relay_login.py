"""A relay that wants TLS and a password."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.settings import Settings
from tests.sink import Sink, sink
from tests.smtp.conftest import CertificateFiles
from tests.worker.conftest import Fates, Put

BOB = "bob@customer.example"


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Sink]:
    files = CertificateFiles(tmp_path / "relay.pem", tmp_path / "relay.key")
    files.write("relay.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    async with sink(tls=context, login=("us@acme", "s/ecret")) as one:
        yield one


@pytest.fixture(params=["us%40acme:s%2Fecret", "us%40acme:wrong"])
def credentials(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def settings(settings: Settings, relay: Sink, credentials: str) -> Settings:
    url = f"smtp://{credentials}@127.0.0.1:{relay.port}?tls=required&verify=no"
    return settings.model_copy(update={"relay_url": url})


async def test_mail_leaves_over_tls_with_a_login_or_waits(
    relay: Sink, credentials: str, put: Put, fates: Fates, http: httpx.AsyncClient
) -> None:
    await put(BOB)
    item = (await fates("sent", "deferred"))[BOB]

    if "wrong" not in credentials:
        assert relay.tls == ["TLSv1.3"]
        assert item.state == "sent"
        return
    notes = (await http.get("/health/ready")).json()["notes"]
    assert item.state == "deferred"
    assert item.attempts == 0
    assert "refuses us: 535" in item.detail
    assert any("535" in note for note in notes)
    assert not any("wrong" in words for words in (*notes, item.detail))
