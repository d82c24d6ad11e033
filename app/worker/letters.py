"""
What is handed to another mail server, and what that one answers: values of the sending worker.

Pure, so that every answer of a server can be judged without one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

from app.domain.outbox import DEFERRED, FAILED, SENT

WORDS_LIMIT = 400  # characters of the other side's words that are kept

_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?=\s|$)")
_UNSAFE = re.compile(r"[\x00-\x20\x7f<>]")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"@')


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail for one recipient, with its octets; `account_id`: whose it is."""

    sender: str  # "" is the null reverse-path
    recipient: str
    raw: bytes = field(repr=False)
    smtputf8: bool = False
    account_id: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The fate of a try. `status`: as in outbox.Result, only where an address was refused."""

    state: str
    detail: str
    status: str = ""


class Away(Exception):
    """
    The other side could not be asked at all: no connection, no greeting, no login.

    The words are for an operator and name no credentials.
    """


class Later(Exception):
    """Nobody asked: enough is under way to that place, or it was away a moment ago."""

    def __init__(self, detail: str, seconds: float) -> None:
        super().__init__(detail)
        self.seconds = seconds


class Courier(Protocol):
    """Hands letters to other machines."""

    at_once: int
    """Letters that it can have under way at one time."""

    async def deliver(self, letter: Letter) -> Outcome:
        """Raises Away when nobody can get anything now, Later when this letter has to wait."""

    async def check(self) -> None:
        """Returns when letters can be taken; raises Away."""

    async def tidy(self) -> None:
        """Connections that nobody has used for a while are closed."""

    async def close(self) -> None:
        """All connections are closed."""


def judged(stage: str, code: int, words: str) -> Outcome:
    """
    What a refusal means (RFC 5321 4.2.1): 5yz for good, everything else may be otherwise later.

    `stage` is the command that was refused; only RCPT speaks of the recipient.
    """
    told = f"{code} {cleaned(words)}".strip()
    if 500 <= code < 600:
        found = _STATUS.match(words.strip())
        status = found[0] if found is not None and stage == "RCPT" else ""
        return Outcome(FAILED, told, status)
    return Outcome(DEFERRED, told)


def accepted(code: int, words: str) -> Outcome:
    """The other side has taken the mail over."""
    return Outcome(SENT, f"{code} {cleaned(words)}".strip())


def cleaned(words: str) -> str:
    """The other side's words on one line, printable, at most WORDS_LIMIT characters."""
    joined = " ".join(words[: WORDS_LIMIT * 4].split())
    return "".join(c if c.isprintable() else "\ufffd" for c in joined)[:WORDS_LIMIT]


def can_be_said(address: str) -> bool:
    """Can this stand in MAIL and RCPT between angle brackets? Nothing in it ends them or a line."""
    if len(address.encode("utf-8", "replace")) > 320:
        return False
    quoted = _QUOTED.match(address)
    return _UNSAFE.search(address[quoted.end() :] if quoted else address) is None
