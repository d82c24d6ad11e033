"""
Conversations: what a contact and the team write to each other, and how mails find their place.

Deliberately not here: who wrote a mail (`inbound`, `mail.attribution`).
"""

from app.domain.conversations.ahead import Ahead, write_ahead
from app.domain.conversations.assigning import simulate as simulate_routing
from app.domain.conversations.authors import show_forwarded
from app.domain.conversations.correcting import (
    admit,
    move_to_contact,
    reattribute,
)
from app.domain.conversations.draining import Place, accounts_waiting, drain, drain_from
from app.domain.conversations.erasing import (
    conversations_of,
    detach,
    empty_messages,
    existing,
    forget_person,
    is_between,
    merge_index,
    messages_among,
    messages_by,
    messages_naming,
    remove_messages,
    reports,
    tidy_up,
    without_octets,
)
from app.domain.conversations.incoming import Author, Forwarded, Incoming, TakenIn
from app.domain.conversations.indexing import reindex_behind
from app.domain.conversations.messages import get_message, list_messages, places_of
from app.domain.conversations.models import Conversation, Message, ThreadId
from app.domain.conversations.purging import (
    Removed,
    accounts_with_closed,
    accounts_with_spam,
    purge_closed,
    purge_spam,
    remove,
)
from app.domain.conversations.rearranging import merge, split
from app.domain.conversations.recipients import Wanted
from app.domain.conversations.replying import Draft, Plan
from app.domain.conversations.sending import Preflight, preflight, reply
from app.domain.conversations.service import (
    ConversationChange,
    Filter,
    change,
    comment,
    get,
    list_conversations,
    note,
    release,
)
from app.domain.conversations.starting import start, write_first_ahead
from app.domain.conversations.stored import attachments as stored_attachments
from app.domain.conversations.stored import people as stored_people
from app.domain.conversations.taking_in import take_in
from app.domain.conversations.uploading import (
    Attached,
    NewUpload,
    Upload,
    blob_key,
    forget_old_uploads,
    forgetting,
    keep_upload,
    room_for_files,
    upload_of,
    uploads_among,
)
from app.domain.conversations.working_tickets import change_tickets, create_ticket

__all__ = [
    "Ahead",
    "Attached",
    "Author",
    "Conversation",
    "ConversationChange",
    "Draft",
    "Filter",
    "Forwarded",
    "Incoming",
    "Message",
    "NewUpload",
    "Place",
    "Plan",
    "Preflight",
    "Removed",
    "TakenIn",
    "ThreadId",
    "Upload",
    "Wanted",
    "accounts_waiting",
    "accounts_with_closed",
    "accounts_with_spam",
    "admit",
    "blob_key",
    "change",
    "change_tickets",
    "comment",
    "conversations_of",
    "create_ticket",
    "detach",
    "drain",
    "drain_from",
    "empty_messages",
    "existing",
    "forget_old_uploads",
    "forget_person",
    "forgetting",
    "get",
    "get_message",
    "is_between",
    "keep_upload",
    "list_conversations",
    "list_messages",
    "merge",
    "merge_index",
    "messages_among",
    "messages_by",
    "messages_naming",
    "move_to_contact",
    "note",
    "places_of",
    "preflight",
    "purge_closed",
    "purge_spam",
    "reattribute",
    "reindex_behind",
    "release",
    "remove",
    "remove_messages",
    "reply",
    "reports",
    "room_for_files",
    "show_forwarded",
    "simulate_routing",
    "split",
    "start",
    "stored_attachments",
    "stored_people",
    "take_in",
    "tidy_up",
    "upload_of",
    "uploads_among",
    "without_octets",
    "write_ahead",
    "write_first_ahead",
]
