"""
The outbox: what is to leave this machine, written in the transaction that decided it.

Deliberately not here: what is sent and how. Rows are kind and payload; the worker does the rest.
"""

from app.domain.outbox.models import OutboxItem

__all__ = ["OutboxItem"]
