"""Mails that nobody should send are kept, shown, and break nothing; on either database."""

from __future__ import annotations

import pytest

from tests.builders import mail
from tests.journeys.conftest import Inbox

NUL = "=?utf-8?q?a=00b=ED=A0=80=F0=9F=98=80?="


@pytest.mark.parametrize(
    "raw",
    [
        mail(subject=NUL, sender=f"{NUL} <carla@customer.example>", to=f"{NUL} <x@y.example>"),
        mail("text\x00with\x00zeros"),
        mail(sender=f'"{"n" * 5000}" <{"l" * 200}@customer.example>'),
        mail(sender="Carla <carla@" + "d" * 60 + ".example>" + ", more@x.example" * 500),
        mail(subject="s" * 20000),
        mail(more="References: " + " ".join(f"<{n}@x.example>" for n in range(3000)) + "\r\n"),
        mail(more="Cc: " + ", ".join(f"p{n}@x.example" for n in range(3000)) + "\r\n"),
        mail(message_id="<" + "i" * 5000 + "@x.example>"),
        mail(message_id="<\x00@\x01>"),
        mail(more="In-Reply-To: <1@customer.example>\r\nMessage-ID: <other@x.example>\r\n"),
        b"From: a@b.example\r\n\r\n",
        b"\x00\x00\x00\r\n\r\n\x00",
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--x\r\n" * 2000,
    ],
    ids=lambda raw: f"{len(raw)} octets" if isinstance(raw, bytes) else None,
)
async def test_a_hostile_mail_is_understood_and_shown(inbox: Inbox, raw: bytes) -> None:
    received = await inbox.receive(raw)

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert received["outcome"] == "accepted"
    assert "\x00" not in str(message)
    await inbox.messages_of(message)
    await inbox.attribution_of(message)
    again = await inbox.receive(b"Received: from a by b; Tue, 24 Nov 2026\r\n" + raw)
    assert again["outcome"] in ("duplicate", "accepted")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/messages/%00",
        "/v1/messages/msg_%00/raw",
        "/v1/conversations/%00",
        "/v1/conversations/%00/messages",
        "/v1/received-mail/%00",
        "/v1/conversations?q=%00",
        "/v1/conversations?channel_id=%00",
        "/v1/received-mail?sender=%00",
        "/v1/received-mail?recipient=%00%FF",
        "/v1/events?types=%00",
    ],
)
async def test_a_zero_in_a_request_is_no_fault_of_ours(inbox: Inbox, path: str) -> None:
    answer = await inbox.http.get(path)

    assert answer.status_code < 500


async def test_a_zero_in_a_body_is_no_fault_of_ours(inbox: Inbox) -> None:
    message = await inbox.take()
    user = await inbox.post("/v1/users", {"name": "Ann", "email": "ann@acme.example"}, 201)
    bodies = {
        f"/v1/conversations/{message['conversation_id']}/comments": {
            "text": "a\x00b",
            "author_id": user["id"],
        },
        f"/v1/messages/{message['id']}/reattribute": {"address": '"a\x00b" <a@b.example>'},
        f"/v1/conversations/{message['conversation_id']}/split": {"message_ids": ["\x00"]},
        f"/v1/conversations/{message['conversation_id']}/merge": {"into": "\x00"},
    }

    for path, body in bodies.items():
        answer = await inbox.http.post(path, json=body)
        assert answer.status_code < 500, (path, answer.text)
