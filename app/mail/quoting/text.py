"""
Splitting plain text: which lines are the writer's own, which are quoted, which the signature.

Nothing is thrown away, every line goes to one of the three. Own words below or between marked
quotations stay in the reply; where nothing would be left of it, the whole text is the reply.
A forwarded message is content.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.mail.quoting import attributions, header_blocks, signatures

OWN, QUOTE, CUT, FORWARD = (
    0,
    1,
    2,
    3,
)  # what a line is known to be; CUT: quoted from here to the end
_MOST_CHECKS = 3000  # of attributions; no mail that people write comes near
_LONGEST = 1000  # of a line that may belong to an attribution or a block

_EMOTICON = re.compile(r">[:;=8][-'o^]?[()\[\]DPpOo3/\\|*<>]")
_LINK = re.compile(r"[(<\[]{1,2}https?://\S{1,500}[)>\]]{0,2}(?: ?>)?")


@dataclass(frozen=True, slots=True)
class Split:
    """A text in three: the words this writer added, what was cut away as quotation, the signature."""

    reply: str  # visible; LF line ends
    quoted: str  # attribution lines included; "" when nothing was cut away
    signature: str  # "" unless clearly marked


def split_text(text: str) -> Split:
    """Separate reply, quotation and signature of a plain text; every word is in one of the three."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [line if line == "-- " else line.rstrip() for line in text.split("\n")]
    return split_lines(lines, [OWN] * len(lines))


def split_lines(lines: list[str], roles: list[int]) -> Split:
    """As `split_text`, for lines of which some roles are known already (from the HTML)."""
    _part_shared_lines(lines, roles)
    bare = [line if line == "-- " else line.strip() for line in lines]
    _mark(bare, roles)
    _mark_continuations(bare, roles)
    return _assemble(lines, bare, roles)


def _part_shared_lines(lines: list[str], roles: list[int]) -> None:
    """Give an attribution that stands behind the writer's words a line of its own."""
    for n in range(len(lines) - 1, -1, -1):
        if lines[n].endswith("wrote:"):
            at = attributions.shared_line(lines[n])
            if at is not None and _is_marked([line.strip() for line in lines[n + 1 : n + 9]], 0):
                lines[n : n + 1] = [lines[n][:at].rstrip(), lines[n][at:]]
                roles[n : n + 1] = [roles[n], roles[n]]


def _mark(bare: Sequence[str], roles: list[int]) -> None:
    """Find what is quoted, from the top, and write it into `roles`."""
    delimited = header_blocks.has_delimiters("\n".join(bare))
    floor, checks = 0, _MOST_CHECKS
    lone = sum(1 for line in bare if line and line[0] == ">") == 1
    for n, line in enumerate(bare):
        if not line or roles[n] == QUOTE or n < floor:
            continue
        if roles[n] == CUT:
            _cut(bare, roles, n)
            return
        if roles[n] == FORWARD:
            return
        if line[0] == ">" and not _is_wrapped_end(bare, n):
            roles[n] = QUOTE if _is_quote(bare, n, lone) else OWN
            continue
        if len(line) > _LONGEST:
            continue
        if header_blocks.is_forward_separator(line):
            return
        if delimited and header_blocks.is_delimiter(line) and _cut(bare, roles, n):
            return
        opened = _opening(bare, n, floor) if checks else None
        checks -= bool(checks) and attributions.may_end(line)
        if opened is None:
            continue
        start, floor = opened
        if _is_marked(bare, floor):
            start = _above_rules(bare, start)
            roles[start:floor] = [QUOTE] * (floor - start)
        elif _cut(bare, roles, start):
            return


def _opening(bare: Sequence[str], n: int, floor: int) -> tuple[int, int] | None:
    """(first line, line after) of what opens a quotation and has `bare[n]` as its key line."""
    line = bare[n]
    if header_blocks.may_begin(line):
        end = header_blocks.block_end(bare, n)
        if end is not None:
            return n, end
    if line[0] in "-_=*‐–—" and header_blocks.is_original_separator(line):
        return n, n + 1
    if attributions.may_end(line):
        start = attributions.start_of(bare, n, floor, _is_marked(bare, n + 1))
        if start is not None:
            return start, n + 1
    return None


