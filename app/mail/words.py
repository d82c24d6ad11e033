"""
RFC 2047 encoded words, with every sin of the world's mailers.

Words that stand side by side in one charset are joined before they are decoded, because many
senders cut characters in two. Words are also read inside quoted strings, against the standard,
because that is where senders put them.
"""

from __future__ import annotations

import binascii
import re

from app.mail import charsets, transfer

_WORD = re.compile(r"=\?([^?\s]{0,80})\?([bBqQ])\?(.*?)\?=", re.DOTALL)


def decode_words(value: str) -> str:
    """`value` with its encoded words decoded; whitespace between two words is dropped (6.2)."""
    if "=?" not in value:
        return value
    end = value.rfind("?=") + 2  # no scan below runs past the last possible end of a word
    pieces: list[str] = []
    run: list[tuple[str, str]] = []  # encoding and text of words in one charset, side by side
    charset, last = "", 0
    for word in _WORD.finditer(value, 0, end):
        gap = value[last : word.start()]
        separated = bool(gap.strip(" \t\r\n"))
        if run and (separated or not _same(charset, word[1])):
            pieces.append(_decoded(run, charset))
            if separated:
                pieces.append(gap)
            run = []
        elif not run:
            pieces.append(gap)
        charset = word[1]
        run.append((word[2], word[3]))
        last = word.end()
    if run:
        pieces.append(_decoded(run, charset))
    pieces.append(value[last:])
    return "".join(pieces)


def _decoded(run: list[tuple[str, str]], charset: str) -> str:
    if len(run) > 1 and all(encoding in "bB" for encoding, _ in run):
        texts = [text for _, text in run]
        if any(len(text) % 4 for text in texts[:-1]) and not sum(map(len, texts)) % 4:
            run = [("B", "".join(texts))]  # cut within four characters
    octets = b"".join(_octets(encoding, text) for encoding, text in run)
    return charsets.decode(octets, charset)


def _same(one: str, other: str) -> bool:
    return one == other or one.lower() == other.lower()


def _octets(encoding: str, text: str) -> bytes:
    octets = text.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return transfer.decode_base64(octets)
    return binascii.a2b_qp(octets.replace(b"\n", b""), header=True)
