"""
The DNS records of a sending domain: what to publish, and what is wrong with what was found. Pure.

Judging asks `Said`, which notes what it was not told yet: whoever has the network asks that and
lets judge again. Deliberately not here: the network, and what follows from the states.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.sender_identity import spf
from app.mail import dmarc
from app.mail.alignment import organizational_domain
from app.mail.dkim_signatures import Unusable, read_tags
from app.resolver import UNKNOWN, Found, Kind, Question

DKIM, SPF, DMARC, RETURN_PATH = "dkim", "spf", "dmarc", "return_path"
PENDING, VALID, WRONG = "pending", "valid", "wrong"
UNSURE = "unsure"  # nobody could say: what was known before stays

OUR_LOOKUPS = 1  # that our own SPF record takes
_BLANKS = re.compile(r"\s+")
_LONGEST_FOUND = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish."""

    purpose: str
    type: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found for a record. `problem` is a stable code, `hint` says what to do."""

    state: str
    found: tuple[str, ...] = ()
    problem: str | None = None
    hint: str | None = None


@dataclass(slots=True)
class Said:
    """What the DNS has said so far; what was asked of it in vain is in `missing`."""

    answers: Mapping[Question, Found]
    missing: dict[Question, None] = field(default_factory=dict)

    def __call__(self, name: str, kind: Kind) -> Found:
        """What it says to this question."""
        found = self.answers.get((name, kind))
        if found is None:
            self.missing[(name, kind)] = None
        return found or UNKNOWN

    def texts(self, name: str) -> tuple[str, ...] | None:
        """The TXT records of a name; None when nobody could say."""
        found = self(name, "TXT")
        return found.values if found.is_known else None


def spf_host(root: str) -> str:
    """The name whose SPF record lists our senders. No subdomain of an account begins like it."""
    return f"_spf.{root}"


def return_target(root: str) -> str:
    """The host that return paths point to."""
    return f"bounces.{root}"


def selectors_of(token: str) -> tuple[str, str]:
    """The two selectors of a sending domain: one signs, the other is published for rotation."""
    return f"hi1-{token}", f"hi2-{token}"


def return_host(domain: str, token: str) -> str:
    """The host of the domain that bounces come back to."""
    return f"bounces-{token}.{domain}"


def wanted(domain: str, token: str, keys: Mapping[str, str], root: str) -> tuple[Record, ...]:
    """The records to publish; `keys` are the key records by selector."""
    return (
        *(Record(DKIM, "TXT", f"{one}._domainkey.{domain}", keys[one]) for one in sorted(keys)),
        Record(SPF, "TXT", domain, f"v=spf1 include:{spf_host(root)} ~all"),
        Record(DMARC, "TXT", f"_dmarc.{domain}", "v=DMARC1; p=none"),
        Record(RETURN_PATH, "CNAME", return_host(domain, token), return_target(root)),
    )


def judged(records: Sequence[Record], domain: str, said: Said) -> list[Verdict]:
    """What is to be said of each record, by what the DNS has said."""
    judges = {DKIM: _dkim, SPF: _spf, DMARC: _dmarc, RETURN_PATH: _return_path}
    return [judges[one.purpose](one, domain, said) for one in records]


# ------------------------------------------------------------------------------------ DKIM


def _dkim(record: Record, domain: str, said: Said) -> Verdict:
    found = said(record.name, "TXT")
    if not found.is_known:
        return Verdict(UNSURE)
    if found.values:
        return _key(record, found.values)
    alias = said(record.name, "CNAME")
    if alias.values:
        return _wrong(
            alias.values,
            "cname_instead_of_txt",
            f"{record.name} is a CNAME. It has to be a TXT record with the key itself.",
        )
    return _doubled(record, domain, said, "TXT") or Verdict(PENDING)


def _key(record: Record, values: tuple[str, ...]) -> Verdict:
    if len(values) > 1:
        return _wrong(
            values, "two_records", f"{record.name} has {len(values)} TXT records; leave one."
        )
    wanted_key, [value] = _public_key(record.value), values
    if _public_key(value) == wanted_key:
        return Verdict(VALID, _short(values))
    unquoted = _public_key(value.replace('"', "").replace("\\", ""))
    if unquoted == wanted_key:
        problem, hint = "quoted_key", "The value holds quotes or backslashes; enter it without."
    elif not unquoted:
        problem, hint = "no_key", "The value is not a key. Copy it as a whole."
    elif (wanted_key or "").startswith(unquoted):
        problem, hint = (
            "truncated_key",
            "The key was cut off. Where a provider takes 255 characters only, enter it in two "
            "strings of one record.",
        )
    else:
        problem, hint = "wrong_key", "This is another key. Copy the value that is shown here."
    return _wrong(values, problem, hint)


def _public_key(value: str) -> str | None:
    """The `p=` of a key record without blanks; None when it is no key record."""
    try:
        tags = read_tags(value[:4096])
    except Unusable:
        return None
    if tags.get("v", "DKIM1") != "DKIM1" or tags.get("k", "rsa").lower() != "rsa":
        return None
    return _BLANKS.sub("", tags.get("p", ""))


# ------------------------------------------------------------------------------------- SPF


def _spf(record: Record, domain: str, said: Said) -> Verdict:
    texts = said.texts(domain)
    if texts is None:
        return Verdict(UNSURE)
    found = spf.records_among(texts)
    if not found:
        return _doubled(record, domain, said, "TXT") or Verdict(PENDING)
    if len(found) > 1:
        return _wrong(
            found,
            "two_spf_records",
            "There are two SPF records, so that none of them counts. Make one of them, with all "
            "that both include.",
        )
    ours = record.value.split()[1].removeprefix("include:")
    read = spf.read(found[0], ours=ours, our_lookups=OUR_LOOKUPS, texts=said.texts)
    if read.lookups > spf.MOST_LOOKUPS:
        return _wrong(
            found,
            "spf_too_many_lookups",
            f"The record takes {read.lookups} DNS look-ups; receivers give up after "
            f"{spf.MOST_LOOKUPS}. Remove includes that are not needed any more.",
        )
    if not read.includes_us:
        return _wrong(
            found,
            "spf_not_included",
            f"Add include:{ours} to this record, before its all. Do not make a second record.",
        )
    return Verdict(VALID, _short(found))


# ----------------------------------------------------------------------------------- DMARC


def _dmarc(record: Record, domain: str, said: Said) -> Verdict:
    unsure = False
    for name in dmarc.names_for(domain):
        texts = said.texts(name)
        if texts is None:
            unsure = True
            continue
        found = tuple(one for one in texts if one.lstrip().lower().startswith("v=dmarc1"))
        if len(found) > 1:
            return _wrong(
                found, "two_dmarc_records", f"{name} has two policies, so that none counts."
            )
        if found:
            return _policy(name, found, inherited=name != record.name)
    if unsure:
        return Verdict(UNSURE)
    misplaced = _misplaced_policy(domain, said)
    return misplaced or _doubled(record, domain, said, "TXT") or Verdict(PENDING)


def _policy(name: str, found: tuple[str, ...], *, inherited: bool) -> Verdict:
    policy = dmarc.read_policy(list(found), inherited=inherited)
    tags = {} if policy is None else read_tags(found[0][:4096])
    if tags.get("p", "").lower() in dmarc.POLICIES:
        return Verdict(VALID, _short(found))
    return _wrong(
        found, "not_a_policy", f"{name} is no DMARC policy; the least is v=DMARC1; p=none"
    )


def _misplaced_policy(domain: str, said: Said) -> Verdict | None:
    at_domain = said.texts(domain) or ()
    found = tuple(one for one in at_domain if one.lower().startswith("v=dmarc1"))
    if not found:
        return None
    return _wrong(found, "dmarc_at_domain", f"The policy belongs to _dmarc.{domain}.")


# ----------------------------------------------------------------------------- return path


def _return_path(record: Record, domain: str, said: Said) -> Verdict:
    found = said(record.name, "CNAME")
    if not found.is_known:
        return Verdict(UNSURE)
    if record.value in found.values:
        return Verdict(VALID, found.values)
    if found.values:
        doubled = [f"{record.value}.{one}" for one in _zones(domain)]
        more = " The provider added its own domain: end the value with a dot."
        hint = f"The CNAME has to point to {record.value}."
        return _wrong(
            found.values, "wrong_target", hint + (more if found.values[0] in doubled else "")
        )
    if found.outcome == "no_records":
        return _other_types(record, said)
    return _doubled(record, domain, said, "CNAME") or Verdict(PENDING)


def _other_types(record: Record, said: Said) -> Verdict:
    """The name is there, but is no CNAME."""
    texts = said.texts(record.name)
    if texts:
        return _wrong(
            texts, "txt_instead_of_cname", f"{record.name} is a TXT record; it has to be a CNAME."
        )
    hosts = said(record.name, "A").values or said(record.name, "AAAA").values
    if hosts:
        return _wrong(
            hosts,
            "flattened_cname",
            f"{record.name} answers with addresses: it is proxied or flattened (at Cloudflare "
            "switch it to DNS only), or stands behind a wildcard. It has to be a CNAME.",
        )
    return Verdict(PENDING)


# ------------------------------------------------------------------------------ all of them


def _doubled(record: Record, domain: str, said: Said, kind: Kind) -> Verdict | None:
    """The record with the domain twice: the provider adds it by itself."""
    for zone in _zones(domain):
        name = f"{record.name}.{zone}"
        values = said(name, kind).values
        if any(_is_meant(record, value) for value in values):
            short = record.name.removesuffix(zone).rstrip(".") or "@"
            return _wrong(
                tuple(f"{name} {kind} {value}" for value in values),
                "doubled_domain",
                f"It stands at {name}: the provider adds the domain by itself. Enter the name as "
                f"{short}",
            )
    return None


def _is_meant(record: Record, value: str) -> bool:
    """Is it this record, at whatever name? (A wildcard may answer with something else.)"""
    if record.purpose == DKIM:
        return _public_key(value) == _public_key(record.value)
    if record.purpose == RETURN_PATH:
        return value == record.value
    return value.lower().startswith(record.value[:6].lower())


def _zones(domain: str) -> tuple[str, ...]:
    """The domains that a provider may add: this one, and the one that was registered."""
    return tuple(dict.fromkeys((domain, organizational_domain(domain))))


def _wrong(found: tuple[str, ...], problem: str, hint: str) -> Verdict:
    return Verdict(WRONG, _short(found), f"sender_identity.{problem}", _printable(hint))


def _short(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_printable(one[:_LONGEST_FOUND]) for one in found[:5])


def _printable(text: str) -> str:
    """Whoever has the domain writes its records: NULs, say, that no database keeps as text."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)
