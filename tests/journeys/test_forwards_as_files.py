"""E4: a program attaches the mail that is forwarded as a file, under a type that says nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.mail import attribution
from app.mail.attribution import embedded
from app.mail.message import Mail, Part
from app.mail.parse import mail_in_file, parse
from tests.builders import mail, new_user
from tests.journeys.conftest import Inbox
from tests.journeys.test_forwards_by_hand import ANN, attached, with_file


@pytest.fixture
async def ann(inbox: Inbox) -> dict[str, Any]:
    """A person of the team."""
    return await new_user(inbox.http)


def as_file(inner: bytes, kind: str, words: str = "Can somebody take this one?") -> bytes:
    """A forward by Ann whose program attaches the mail as a file of this type."""
    head, _, rest = attached(b"%", words).partition(b"Content-Type: message/rfc822\r\n\r\n%")
    if "base64" in kind:
        inner = base64.encodebytes(inner).replace(b"\n", b"\r\n")
    return head + kind.encode() + b"\r\n" + inner + rest


OCTETS = (
    'Content-Type: application/octet-stream; name="lamp.eml"\r\n'
    "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment\r\n"
)
TEXT = 'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="Lamp.EML"\r\n'
BARE = 'Content-Type: text/plain; name="lamp.eml"\r\n'


@pytest.mark.parametrize("words", ["Can somebody take this one?", ""])
@pytest.mark.parametrize("kind", [OCTETS, TEXT, BARE])
async def test_a_mail_attached_as_an_eml_file_is_unwrapped_too(
    inbox: Inbox, ann: dict[str, Any], kind: str, words: str
) -> None:
    message = await inbox.take(as_file(with_file(), kind, words))

    [file] = message["attachments"]
    content = await inbox.http.get(f"/v1/messages/{message['id']}/attachments/{file['id']}")
    comments = [one["text"].strip() for one in (await inbox.messages_of(message))[1:]]
    assert (await inbox.attribution_of(message))["method"] == "attached-message"
    assert message["author"]["address"] == "dora@strict.example"
    assert message["text"].strip() == "The lamp arrived broken."
    assert (file["filename"], content.content) == ("lamp.png", b"\x89PNG\r\n\x1a\n")
    assert comments == ([words] if words else [])


async def test_an_answer_to_a_forward_as_an_eml_file_names_the_mail_in_it(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take(as_file(with_file(), OCTETS))

    reply = await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/replies",
        {"text": "A new one is on its way.", "author_id": ann["id"]},
        202,
    )

    assert reply["in_reply_to"] == "lamp@strict.example"


async def test_a_rule_that_attaches_the_mail_as_a_file_is_looked_through(inbox: Inbox) -> None:
    forward = as_file(with_file(), OCTETS).replace(
        ANN.encode(), b"Support <support@acme.example>", 1
    )

    message = await inbox.take(forward)

    assert message["author"]["address"] == "dora@strict.example"


@pytest.mark.parametrize(
    "content",
    [
        b"Notes of the meeting\r\n\r\nFrom: Eve <eve@far.example>\r\nSubject: x\r\n\r\nHello",
        b"From: Eve <eve@far.example>\r\n\r\nNothing else",
        b"Subject: To be done\r\nDate: today\r\n\r\nHello",
        b"From: somebody\r\nSubject: x\r\nDate: today\r\n\r\nHello",
        b"",
    ],
)
async def test_a_file_that_is_only_named_like_a_mail_is_a_file(
    inbox: Inbox, ann: dict[str, Any], content: bytes
) -> None:
    message = await inbox.take(as_file(content, OCTETS))

    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])
    assert [file["filename"] for file in message["attachments"]] == ["lamp.eml"]


async def test_two_mails_as_files_decide_nothing(inbox: Inbox, ann: dict[str, Any]) -> None:
    both = as_file(with_file(), OCTETS)
    second = both[both.rindex(b"--b1\r\n") : both.rindex(b"--b1--")].replace(b"lamp.", b"more.")

    message = await inbox.take(both.replace(b"--b1--", second + b"--b1--"))

    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])


async def test_a_customers_file_of_a_mail_stays_a_file(inbox: Inbox) -> None:
    forward = as_file(with_file(), OCTETS).replace(ANN.encode(), b"Carla <carla@customer.example>")

    message = await inbox.take(forward)

    assert message["author"]["address"] == "carla@customer.example"
    assert [file["filename"] for file in message["attachments"]] == ["lamp.eml"]


async def test_a_mail_as_the_only_text_of_a_forward_is_no_comment(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    forward = as_file(with_file(), BARE)
    words = forward[forward.index(b"--b1\r\n") : forward.index(b"--b1\r\n" + BARE.encode())]

    message = await inbox.take(forward.replace(words, b""))

    assert message["author"]["address"] == "dora@strict.example"
    assert len(await inbox.messages_of(message)) == 1


def test_of_many_files_no_more_are_read_than_tell_that_there_are_several(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = []

    def reading(part: Part) -> Mail | None:
        read.append(part)
        return mail_in_file(part)

    monkeypatch.setattr(embedded, "mail_in_file", reading)
    one = b"--b1\r\n" + TEXT.encode() + b"\r\n" + mail() + b"\r\n"
    outer = parse(as_file(mail(), TEXT).replace(b"--b1--", one * 15 + b"--b1--"))

    found = attribution.find_embedded(outer)

    assert (found, len(read)) == (None, 2)
