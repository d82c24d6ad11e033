"""
Erasure: whatever the product keeps of a person is found, given out, or gone (J4).

The one room that looks into all the others. What stands in which table, and what becomes of it, is
in `reach.py`. Deliberately not here: who may ask for it; a door knows.
"""

from app.domain.erasure.exporting import EXPORTED, Found, Person, person
from app.domain.erasure.models import DONE, RUNNING, Erasure, Purging
from app.domain.erasure.reach import REACHED, UNTOUCHED
from app.domain.erasure.retaining import KINDS, due, forget
from app.domain.erasure.service import (
    advance,
    erase_contact,
    get_erasure,
    list_erasures,
    running,
)

__all__ = [
    "DONE",
    "EXPORTED",
    "KINDS",
    "REACHED",
    "RUNNING",
    "UNTOUCHED",
    "Erasure",
    "Found",
    "Person",
    "Purging",
    "advance",
    "due",
    "erase_contact",
    "forget",
    "get_erasure",
    "list_erasures",
    "person",
    "running",
]
