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
    """The part of the S3 protocol that one bucket needs: put, get, head, delete, list objects."""

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
        elif "list-type" in request.query_params:
            answer = self._listed(path, **request.query_params)
        elif path in self.objects:
            when = "Tue, 24 Nov 2026 10:00:00 GMT"
            answer = Response(self.objects[path], headers={"ETag": '"1"', "Last-Modified": when})
        else:
            answer = Response("<Error><Code>NoSuchKey</Code></Error>", 404)
        await answer(scope, receive, send)

    def _listed(self, bucket: str, **query: str) -> Response:
        """ListObjectsV2, in one page."""
        names = sorted(name.removeprefix(f"{bucket.rstrip('/')}/") for name in self.objects)
        start = query.get("start-after", "")
        contents = "".join(
            f"<Contents><Key>{name}</Key><Size>1</Size><ETag>1</ETag>"
            "<LastModified>2026-11-24T10:00:00.000Z</LastModified></Contents>"
            for name in names
            if name.startswith(query.get("prefix", "")) and name > start
        )
        body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        return Response(body, media_type="application/xml")


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


async def test_what_lies_there_is_listed_in_pieces_until_the_end(store: BlobStore) -> None:
    keys = {f"acc_{n}/{n}{m}/{n}{m}" for n in range(3) for m in range(3)} | {"acc_1/uploads/upl_1"}
    for key in keys:
        await store.put(key, CONTENT)

    first = await store.list("", 4)
    second = await store.list(first[-1].key, 4)
    third = await store.list(second[-1].key, 4)

    found = [*first, *second, *third]
    assert [len(first), len(second), len(third)] == [4, 4, 2]
    assert {one.key for one in found} == keys
    assert await store.list(third[-1].key, 4) == []
    assert all(one.written_at.tzinfo is not None and not one.unfinished for one in found)


async def test_an_empty_store_lists_nothing(store: BlobStore) -> None:
    assert await store.list("", 10) == []


async def test_what_an_unfinished_put_has_left_is_listed_as_such_and_can_be_deleted(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path)
    left = tmp_path / "acc_1" / "ab" / ".new-x1"
    left.parent.mkdir(parents=True)
    left.write_bytes(CONTENT[:1000])

    [found] = await store.list("", 10)
    await store.delete(found.key)

    assert found.unfinished
    assert not left.exists()


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
