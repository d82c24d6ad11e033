"""Files that go with replies: taken in, sent, shown, thrown away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.domain import conversations
from app.settings import Settings
from tests.builders import new_user
from tests.conftest import Service
from tests.journeys.conftest import Inbox

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Small mails, so that too large ones are small, too."""
    return settings.model_copy(update={"message_size_limit": 200_000})


async def uploaded(
    http: httpx.AsyncClient,
    content: bytes = PNG,
    name: str = "a b.png",
    kind: str = "image/png",
    **headers: str,
) -> httpx.Response:
    """The answer to an upload."""
    return await http.post("/v1/uploads", files={"file": (name, content, kind)}, headers=headers)


async def answered(inbox: Inbox, message: dict[str, Any], **fields: Any) -> httpx.Response:
    """The answer to a reply of a user of the account."""
    users = await inbox.all("/v1/users") or [await new_user(inbox.http)]
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    body = {"text": "See the file.", "author_id": users[0]["id"], **fields}
    return await inbox.http.post(path, json=body)


def files_of(service: Service) -> list[str]:
    """The uploads that lie in the store."""
    found = service.settings.data_dir.glob("blobs/*/uploads/*")
    return sorted(one.name for one in found)


async def test_a_file_goes_with_replies_and_comes_out_as_it_went_in(inbox: Inbox) -> None:
    message = await inbox.take()
    upload = (await uploaded(inbox.http)).json()

    first = await answered(inbox, message, attachments=[{"upload_id": upload["id"]}])
    second = await answered(inbox, message, attachments=[{"upload_id": upload["id"]}])

    [file] = first.json()["attachments"]
    content = await inbox.http.get(f"/v1/messages/{first.json()['id']}/attachments/{file['id']}")
    assert (upload["filename"], upload["content_type"]) == ("a b.png", "image/png")
    assert upload["size"] == len(PNG)
    assert upload["id"].startswith("upl_")
    assert (file["filename"], file["size"], file["inline"]) == ("a b.png", len(PNG), False)
    assert content.content == PNG
    assert second.status_code == 202


async def test_an_inline_image_is_shown_by_its_id(inbox: Inbox) -> None:
    message = await inbox.take()
    upload = (await uploaded(inbox.http)).json()["id"]
    image = {"upload_id": upload, "inline": True, "content_id": "logo@acme"}

    answer = await answered(
        inbox, message, html='<p>Look: <img src="cid:logo@acme"></p>', attachments=[image]
    )
    nameless = await answered(inbox, message, attachments=[{**image, "content_id": ""}])
    hostile = await answered(inbox, message, attachments=[{**image, "content_id": "a>\r\nX: y"}])

    [file] = answer.json()["attachments"]
    assert (file["inline"], file["content_id"]) == (True, "logo@acme")
    assert "cid:logo@acme" in answer.json()["html"]
    assert (nameless.status_code, nameless.json()["code"]) == (422, "replies.no_content_id")
    assert hostile.status_code == 422


async def test_a_reply_of_a_file_alone_needs_no_words(inbox: Inbox) -> None:
    message = await inbox.take()
    upload = (await uploaded(inbox.http)).json()["id"]

    answer = await answered(inbox, message, text="", attachments=[{"upload_id": upload}])

    assert answer.status_code == 202


async def test_names_of_files_end_no_header(inbox: Inbox) -> None:
    message = await inbox.take()
    upload = (await uploaded(inbox.http, name='../x"\r\nBcc: y@z.example;.png')).json()

    answer = await answered(inbox, message, attachments=[{"upload_id": upload["id"]}])

    raw = (await inbox.http.get(f"/v1/messages/{answer.json()['id']}/raw")).content
    assert b"\nBcc" not in raw
    assert "/" not in upload["filename"]
    assert len(answer.json()["attachments"]) == 1


@pytest.mark.parametrize("kind", ['x/y; charset="\x00"', "text/html\x0bX-Evil: 1"])
async def test_a_media_type_with_controls_is_none(inbox: Inbox, kind: str) -> None:
    answer = await uploaded(inbox.http, kind=kind)

    assert answer.status_code == 201, answer.text
    assert answer.json()["content_type"] == "application/octet-stream"


