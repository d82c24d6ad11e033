"""
The allow and deny lists of senders, and what they and DMARC hold back: the quarantine (F5).

The most specific entry wins, an address before its domain and that before the domain it is part
of; where two are as specific, the one that allows. Deliberately not here: what becomes of a mail
that is held back (`receiving`, `replaying`), and a person's mark (the conversations room).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import ids
from app.db import Page, PageRequest, chunks, padded, page_of
from app.domain import accounts, events
from app.domain.events import NewEvent
from app.domain.inbound.models import ListedSender
from app.domain.inbound.understanding import CONTRADICTED, Understood
from app.errors import Conflict, NotFound, invalid_field
from app.mail.addresses import canonical, is_addr_spec
from app.mail.authentication import REJECT

ALLOW, DENY = "allow", "deny"
DENIED = "{} is on the deny list."
REJECTED = (
    "{} asks to reject mail that it has not sent (DMARC p=reject), and nothing proves that it "
    "has sent this one."
)
_MOST_LABELS = 10
_LONGEST = 320
_ADDRESS = 1000  # is more specific than a domain of so many labels

_LISTED: Table = ListedSender.__table__  # type: ignore[assignment]
# Two IN lists instead of row values, which SQLite answers by a scan.
_FIND = select(_LISTED.c.account_id, _LISTED.c.subject, _LISTED.c.kind).where(
    _LISTED.c.account_id.in_(bindparam("accounts")), _LISTED.c.subject.in_(bindparam("subjects"))
)


@dataclass(frozen=True, slots=True)
class NewListedSender:
    """Whom to allow or deny: an address or a domain, as somebody gave it."""

    kind: str
    address: str | None = None
    domain: str | None = None


async def list_sender(
    db: AsyncSession, account_id: str, new: NewListedSender, now: datetime
) -> ListedSender:
    """
    The sender is on the list, for mail that comes from now on.

    Raises Invalid for what is no address or domain; Conflict when it stands there already.
    """
    subject = _subject(new)
    known = await db.execute(
        select(ListedSender.id).where(
            ListedSender.account_id == account_id,
            ListedSender.subject == subject,
            ListedSender.kind == new.kind,
        )
    )
    if known.first() is not None:
        raise Conflict(f"{subject} is on this list already.", "sender_lists.already_listed")
    made = ListedSender(
        account_id=account_id,
        id=ids.new("lst"),
        kind=new.kind,
        subject=subject,
        created_at=now,
    )
    db.add(made)
    await db.flush()
    await events.record(db, [_event(made, "sender_list.added")], now)
    return made


async def get_listed(db: AsyncSession, account_id: str, listed_id: str) -> ListedSender:
    """The entry. Raises NotFound."""
    found = await db.get(ListedSender, (account_id, listed_id))
    if found is None:
        raise NotFound("There is no such entry.", "sender_lists.not_found")
    return found


async def list_listed(
    db: AsyncSession, account_id: str, kind: str | None, request: PageRequest
) -> Page[ListedSender]:
    """The entries of both lists or of one, oldest first."""
    statement = select(ListedSender).where(ListedSender.account_id == account_id)
    if kind is not None:
        statement = statement.where(ListedSender.kind == kind)
    return await page_of(db, statement, [ListedSender.id], request)


async def unlist(db: AsyncSession, account_id: str, listed_id: str, now: datetime) -> None:
    """The entry is gone; what it held back stays in quarantine. Raises NotFound."""
    found = await get_listed(db, account_id, listed_id)
    await db.delete(found)
    await db.flush()
    await events.record(db, [_event(found, "sender_list.removed")], now)


async def hold_back(db: AsyncSession, parcels: Sequence[Understood]) -> None:
    """Note in those of the understood mails that go to quarantine why; one look-up for all."""
    subjects = [tuple(_subjects_of(one)) for one in parcels]
    wanted = sorted({subject for found in subjects for subject in found})
    owners = padded(sorted({parcel.facts.account_id for parcel in parcels}))
    listed: dict[tuple[str, str], set[str]] = {}
    for some in chunks(wanted):
        rows = await db.execute(_FIND, {"accounts": owners, "subjects": some})
        for account_id, subject, kind in rows:
            listed.setdefault((account_id, subject), set()).add(kind)
    for parcel, own in zip(parcels, subjects, strict=True):
        account_id = parcel.facts.account_id
        parcel.held = _verdict(parcel, [(one, listed.get((account_id, one), ())) for one in own])


def _verdict(parcel: Understood, found: Sequence[tuple[str, Collection[str]]]) -> str:
    """Why the mail is held back; "" when it is not."""
    if parcel.reading.report is not None and parcel.marks.returned is not None:
        return ""  # what became of our own mail, signed by us
    hits = [(_weight(subject), ALLOW in kinds, subject) for subject, kinds in found if kinds]
    _, allowed, subject = max(hits, default=(0, False, ""))
    if subject:
        return "" if allowed else DENIED.format(subject)
    proof, decision = parcel.authentication, parcel.decision
    if decision is None or proof is None or decision.trust != CONTRADICTED:
        return ""
    domain = canonical(parcel.reading.mail.sender.address).rpartition("@")[2]
    return REJECTED.format(domain) if proof.policy == REJECT else ""


def _subjects_of(parcel: Understood) -> Iterator[str]:
    """Under what the author and From may be listed: each address, its domain, and those above."""
    author = parcel.decision.author.address if parcel.decision else ""
    for address in {canonical(author), canonical(parcel.reading.mail.sender.address)}:
        domain = address.rpartition("@")[2]
        if "@" not in address or len(address) > _LONGEST:
            continue
        yield address
        labels = domain.split(".")
        yield domain
        for count in range(1, min(len(labels), _MOST_LABELS)):
            yield ".".join(labels[-count:])


def _weight(subject: str) -> int:
    return _ADDRESS if "@" in subject else subject.count(".") + 1


def _subject(new: NewListedSender) -> str:
    """The canonical address or domain. Raises Invalid."""
    if (new.address is None) == (new.domain is None):
        raise invalid_field(
            "/address", "Give either an address or a domain.", "sender_lists.address_or_domain"
        )
    if new.address is not None:
        return canonical(
            accounts.mailbox(new.address, "/address", "sender_lists.bad_address").address
        )
    domain = canonical(f"x@{(new.domain or '').strip()}").partition("@")[2]
    if len(domain) > 253 or domain.startswith("[") or not is_addr_spec(f"x@{domain}"):
        detail = "This is not a domain such as acme.example."
        raise invalid_field("/domain", detail, "sender_lists.bad_domain")
    return domain


def _event(listed: ListedSender, kind: str) -> NewEvent:
    facts = {"id": listed.id, "kind": listed.kind, "subject": listed.subject}
    return NewEvent(listed.account_id, kind, facts)
