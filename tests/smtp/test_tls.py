"""STARTTLS (RFC 3207)."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from cryptography import x509

from tests.smtp.conftest import CertificateFiles, OpenDoor
from tests.smtp.running_door import PATIENCE, Caller, RunningDoor


def _open(open_door: OpenDoor, files: CertificateFiles, **settings: object) -> RunningDoor:
    return open_door(tls_certificate=files.certificate, tls_key=files.key, **settings)


def _name_shown_to(caller: Caller) -> str:
    certificate = x509.load_der_x509_certificate(cast(bytes, caller.peer_certificate()))
    return str(certificate.subject.rfc4514_string())


def test_a_mail_over_tls_says_so(open_door: OpenDoor, certificate: CertificateFiles) -> None:
    running = _open(open_door, certificate)
    caller = running.call()
    assert "STARTTLS" in caller.ask("EHLO client.example")

    caller.start_tls()
    offers = caller.ask("EHLO client.example")
    reply = caller.deliver(b"x" * 3_000_000 + b"\r\n")

    assert "STARTTLS" not in offers
    assert "AUTH" not in offers
    assert reply.startswith("250 2.0.0")
    mail = running.intake.kept.get(timeout=PATIENCE)
    assert mail.tls == "TLSv1.3"
    assert len(mail.raw) == 3_000_002


def test_after_starttls_everything_before_is_forgotten(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    caller = _open(open_door, certificate).call()
    caller.ask("MAIL FROM:<ann@shop.example>")

    caller.start_tls()

    assert caller.ask("MAIL FROM:<ann@shop.example>")[:9] == "503 5.5.1"
    assert caller.ask("STARTTLS")[:9] == "503 5.5.1"
    caller.ask("EHLO client.example")
    assert caller.ask("MAIL FROM:<ann@shop.example>")[:9] == "250 2.1.0"


def test_commands_put_behind_starttls_in_the_clear_are_not_obeyed(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    caller = _open(open_door, certificate).call()

    caller.send("STARTTLS\r\nMAIL FROM:<ann@shop.example>\r\n")

    assert caller.reply()[:9] == "421 4.7.0"
    assert caller.reply() == ""


def test_required_tls_refuses_mail_in_the_clear(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    caller = _open(open_door, certificate, tls_required=True).call()

    refused = caller.ask("MAIL FROM:<ann@shop.example>")
    caller.start_tls()
    caller.ask("EHLO client.example")

    assert refused[:9] == "530 5.7.0"
    assert caller.deliver().startswith("250 2.0.0")


def test_required_tls_without_a_certificate_does_not_open(open_door: OpenDoor) -> None:
    with pytest.raises(ValueError, match="certificate"):
        open_door(tls_required=True)


def test_a_missing_certificate_is_noticed_at_opening(open_door: OpenDoor, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        open_door(tls_certificate=tmp_path / "nothing", tls_key=tmp_path / "nothing")


def test_a_renewed_certificate_is_shown_without_a_restart(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    running = _open(open_door, certificate)
    before = running.call()
    before.start_tls()

    certificate.write("renewed.example")
    after = running.call()
    after.start_tls()

    assert _name_shown_to(before) == "CN=mx.acme.example"
    assert _name_shown_to(after) == "CN=renewed.example"
    before.ask("EHLO client.example")
    assert before.deliver().startswith("250 2.0.0")


def test_a_half_renewed_certificate_leaves_the_old_one_in_force(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    running = _open(open_door, certificate)

    certificate.key.write_text("half a key")
    caller = running.call()
    caller.start_tls()

    assert _name_shown_to(caller) == "CN=mx.acme.example"


def test_a_failed_handshake_costs_only_this_connection(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    running = _open(open_door, certificate)
    caller = running.call()
    caller.ask("STARTTLS")

    caller.send("this is not TLS\r\n" * 10)

    caller.read_to_the_end()
    running.run(running.empty())
    assert running.door.counters.tls_failures == 1
    assert running.call().deliver().startswith("250 2.0.0")


def test_a_handshake_that_never_comes_is_hung_up_on(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    running = _open(open_door, certificate, handshake_timeout=0.1)
    caller = running.call()

    caller.ask("STARTTLS")

    running.run(running.empty())
    assert caller.reply() == ""


def test_a_client_that_hangs_up_during_a_commit_over_tls_cancels_nothing(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    running = _open(open_door, certificate)
    running.intake.hold()
    caller = running.call()
    caller.start_tls()
    caller.ask("EHLO client.example")
    caller.begin()
    caller.send(b"x\r\n.\r\n")
    running.intake.keeping.get(timeout=PATIENCE)

    caller.close()
    running.run(running.empty())
    running.intake.release()

    assert running.intake.kept.get(timeout=PATIENCE).raw == b"x\r\n"


def test_a_silent_client_over_tls_is_hung_up_on(
    open_door: OpenDoor, certificate: CertificateFiles
) -> None:
    caller = _open(open_door, certificate, idle_timeout=0.2).call()
    caller.start_tls()

    assert caller.reply()[:9] == "421 4.4.2"
    assert caller.reply() == ""
