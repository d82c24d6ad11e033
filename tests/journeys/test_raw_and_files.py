"""G3 and D2: the raw mail octet for octet; files, pictures and HTML safe to show."""

from __future__ import annotations

import os
from base64 import encodebytes

import pytest

from tests.builders import kept, mail
from tests.conftest import Service
from tests.journeys.conftest import Inbox, over_the_wire

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


def with_parts(*parts: str, kind: str = "mixed") -> bytes:
    """A mail of these MIME parts."""
    head = (
        "From: Carla <carla@customer.example>\r\nTo: support@acme.example\r\nSubject: Files\r\n"
        "Message-ID: <files@customer.example>\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/{kind}; boundary="xx"\r\n\r\n'
    )
    body = "".join(f"--xx\r\n{part}\r\n" for part in parts)
    return f"{head}{body}--xx--\r\n".encode()


def file(content: bytes, head: str) -> str:
    """A part with a file in base64; `head` are its fields, each ended by CRLF."""
    text = encodebytes(content).decode().replace("\n", "\r\n")
    return f"{head}Content-Transfer-Encoding: base64\r\n\r\n{text}"


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nSee the file."


@pytest.mark.parametrize(
    "raw",
    [
        mail(),
        mail().replace(b"Hello", b"H\xe9llo \xff\xfe \x01"),
        mail("one\n\n.\n..dots\n.. two\n"),
        mail() + b"no line end",
        b"not a mail at all",
    ],
    ids=["plain", "8-bit", "dots", "no end", "no mail"],
)
async def test_the_raw_mail_is_kept_octet_for_octet(inbox: Inbox, raw: bytes) -> None:
    sent = raw if raw.endswith(b"\r\n") else raw + b"\r\n"  # DATA ends with a line end

    received = await inbox.receive(raw)

    for path in (f"received-mail/{received['id']}", f"messages/{received['message_id']}"):
        answer = await inbox.http.get(f"/v1/{path}/raw")
        assert answer.content == sent
        assert answer.headers["content-type"] == "message/rfc822"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_bare_line_feeds_are_kept_as_they_came(inbox: Inbox, service: Service) -> None:
    raw = mail().replace(b"\r\n\r\n", b"\r\n\r\nnaked\nline feeds\n.\nare\n", 1)

    reply = await over_the_wire(service.smtp_port, inbox.address, raw)

    answer = await inbox.http.get(f"/v1/received-mail/{kept(reply)[0]}/raw")
    assert answer.content == raw


async def test_a_large_mail_and_its_file_come_back_whole(inbox: Inbox) -> None:
    content = os.urandom(5 * 1024 * 1024)
    head = 'Content-Type: application/zip; name="big.zip"\r\nContent-Disposition: attachment\r\n'
    raw = with_parts(TEXT, file(content, head))

    message = await inbox.take(raw)

    [found] = message["attachments"]
    answer = await inbox.http.get(f"/v1/messages/{message['id']}/attachments/{found['id']}")
    again = await inbox.http.get(f"/v1/messages/{message['id']}/raw")
    assert (found["filename"], found["size"]) == ("big.zip", len(content))
    assert answer.content == content
    assert again.content == raw


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("text/html", False),
        ("image/svg+xml", False),
        ("application/pdf", False),
        ("text/xml", False),
        ("image/png", True),
    ],
)
async def test_files_that_could_run_are_only_saved(
    inbox: Inbox, content_type: str, shown: bool
) -> None:
    head = (
        f'Content-Type: {content_type}; name="f"\r\n'
        "Content-Disposition: attachment; filename*=utf-8''%22%0d%0aEvil%3a%20x%20%E2%82%AC.bin\r\n"
    )

    message = await inbox.take(with_parts(TEXT, file(PNG, head)))

    [found] = message["attachments"]
    answer = await inbox.http.get(f"/v1/messages/{message['id']}/attachments/{found['id']}")
    disposition = answer.headers["content-disposition"]
    assert answer.content == PNG
    assert disposition.startswith("inline" if shown else "attachment")
    assert "Evil" not in answer.headers
    assert disposition.isascii()
    assert answer.headers["content-type"] == (content_type if shown else "application/octet-stream")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_pictures_that_the_html_shows_are_inline(inbox: Inbox) -> None:
    html = 'Content-Type: text/html\r\n\r\n<p onclick="x()">Look: <img src="cid:pic@x"></p>'
    head = "Content-Type: image/png\r\nContent-ID: <{}>\r\nContent-Disposition: inline\r\n"
    raw = with_parts(
        html, file(PNG, head.format("pic@x")), file(PNG, head.format("other@x")), kind="related"
    )

    message = await inbox.take(raw)

    inline = {one["content_id"]: one["inline"] for one in message["attachments"]}
    assert inline == {"pic@x": True, "other@x": False}
    assert "cid:pic@x" in message["html"]
    assert "onclick" not in message["html"]


async def test_the_visible_reply_and_the_quote_are_told_apart(inbox: Inbox) -> None:
    text = "Thank you!\n\nOn Mon, 23 Nov 2026, Ann <ann@acme.example> wrote:\n> It is on its way."

    message = await inbox.take(text=text)

    assert message["reply_text"].strip() == "Thank you!"
    assert "It is on its way." in message["quoted_text"]
    assert message["text"].split() == text.split()


async def test_an_attachment_of_another_message_is_not_found(inbox: Inbox) -> None:
    head = 'Content-Type: image/png; name="a.png"\r\n'
    one = await inbox.take(with_parts(TEXT, file(PNG, head)))
    two = await inbox.take()

    answer = await inbox.http.get(
        f"/v1/messages/{two['id']}/attachments/{one['attachments'][0]['id']}"
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "messages.attachment_not_found")
