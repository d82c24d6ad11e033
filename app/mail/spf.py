"""
SPF: may this host send for that domain (RFC 7208)? Without the network.

A check is resumable: it names the questions to the DNS that it needs next and is given the answers,
until it has a result. Deliberately not here: records as text (`spf_records`); asking; `ptr`, which
counts as a look-up and never matches (RFC 7208 5.5 asks everybody not to use it).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from app.mail.alignment import ascii_domain
from app.mail.public_names import may_exist
from app.mail.spf_records import (
    Address,
    Broken,
    Mechanism,
    Names,
    Record,
    expand,
    read,
    records_among,
)

NONE, NEUTRAL, PASS, FAIL, SOFTFAIL = "none", "neutral", "pass", "fail", "softfail"
TEMPERROR, PERMERROR = "temperror", "permerror"

MOST_LOOKUPS = 10  # RFC 7208 4.6.4
MOST_VOID = 2
MOST_HOSTS = 10  # of one mx

Kind = Literal["TXT", "A", "AAAA", "MX"]
Question = tuple[str, Kind]
# What the DNS says: None where there is nothing, "error" where nobody could say.
Answer = Sequence[str] | str | None
Answers = Mapping[Question, Answer]

_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,126}")
_ASKABLE = re.compile(r"[!-\-/-\[\]-~]{1,63}(?:\.[!-\-/-\[\]-~]{1,63}){1,126}")  # macros make more
_LONGEST_LOCAL_PART = 256

# Nobody's address in the world: such a host stands with us, mostly as our own balancer.
_PRIVATE = tuple(
    ipaddress.ip_network(one)
    for one in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("100.64.0.0/10", "0.0.0.0/8", "::1/128", "::/128", "fc00::/7", "fe80::/10"),
    )
)

_Steps = Generator[tuple[Question, ...], Answers, str]


class _Ended(Exception):
    """The check ends here, however deep it is."""


class Check:
    """
    One check_host(). While there are `questions`, `answer` them; then `result` counts.

    `domain` is whose word it is, as A-labels: of MAIL FROM, or HELO for the null path (2.4).
    """

    def __init__(self, remote_address: str, reverse_path: str, helo: str) -> None:
        local_part, _, domain = reverse_path.rpartition("@")
        self.domain = ascii_domain(domain if reverse_path else helo)
        self.result = NONE
        self.questions: tuple[Question, ...] = ()
        self._lookups = 0
        self._voids = 0
        address = _public(remote_address)
        if address is None or not _DOMAIN.fullmatch(self.domain) or not may_exist(self.domain):
            return
        local_part = local_part[:_LONGEST_LOCAL_PART] or "postmaster"
        self._address = address
        self._names = Names(address, local_part, self.domain, ascii_domain(helo) or "unknown")
        self._steps = self._whole()
        self._advance(None)

    def answer(self, answers: Answers) -> None:
        """The answers to all `questions`; what is missing counts as "nobody could say"."""
        if self.questions:
            self._advance(answers)

    def give_up(self) -> None:
        """There is no time left: nobody could say."""
        if self.questions:
            self.questions, self.result = (), TEMPERROR
            self._steps.close()

    def _advance(self, answers: Answers | None) -> None:
        try:
            self.questions = next(self._steps) if answers is None else self._steps.send(answers)
        except StopIteration as end:
            self.questions, self.result = (), end.value

    def _whole(self) -> _Steps:
        try:
            return (yield from self._check(self.domain))
        except _Ended as end:
            return str(end)
        except Broken:
            return PERMERROR

    def _check(self, domain: str) -> _Steps:
        """The result at `domain`; the counters are those of the whole check."""
        texts = yield from self._ask((domain, "TXT"))
        found = records_among(texts or ())
        if len(found) != 1:
            return PERMERROR if found else NONE
        record = read(found[0])
        for mechanism in record.mechanisms:
            if (yield from self._matches(mechanism, domain)):
                return mechanism.result
        return (yield from self._redirected(record, domain)) if record.redirect else NEUTRAL

    def _redirected(self, record: Record, domain: str) -> _Steps:
        self._count()
        result = yield from self._check(expand(record.redirect, domain, self._names))
        return PERMERROR if result == NONE else result

    def _matches(
        self, one: Mechanism, domain: str
    ) -> Generator[tuple[Question, ...], Answers, bool]:
        if one.network is not None:
            return self._address.version == one.network.version and self._address in one.network
        if one.name == "all":
            return True
        self._count()
        if one.name == "ptr":
            return False
        name = expand(one.domain, domain, self._names) if one.domain else domain
        if one.name == "include":
            return (yield from self._includes(name))
        if one.name == "exists":
            found = yield from self._ask((name, "A"))
            return not self._is_void(found)
        if one.name == "a":
            found = yield from self._ask((name, self._kind))
            return not self._is_void(found) and self._among(found, one)
        return (yield from self._is_mail_host(name, one))

    def _includes(self, name: str) -> Generator[tuple[Question, ...], Answers, bool]:
        result = yield from self._check(name)
        if result in (TEMPERROR, PERMERROR, NONE):  # RFC 7208 5.2
            raise _Ended(TEMPERROR if result == TEMPERROR else PERMERROR)
        return result == PASS

    def _is_mail_host(
        self, name: str, one: Mechanism
    ) -> Generator[tuple[Question, ...], Answers, bool]:
        hosts = yield from self._ask((name, "MX"))
        if self._is_void(hosts) or not hosts:
            return False
        if len(hosts) > MOST_HOSTS:
            raise _Ended(PERMERROR)
        questions = [(host, self._kind) for host in hosts if _is_name(host)]
        answers = (yield tuple(questions)) if questions else {}
        found = [_records(answers, question) for question in questions]
        if any(self._among(some, one) for some in found if some is not _UNKNOWN):
            return True
        if any(some is _UNKNOWN for some in found):
            raise _Ended(TEMPERROR)
        return False

    def _ask(
        self, question: Question
    ) -> Generator[tuple[Question, ...], Answers, Sequence[str] | None]:
        if not _is_name(question[0]):
            return None
        found = _records((yield (question,)), question)
        if found is _UNKNOWN:
            raise _Ended(TEMPERROR)
        return found

    @property
    def _kind(self) -> Kind:
        return "AAAA" if self._address.version == 6 else "A"

    def _among(self, found: Sequence[str] | None, one: Mechanism) -> bool:
        bits = self._address.max_prefixlen
        beyond = bits - one.prefixes[0 if bits == 32 else 1]
        ours = int(self._address) >> beyond
        hosts = (_address(text) for text in found or ())
        return any(
            host is not None and host.max_prefixlen == bits and int(host) >> beyond == ours
            for host in hosts
        )

    def _count(self) -> None:
        self._lookups += 1
        if self._lookups > MOST_LOOKUPS:
            raise _Ended(PERMERROR)

    def _is_void(self, found: Sequence[str] | None) -> bool:
        if not found:
            self._voids += 1
            if self._voids > MOST_VOID:
                raise _Ended(PERMERROR)
        return not found


_UNKNOWN: Sequence[str] = ()


def _records(answers: Answers, question: Question) -> Sequence[str] | None:
    """The records, None where there are none, _UNKNOWN where nobody could say."""
    found = answers.get(question, "error")
    if isinstance(found, str):
        return _UNKNOWN
    return found or None


def _is_name(name: str) -> bool:
    """May it be asked? What cannot stand in the DNS is known not to be there."""
    return bool(_ASKABLE.fullmatch(name)) and may_exist(name)


@lru_cache(maxsize=4096)
def _public(text: str) -> Address | None:
    """The address of a host that may stand anywhere; None for none, and for a private one."""
    address = _address(text)
    if address is None or any(address in one for one in _PRIVATE):
        return None
    return address


def _address(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
