"""
Has somebody passed a mail on before it came to us, or did its author's server bring it straight?

SPF tells about the last host alone. Where that is a forwarder, and it happens to send for the
author's domain, too (a provider with many customers, the team's own server), a pass would prove a
forger's mail that went in at its front door. So SPF counts only for what bears no sign of having
been received elsewhere. Deliberately not here: SPF.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.mail.addresses import canonical
from app.mail.message import Headers

# Fields that are set where a mail is received or passed on (RFC 5321 4.4, 5322 3.6.6, 8601, 9228,
# 8617, 7208 9.1, 2919; and what common servers write), never by who sends one straight.
_TRACES = frozenset(
    (
        *("delivered-to", "x-delivered-to", "envelope-to", "x-envelope-to", "x-original-to"),
        *("x-forwarded-to", "x-forwarded-for", "resent-from", "resent-to", "resent-sender"),
        *("return-path", "authentication-results", "received-spf", "arc-seal", "list-id"),
        *("arc-message-signature", "arc-authentication-results", "x-beenthere", "x-loop"),
        *("x-original-from", "x-original-sender", "x-google-group-id", "delivery-date"),
    )
)
_HOPS = 30  # Received fields that are read; straight mail has a few
_FOR = re.compile(r"\bfor\s+<?([^\s<>;]{1,320})>?", re.IGNORECASE)
_LONGEST = 2000  # characters of a Received field
_LONGEST_LISTS = 5_000  # characters of To and Cc


def is_direct(headers: Headers, recipients: Sequence[str]) -> bool:
    """Is it written to one of the envelope's recipients, and bears no sign of a forwarder?"""
    if not _TRACES.isdisjoint(headers.names()):
        return False
    ours = {canonical(one) for one in recipients}
    hops = headers.values("received")
    if len(hops) > _HOPS or any(_is_for_others(one[:_LONGEST], ours) for one in hops):
        return False
    if sum(map(len, (*headers.values("to"), *headers.values("cc")))) > _LONGEST_LISTS:
        return False  # nobody writes to so many straight
    boxes = (*headers.mailboxes("to"), *headers.mailboxes("cc"))
    return any(canonical(box.address) in ours for box in boxes)


def _is_for_others(received: str, ours: set[str]) -> bool:
    """Did a server take it for another recipient (RFC 5321 4.4, FOR)?"""
    return any("@" in one and canonical(one) not in ours for one in _FOR.findall(received))
