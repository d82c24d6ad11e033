"""The visible replies that other projects state for their public test mails."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.mail import parse
from app.mail.quoting import split

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SIGNATURE = re.compile(r"\n(?:--|[–—]) ?\n(?:(?!>)[^\n]*\n?){1,8}\Z|\nSent (?:from|with) [^\n,]+\Z")


def _stated(key: str) -> list[tuple[str, Any]]:
    def read(path: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]

    excepted = {(row["sha256"], row["key"]) for row in read(CORPUS / "exceptions.jsonl")}
    return [
        (row["file"], row["expect"][key])
        for row in read(CORPUS / "dev" / "index.jsonl")
        if key in row["expect"]
        and not row["expect"].get("forwarded")
        and (row["sha256"], key) not in excepted
    ]


def _reply(file: str) -> str:
    mail = parse.parse((CORPUS / "dev" / file).read_bytes())
    return split(mail.text, mail.html).reply


def _lines(text: str, *, signed: bool = True) -> list[str]:
    text = "\n".join(line.rstrip() for line in f"\n{text}".splitlines()).rstrip()
    text = text if signed else SIGNATURE.sub("", text)
    return [line for line in text.split("\n") if line]


def _squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
def test_nineteen_of_twenty_stated_replies_are_ours() -> None:
    stated = _stated("reply_text")

    wrong = [
        file
        for file, wanted in stated
        if _lines(reply := _reply(file)) != _lines(wanted)
        and _lines(reply, signed=False) != _lines(wanted, signed=False)
    ]

    assert stated
    assert len(wrong) <= len(stated) / 20, wrong


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")
def test_nineteen_of_twenty_stated_words_are_in_our_replies() -> None:
    stated = _stated("reply_text_contains")

    wrong = [
        file
        for file, wanted in stated
        if any(
            _squeezed(words) not in _squeezed(_reply(file))
            for words in ([wanted] if isinstance(wanted, str) else wanted)
        )
    ]

    assert stated
    assert len(wrong) <= len(stated) / 20, wrong
