"""Two processes on one PostgreSQL, receiving at the same time: as if it were one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.builders import mail
from tests.conftest import DATABASES
from tests.faults.conftest import Start
from tests.faults.evidence import (
    api,
    assert_events_without_gap,
    assert_nothing_lost,
    connect,
    everything,
)
from tests.faults.sending import Letter, MailServer, letters
from tests.running import Running

pytestmark = pytest.mark.skipif(
    "postgresql" not in DATABASES, reason="SQLite has one writing process"
)


@pytest.fixture
def processes(database_url: str, start: Start) -> tuple[Running, Running]:
    """Two services with all doors on one database."""
    if not database_url:
        pytest.skip("SQLite has one writing process")
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: start(), range(2))
    return one, other


def letter(name: str, recipient: str, *, person: str, subject: str, answers: str = "") -> Letter:
    """A mail of a person; `answers` is the name of the mail that it replies to."""
    more = f"In-Reply-To: <{answers}@customer.example>\r\n" if answers else ""
    raw = mail(
        f"This is {name}.",
        sender=f"{person.title()} <{person}@customer.example>",
        subject=subject,
        message_id=f"<{name}@customer.example>",
        more=more,
    )
    return Letter(f"<{name}@customer.example>", raw, recipient)


async def test_two_processes_receive_the_same_and_different_mails_as_one(
    processes: tuple[Running, Running],
) -> None:
    one, other = processes
    key, address = connect(one)
    left, right = letters(address, 60, seed=1), letters(address, 60, seed=2)
    shared, copies = letters(address, 60, seed=3), letters(address, 60, seed=3)

    await asyncio.gather(
        MailServer(one.smtp_port).deliver([*left, *shared]),
        MailServer(other.smtp_port).deliver([*right, *copies]),
    )

    for first, second in zip(shared, copies, strict=True):
        first.acknowledged.extend(second.acknowledged)
    post = [*left, *right, *shared]
    for service in processes:
        with api(service, key) as http:
            outcomes = assert_nothing_lost(http, post)
            contacts = list(everything(http, "/v1/contacts"))
            events = assert_events_without_gap(http)
        assert outcomes == {"accepted": 180, "duplicate": 60}
        assert len(contacts) == 180
        received = [one for one in events if one["type"] == "message.received"]
        assert len(received) == 180


async def test_one_person_at_both_processes_is_one_contact_and_answers_meet_in_one_conversation(
    processes: tuple[Running, Running],
) -> None:
    one, other = processes
    key, address = connect(one)
    threads = range(12)
    people = [f"person{number % 3}" for number in threads]

    def answer(name: str, number: int, answers: str) -> Letter:
        subject = f"Re: Question {number}"
        return letter(name, address, person=people[number], subject=subject, answers=answers)

    first = [letter(f"q{n}", address, person=people[n], subject=f"Question {n}") for n in threads]
    quick = [answer(f"a{n}.{m}", n, f"q{n}") for n in threads for m in range(2)]
    later = [answer(f"b{n}.{m}", n, f"a{n}.{m}") for n in threads for m in range(2)]

    # An answer may overtake what it answers, at the other process.
    await asyncio.gather(
        MailServer(one.smtp_port).deliver([*first[::2], *quick[::2]]),
        MailServer(other.smtp_port).deliver([*first[1::2], *quick[1::2]]),
    )
    await asyncio.gather(
        MailServer(one.smtp_port).deliver(later[1::2]),
        MailServer(other.smtp_port).deliver(later[::2]),
    )

    with api(other, key) as http:
        contacts = list(everything(http, "/v1/contacts"))
        conversations = list(everything(http, "/v1/conversations"))
        events = assert_events_without_gap(http)
    assert len(contacts) == 3
    assert len(conversations) == len(first)
    assert {found["message_count"] for found in conversations} == {5}
    assert [event["type"] for event in events].count("conversation.created") == len(first)
    assert [event["type"] for event in events].count("contact.created") == 3
