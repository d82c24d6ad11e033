"""
Uploads: files that wait to go with a reply.

They lie in the blob store for a day, may go with several replies, and belong to the account.
Deliberately not here: how a file comes in over HTTP.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, String, Text, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Database, Owned, chunks, padded
from app.errors import Conflict, FieldError, Invalid, invalid_field
from app.mail import filenames
from app.mail.compose import OutgoingFile
from app.store import BlobStore

KEPT = timedelta(hours=24)
# Octets that wait in an account at one time, and files.
QUOTA = 1024 * 1024 * 1024
MOST_FILES = 2000
MOST_ATTACHMENTS = 100
_SWEPT = 200  # files that one turn of the clock deletes at most


class Upload(Owned, Base):
    """A file that waits to go with a reply. Its octets lie in the blob store."""

    __tablename__ = "uploads"
    __table_args__ = (Index(None, "account_id", "expires_at"), Index(None, "expires_at"))

    filename: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Attached:
    """An upload that goes with a reply; `inline`: the HTML shows it by `cid:` and `content_id`."""

    upload_id: str
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file whose octets lie in the store already, under `blob_key` of this id."""

    id: str
    filename: str
    content_type: str
    size: int


def blob_key(account_id: str, upload_id: str) -> str:
    """Where the octets lie. Not by content: a raw mail with the same octets is another thing."""
    return f"{account_id}/uploads/{upload_id}"


def upload_of(key: str) -> tuple[str, str] | None:
    """Account and id of the upload that has this `blob_key`; None for the key of something else."""
    account_id, _, upload_id = (*key.split("/"), "", "")[:3]
    is_one = key == blob_key(account_id, upload_id) and upload_id.startswith("upl_")
    return (account_id, upload_id) if is_one else None


async def uploads_among(
    db: AsyncSession, keys: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Those of these accounts and ids that are an upload's."""
    found: set[tuple[str, str]] = set()
    account_ids = padded(sorted({account_id for account_id, _ in keys}))
    for some in chunks(sorted({upload_id for _, upload_id in keys})):
        rows = await db.execute(
            select(Upload.account_id, Upload.id).where(
                Upload.account_id.in_(account_ids), Upload.id.in_(some)
            )
        )
        found.update((row.account_id, row.id) for row in rows)
    return found


async def keep_upload(db: AsyncSession, account_id: str, new: NewUpload, now: datetime) -> Upload:
    """
    The file can go with replies for a day.

    Raises Conflict (`uploads.too_many`) when too much of the account waits already.
    """
    waiting = await db.execute(
        select(func.count(), func.coalesce(func.sum(Upload.size), 0)).where(
            Upload.account_id == account_id, Upload.expires_at > now
        )
    )
    count, octets = waiting.one()
    if count >= MOST_FILES or octets + new.size > QUOTA:
        raise Conflict(
            f"{count} files with {octets} octets wait already; at most {MOST_FILES} files and "
            f"{QUOTA} octets may. Uploads go after a day.",
            "uploads.too_many",
        )
    upload = Upload(
        account_id=account_id,
        id=new.id,
        filename=filenames.safe(new.filename) or "attachment",
        content_type=new.content_type[:255],
        size=new.size,
        created_at=now,
        expires_at=now + KEPT,
    )
    db.add(upload)
    await db.flush()
    return upload


async def files_of(
    db: AsyncSession,
    store: BlobStore,
    account_id: str,
    attached: Sequence[Attached],
    *,
    size_limit: int,
    now: datetime,
    contents: Mapping[str, bytes],
) -> tuple[OutgoingFile, ...]:
    """
    The uploads as files of a mail, in the order given; `contents` are those that were read already.

    Raises Invalid for what is no upload of the account (any more), and when they cannot fit.
    """
    if not attached:
        return ()
    known = await _find(db, account_id, {one.upload_id for one in attached}, now)
    _check(attached, known, size_limit)
    found = []
    for one in attached:
        upload = known[one.upload_id]
        content = contents.get(upload.id)
        if content is None:
            content = await store.get(blob_key(account_id, upload.id))
        found.append(
            OutgoingFile(
                upload.filename, upload.content_type, content, one.content_id, inline=one.inline
            )
        )
    return tuple(found)


async def size_of(db: AsyncSession, account_id: str, attached: Sequence[Attached]) -> int:
    """The octets of these uploads, as far as there are such."""
    wanted = sorted({one.upload_id for one in attached})[:MOST_ATTACHMENTS]
    if not wanted:
        return 0
    statement = select(func.coalesce(func.sum(Upload.size), 0)).where(
        Upload.account_id == account_id, Upload.id.in_(wanted)
    )
    return int((await db.execute(statement)).scalar_one())


async def _find(
    db: AsyncSession, account_id: str, upload_ids: set[str], now: datetime
) -> dict[str, Upload]:
    found: dict[str, Upload] = {}
    for some in chunks(sorted(upload_ids)):
        statement = select(Upload).where(
            Upload.account_id == account_id, Upload.id.in_(some), Upload.expires_at > now
        )
        found.update({one.id: one for one in (await db.execute(statement)).scalars()})
    return found


def _check(attached: Sequence[Attached], known: dict[str, Upload], size_limit: int) -> None:
    unknown = tuple(
        FieldError(f"/attachments/{place}/upload_id", f"There is no upload {one.upload_id[:40]!r}.")
        for place, one in enumerate(attached)
        if one.upload_id not in known
    )
    if unknown:
        raise Invalid(unknown[0].detail, "uploads.unknown", unknown)
    for place, one in enumerate(attached):
        if one.inline and not one.content_id:
            raise invalid_field(
                f"/attachments/{place}/content_id",
                "An inline file is shown by its content_id.",
                "replies.no_content_id",
            )
    octets = sum(known[one.upload_id].size for one in attached)
    if octets > room_for_files(size_limit):
        raise invalid_field(
            "/attachments",
            f"The files have {octets} octets; a mail of {size_limit} holds "
            f"{room_for_files(size_limit)} at most.",
            "replies.too_large",
        )


def room_for_files(size_limit: int) -> int:
    """Octets of files that fit into a mail: base64 makes 78 of 57, line ends included."""
    return size_limit // 78 * 57


def forgetting(store: BlobStore) -> Callable[[Database, datetime], Awaitable[None]]:
    """`forget_old_uploads` as the clock calls it."""

    async def forget(database: Database, now: datetime) -> None:
        await forget_old_uploads(database, store, now)

    return forget


async def forget_old_uploads(database: Database, store: BlobStore, now: datetime) -> None:
    """Uploads whose day is over are gone, the octets first: a fault leaves a row to try again."""
    while True:
        async with database.reading() as db:
            statement = select(Upload.account_id, Upload.id).where(Upload.expires_at <= now)
            due = (await db.execute(statement.limit(_SWEPT))).all()
        if not due:
            return
        for account_id, upload_id in due:
            await store.delete(blob_key(account_id, upload_id))
        async with database.writing() as db:
            for some in chunks([upload_id for _, upload_id in due]):
                await db.execute(
                    delete(Upload).where(Upload.expires_at <= now, Upload.id.in_(some))
                )
