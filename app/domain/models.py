"""Every table of the house, so that the metadata is complete when this module is imported."""

from app.domain.accounts import models as accounts
from app.domain.audit import models as audit
from app.domain.channels import models as channels
from app.domain.contacts import models as contacts
from app.domain.conversations import models as conversations
from app.domain.erasure import models as erasure
from app.domain.events import models as events
from app.domain.inbound import models as inbound
from app.domain.outbox import models as outbox
from app.domain.raw_mail import models as raw_mail
from app.domain.routing import models as routing
from app.domain.sender_identity import models as sender_identity
from app.domain.tickets import models as tickets
from app.domain.webhooks import models as webhooks

__all__ = [
    "accounts",
    "audit",
    "channels",
    "contacts",
    "conversations",
    "erasure",
    "events",
    "inbound",
    "outbox",
    "raw_mail",
    "routing",
    "sender_identity",
    "tickets",
    "webhooks",
]
