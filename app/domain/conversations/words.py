"""`app.words` by the name that the migration of the search index knows it by."""

from app.words import as_tsvector, as_words, indexed

__all__ = ["as_tsvector", "as_words", "indexed"]
