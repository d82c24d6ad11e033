"""
Structured MIME fields: `value; name=value; …` (RFC 2045 5.1, RFC 2183, RFC 2231).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from app.mail import charsets
from app.mail.words import decode_words

_LONGEST = 65536
_MOST = 500
_PARAMETER = re.compile(
    r';\s*([^\s=;"]{1,200})\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"([^;]*)|([^;]*))', re.DOTALL
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_EXTENDED = re.compile(r"(.+?)(?:\*(\d{1,4}))?(\*)?")
_NEXT_NAME = re.compile(r"\s[\w*-]{1,60}=")
_EMPTY: Mapping[str, str] = {}


def parse(value: str) -> tuple[str, Mapping[str, str]]:
    """
    The value in lower case and its parameters: names in lower case, RFC 2231 continuations joined.

    Of a plain and an extended parameter of one name the extended one is believed (RFC 6266 4.3);
    of two plain ones the first.
    """
    if len(value) <= 120:
        return _parse_short(value)
    return _parse(value[:_LONGEST])


def _parse(value: str) -> tuple[str, Mapping[str, str]]:
    if "(" in value:
        value = _without_comments(value)
    main, semicolon, rest = value.partition(";")
    if "=" in main and (split := _NEXT_NAME.search(main)) is not None:
        rest = f"{main[split.start() :]};{rest}"  # the first semicolon is missing
        main, semicolon = main[: split.start()], ";"
    main = main.strip().lower()
    if not semicolon:
        return main, _EMPTY
    return main, _collect(";" + rest)


_parse_short = lru_cache(maxsize=2048)(_parse)


def _collect(value: str) -> Mapping[str, str]:
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value)):
        if count >= _MOST:
            break
        name, quoted, junk, token = match.groups()
        if quoted is None:
            text = _token(name, token, plain)
        else:
            text = _QUOTED_PAIR.sub(r"\1", quoted) if "\\" in quoted else quoted
            if not text:
                text = (junk or "").strip()
        name = name.lower()
        if "*" not in name:
            plain.setdefault(name, text)
        elif (parts := _EXTENDED.fullmatch(name)) is not None:
            pieces = extended.setdefault(parts[1], {})
            pieces.setdefault(int(parts[2] or 0), (text, parts[3] is not None))
    result = {name: charsets.clean_line(decode_words(text)) for name, text in plain.items()}
    for name, pieces in extended.items():
        result[name] = _joined(pieces) or result.get(name, "")
    return result


def _token(name: str, token: str, plain: dict[str, str]) -> str:
    """An unquoted value; what follows it without a semicolon is a parameter of its own."""
    split = _NEXT_NAME.search(token) if "=" in token else None
    if split is not None and (token[split.end() : split.end() + 1] == '"' or name == "charset"):
        following, _, text = token[split.start() :].strip().partition("=")
        plain.setdefault(following.lower(), text.strip().strip('"'))
        token = token[: split.start()]
    return token.strip().strip('"')


def _joined(pieces: Mapping[int, tuple[str, bool]]) -> str:
    """An RFC 2231 value: its pieces in the order of their numbers, percent codes decoded."""
    charset, octets, any_encoded = "", b"", False
    for position, number in enumerate(sorted(pieces)):
        text, encoded = pieces[number]
        if encoded:
            if position == 0 and text.count("'") >= 2:
                charset, _, text = text.split("'", 2)
            octets += unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
            any_encoded = True
        else:
            octets += text.encode("utf-8", "surrogateescape")
    text = charsets.decode(octets, charset)
    return charsets.clean_line(text if any_encoded else decode_words(text))


def _without_comments(value: str) -> str:
    """`value` without RFC 822 comments outside quoted strings; an unclosed one is no comment."""
    kept: list[str] = []
    depth = position = opened = 0
    quoted = False
    for match in _DELIMITER.finditer(value):
        mark = match[0]
        if mark == '"' and not depth:
            quoted = not quoted
        elif mark == "(" and not quoted:
            if not depth:
                opened = match.start()
            depth += 1
        elif mark == ")" and depth and not quoted:
            depth -= 1
            if not depth:
                kept.append(value[position:opened])
                position = match.end()
    kept.append(value[position:])
    return " ".join(kept)


_DELIMITER = re.compile(r'\\.|["()]', re.DOTALL)
