"""What an operator gets wrong ends in one plain sentence on standard error, and exit code 1."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app import migrate, preflight
from app.main import create_app
from app.settings import Settings
from tests.conftest import DATABASES
from tests.postgres import create_database, drop_database
from tests.running import COMMAND, free_port, running

on_postgresql = pytest.mark.skipif("postgresql" not in DATABASES, reason="asked for SQLite only")


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line on its own, to its end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HOSTED_INBOX_")}
    variables = {"HTTP_PORT": str(free_port()), "SMTP_PORT": str(free_port()), **variables}
    environment.update({f"HOSTED_INBOX_{name}": value for name, value in variables.items()})
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def assert_plain(done: subprocess.CompletedProcess[str], words: str) -> None:
    """One line that has these words, and nothing else."""
    said = done.stderr.strip()
    assert (done.returncode, done.stdout) == (1, ""), said
    assert words in said
    assert len(said.splitlines()) == 1, said
    assert "Value error" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "garbage"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "postgresql://host:port/name"),
        ("DATABASE_URL", "postgresql://host/name?sslmode=require"),
        ("WORKERS", "3"),
        ("BLOB_URL", "file:///tmp"),
        ("BLOB_URL", "s3://"),
        ("RETRY_SECONDS", "60,soon"),
        ("RETRY_SECONDS", "0"),
        ("RELAY_URL", "http://relay.example"),
        ("RELAY_URL", "smtp://"),
        ("RELAY_URL", "smtp://relay.example:many"),
        ("PAID_ROOT", "inbox example"),
        ("FREE_ROOT", ""),
        ("FREE_ROOT", "-.example"),
        ("SMTP_HOSTNAME", "mx_1.example"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_its_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HOSTED_INBOX_{name}", value)

    with pytest.raises(ValueError, match="validation error") as caught:
        Settings()

    words = preflight.words_for(caught.value)
    assert words is not None
    assert words.startswith(f"HOSTED_INBOX_{name}: ")
    assert "\n" not in words
    assert "Value error" not in words


def test_settings_that_work_are_taken() -> None:
    settings = Settings(
        database_url="postgres://u:p@db.example:5432/inbox",
        blob_url="s3://bucket/prefix",
        relay_url="smtps://user:secret@relay.example:465",
        retry_seconds="60, 300",  # type: ignore[arg-type]
        paid_root="Inbox.Example.",
        smtp_hostname="mx.xn--bcher-kva.example",
    )

    assert settings.database == "postgresql+asyncpg://u:p@db.example:5432/inbox"
    assert settings.paid_root == "inbox.example"
    assert Settings(relay_url="mx://").relay_url == "mx://"


def test_what_the_machine_does_not_allow_is_refused_before_a_door_opens(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no certificate\n" * 100)
    gone = tmp_path / "gone"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        cases: list[tuple[str, dict[str, Any]]] = [
            ("HOSTED_INBOX_HTTP_PORT", {"http_port": port}),
            ("HOSTED_INBOX_SMTP_PORT", {"smtp_port": port}),
            ("HOSTED_INBOX_SMTP_PORT", {"smtp_port": port, "doors": ("smtp",)}),
            ("HOSTED_INBOX_HTTP_PORT", {"host": "nowhere.invalid"}),
            ("HOSTED_INBOX_DATA_DIR", {"data_dir": file}),
            ("HOSTED_INBOX_DATA_DIR", {"data_dir": Path("/proc/nothing")}),
            ("gone", {"tls_certificate": gone, "tls_key": file}),
            ("HOSTED_INBOX_TLS_CERTIFICATE", {"tls_certificate": file, "tls_key": file}),
        ]

        said = [
            refusal(Settings(**{"data_dir": tmp_path, "http_port": 0, "smtp_port": 0, **given}))
            for _, given in cases
        ]

    assert [
        words for words, (wanted, _) in zip(said, cases, strict=True) if wanted not in words
    ] == []
    assert [words for words in said if "\n" in words] == []
    assert refusal(Settings(data_dir=tmp_path, http_port=0, smtp_port=0)) == ""


def refusal(settings: Settings) -> str:
    """What `serve` would say instead of starting; empty: it would start."""
    try:
        preflight.check(settings)
    except Exception as fault:  # noqa: BLE001 - the words for it are what is tested
        return preflight.words_for(fault) or f"no words for {fault!r}\n"
    return ""


def test_the_commands_refuse_what_cannot_work_in_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "hosted-inbox.db").write_bytes(b"this is no database" * 500)
    away = "postgresql://127.0.0.1:1/none"
    with ThreadPoolExecutor(2) as pool:
        cases: list[tuple[str, str, dict[str, str]]] = [
            ("serve", "damaged", {"DATA_DIR": str(damaged)}),
            ("accounts list", "HOSTED_INBOX_DATABASE_URL: ", {"DATABASE_URL": "garbage"}),
            ("mail list", "does not answer", {"DATABASE_URL": away}),
        ]

        done = list(
            pool.map(
                lambda case: run(*case[0].split(), **{"DATA_DIR": str(tmp_path), **case[2]}), cases
            )
        )

    for one, (_, words, _) in zip(done, cases, strict=True):
        assert_plain(one, words)


def test_a_second_service_on_the_embedded_database_is_refused_until_the_first_is_gone(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "data") as service:
        second = run("serve", DATA_DIR=str(tmp_path / "data"))
        beside = run("accounts", "list", DATA_DIR=str(tmp_path / "data"))
        service.kill()
        service.start()

    assert_plain(second, "serve")
    assert "already" in second.stderr
    assert beside.returncode == 0


def test_what_is_kept_is_for_the_service_alone(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"

    done = run("accounts", "create", "--name", "Acme", DATA_DIR=str(data))

    assert done.returncode == 0, done.stderr
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (data, *data.rglob("*"))}
    assert modes["data"] == 0o700
    assert modes["hosted-inbox.db"] == 0o600
    assert [name for name, mode in modes.items() if mode & 0o077] == []


@on_postgresql
async def test_a_database_that_is_not_migrated_is_not_served(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = request.getfixturevalue("postgres_url")
    name = f"empty_{uuid4().hex[:12]}"
    url = await create_database(server, name)
    variables = {"DATABASE_URL": url, "DATA_DIR": str(tmp_path)}
    try:
        settings = Settings(database_url=url, data_dir=tmp_path, smtp_port=0, http_port=0)
        nobody = settings.model_copy(update={"database_url": url.replace(name, "nobody")})
        assert "run hosted-inbox migrate" in await asyncio.to_thread(refusal, settings)
        assert "does not exist" in await asyncio.to_thread(refusal, nobody)
        assert_plain(run("accounts", "list", **variables), "run hosted-inbox migrate")
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as http:
                before = await http.get("/health/ready")
                call = await http.get("/v1/account", headers={"Authorization": "Bearer hi_none"})
                await migrate.upgrade(settings)
                after = await http.get("/health/ready")
    finally:
        await drop_database(server, name)

    assert before.status_code == 503
    assert "run hosted-inbox migrate" in before.json()["parts"]["database"]
    assert call.status_code in (401, 503)
    assert (after.status_code, after.json()["parts"]["database"]) == (200, "ok")


def test_the_log_does_not_tell_the_token_of_a_verification_link(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        answer = httpx.get(f"{service.base}/verify/a-token-that-nobody-may-read")

    said = service.log.read_text()  # the line is written after the answer
    assert answer.status_code == 404
    assert "/verify/" in said
    assert "a-token" not in said
