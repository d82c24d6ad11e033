"""
Searching and listing in an account full of mail: milliseconds a request, over HTTP.

    python -m bench search --messages 1000000

Each request three times, one after another: the best and the worst. The yardstick is the plain
list of conversations of the same run, whose answer is as long.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from app.db import Database
from app.settings import Settings
from bench.search_data import (
    ABROAD,
    ELSEWHERE,
    RARE,
    Filled,
    fill,
    fill_tickets,
    vocabulary,
)
from tests.postgres import NoPostgresError
from tests.running import Running

TIMES = 3
PAGES = 5
PLAIN = "list of conversations"

Service = Callable[[str, Path], AbstractContextManager[Running]]
Question = tuple[str, str, dict[str, Any]]  # what it is called, path, parameters


def main(
    databases: list[str], service: Service, settle: Callable[[Running], None], messages: int
) -> None:
    """Fill two accounts, the second one with a tenth of the messages; then ask in the first."""
    print(f"\nsearching {messages:,} messages; milliseconds: best and worst of {TIMES}", flush=True)
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="hosted-inbox-bench-") as folder:
            try:
                with service(database, Path(folder)) as one:
                    begun = time.perf_counter()
                    first = prepared(one, messages)
                    settle(one)
                    seconds = time.perf_counter() - begun
                    print(f"{database}: filled in {seconds:.0f} s", flush=True)
                    measure(database, one, first)
            except NoPostgresError as missing:
                print(f"{database}: skipped, {missing}")


def prepared(one: Running, messages: int) -> Filled:
    """The account to ask in, full."""
    words = vocabulary()
    first = _account(one, "Acme", words)
    second = _account(one, "Other", words)
    second.elsewhere = True
    contact = one.call(first.key, "POST", "/v1/contacts", {"name": "Carla Weber"})
    body = {"name": "Kettle", "contact_id": contact["id"]}
    ticket = one.call(first.key, "POST", "/v1/tickets", body)["id"]
    asyncio.run(_fill(one, first, second, ticket, messages))
    return first


def _account(one: Running, name: str, words: list[str]) -> Filled:
    made = one.create_account(name)
    key = made["api_key"]
    channel = {"shared": True, "provider": "other", "connect": True}
    channels = [one.call(key, "POST", "/v1/channels", channel)["id"] for _ in range(3)]
    users = [
        one.call(key, "POST", "/v1/users", {"name": f"User {n}", "email": f"u{n}@acme.example"})
        for n in range(10)
    ]
    return Filled(made["account_id"], key, channels, [user["id"] for user in users], words)


async def _fill(one: Running, first: Filled, second: Filled, ticket_id: str, messages: int) -> None:
    url = one.environment.get("HOSTED_INBOX_DATABASE_URL", "")
    database = Database(Settings(database_url=url, data_dir=one.data_dir).database)
    try:
        await fill(database, first, messages)
        await fill(database, second, messages // 10)
        await fill_tickets(database, first, ticket_id, messages // 10)
    finally:
        await database.close()


def measure(database: str, one: Running, account: Filled) -> None:
    """Ask everything and print a line for each."""
    with closing(http.client.HTTPConnection("127.0.0.1", one.http_port, timeout=120)) as line:
        asker = Asker(line, account.key)
        yardstick = min(asker.times("/v1/conversations", {}))
        print(f"{'':12}{'':46}{'best':>8}{'worst':>8}{'of list':>9}{'found':>7}", flush=True)
        for name, path, parameters in questions(asker, account):
            times = asker.times(path, parameters)
            print(
                f"{database:12}{name:46}{min(times):8.1f}{max(times):8.1f}"
                f"{min(times) / yardstick:9.1f}{asker.found:7}",
                flush=True,
            )
        for name, parameters in pages(account):
            times, found = asker.walk("/v1/conversations", parameters)
            print(
                f"{database:12}{name + f', {len(times)} pages':46}{min(times):8.1f}"
                f"{max(times):8.1f}{min(times) / yardstick:9.1f}{found:7}",
                flush=True,
            )


class Asker:
    """A client that keeps its connection."""

    def __init__(self, line: http.client.HTTPConnection, key: str) -> None:
        self._line = line
        self._headers = {"Authorization": f"Bearer {key}"}
        self.found = 0

    def ask(self, path: str, parameters: dict[str, Any]) -> Any:
        """The answer; raises RuntimeError for one that is not good."""
        self._line.request("GET", f"{path}?{urlencode(parameters)}", headers=self._headers)
        with self._line.getresponse() as answer:
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} {parameters}: {answer.status} {body.decode()}")
        return json.loads(body)

    def times(self, path: str, parameters: dict[str, Any]) -> list[float]:
        """Milliseconds of each time; how many it finds stays in `found`."""
        times = []
        for _ in range(TIMES):
            begun = time.perf_counter()
            answer = self.ask(path, parameters)
            times.append(1000 * (time.perf_counter() - begun))
            self.found = len(answer.get("items", ()))
        return times

    def walk(self, path: str, parameters: dict[str, Any]) -> tuple[list[float], int]:
        """Milliseconds of each of the first pages, and how much they hold; nothing twice."""
        times: list[float] = []
        seen: list[str] = []
        cursor: str | None = None
        while len(times) < PAGES and (cursor or not times):
            begun = time.perf_counter()
            page = self.ask(path, parameters | ({"cursor": cursor} if cursor else {}))
            times.append(1000 * (time.perf_counter() - begun))
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        if len(set(seen)) < len(seen):
            raise RuntimeError(f"{parameters}: a page repeats what was on one before")
        return times, len(seen)


def questions(asker: Asker, account: Filled) -> Iterator[Question]:
    """Everything that is asked, once."""
    searched = searches(account)
    filters = filters_of(asker, account)
    at = "/v1/conversations"
    yield PLAIN, at, {}
    for name, more in filters.items():
        yield f"… {name}", at, more
    for name, q in searched.items():
        yield f"q: {name}", at, {"q": q}
    for name in ("most frequent word", "frequent word", "medium word", "rare word", "two words"):
        for narrower, more in filters.items():
            yield f"q: {name}, {narrower}", at, {"q": searched[name]} | more
    yield from _others(account)


def searches(account: Filled) -> dict[str, str]:
    """Words to search conversations for."""
    word = account.words
    name, address = account.people[len(account.people) // 2]
    return {
        "most frequent word": word[0],
        "most frequent word, whole": f"{word[0]} ",
        "frequent word": word[20],
        "medium word": word[2_000],
        "rare word": RARE,
        "two words": f"{word[20]} {word[400]}",
        "two frequent words": f"{word[0]} {word[1]}",
        "phrase of frequent words": f'"{word[0]} {word[1]}"',
        "phrase that is rare": f'"{word[3]} {word[20_000]}"',
        "beginning of many words": word[0][:2] + word[1][:1],
        "address": address,
        "domain": address.partition("@")[2],
        "name": name,
        "in another script": ABROAD[2:],
        "nothing": "nonexistentword",
        "another account's": ELSEWHERE,
    }


def filters_of(asker: Asker, account: Filled) -> dict[str, dict[str, Any]]:
    """What narrows a list."""
    middle = asker.ask(f"/v1/conversations/{account.conversations[-1]}", {})
    old = asker.ask(f"/v1/conversations/{account.conversations[0]}", {})
    return {
        "open": {"state": "open"},
        "closed": {"state": "closed"},
        "of a channel": {"channel_id": account.channels[0]},
        "of a small channel": {"channel_id": account.channels[-1]},
        "of an assignee": {"assignee_id": account.users[0]},
        "of an assignee without any": {"assignee_id": account.users[-1]},
        "unassigned": {"unassigned": "true"},
        "assigned": {"unassigned": "false"},
        "of a team without any": {"team_id": "tem_none"},
        "of a contact": {"contact_id": middle["contact_id"]},
        "spam": {"spam": "true"},
        "spam of an assignee without any": {"spam": "true", "assignee_id": account.users[-1]},
        "since lately": {"since": middle["last_message_at"]},
        "until long ago": {"until": old["last_message_at"]},
        "overdue": {"overdue": "true"},
        "open of a small channel": {"state": "open", "channel_id": account.channels[-1]},
    }


def _others(account: Filled) -> Iterator[Question]:
    name, address = account.people[0]
    yield "messages of a conversation", f"/v1/conversations/{account.conversations[0]}/messages", {}
    yield "list of contacts", "/v1/contacts", {}
    for called, q in {
        "address": address,
        "a part of it": address[2:8],
        "name": name,
        "a part of many": account.words[100][:3],
        "nothing": "nonexistent",
        "two letters": "zq",
    }.items():
        yield f"contacts, q: {called}", "/v1/contacts", {"q": q}
    yield "contacts at an address", "/v1/contacts", {"address": address}
    yield "list of tickets", "/v1/tickets", {}
    for called, q in {
        "most frequent word": account.words[0],
        "medium word": account.words[2_000],
        "rare word": account.words[100_000],
        "two words": f"{account.words[20]} {account.words[400]}",
        "nothing": "nonexistentword",
    }.items():
        yield f"tickets, q: {called}", "/v1/tickets", {"q": q}
        yield f"tickets, q: {called}, urgent first", "/v1/tickets", {"q": q, "sort": "-priority"}
    nobodys = {"q": account.words[0], "owner_id": account.users[-1]}
    yield "tickets, q: frequent word, of nobody", "/v1/tickets", nobodys


def pages(account: Filled) -> Iterator[tuple[str, dict[str, Any]]]:
    """Lists that are walked through from page to page."""
    word = account.words
    yield PLAIN, {}
    for name in ("most frequent word", "frequent word", "medium word", "beginning of many words"):
        yield f"q: {name}", {"q": searches(account)[name]}
    yield "q: most frequent word, open", {"q": word[0], "state": "open"}
    yield "q: most frequent word, spam", {"q": word[0], "spam": "true"}