async def test_files_that_do_not_fit_into_a_mail_are_refused(
    inbox: Inbox, service: Service
) -> None:
    message = await inbox.take()
    ids = [(await uploaded(inbox.http, b"x" * 90_000)).json()["id"] for _ in range(2)]

    large = await uploaded(inbox.http, b"x" * 150_000)
    huge = await uploaded(inbox.http, b"x" * 400_000)

    async def in_pieces() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
        for _ in range(100):
            yield b"x" * 10_000

    undeclared = await inbox.http.post(
        "/v1/uploads",
        content=in_pieces(),
        headers={"content-type": "multipart/form-data; boundary=b"},
    )
    together = await answered(inbox, message, attachments=[{"upload_id": one} for one in ids])

    for one in (large, huge, undeclared):
        assert (one.status_code, one.json()["code"]) == (413, "uploads.too_large")
    assert (together.status_code, together.json()["code"]) == (422, "replies.too_large")
    assert files_of(service) == sorted(ids)


async def test_another_account_s_upload_is_none(
    inbox: Inbox, other_http: httpx.AsyncClient
) -> None:
    message = await inbox.take()
    upload = (await uploaded(other_http)).json()["id"]

    answer = await answered(inbox, message, attachments=[{"upload_id": upload}])

    assert (answer.status_code, answer.json()["code"]) == (422, "uploads.unknown")
    assert answer.json()["errors"][0]["pointer"] == "/attachments/0/upload_id"


@pytest.mark.parametrize(
    "extra", [{"data": {"colour": "red"}}, {"files": [("colour", ("x", b"x"))]}]
)
async def test_a_field_that_is_unknown_is_refused(
    inbox: Inbox, service: Service, extra: dict[str, Any]
) -> None:
    files = [("file", ("a.png", PNG)), *extra.get("files", ())]

    answer = await inbox.http.post("/v1/uploads", files=files, data=extra.get("data"))

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/colour"]
    assert files_of(service) == []


async def test_one_file_comes_at_a_time(inbox: Inbox, service: Service) -> None:
    answer = await inbox.http.post("/v1/uploads", files=[("file", ("a", b"a"))] * 2)

    assert (answer.status_code, answer.json()["code"]) == (400, "uploads.bad_form")
    assert files_of(service) == []


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{}", "application/json", 415, "request.unsupported_media_type"),
        (b"x", "multipart/form-data", 400, "uploads.bad_form"),
        (b"x", "multipart/form-data; boundary=b", 400, "uploads.bad_form"),
        (b"--b--\r\n", "multipart/form-data; boundary=b", 422, "uploads.no_file"),
        (
            b'--b\r\nContent-Disposition: form-data; name="other"; filename="x"\r\n\r\nx\r\n'
            b"--b--\r\n",
            "multipart/form-data; boundary=b",
            422,
            "uploads.no_file",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
            422,
            "uploads.no_file",
        ),
        (
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n' * 101 + b"--b--\r\n",
            "multipart/form-data; boundary=b",
            400,
            "uploads.bad_form",
        ),
    ],
)
async def test_a_form_that_is_none_is_refused(
    inbox: Inbox, service: Service, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await inbox.http.post("/v1/uploads", content=content, headers={"content-type": kind})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert files_of(service) == []


async def test_an_idempotency_key_uploads_once(inbox: Inbox, service: Service) -> None:
    """Each try has a boundary of its own: the file is compared, not the form."""
    key = {"Idempotency-Key": "once"}

    together = await asyncio.gather(*(uploaded(inbox.http, **key) for _ in range(4)))
    other = await uploaded(inbox.http, b"another", **key)

    assert {one.status_code for one in together} == {201}
    [upload_id] = {one.json()["id"] for one in together}
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")
    assert files_of(service) == [upload_id]


async def test_uploads_are_gone_after_a_day(inbox: Inbox, service: Service) -> None:
    message = await inbox.take()
    upload = (await uploaded(inbox.http)).json()
    now = datetime.now(UTC)
    forget = conversations.forgetting(service.house.store)

    await forget(service.database, now + timedelta(hours=23))
    kept = files_of(service)
    await forget(service.database, now + timedelta(hours=25))

    answer = await answered(inbox, message, attachments=[{"upload_id": upload["id"]}])
    assert kept == [upload["id"]]
    assert files_of(service) == []
    assert answer.json()["code"] == "uploads.unknown"


async def test_what_waits_is_bounded(
    inbox: Inbox, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domain.conversations.uploading.QUOTA", len(PNG) * 2)
    kept = [await uploaded(inbox.http) for _ in range(2)]

    refused = await uploaded(inbox.http)

    assert [one.status_code for one in kept] == [201, 201]
    assert (refused.status_code, refused.json()["code"]) == (409, "uploads.too_many")
    assert len(files_of(service)) == 2
