"""What `hosted-inbox dns` tells the operator to publish."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app


def printed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOSTED_INBOX_DATA_DIR", str(folder))
    monkeypatch.setenv("HOSTED_INBOX_PAID_ROOT", "inbox.example")
    monkeypatch.setenv("HOSTED_INBOX_FREE_ROOT", "free.example")
    answer = CliRunner().invoke(app, ["dns"])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_the_zone_of_the_hosted_roots_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = printed(tmp_path, monkeypatch)

    for root in ("inbox.example", "free.example"):
        assert f"*.{root}.  MX  10 mx.inbox.example." in zone
        assert f'{root}.  TXT  "v=spf1 include:_spf.inbox.example -all"' in zone
        assert re.search(rf'hi1\._domainkey\.{root}\.  TXT  "v=DKIM1; k=rsa; p=', zone)
        assert re.search(rf'hi2\._domainkey\.{root}\.  TXT  "v=DKIM1; k=ed25519; p=', zone)
        assert f"_dmarc.{root}." in zone
    assert "bounces.inbox.example.  MX  10 mx.inbox.example." in zone
    assert '_spf.inbox.example.  TXT  "v=spf1 a:mx.inbox.example -all"' in zone
    assert all(len(piece) <= 255 for piece in re.findall(r'"([^"]*)"', zone))


def test_the_keys_are_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(tmp_path, monkeypatch) == printed(tmp_path, monkeypatch)
