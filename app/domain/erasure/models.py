"""The receipts of erasures."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned

RUNNING = "running"
DONE = "done"
IS_RUNNING = text("state = 'running'")


class Erasure(Owned, Base):
    """
    What was erased of a contact, and while that goes on, how far it is.

    `wanted` are the addresses that are looked for; nothing of them is left when it is done.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "contact_id"], ["contacts.account_id", "contacts.id"]),
        Index(
            "ix_erasures_running",
            "requested_at",
            sqlite_where=IS_RUNNING,
            postgresql_where=IS_RUNNING,
        ),
    )

    contact_id: Mapped[str] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10))
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, int]] = mapped_column(Json)
    stage: Mapped[str] = mapped_column(String(20))
    place: Mapped[str] = mapped_column(String(60))
    wanted: Mapped[list[str] | None] = mapped_column(Json)


class Purging(Base):
    """How far the forgetting of old things has come in an account, a row for each kind of them."""

    __tablename__ = "purgings"
    __table_args__ = (ForeignKeyConstraint(["account_id"], ["accounts.id"]),)

    account_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    place: Mapped[str] = mapped_column(String(60))
    next_at: Mapped[datetime] = mapped_column(index=True)
