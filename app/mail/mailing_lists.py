"""
Which mailing list put its fields on a mail, and whether it is the channel's own group (F2).

A group in front of a channel writes List-Id, Precedence and more on every person's mail; those
say nothing about the author. What another list, or a sender of newsletters, wrote still counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.mail.message import Headers

# Fields that name the list itself (RFC 2919, RFC 2369 and the older list managers).
IDENTITY_FIELDS = (
    "list-id",
    "list-post",
    "x-beenthere",
    "mailing-list",
    "x-mailing-list",
    "x-list",
)
# Fields that only show where the list can be reached (RFC 2369, RFC 8058).
SERVICE_FIELDS = (
    "list-unsubscribe",
    "list-unsubscribe-post",
    "x-google-group-id",
    "x-mailman-version",
)
# … and those of them that programs of people and companies write, too: one alone shows no list.
COURTESY_FIELDS = ("list-subscribe", "list-help", "list-owner", "list-archive")
LIST_FIELDS = frozenset((*IDENTITY_FIELDS, *SERVICE_FIELDS, *COURTESY_FIELDS))

_LONGEST = 2_000
_NAME = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,100}@[\w.-]{1,200}")
_LIST_ID = re.compile(r"<([^<>\s]{1,300})>")
_HOST = re.compile(r"(?:@|://)([\w.-]{1,200})")
_GROUP_HOSTS = frozenset({"googlegroups.com", "groups.google.com", "support.google.com"})


@dataclass(frozen=True, slots=True)
class ListSigns:
    """What the list fields of a mail show, as sentences; each `""` when there is nothing."""

    own: str  # the channel's own group handled the mail
    foreign: str  # another list, or a bulk sender, did


def read_lists(headers: Headers, present: frozenset[str], own_lists: frozenset[str]) -> ListSigns:
    """The signs in the list fields, of which those in `present` are there."""
    own = foreign = ""
    for field in IDENTITY_FIELDS:
        if field not in present:
            continue
        for value in headers.values(field)[:20]:
            if _is_own(field, value[:_LONGEST], own_lists):
                own = own or f"{_title(field)} names the channel's own group."
            else:
                foreign = foreign or f"{_title(field)} names a mailing list (RFC 2919, RFC 2369)."
    if not foreign:
        foreign = _foreign_service(headers, present, own_lists if own else None)
    return ListSigns(own, foreign)


def lists_among(headers: Headers, addresses: frozenset[str]) -> frozenset[str]:
    """Those of these addresses, lower case, that the mail itself names as the list it went by."""
    named = [
        (field, value[:_LONGEST])
        for field in IDENTITY_FIELDS
        for value in headers.values(field)[:20]
        if field != "list-post" or "@" in value  # "NO" names no list (RFC 2369, 3.4)
    ]
    return frozenset(
        one
        for one in addresses
        if any(_is_own(field, value, frozenset({one})) for field, value in named)
    )


def _is_own(field: str, value: str, own_lists: frozenset[str]) -> bool:
    lowered = value.lower()
    if found := _NAME.search(lowered):
        if any(_same(found[0], own) for own in own_lists):
            return True
    elif field == "list-post" and lowered.strip().startswith("no"):
        return bool(own_lists)  # RFC 2369, 3.4: nobody may post; names no list
    bracketed = _LIST_ID.search(lowered)
    name = bracketed[1] if bracketed else lowered.strip()
    return field in {"list-id", "x-list"} and any(_same_id(name, own) for own in own_lists)


def _same(address: str, own: str) -> bool:
    local, _, domain = address.partition("@")
    own_local, _, own_domain = own.partition("@")
    return local == own_local and _within(domain, own_domain)


def _same_id(name: str, own: str) -> bool:
    """`support.acme.example` or `support.lists.acme.example` for support@acme.example."""
    local, _, domain = own.partition("@")
    return bool(domain) and name.startswith(f"{local}.") and _within(name[len(local) + 1 :], domain)


def _within(domain: str, own: str) -> bool:
    return bool(own) and (domain == own or domain.endswith(f".{own}"))


def _foreign_service(
    headers: Headers, present: frozenset[str], own_lists: frozenset[str] | None
) -> str:
    """The first service field that is not the own group's; `own_lists` is None without such."""
    polite = [field for field in COURTESY_FIELDS if field in present]
    for field in (*SERVICE_FIELDS, *(polite if len(polite) > 1 else ())):
        if field not in present:
            continue
        if own_lists is None:
            return f"{_title(field)} is there (RFC 2369)."
        domains = {own.partition("@")[2] for own in own_lists}
        for value in headers.values(field)[:20]:
            hosts = _HOST.findall(value[:_LONGEST].lower())
            if hosts and not any(_known(host, domains) for host in hosts):
                return f"{_title(field)} leads to a bulk sender, not to the channel's own group."
    return ""


def _known(host: str, domains: set[str]) -> bool:
    return host in _GROUP_HOSTS or any(_within(host, own) or _within(own, host) for own in domains)


def _title(field: str) -> str:
    return "-".join(word.capitalize() for word in field.split("-"))
