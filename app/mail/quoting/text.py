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

# What a line is known to be. CUT: quoted from here to the end; FORWARD: content from here on.
OWN, QUOTE, CUT, FORWARD, SIGNED = range(5)
_MOST_CHECKS = 3000  # of attributions; no mail that people write comes near
_MOST_SHARED = 50
_LONGEST = 1000  # of a line that may belong to an attribution or a block

_EMOTICON = re.compile(r">[:;=8][-'o^]?[()\[\]DPpOo3/\\|*<>]")
_POINTING = re.compile(
    r"\b(?:answer|comment|repl|respon|note|see|antwort|kommentar|anmerkung|siehe|réponse|commentaire|"
    r"voir|respuesta|comentario|ver|rispost|comment[io]|vedi|resposta|antwoord|opmerking|zie|svar|se|"
    r"ответ|коммент|см|odpowied|patrz)\w{0,4}\b[^.!?\n]{0,40}\b(?:in-?line|below|between the lines|"
    r"in (?:red|blue|green|bold)|unten|in (?:rot|blau|grün)|im text|ci-dessous|en (?:rouge|bleu|vert)|"
    r"dans le texte|abajo|en (?:rojo|azul|verde)|sotto|in (?:rosso|blu)|abaixo|em (?:vermelho|azul)|"
    r"hieronder|in (?:het )?(?:rood|blauw)|nedan|nedenfor|med rött|med rødt|красным|ниже|poniżej|"
    r"na czerwono)\b",
    re.I,
)
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
    _Marking(bare, roles).run()
    _mark_continuations(bare, roles)
    return _assemble(lines, bare, roles)


def _part_shared_lines(lines: list[str], roles: list[int]) -> None:
    """Give an attribution that stands behind the writer's words a line of its own."""
    ends = [n for n, line in enumerate(lines) if line.endswith("wrote:") and line[0] != ">"][-_MOST_SHARED:]
    for n in reversed(ends):
        at = attributions.shared_line(lines[n])
        if at is not None and _is_marked([line.strip() for line in lines[n + 1 : n + 9]], 0):
            lines[n : n + 1] = [lines[n][:at].rstrip(), lines[n][at:]]
            roles[n : n + 1] = [roles[n], roles[n]]


class _Marking:
    """One pass over the stripped lines from the top, writing what is quoted into the roles."""

    def __init__(self, bare: Sequence[str], roles: list[int]) -> None:
        self._bare, self._roles = bare, roles
        self._floor = 0  # lines above are taken
        self._checks = _MOST_CHECKS
        self._own: int | None = None  # the first line of the writer's own
        self._lone = sum(1 for line in bare if line and line[0] == ">") == 1

    def run(self) -> None:
        for n, line in enumerate(self._bare):
            if line and n >= self._floor:
                if not self._goes_on(n, line):
                    return
                if self._own is None and self._roles[n] == OWN:
                    self._own = n

    def _goes_on(self, n: int, line: str) -> bool:
        """Mark what line `n` opens; False when nothing below it is to be looked at any more."""
        role = self._roles[n]
        if role != OWN:
            if role == CUT:
                self._cut(n)
            return role in (QUOTE, SIGNED)
        if line[0] == ">" and not _is_wrapped_end(self._bare, n):
            if self._begins_forward(n, line):
                return False
            if _is_quote(self._bare, n, self._lone):
                self._roles[n] = QUOTE
            return True
        if len(line) > _LONGEST:
            return True
        if header_blocks.is_forward_separator(line):
            return False
        if header_blocks.is_delimiter(line):
            return not self._cut(n) and self._quote(n, n + 1)
        opened = self._opening(n, line)
        if opened is None:
            return True
        if _is_marked(self._bare, opened[1]):
            return self._quote(*opened)
        self._cut(opened[0])
        return False

    def _begins_forward(self, n: int, line: str) -> bool:
        """Whether marked lines begin as a forward, which Apple Mail marks as a whole."""
        bare = line[:200].lstrip("> ")
        if not bare or not header_blocks.is_forward_separator(bare):
            return False
        above = next((m for m in range(n - 1, max(-1, n - 9), -1) if self._bare[m]), None)
        return above is None or self._roles[above] != QUOTE or self._bare[above] == ">"

    def _opening(self, n: int, line: str) -> tuple[int, int] | None:
        """(first line, line after) of what opens a quotation and has line `n` as its key line."""
        if header_blocks.may_begin(line):
            end = header_blocks.block_end(self._bare, n)
            if end is not None:
                return n, end
        if line[0] in "-_=*~‐–—─━" and header_blocks.is_original_separator(line):
            return n, n + 1
        if self._checks and attributions.may_end(line):
            self._checks -= 1
            marked = _is_marked(self._bare, n + 1)
            start = attributions.start_of(self._bare, n, self._floor, marked)
            if start is not None:
                return start, n + 1
        return None

    def _quote(self, start: int, end: int) -> bool:
        start = self._above_rules(start)
        self._roles[start:end] = [QUOTE] * (end - start)
        self._floor = end
        if self._own is not None and self._own >= start:
            self._own = None
        return True

    def _cut(self, start: int) -> bool:
        """Quote everything from `start` on, if there is anything of the writer's above it."""
        start = self._above_rules(start)
        if self._own is None or self._own >= start:
            return False
        if _points_below(self._bare[self._own : start]):
            return True
        self._roles[start:] = [QUOTE] * (len(self._roles) - start)
        return True

    def _above_rules(self, start: int) -> int:
        """`start`, moved up over the rule that many clients draw above a quotation."""
        above = start
        while above > self._floor:
            line = self._bare[above - 1]
            if line and (not header_blocks.is_rule(line) or self._roles[above - 1] != OWN):
                break
            above -= 1
            start = above if line else start
        return start


def _points_below(own: Sequence[str]) -> bool:
    """Whether a short reply says that its answers stand within the quotation ("see below in red")."""
    words = " ".join(line[:_LONGEST] for line in own[:12])
    return len(words) <= 400 and _POINTING.search(words) is not None


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
    if lone and 0 < n < len(bare) - 1 and bare[n + 1] and bare[n - 1][-1:] not in ("", ":", "："):
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
