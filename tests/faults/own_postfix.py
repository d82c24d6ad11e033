"""
A real Postfix of a test's own: its own folder, its own ports on the loopback, its own processes.

It has one team address, forwards it by an alias, and can reach nobody but the hosted domain, and
the customers' domain where a test has a mail server for that. The system's configuration, queue and
processes are left alone.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.running import free_port

PATIENCE = 20.0  # seconds
PROGRAMS = Path("/usr/lib/postfix/sbin")

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {programs}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.acme.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_alias_domains = acme.example
virtual_alias_maps = inline:{{ {{{team} = {hosted}}} }}
transport_maps = inline:{{ {{{domain} = smtp:[127.0.0.1]:{port}}}, {{{others} = {way}}} }}
default_transport = error:nobody else can be reached from here
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtp_connection_cache_on_demand = no
fast_flush_domains =
notify_classes =
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
"""

MASTER = """\
127.0.0.1:{own_port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class NoPostfixError(Exception):
    """There is no Postfix to be had here; the text says why."""


@dataclass(slots=True)
class Postfix:
    """A running Postfix."""

    port: int
    log: Path

    def send(self, sender: str, recipient: str, raw: bytes) -> None:
        """Hand a mail over as its author's mail server does. Raises what smtplib raises."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as smtp:
            smtp.sendmail(sender, [recipient], raw)

    def wait_for(self, words: str, times: int = 1) -> str:
        """The line of the log that has these words for the `times`th time, when it is there."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            found = [line for line in lines if words in line]
            if len(found) >= times:
                return found[times - 1]
            time.sleep(0.05)
        raise TimeoutError(f"{words!r} is not in the log:\n{self.log.read_text()[-3000:]}")


@contextlib.contextmanager
def own_postfix(
    *,
    team: str,
    hosted: str,
    port: int,
    own_port: int = 0,
    customers: tuple[str, int] | None = None,
) -> Iterator[Postfix]:
    """
    Have a Postfix that forwards `team` to `hosted`, which it reaches at a port of the loopback.

    `customers` is a domain with the port of its mail server: so it can be a relay, too. It listens
    at `own_port`, or at one that is free. Raises NoPostfixError with the reason when there is none.
    """
    if not (PROGRAMS / "master").exists():
        raise NoPostfixError("Postfix is not installed")
    if os.geteuid() != 0:
        raise NoPostfixError("Postfix is only started by root")
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        own_port = own_port or free_port()
        others, there = customers or ("nobody.invalid", 0)
        make_folders(folder)
        given = {
            "folder": folder,
            "programs": PROGRAMS,
            "team": team,
            "hosted": hosted,
            "domain": hosted.partition("@")[2],
            "port": port,
            "own_port": own_port,
            "others": others,
            "way": f"smtp:[127.0.0.1]:{there}" if customers else "error:nobody is there",
        }
        (folder / "etc/main.cf").write_text(MAIN.format(**given))
        (folder / "etc/master.cf").write_text(MASTER.format(**given))
        master = subprocess.Popen(
            [PROGRAMS / "master", "-d", "-c", folder / "etc"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # it ends its process group when it ends
            cwd="/",
        )
        stack.callback(end, master)
        postfix = Postfix(own_port, folder / "log")
        wait_until_it_listens(postfix, master)
        yield postfix


def make_folders(folder: Path) -> None:
    """The folders of an instance, with the owners and rights that Postfix wants."""
    owner = pwd.getpwnam("postfix").pw_uid
    drop = grp.getgrnam("postdrop").gr_gid
    folder.chmod(0o755)
    for name in ("etc", "queue", "queue/pid"):
        (folder / name).mkdir(mode=0o755)
    private = "active bounce corrupt defer deferred flush hold incoming private saved trace".split()
    for name in ("data", *(f"queue/{name}" for name in private)):
        (folder / name).mkdir(mode=0o700)
        os.chown(folder / name, owner, -1)
    for name, mode in (("queue/public", 0o710), ("queue/maildrop", 0o730)):
        (folder / name).mkdir()
        os.chown(folder / name, owner, drop)
        (folder / name).chmod(mode)


def wait_until_it_listens(postfix: Postfix, master: subprocess.Popen[bytes]) -> None:
    """It greets when this returns."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and master.poll() is None:
        with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", postfix.port, timeout=5):
            return
        time.sleep(0.05)
    words = postfix.log.read_text() if postfix.log.exists() else "it said nothing"
    raise NoPostfixError(f"Postfix did not start: {words[-2000:]}")


def end(master: subprocess.Popen[bytes]) -> None:
    """End this instance, master and daemons, and nothing else."""
    if master.poll() is None:
        master.terminate()
        try:
            master.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(master.pid, signal.SIGKILL)
            master.wait()
