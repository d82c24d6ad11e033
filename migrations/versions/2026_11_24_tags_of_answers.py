"""A stored answer keeps its ETag."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "tags_of_answers"
down_revision = "ledger_addresses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_answers", sa.Column("etag", sa.String(length=100), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("idempotency_answers") as batch:
        batch.drop_column("etag")
