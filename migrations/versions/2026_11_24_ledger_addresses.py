"""Addresses of the ledger are found in whatever case they were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.mail.addresses import canonical

revision = "ledger_addresses"
down_revision = "tickets_for_nobody"
branch_labels = None
depends_on = None

PIECE = 1_000  # rows that are looked at once
LIMIT = 320
KEYS = {"sender_key": "envelope_from", "recipient_key": "recipient"}

NAMES = ("account_id", "id", *KEYS, *KEYS.values())
ledger = sa.table("received_mail", *(sa.column(name) for name in NAMES))
accounts = sa.table("accounts", sa.column("id"))


def upgrade() -> None:
    for key in KEYS:
        kind = sa.String(length=LIMIT)
        op.add_column("received_mail", sa.Column(key, kind, server_default="", nullable=False))
    _fill(op.get_bind())
    op.drop_index("ix_received_mail_account_id_envelope_from_id", table_name="received_mail")
    for key in KEYS:
        columns = ["account_id", key, "id"]
        op.create_index(op.f(f"ix_received_mail_account_id_{key}_id"), "received_mail", columns)


def downgrade() -> None:
    with op.batch_alter_table("received_mail") as batch:
        for key in KEYS:
            batch.drop_index(f"ix_received_mail_account_id_{key}_id")
            batch.drop_column(key)
        batch.create_index(
            "ix_received_mail_account_id_envelope_from_id", ["account_id", "envelope_from", "id"]
        )


def _fill(connection: sa.Connection) -> None:
    """The database knows the small letters of ASCII; what needs more is put right one by one."""
    connection.execute(
        sa.update(ledger).values(
            {key: sa.func.substr(sa.func.lower(ledger.c[of]), 1, LIMIT) for key, of in KEYS.items()}
        )
    )
    right = (
        sa.update(ledger)
        .where(ledger.c.account_id == sa.bindparam("account"), ledger.c.id == sa.bindparam("row"))
        .values({key: sa.bindparam(key) for key in KEYS})
    )
    for (account_id,) in connection.execute(sa.select(accounts.c.id)).all():
        for piece in _pieces(connection, account_id):
            wrong = [values for one in piece for values in _put_right(one)]
            if wrong:
                connection.execute(right, wrong)


def _put_right(row: Any) -> Iterator[dict[str, str]]:
    keys = {key: canonical(getattr(row, of))[:LIMIT] for key, of in KEYS.items()}
    if any(getattr(row, key) != value for key, value in keys.items()):
        yield {"account": row.account_id, "row": row.id, **keys}


def _pieces(connection: sa.Connection, account_id: str) -> Iterator[Any]:
    after = ""
    while True:
        found = connection.execute(
            sa.select(ledger)
            .where(ledger.c.account_id == account_id, ledger.c.id > after)
            .order_by(ledger.c.id)
            .limit(PIECE)
        ).all()
        if not found:
            return
        yield found
        after = found[-1].id
