"""
Inbound mail: kept first, then understood; and the ledger of every delivery.

`receive` takes a list of mails that arrived together and works set-wise. Deliberately not here:
SMTP. The same verbs would serve an upload.
"""

from app.domain.inbound.erasing import (
    deliveries_from,
    deliveries_of,
    empty_ledger,
    forget_older,
    listed_among,
    release_octets,
    unlist_addresses,
    unread,
    with_octets,
)
from app.domain.inbound.ledger import (
    OUTCOMES,
    LedgerFilter,
    Refused,
    get_received,
    list_everywhere,
    list_received,
    note_refusals,
)
from app.domain.inbound.lists import (
    NewListedSender,
    get_listed,
    list_listed,
    list_sender,
    unlist,
)
from app.domain.inbound.marks import accepting
from app.domain.inbound.models import ListedSender, ReceivedMail
from app.domain.inbound.purging import SPAM_DAYS, accounts_with_spam, forget_unneeded, purge
from app.domain.inbound.receiving import Arrival, read_safely, receive
from app.domain.inbound.replaying import Replayed, release, replay, replay_anywhere

__all__ = [
    "OUTCOMES",
    "SPAM_DAYS",
    "Arrival",
    "LedgerFilter",
    "ListedSender",
    "NewListedSender",
    "ReceivedMail",
    "Refused",
    "Replayed",
    "accepting",
    "accounts_with_spam",
    "deliveries_from",
    "deliveries_of",
    "empty_ledger",
    "forget_older",
    "forget_unneeded",
    "get_listed",
    "get_received",
    "list_everywhere",
    "list_listed",
    "list_received",
    "list_sender",
    "listed_among",
    "note_refusals",
    "purge",
    "read_safely",
    "receive",
    "release",
    "release_octets",
    "replay",
    "replay_anywhere",
    "unlist",
    "unlist_addresses",
    "unread",
    "with_octets",
]
