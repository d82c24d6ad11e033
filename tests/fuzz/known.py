"""
Ids that exist, so that made-up requests speak of something: seen in answers, put into requests.

A document can say that an id is a text, not which one; requests that keep to the document would
all but end with 404. Deliberately not here: requests that are wrong on purpose; they stay as they
are.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from app.api.document import IDS
from app.api.example_story import an_id

REAL = re.compile(r"[a-z]{3}_(?!0193a5c2f7b87c6e)[0-9a-f]{32}")  # not that of examples
OFTEN, SELDOM = 0.8, 0.1
KEPT_OF_A_KIND = 60
# Fields of bodies and queries, and what their ids begin with; lists of ids end in `s`.
FIELDS = {name: prefix for name, (_, prefix) in IDS.items()} | {
    "author_id": "usr",
    "expected_last_message_id": "msg",
    "member_id": "usr",
    "move_tickets_to": "stg",
    "upload_id": "upl",
}
LISTS = {f"{name}s": prefix for name, prefix in FIELDS.items()}
ADDRESS = ("email", "address", "team_address")
ADDRESSES = ("to", "cc", "bcc", "addresses", "other_addresses", "other_team_addresses", "gateways")


class Known:
    """What was seen of an account; parts of things with what they are found below."""

    def __init__(self, seed: int = 0) -> None:
        self._ids: dict[str, list[str]] = defaultdict(list)
        self._parts: dict[str, deque[dict[str, str]]] = defaultdict(lambda: deque(maxlen=20))
        self._chance = random.Random(seed)
        self._number = itertools.count()
        self._deleting: set[str] = set()

    def note(self, answer: Any) -> None:
        """Remember the things in a JSON answer."""
        for thing in _things(answer):
            own: str = thing["id"]
            self._note_id(self._ids[own[:3]], own)
            for part in thing.get("attachments") or ():
                self._parts["attachment_id"].append(
                    {"message_id": own, "attachment_id": part["id"]}
                )
            if own.startswith("whd_") and "webhook_id" in thing:
                pair = {"webhook_id": thing["webhook_id"], "delivery_id": own}
                self._parts["delivery_id"].append(pair)

    def _note_id(self, kind: list[str], own: str) -> None:
        """Those that were there first stay longest: they are the ones that have everything."""
        if own in kind:
            return
        if len(kind) < KEPT_OF_A_KIND:
            kind.append(own)
        else:
            kind[self._chance.randrange(KEPT_OF_A_KIND // 2, KEPT_OF_A_KIND)] = own

    def forget(self, path_parameters: dict[str, Any]) -> None:
        """Forget what was deleted."""
        for value in path_parameters.values():
            kind = self._ids.get(str(value)[:3], ())
            if value in kind:
                self._ids[value[:3]].remove(value)

    def spare(self, case: Any) -> None:
        """
        Let few deletions hit something, of each operation the first one: what comes later has to
        have something to speak of.
        """
        if case.method.upper() != "DELETE":
            return
        known = [v for v in case.path_parameters.values() if v in self._ids.get(str(v)[:3], ())]
        first = bool(known) and case.operation.label not in self._deleting
        if first:
            self._deleting.add(case.operation.label)
        elif self._chance.random() > SELDOM:
            for name, value in case.path_parameters.items():
                if value in known:
                    case.path_parameters[name] = an_id(value[:3])

    def put(self, case: Any, *, linked: bool) -> None:
        """
        Put real ids and possible addresses into most requests. `linked`: a link may have led here,
        also to what is gone.
        """
        if self._chance.random() < OFTEN:
            self._put_into_path(case.path_parameters, linked=linked)
        if case.headers and self._chance.random() < OFTEN:
            case.headers.pop("If-Match", None)
        if case.query:
            self._put_into_fields(case.query, "")
        if isinstance(case.body, dict | list):
            self._put_into_fields(case.body, "con" if "/contacts/" in case.path else "cnv")

    def _put_into_path(self, given: dict[str, Any], *, linked: bool) -> None:
        vague = [
            name
            for name, value in given.items()
            if not (linked and REAL.fullmatch(str(value)))
            and value not in self._ids.get(str(value)[:3], ())
        ]
        for name in vague:
            if self._parts.get(name):
                given.update(self._chance.choice(self._parts[name]))
                return
        for name in vague:
            if name in IDS:
                given[name] = self._one(IDS[name][1]) or given[name]

    def _put_into_fields(self, part: Any, into: str) -> None:
        for name, value in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(value, dict) or (isinstance(value, list) and name not in LISTS):
                self._put_into_fields(value, into)
            if self._chance.random() < OFTEN:
                part[name] = self._better(name, value, into)

    def _better(self, name: str | int, value: Any, into: str) -> Any:
        """A value for the field that may be taken; the same when there is none."""
        if name == "recipients":
            return None  # all of them
        prefix = into if name == "into" else FIELDS.get(str(name))
        if isinstance(value, str) and prefix and not REAL.fullmatch(value):
            return self._one(prefix) or value
        if isinstance(value, list) and value and (name in LISTS or name == "ids"):
            found = self._one(LISTS.get(str(name), "tkt"))
            return [found] if found else value
        if isinstance(value, str) and name in ADDRESS:
            return self._address()
        if isinstance(value, list) and value and name in ADDRESSES:
            return [self._address()]
        return value

    def _one(self, prefix: str) -> str | None:
        kind = self._ids.get(prefix)
        if not kind:
            return None
        return self._chance.choice(kind[:5] if self._chance.random() < 0.5 else kind)

    def _address(self) -> str:
        return f"somebody{next(self._number)}@customer.example"


def _things(part: Any) -> Iterator[dict[str, Any]]:
    """Everything in an answer that has an id of its own."""
    if isinstance(part, dict):
        if isinstance(part.get("id"), str) and REAL.fullmatch(part["id"]):
            yield part
        for inner in part.values():
            yield from _things(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _things(inner)
