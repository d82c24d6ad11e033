"""
The values that pass between the SMTP door and the intake behind it.

Deliberately not here: how an intake keeps mail. The door only relies on the contract of `Intake`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Refusal(Exception):
    """
    An SMTP reply that says no; an intake returns it for a recipient or raises it for a mail.

    `code` is 4yz or 5yz, `enhanced` the status code of RFC 3463 that fits it. `reason` is the
    stable code for the ledger.
    """

    def __init__(self, code: int, enhanced: str, text: str, reason: str = "smtp.refused") -> None:
        super().__init__(f"{code} {enhanced} {text}")
        self.code = code
        self.enhanced = enhanced
        self.text = text
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What is known when a recipient is named. `reverse_path` is "" for the null path."""

    remote_address: str
    helo: str
    tls: str
    reverse_path: str
    smtputf8: bool


@dataclass(frozen=True, slots=True)
class ArrivedMail:
    """One mail with its envelope, exactly as it came; dot-stuffing is undone (RFC 5321 4.5.2)."""

    raw: bytes
    reverse_path: str
    recipients: tuple[str, ...]
    remote_address: str
    helo: str
    tls: str
    """Version of the protocol ("TLSv1.3"), or "" without."""
    smtputf8: bool
    received_at: datetime
    """Aware, UTC."""


@dataclass(frozen=True, slots=True)
class RefusedDelivery:
    """One recipient that was told no, at RCPT or at the end of DATA."""

    recipient: str
    reverse_path: str
    remote_address: str
    helo: str
    tls: str
    reason: str
    code: int
    enhanced: str
    text: str
    size: int | None
    """Octets of the mail as far as they were received or announced; None when unknown."""
    refused_at: datetime


class Intake(Protocol):
    """Who decides about recipients and keeps mail."""

    async def accepts(self, recipient: str, session: SessionFacts) -> Refusal | None:
        """None when the recipient is ours. Raising anything answers 451."""

    async def keep(self, mail: ArrivedMail) -> list[str]:
        """
        One id for each recipient, in order, once the mail is committed.

        Raises `Refusal` for its reply, `StorageFull` for 452, anything else for 451. It is never
        cancelled because a client hung up.
        """

    def refused(self, refusal: RefusedDelivery) -> None:
        """Takes note of a refusal. Returns at once."""
