"""
The blob store: large raw mail, whole and durable, under a key that its content decides.

Local files by default, S3-compatible object storage by setting. A `put` that returned survives a
power cut. Also here: how much room the disk has. Deliberately not here: what the octets mean, and
small mail, which lives in its row.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import itertools
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from app.errors import NotFound, StorageFull, Unavailable

LOOK = 1.0  # seconds that an answer about the disk's room holds
_LEAST = 1024 * 1024  # free octets without which nothing works, whatever the reserve
_TEMPORARY = ".new-"
_CONTENT = re.compile(r"(?P<account_id>[a-z]+_[0-9a-f]+)/([0-9a-f]{2})/(?P<digest>\2[0-9a-f]{62})")


class BlobStore(Protocol):
    """Octets by key. Keys are made by `key_of`; putting the same key again changes nothing."""

    async def put(self, key: str, content: bytes) -> None:
        """Keep the content durably. Raises StorageFull or Unavailable."""

    async def get(self, key: str) -> bytes:
        """The content. Raises NotFound or Unavailable."""

    async def delete(self, key: str) -> None:
        """Forget the content; unknown keys are no fault."""

    async def check(self) -> None:
        """Raise Unavailable when nothing could be kept now."""

    async def list(self, after: str, limit: int) -> Sequence[Stored]:
        """
        The next things that lie there, behind this key in an order of the store's own.

        Fewer than `limit`: those were the last. What unfinished puts have left is among them, and
        can be deleted. Raises Unavailable.
        """


@dataclass(frozen=True, slots=True)
class Stored:
    """Something that lies in a store; `unfinished`: a put that did not end."""

    key: str
    written_at: datetime
    unfinished: bool = False


def digest_of(content: bytes) -> str:
    """SHA-256 in hexadecimal: the name of a content."""
    return hashlib.sha256(content).hexdigest()


def key_of(account_id: str, digest: str) -> str:
    """The key of a content of one account; accounts share nothing, so that erasing is simple."""
    return f"{account_id}/{digest[:2]}/{digest}"


def read_key(key: str) -> tuple[str, str] | None:
    """Account and digest of a content's key; None for the key of something else."""
    found = _CONTENT.fullmatch(key)
    return (found["account_id"], found["digest"]) if found is not None else None