def _cut(bare: Sequence[str], roles: list[int], start: int) -> bool:
    """Quote everything from `start` on, if there is anything of the writer's above it."""
    start = _above_rules(bare, start)
    if not any(line and role == OWN for line, role in zip(bare[:start], roles, strict=False)):
        return False
    roles[start:] = [QUOTE] * (len(roles) - start)
    return True


def _above_rules(bare: Sequence[str], start: int) -> int:
    """`start`, moved up over the rule that many clients draw above a quotation."""
    above = start
    while above and (not bare[above - 1] or header_blocks.is_rule(bare[above - 1])):
        above -= 1
        if bare[above]:
            start = above
    return start


def _is_marked(bare: Sequence[str], at: int) -> bool:
    """Whether the next line that is not blank is marked with ">"."""
    for line in bare[at : at + 8]:
        if line:
            return line[0] == ">"
    return False


def _is_quote(bare: Sequence[str], n: int, lone: bool) -> bool:
    """
    Whether a line that begins with ">" is a quotation; ">:-(", ">>> now <<<" and ">From" are not,
    nor is a lone one in the middle of a paragraph ("it was / > 40 degrees / outside").
    """
    line = bare[n]
    if lone and 0 < n < len(bare) - 1 and bare[n - 1] and bare[n + 1]:
        if bare[n - 1][-1] not in ":：" and bare[n - 1][0] != ">":
            return False
    if line.endswith("<<") or _EMOTICON.match(line):
        return False
    if line.startswith(">From "):  # mbox escaping of the writer's own "From "
        around = [*bare[max(0, n - 1) : n], *bare[n + 1 : n + 2]]
        return any(other.startswith(">") for other in around)
    return True


def _is_wrapped_end(bare: Sequence[str], n: int) -> bool:
    """Whether a ">" is the end of an address in an attribution that was wrapped before it."""
    line = bare[n]
    above = bare[n - 1] if n else ""
    return (
        len(line) < 60
        and line[-1] in ":："
        and line.count(">") == 1
        and 0 < len(above) <= _LONGEST
        and above[0] != ">"
        and above.rfind("<") > above.rfind(">")
    )


def _mark_continuations(bare: Sequence[str], roles: list[int]) -> None:
    """Give quoted lines the ends that a wrapping mail server broke off without a mark."""
    for n in range(1, len(bare) - 1):
        line, above = bare[n], bare[n - 1]
        if not line or roles[n] != OWN or roles[n - 1] != QUOTE or roles[n + 1] != QUOTE:
            continue
        if not bare[n + 1].startswith(">") or not above.startswith(">") or len(line) > _LONGEST:
            continue
        if _LINK.fullmatch(line) or (
            len(above) >= 60 > len(line) - 40
            and (above[-1].isalnum() or above[-1] == ",")
            and line[0].islower()
            and len(line) <= len(above)
        ):
            roles[n] = QUOTE


def _assemble(lines: Sequence[str], bare: Sequence[str], roles: Sequence[int]) -> Split:
    own, quoted = _runs(bare, roles)
    signature: list[str] = []
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
        quoted="\n".join(_joined(lines, *run) for run in quoted),
        signature="\n\n".join(signature),
    )


def _runs(
    bare: Sequence[str], roles: Sequence[int]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The runs of own and of quoted lines; a blank line belongs to what stands above it."""
    own: list[tuple[int, int]] = []
    quoted: list[tuple[int, int]] = []
    start, now = 0, -1
    for n, line in enumerate(bare):
        kind = QUOTE if roles[n] == QUOTE else OWN
        if not line or kind == now:
            continue
        if now >= 0:
            (quoted if now == QUOTE else own).append((start, n))
        start, now = n, kind
    if now >= 0:
        (quoted if now == QUOTE else own).append((start, len(bare)))
    return own, quoted


def _joined(lines: Sequence[str], start: int, end: int) -> str:
    """Lines as one text, without blank lines at either end."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    while start < end and not lines[start].strip():
        start += 1
    return "\n".join(lines[start:end])
