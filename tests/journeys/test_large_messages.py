"""Large mails: a list of them stays small, and what was cut says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import mail, new_user
from tests.journeys.conftest import Inbox

ANSWER = "In-Reply-To: <1@customer.example>\r\n"
LINE = "All work and no play makes Jack a dull boy, said Carla.\n"


def long_text(length: int, first: str = "") -> str:
    """A text of about that many characters, in lines that SMTP takes."""
    return first + LINE * (length // len(LINE))


def with_files(count: int) -> bytes:
    """A mail with that many attachments."""
    head = (
        "From: carla@customer.example\r\nTo: support@acme.example\r\nSubject: Files\r\n"
        "Message-ID: <f@customer.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHere they are\r\n"
    )
    part = (
        "--b\r\nContent-Type: text/csv\r\n"
        "Content-Disposition: attachment; filename={}.csv\r\n\r\n1\r\n"
    )
    return (head + "".join(part.format(n) for n in range(count)) + "--b--\r\n").encode()


def html_mail(markup: str) -> bytes:
    """A mail that is only HTML."""
    head = (
        "From: carla@customer.example\r\nTo: support@acme.example\r\nSubject: Marked up\r\n"
        "Message-ID: <h@customer.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
    )
    return f"{head}{markup}\r\n".encode()


async def pages_of(inbox: Inbox, path: str, **query: Any) -> list[list[str]]:
    """The ids of every page of a list."""
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await inbox.get(path, **query, **cursor)
        pages.append([one["id"] for one in page["items"]])
        if page["next_cursor"] is None:
            return pages
        cursor = {"cursor": page["next_cursor"]}


async def test_a_page_of_large_messages_ends_early(inbox: Inbox) -> None:
    first = await inbox.take()
    ids = [first["id"]]
    for number in range(2, 6):  # text and visible reply: 800,000 characters each
        text = long_text(400_000, f"No {number}\n")
        made = await inbox.take(text=text, message_id=f"<{number}@customer.example>", more=ANSWER)
        ids.append(made["id"])
    path = f"/v1/conversations/{first['conversation_id']}/messages"

    forward = await pages_of(inbox, path, limit=200)
    backward = await pages_of(inbox, path, limit=200, order="desc")
    by_two = await pages_of(inbox, path, limit=2)

    assert forward == [ids[:3], ids[3:]]
    assert backward == [ids[:2:-1], ids[2::-1]]
    assert by_two == [ids[:2], ids[2:4], ids[4:]]


async def test_a_message_above_the_size_of_a_page_has_one_of_its_own(inbox: Inbox) -> None:
    first = await inbox.take(text=long_text(1_100_000))
    second = await inbox.take(text="And?", message_id="<2@customer.example>", more=ANSWER)
    path = f"/v1/conversations/{first['conversation_id']}/messages"

    assert await pages_of(inbox, path) == [[first["id"]], [second["id"]]]


async def test_a_mail_that_is_kept_whole_is_not_truncated(inbox: Inbox) -> None:
    message = await inbox.take(text=long_text(990_000))

    assert message["truncated"] == []


async def test_texts_that_were_cut_say_so(inbox: Inbox) -> None:
    message = await inbox.take(text=long_text(1_000_100))

    [listed] = await inbox.messages_of(message)
    assert message["truncated"] == listed["truncated"] == ["text", "reply_text"]
    assert len(message["text"]) == 1_000_000


async def test_a_quotation_that_was_cut_says_so(inbox: Inbox) -> None:
    quoted = "On Mon, 23 Nov 2026 at 10:00, Ann <ann@acme.example> wrote:\n"
    text = f"Yes.\n\n{quoted}" + f"> {LINE}" * (1_000_100 // len(LINE))

    message = await inbox.take(text=text)

    assert message["truncated"] == ["text", "quoted_text"]
    assert message["reply_text"] == "Yes."


@pytest.mark.parametrize(
    ("markup", "is_cut"),
    [
        ("<p>All of it\r\n</p>" * 20_000, False),
        (f"<p>{LINE}</p>".replace("\n", "\r\n") * 17_000, True),
        ("<p>x<img src=cid:a>\r\n</p>" * 20_000, True),  # tags behind the 30,000th are left out
    ],
    ids=["whole", "long", "many tags"],
)
async def test_html_that_was_cut_says_so(inbox: Inbox, markup: str, is_cut: bool) -> None:
    message = await inbox.take(html_mail(markup))

    assert ("html" in message["truncated"]) is is_cut


async def test_attachments_that_were_left_out_are_told(inbox: Inbox) -> None:
    message = await inbox.take(with_files(501))
    [received] = await inbox.all("/v1/received-mail")
    again = await inbox.post(f"/v1/received-mail/{received['id']}/replay", {"dry_run": True})

    assert message["truncated"] == ["attachments"]
    assert len(message["attachments"]) == 500
    assert again["changes"] == []


async def test_people_who_were_left_out_are_told(inbox: Inbox) -> None:
    many = ",\r\n ".join(f"p{n}@customer.example" for n in range(201))

    message = await inbox.take(to=many, more=f"Cc: {many}\r\n")

    assert message["truncated"] == ["to", "cc"]
    assert (len(message["to"]), len(message["cc"])) == (200, 200)


async def test_a_forwarded_mail_that_was_cut_says_so(inbox: Inbox) -> None:
    await new_user(inbox.http)
    inner = mail(long_text(1_000_100), sender="Dora <dora@strict.example>")
    head = (
        "From: Ann <ann@acme.example>\r\nTo: support@acme.example\r\nSubject: Fwd: Long\r\n"
        "Message-ID: <fwd@acme.example>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b1\r\n\r\n"
        "--b1\r\nContent-Type: text/plain\r\n\r\nCan somebody take this one?\r\n"
        "--b1\r\nContent-Type: message/rfc822\r\n\r\n"
    )

    message = await inbox.take(head.encode() + inner + b"\r\n--b1--\r\n")

    path = f"/v1/conversations/{message['conversation_id']}/messages"
    [shown] = (await inbox.get(path, limit=1))["items"]
    [comment] = (await inbox.get(path, limit=1, order="desc"))["items"]
    assert shown["author"]["address"] == "dora@strict.example"
    assert shown["truncated"] == ["text", "reply_text"]
    assert (comment["kind"], comment["truncated"]) == ("comment", [])
