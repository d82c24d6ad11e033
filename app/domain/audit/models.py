"""The audit log's table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Id, Json, Owned


class AuditEntry(Owned, Base):
    """One thing that one transaction changed."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index(None, "account_id", "created_at", "id"),
        Index(None, "account_id", "key_id", "created_at", "id"),
        Index(None, "account_id", "resource_type", "resource_id", "created_at", "id"),
        Index(None, "created_at"),
    )

    actor: Mapped[str] = mapped_column(String(20))  # api_key, command_line, system
    key_id: Mapped[str | None] = mapped_column(Id)
    request_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(10))  # created, updated, deleted
    resource_type: Mapped[str] = mapped_column(String(30))
    resource_id: Mapped[str] = mapped_column(Id)
    # {"name": {"before": …, "after": …}}
    changes: Mapped[dict[str, dict[str, Any]]] = mapped_column(Json)
    created_at: Mapped[datetime]
