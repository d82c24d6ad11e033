"""The values of an attribution: what it is decided upon, and the decision with its reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from app.mail.addresses import is_addr_spec
from app.mail.message import Mail, Mailbox

TRANSPARENT, REWRITTEN, TEAMMATE = "transparent", "rewritten", "teammate"
GATEWAY, MACHINE, OWN = "gateway", "machine", "own"

REPORTS = frozenset({"bounce", "delivery_receipt", "complaint"})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the account knows that matters; all addresses canonical."""

    own_addresses: frozenset[str]  # the channel's public, further and hosted addresses
    gateways: frozenset[str] = frozenset()
    is_teammate: Callable[[str], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might be the author, and why that was believed or not."""

    method: str
    name: str
    address: str
    accepted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Original:
    """The embedded mail of a forward."""

    author: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    sent_at: datetime | None
    text: str
    html: str = ""
    message_id: str = ""
    whole: Mail | None = None  # the embedded mail, when it came whole
    carrier: str = ""  # … the locator of the part that it came in
    words: str = ""  # … and what the mail says that carries it


@dataclass(slots=True)
class Attribution:
    """The decision: who wrote it, how that was found, and how far it can be believed."""

    arrival: str
    method: str
    author: Mailbox
    trust: str = "unverified"
    unresolved: bool = False
    forwarder: str | None = None
    comment: str = ""  # the own words of whoever forwards
    original: Original | None = None
    candidates: list[Candidate] = field(default_factory=list)

    @property
    def speaks_for_us(self) -> bool:
        """Is it believed only because From is of the team: a teammate, or the team address?"""
        return self.arrival == TEAMMATE or self.original is not None


def as_received(mail: Mail, arrival: str, reason: str) -> Attribution:
    """The author is the header From; without an address nobody is known."""
    known = is_addr_spec(mail.sender.address)
    seen = Candidate(
        "from",
        mail.sender.name,
        mail.sender.address,
        known,
        reason if known else "From holds no address.",
    )
    return Attribution(
        arrival,
        "from" if known else "none",
        mail.sender,
        unresolved=not known and arrival != MACHINE,
        candidates=[seen],
    )
