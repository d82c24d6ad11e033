"""
The service under test is the real one: real lifespan, real database, real SMTP socket.

`TEST_DATABASE` says which databases: sqlite (default), postgresql or both. Each test has a database
of its own, copied from one that was migrated once.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiosmtplib
import httpx
import hypothesis
import pytest
from fastapi import FastAPI

from app import migrate
from app.api.house import House
from app.db import Database
from app.domain import accounts
from app.main import create_app
from app.settings import Settings
from tests.documented import check_code
from tests.postgres import create_database, drop_database
from tests.sink import Sink, sink

pytest_plugins = ["tests.plugin_postgres"]

# In CI the same examples in every run: a red build is then about the change, not about luck.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

CHOICES = {"sqlite": ["sqlite"], "postgresql": ["postgresql"], "both": ["sqlite", "postgresql"]}
DATABASES = CHOICES[os.environ.get("TEST_DATABASE", "sqlite")]
ROOTS = accounts.HostedRoots(paid="inbox.localhost", free="free-inbox.localhost")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file."""
    folder = tmp_path_factory.mktemp("template")
    asyncio.run(migrate.upgrade(Settings(data_dir=folder)))
    return folder / "hosted-inbox.db"


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """The name of a migrated PostgreSQL database."""
    name = f"template_{uuid4().hex[:12]}"

    async def make() -> None:
        url = await create_database(postgres_url, name)
        await migrate.upgrade(Settings(database_url=url))

    asyncio.run(make())
    return name


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database of this test's own; empty: the SQLite file in `tmp_path`."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "hosted-inbox.db")
        yield ""
        return
    server = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("postgres_template")
    name = f"test_{uuid4().hex[:12]}"
    yield asyncio.run(create_database(server, name, template))
    asyncio.run(drop_database(server, name))


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """The settings of the service under test; another fixture may override this one."""
    return Settings(
        database_url=database_url,
        data_dir=tmp_path,
        smtp_port=0,
        secret_key="only for tests",
        dns_servers=("127.0.0.1:1",),  # nobody there: tests ask no name server of the world
        drain_seconds=5,
        event_stream_seconds=0.05,  # who only asks whether there is a stream need not wait
        rate_limit=0,
    )


@pytest.fixture
async def relay() -> AsyncIterator[Sink]:
    """
    A mail server for what is sent. A module whose service has to use it says so by a fixture:

        @pytest.fixture
        def settings(settings: Settings, relay: Sink) -> Settings:
            return settings.model_copy(update={"relay_url": relay.url})
    """
    async with sink() as one:
        yield one


@dataclass(slots=True)
class Service:
    """The running service."""

    app: FastAPI
    settings: Settings

    @property
    def house(self) -> House:
        """The opened parts."""
        house: House = self.app.state.house
        return house

    @property
    def database(self) -> Database:
        """The database."""
        return self.house.database

    @property
    def smtp_port(self) -> int:
        """Where mail goes."""
        port: int = self.app.state.door.port
        return port


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Service]:
    """The service, running."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield Service(app, settings)


@dataclass(frozen=True, slots=True)
class Account:
    """An account and a key with every scope."""

    id: str
    subdomain: str
    hosted_domain: str
    key: str


MakeAccount = Callable[..., Awaitable[Account]]


@pytest.fixture
async def make_account(service: Service) -> MakeAccount:
    """Make an account as the operator's command line does."""

    async def make(name: str = "Acme", plan: str = "professional", **more: Any) -> Account:
        now = datetime.now(UTC)
        async with service.database.writing() as db:
            made = await accounts.create_account(db, name=name, plan=plan, now=now, **more)
            _, secret = await accounts.create_key(db, made.id, name="all", scopes=["*"], now=now)
            domain = accounts.hosted_domain(made, ROOTS)
        return Account(made.id, made.subdomain, domain, secret)

    return make


@pytest.fixture
async def account(make_account: MakeAccount) -> Account:
    """An account."""
    return await make_account()


@pytest.fixture
async def other_account(make_account: MakeAccount) -> Account:
    """An account of somebody else."""
    return await make_account("Globex")


MakeClient = Callable[[str | None], httpx.AsyncClient]


@pytest.fixture
async def client(service: Service) -> AsyncIterator[MakeClient]:
    """Make HTTP clients of the service, each with a key (or none)."""
    transport = httpx.ASGITransport(service.app, raise_app_exceptions=False)
    made: list[httpx.AsyncClient] = []

    def make(key: str | None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        one = httpx.AsyncClient(
            transport=transport,
            base_url="http://inbox.test",
            headers=headers,
            event_hooks={"response": [check_code]},
        )
        made.append(one)
        return one

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def http(client: MakeClient, account: Account) -> httpx.AsyncClient:
    """A client with the account's key."""
    return client(account.key)


@pytest.fixture
def other_http(client: MakeClient, other_account: Account) -> httpx.AsyncClient:
    """A client with another account's key."""
    return client(other_account.key)


@pytest.fixture
def key_http(http: httpx.AsyncClient, client: MakeClient) -> Callable[..., Any]:
    """Make a client whose key has only the scopes given."""

    async def make(*scopes: str) -> httpx.AsyncClient:
        answer = await http.post("/v1/api-keys", json={"name": "some", "scopes": list(scopes)})
        assert answer.status_code == 201, answer.text
        return client(answer.json()["key"])

    return make


Deliver = Callable[..., Awaitable[str]]


@pytest.fixture
def deliver(service: Service) -> Deliver:
    """Hand a mail to the SMTP door; gives the text of its reply, raises on a refusal."""

    async def send(
        raw: bytes, *recipients: str, sender: str = "forwarder@forwarder.example"
    ) -> str:
        async with aiosmtplib.SMTP(
            hostname="127.0.0.1", port=service.smtp_port, use_tls=False, start_tls=False
        ) as smtp:
            _, text = await smtp.sendmail(sender, list(recipients), raw)
        return text

    return send
