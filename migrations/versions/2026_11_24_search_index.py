"""
The full-text index of messages, filled from those that are there.

SQLite: rows with the words of each message, FTS5 over them, kept right by triggers. PostgreSQL: a
tsvector a message, GIN. By hand, because no model describes either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.db import Json
from app.domain.conversations import words

revision = "search_index"
down_revision = "answers_routing"
branch_labels = None
depends_on = None

PIECE = 500  # messages that are indexed at once

SQLITE = (
    """
    CREATE TABLE message_search (
        number INTEGER NOT NULL PRIMARY KEY,
        account_id VARCHAR(40) NOT NULL,
        message_id VARCHAR(40) NOT NULL,
        words TEXT NOT NULL,
        FOREIGN KEY (account_id, message_id) REFERENCES messages (account_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX uq_message_search ON message_search (account_id, message_id)",
    # `ascii`: every character beyond ASCII belongs to a word; ours hold nothing else but a-z, 0-9.
    """
    CREATE VIRTUAL TABLE message_search_words USING fts5(
        words, content='message_search', content_rowid='number', columnsize=0, tokenize='ascii'
    )
    """,
    """
    CREATE TRIGGER message_search_inserted AFTER INSERT ON message_search BEGIN
        INSERT INTO message_search_words (rowid, words) VALUES (new.number, new.words);
    END
    """,
    """
    CREATE TRIGGER message_search_deleted AFTER DELETE ON message_search BEGIN
        INSERT INTO message_search_words (message_search_words, rowid, words)
        VALUES ('delete', old.number, old.words);
    END
    """,
    """
    CREATE TRIGGER message_search_updated AFTER UPDATE ON message_search BEGIN
        INSERT INTO message_search_words (message_search_words, rowid, words)
        VALUES ('delete', old.number, old.words);
        INSERT INTO message_search_words (rowid, words) VALUES (new.number, new.words);
    END
    """,
)
POSTGRESQL = (
    """
    CREATE TABLE message_search (
        account_id VARCHAR(40) NOT NULL,
        message_id VARCHAR(40) NOT NULL,
        words TSVECTOR NOT NULL,
        CONSTRAINT pk_message_search PRIMARY KEY (account_id, message_id),
        CONSTRAINT fk_message_search_messages FOREIGN KEY (account_id, message_id)
            REFERENCES messages (account_id, id) ON DELETE CASCADE
    )
    """,
    # What is not sorted in yet is read through by every search: at most half a megabyte of it.
    """
    CREATE INDEX ix_message_search_words ON message_search USING gin (words)
        WITH (gin_pending_list_limit = 512)
    """,
)
INSERT_SQLITE = """
    INSERT INTO message_search (account_id, message_id, words)
    VALUES (:account_id, :message_id, :words)
"""
INSERT_POSTGRESQL = """
    INSERT INTO message_search (account_id, message_id, words)
    VALUES (:account_id, :message_id, CAST(CAST(:words AS TEXT) AS TSVECTOR))
"""

messages = sa.table(
    "messages",
    *(sa.column(name) for name in ("account_id", "id", "kind", "subject", "in_reply_to")),
    *(sa.column(name) for name in ("author_name", "author_address", "reply_text", "quoted_text")),
    *(sa.column(name, Json) for name in ("to", "cc", "attachments")),
)
accounts = sa.table("accounts", sa.column("id"))


def upgrade() -> None:
    connection = op.get_bind()
    embedded = connection.dialect.name == "sqlite"
    for statement in SQLITE if embedded else POSTGRESQL:
        op.execute(statement)
    insert = sa.text(INSERT_SQLITE if embedded else INSERT_POSTGRESQL)
    write = words.as_words if embedded else words.as_tsvector
    for (account_id,) in connection.execute(sa.select(accounts.c.id)).all():
        for piece in _pieces(connection, account_id):
            rows = [
                {
                    "account_id": account_id,
                    "message_id": one.id,
                    "words": write(account_id, words.indexed(_fields(one))),
                }
                for one in piece
                if one.kind != "event"
            ]
            if rows:
                connection.execute(insert, rows)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE message_search_words")
    op.execute("DROP TABLE message_search")


def _pieces(connection: sa.Connection, account_id: str) -> Iterator[Any]:
    after = ""
    while True:
        found = connection.execute(
            sa.select(messages)
            .where(messages.c.account_id == account_id, messages.c.id > after)
            .order_by(messages.c.id)
            .limit(PIECE)
        ).all()
        if not found:
            return
        yield found
        after = found[-1].id


def _fields(message: Any) -> list[str]:
    return [
        message.subject,
        message.author_name,
        message.author_address,
        *(text for one in [*message.to, *message.cc] for text in (one["name"], one["address"])),
        *(file["filename"] or "" for file in message.attachments),
        message.reply_text,
        "" if message.in_reply_to else message.quoted_text,
    ]
