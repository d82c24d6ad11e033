"""Which addresses are a contact's alone."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import accounts, channels, contacts
from app.mail.addresses import canonical


async def own_addresses(db: AsyncSession, contact: contacts.ContactDetails) -> set[str]:
    """
    The addresses of the contact as they were given, but for those of channels and of the team.

    A wrong attribution may have made such a one the contact's.
    """
    keys = {(contact.account_id, canonical(one)) for one in contact.addresses}
    ours = await channels.addresses_among(db, keys) | set(await accounts.teammates(db, keys))
    return {one for one in contact.addresses if (contact.account_id, canonical(one)) not in ours}
