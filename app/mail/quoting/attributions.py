"""
Attribution lines: the "On … wrote:" that a mail client puts above a quotation, in some forty
languages, on one line or wrapped over up to four.

An attribution is told by its parts and not by its wording: it ends in a colon, has a verb of
writing, and a date or an address where a client puts them. So a sentence that merely ends in
"wrote:" stays the writer's own.
Deliberately not here: blocks of header fields (`header_blocks`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

LONGEST_LINE = 400  # a longer line is prose; clients wrap or stay far below
MOST_LINES = 4
_SHORTEST_WRAPPED = 30

_END_VERBS = frozenset(
    # en, fr, es, it, pt, ro, ca, gl, eu, pl, cs, sk, hr, sr, sl, bg, mk, ru, uk, be, hu, fi
    "wrote writes said sent écrit ecrit écrivait escribió escribio scritto scrisse escreveu "
    "scris escriure escrigué escribiu idatzi napisał napisała pisze napsal napsala píše "
    "napísal napísala napisao napisala napisal piše написа написал написала пишет писал писала "
    "напиша напишал написао написав пише писав напісаў піша írta kirjoitti "
    # el, tr, az, vi, id, ms, th, hi, fa, lt, lv, et, ga, is, fo
    "έγραψε έγραψαν γράφει yazdı yazdi yazıb viết menulis เขียนว่า เขียน लिखा نوشت rašė parašė "
    "rakstīja kirjutas skrifaði skrivaði scríobh geschrieben geschreven geskryf".split()
)
_MIDDLE_VERBS = frozenset(
    # a name or a date may follow these: de, nl, sv, da, no, ar, he, et, lt, is, af, en ("wrote on")
    "schrieb schreibt schreef skrev كتب كتبت כתב כתבה kirjutas rašė skrifaði geskryf wrote "
    "geschrieben írta пишет написал kirjoitti".split()
)
_VERBS = _END_VERBS | _MIDDLE_VERBS
_LOOSE_VERBS = frozenset(["said", "sent"])  # of many things besides mail
_JOINED_VERBS = (
    "写道", "寫道", "写到", "寫到", "来信", "來信", "のメール", "のメッセージ", "書きました",
    "작성", "작성했습니다", "썼습니다", "쓰셨습니다", "님이 보낸 메시지", "כתב", "כתבה", "เขียนว่า",
)  # fmt: skip
_QUOTING = ("quoting ", "zitat von ", "citando ", "quotando ", "cytowanie ", "citat ", "citerar ")
_BY = re.compile(r"(?:wiadomość napisana przez|missatge de|message de|mensaje de|messaggio di) ")
_LEADS = (
    "on at le el il op am em no às as den dne dňa dana dnia în in pe vào lúc στις την pada "
    "на у ב בתאריך ביום في بتاريخ در w v a ons เมื่อ date en".split()
)
_PERSONAL = frozenset(  # words of a sentence that a person wrote; programs name people
    "you i he she they we sie du vous tu ihr usted ud jij ich j'ai ho eu yo jag jeg ik "
    "your my our his her their the this mein meine unser unsere ihre mon ma votre notre su mi mijn "
    "onze mój nasz мой наш ваш".split()
)

_WORD = r"[^\s\d<>@:]{1,18}[\s,，、]{1,3}"
_START = re.compile(
    r"(?:[^\w<]{0,12})"
    rf"(?:(?:{'|'.join(_LEADS)})[\s,:]{{1,3}}(?:{_WORD}){{0,5}}|(?:{_WORD}){{0,2}}"
    r"|[在於于]\s?(?:[^\W\d]{1,4}[\s,，]{0,2})?|ב-)"
    r"\(?\d"
)
_DAYS = r"(?<![.\d])\d{1,4}[./-] ?\d{1,2}[./-] ?\d{2,4}(?![.\d]{2})"
_STRONG = re.compile(rf"@|\d{{1,2}}[:.h]\s?\d{{2}}(?![.\d])|{_DAYS}|\d[時时점點시]")
_DAY = re.compile(rf"{_DAYS}|(?<![.\d])\d{{4}}(?!\d)|\d{{1,2}}/\d{{1,2}}(?!\d)")
_CLOCK = re.compile(r"\d{1,2}[:.]\d{2}(?!\d)")
_ADDRESS = re.compile(r"<[^<>]{0,10}[^<>\s]{1,100}@[^<>]{1,150}>")
_ISO_GMT = re.compile(r"\d{4}-\d\d-\d\d \d{1,2}:\d\d (?:GMT|UTC)[+-]\d{1,2}:\d\d \S.{0,120}")
_SHARED = re.compile(
    r"(?:(?<=\s)|(?<=\S)(?=-{2}))(-{0,10} ?On (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}, "
    r"[^\n]{4,200}wrote:)$"
)
_INVISIBLE: dict[int, str | None] = dict.fromkeys(
    [0xAD, 0x200B, 0x200E, 0x200F, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_INVISIBLE[0xA0] = _INVISIBLE[0x202F] = " "
_EDGE = "()[]{}<>\"'“”„«»,.;:：*_-–—"


def may_end(line: str) -> bool:
    """Whether a stripped line could end an attribution; cheap, asked for each line."""
    tail = line[-5:]
    return ":" in tail or "：" in tail or tail.endswith("--") or line[0].isdigit()


def start_of(lines: Sequence[str], end: int, floor: int, marked: bool) -> int | None:
    """
    The index of the first line of the attribution whose last line is `lines[end]`, or None.

    `lines` are stripped, those before `floor` are taken. `marked`: the text below is marked as
    quoted; only then is weak evidence (a date without time, a mere "Bob wrote:") enough.
    """
    first = _first_line(lines, end, floor)
    whole = " ".join(lines[first : end + 1])
    if not marked and not _STRONG.search(whole):
        return None
    spans = [
        (at, _clean(" ".join(lines[at : end + 1])))
        for at in range(end, first - 1, -1)
        if not lines[at].startswith(">")
    ]
    for n, (at, span) in enumerate(spans):
        if _is_dated(span, marked):
            led = span[0].isupper() and span.split()[0].casefold() in _LEADS
            wrapped = n + 1 < len(spans) and not led and _is_open(lines[at - 1])
            return _above(spans[n:], marked) if wrapped else at
    for told in (_is_signed, _is_bare) if marked else (_is_signed,):
        for at, span in spans:
            if told(span):
                return at
    return None


def _is_open(line: str) -> bool:
    """Whether a line is long enough to have been wrapped and does not end a sentence."""
    if len(line) < _SHORTEST_WRAPPED or line[-1] in "!?:;":
        return False
    return line[-1] != "." or len(line.split()[-1]) <= 5 or line[-2].isdigit()


def _above(spans: Sequence[tuple[int, str]], marked: bool) -> int:
    """
    Where the attribution begins of which `spans[0]` may be but the wrapped end: "10:00 Bob wrote:"
    below "On Mon, 3 May 2021 at", "<date> wrote:" below "Bob <address>".
    """
    whole = [
        at
        for at, span in spans
        if _is_dated(span, marked) or ("@" not in spans[0][1] and _is_signed(span))
    ]
    return whole[-1] if len(whole) > 1 else spans[0][0]


def shared_line(line: str) -> int | None:
    """Where an English attribution begins that stands behind the writer's words on one line."""
    if not line.endswith("wrote:") or len(line) > LONGEST_LINE:
        return None
    found = _SHARED.search(line)
    return found.start(1) if found and found.start(1) > 0 else None


