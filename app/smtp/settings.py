"""
What the SMTP door can be told: addresses, limits, times, certificates.

Deliberately not here: reading variables. The one settings model of the product does that, and
`DoorSettings.of` takes over what concerns this door.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Every limit of the door. Sizes in octets, times in seconds."""

    hostname: str = "localhost"
    hosts: tuple[str, ...] = ("",)
    """Addresses to listen on; "" is every address, IPv4 and IPv6."""
    port: int = 0
    reuse_port: bool = False
    """SO_REUSEPORT, so that several processes share the port."""

    size_limit: int = 36_700_160
    memory_limit: int = 536_870_912
    """Mail that is being received or committed at one time, in all sessions together."""
    connection_limit: int = 1000
    connection_limit_per_address: int = 100
    recipient_limit: int = 100
    command_limit: int = 10_000
    """Commands in one session."""
    bad_command_limit: int = 20
    """Commands since the last kept mail that were unknown, malformed or out of turn."""
    refused_recipient_limit: int = 100
    """Unknown recipients since the last kept mail: guessing addresses is made slow."""

    idle_timeout: float = 300
    """Silence (RFC 5321 section 4.5.3.2: at least five minutes)."""
    transaction_timeout: float = 3600
    """From MAIL to the end of the mail."""
    data_timeout: float = 1800
    """From 354 to the end of the mail, however steadily it trickles."""
    commit_timeout: float = 300
    """For the intake; afterwards the answer is 451 while the commit goes on."""
    handshake_timeout: float = 30
    """For TLS and for the PROXY header."""

    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_required: bool = False
    proxy_protocol: bool = False

    @classmethod
    def of(cls, settings: Settings) -> DoorSettings:
        """The part of the product's settings that concerns this door."""
        return cls(
            hostname=settings.greeting,
            hosts=(settings.host,),
            port=settings.smtp_port,
            reuse_port=settings.workers > 1,
            size_limit=settings.message_size_limit,
            memory_limit=max(536_870_912, 4 * settings.message_size_limit),
            connection_limit=settings.smtp_connections,
            connection_limit_per_address=settings.smtp_connections_per_address,
            recipient_limit=settings.recipient_limit,
            command_limit=settings.smtp_command_limit,
            idle_timeout=settings.smtp_idle_seconds,
            data_timeout=settings.smtp_data_seconds,
            transaction_timeout=2 * settings.smtp_data_seconds,
            tls_certificate=settings.tls_certificate,
            tls_key=settings.tls_key,
            tls_required=settings.tls_required,
            proxy_protocol=settings.proxy_protocol,
        )
