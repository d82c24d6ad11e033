"""
The instructions of `docs/forwarding.md`, made of those that the API gives.

    python -m tests.forwarding_page        writes them anew between the page's markers
"""

from __future__ import annotations

import re
from pathlib import Path

from app.domain.channels import instructions_for

PAGE = Path(__file__).resolve().parent.parent / "docs" / "forwarding.md"
PROVIDERS = (
    "gmail",
    "google_group",
    "microsoft365",
    "exchange",
    "cpanel",
    "postfix",
    "exim",
    "other",
)
_PART = re.compile(r"(<!-- instructions -->\n).*(<!-- /instructions -->)", re.S)


def rendered() -> str:
    """The instructions for every provider as Markdown, with addresses as an example."""
    lines: list[str] = []
    for provider in PROVIDERS:
        found = instructions_for(
            provider, address="support@acme.inbox.example", team_address="support@acme.example"
        )
        lines += [f"### {found.title}", "", f"`?provider={provider}`", ""]
        lines += [f"{place}. {step}" for place, step in enumerate(found.steps, 1)]
        lines += ["", "What often goes wrong, and what helps:", ""]
        lines += [f"- {note}" for note in found.notes]
        lines.append("")
    return "\n".join(lines)


def current(page: str) -> str:
    """The page with the instructions as they are now."""
    return _PART.sub(lambda found: f"{found[1]}{rendered()}{found[2]}", page)


if __name__ == "__main__":
    PAGE.write_text(current(PAGE.read_text("utf-8")), "utf-8")
