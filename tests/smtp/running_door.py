"""An SMTP door on a loop in a thread, a fake intake behind it, a plain socket before it."""

from __future__ import annotations

import asyncio
import queue
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from app.smtp import door
from app.smtp.arrivals import ArrivedMail, Refusal, RefusedDelivery, SessionFacts
from app.smtp.settings import DoorSettings

PATIENCE = 10.0
"""Only so that a broken test ends; nothing waits for it to pass."""

T = TypeVar("T")


class FakeIntake:
    """Accepts what is in `ours`, keeps in memory, and does what a test asks of it."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop
        self.ours = {"support@acme.example", "sales@acme.example", "postmaster"}
        self.asked: list[tuple[str, SessionFacts]] = []
        self.kept: queue.Queue[ArrivedMail] = queue.Queue()
        self.refusals: queue.Queue[RefusedDelivery] = queue.Queue()
        self.fault_in_accepts: Exception | None = None
        self.fault_in_keep: Exception | None = None
        self.fault_in_refused: Exception | None = None
        self.ids: Callable[[ArrivedMail], list[str]] = lambda mail: [
            f"rcv_{number}" for number, _ in enumerate(mail.recipients, 1)
        ]
        self.keeping: queue.Queue[ArrivedMail] = queue.Queue()
        self.cancelled: queue.Queue[ArrivedMail] = queue.Queue()
        self._held: asyncio.Event | None = None

    async def accepts(self, recipient: str, session: SessionFacts) -> Refusal | None:
        self.asked.append((recipient, session))
        if self.fault_in_accepts:
            raise self.fault_in_accepts
        if recipient in self.ours:
            return None
        return Refusal(550, "5.1.1", "No such address here", "smtp.unknown_recipient")

    async def keep(self, mail: ArrivedMail) -> list[str]:
        self.keeping.put(mail)
        if self._held is not None:
            try:
                await self._held.wait()
            except asyncio.CancelledError:
                self.cancelled.put(mail)
                raise
        if self.fault_in_keep:
            raise self.fault_in_keep
        self.kept.put(mail)
        return self.ids(mail)

    def refused(self, refusal: RefusedDelivery) -> None:
        self.refusals.put(refusal)
        if self.fault_in_refused:
            raise self.fault_in_refused

    def hold(self) -> None:
        """Commits that begin from now on wait for `release`."""
        self._held = asyncio.Event()

    def release(self) -> None:
        held, self._held = self._held, None
        assert held is not None
        self.loop.call_soon_threadsafe(held.set)


class RunningDoor:
    """A door that a test can knock at."""

    def __init__(self, settings: DoorSettings, sock: socket.socket | None, *, fast: bool) -> None:
        self.intake = FakeIntake()
        self.loop = uvloop.new_event_loop() if fast else asyncio.new_event_loop()
        self.intake.loop = self.loop
        self.troubles: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.troubles.append(context))
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        try:
            self.door = self.run(door.open(settings, self.intake, sock=sock))
        except BaseException:
            self._end_loop()
            raise
        self.port = self.door.port
        self._callers: list[Caller] = []

    def start(self, work: Coroutine[Any, Any, T]) -> Any:
        """Starts something on the door's loop; `.result(…)` waits for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        result: T = self.start(work).result(PATIENCE)
        return result

    async def empty(self) -> None:
        """Waits until no session is left (commits may still run)."""
        state = self.door._state
        while state.sessions:
            state.changed.clear()
            await state.changed.wait()

    async def let_pass(self, seconds: float) -> None:
        """Time in which something is not to happen."""
        await asyncio.sleep(seconds)

    def call(self, greet: bool = True) -> Caller:
        """A new connection; with `greet` the greeting has been read and EHLO said."""
        caller = Caller(self.port)
        self._callers.append(caller)
        if greet:
            assert caller.reply().startswith("220 ")
            assert caller.ask("EHLO client.example").startswith("250")
        return caller

    def stop(self) -> None:
        for caller in self._callers:
            caller.close()
        self.run(self.door.close(grace=1))
        self._end_loop()
        assert self.troubles == []

    def _end_loop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


class Caller:
    """The client's end of a connection: what is sent is exactly what a test says."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._left = b""

    def send(self, octets: bytes | str) -> None:
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def reply(self) -> str:
        """The next whole reply, lines joined by LF; "" when the server has hung up."""
        lines = []
        while True:
            line = self._line()
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def _line(self) -> str:
        while b"\r\n" not in self._left:
            try:
                octets = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLEOFError):
                octets = b""
            if not octets:
                return ""
            self._left += octets
        line, _, self._left = self._left.partition(b"\r\n")
        return line.decode()

    def ask(self, command: str) -> str:
        self.send(command + "\r\n")
        return self.reply()

    def begin(self, *recipients: str, sender: str = "ann@shop.example") -> None:
        """An envelope up to 354."""
        assert self.ask(f"MAIL FROM:<{sender}>").startswith("250 2.1.0")
        for recipient in recipients or ("support@acme.example",):
            assert self.ask(f"RCPT TO:<{recipient}>").startswith("250 2.1.5")
        assert self.ask("DATA").startswith("354 ")

    def deliver(self, mail: bytes = b"Subject: x\r\n\r\nHello\r\n", *recipients: str) -> str:
        """A whole mail; the reply to it."""
        self.begin(*recipients)
        self.send(mail + b".\r\n")
        return self.reply()

    def start_tls(self) -> None:
        assert self.ask("STARTTLS").startswith("220 ")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def trickle(self, octets: bytes, every: float) -> str:
        """Sends something again and again until the server says 421; this reply."""
        self.socket.settimeout(every)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.send(octets)
                reply = self.reply()
            except TimeoutError:
                continue
            except OSError:
                return ""
            if reply[:3] in ("421", ""):
                return reply
        return "never"

    def send_without_reading(self, octets: bytes) -> None:
        """Sends until nothing more fits in."""
        self.socket.setblocking(False)
        try:
            while self.socket.send(octets):
                pass
        except OSError:
            pass

    def reset(self) -> None:
        """Closes with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def read_to_the_end(self) -> None:
        """Reads until the server has hung up."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass

    def peer_certificate(self) -> bytes | None:
        assert isinstance(self.socket, ssl.SSLSocket)
        return self.socket.getpeercert(binary_form=True)

    def close(self) -> None:
        self.socket.close()
