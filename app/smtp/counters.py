"""What the SMTP door counts. Plain numbers of this process; whoever exports them reads them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Totals since the door opened; `connections_open` and `octets_in_flight` are of the moment."""

    connections: int = 0
    connections_open: int = 0
    tls_handshakes: int = 0
    tls_failures: int = 0
    timeouts: int = 0
    mails: int = 0
    recipients: int = 0
    octets: int = 0
    octets_in_flight: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    """By reply code and enhanced status code: "550 5.1.1"; a session ended with 421 counts, too."""
