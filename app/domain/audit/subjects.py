"""
Which tables are audited, under which name, and which of their columns.

Tables are named, not imported: this room lies below those that own them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of row: its name in the log, the column that identifies it, what is not shown."""

    resource_type: str
    id_column: str = "id"
    hidden: frozenset[str] = frozenset()  # that it changed is told, not to what
    silent: frozenset[str] = frozenset()  # what machines write, or what follows from the rest


def _subject(
    resource_type: str, id_column: str = "id", *, hidden: str = "", silent: str = ""
) -> Subject:
    return Subject(resource_type, id_column, frozenset(hidden.split()), frozenset(silent.split()))


SUBJECTS: Mapping[str, Subject] = {
    "accounts": _subject("account"),
    "users": _subject("user", silent="username_key"),
    "teams": _subject("team"),
    "api_keys": _subject("api_key", hidden="hash", silent="last_used_at"),
    "channels": _subject(
        "channel",
        silent="team_address_key local_part_chosen forwarding_status last_received_at confirmation",
    ),
    "sender_identities": _subject(
        "sender_identity",
        "channel_id",
        silent="company_name_key previous_address address_in_force from_policy",
    ),
    "routing_rules": _subject("routing", "channel_id"),
    "ticket_automations": _subject("ticket_automation", "channel_id"),
    "ticket_pipelines": _subject("ticket_pipeline"),
    "ticket_stages": _subject("ticket_stage"),
    "ticket_properties": _subject("ticket_property"),
    "sender_addresses": _subject(
        "sender_address",
        hidden="code_digest link_digest",
        silent="address_key wrong_attempts expires_at",
    ),
    "sending_domains": _subject(
        "sending_domain",
        hidden="token",
        silent="return_host findings checked_at next_check_at missed_at",
    ),
    "sender_lists": _subject("sender_list"),
    "webhooks": _subject(
        "webhook",
        hidden="secret former_secret",
        silent="former_secret_until place replay_place replay_until failures failing_since"
        " paused_until retry_at claimed_until claimed_by",
    ),
}
RESOURCES = tuple(sorted(one.resource_type for one in SUBJECTS.values()))
# Columns that say, once they are set, that the row is only kept for those who still name it.
GONE = frozenset({"deleted_at", "revoked_at"})
