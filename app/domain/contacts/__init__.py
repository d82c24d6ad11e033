"""
Contacts: the people outside who write to an account, each with all of their addresses (E9).

Deliberately not here: what they wrote, and who is found to have written it.
"""

from app.domain.contacts.arriving import (
    ContactRef,
    Wanted,
    create_placeholders,
    find_or_create,
)
from app.domain.contacts.models import Contact, ContactAddress
from app.domain.contacts.owners import contact_at, owners_of
from app.domain.contacts.service import (
    ContactDetails,
    ContactFields,
    ContactFilter,
    addresses_of,
    create_contact,
    erase,
    find_many,
    get_contact,
    is_placeholder,
    list_contacts,
    merge,
    release_owner,
    track,
    update_contact,
)

__all__ = [
    "Contact",
    "ContactAddress",
    "ContactDetails",
    "ContactFields",
    "ContactFilter",
    "ContactRef",
    "Wanted",
    "addresses_of",
    "contact_at",
    "create_contact",
    "create_placeholders",
    "erase",
    "find_many",
    "find_or_create",
    "get_contact",
    "is_placeholder",
    "list_contacts",
    "merge",
    "owners_of",
    "release_owner",
    "track",
    "update_contact",
]
