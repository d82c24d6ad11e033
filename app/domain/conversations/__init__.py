"""
Conversations: what a contact and the team write to each other, and how mails find their place.

Deliberately not here: who wrote a mail (`inbound`, `mail.attribution`).
"""

from app.domain.conversations.assigning import simulate as simulate_routing
from app.domain.conversations.authors import show_forwarded
from app.domain.conversations.correcting import (
    admit,
    move_to_contact,
    reattribute,
)
from app.domain.conversations.draining import Place, accounts_waiting, drain, drain_from
from app.domain.conversations.incoming import Author, Forwarded, Incoming, TakenIn
from app.domain.conversations.messages import get_message, list_messages, places_of
from app.domain.conversations.models import Conversation, Message, ThreadId
from app.domain.conversations.rearranging import merge, split
from app.domain.conversations.service import (
    ConversationChange,
    Filter,
    change,
    comment,
    get,
    list_conversations,
    release,
)
from app.domain.conversations.taking_in import take_in

__all__ = [
    "Author",
    "Conversation",
    "ConversationChange",
    "Filter",
    "Forwarded",
    "Incoming",
    "Message",
    "TakenIn",
    "Place",
    "ThreadId",
    "accounts_waiting",
    "drain",
    "drain_from",
    "simulate_routing",
    "admit",
    "change",
    "comment",
    "get",
    "get_message",
    "list_conversations",
    "list_messages",
    "merge",
    "move_to_contact",
    "places_of",
    "reattribute",
    "release",
    "show_forwarded",
    "split",
    "take_in",
]
