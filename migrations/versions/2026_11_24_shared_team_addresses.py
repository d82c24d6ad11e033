"""Channels of an account may have the same team address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "shared_team_addresses"
down_revision = "lists_at_scale"
branch_labels = None
depends_on = None

COLUMNS = ["account_id", "team_address_key"]
KEPT = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    op.drop_index("uq_channels_account_id_team_address_key", table_name="channels")
    op.create_index(
        "ix_channels_account_id_team_address_key",
        "channels",
        COLUMNS,
        sqlite_where=KEPT,
        postgresql_where=KEPT,
    )


def downgrade() -> None:
    """Of channels with the same team address the oldest keeps it; the others still show it."""
    op.execute(
        sa.text(
            "UPDATE channels SET team_address_key = NULL WHERE deleted_at IS NULL AND EXISTS ("
            "SELECT 1 FROM channels AS older WHERE older.account_id = channels.account_id"
            " AND older.team_address_key = channels.team_address_key"
            " AND older.deleted_at IS NULL AND older.id < channels.id)"
        )
    )
    op.drop_index("ix_channels_account_id_team_address_key", table_name="channels")
    op.create_index(
        "uq_channels_account_id_team_address_key",
        "channels",
        COLUMNS,
        unique=True,
        sqlite_where=KEPT,
        postgresql_where=KEPT,
    )
