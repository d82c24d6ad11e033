"""The forwards of the mail corpus, when it lies beside the repository."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.mail import parse
from app.mail.forwards import Forward, find_forward, has_forward_prefix
from app.mail.message import Mailbox

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "dev"
# Forwards whose original the attribution takes out of headers or attached mails, not out of a body.
ELSEWHERE = ("mailman/", "patchwork/", "alaveteli/", "geary/", "discourse/reply_to")
REPLIES = ("discourse-email-reply-trimmer/e",)

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="no corpus")


def rows() -> list[dict[str, Any]]:
    lines = (CORPUS / "index.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def found_in(row: dict[str, Any]) -> tuple[Forward | None, str]:
    mail = parse.parse((CORPUS / row["file"]).read_bytes())
    return find_forward(mail.subject, mail.text, mail.html), mail.subject


def forwards() -> list[dict[str, Any]]:
    stated = [row for row in rows() if row["expect"].get("forwarded") or "original" in str(row)]
    return [
        row
        for row in stated
        if not row["file"].startswith(ELSEWHERE + REPLIES)
        and any(key.startswith("original_") for key in row["expect"])
    ]


def same_people(got: tuple[Mailbox, ...], wanted: list[dict[str, Any]]) -> bool:
    if not wanted:
        return not got
    pairs = list(zip(got, wanted, strict=False))
    return len(pairs) == len(wanted) and all(
        person.address == want["address"]
        and person.name == (want.get("name", person.name) or "").strip("'")
        for person, want in pairs
    )


def test_every_forward_of_the_corpus_is_read():
    wrong = []
    for row in forwards():
        forward, _ = found_in(row)
        expect = row["expect"]
        if forward is None:
            wrong.append((row["file"], "not found"))
            continue
        address = expect.get("original_from_address", forward.author.address)
        name = expect.get("original_from_name", forward.author.name)
        if (forward.author.address, forward.author.name) != (address, name):
            wrong.append((row["file"], forward.author))
        if forward.subject != expect.get("original_subject", forward.subject):
            wrong.append((row["file"], forward.subject))
        for key, people in (("original_to", forward.to), ("original_cc", forward.cc)):
            if key in expect and not same_people(people, expect[key]):
                wrong.append((row["file"], people))
        body = " ".join(str(expect.get("original_body_contains", "")).split())
        if body not in " ".join(forward.text.split()):
            wrong.append((row["file"], forward.text))

    assert wrong == []


def test_no_mail_is_a_forward_that_says_it_is_none():
    stated = [row for row in rows() if row["expect"].get("forwarded") is False]

    assert stated
    assert [row["file"] for row in stated if found_in(row)[0]] == []


def test_few_mails_that_do_not_state_a_forward_are_taken_for_one():
    silent = [
        row
        for row in rows()
        if not row["expect"].get("forwarded")
        and not any(key.startswith("original_") for key in row["expect"])
    ]
    seen = {
        row["file"]
        for row in silent
        for forward, subject in [found_in(row)]
        if forward and not has_forward_prefix(subject)
    }

    # All three have nothing of their own above an original's block: forwarded without a word.
    assert seen == {
        "alfonsrv-mail-parser-reply/email_pl_1_1.eml",
        "webklex-php-imap/issue-348.eml",
        "zammad/mail057.eml",
    }
