"""
Raw mail: the octets of mails, received and sent, exactly as they were on the wire.

Also how they are forgotten, and what is left to know them by. Deliberately not here: what they
mean, and for how long they are kept.
"""

from app.domain.raw_mail.doomed import (
    among_doomed,
    blob_of,
    doom,
    doom_orphans,
    forget,
    forget_deleted,
    list_doomed,
    note_deleted,
    orphans_among,
)
from app.domain.raw_mail.erased import Traces, among_erased, remember_erased
from app.domain.raw_mail.models import DoomedBlob, ErasedMail, RawMail
from app.domain.raw_mail.service import IN_ROW, keep, keep_rows, put_ahead, raw_of

__all__ = [
    "IN_ROW",
    "DoomedBlob",
    "ErasedMail",
    "RawMail",
    "Traces",
    "among_doomed",
    "among_erased",
    "blob_of",
    "doom",
    "doom_orphans",
    "forget",
    "forget_deleted",
    "keep",
    "keep_rows",
    "list_doomed",
    "note_deleted",
    "orphans_among",
    "put_ahead",
    "raw_of",
    "remember_erased",
]
