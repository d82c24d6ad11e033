"""
The tokens of a ticket template, such as `{{contact.name}}`. Pure.

Deliberately not here yet: filling them in.
"""

from __future__ import annotations

import re

TOKENS = ("conversation.subject", "contact.name", "contact.email", "channel.name")

_TOKEN = re.compile(r"\{\{([^{}]{0,100})\}\}")


def faults_of(template: str) -> list[str]:
    """What is wrong with the tokens of a template, in words; nothing when every one is known."""
    faults = [
        f"{{{{{name.strip()}}}}} is not a token; there are "
        + ", ".join(f"{{{{{token}}}}}" for token in TOKENS)
        + "."
        for name in _TOKEN.findall(template)
        if name.strip() not in TOKENS
    ]
    rest = _TOKEN.sub("", template)
    if "{{" in rest or "}}" in rest:
        faults.append("A token begins with {{ and ends with }}.")
    return faults