class LocalStore:
    """Files in a folder: temporary file, fsync, rename, fsync of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self._put, key, content)

    async def get(self, key: str) -> bytes:
        return await asyncio.to_thread(self._get, key)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._delete, key)

    async def check(self) -> None:
        await asyncio.to_thread(self._check)

    async def list(self, after: str, limit: int) -> Sequence[Stored]:
        return await asyncio.to_thread(self._list, after, limit)

    def _put(self, key: str, content: bytes) -> None:
        path = self._folder / key
        try:
            if path.exists() and path.stat().st_size == len(content):
                # Whoever put it may have ended, or still be, before its name was made durable.
                self._sync_folders(path.parent)
                return
            self._make_folders(path.parent)
            self._write(path, content)
        except OSError as fault:
            raise _refusal(fault) from fault

    def _make_folders(self, folder: Path) -> None:
        """Make the folders; each new name is made durable in the folder above it."""
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir(exist_ok=True)
            _sync_folder(path.parent)

    def _sync_folders(self, folder: Path) -> None:
        """The name of a file, and the names of the folders to it, are durable afterwards."""
        while folder != self._folder.parent:
            _sync_folder(folder)
            folder = folder.parent

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)

    def _get(self, key: str) -> bytes:
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError as fault:
            raise NotFound("The kept content is gone.", "storage.content_gone") from fault
        except OSError as fault:
            raise _refusal(fault) from fault

    def _delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / key).unlink()

    def _list(self, after: str, limit: int) -> Sequence[Stored]:
        try:
            names = _names_below(self._folder, tuple(Path(after).parts))
            found = (self._stored(name) for name in names)
            return list(itertools.islice((one for one in found if one is not None), limit))
        except OSError as fault:
            raise _refusal(fault) from fault

    def _stored(self, name: str) -> Stored | None:
        try:
            written = (self._folder / name).stat().st_mtime
        except FileNotFoundError:  # gone meanwhile
            return None
        unfinished = Path(name).name.startswith(_TEMPORARY)
        return Stored(name, datetime.fromtimestamp(written, UTC), unfinished)

    def _check(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self._folder, os.W_OK):
                raise PermissionError(errno.EACCES, "not writable")
        except OSError as fault:
            raise _refusal(fault) from fault


class S3Store:
    """Objects in an S3-compatible bucket, by obstore."""

    def __init__(self, url: str) -> None:
        # Imported here because it is an extra that only this store needs.
        from obstore.store import S3Store as Bucket  # noqa: PLC0415

        # A sender waits for its 250: better 451 after a few tries than silence for minutes.
        self._bucket: Any = Bucket.from_url(
            url,
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )

    async def put(self, key: str, content: bytes) -> None:
        await self._guarded(self._bucket.put_async(key, content))

    async def get(self, key: str) -> bytes:
        answer = await self._guarded(self._bucket.get_async(key))
        return bytes(await self._guarded(answer.bytes_async()))

    async def delete(self, key: str) -> None:
        with contextlib.suppress(NotFound):
            await self._guarded(self._bucket.delete_async(key))

    async def check(self) -> None:
        with contextlib.suppress(NotFound):
            await self._guarded(self._bucket.head_async("health"))

    async def list(self, after: str, limit: int) -> Sequence[Stored]:
        found: list[Stored] = []
        stream = self._bucket.list(offset=after or None, chunk_size=limit)
        while len(found) < limit:
            try:
                some = await self._guarded(anext(stream))
            except StopAsyncIteration:
                break
            found += [Stored(one["path"], one["last_modified"]) for one in some]
        return found[:limit]

    @staticmethod
    async def _guarded(call: Any) -> Any:
        try:
            return await call
        except FileNotFoundError as fault:
            raise NotFound("The kept content is gone.", "storage.content_gone") from fault
        except StopAsyncIteration:
            raise
        except Exception as fault:  # obstore's exceptions share no useful base
            raise Unavailable("The object storage does not answer.") from fault


class Room:
    """
    The free space of the disk that holds a folder.

    A mail server that takes mail until its disk is full can hardly say so in good order, and what
    shares the disk stands still with it. So a reserve stays free, and mail is refused for a while
    before (as Postfix does, queue_minfree).
    """

    def __init__(
        self, folder: Path, reserve: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._reserve, self._clock = folder, reserve, clock
        self._looked_at, self._free = -LOOK, 0

    def is_left(self) -> bool:
        """May more mail be taken? A disk that does not answer has no room."""
        now = self._clock()
        if now - self._looked_at >= LOOK:
            self._looked_at, self._free = now, self._look()
        return self._free >= self._reserve

    async def check(self) -> str:
        """`ok`, or what is wrong, in words for an operator."""
        free = self._look()
        if not os.access(self._folder, os.W_OK):
            return f"{self._folder} cannot be written to"
        if free >= max(self._reserve, _LEAST):
            return "ok"
        words = f"{free // 2**20} MiB are free, {self._reserve // 2**20} MiB are to stay free"
        return f"almost full: {words}"

    def _look(self) -> int:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return 0
        return found.f_bavail * found.f_frsize


def open_store(blob_url: str, data_dir: Path) -> BlobStore:
    """The store that the settings name."""
    return S3Store(blob_url) if blob_url else LocalStore(data_dir / "blobs")


def _names_below(folder: Path, after: tuple[str, ...]) -> Iterator[str]:
    """The files below the folder, folder by folder in the order of names, behind this path."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if after and entry.name < after[0]:
            continue
        if entry.is_dir(follow_symlinks=False):
            behind = after[1:] if after and entry.name == after[0] else ()
            for name in _names_below(folder / entry.name, behind):
                yield f"{entry.name}/{name}"
        elif not after or entry.name > after[0]:
            yield entry.name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refusal(fault: OSError) -> Unavailable:
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("There is no room left to keep mail.")
    return Unavailable("The storage does not answer.")
