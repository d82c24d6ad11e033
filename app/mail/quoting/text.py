"""
Splitting plain text: reply, quotation and signature put together from the lines that are known
to be the one or the other.

Nothing is thrown away, every line goes to one of the three. Own words below or between marked
quotations stay in the reply; where nothing would be left of it, the whole text is the reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.mail.quoting import attributions, signatures
from app.mail.quoting.marking import OWN, QUOTE, SIGNED, is_marked, mark

_MOST_SHARED = 50  # attributions that stand behind words on one line


@dataclass(frozen=True, slots=True)
class Split:
    """A text in three: the words this writer added, the quotation, the signature."""

    reply: str  # visible; LF line ends
    quoted: str  # attribution lines included; "" when nothing was cut away
    signature: str  # "" unless clearly marked


def split_text(text: str) -> Split:
    """Separate reply, quotation and signature of a plain text; every word is in one of them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line if line == "-- " else line.rstrip() for line in text.split("\n")]
    return split_lines(lines, [OWN] * len(lines))


def split_lines(lines: list[str], roles: list[int]) -> Split:
    """As `split_text`, for lines of which some roles are known already (from the HTML)."""
    _part_shared_lines(lines, roles)
    bare = [line if line == "-- " else line.strip() for line in lines]
    mark(bare, roles)
    return _assemble(lines, bare, roles)


def _part_shared_lines(lines: list[str], roles: list[int]) -> None:
    """Give an attribution that stands behind the writer's words a line of its own."""
    ends = [n for n, line in enumerate(lines) if line.endswith("wrote:") and line[0] != ">"]
    for n in reversed(ends[-_MOST_SHARED:]):
        at = attributions.shared_line(lines[n])
        if at is not None and is_marked([line.strip() for line in lines[n + 1 : n + 9]], 0):
            lines[n : n + 1] = [lines[n][:at].rstrip(), lines[n][at:]]
            roles[n : n + 1] = [roles[n], roles[n]]


def _assemble(lines: Sequence[str], bare: Sequence[str], roles: Sequence[int]) -> Split:
    runs = _runs(bare, roles)
    own = runs[OWN]
    signature = [_joined(lines, *run) for run in runs[SIGNED]]
    while own:
        start, end = own[-1]
        at = signatures.start_of(bare[start:end])
        if at is None:
            break
        signature.insert(0, _joined(lines, start + at, end))
        own[-1] = (start, start + at)
        if any(bare[start : start + at]):
            break
        own.pop()
    reply = "\n\n".join(_joined(lines, *run) for run in own)
    if not reply:
        return Split(_joined(lines, 0, len(lines)), "", "")
    return Split(
        reply=reply,
        quoted="\n".join(_joined(lines, *run) for run in runs[QUOTE]),
        signature="\n\n".join(signature),
    )


def _runs(bare: Sequence[str], roles: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
    """The runs of own, quoted and signature lines; a blank line belongs to what is above it."""
    runs: dict[int, list[tuple[int, int]]] = {OWN: [], QUOTE: [], SIGNED: []}
    start, now = 0, -1
    for n, line in enumerate(bare):
        kind = roles[n] if roles[n] in runs else OWN
        if not line or kind == now:
            continue
        if now >= 0:
            runs[now].append((start, n))
        start, now = n, kind
    if now >= 0:
        runs[now].append((start, len(bare)))
    return runs


def _joined(lines: Sequence[str], start: int, end: int) -> str:
    """Lines as one text, without blank lines at either end."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    while start < end and not lines[start].strip():
        start += 1
    return "\n".join(lines[start:end])
