"""
The table of the forwards that are recognised, by mail program and language: docs/forwards.md.

    python -m tests.mail.forwards.table      writes it again
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from app.mail.forwards import find_forward
from app.mail.message import Mailbox
from tests.mail.forwards.specimens import ADDRESS, NAME, Specimen, specimens

PAGE = Path(__file__).parents[3] / "docs" / "forwards.md"
FAMILIES = (
    "gmail",
    "outlook",
    "outlook_web",
    "outlook_mac",
    "outlook_2019",
    "apple_mail",
    "thunderbird",
    "yahoo",
    "hubspot",
)
HEAD = """# Forwards in bodies

A teammate forwards a customer's mail by hand: who wrote it stands in a block of header fields (or a
sentence) that the teammate's mail program printed above it. This page says which programs and
languages have a specimen in `tests/mail/forwards`, and where the author is found in it: in the
HTML, in the plain text, or in both. `python -m tests.mail.forwards.table` makes it.

A block without an address ("From: Ann Lee") is a forward whose author is unresolved; nothing is
guessed. A reply's history, which Outlook prints with the same block, is no forward: the subject's
prefix, a separator that only forwards have, or the structure of the HTML decides.

## Programs that print a form of their own in each language

"""


def where_found(specimen: Specimen) -> str:
    """Where the right author is found when the mail has only that part: "HTML", "text", "both"."""
    author = Mailbox(NAME, ADDRESS)
    in_text = bool(specimen.text) and _author(specimen.subject, specimen.text, "") == author
    in_html = bool(specimen.html) and _author(specimen.subject, "", specimen.html) == author
    return "both" if in_text and in_html else "text" if in_text else "HTML" if in_html else "no"


def _author(subject: str, text: str, html: str) -> Mailbox | None:
    forward = find_forward(subject, text, html)
    return forward.author if forward else None


def page() -> str:
    """The page as it should be."""
    cells: dict[str, dict[str, str]] = defaultdict(dict)
    singles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for specimen in specimens():
        found = where_found(specimen)
        if specimen.client in FAMILIES and specimen.text:
            cells[specimen.language][specimen.client] = found
        else:
            singles[specimen.client, specimen.language].add(found)
    lines = ["| language | " + " | ".join(FAMILIES) + " |", "|---" * (len(FAMILIES) + 1) + "|"]
    for language in sorted(cells):
        row = " | ".join(cells[language].get(client, "") for client in FAMILIES)
        lines.append(f"| {language} | {row} |")
    lines += ["", "## Other programs", "", "| program | language | found in |", "|---|---|---|"]
    lines += [
        f"| {client} | {language} | {', '.join(sorted(found))} |"
        for (client, language), found in sorted(singles.items())
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
