"""
Sender identity: under which name and address the team of a channel writes.

Deliberately not here: composing and sending. The preview is the one place that makes a From field,
so that what is shown is what is sent.
"""

from app.domain.sender_identity.dispatching import (
    LOOP_MARK,
    Dispatched,
    Mailing,
    Post,
    dispatch,
    written,
)
from app.domain.sender_identity.in_force import (
    InForce,
    accounts_with_return_path,
    identity_in_force,
    signers_of,
)
from app.domain.sender_identity.keys import Signer, root_signers, signers_for
from app.domain.sender_identity.models import SenderIdentity, SigningKey
from app.domain.sender_identity.naming import AGENT_AND_COMPANY, COMPANY
from app.domain.sender_identity.service import (
    CUSTOM,
    DEFAULT,
    Identity,
    Preview,
    SenderWarning,
    for_channels,
    get,
    let_name_go,
    preview,
    remove,
    set_for,
)

__all__ = [
    "AGENT_AND_COMPANY",
    "COMPANY",
    "CUSTOM",
    "DEFAULT",
    "LOOP_MARK",
    "Dispatched",
    "Identity",
    "InForce",
    "Mailing",
    "Post",
    "Preview",
    "SenderIdentity",
    "SenderWarning",
    "Signer",
    "SigningKey",
    "accounts_with_return_path",
    "dispatch",
    "for_channels",
    "get",
    "identity_in_force",
    "let_name_go",
    "preview",
    "remove",
    "root_signers",
    "set_for",
    "signers_for",
    "signers_of",
    "written",
]
