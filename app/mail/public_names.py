"""
Names that may stand in the public DNS: what a mail claims is not always worth a question.

Deliberately not here: asking.
"""

from __future__ import annotations

# Reserved: they never stand in the public DNS (RFC 2606, 6761, 6762, 7686, 9476).
_NOWHERE = frozenset("localhost example test invalid local internal onion alt".split())
_LONGEST = 253  # characters, RFC 1035 2.3.4


def may_exist(name: str) -> bool:
    """May the public DNS know it? Not the reserved names, addresses of hosts, and none at all."""
    last = name.rpartition(".")[2]
    return bool(name) and last not in _NOWHERE and not last.isdigit() and len(name) <= _LONGEST
