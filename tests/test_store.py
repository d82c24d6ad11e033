"""What every blob store promises, for local files and for S3 (a small server in the process)."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import NotFound, StorageFull, Unavailable
from app.store import BlobStore, LocalStore, digest_of, key_of, open_store

CONTENT = b"Subject: a mail\r\n\r\n" + bytes(range(256)) * 400
KEY = key_of("acc_1", digest_of(CONTENT))


class SmallS3:
    """The part of the S3 protocol that one bucket needs: put, get, head and delete an object."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = request.url.path
        if request.method == "PUT":
            self.objects[path] = await request.body()
            answer = Response(headers={"ETag": '"1"'})
        elif request.method == "POST":  # delete some objects, named in XML
            keys = re.findall(r"<Key>([^<]*)</Key>", (await request.body()).decode())
            for key in keys:
                self.objects.pop(f"{path.rstrip('/')}/{key}", None)
            gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            answer = Response(f"<DeleteResult>{gone}</DeleteResult>", media_type="application/xml")
        elif path in self.objects:
            when = "Tue, 24 Nov 2026 10:00:00 GMT"
            answer = Response(self.objects[path], headers={"ETag": '"1"', "Last-Modified": when})
        else:
            answer = Response("<Error><Code>NoSuchKey</Code></Error>", 404)
        await answer(scope, receive, send)


@contextlib.asynccontextmanager
async def served(app: SmallS3) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


OpenStore = Callable[[str], Awaitable[BlobStore]]


@pytest.fixture(params=["local", "s3"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[BlobStore]:
    if request.param == "local":
        yield open_store("", tmp_path)
        return
    pytest.importorskip("obstore")
    async with served(SmallS3()) as endpoint:
        for name, value in {
            "AWS_ENDPOINT": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "any",
        }.items():
            monkeypatch.setenv(name, value)
        yield open_store("s3://bucket/prefix", tmp_path)


async def test_what_was_put_is_given_back_octet_for_octet(store: BlobStore) -> None:
    await store.put(KEY, CONTENT)

    assert await store.get(KEY) == CONTENT


async def test_to_put_the_same_content_again_changes_nothing(store: BlobStore) -> None:
    await store.put(KEY, CONTENT)
    await store.put(KEY, CONTENT)

    assert await store.get(KEY) == CONTENT


async def test_an_unknown_key_is_not_found(store: BlobStore) -> None:
    with pytest.raises(NotFound):
        await store.get(KEY)


async def test_what_was_deleted_is_gone_and_deleting_again_is_no_fault(store: BlobStore) -> None:
    await store.put(KEY, CONTENT)

    await store.delete(KEY)
    await store.delete(KEY)

    with pytest.raises(NotFound):
        await store.get(KEY)


async def test_a_store_that_works_has_nothing_to_say(store: BlobStore) -> None:
    await store.check()


async def test_a_full_disk_is_told_apart_from_other_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(StorageFull):
        await LocalStore(tmp_path / "blobs").put(KEY, CONTENT)
    assert not [name for _, _, names in os.walk(tmp_path) for name in names]


@pytest.mark.skipif(sys.platform != "linux", reason="open files are named in /proc on Linux only")
async def test_content_and_every_name_on_the_way_to_it_are_durable_also_when_put_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    path = tmp_path / "blobs" / KEY
    folders = {str(path.parents[n]) for n in range(3)}

    await LocalStore(tmp_path / "blobs").put(KEY, CONTENT)
    first, synced[:] = set(synced), []
    await LocalStore(tmp_path / "blobs").put(KEY, CONTENT)

    assert folders < first
    assert any("/.new-" in name for name in first)
    assert folders == set(synced)


async def test_s3_that_does_not_answer_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    async with served(SmallS3()) as endpoint:
        pass  # its port is closed again: nobody answers there
    for name, value in {
        "AWS_ENDPOINT": endpoint,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "any",
    }.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(Unavailable):
        await open_store("s3://bucket", tmp_path).put(KEY, CONTENT)
