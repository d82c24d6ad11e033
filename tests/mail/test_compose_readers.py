"""What other people's readers make of the mails that we compose."""

from __future__ import annotations

import email
import email.policy
import json
import re
import shutil
import subprocess
from email.message import EmailMessage
from pathlib import Path

import pytest

from app.mail.compose import compose
from app.mail.compose.fields import one_line
from tests.mail.composed import ALL

MAILPARSER = """
const { simpleParser } = require('mailparser');
const fs = require('fs');
(async () => {
  for (const path of fs.readFileSync(0, 'utf8').split('\\n')) {
    const mail = await simpleParser(fs.readFileSync(path), { skipTextToHtml: true });
    const people = (field) => (field ? field.value.map((one) => [one.name, one.address]) : []);
    console.log(JSON.stringify({
      subject: mail.subject || '', text: mail.text || '', html: mail.html || '',
      from: people(mail.from), to: people(mail.to), cc: people(mail.cc), id: mail.messageId,
      files: mail.attachments.map((one) => [one.filename, one.content.toString('hex')]),
    }));
  }
})();
"""


def blanks(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def words(text: str) -> str:
    return blanks(re.sub("[\x00\x0b\x1b]", "", text))


def test_the_standard_library_finds_no_defect() -> None:
    for outgoing in ALL:
        raw = compose(outgoing).raw

        message = email.message_from_bytes(raw, policy=email.policy.default)

        assert isinstance(message, EmailMessage)
        for part in message.walk():
            assert part.defects == []
            for name, value in part.items():
                assert value.defects == (), (name, value)
        assert blanks(message["subject"]) == blanks(one_line(outgoing.subject))
        # Python 3.11 keeps the blank between two encoded words of a name (RFC 2047 6.2: drop it).
        name = message["from"].addresses[0].display_name
        assert "".join(name.split()) == "".join(outgoing.from_.name.split())
        assert len(message["cc"].addresses if "cc" in message else ()) == len(outgoing.cc)
        body = message.get_body(("plain",))
        assert body is not None
        assert words(body.get_content()).startswith(words(outgoing.text))


def test_mailparser_reads_the_same(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node")
    paths = []
    for number, outgoing in enumerate(ALL):
        paths.append(tmp_path / f"{number}.eml")
        paths[-1].write_bytes(compose(outgoing).raw)

    run = subprocess.run(
        [node, "-e", MAILPARSER],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )
    if "Cannot find module 'mailparser'" in run.stderr:
        pytest.skip("no mailparser for Node (NODE_PATH says where it is)")

    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(found) == len(ALL), run.stderr
    for outgoing, mail in zip(ALL, found, strict=True):
        assert blanks(mail["subject"]) == blanks(one_line(outgoing.subject))
        assert [blanks(mail["from"][0][0]), mail["from"][0][1]] == [
            blanks(outgoing.from_.name),
            outgoing.from_.address,
        ]
        # mailparser shows the domains of To in Unicode.
        assert [blanks(name) for name, _ in mail["cc"]] == [blanks(b.name) for b in outgoing.cc]
        assert [address for _, address in mail["cc"]] == [b.address for b in outgoing.cc]
        assert len(mail["to"]) == max(len(outgoing.to), not outgoing.cc)
        assert mail["id"] == f"<{outgoing.message_id}>"
        assert words(mail["text"]).startswith(words(outgoing.text))
        assert sorted(content for _, content in mail["files"]) == sorted(
            file.content.hex() for file in outgoing.attachments
        )
