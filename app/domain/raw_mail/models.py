"""The octets of mails."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id


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
