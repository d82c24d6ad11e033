"""
The settings: one frozen model, read once from `HOSTED_INBOX_…` variables.

Every field works without being set. Deliberately not here: looking at the machine (files, ports);
the doors do that when they open.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from app import sqlite

PREFIX = "HOSTED_INBOX_"

CommaList = Annotated[tuple[str, ...], NoDecode]

DRIVERS = {
    "sqlite": sqlite.DRIVER,
    "sqlite+aiosqlite": sqlite.DRIVER,
    sqlite.DRIVER: sqlite.DRIVER,
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_RELAY_OPTIONS = {
    "tls": "required",
    "verify": "yes|no",
    "port": "[1-9][0-9]{0,4}",
    "private": "allow",
}
# A host name in the form that DNS and SMTP know (RFC 1123, section 2.1).
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.(?!\Z)|\Z))+")


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
    storage_reserve: int = Field(
        104_857_600,
        ge=0,
        description="Octets of DATA_DIR's disk that stay free: with less no mail is taken (452), "
        "and the service is not ready; 0: none.",
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

    event_retention_days: int = Field(
        30, ge=1, description="Days that events and deliveries of webhooks are kept."
    )
    audit_retention_days: int = Field(
        400, ge=1, description="Days that the audit log of settings is kept."
    )
    raw_mail_retention_days: int = Field(
        0, ge=0, description="Days that raw mail and files are kept, received or sent; 0: for ever."
    )
    conversation_retention_days: int = Field(
        0,
        ge=0,
        description="Days after its last message that a closed conversation is kept; 0: for ever.",
    )
    ledger_retention_days: int = Field(
        0, ge=0, description="Days that the ledger of received mail is kept; 0: for ever."
    )
    event_stream_seconds: float = Field(
        3600, gt=0, description="Time after which a stream of events ends; clients come again."
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
        ("60", "300", "900", "3600", "14400", "43200", "86400", "86400"),
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
    drain_seconds: float = Field(
        7, gt=0, description="Seconds that running deliveries and requests have at the end."
    )
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

    @field_validator("paid_root", "free_root", "smtp_hostname")
    @classmethod
    def _plain_domain(cls, value: str, info: ValidationInfo) -> str:
        name = value.strip().strip(".").lower()
        may_be_empty = info.field_name == "smtp_hostname"
        if not _DOMAIN.fullmatch(name) and (name or not may_be_empty):
            raise ValueError("this is no domain name (letters, digits, hyphens and dots)")
        return name

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value) if value else None
        except (ArgumentError, ValueError):
            raise ValueError("this is no URL of a database") from None
        if url and "sslmode" in url.query:
            raise ValueError("say ssl=require instead of sslmode=require")
        if url and url.drivername not in DRIVERS:
            raise ValueError("it has to be like postgresql://user:password@host/name, or empty")
        return value

    @field_validator("blob_url")
    @classmethod
    def _known_storage(cls, value: str) -> str:
        if value and not re.match(r"s3://[^/]", value):
            raise ValueError("it has to be like s3://bucket/prefix, or empty")
        return value

    @field_validator("relay_url")
    @classmethod
    def _known_relay(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            port = parts.port or 25  # looking at it is what finds a wrong one
        except ValueError:
            raise ValueError("it has no port and host that work") from None
        relay = parts.scheme in ("smtp", "smtps") and bool(parts.hostname and port)
        if value and not relay and parts.scheme != "mx":
            raise ValueError("it has to be like smtp://host:port, smtps://host or mx://, or empty")
        for name, chosen in parse_qsl(parts.query, keep_blank_values=True):
            if not re.fullmatch(_RELAY_OPTIONS.get(name, "(?!)"), chosen):
                raise ValueError(
                    "after ? it can have tls=required, verify=no; mx:// port=…, private=allow"
                )
        return value

    @field_validator("retry_seconds")
    @classmethod
    def _whole_seconds(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(re.fullmatch(r"[0-9]{1,8}", item) and int(item) for item in value):
            raise ValueError("these are whole seconds above 0, comma separated, such as 60,300")
        return value

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
            raise ValueError(f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY go together")
        if self.tls_required and not self.tls_certificate:
            raise ValueError(f"{PREFIX}TLS_REQUIRED needs TLS_CERTIFICATE and TLS_KEY")
        if self.workers > 1 and self.embedded:
            raise ValueError(
                f"{PREFIX}WORKERS: more than one process needs PostgreSQL ({PREFIX}DATABASE_URL)"
            )
        if self.paid_root == self.free_root:
            raise ValueError(f"{PREFIX}PAID_ROOT and {PREFIX}FREE_ROOT must differ")
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
        return f"{DRIVERS[scheme]}://{rest}"

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


def words_for(fault: ValidationError) -> str:
    """What is wrong with which variable: a sentence, or a line for each."""
    lines = []
    for error in fault.errors(include_input=False):
        name = PREFIX + "_".join(map(str, error["loc"])).upper() + ": " if error["loc"] else ""
        lines.append(name + error["msg"].removeprefix("Value error, "))
    return "\n  ".join(["The settings do not work:", *lines] if lines[1:] else lines) + "."


def make_data_dir(settings: Settings) -> None:
    """DATA_DIR is there when this returns; for nobody else to read when it was not. OSError."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


def read_secret_key(settings: Settings) -> bytes:
    """The secret key: the one given, else the one in DATA_DIR, made there when it is missing."""
    if settings.secret_key:
        return settings.secret_key.encode()
    path = settings.data_dir / "secret.key"
    try:
        return path.read_bytes().strip()
    except FileNotFoundError:
        make_data_dir(settings)
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
