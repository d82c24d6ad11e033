"""The door under test runs on both event loops: uvloop as in production, asyncio's own as well."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.smtp.settings import DoorSettings
from tests.smtp.running_door import RunningDoor

OpenDoor = Callable[..., RunningDoor]


@pytest.fixture(params=["uvloop", "asyncio"])
def open_door(request: pytest.FixtureRequest) -> Iterator[OpenDoor]:
    opened: list[RunningDoor] = []

    def open_one(sock: socket.socket | None = None, **settings: Any) -> RunningDoor:
        given = DoorSettings(**{"hostname": "mx.acme.example", "hosts": ("127.0.0.1",), **settings})
        opened.append(RunningDoor(given, sock, fast=request.param == "uvloop"))
        return opened[-1]

    yield open_one
    for running in opened:
        running.stop()


@dataclass(frozen=True)
class CertificateFiles:
    certificate: Path
    key: Path

    def write(self, name: str) -> None:
        """Writes a new self-signed certificate for a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def certificate(tmp_path: Path) -> CertificateFiles:
    files = CertificateFiles(tmp_path / "certificate.pem", tmp_path / "key.pem")
    files.write("mx.acme.example")
    return files
