"""
Sender identity: under which name and address the team of a channel writes, and what proves it.

The identity in force is the one place that From and Reply-To come from, so that what is shown is
what is sent. Deliberately not here: what mails say, and sending them.
"""

from app.domain.sender_identity import addresses, domains, records, rotation
from app.domain.sender_identity.checking import look, policy_of
from app.domain.sender_identity.dispatching import (
    LOOP_MARK,
    Dispatched,
    Mailing,
    Post,
    Written,
    dispatch,
    hosted_signers,
    hosted_signers_at_hand,
    put_ahead,
    write,
    written,
)
from app.domain.sender_identity.hosted import zone_of
from app.domain.sender_identity.in_force import (
    InForce,
    Preview,
    accounts_with_return_path,
    choices_of,
    identity_in_force,
    previewed,
    signers_of,
)
from app.domain.sender_identity.keys import Signer, root_signers, signers_for
from app.domain.sender_identity.models import (
    SenderAddress,
    SenderIdentity,
    SendingDomain,
    SigningKey,
)
from app.domain.sender_identity.naming import AGENT_AND_COMPANY, COMPANY
from app.domain.sender_identity.service import (
    Identity,
    for_channels,
    get,
    let_name_go,
    remove,
    set_for,
)
from app.domain.sender_identity.standing import (
    CUSTOM,
    DEFAULT,
    Choice,
    SenderWarning,
    settle,
)

__all__ = [
    "AGENT_AND_COMPANY",
    "COMPANY",
    "CUSTOM",
    "DEFAULT",
    "LOOP_MARK",
    "Choice",
    "Dispatched",
    "Identity",
    "InForce",
    "Mailing",
    "Post",
    "Preview",
    "SenderAddress",
    "SenderIdentity",
    "SenderWarning",
    "SendingDomain",
    "Signer",
    "SigningKey",
    "Written",
    "accounts_with_return_path",
    "addresses",
    "choices_of",
    "dispatch",
    "domains",
    "for_channels",
    "get",
    "hosted_signers",
    "hosted_signers_at_hand",
    "identity_in_force",
    "let_name_go",
    "look",
    "policy_of",
    "previewed",
    "put_ahead",
    "records",
    "remove",
    "root_signers",
    "rotation",
    "set_for",
    "settle",
    "signers_for",
    "signers_of",
    "write",
    "written",
    "zone_of",
]
