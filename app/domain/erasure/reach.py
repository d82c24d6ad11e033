"""
Which tables erasure and export reach, and why the others need not be reached.

Every table stands here once; a test compares that with the tables there are.
"""

from __future__ import annotations

REACHED = {
    "contacts": "name, owner, tracking and token are emptied; the id stays",
    "contact_addresses": "removed",
    "conversations": "the contact's are removed; in others it takes part no more",
    "messages": "removed with their conversation; emptied where they stand in another's; "
    "the person is taken out of From, To, Cc, attribution and report of the rest",
    "message_search": "follows the messages; on SQLite its segments are merged",
    "thread_ids": "removed with their conversation; digests, no Message-ID can be read from them",
    "reopenings": "the contact's and its conversations' are removed",
    "routing_decisions": "removed with their conversation",
    "owner_notices": "removed with their conversation, the mail that was sent, too",
    "raw_mail": "removed",
    "received_mail": "emptied: that a mail came, when, and with what outcome",
    "outbox_items": "emptied: that a mail left, when, with what outcome; what waits is canceled",
    "suppressions": "removed",
    "sender_lists": "entries for the very address are removed",
    "tickets": "name, description, category and custom properties are emptied",
    "ticket_history": "the same in what was changed",
    "ticket_words": "follow the tickets",
    "events": "texts, names and addresses are overwritten; numbers stay without a gap",
    "webhook_deliveries": "what endpoints answered to such events is emptied",
    "audit_log": "entries about sender lists that name the address are overwritten",
}

UNTOUCHED = {
    "erased_mail": "written by erasing: keyed digests that know the mail if it comes again",
    "doomed_blobs": "written by erasing: what the blob store is about to be rid of",
    "erasures": "the receipt: ids and numbers; the addresses only while it runs",
    "purgings": "how far retention has come: ids",
    "accounts": "the company itself",
    "subdomains": "the company itself",
    "users": "the team, not its contacts",
    "user_addresses": "the team, not its contacts",
    "teams": "the team, not its contacts",
    "team_members": "the team, not its contacts",
    "api_keys": "secrets of the account, hashed",
    "channels": "settings; a provider's request for confirmation names the team",
    "hosted_addresses": "settings",
    "forwarding_tests": "addresses of the team and of the service",
    "sender_identities": "settings",
    "sender_addresses": "addresses of the team",
    "sent_codes": "addresses of the team",
    "sending_domains": "settings",
    "signing_keys": "settings",
    "routing_rules": "settings",
    "routing_turns": "of the team",
    "ticket_pipelines": "settings",
    "ticket_stages": "settings",
    "ticket_properties": "settings",
    "ticket_automations": "settings",
    "webhooks": "settings",
    "event_sequences": "a number",
    "uploads": "files of the team, which know no contact; gone after a day",
    "idempotency_answers": "encrypted, and gone after a day: until then a repeated POST needs them",
}
