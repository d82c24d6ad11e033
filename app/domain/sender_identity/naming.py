"""
Names that the team writes under: what a company name may be, and the name in From. Pure.

Deliberately not here: which names are taken, which the service knows, and the field itself.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Container

AGENT_AND_COMPANY = "agent_and_company"
COMPANY = "company"
BETWEEN = " from "  # Ann Lee from Acme
LONGEST = 100  # characters of a company name (C1)

# Joiners that scripts and emoji need; every other format character is refused (bidi tricks).
_JOINERS = "\u200c\u200d"
# Letters and symbols by category that show nothing.
_BLANKS = "\u2800\u3164\u115f\u1160\uffa0"
_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")


def fault_of(name: str) -> str | None:
    """What is wrong with a company name, in words; None when it can stand. Given trimmed."""
    if any(_is_control(character) for character in name):
        return "A company name has no line breaks and no control characters."
    if not any(_is_visible(character) for character in name):
        return "A company name is needed."
    if len(name) > LONGEST:
        return f"A company name has at most {LONGEST} characters."
    return None


def made_fit(name: str) -> str:
    """The nearest thing to `name` that can be a company name; "" when nothing is left of it."""
    plain = "".join(" " if _is_control(character) else character for character in name)
    name = " ".join(plain.split())[:LONGEST].strip()
    return name if any(_is_visible(character) for character in name) else ""


def made_unique(name: str, taken: Container[str]) -> str:
    """`name`, or `name 2`, `name 3` …: the first whose key is not taken; never too long."""
    number, candidate = 1, name
    while key_of(candidate) in taken:
        number += 1
        ending = f" {number}"
        candidate = name[: LONGEST - len(ending)].rstrip() + ending
    return candidate


def key_of(name: str) -> str:
    """A digest that is the same for names that people take for one: case, width, blanks aside."""
    shown = "".join(character for character in name if _is_visible(character) or character == " ")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())
    return hashlib.sha256(" ".join(folded.split()).encode()).hexdigest()


def from_name(style: str, company_name: str, agent_name: str | None) -> str:
    """The display name of From. Without an agent it is the company's, whatever the style (C1)."""
    agent = made_fit(agent_name or "")
    if style == AGENT_AND_COMPANY and agent:
        return f"{agent}{BETWEEN}{company_name}"
    return company_name


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _CONTROL and character not in _JOINERS


def _is_visible(character: str) -> bool:
    if character in _BLANKS or character in _JOINERS or character.isspace():
        return False
    return unicodedata.category(character) not in _CONTROL
