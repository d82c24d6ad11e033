"""The mails that lie in the outbox, parsed: what has been written and is to leave."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select

from app.domain import raw_mail
from app.domain.outbox import OutboxItem
from app.mail.message import Mail
from app.mail.parse import parse
from tests.conftest import Service


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail for one recipient."""

    item: OutboxItem
    raw: bytes
    mail: Mail

    @property
    def text(self) -> str:
        """Its words."""
        return self.mail.text


async def mails(service: Service, kind: str | None = None) -> list[Sent]:
    """Those in the outbox, in the order they were put there; of one kind only, if given."""
    found = []
    async with service.database.reading() as db:
        statement = select(OutboxItem).order_by(OutboxItem.id)
        for item in (await db.execute(statement)).scalars():
            if kind in (None, item.kind):
                raw = await raw_mail.raw_of(
                    db, service.house.store, item.account_id, item.raw_digest
                )
                found.append(Sent(item, raw, parse(raw)))
    return found


async def mail_to(service: Service, address: str, kind: str | None = None) -> Sent:
    """The latest mail for this recipient."""
    return [one for one in await mails(service, kind) if one.item.recipient == address][-1]


def code_in(sent: Sent) -> str:
    """The code in a verification mail."""
    found = re.search(r"^\s+(\d{8})$", sent.text, re.MULTILINE)
    assert found, sent.text
    return found[1]
