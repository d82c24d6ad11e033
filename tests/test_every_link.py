"""
Every link of the OpenAPI document leads to something that is there.

What an operation answers is read as the document says, and the ids that its links take from it
are asked for. A new route's links are among them without anybody remembering it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tests.operations import KEYED, OPERATIONS, Op
from tests.test_every_operation import ids as one_of_everything

Ids = dict[str, str]
ids = one_of_everything  # the fixture
BY_ID = {op.id: op for op in OPERATIONS}
READING = {
    op.places[-1]: op for op in KEYED if op.method == "get" and op.path.endswith("}")
}  # by the last place in the path
# Their answers are made by requests of their own below; of a GET all links can be followed.
MAKING = {
    "create_comment": {"text": "Mine.", "author_id": "{user_id}"},
    "create_reply": {"text": "It is on its way.", "author_id": "{user_id}"},
    "create_team": {"name": "Another", "member_ids": ["{user_id}"]},
    "create_contact": {"name": "Dora", "owner_id": "{user_id}"},
    "create_webhook": {"url": "https://hooks.example:9/", "types": ["nothing.happens"]},
    "create_user": {"name": "Bob", "email": "bob@acme.example"},
}


@dataclass(frozen=True, slots=True)
class Walked:
    """Where a link has led: the places in the target's path."""

    source: str
    target: Op
    ids: Ids


def walks(op: Op, answer: httpx.Response, given: Ids) -> Iterator[Walked]:
    """The links of an answer whose ids it holds; what is null or an empty list leads nowhere."""
    documented = op.spec["responses"][str(answer.status_code)]
    for link in documented.get("links", {}).values():
        found: dict[str, Any] = {}
        for place, where in link["parameters"].items():
            kind, _, name = where.partition("#" if "#" in where else "path.")
            found[place] = _at(answer.json(), name) if "response" in kind else given[name]
        if all(found.values()):
            yield Walked(op.id, BY_ID[link["operationId"]], found)


def _at(part: Any, pointer: str) -> Any:
    for step in pointer.removeprefix("/").split("/"):
        if isinstance(part, list):
            part = part[int(step)] if int(step) < len(part) else None
        else:
            part = (part or {}).get(step)
    return part


async def follow(http: httpx.AsyncClient, walked: Walked) -> str | None:
    """What is wrong with the link; None: what it leads to is there."""
    reading = READING.get(walked.target.places[-1], walked.target)
    if not set(reading.places) <= walked.ids.keys():
        return f"{walked.target.id} takes less than {reading.id}"
    answer = await reading.ask(http, walked.ids)
    if answer.is_success:
        return None
    return f"{walked.source} -> {walked.target.id}: {answer.status_code} {walked.ids}"


async def test_every_link_of_what_is_read_leads_to_something(
    http: httpx.AsyncClient, ids: Ids
) -> None:
    await _given_to_somebody(http, ids)
    walked, faults = set(), []
    for op in KEYED:
        if op.method != "get" or op.id == "stream_events":
            continue
        answer = await op.ask(http, ids)
        if not answer.headers["content-type"].startswith("application/json"):
            continue
        for walk in walks(op, answer, ids):
            walked.add((walk.source, walk.target.id))
            faults.append(await follow(http, walk))

    assert [fault for fault in faults if fault] == []
    due = {
        (op.id, link["operationId"])
        for op in KEYED
        if op.method == "get"
        for link in op.spec["responses"]["200"].get("links", {}).values()
    }
    assert due - walked <= {("list_suppressions", "get_message")}  # here it is of no message


async def _given_to_somebody(http: httpx.AsyncClient, ids: Ids) -> None:
    """Every id that may be null is there."""
    user = ids["user_id"]
    for path, body in (
        (f"/v1/conversations/{ids['conversation_id']}", {"team_id": ids["team_id"]}),
        (f"/v1/conversations/{ids['conversation_id']}", {"assignee_id": user}),
        (f"/v1/contacts/{ids['contact_id']}", {"owner_id": user}),
        (f"/v1/tickets/{ids['ticket_id']}", {"owner_id": user}),
    ):
        answer = await http.patch(path, json=body)
        assert answer.status_code == 200, answer.text
    reply = {"text": "It is on its way.", "author_id": user}
    path = f"/v1/conversations/{ids['conversation_id']}/replies"
    assert (await http.post(path, json=reply)).status_code == 202


async def test_every_link_of_what_is_made_leads_to_it(http: httpx.AsyncClient, ids: Ids) -> None:
    faults, walked = [], set()
    for name, body in MAKING.items():
        op = BY_ID[name]
        answer = await op.ask(http, ids, json=_with(body, ids))
        assert answer.is_success, answer.text
        for walk in walks(op, answer, ids):
            walked.add((walk.source, walk.target.id))
            faults.append(await follow(http, walk))

    assert [fault for fault in faults if fault] == []
    assert len(walked) > 30


def _with(body: Any, ids: Ids) -> Any:
    if isinstance(body, dict):
        return {key: _with(value, ids) for key, value in body.items()}
    if isinstance(body, list):
        return [_with(value, ids) for value in body]
    return re.sub(r"\{(\w+)\}", lambda place: ids[place[1]], body)
