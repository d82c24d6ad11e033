"""The octets of mails."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json


class RawMail(Base):
    """
    The octets of a mail as they came or went, once per account.

    Small mail stands in the row, so that keeping it is part of the one commit; large mail lies in
    the blob store and `content` is null.
    """

    __tablename__ = "raw_mail"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["accounts.id"]),)

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]


class DoomedBlob(Base):
    """
    A content in the blob store that no row needs any more, on its way out of it.

    It stays for a while after that: a mail with the same octets, whose door had found them in the
    store, may still be on its way to its row.
    """

    __tablename__ = "doomed_blobs"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        Index(None, "deleted_at", "doomed_at"),
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    doomed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class ErasedMail(Base):
    """
    That a mail was erased, so that it stays erased when it comes again.

    `mark` is keyed with the installation's secret: of the octets' digest, or of the Message-ID.
    With the latter goes what the content has to agree with, as keyed digests too (`erased.py`).
    """

    __tablename__ = "erased_mail"
    __table_args__ = (
        ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        {"sqlite_with_rowid": False},
    )

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    mark: Mapped[str] = mapped_column(String(32), primary_key=True)
    content: Mapped[dict[str, Any] | None] = mapped_column(Json)
