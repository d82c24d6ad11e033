"""
Words for searching: what of a text is indexed, and what a question asks of the index. Pure.

Both databases are given words that are folded and cut here, so that they find the same. Case,
accents and the width of characters do not count. A run of a script that sets no spaces between
words (Chinese, Japanese, Korean, Thai …) becomes overlapping pairs of characters, so that every
part of it is found. Each word carries a mark of its account before it: a question reads the
entries of its own account alone, however many others there are.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TEXT_LIMIT = 100_000  # characters of a message that are indexed
WORD_LIMIT = 15_000  # words of it; PostgreSQL counts positions up to 16,383
WORD_LENGTH = 60  # characters of a word that count
QUESTION_LIMIT = 20  # words or phrases of a question
PREFIX_LENGTH = 3  # shorter ones at the end of a question are whole words
_OFTEN = 24  # characters of a word that may be met again
_BETWEEN = "¶"  # stands between two fields, so that no phrase reaches from one into the other

_SPACES = "".join(chr(n) if chr(n).isalnum() else " " for n in range(128)).lower()
_IGNORED = "\u00ad\u200b-\u200f\u2060\ufeff"
# Accents, points and vowel signs that are written above and below a letter; not the voicing marks
# of kana (U+3099), nor the vowels of Indic scripts, without which a word is another word.
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f"
)
_DROPPED = re.compile(f"[{_IGNORED}{_MARKS}]+")
# Letters that have a stroke or are two in one: Unicode takes them for letters of their own.
_ALIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ð": "d", "þ": "th"}
    | {"æ": "ae", "œ": "oe"}
)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30fa\u30fc-\u30ff\u3100-\u312f\u31f0-\u31ff"  # kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
    "\uac00-\ud7af"  # Hangul: spaces, but endings without one
)
_WORD = re.compile(f"[\\w\u0900-\u0963\u0966-\u0dff{_UNSPACED}]+")
_PARTS = re.compile(f"([{_UNSPACED}]+)|[^{_UNSPACED}]+")
_HAS_RUN = re.compile(f"[{_UNSPACED}]")
_ENDS_RUN = re.compile(f"[{_UNSPACED}]$")
_PIECES = re.compile(r'"([^"]*)"?|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand side by side; of the last one the beginning is enough when `open_end`."""

    words: tuple[str, ...]
    open_end: bool


@functools.lru_cache(1024)
def account_mark(account_id: str) -> str:
    """Four characters; accounts that share them by chance cost each other time, nothing else."""
    digest = hashlib.blake2s(account_id.encode(), digest_size=5).digest()
    return base64.b32encode(digest)[:4].decode().lower()


def folded(text: str) -> str:
    """The text for comparing: without case, accents and differences of width and of spaces."""
    if text.isascii():
        return text.lower()
    return " ".join(one if one.isascii() else _folded(one) for one in text.split()).lower()


def _folded(text: str) -> str:
    # Words come again and again; runs of a script without spaces do not.
    return _folded_word(text) if len(text) <= _OFTEN else _folded_anew(text)


def _folded_anew(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = _DROPPED.sub("", apart).translate(_ALIKE)
    return unicodedata.normalize("NFC", bare)


_folded_word = functools.lru_cache(8192)(_folded_anew)


def words_of(text: str) -> list[str]:
    """The words of a text in their order, as they are indexed."""
    text = folded(text)[:TEXT_LIMIT]
    if text.isascii():
        words = text.translate(_SPACES).split()
    else:
        words = _WORD.findall(text.replace("_", " "))
        if _HAS_RUN.search(text):
            words = [part for word in words for part in _parts(word)]
    if len(text) > WORD_LENGTH and max(map(len, words), default=0) > WORD_LENGTH:
        return [word[:WORD_LENGTH] for word in words]
    return words


def _parts(word: str) -> list[str]:
    """The word; of a script without spaces its pairs, and the last character by itself."""
    if word.isascii():
        return [word]
    parts: list[str] = []
    for part in _PARTS.finditer(word):
        run = part[0]
        parts.extend([run[n : n + 2] for n in range(len(run))] if part[1] else (run,))
    return parts


def indexed(fields: Iterable[str]) -> list[str]:
    """The words of a message as they stand in the index, still without the account's mark."""
    words: list[str] = []
    left = TEXT_LIMIT
    for field in fields:
        if not field or left <= 0:
            continue
        words += words_of(field[:left])
        words.append(_BETWEEN)
        left -= len(field)
        if len(words) > WORD_LIMIT:
            break
    return words[:WORD_LIMIT]


def asked(account_id: str, question: str) -> list[Phrase]:
    """
    What a question asks for: every phrase of it has to be found.

    Between quotes words stand side by side; so do the parts of a word like `ann@acme.example`. The
    last word may be the beginning of one. Without any letter or digit nothing is asked.
    """
    mark = account_mark(account_id)
    phrases: list[Phrase] = []
    pieces = list(_PIECES.finditer(question))[:QUESTION_LIMIT]
    for piece in pieces:
        typing = piece[2] is not None and piece.end() == len(question)
        words = words_of(piece[1] if piece[2] is None else piece[2])
        if not words:
            continue
        last = words[-1]
        open_end = typing and len(last) >= PREFIX_LENGTH
        if _ENDS_RUN.search(last):
            # Pairs: whatever may follow in the text; a single character begins the pairs it is in.
            ends_run = len(words) > 1 and len(words[-2]) == 2 and words[-2][1] == last
            words, open_end = (words[:-1], False) if ends_run else (words, True)
        phrases.append(Phrase(tuple(mark + word for word in words), open_end))
    return phrases


def as_match(phrases: Sequence[Phrase]) -> str:
    """The question in the language of SQLite's FTS5."""
    return " AND ".join(
        f'"{" ".join(one.words)}"' + (" *" if one.open_end else "") for one in phrases
    )


def as_tsquery(phrases: Sequence[Phrase]) -> str:
    """The question in the language of PostgreSQL's tsquery."""
    return " & ".join(
        "(" + " <-> ".join(f"'{word}'" for word in one.words) + (":*)" if one.open_end else ")")
        for one in phrases
    )


def as_words(account_id: str, words: Sequence[str]) -> str:
    """The indexed words for SQLite: marked, with spaces between them."""
    mark = account_mark(account_id)
    return f" {mark}".join(("", *words))[1:]


def as_tsvector(account_id: str, words: Sequence[str]) -> str:
    """The indexed words as PostgreSQL writes a tsvector: marked, each with its positions."""
    mark = account_mark(account_id)
    positions: dict[str, list[int]] = {}
    for number, word in enumerate(words, 1):
        if word in positions:
            positions[word].append(number)
        else:
            positions[word] = [number]
    return " ".join(
        f"'{mark}{word}':{','.join(map(str, where))}" for word, where in positions.items()
    )
