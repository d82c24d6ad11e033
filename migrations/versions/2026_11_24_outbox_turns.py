"""The mail of an account that waits to be sent, found without going through everybody's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "outbox_turns"
down_revision = "search_index"
branch_labels = None
depends_on = None

IS_WAITING = sa.text("state IN ('queued', 'deferred')")


def upgrade() -> None:
    op.create_index(
        "ix_outbox_items_account_due",
        "outbox_items",
        ["account_id", "next_attempt_at", "id"],
        sqlite_where=IS_WAITING,
        postgresql_where=IS_WAITING,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_items_account_due", table_name="outbox_items")
