"""Replies with large files: written before their transaction, sent as they would be within it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.domain.sender_identity import dispatching
from tests.builders import new_user
from tests.journeys.conftest import Inbox

FILE = bytes(range(256)) * 4096  # 1 MiB


class Writing:
    """The composing of large mails, held up while `goes_on` is not set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.goes_on, self.times = asyncio.Event(), threading.Event(), 0
        loop, really = asyncio.get_running_loop(), dispatching.written

        def written(keys: Any, account_id: str, outgoing: Any, *more: Any) -> Any:
            if outgoing.attachments:
                self.times += 1
                loop.call_soon_threadsafe(self.begun.set)
                self.goes_on.wait(20)
            return really(keys, account_id, outgoing, *more)

        monkeypatch.setattr(dispatching, "written", written)


@pytest.fixture
async def message(inbox: Inbox) -> dict[str, Any]:
    """A message in whose conversation an answer was sent: the keys to sign with are there."""
    found = await inbox.take()
    ann = await new_user(inbox.http)
    path = f"/v1/conversations/{found['conversation_id']}/replies"
    await inbox.post(path, {"text": "A moment, please.", "author_id": ann["id"]}, 202)
    return found


@pytest.fixture
async def writing(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Writing]:
    held = Writing(monkeypatch)
    yield held
    held.goes_on.set()


async def answered(
    inbox: Inbox, message: dict[str, Any], headers: dict[str, str] | None = None, **fields: Any
) -> httpx.Response:
    """The answer to a reply with a large file."""
    files = {"file": ("all.bin", FILE, "application/octet-stream")}
    upload = (await inbox.http.post("/v1/uploads", files=files)).json()
    users = await inbox.all("/v1/users")
    body = {
        "text": "See the file.",
        "author_id": users[0]["id"],
        "attachments": [{"upload_id": upload["id"]}],
        **fields,
    }
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    return await inbox.http.post(path, json=body, headers=headers)


async def ids_of(inbox: Inbox, message: dict[str, Any]) -> list[str]:
    """The messages of the conversation, in its order; events are left out."""
    found = await inbox.all(f"/v1/conversations/{message['conversation_id']}/messages")
    return [one["id"] for one in found if one["kind"] != "event"]


async def test_nobody_waits_while_a_large_reply_is_written(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    reply = asyncio.create_task(answered(inbox, message))
    await writing.begun.wait()

    async with asyncio.timeout(10):
        await new_user(inbox.http, name="Bob", email="bob@acme.example")
    writing.goes_on.set()

    assert (await reply).status_code == 202
    assert writing.times == 1


async def test_a_large_reply_comes_out_as_it_went_in(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    writing.goes_on.set()

    sent = (await answered(inbox, message)).json()

    [file] = sent["attachments"]
    content = await inbox.http.get(f"/v1/messages/{sent['id']}/attachments/{file['id']}")
    raw = (await inbox.http.get(f"/v1/messages/{sent['id']}/raw")).content
    assert content.content == FILE
    assert raw.count(b"DKIM-Signature:") >= 1
    assert writing.times == 1


async def test_what_came_meanwhile_is_answered_and_stands_before_the_reply(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    reply = asyncio.create_task(answered(inbox, message))
    await writing.begun.wait()
    again = f"In-Reply-To: <{message['message_id']}>\r\n"
    later = await inbox.take(text="One thing more.", message_id="<2@customer.example>", more=again)
    writing.goes_on.set()

    sent = (await reply).json()

    assert later["conversation_id"] == message["conversation_id"]
    assert "One thing more." in sent["quoted_text"]
    assert (await ids_of(inbox, message))[-2:] == [later["id"], sent["id"]]


async def test_a_large_reply_is_found_though_another_mail_came_while_it_was_written(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    reply = asyncio.create_task(answered(inbox, message, text="About the xylophone."))
    await writing.begun.wait()
    await inbox.take(sender="Dora <dora@other.example>", message_id="<2@other.example>")
    writing.goes_on.set()
    await reply

    found = await inbox.all("/v1/conversations", q="xylophone", state="open")

    assert [one["id"] for one in found] == [message["conversation_id"]]


async def test_a_comment_made_meanwhile_stands_before_the_reply(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    reply = asyncio.create_task(answered(inbox, message))
    await writing.begun.wait()
    users = await inbox.all("/v1/users")
    comment = await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/comments",
        {"text": "I answer this.", "author_id": users[0]["id"]},
        201,
    )
    writing.goes_on.set()

    sent = (await reply).json()

    assert (await ids_of(inbox, message))[-2:] == [comment["id"], sent["id"]]


async def test_a_large_reply_that_is_asked_for_again_is_not_written_again(
    inbox: Inbox, message: dict[str, Any], writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.goes_on.set()
    files = {"file": ("all.bin", FILE, "application/octet-stream")}
    upload = (await inbox.http.post("/v1/uploads", files=files)).json()
    users = await inbox.all("/v1/users")
    wanted = {"attachments": [{"upload_id": upload["id"]}], "author_id": users[0]["id"]}
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    once = {"Idempotency-Key": "once"}

    first, again = [
        (await inbox.http.post(path, json={"text": "Here.", **wanted}, headers=once)).json()
        for _ in range(2)
    ]

    assert first["id"] == again["id"]
    assert writing.times == 1


async def test_what_would_be_refused_is_not_written(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    writing.goes_on.set()
    again = f"In-Reply-To: <{message['message_id']}>\r\n"
    await inbox.take(text="One thing more.", message_id="<2@customer.example>", more=again)

    refused = await answered(inbox, message, expected_last_message_id=message["id"])

    assert (refused.status_code, refused.json()["code"]) == (409, "replies.answered_since")
    assert writing.times == 0


async def test_nobody_waits_while_a_large_first_mail_is_written(
    inbox: Inbox, message: dict[str, Any], writing: Writing
) -> None:
    files = {"file": ("all.bin", FILE, "application/octet-stream")}
    upload = (await inbox.http.post("/v1/uploads", files=files)).json()
    users = await inbox.all("/v1/users")
    body = {
        "channel_id": inbox.channel["id"],
        "to": ["Dora <dora@other.example>"],
        "subject": "The file",
        "text": "See the file.",
        "author_id": users[0]["id"],
        "attachments": [{"upload_id": upload["id"]}],
    }
    first = asyncio.create_task(inbox.http.post("/v1/conversations", json=body))
    await writing.begun.wait()

    async with asyncio.timeout(10):
        await new_user(inbox.http, name="Bob", email="bob@acme.example")
    writing.goes_on.set()

    sent = (await first).json()
    [file] = sent["attachments"]
    content = await inbox.http.get(f"/v1/messages/{sent['id']}/attachments/{file['id']}")
    found = await inbox.get(f"/v1/conversations/{sent['conversation_id']}")
    contact = await inbox.get(f"/v1/contacts/{found['contact_id']}")
    assert content.content == FILE
    assert contact["addresses"] == ["dora@other.example"]
    assert writing.times == 1
