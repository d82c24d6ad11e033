"""
Accounts: tenants, their users, teams and API keys, and the lock that orders their changes.

Deliberately not here: what people are assigned to; the rooms above ask who is there.
"""

from app.domain.accounts.given import NAME_LIMIT, mailbox, visible_line
from app.domain.accounts.hosting import (
    PAID_PLANS,
    PLANS,
    HostedRoots,
    derive_subdomain,
    hosted_domain,
)
from app.domain.accounts.keys import (
    SCOPES,
    FoundKey,
    create_key,
    find_key,
    get_key,
    list_keys,
    note_key_uses,
    revoke_key,
    revoke_key_anywhere,
)
from app.domain.accounts.models import Account, ApiKey, Team, TeamMember, User, UserAddress
from app.domain.accounts.service import (
    AccountChange,
    create_account,
    get_account,
    list_accounts,
    lock,
    update_account,
)
from app.domain.accounts.standing import Standing, members_among, standing_of
from app.domain.accounts.teams import (
    check_teams,
    create_team,
    delete_team,
    get_team,
    list_teams,
    members_of,
    teams_of,
    update_team,
)
from app.domain.accounts.users import (
    Teammate,
    UserFields,
    check_users,
    create_user,
    delete_user,
    find_users,
    get_user,
    is_available,
    list_users,
    set_availability,
    teammates,
    update_user,
)
from app.domain.accounts.working_hours import check as check_working_hours

__all__ = [
    "NAME_LIMIT",
    "PAID_PLANS",
    "PLANS",
    "SCOPES",
    "Account",
    "AccountChange",
    "ApiKey",
    "FoundKey",
    "HostedRoots",
    "Standing",
    "Team",
    "TeamMember",
    "Teammate",
    "User",
    "UserAddress",
    "UserFields",
    "check_teams",
    "check_users",
    "check_working_hours",
    "create_account",
    "create_key",
    "create_team",
    "create_user",
    "delete_team",
    "delete_user",
    "derive_subdomain",
    "find_key",
    "find_users",
    "get_account",
    "get_key",
    "get_team",
    "get_user",
    "hosted_domain",
    "is_available",
    "list_accounts",
    "list_keys",
    "list_teams",
    "list_users",
    "lock",
    "mailbox",
    "members_among",
    "members_of",
    "note_key_uses",
    "revoke_key",
    "revoke_key_anywhere",
    "set_availability",
    "standing_of",
    "teammates",
    "teams_of",
    "update_account",
    "update_team",
    "update_user",
    "visible_line",
]
