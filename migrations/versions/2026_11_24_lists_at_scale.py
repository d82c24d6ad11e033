"""
Indexes for lists of few conversations among many, and for SQLite how large an account may be.

Without statistics SQLite takes it that an account has ten addresses, and looks through all of them
for the addresses of one contact.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "lists_at_scale"
down_revision = "outbox_turns"
branch_labels = None
depends_on = None

SPAM = sa.text("spam")
OF_TEAM = sa.text("team_id IS NOT NULL")

# Rows, rows of an account, rows of a contact (https://www.sqlite.org/fileformat2.html#stat1tab).
STATISTICS = (
    ("contact_addresses", "1000000 100000 1"),
    ("ix_contact_addresses_account_id_contact_id", "1000000 100000 1"),
)


def upgrade() -> None:
    op.create_index(
        "ix_conversations_spam_listed",
        "conversations",
        ["account_id", "last_message_at", "id"],
        sqlite_where=SPAM,
        postgresql_where=SPAM,
    )
    op.create_index(
        "ix_conversations_of_team",
        "conversations",
        ["account_id", "team_id", "last_message_at", "id"],
        sqlite_where=OF_TEAM,
        postgresql_where=OF_TEAM,
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ANALYZE sqlite_schema")  # makes the table of statistics, if there is none
        _forget_statistics()
        for index, numbers in STATISTICS:
            op.execute(
                sa.text(
                    "INSERT INTO sqlite_stat1 VALUES ('contact_addresses', :index, :numbers)"
                ).bindparams(index=index, numbers=numbers)
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _forget_statistics()
    op.drop_index("ix_conversations_of_team", table_name="conversations")
    op.drop_index("ix_conversations_spam_listed", table_name="conversations")


def _forget_statistics() -> None:
    op.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'contact_addresses'")
