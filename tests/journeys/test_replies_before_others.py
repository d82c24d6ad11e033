"""Replies as they left, before verifiers and readers that share no code with us: Perl's, Node's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.settings import Settings
from tests.builders import new_user
from tests.conftest import Service
from tests.journeys.conftest import Inbox
from tests.journeys.test_many_replies import body_of, read, records_of
from tests.sink import Sink

COUNT = 20

PERL = r"""
use strict; no warnings;
use JSON::PP; use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey;
my $records = decode_json($ENV{RECORDS});
*Mail::DKIM::Signature::fetch_public_key = sub {};
*Mail::DKIM::Signature::get_public_key = sub {
  my $name = $_[0]->selector . '._domainkey.' . $_[0]->domain . '.';
  return Mail::DKIM::PublicKey->parse($records->{$name});
};
while (my $path = <STDIN>) {
  chomp $path;
  my $verifier = Mail::DKIM::Verifier->new;
  open(my $file, '<:raw', $path) or die;
  local $/; my $mail = <$file>;
  $verifier->PRINT($mail); $verifier->CLOSE;
  print join(' ', sort map { $_->algorithm . ' ' . $_->result } $verifier->signatures), "\n";
  $/ = "\n";
}
"""
MAILAUTH = """
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const fs = require('fs');
const records = JSON.parse(process.env.RECORDS);
(async () => {
  for (const path of fs.readFileSync(0, 'utf8').split('\\n')) {
    const verdict = await dkimVerify(fs.readFileSync(path), {
      resolver: async (name) => [[records[name + '.']]],
    });
    console.log(verdict.results.map(({ algo, status }) =>
      `${algo} ${status.result} ${Boolean(status.aligned)}`).sort().join(' '));
  }
})();
"""
MAILPARSER = """
const { simpleParser } = require('mailparser');
const fs = require('fs');
(async () => {
  for (const path of fs.readFileSync(0, 'utf8').split('\\n')) {
    const mail = await simpleParser(fs.readFileSync(path), { skipTextToHtml: true });
    console.log(JSON.stringify([mail.messageId, mail.text || '',
      mail.attachments.map((one) => one.content.length)]));
  }
})();
"""


@pytest.fixture
def settings(settings: Settings, relay: Sink) -> Settings:
    return settings.model_copy(update={"relay_url": relay.url})


@pytest.fixture
async def sent(inbox: Inbox, relay: Sink, tmp_path: Path) -> list[Path]:
    """The replies as the relay got them, one file each."""
    user = await new_user(inbox.http)
    files = {"file": ("Résumé é.png", bytes(range(256)) * 9, "image/png")}
    upload = (await inbox.http.post("/v1/uploads", files=files)).json()["id"]
    message = await inbox.take(text="Grüße\nFrom here\n\n.\n", subject="Größe?")
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    for number in range(COUNT):
        body = {**body_of(number * 11, user["id"], upload), "cc": []}
        answer = await inbox.http.post(path, json=body)
        assert answer.status_code == 202, answer.text
    paths = []
    for number, (_, _, raw) in enumerate(await relay.received(COUNT)):
        paths.append(tmp_path / f"{number}.eml")
        paths[-1].write_bytes(raw)
    return paths


def run(command: list[str], paths: list[Path], records: dict[bytes, bytes], lacking: str) -> str:
    """What a program says of these mails. Skips where it lacks its library."""
    program = shutil.which(command[0])
    if program is None:
        pytest.skip(f"no {command[0]}")
    told = json.dumps({name.decode(): value.decode() for name, value in records.items()})
    done = subprocess.run(
        ["env", f"RECORDS={told}", program, *command[1:]],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )
    if lacking in done.stderr:
        pytest.skip(f"{command[0]}: {lacking}")
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_mail_dkim_of_perl_finds_the_signature_valid(
    sent: list[Path], service: Service
) -> None:
    records = await records_of(service)

    said = run(["perl", "-e", PERL], sent, records, "Can't locate Mail/DKIM")

    assert all("rsa-sha256 pass" in line for line in said.splitlines()), said
    assert "fail" not in said
    assert len(said.splitlines()) == COUNT


async def test_mailauth_of_node_finds_both_signatures_valid_and_aligned(
    sent: list[Path], service: Service
) -> None:
    records = await records_of(service)

    said = run(["node", "-e", MAILAUTH], sent, records, "Cannot find module 'mailauth")

    both = "ed25519-sha256 pass true rsa-sha256 pass true"
    assert said.splitlines() == [both] * COUNT


async def test_mailparser_of_node_reads_what_python_reads(sent: list[Path]) -> None:
    said = run(["node", "-e", MAILPARSER], sent, {}, "Cannot find module 'mailparser'")

    for path, line in zip(sent, said.splitlines(), strict=True):
        message_id, text, sizes = json.loads(line)
        written = read(path.read_bytes())
        part = written.get_body(("plain",))
        shown = str(part.get_content()) if part is not None else ""
        files = [one for one in written.walk() if one.get_filename()]
        assert message_id == written["Message-ID"]
        assert text.split() == shown.split()
        assert sorted(sizes) == sorted(len(one.get_payload(decode=True) or b"") for one in files)
