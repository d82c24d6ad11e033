"""The DNS of the process: remembered, bounded, and out of the way when it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from app import resolver as resolving
from app.resolver import ERROR, Question, Resolver
from tests.dns_server import Zone, serving


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    async with serving(
        Zone({"a.example.org": ["one", "x" * 700], "b.example.org": ["b;c"]})
    ) as zone:
        yield zone


@pytest.fixture
async def resolver(zone: Zone) -> AsyncIterator[Resolver]:
    found = Resolver([zone.server], deadline=0.3)
    yield found
    await found.close()


async def test_all_names_of_a_mail_are_asked_at_once(zone: Zone, resolver: Resolver) -> None:
    found = await resolver.texts(["a.example.org", "b.example.org", "none.example.org"])

    assert sorted(found["a.example.org"] or ()) == ["one", "x" * 700]
    assert found["b.example.org"] == ["b;c"]
    assert found["none.example.org"] is None
    assert len(zone.asked) == 3


async def test_answers_are_remembered_those_that_there_is_nothing_too(
    zone: Zone, resolver: Resolver
) -> None:
    names = ["a.example.org", "none.example.org"]
    first = await resolver.texts(names)

    again = await resolver.texts(names)

    assert again == first
    assert len(zone.asked) == 2


async def test_each_kind_of_record_is_remembered_by_itself(zone: Zone, resolver: Resolver) -> None:
    zone.mail_hosts["a.example.org"] = ["mx1.example.org", "MX2.example.org"]
    zone.addresses["a.example.org"] = ["192.0.2.1"]
    questions: list[Question] = [("a.example.org", "MX"), ("a.example.org", "A")]
    before = resolver.remembered(questions)

    found = await resolver.records(questions)

    assert before is None
    assert found == {
        ("a.example.org", "MX"): ["mx1.example.org", "mx2.example.org"],
        ("a.example.org", "A"): ["192.0.2.1"],
    }
    assert resolver.remembered(questions) == found
    text: Question = ("a.example.org", "TXT")
    assert resolver.remembered([*questions, text]) is None
    assert len(zone.asked) == 2


async def test_dozens_of_records_are_read_and_huge_ones_not_remembered(
    zone: Zone, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.texts["many.example.org"] = [f"verification={at}" for at in range(40)]
    many: Question = ("many.example.org", "TXT")
    long: Question = ("a.example.org", "TXT")

    found = await resolver.texts(["many.example.org"])
    monkeypatch.setattr(resolving, "LONGEST_KEPT", 100)
    await resolver.texts(["a.example.org"])

    assert len(found["many.example.org"] or ()) == 40
    assert resolver.remembered([many])
    assert resolver.remembered([long]) is None


async def test_the_same_question_is_asked_once_at_a_time(zone: Zone, resolver: Resolver) -> None:
    found = await asyncio.gather(*(resolver.texts(["b.example.org"]) for _ in range(20)))

    assert found == [{"b.example.org": ["b;c"]}] * 20
    assert zone.asked == ["b.example.org"]


async def test_memory_is_bounded(
    zone: Zone, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolving, "REMEMBERED", 2)
    for name in ("a.example.org", "b.example.org", "c.example.org"):
        await resolver.texts([name])

    await resolver.texts(["a.example.org"])

    assert zone.asked.count("a.example.org") == 2


async def test_a_name_whose_servers_are_broken_is_an_error_of_that_name(
    zone: Zone, resolver: Resolver
) -> None:
    zone.broken = {f"{n}.example.org" for n in range(4)}

    for name in sorted(zone.broken):
        assert await resolver.texts([name]) == {name: ERROR}
        await _settled(resolver)

    assert await resolver.texts(["b.example.org"]) == {"b.example.org": ["b;c"]}


async def test_names_that_never_answer_do_not_switch_the_rest_off(
    zone: Zone, resolver: Resolver
) -> None:
    zone.dropped = {"1.example.org", "2.example.org"}

    assert set((await resolver.texts(zone.dropped)).values()) == {ERROR}
    await _settled(resolver)

    assert await resolver.texts(["b.example.org"]) == {"b.example.org": ["b;c"]}


async def test_where_the_dns_is_away_nothing_is_asked_for_a_while(
    zone: Zone, resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.silent = True
    assert set((await resolver.texts(["a.example.org", "c.example.org"])).values()) == {ERROR}
    await _settled(resolver)
    asked = len(zone.asked)

    found = await resolver.texts(["d.example.org", "e.example.org"])

    assert found == {"d.example.org": ERROR, "e.example.org": ERROR}
    assert len(zone.asked) == asked

    zone.silent = False
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + resolving.PAUSE + 1)
    assert await resolver.texts(["b.example.org"]) == {"b.example.org": ["b;c"]}


async def test_a_name_that_is_none_is_an_error_and_raises_nothing(resolver: Resolver) -> None:
    for name in ("a..org", "x" * 70 + ".org", "\udcff.org"):
        assert await resolver.texts([name]) == {name: ERROR}


async def test_nothing_is_asked_any_more_after_the_end(zone: Zone, resolver: Resolver) -> None:
    zone.silent = True
    waiting = asyncio.create_task(resolver.texts(["a.example.org"]))
    await asyncio.sleep(0)

    await resolver.close()

    assert await waiting == {"a.example.org": ERROR}
    assert await resolver.texts(["b.example.org"]) == {"b.example.org": ERROR}


@pytest.mark.parametrize("server", ["127.0.0.1", "127.0.0.1:53", "[::1]:53", "::1"])
def test_servers(server: str) -> None:
    Resolver([server])


@pytest.mark.parametrize("server", ["dns.example", "dns.example:53", "127.0.0.1:dns"])
def test_a_server_that_is_no_address_is_refused_at_the_start(server: str) -> None:
    with pytest.raises(ValueError, match=r"address|int"):
        Resolver([server])


async def _settled(resolver: Resolver) -> None:
    if resolver._probe is not None:
        await asyncio.wait([resolver._probe])


async def test_fresh_answers_are_told_apart(zone: Zone, resolver: Resolver) -> None:
    zone.aliases["bounces.a.example.org"] = "a.example.org"
    zone.aliases["dangling.example.org"] = "nowhere.example.org"
    zone.mail_hosts["a.example.org"] = ["mx2.example.org", "mx1.example.org"]
    zone.addresses["a.example.org"] = ["192.0.2.1"]
    zone.broken.add("broken.example.org")
    asked: list[resolving.Question] = [
        ("a.example.org", "MX"),
        ("a.example.org", "A"),
        ("a.example.org", "AAAA"),
        ("bounces.a.example.org", "CNAME"),
        ("bounces.a.example.org", "A"),
        ("dangling.example.org", "CNAME"),
        ("none.example.org", "TXT"),
        ("broken.example.org", "TXT"),
        ("not..a.name", "TXT"),
    ]

    found = list((await resolver.fresh(asked)).values())

    assert found == [
        resolving.Found("found", ("mx2.example.org", "mx1.example.org")),
        resolving.Found("found", ("192.0.2.1",)),
        resolving.Found("no_records"),
        resolving.Found("found", ("a.example.org",)),
        resolving.Found("found", ("192.0.2.1",), ("a.example.org",)),
        resolving.Found("found", ("nowhere.example.org",)),
        resolving.Found("no_name"),
        resolving.UNKNOWN,
        resolving.UNKNOWN,
    ]


async def test_fresh_answers_are_not_from_memory(zone: Zone, resolver: Resolver) -> None:
    question: resolving.Question = ("a.example.org", "TXT")
    before = await resolver.fresh([question])
    zone.texts["a.example.org"] = ["two"]

    after = await resolver.fresh([question])

    assert sorted(before[question].values) == ["one", "x" * 700]
    assert after[question].values == ("two",)


async def test_a_silent_server_says_nothing_and_ends_in_time(
    zone: Zone, resolver: Resolver
) -> None:
    zone.silent = True
    begun = time.monotonic()

    found = await resolver.fresh([("a.example.org", "TXT")], deadline=0.3)

    assert not found[("a.example.org", "TXT")].is_known
    assert time.monotonic() - begun < 2
