"""What of an event speaks of a person: told by its keys, or by an address that is in it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from app.mail.addresses import canonical, names_any

ERASED = "(erased)"
# Keys of events whose values come from mails and people.
PERSONAL = frozenset({"subject", "recipient", "detail", "text", "name", "address"})
_CONVERSATIONS = re.compile(r"\bcnv_[0-9a-f]{32}\b")
_MESSAGES = re.compile(r"\bmsg_[0-9a-f]{32}\b")


def plain(data: Any) -> str:
    """The data as one text, for looking into it."""
    return json.dumps(data, ensure_ascii=False)


def named_in(data: Any) -> tuple[set[str], set[str]]:
    """The conversations and the messages that it names."""
    text = plain(data)
    return set(_CONVERSATIONS.findall(text)), set(_MESSAGES.findall(text))


_IDS = re.compile(r"\b[a-z]{3}_[0-9a-f]{32}\b")


def is_about(data: Any, ids: Collection[str], addresses: Collection[str]) -> bool:
    """Does it name one of the ids, or one of the addresses?"""
    text = plain(data)
    return any(one in ids for one in _IDS.findall(text)) or names_any(text, addresses)


def scrub(data: Any, addresses: Collection[str], *, all_personal: bool) -> Any:
    """The data without these addresses; with `all_personal` without whatever is a person's."""
    if isinstance(data, dict):
        return {
            key: _blank(value)
            if all_personal and key in PERSONAL
            else scrub(value, addresses, all_personal=all_personal)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [scrub(one, addresses, all_personal=all_personal) for one in data]
    if isinstance(data, str) and names_any(data, addresses):
        return ERASED
    return data


def _blank(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _blank(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_blank(one) for one in value]
    return ERASED if isinstance(value, str) and value else value


def written(addresses: Collection[str]) -> set[str]:
    """The addresses as they are compared: canonical, and in lower case."""
    return {form for one in addresses if one for form in (canonical(one), one.strip().lower())}
