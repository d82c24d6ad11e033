"""
SPF records (RFC 7208) as far as setting one up needs it: who is included, how many look-ups. Pure.

Deliberately not here: checking an address by a record; `app.mail` and the receivers do that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MOST_LOOKUPS = 10  # RFC 7208 4.6.4
_MOST_RECORDS = 24  # that are read; a record with more has far too many look-ups anyway
_COUNTED = frozenset(("include", "a", "mx", "ptr", "exists"))
_TERM = re.compile(r"[+?~-]?([a-z][a-z0-9_.-]{0,40})(?:[:=/](.{0,300}))?", re.IGNORECASE)

# The TXT records of a name; None when they are not known.
Texts = Callable[[str], tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Reading:
    """What an SPF record says: `lookups` counts as RFC 7208 4.6.4 does, `OURS` as given."""

    includes_us: bool
    lookups: int


def records_among(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are SPF records (RFC 7208 4.5)."""
    return tuple(one for one in texts if f"{one} ".lower().startswith("v=spf1 "))


def read(record: str, *, ours: str, our_lookups: int, texts: Texts) -> Reading:
    """
    The record with all that it includes. `ours` is the name to include, which takes
    `our_lookups` more. What is not known counts as its own look-up only.
    """
    waiting, seen = [record], {ours}
    lookups, found = 0, False
    while waiting and lookups <= MOST_LOOKUPS * 2 and len(seen) < _MOST_RECORDS:
        for kind, target in _lookups_of(waiting.pop(0)):
            lookups += 1
            if kind not in ("include", "redirect"):
                continue
            if target == ours:
                lookups, found = lookups + our_lookups, True
            elif target not in seen and "%" not in target:
                seen.add(target)
                waiting += records_among(texts(target) or ())[:1]
    return Reading(found, lookups)


def _lookups_of(record: str) -> Iterator[tuple[str, str]]:
    """The terms that ask the DNS, up to `all`: nothing behind it is looked at (RFC 7208 5.1)."""
    redirect = None
    for term in record.split()[1:200]:
        read = _TERM.fullmatch(term)
        if read is None:
            continue
        kind, target = read[1].lower(), (read[2] or "").lower().rstrip(".")
        if kind == "all":
            return
        if kind in _COUNTED:
            yield kind, target
        elif kind == "redirect":
            redirect = target
    if redirect:
        yield "redirect", redirect
