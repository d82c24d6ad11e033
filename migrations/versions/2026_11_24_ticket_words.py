"""The words of tickets, for searching them; of those that are there, too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from app import words

revision = "ticket_words"
down_revision = "shared_team_addresses"
branch_labels = None
depends_on = None

PIECE = 500  # tickets that are indexed at once
DIFFERENT = 1_000

tickets = sa.table(
    "tickets",
    *(sa.column(name) for name in ("account_id", "id", "name", "description", "category")),
)
accounts = sa.table("accounts", sa.column("id"))


def upgrade() -> None:
    word = sa.String(length=60).with_variant(sa.String(length=60, collation="C"), "postgresql")
    made = op.create_table(
        "ticket_words",
        sa.Column("account_id", sa.String(length=40), nullable=False),
        sa.Column("word", word, nullable=False),
        sa.Column("ticket_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "ticket_id"],
            ["tickets.account_id", "tickets.id"],
            name=op.f("fk_ticket_words_account_id_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "word", "ticket_id", name=op.f("pk_ticket_words")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    for (account_id,) in connection.execute(sa.select(accounts.c.id)).all():
        for piece in _pieces(connection, account_id):
            rows = [row for one in piece for row in _rows(one)]
            if rows:
                connection.execute(sa.insert(made), rows)
    op.create_index(
        op.f("ix_ticket_words_account_id_ticket_id"), "ticket_words", ["account_id", "ticket_id"]
    )


def downgrade() -> None:
    op.drop_table("ticket_words")


def _pieces(connection: sa.Connection, account_id: str) -> Iterator[Any]:
    after = ""
    while True:
        found = connection.execute(
            sa.select(tickets)
            .where(tickets.c.account_id == account_id, tickets.c.id > after)
            .order_by(tickets.c.id)
            .limit(PIECE)
        ).all()
        if not found:
            return
        yield found
        after = found[-1].id


def _rows(ticket: Any) -> list[dict[str, str]]:
    fields = (ticket.name, ticket.description, ticket.category or "")
    found = dict.fromkeys(word for field in fields for word in words.words_of(field))
    return [
        {"account_id": ticket.account_id, "ticket_id": ticket.id, "word": word}
        for word in list(found)[:DIFFERENT]
    ]