def _first_line(lines: Sequence[str], end: int, floor: int) -> int:
    """How far up the attribution may reach: no blank, no long and no quoted line in it."""
    first = end
    while first > max(floor, end - MOST_LINES + 1):
        above = lines[first - 1]
        if not above or len(above) > LONGEST_LINE or above[0] == ">":
            break
        first -= 1
    return first


def _clean(span: str) -> str:
    if not span.isascii():
        span = unicodedata.normalize("NFC", span.translate(_INVISIBLE))
    return span.strip("*_ \t")


def _tokens(span: str) -> list[str]:
    """The words of a span without punctuation; "napisał(a)" and "napsal/a" give their stem."""
    words = span.casefold().split()
    return [w.strip(_EDGE).partition("(")[0].partition("/")[0] for w in words]


def _ends_in_verb(span: str, tokens: list[str]) -> bool:
    """A verb of writing is the last word, or is followed by a date in brackets at most."""
    if any(token in _END_VERBS for token in tokens[-3:]):
        return True
    if "(" in span[-60:] and any(token in _END_VERBS for token in tokens[-12:]):
        return True
    return span.rstrip(" :：-").endswith(_JOINED_VERBS)


def _has_middle_verb(tokens: list[str]) -> bool:
    return any(word in _MIDDLE_VERBS and word != "wrote" for word in tokens[-12:])


