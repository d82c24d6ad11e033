"""
Which lines of a text are quoted: one pass from the top over the stripped lines.

Lines marked with ">" are quoted wherever they stand. An attribution, header block or separator
whose quotation is not marked cuts off everything below it, as no program says where that ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.mail.quoting import attributions, header_blocks

# What a line is known to be. CUT: quoted from here to the end; FORWARD: content from here on.
OWN, QUOTE, CUT, FORWARD, SIGNED = range(5)

_MOST_CHECKS = 3000  # of attributions; no mail that people write comes near
_LONGEST = 1000  # of a line that may belong to an attribution or a block
_FAR = 8  # lines; how far the next line that is not blank may be

_EMOTICON = re.compile(r">[:;=8][-'o^]?[()\[\]DPpOo3/\\|*<>]")
_LINK = re.compile(r"[(<\[]{1,2}https?://\S{1,500}[)>\]]{0,2}(?: ?>)?")
_POINTING = re.compile(
    r"\b(?:see|siehe|voir|ver|vedi|zie|patrz|см|(?:answer|comment|repl|respon|antwort|kommentar|"
    r"anmerkung|réponse|commentaire|respuesta|comentario|rispost|resposta|antwoord|opmerking|svar|"
    r"ответ|коммент|odpowied)\w{0,4})\b[^.!?\n]{0,40}\b(?:in-?line|below|between the lines|"
    r"in (?:red|blue|green|bold)|unten|in (?:rot|blau|grün)|im text|ci-dessous|dans le texte|"
    r"en (?:rouge|bleu|vert)|abajo|en (?:rojo|azul|verde)|sotto|in (?:rosso|blu)|abaixo|"
    r"em (?:vermelho|azul)|hieronder|in (?:het )?(?:rood|blauw)|nedan|nedenfor|med rött|med rødt|"
    r"красным|ниже|poniżej|na czerwono)\b",
    re.I,
)


def mark(bare: Sequence[str], roles: list[int]) -> None:
    """Write into `roles` which of the lines (stripped, "-- " kept) are QUOTE; the others stay."""
    _Pass(bare, roles).run()
    _mark_continuations(bare, roles)


def is_marked(bare: Sequence[str], at: int) -> bool:
    """Whether the next line that is not blank is marked with ">"."""
    return next((line[0] == ">" for line in bare[at : at + _FAR] if line), False)


class _Pass:
    def __init__(self, bare: Sequence[str], roles: list[int]) -> None:
        self._bare, self._roles = bare, roles
        self._floor = 0  # lines above are taken
        self._own: int | None = None  # the first line of the writer's own
        self._checks = _MOST_CHECKS
        self._fenced = _fenced(bare)
        self._lone = sum(1 for line in bare if line and line[0] == ">") == 1

    def run(self) -> None:
        for n, line in enumerate(self._bare):
            if line and n >= self._floor:
                prose = self._roles[n] == OWN and (n in self._fenced or _is_prose(line))
                if not prose and not self._goes_on(n, line):
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
            return self._passes_marked(n, line)
        if len(line) > _LONGEST:
            return True
        separator = header_blocks.separator_of(line)
        if separator == "forward":
            return False
        if header_blocks.is_delimiter(line):
            return not self._cut(n) and self._quote(n, n + 1)
        opened = (n, n + 1) if separator else self._opening(n, line)
        if opened is None:
            return True
        if is_marked(self._bare, opened[1]):
            return self._quote(*opened)
        self._cut(opened[0])
        return False

    def _passes_marked(self, n: int, line: str) -> bool:
        """Mark a line with ">"; False when a forward begins, which Apple Mail marks as a whole."""
        text = line[:200].lstrip("> ")
        if text and header_blocks.separator_of(text) == "forward" and not self._is_within_quote(n):
            return False
        if header_blocks.is_groupwise(line) and not is_marked(self._bare, n + 1):
            return not self._cut(n)
        if _is_quote(self._bare, n, self._lone):
            self._roles[n] = QUOTE
        return True

    def _is_within_quote(self, n: int) -> bool:
        for above in range(n - 1, max(-1, n - 1 - _FAR), -1):
            if self._bare[above].strip("> "):
                return self._roles[above] == QUOTE
        return False

    def _opening(self, n: int, line: str) -> tuple[int, int] | None:
        """(first line, line after) of what opens a quotation and has line `n` as its key line."""
        if header_blocks.may_begin(line):
            end = header_blocks.block_end(self._bare, n)
            if end is not None:
                return n, end
        if self._checks and attributions.may_end(line):
            self._checks -= 1
            marked = is_marked(self._bare, n + 1)
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
        if not _points_below(self._bare[self._own : start]):
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


def _fenced(bare: Sequence[str]) -> frozenset[int]:
    """The lines between fences of code ("```"), which nobody quotes with ">" in."""
    fences = [n for n, line in enumerate(bare) if line.startswith("```")]
    pairs = zip(fences[::2], fences[1::2], strict=False)
    return frozenset(n for first, last in pairs for n in range(first, last + 1))


def _is_prose(line: str) -> bool:
    """Whether a line can be nothing but words of a sentence; cheap, as most lines are that."""
    return (
        line[0].isalpha()
        and ":" not in line
        and "：" not in line
        and line[-1] != "-"
        and line[0] not in header_blocks.FIRST_LETTERS
    )


def _points_below(own: Sequence[str]) -> bool:
    """Whether a short reply says that its answers are within the quotation ("see below in red")."""
    words = " ".join(line[:_LONGEST] for line in own[:12])
    return len(words) <= 400 and _POINTING.search(words) is not None


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
        between = roles[n] == OWN and roles[n - 1] == QUOTE and roles[n + 1] == QUOTE
        if between and _is_continuation(bare[n - 1], bare[n], bare[n + 1]):
            roles[n] = QUOTE


def _is_continuation(above: str, line: str, below: str) -> bool:
    if not line or not above.startswith(">") or not below.startswith(">") or len(line) > _LONGEST:
        return False
    if _LINK.fullmatch(line):
        return True
    return (
        len(above) >= max(60, len(line))
        and (above[-1].isalnum() or above[-1] == ",")
        and line[0].islower()
    )
