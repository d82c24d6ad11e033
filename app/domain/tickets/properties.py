"""
Custom properties: what they are called, which values they take, and which one is the default.

The key and the type of a property never change, so that the values that are there go on fitting.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, page_of
from app.domain import accounts
from app.domain.tickets.models import TicketProperty
from app.errors import Conflict, FieldError, Invalid, NotFound, invalid_field

TEXT, NUMBER, BOOLEAN, DATE, CHOICE = "text", "number", "boolean", "date", "choice"
LONGEST_TEXT = 1000
LARGEST_NUMBER = 10**15
CHOICES_LIMIT = 200
PROPERTIES_LIMIT = 200

_KEY = re.compile(r"[a-z][a-z0-9_]{0,49}")

Defined = Mapping[str, TicketProperty]  # by key


@dataclass(frozen=True, slots=True)
class PropertyFields:
    """What people say of a property; `given` names the fields that count when it is changed."""

    given: frozenset[str] = frozenset()
    key: str = ""
    label: str = ""
    type: str = TEXT
    choices: Sequence[str] = ()
    default: Any | None = None
    required: bool = False


async def create_property(
    db: AsyncSession, account_id: str, wanted: PropertyFields, now: datetime
) -> TicketProperty:
    """A new property. Raises Invalid for a bad field, Conflict for a key that is there already."""
    if not _KEY.fullmatch(wanted.key):
        raise invalid_field(
            "/key",
            "A key begins with a letter and has at most 50 of a–z, 0–9 and _.",
            "tickets.bad_property_key",
        )
    known = (await properties_of(db, [account_id]))[account_id]
    if wanted.key in known:
        detail = f"There is a property {wanted.key} already."
        raise Conflict(detail, "tickets.property_key_taken", (FieldError("/key", detail),))
    if len(known) >= PROPERTIES_LIMIT:
        raise Conflict(
            f"An account has at most {PROPERTIES_LIMIT} properties.", "tickets.too_many_properties"
        )
    made = TicketProperty(
        account_id=account_id,
        id=ids.new("tpr"),
        key=wanted.key,
        label=_label(wanted.label or wanted.key.replace("_", " ").capitalize()),
        type=wanted.type,
        choices=_choices(wanted.type, wanted.choices),
        default=None,
        required=wanted.required,
        created_at=now,
    )
    made.default = _default(made, wanted.default)
    db.add(made)
    await db.flush()
    return made


async def change_property(
    db: AsyncSession, found: TicketProperty, wanted: PropertyFields
) -> TicketProperty:
    """
    The property has the new fields. Raises Invalid.

    Values that tickets have stay, also choices that are taken away.
    """
    if "label" in wanted.given:
        found.label = _label(wanted.label)
    if "choices" in wanted.given:
        found.choices = _choices(found.type, wanted.choices)
    if "required" in wanted.given:
        found.required = wanted.required
    if "default" in wanted.given or "choices" in wanted.given:
        default = wanted.default if "default" in wanted.given else found.default
        found.default = _default(found, default)
    await db.flush()
    return found


async def delete_property(db: AsyncSession, found: TicketProperty) -> None:
    """The property is gone; tickets keep what they have under its key."""
    await db.delete(found)
    await db.flush()


async def get_property(db: AsyncSession, account_id: str, property_id: str) -> TicketProperty:
    """The property. Raises NotFound."""
    found = await db.get(TicketProperty, (account_id, property_id))
    if found is None:
        raise NotFound("There is no such property.", "tickets.property_not_found")
    return found


async def list_properties(
    db: AsyncSession, account_id: str, request: PageRequest
) -> Page[TicketProperty]:
    """The account's properties, the oldest first."""
    statement = select(TicketProperty).where(TicketProperty.account_id == account_id)
    return await page_of(db, statement, [TicketProperty.id], request)


async def properties_of(
    db: AsyncSession, account_ids: Collection[str]
) -> dict[str, dict[str, TicketProperty]]:
    """Every property of these accounts, by account and key."""
    statement = (
        select(TicketProperty)
        .where(TicketProperty.account_id.in_(sorted(account_ids)))
        .order_by(TicketProperty.id)
    )
    found: dict[str, dict[str, TicketProperty]] = {account_id: {} for account_id in account_ids}
    for row in (await db.execute(statement)).scalars():
        found[row.account_id][row.key] = row
    return found


