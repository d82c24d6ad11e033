"""The reader against the mails of other projects, and what their own tests state."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.mail import parse
from app.mail.html import sanitise
from app.mail.message import Mail
from tests.mail.test_parse_properties import assert_can_be_stored

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus")

FLOORS = {"from_name": 99, "from_address": 99, "subject": 99, "message_id": 99, "text_contains": 97}


def rows(folder: str) -> list[dict[str, Any]]:
    lines = (CORPUS / folder / "index.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def excepted() -> set[tuple[str, str]]:
    found = set()
    for path in CORPUS.glob("exceptions*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            row = json.loads(line)
            found.add((row["sha256"], row["key"]))
    return found


def wire_form(raw: bytes) -> bytes:
    raw = re.sub(rb"\A>?From (?![ \t]*:)[^\r\n]*(\r\n|\r|\n)", b"", raw)
    return re.sub(rb"\r\n|\r|\n", b"\r\n", raw)


def squeeze(value: str) -> str:
    return " ".join(value.split())


def same_name(one: str, other: str) -> bool:
    return squeeze(one).strip("'\"") == squeeze(other).strip("'\"")


def test_every_mail_of_the_corpus_can_be_stored() -> None:
    for folder in ("dev", "hostile"):
        for row in rows(folder):
            raw = wire_form((CORPUS / folder / row["file"]).read_bytes())

            assert_can_be_stored(parse.parse(raw), raw)


def agrees(mail: Mail, key: str, wanted: Any) -> bool:
    if key == "from_name":
        return same_name(mail.sender.name, wanted)
    if key == "from_address":
        return mail.sender.address.lower() == wanted.lower()
    if key == "subject":
        return squeeze(mail.subject) == squeeze(wanted)
    if key == "message_id":
        return mail.message_id == wanted.strip("<> ")
    words = squeeze(mail.text + "\n" + re.sub(r"<[^>]*>", "", sanitise(mail.html)))
    return all(squeeze(one) in words for one in ([wanted] if isinstance(wanted, str) else wanted))


def test_what_other_projects_state_is_read() -> None:
    right, stated, left_out = Counter[str](), Counter[str](), excepted()

    for row in rows("dev"):
        mail = parse.parse(wire_form((CORPUS / "dev" / row["file"]).read_bytes()))
        for key in FLOORS.keys() & row["expect"].keys():
            if (row["sha256"], key) not in left_out:
                stated[key] += 1
                right[key] += agrees(mail, key, row["expect"][key])

    shares = {key: 100 * right[key] / stated[key] for key in FLOORS}
    assert all(shares[key] >= floor for key, floor in FLOORS.items()), shares
