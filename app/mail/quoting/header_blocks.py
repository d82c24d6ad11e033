"""
Header blocks and separators: what Outlook and its like put between a reply and the mail it
answers ("From: … Sent: … To: … Subject: …", "-----Original Message-----"), and the "reply above
this line" of ticket systems, in the languages of the clients.

Deliberately not here: the labels and separators themselves, which `forwards` knows, and what a
block says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.mail.forwards.labels import header_of
from app.mail.forwards.separators import announcement_of

_LONGEST_LABEL = 28
_LONGEST_SEPARATOR = 400
_MOST_LINES = 14  # of a block, wrapped recipients included
_MAIN = frozenset(["from", "date", "to", "subject"])

_REPLIES = (  # separators that only replies have, or that few programs write
    "original|original message|reply message|original appointment|ursprünglicher termin|"
    "antwortnachricht|urspruengliche nachricht|message d.origine|mail original|message initial|"
    "mensaje de respuesta|originální zpráva|исходное письмо|mesej asal|jatorrizko mezua|"
    "mensaxe orixinal|replied message|回复的原邮件|回复的邮件|回復的原郵件"
)
_REPLY = re.compile(rf"[*_\s]{{0,4}}[-_=‐–—]{{1,30}}\s?(?:{_REPLIES})\s?[-_=‐–—]{{2,30}}", re.I)
_ABOVE = (
    "above this line", "over this line", "oberhalb dieser zeile", "über dieser zeile",
    "oberhalb dieser linie", "über dieser linie", "au-dessus de cette ligne",
    "au dessus de cette ligne", "encima de esta línea", "arriba de esta línea",
    "sobre esta línea", "acima desta linha", "acima dessa linha", "sopra questa riga",
    "sopra questa linea", "boven deze lijn", "boven deze regel", "powyżej tej linii",
    "выше этой строки", "выше этой линии", "вище цього рядка", "ovanför denna rad",
    "ovanför den här raden", "over denne linje", "over denne linjen", "tämän rivin yläpuolelle",
    "nad tento řádek", "nad tuto čáru", "bu satırın üst", "この行より上", "この行の上",
    "この線より上", "此行上方", "此行以上", "此线上方", "이 줄 위", "이 선 위", "sor fölé",
    "deasupra acestei linii",
)  # fmt: skip
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?!\d)")
_DASHES = "-_=*~‐–—─━"
_PROCESSED = ("Original Message processed by ", "Originalnachricht verarbeitet ")  # Tobit David
_ASKING = ("Please ", "please ", "Reply ", "reply ", "Write ", "write ", "Respond ")
FIRST_LETTERS = "OPpRrWw"  # of separators and delimiters that need no colon
_ZONE = re.compile(r"\d:\d\d.{0,12}[+-]\d{4}\b")
_RULE = re.compile(r"[-_=~*–—\s]{3,}")


def may_begin(line: str) -> bool:
    """Whether a stripped line has the colon of a header field; cheap, asked for each line."""
    return line.find(":", 0, _LONGEST_LABEL) > 0 or line.find("：", 0, 12) > 0


def block_end(lines: Sequence[str], at: int) -> int | None:
    """
    The index after the block of header fields that begins at `lines[at]`, or None.

    A block names a sender and two more fields, among them a subject or an address: "From:
    Berlin / To: Paris / Date: …" in a booking is none.
    """
    first = _field(lines[at])
    if first not in _MAIN:
        return None
    seen, end, gap, mixed = {first}, at + 1, 0, False
    for n in range(at + 1, min(at + _MOST_LINES, len(lines))):
        line = lines[n]
        field = _field(line) if line else None
        if field is None:
            foreign = ": " in line  # a field that is no header field of a mail
            mixed, gap = mixed or foreign, gap + (not foreign)
            if gap > 2 or line.startswith(">"):
                break
            continue
        if field in seen and field in ("from", "subject"):
            break
        seen.add(field)
        end, gap = n + 1, 0
    return end if _is_block(lines[at:end], first, seen, mixed) else None


def _is_block(block: Sequence[str], first: str, seen: set[str], mixed: bool) -> bool:
    if mixed and "subject" not in seen:
        return False
    addressed = any("@" in line for line in block)
    if "from" not in seen:  # Hotmail once left the sender away
        dated = first == "date" and any(_ZONE.search(line) for line in block)
        return dated and addressed and "to" in seen
    if len(seen & _MAIN) >= 3:
        return addressed or "subject" in seen
    return addressed and "date" in seen and any(c.isdigit() for c in block[-1])


def separator_of(line: str) -> str | None:
    """
    "original" for "-----Original Message-----", "forward" for "------ Forwarded message -----" and
    "Begin forwarded message:" in their translations, with whatever stands behind; else None.
    """
    if not (line[0] in _DASHES or line[-1] in ":：") or not 5 < len(line) <= _LONGEST_SEPARATOR:
        return "original" if line.startswith(_PROCESSED) else None
    if line[0] in _DASHES and _REPLY.match(line):
        return "original"
    found = announcement_of(line)
    return found.kind if found and found.kind in ("original", "forward") else None


def is_groupwise(line: str) -> bool:
    """ ">>> Bob Lee <bob@x.example> 05/03/2021 10:00 >>>": all below is quoted, without a mark."""
    if not line.startswith(">>>") or not 15 < len(line) < 300 or not line.endswith(">>>"):
        return False
    return _CLOCK.search(line) is not None


def is_delimiter(line: str) -> bool:
    """ "##- Please type your reply above this line -##" and its translations, alone on a line."""
    if line[0].isalnum() and not line.startswith(_ASKING):
        return False
    if not 10 <= len(line) <= 160:
        return False
    lower = line.casefold()
    return any(phrase in lower for phrase in _ABOVE)


def is_rule(line: str) -> bool:
    """A line of dashes, underscores and the like, as stands above a block."""
    return 2 < len(line) < 200 and _RULE.fullmatch(line) is not None


def _field(line: str) -> str | None:
    """Which header field a line is ("from", "date", "to", "subject" or another), or None."""
    found = header_of(line)
    return found.field if found else None