def _is_dated(span: str, marked: bool) -> bool:
    """ "On <date> <name> wrote:", "<date> <name> <address>:" and their translations."""
    if len(span) > LONGEST_LINE or not _START.match(span.casefold()):
        return False
    if span.count(">") > span.count("<"):  # the address began in the line above
        return False
    if _ISO_GMT.fullmatch(span):
        return True
    if not _is_closed(span):
        return False
    tokens = _tokens(span)
    if marked and (_ends_in_verb(span, tokens) or _has_middle_verb(tokens)):
        return True
    if _STRONG.search(span):
        if span.rstrip(": ：*_").endswith(">") and "@" in span:
            return _DAY.search(span) is not None
        if "от" in tokens[-2:] and "@" in tokens[-1]:
            return True
        if _ends_in_verb(span, tokens) or _has_middle_verb(tokens):
            return "@" in span or not (_PERSONAL | _LOOSE_VERBS).intersection(tokens[-4:])
    return False


def _is_closed(span: str) -> bool:
    return ":" in span[-4:] or "：" in span[-4:] or span.endswith("--")


def _is_signed(span: str) -> bool:
    """ "Bob <bob@x.example> wrote:", "Bob schrieb am 17.03.2021 14:25:", with or without a date."""
    if len(span) > LONGEST_LINE or not _is_closed(span):
        return False
    tokens = _tokens(span)
    address = _ADDRESS.search(span, 0, 250)
    if address and len(span[: address.start()].split()) <= 9 and span[0] != "<":
        after = _tokens(span[address.end() :])
        if _BY.match(span.casefold()) and _STRONG.search(span, address.end()):
            return True
        verbs = _ends_in_verb(span, tokens) or not _VERBS.isdisjoint(after[:4])
        return verbs and (len(after) <= 3 or bool(_CLOCK.search(span, address.end())))
    at = next((n for n, token in enumerate(tokens[:7]) if token in _MIDDLE_VERBS), 0)
    if not at or _PERSONAL.intersection(tokens[:at]):
        return False
    rest = " ".join(span.split()[at + 1 :])
    return bool(_CLOCK.search(rest)) and len(rest) < 60 and any(c.isdigit() for c in rest[:12])


def _is_bare(span: str) -> bool:
    """ "Bob wrote:", "Quoting Bob <bob@x.example>:" — enough when marked lines follow."""
    if len(span) > 160 or not _is_closed(span):
        return False
    if span.casefold().startswith(_QUOTING):
        return True
    tokens = _tokens(span)
    if len(tokens) > 16 or _PERSONAL.intersection(tokens):
        return False
    if _DAY.search(span) and ("@" in span or _is_clocked(span)):
        return True  # whatever the verb of the language is
    return 1 < len(tokens) <= 8 and (
        _ends_in_verb(span, tokens) or any(token in _MIDDLE_VERBS for token in tokens[1:])
    )


def _is_clocked(span: str) -> bool:
    return _CLOCK.search(span) is not None and _START.match(span.casefold()) is not None
