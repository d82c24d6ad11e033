"""
The settings: one frozen model, read once from `HOSTED_INBOX_…` variables.

Every field works without being set. Deliberately not here: looking at the machine (files, ports);
the doors do that when they open.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app import sqlite

PREFIX = "HOSTED_INBOX_"

CommaList = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """What the operator chose; unknown variables with our prefix are refused as typing mistakes."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    # Where things are kept
    data_dir: Path = Field(
        Path("./var"), description="Folder for the embedded database, raw mail and the secret key."
    )
    database_url: str = Field(
        "",
        description="`postgresql://user:password@host/name`; empty: SQLite in DATA_DIR.",
    )
    database_pool: int = Field(
        10, ge=2, le=200, description="Connections to PostgreSQL per process."
    )
    blob_url: str = Field(
        "",
        description="`s3://bucket/prefix` for large raw mail; empty: files in DATA_DIR. "
        "Credentials and endpoint come from the usual AWS_… variables.",
    )
    secret_key: str = Field(
        "",
        description="Encrypts what is secret at rest; the same for every process. "
        "Empty: made once and kept in DATA_DIR.",
    )

    # The HTTP door
    host: str = Field(
        "127.0.0.1", description="Address that HTTP and SMTP listen on; 0.0.0.0 for all."
    )
    http_port: int = Field(8000, ge=0, le=65535, description="Port of the JSON API.")
    public_url: str = Field(
        "", description="How the API is reached from outside; for links in mail."
    )
    cors_origins: CommaList = Field(
        (), description="Origins of browser frontends, comma separated."
    )
    rate_limit: int = Field(
        100,
        ge=0,
        description="Requests a second for one API key, bursts of ten times that; 0: none.",
    )

    # The SMTP door
    smtp_port: int = Field(2525, ge=0, le=65535, description="Port that mail servers forward to.")
    smtp_hostname: str = Field(
        "", description="Name in the greeting; empty: the paid root's `mx.`."
    )
    message_size_limit: int = Field(
        36_700_160, ge=65_536, description="Largest mail in octets (RFC 1870)."
    )
    smtp_connections: int = Field(1000, ge=1, description="SMTP connections at one time.")
    smtp_connections_per_address: int = Field(
        100, ge=1, description="… from one address; all mail comes from few forwarders."
    )
    recipient_limit: int = Field(100, ge=1, description="Recipients of one mail.")
    smtp_idle_seconds: float = Field(300, gt=0, description="Silence after which we hang up.")
    smtp_data_seconds: float = Field(
        1800, gt=0, description="Time that one mail may take to arrive as a whole."
    )
    smtp_command_limit: int = Field(10_000, ge=10, description="Commands in one SMTP session.")
    tls_certificate: Path | None = Field(None, description="PEM chain; switches STARTTLS on.")
    tls_key: Path | None = Field(None, description="PEM key of TLS_CERTIFICATE.")
    tls_required: bool = Field(False, description="Refuse mail on connections without TLS.")
    proxy_protocol: bool = Field(
        False, description="Expect the PROXY protocol from a balancer on every SMTP connection."
    )

    # The hosted domains
    paid_root: str = Field(
        "inbox.localhost", description="Hosted domains of paid plans end in this."
    )
    free_root: str = Field(
        "free-inbox.localhost", description="Hosted domains of free plans end in this."
    )

    # Sending
    relay_url: str = Field(
        "",
        description="`smtp://…`, `smtps://…` or `mx://`; empty: mail stays queued, nothing leaves.",
    )
    dns_servers: CommaList = Field((), description="`host:port,…`; empty: the system's resolver.")
    retry_seconds: CommaList = Field(
        ("60", "300", "900", "3600", "14400", "43200", "86400"),
        description="Waits before the next try of what could not be sent, comma separated.",
    )
    webhook_allow_private: bool = Field(
        False, description="Allow webhooks to private addresses; for development."
    )

    # The process
    doors: CommaList = Field(
        ("http", "smtp", "worker"), description="Doors that this process opens, comma separated."
    )
    workers: int = Field(1, ge=1, le=64, description="Processes; more than one needs PostgreSQL.")
    drain_seconds: float = Field(20, gt=0, description="Time for running deliveries at the end.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="How much is logged."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="console for people, json for machines; auto: console on a terminal."
    )

    @field_validator("cors_origins", "dns_servers", "retry_seconds", "doors", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator("paid_root", "free_root")
    @classmethod
    def _plain_domain(cls, value: str) -> str:
        return value.strip().strip(".").lower()

    @field_validator("doors")
    @classmethod
    def _known_doors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = set(value) - {"http", "smtp", "worker"}
        if unknown or not value:
            raise ValueError("doors are any of http, smtp, worker")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Settings:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("TLS_CERTIFICATE and TLS_KEY go together")
        if self.tls_required and not self.tls_certificate:
            raise ValueError("TLS_REQUIRED needs TLS_CERTIFICATE and TLS_KEY")
        if self.workers > 1 and self.embedded:
            raise ValueError("several WORKERS need DATABASE_URL: SQLite has one writing process")
        if self.paid_root == self.free_root:
            raise ValueError("PAID_ROOT and FREE_ROOT must differ")
        return self

    @property
    def embedded(self) -> bool:
        """Is the database the embedded SQLite?"""
        return not self.database_url or self.database_url.startswith("sqlite")

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database, with its asynchronous driver."""
        if not self.database_url:
            return f"{sqlite.DRIVER}:///{self.data_dir / 'hosted-inbox.db'}"
        scheme, _, rest = self.database_url.partition("://")
        drivers = {
            "sqlite": sqlite.DRIVER,
            "sqlite+aiosqlite": sqlite.DRIVER,
            "postgres": "postgresql+asyncpg",
            "postgresql": "postgresql+asyncpg",
        }
        return f"{drivers.get(scheme, scheme)}://{rest}"

    @property
    def greeting(self) -> str:
        """The host name that the SMTP door calls itself."""
        return self.smtp_hostname or f"mx.{self.paid_root}"

    @property
    def base_url(self) -> str:
        """Where the API is reached, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.http_port}").rstrip("/")


def unknown_variables() -> list[str]:
    """Variables with our prefix that no setting has."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def read_secret_key(settings: Settings) -> bytes:
    """The secret key: the one given, else the one in DATA_DIR, made there when it is missing."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret.key"
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was quicker
        return path.read_bytes().strip()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes().strip()


def table() -> str:
    """The variables as a Markdown table, for the README and `hosted-inbox settings`."""
    rows = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ",".join(default) if isinstance(default, tuple) else default
        text = "" if shown in ("", None) else f"`{shown}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {text} | {field.description} |")
    return "\n".join(rows)
