"""A ticket may be for nobody known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app import ids

revision = "tickets_for_nobody"
down_revision = "ticket_words"
branch_labels = None
depends_on = None

ID = sa.String(length=40)


def upgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column("contact_id", existing_type=ID, nullable=True)


PLACEHOLDER = """
    INSERT INTO contacts
        (account_id, id, name, folded_name, tracked, placeholder, created_at, updated_at)
    SELECT account_id, :contact, '', '', false, true, max(created_at), max(created_at)
    FROM tickets WHERE account_id = :account AND contact_id IS NULL GROUP BY account_id
"""
GIVE = "UPDATE tickets SET contact_id = :contact WHERE account_id = :account AND contact_id IS NULL"


def downgrade() -> None:
    """Tickets for nobody are for a placeholder then, one an account."""
    connection = op.get_bind()
    without = sa.text("SELECT DISTINCT account_id FROM tickets WHERE contact_id IS NULL")
    for (account_id,) in connection.execute(without).all():
        given = {"account": account_id, "contact": ids.new("con")}
        connection.execute(sa.text(PLACEHOLDER), given)
        connection.execute(sa.text(GIVE), given)
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column("contact_id", existing_type=ID, nullable=False)
