"""Identifiers: a prefix that says the kind, and a UUIDv7 (RFC 9562), so that they sort by time."""

from __future__ import annotations

import uuid_utils


def new(prefix: str) -> str:
    """A fresh identifier such as `msg_0190…`; later ones of a process sort after earlier ones."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"