def checked(defined: Defined, given: Mapping[str, Any], at: str) -> dict[str, Any]:
    """
    The values as they are stored; null takes one away, which a required one does not let happen.

    `at` is the JSON Pointer of the values. Raises Invalid for a key that is none and a value that
    does not fit.
    """
    found: dict[str, Any] = {}
    for key, value in given.items():
        pointer = f"{at}/{escaped(key)}"
        property_ = defined.get(key)
        if isinstance(value, dict | list):
            raise invalid_field(pointer, "A property is a short text, a number or a boolean.", _BAD)
        if property_ is None:
            raise invalid_field(
                pointer, "The account has no such ticket property.", "tickets.unknown_property"
            )
        if value is None and property_.required:
            raise invalid_field(
                pointer, f"{property_.label} is required.", "tickets.property_required"
            )
        found[key] = None if value is None else _value(property_, value, pointer)
    return found


def escaped(key: str) -> str:
    """The key as a part of a JSON Pointer (RFC 6901, 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def completed(defined: Defined, given: Mapping[str, Any], at: str) -> dict[str, Any]:
    """The values of a new ticket, defaults included. Raises Invalid for a required one missing."""
    values = {**defaults(defined), **checked(defined, given, at)}
    for key, property_ in defined.items():
        if property_.required and key not in values:
            raise invalid_field(
                f"{at}/{key}", f"{property_.label} is required.", "tickets.property_required"
            )
    return {key: value for key, value in values.items() if value is not None}


def defaults(defined: Defined) -> dict[str, Any]:
    """The values that a new ticket has when nobody says others."""
    return {key: one.default for key, one in defined.items() if one.default is not None}


def fits(property_: TicketProperty | None, value: Any) -> bool:
    """Does the value that was checked once still fit?"""
    if property_ is None:
        return False
    try:
        _value(property_, value, "")
    except Invalid:
        return False
    return True


_BAD = "tickets.bad_property"


def _value(property_: TicketProperty, value: Any, pointer: str) -> Any:
    fault = _FAULTS[property_.type](property_, value)
    if fault:
        raise invalid_field(pointer, f"{property_.label}: {fault}", _BAD)
    return value


def _text_fault(_: TicketProperty, value: Any) -> str:
    fine = isinstance(value, str) and len(value) <= LONGEST_TEXT
    return "" if fine else f"a text of at most {LONGEST_TEXT} characters."


def _number_fault(_: TicketProperty, value: Any) -> str:
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    if not fine or not abs(value) <= LARGEST_NUMBER:  # what is no number is not smaller either
        return "a number of at most 15 digits before the point."
    return ""


def _boolean_fault(_: TicketProperty, value: Any) -> str:
    return "" if isinstance(value, bool) else "true or false."


def _date_fault(_: TicketProperty, value: Any) -> str:
    try:
        fine = isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        fine = False
    return "" if fine else "a date such as 2026-11-24."


def _choice_fault(property_: TicketProperty, value: Any) -> str:
    return "" if value in property_.choices else f"one of {', '.join(property_.choices)}."[:500]


_FAULTS = {
    TEXT: _text_fault,
    NUMBER: _number_fault,
    BOOLEAN: _boolean_fault,
    DATE: _date_fault,
    CHOICE: _choice_fault,
}


def _label(text: str) -> str:
    return accounts.visible_line(text, "/label", "tickets.bad_property_label", 100)


def _choices(kind: str, given: Sequence[str]) -> list[str]:
    if kind != CHOICE:
        if given:
            raise invalid_field(
                "/choices", "Only a property of the type choice has some.", "tickets.bad_choices"
            )
        return []
    found = [
        accounts.visible_line(one, f"/choices/{place}", "tickets.bad_choices", 100)
        for place, one in enumerate(given)
    ]
    if not found or len(set(found)) < len(found) or len(found) > CHOICES_LIMIT:
        raise invalid_field(
            "/choices", f"1 to {CHOICES_LIMIT} choices, each once.", "tickets.bad_choices"
        )
    return found


def _default(property_: TicketProperty, value: Any | None) -> Any | None:
    return None if value is None else _value(property_, value, "/default")
