"""
Scalars of requests as the document has them, and nothing else.

Pydantic alone would also take `"yes"` for true, `"5"` for a number and a number for a moment.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StrictBool

_RFC_3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)


def _written_out(value: object) -> object:
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return value
    raise ValueError("a moment is written as in 2026-11-24T08:30:00Z, with Z or an offset")


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as fault:
        raise ValueError("this moment is out of every calendar") from fault


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]


def _a_number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError("a whole number is due")
    return value


Flag = StrictBool
# Last of an integer's annotations. 5.0 is whole, too (JSON Schema, `integer`).
WHOLE = BeforeValidator(_a_number)


def _without_name(value: str) -> str:
    _, bracket, address = value.strip().removesuffix(">").rpartition("<")
    return address.strip() if bracket and value.strip().endswith(">") else value


# An address that is looked for: `ann@x.example` or `Ann <ann@x.example>`; what is none is nobody's.
SoughtAddress = Annotated[str, AfterValidator(_without_name)]
