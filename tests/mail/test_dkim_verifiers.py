"""Our signatures before two verifiers that share no code with us: Mail::DKIM and mailauth."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

from app.mail import dkim
from app.mail.compose import compose
from tests.mail.composed import ALL

PERL = r"""
use strict; no warnings;
use Mail::DKIM::Verifier; use Mail::DKIM::PublicKey;
my $txt = $ENV{KEY_RECORD};
*Mail::DKIM::Signature::fetch_public_key = sub {};
*Mail::DKIM::Signature::get_public_key = sub { return Mail::DKIM::PublicKey->parse($txt); };
while (my $path = <STDIN>) {
  chomp $path;
  my $verifier = Mail::DKIM::Verifier->new;
  open(my $file, '<:raw', $path) or die;
  local $/; my $mail = <$file>;
  $verifier->PRINT($mail); $verifier->CLOSE;
  print $verifier->result_detail, "\n";
  $/ = "\n";
}
"""
NODE = """
const { dkimVerify } = require('mailauth/lib/dkim/verify');
const fs = require('fs');
(async () => {
  for (const path of fs.readFileSync(0, 'utf8').split('\\n')) {
    const verdict = await dkimVerify(fs.readFileSync(path), {
      resolver: async () => [[process.env.KEY_RECORD]],
    });
    for (const { status, signingDomain } of verdict.results) {
      console.log(status.result, signingDomain, status.aligned, status.comment || '');
    }
  }
})();
"""


@functools.lru_cache
def pair(kind: str) -> dkim.KeyPair:
    return dkim.generate_keys(kind)  # type: ignore[arg-type]


def verdicts(command: list[str], kind: str, folder: Path) -> subprocess.CompletedProcess[str]:
    paths = []
    for number, outgoing in enumerate(ALL):
        mail = dkim.sign(
            compose(outgoing).raw,
            domain="acme.example",
            selector="hi1",
            private_key=pair(kind).private_pem,
        )
        paths.append(folder / f"{number}.eml")
        paths[-1].write_bytes(mail)
    return subprocess.run(
        ["env", f"KEY_RECORD={pair(kind).public_txt}", *command],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
    )


def test_mail_dkim_of_perl_finds_every_signature_valid(tmp_path: Path) -> None:
    perl = shutil.which("perl")
    if perl is None:
        pytest.skip("no Perl")

    run = verdicts([perl, "-e", PERL], "rsa2048", tmp_path)
    if "Can't locate Mail/DKIM" in run.stderr:
        pytest.skip("no Mail::DKIM for Perl (Debian: libmail-dkim-perl)")

    assert run.stdout.splitlines() == ["pass"] * len(ALL), run.stderr


@pytest.mark.parametrize("kind", ["rsa2048", "ed25519"])
def test_mailauth_of_node_finds_every_signature_valid_and_aligned(
    kind: str, tmp_path: Path
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node")

    run = verdicts([node, "-e", NODE], kind, tmp_path)
    if "Cannot find module 'mailauth" in run.stderr:
        pytest.skip("no mailauth for Node (NODE_PATH says where it is)")

    found = [line.split() for line in run.stdout.splitlines()]
    assert found == [["pass", "acme.example", "acme.example"]] * len(ALL), run.stderr
