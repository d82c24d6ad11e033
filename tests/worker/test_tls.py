"""TLS with the relay: from the first octet, by STARTTLS where it is offered, and when it fails."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.settings import Settings
from tests.sink import Sink, sink
from tests.smtp.conftest import CertificateFiles
from tests.worker.conftest import Fates, Put

BOB = "bob@customer.example"


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """The relay's certificate, which nobody else knows."""
    files = CertificateFiles(tmp_path / "relay.pem", tmp_path / "relay.key")
    files.write("relay.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context


def pointing_at(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"relay_url": url, "retry_seconds": ("1", "1")})


class TestFromTheFirstOctet:
    """`smtps://`."""

    @pytest.fixture
    async def relay(self, tls: ssl.SSLContext) -> AsyncIterator[Sink]:
        async with sink(implicit_tls=tls) as one:
            yield one

    @pytest.fixture(params=["no", "yes"])
    def verify(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def settings(self, settings: Settings, relay: Sink, verify: str) -> Settings:
        return pointing_at(settings, f"smtps://127.0.0.1:{relay.port}?verify={verify}")

    async def test_mail_leaves_when_the_certificate_is_believed(
        self, relay: Sink, verify: str, put: Put, fates: Fates
    ) -> None:
        await put(BOB)
        item = (await fates("sent", "deferred"))[BOB]

        if verify == "no":
            assert (item.state, len(relay.mails)) == ("sent", 1)
            return
        assert (item.state, item.attempts, relay.mails) == ("deferred", 0, [])
        assert "certificate" in item.detail.lower()


class TestWhereItIsOffered:
    """Plain `smtp://` takes STARTTLS as far as it goes (RFC 7435)."""

    @pytest.fixture(params=["works", "breaks"])
    def handshake(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    async def relay(self, tls: ssl.SSLContext, handshake: str) -> AsyncIterator[Sink]:
        if handshake == "breaks":
            tls.maximum_version = ssl.TLSVersion.TLSv1_2
            tls.set_ciphers("PSK")  # nothing that anybody else speaks
        async with sink(tls=tls) as one:
            yield one

    @pytest.fixture
    def settings(self, settings: Settings, relay: Sink) -> Settings:
        return pointing_at(settings, relay.url)

    async def test_it_is_used_and_a_broken_one_is_better_than_no_mail(
        self, relay: Sink, handshake: str, put: Put, fates: Fates
    ) -> None:
        await put(BOB)
        item = (await fates("sent"))[BOB]

        assert relay.tls == ["TLSv1.3" if handshake == "works" else ""]
        assert item.attempts == 1


class TestWhereItIsNot:
    """A relay that offers none."""

    @pytest.fixture(params=["", "?tls=required"])
    def wish(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def settings(self, settings: Settings, relay: Sink, wish: str) -> Settings:
        return pointing_at(settings, relay.url + wish)

    async def test_mail_leaves_in_the_clear_unless_tls_is_required(
        self, relay: Sink, wish: str, put: Put, fates: Fates
    ) -> None:
        await put(BOB)
        item = (await fates("sent", "deferred"))[BOB]

        if wish:
            assert (item.attempts, relay.mails) == (0, [])
            assert "it offers no STARTTLS" in item.detail
        else:
            assert (item.state, relay.tls) == ("sent", [""])


class TestWithoutSmtputf8:
    """A relay that takes no internationalised mail."""

    @pytest.fixture
    async def relay(self) -> AsyncIterator[Sink]:
        async with sink(smtputf8=False) as one:
            yield one

    @pytest.mark.parametrize(
        ("recipient", "smtputf8"), [("jörg@customer.example", False), (BOB, True)]
    )
    async def test_mail_that_needs_it_fails_in_clear_words(
        self, recipient: str, smtputf8: bool, relay: Sink, put: Put, fates: Fates
    ) -> None:
        await put(recipient, smtputf8=smtputf8)
        item = (await fates("failed"))[recipient]

        assert "takes no internationalised mail (it offers no SMTPUTF8)" in item.detail
        assert item.attempts == 1
        assert not any(one.startswith("MAIL") for one in relay.commands)

    async def test_a_foreign_domain_alone_needs_none(
        self, relay: Sink, put: Put, fates: Fates
    ) -> None:
        await put("bob@müller.example")
        await fates("sent")

        assert [to for _, to, _ in relay.mails] == [["bob@xn--mller-kva.example"]]
