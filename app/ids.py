"""Identifiers: a prefix that says the kind, and a UUIDv7 (RFC 9562), so that they sort by time."""

from __future__ import annotations

from datetime import datetime

import uuid_utils


def new(prefix: str) -> str:
    """A fresh identifier such as `msg_0190…`; later ones of a process sort after earlier ones."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def first_at(prefix: str, moment: datetime) -> str:
    """What sorts before every id of that millisecond or later, and behind all earlier ones."""
    return f"{prefix}_{int(moment.timestamp() * 1000):012x}"
