"""
Raw mail: the octets of mails, received and sent, exactly as they were on the wire.

Deliberately not here: what they mean, and for how long they are kept.
"""

from app.domain.raw_mail.models import RawMail
from app.domain.raw_mail.service import IN_ROW, keep, keep_rows, raw_of

__all__ = ["IN_ROW", "RawMail", "keep", "keep_rows", "raw_of"]
