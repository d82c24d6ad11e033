"""
Idempotency-Key: the answer to a POST is stored in the POST's own transaction.

The same key with the same request gives the stored answer; with another request it is refused.
Concurrent twins run one after the other, because a writing request holds its account's lock.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Request, Response
from sqlalchemy import LargeBinary, String, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.api.problems import RequestProblem
from app.db import Base, Id
from app.errors import Conflict

KEPT = timedelta(hours=24)
KEY_LIMIT = 255


class StoredAnswer(Base):
    """The answer that an Idempotency-Key got; `key` is a digest of it and the API key."""

    __tablename__ = "idempotency_answers"

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    asked: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    content_type: Mapped[str] = mapped_column(String(100))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    etag: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(index=True)


def key_of(request: Request) -> str | None:
    """The Idempotency-Key of a POST, if it has one."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST":
        return None
    if not 1 <= len(key) <= KEY_LIMIT or not key.isprintable():
        raise RequestProblem(
            400, f"An Idempotency-Key has 1 to {KEY_LIMIT} characters.", "idempotency.bad_key"
        )
    return key


def fingerprint(request: Request, body: bytes) -> str:
    """What was asked: path, query and body."""
    target = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(target.encode() + body).hexdigest()


class Answers:
    """
    The stored answers of an API key.

    Another key of the account, with less rights perhaps, is not shown them. They are encrypted
    at rest: the answer to making an API key holds its secret, which is stored hashed everywhere
    else (A4).
    """

    def __init__(self, db: AsyncSession, account_id: str, key_id: str, secret: bytes) -> None:
        self._db = db
        self._account_id = account_id
        self._key_id = key_id
        digest = hashlib.sha256(b"idempotency answers\n" + secret).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(digest))

    def _own(self, key: str) -> str:
        """The Idempotency-Key as this API key's own."""
        return hashlib.sha256(f"{self._key_id}\n{key}".encode()).hexdigest()

    async def find(self, key: str, asked: str) -> Response | None:
        """
        The stored answer of this key, or None.

        Raises Conflict when the key was used for something else, or when its answer cannot be
        read because SECRET_KEY has changed: to run the request again could do it twice.
        """
        found = await self._db.execute(
            select(StoredAnswer).where(
                StoredAnswer.account_id == self._account_id,
                StoredAnswer.key == self._own(key),
                StoredAnswer.created_at > datetime.now(UTC) - KEPT,
            )
        )
        row = found.scalar_one_or_none()
        if row is None:
            return None
        if row.asked != asked:
            raise Conflict(
                "This Idempotency-Key was used for another request.", "idempotency.key_reused"
            )
        try:
            body = self._cipher.decrypt(row.body)
        except InvalidToken as fault:
            raise Conflict(
                "The answer was stored under another SECRET_KEY.", "idempotency.answer_unreadable"
            ) from fault
        headers = {"Idempotent-Replayed": "true"}
        if row.etag is not None:
            headers["ETag"] = row.etag
        return Response(body, row.status, headers, media_type=row.content_type)

    async def keep(self, key: str, asked: str, answer: Response) -> None:
        """Store the answer; an expired one of the same key makes room."""
        await self._db.execute(
            delete(StoredAnswer).where(
                StoredAnswer.account_id == self._account_id, StoredAnswer.key == self._own(key)
            )
        )
        await self._db.execute(
            insert(StoredAnswer).values(
                account_id=self._account_id,
                key=self._own(key),
                asked=asked,
                status=answer.status_code,
                content_type=answer.headers.get("content-type", "application/json"),
                body=self._cipher.encrypt(bytes(answer.body)),
                etag=answer.headers.get("etag"),
                created_at=datetime.now(UTC),
            )
        )


async def forget_old(db: AsyncSession, now: datetime) -> None:
    """Answers older than a day are gone."""
    await db.execute(delete(StoredAnswer).where(StoredAnswer.created_at < now - KEPT))
