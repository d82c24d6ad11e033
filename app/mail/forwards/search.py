"""
The search for the outermost forward in a mail's lines, and what makes a header block a forward.

A block counts when something says "forwarded": a separator that only forwards have, a structure of
the HTML, or the subject's prefix. A separator that replies have too ("Original Message", a rule)
counts with such a prefix, or when nothing of the sender's own stands above it and the subject is no
reply's. A block without separator needs the same, or to be quoted as a whole.

The first structure from the top decides: below a reply's quoted history nothing is a forward.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.mail.forwards.blocks import Block, read_block, unglue
from app.mail.forwards.labels import header_of
from app.mail.forwards.lines import Line
from app.mail.forwards.mailboxes import first_address, read_mailboxes
from app.mail.forwards.sentences import attribution_of, person_and_date
from app.mail.forwards.separators import BARE_TITLES, Announcement, announcement_of
from app.mail.forwards.subjects import prefix_of
from app.mail.message import Mailbox

_HEADER_GAP = 5  # lines between a separator and its block
_STARTS = frozenset(("from", "to", "date", "subject"))
_MARKS_OF_LINES = frozenset("-_=*~—–─━:：")


@dataclass(frozen=True, slots=True)
class Found:
    """A forward in a list of lines: its fields as printed, and where its parts stand."""

    author: Mailbox
    fields: dict[str, str]
    languages: tuple[str, ...]  # that fit best; several when the labels leave it open
    how: str  # "separator", "structure", "subject", "place" or "sentence"
    shown: str  # the separator or sentence, as it stands
    dashes: int
    comment_end: int  # index of the first line that is not the sender's own
    body: int  # index of the original's first line
    depth: int
    marks: frozenset[str]
    glued: bool = False  # the block stands on the separator's line


class Search:
    """One pass from the top over a mail's lines."""

    def __init__(self, lines: list[Line], subject: str) -> None:
        self.lines = lines
        self.kind, self.prefix, self.bare_subject = prefix_of(subject)
        self.rule: tuple[int, Announcement] | None = None  # a separator that awaits its block
        self.above = 0  # lines with text so far, separators not counted
        self.marks: set[str] = set()
        self.separators: list[tuple[int, int]] | None = None  # (index, depth), when asked for

    def run(self) -> Found | None:
        """The outermost forward; None when there is none or a reply's history comes first."""
        index = 0
        while index < len(self.lines):
            line = self.lines[index]
            self.marks |= line.marks
            if line.text:
                if "rule" in line.marks:
                    self.rule = (index, Announcement("rule", "", 32, "", ""))
                found = self._at(index, line.text)
                if isinstance(found, Found):
                    return found
                if found is False:
                    return None
            index += 1
        return None

    def _at(self, index: int, text: str) -> Found | bool | None:
        """A forward that begins here, False when a reply's history does, None to go on."""
        if text[0] in _MARKS_OF_LINES or text[-1] in _MARKS_OF_LINES or text in BARE_TITLES:
            said = announcement_of(text)
            if said:
                return self._separator(index, said)
            sentence = self._sentence(index)
            if sentence is not None:
                return sentence
        elif self._colon_soon(index):
            sentence = self._sentence(index)
            if sentence is not None:
                return sentence
        head = text[:60]
        if ":" in head or "：" in head:
            found = self._bare(index, text)
            if found is not None:
                return found
        self.above += 1
        return None

    # ------------------------------------------------------------------------------ separators

    def _separator(self, index: int, said: Announcement) -> Found | bool | None:
        if said.kind == "forward" or (said.kind == "original" and said.rest):
            found = self._below(index, said)
            if found:
                return found
        if said.kind in ("original", "rule"):
            self.rule = (index, said)
        if said.kind == "original" and self.above and self.kind != "forward":
            return None if self._block_soon(index) else False
        return None

    def _block_soon(self, index: int) -> bool:
        """Whether a header field stands right below a separator that replies have as well."""
        below = [line.text for line in self.lines[index + 1 : index + 1 + _HEADER_GAP] if line.text]
        return bool(below) and header_of(below[0]) is not None

    def _below(self, index: int, said: Announcement) -> Found | None:
        """The block below (or behind, on the same line) a separator of forwards."""
        strong = said.kind == "forward"
        if said.rest:
            block = self._glued(index, said.rest)
            return self._accept(block, index, said, strong) if block else None
        first = self._next_text(index + 1)
        block = self._block(first) if first else None
        if block is None and first and said.kind == "forward":
            first = self._below_title(first)
            block = self._block(first)
        if block and block.asked() >= 1:
            return self._accept(block, index, said, strong)
        return self._dated_name(first, index, said) if first else None

    def _next_text(self, start: int) -> int:
        """The index of the first line with text from `start` on; 0 when there is none soon."""
        for index in range(start, min(start + _HEADER_GAP, len(self.lines))):
            if self.lines[index].text:
                return index
        return 0

    def _below_title(self, first: int) -> int:
        """Gmail's "Forwarded Conversation" has the subject and a rule above the first block."""
        header = header_of(self.lines[first].text)
        rule = self._next_text(first + 1)
        said = announcement_of(self.lines[rule].text) if rule else None
        if header and header.field == "subject" and said and said.kind == "rule":
            return self._next_text(rule + 1) or first
        return first

    def _block(self, first: int) -> Block | None:
        text = self.lines[first].text
        if len(text) > 30 and len(unglue(text)) > 2:
            return self._glued(first, text)
        return read_block(self.lines, first, self.bare_subject)

    def _glued(self, index: int, text: str) -> Block | None:
        line = self.lines[index]
        virtual = [Line(part, line.depth, part) for part in unglue(text)]
        block = read_block(virtual, 0, self.bare_subject)
        if block is None or block.asked() < 1:
            return None
        block.first, block.end = index, index + 1
        return block

    def _skip_closing(self, block: Block, said: Announcement) -> None:
        """Zoho prints its separator a second time below the block, SquirrelMail a rule."""
        index = self._next_text(block.end)
        again = announcement_of(self.lines[index].text) if index else None
        if again is None or index > block.end + 2:
            return
        if again.shown == said.shown or (again.kind == "rule" and again.dashes >= 40):
            block.end = index + 1

    def _dated_name(self, first: int, index: int, said: Announcement) -> Found | None:
        """`01.02.2021, 10:00, "Ann" <ann@x.example>:` as Yandex has it, or "Ann <…> wrote:"."""
        text = self.lines[first].text
        if len(text) > 400 or text[-1:] not in (":", "：") or said.kind != "forward":
            return None
        spot = first_address(text)
        if spot is None or not any(c.isdigit() for c in text[: spot.start()]):
            return None
        author, date = person_and_date(text, spot.start(), spot.end())
        fields = {"from": text, "date": date}
        return self._found(
            author, fields, (said.language,), "separator", said, index, first + 1, first
        )

    # ---------------------------------------------------------------------------- bare blocks

    def _bare(self, index: int, text: str) -> Found | bool | None:
        """A header block without a separator of forwards above it."""
        header = header_of(text)
        if header is None or header.field not in _STARTS:
            return None
        block = self._block(index)
        if block is None or not self._is_whole(block):
            return None
        said, start = self._rule_above(index)
        start = self._quote_above(start, block.depth) if said is None else start
        if self._counts(block, said, index):
            return self._accept(block, start, said, strong=False)
        return False

    def _is_whole(self, block: Block) -> bool:
        """Whether there are enough fields: "From: Berlin, To: Paris, Date: …" is a journey."""
        if first_address(block.fields["from"]) is None:
            return block.consistent and "subject" in block.fields and block.asked() > 1
        return block.consistent and block.asked() >= (1 if self.kind == "forward" else 2)

    def _rule_above(self, index: int) -> tuple[Announcement | None, int]:
        """The separator right above a block, if there is one, and where the block's part begins."""
        if self.rule is None:
            return None, index
        at, said = self.rule
        if index - at > _HEADER_GAP or any(line.text for line in self.lines[at + 1 : index]):
            return None, index
        return said, at

    def _quote_above(self, start: int, depth: int) -> int:
        """Where the quote that holds a block begins, if that is near ("> Message du 27/10/21")."""
        for index in range(start - 1, max(start - 4, -1), -1):
            if self.lines[index].depth < depth:
                return index + 1
        return start

    def _counts(self, block: Block, said: Announcement | None, index: int) -> bool:
        """Whether a block that replies have as well is a forward here."""
        reply = self.kind == "reply" or (self.prefix == "vs" and block.likely == ("fi",))
        if any(mark.endswith("!") for mark in self.marks):
            return True
        if self.kind == "forward" and not reply:
            return True
        if reply:
            return False
        if self.above == 0:
            return True
        if said and said.kind == "original" and said.dashes >= 10:
            return True
        return block.depth > 0 and self._begins_quote(index, block.depth)

    def _begins_quote(self, index: int, depth: int) -> bool:
        """Whether the quoted text begins with the block, so that it was quoted as a whole."""
        return all(line.depth < depth or not line.text for line in self.lines[:index])

    def _accept(
        self, block: Block, start: int, said: Announcement | None, strong: bool
    ) -> Found | None:
        people = read_mailboxes(block.fields["from"])
        if not people:
            return None
        if said and said.shown:
            self._skip_closing(block, said)
        if (
            not strong
            and said
            and said.kind == "original"
            and not self._counts(block, said, block.first)
        ):
            return None
        how = "separator" if strong else "subject" if self.kind == "forward" else "place"
        if not strong and any(mark.endswith("!") for mark in self.marks):
            how = "structure"
        languages = _languages(block, said)
        return self._found(
            people[0], block.fields, languages, how, said, start, block.end, block.first
        )

    # -------------------------------------------------------------------------------- sentences

    def _colon_soon(self, index: int) -> bool:
        """Whether a sentence that begins here may end with a colon: cheap, asked for every line."""
        for line in self.lines[index : index + 3]:
            if not line.text or len(line.text) > 300:
                return False
            if line.text[-1] in ":：":
                return True
        return False

    def _sentence(self, index: int) -> Found | bool | None:
        """
        "On …, Ann <ann@x.example> wrote:" – a forward of Outlook for Mac and of phones when the
        subject says so, the history of a reply otherwise.
        """
        text, last = self.lines[index].text, index
        said = attribution_of(text)
        while not said and last < index + 2 and last + 1 < len(self.lines):
            last += 1
            following = self.lines[last].text
            if not following or len(text) + len(following) > 400:
                return None
            text = f"{text} {following}"
            said = attribution_of(text)
        if not said or not any(c.isdigit() or c == "@" for c in text):
            return None
        spot = first_address(text)
        if self.kind != "forward":
            return None if self._separator_later(last) else False
        if spot is None:
            return None
        author, date = person_and_date(text, spot.start(), spot.end())
        announcement = Announcement("sentence", "", 0, "", text)
        fields = {"from": text, "date": date}
        return self._found(author, fields, said, "sentence", announcement, index, last + 1, index)

    def _separator_later(self, index: int) -> bool:
        """Whether a separator of forwards follows unquoted, and the sentence quotes nothing."""
        following = next((line for line in self.lines[index + 1 :] if line.text), None)
        depth = self.lines[index].depth
        if following is None or following.depth > depth:
            return False
        if self.separators is None:
            self.separators = [
                (at, line.depth) for at, line in enumerate(self.lines) if _is_separator(line.text)
            ]
        return any(at > index and quoted <= depth for at, quoted in self.separators[-50:])

    def _found(
        self,
        author: Mailbox,
        fields: dict[str, str],
        languages: tuple[str, ...],
        how: str,
        said: Announcement | None,
        start: int,
        body: int,
        first: int,
    ) -> Found:
        marks = set(self.marks)
        for line in self.lines[start : body + 1]:
            marks |= line.marks
        depth = self.lines[first].depth if first < len(self.lines) else 0
        shown, dashes = (said.shown, said.dashes) if said else ("", 0)
        glued = bool(said and said.rest)
        places = (start, body, depth)
        return Found(
            author, fields, languages, how, shown, dashes, *places, frozenset(marks), glued
        )


def _is_separator(text: str) -> bool:
    if not text or (text[0] not in "-=" and text[-1] not in ":："):
        return False
    said = announcement_of(text)
    return said is not None and said.kind == "forward"


def _languages(block: Block, said: Announcement | None) -> tuple[str, ...]:
    """The block's languages; where several fit, the separator's if it is one of them."""
    likely = block.likely
    return (said.language,) if said and said.language in likely else likely
