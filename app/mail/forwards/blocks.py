"""
Header blocks: the lines From, To, Date, Subject … that mail programs print above a forwarded mail.

Read are: any order, labels with the value on the next line, folded recipients and subjects, blank
lines between the fields, and whole blocks on one line (Yahoo glues them).

Deliberately not here: whether a block means a forward (`search`).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from app.mail.forwards.labels import LABELS, Header, header_of, words_of
from app.mail.forwards.lines import Line
from app.mail.words import decode_words

_MOST = 400  # lines of one block that are read
_PEOPLE = frozenset(("from", "to", "cc", "bcc", "reply_to"))
_ASKED = ("to", "date", "subject")
_TAIL_OF_LIST = re.compile(r"[^\n]{0,2000}(?:[>\])]|[,;])$")


@dataclass(slots=True)
class Block:
    """The fields of a header block; `end` is the index of the first line behind it."""

    first: int
    end: int = 0
    depth: int = 0
    fields: dict[str, str] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    labels: list[Header] = field(default_factory=list)
    gapped: bool = False  # blank lines stand between its fields
    stacked: bool = False  # its values stand below their labels

    @property
    def likely(self) -> tuple[str, ...]:
        """The languages that have most of its labels, the From label counting most."""
        best = max(self.languages.values(), default=0)
        return tuple(code for code in LABELS if best and self.languages.get(code) == best)

    @property
    def consistent(self) -> bool:
        """Whether one language (English may be mixed in, as Gmail does) has all the labels."""
        rest = [label.languages for label in self.labels if "en" not in label.languages]
        return not rest or bool(frozenset.intersection(*rest))

    def asked(self) -> int:
        """How many of To, Date, Subject it has."""
        return sum(name in self.fields for name in _ASKED)


def read_block(lines: list[Line], first: int, subject: str) -> Block | None:
    """
    The header block that begins at line `first`, or None when there is no From with a value.

    `subject` is the forwarding mail's subject without its prefix: it tells how far a folded
    Subject goes.
    """
    block = Block(first, depth=lines[first].depth)
    index, last = first, ""
    while index < min(len(lines), first + _MOST):
        line = lines[index]
        if not line.text:
            following = _after_blanks(lines, index, block)
            if following is None:
                break
            index = following
            continue
        header = header_of(line.text) or _without_colon(line.text, block)
        if header and header.field in block.fields and header.field != "other":
            break
        if header:
            _add(block, header)
            last = header.field
        elif last and _continues(lines, index, last, block, subject):
            block.fields[last] = f"{block.fields[last]} {line.text}".strip()
        else:
            break
        index += 1
    block.end = index
    # Some print the field as it stands in the mail (RFC 2047).
    block.fields = {name: decode_words(value) for name, value in block.fields.items()}
    return block if block.fields.get("from") else None


def _without_colon(text: str, block: Block) -> Header | None:
    """Yahoo forgets the colon of two labels, in Portuguese and in Polish."""
    word, _, value = text.partition(" ")
    if word not in ("Assunto", "Dw") or not value or not block.fields.get("from"):
        return None
    return header_of(f"{word}: {value}")


def _add(block: Block, header: Header) -> None:
    block.fields.setdefault(header.field, header.value)
    if header.field not in ("other", "message_id", "bcc"):
        block.labels.append(header)
        # Gmail leaves Date, Subject and To in English in every language: they count for that.
        for language in {"en"} & header.languages or header.languages:
            block.languages[language] += 9 if header.field == "from" else 1


def _after_blanks(lines: list[Line], index: int, block: Block) -> int | None:
    """Where the block goes on behind blank lines: only with a field that it does not have yet."""
    if "from" in block.fields and block.asked() == len(_ASKED) and not block.gapped:
        return None
    for following in range(index + 1, min(index + 3, len(lines))):
        if lines[following].text:
            header = header_of(lines[following].text)
            if header is None or header.field in block.fields or header.field == "other":
                return None
            block.gapped = True
            return following if _same_language(block, header) else None
    return None


def _same_language(block: Block, header: Header) -> bool:
    return "en" in header.languages or any(
        header.languages & label.languages for label in block.labels
    )


def _continues(lines: list[Line], index: int, last: str, block: Block, subject: str) -> bool:
    """Whether the line belongs to the field before it."""
    text, value = lines[index].text, block.fields[last]
    if last in _PEOPLE:
        if not value or value.endswith((",", ";", "<")) or value.count("<") > value.count(">"):
            block.stacked |= not value
            return len(text) < 2000
        if text[0] == "<" and "@" in text and value[-1] != ">":
            return True
        return (
            "@" in text
            and bool(_TAIL_OF_LIST.match(text))
            and _field_follows(lines, index, block, 30)
        )
    if last == "subject" and not value and block.stacked:
        return True
    if last == "subject" and subject:
        whole = " ".join(f"{value} {text}".split()).casefold()
        if " ".join(subject.split()).casefold().startswith(whole):
            return True
    return _field_follows(lines, index, block, 3) or (last == "date" and not value)


def _field_follows(lines: list[Line], index: int, block: Block, within: int) -> bool:
    """Whether a field that the block does not have yet comes soon, with no blank line before it."""
    for line in lines[index + 1 : index + 1 + within]:
        if not line.text:
            return False
        header = header_of(line.text)
        if header:
            return header.field not in block.fields and _same_language(block, header)
    return False


@lru_cache(maxsize=64)
def _glued_labels(language: str) -> re.Pattern[str]:
    """
    Labels of one language inside a line: behind `>`, `;` or a space with a colon, or stuck to the
    end of an address or a time zone, where even the colon may be missing ("…>Dw Ann",
    "CETAssunto x").
    """
    people = [w for name in ("to", "cc", "reply_to") for w in words_of(language, name)]
    others = [w for name in ("date", "subject") for w in words_of(language, name)]

    def either(words: list[str]) -> str:
        variants = {v for w in words for v in (w, w.upper() if len(w) < 4 else w)}
        return "|".join(map(re.escape, sorted(variants, key=len, reverse=True)))

    capitals = either([w for w in people if len(w) > 1 and w[0].isupper()])
    stuck = either([w for w in people + others if len(w) > 1])
    return re.compile(
        rf"(?<=[>;\s\])\"])(?:{either(people + others)})\s?[:：]"
        rf"|(?<=[^\W_])(?:{either(others)})\s?[:：]|(?<=[a-z0-9])(?:{capitals})\s?[:：]"
        rf"|(?<=>)(?:{stuck})\s|(?<=[A-Z0-9])(?:{either(others)})\s"
    )


def unglue(text: str) -> list[str]:
    """A line that holds a whole header block, cut before each further label; one line otherwise."""
    header = header_of(text)
    if header is None or header.field not in ("from", "date", "subject", "to"):
        return [text]
    best: list[int] = []
    best_fields: set[str] = set()
    for language in sorted(header.languages & LABELS.keys()):
        cuts, fields = _cuts(text, language, header.field)
        if len(fields) > len(best_fields):
            best, best_fields = cuts, fields
    edges = [0, *best, len(text)]
    return [_with_colon(text[a:b].strip()) for a, b in pairwise(edges)]


def _cuts(text: str, language: str, first: str) -> tuple[list[int], set[str]]:
    cuts, fields = [], {first}
    for found in _glued_labels(language).finditer(text[:8000]):
        header = header_of(found[0].strip().rstrip(":：") + ":")
        if header and header.field not in fields:
            fields.add(header.field)
            cuts.append(found.start())
    return cuts, fields


def _with_colon(part: str) -> str:
    """A cut-off part whose label lost its colon gets it back."""
    if header_of(part):
        return part
    word, _, value = part.partition(" ")
    return f"{word}: {value}"
