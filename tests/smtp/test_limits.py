"""Every limit of the door: what is said at it, and that others are not harmed."""

from __future__ import annotations

import pytest

from app.smtp import connection
from tests.smtp.conftest import OpenDoor
from tests.smtp.running_door import PATIENCE

SOON = 0.1


def test_a_silent_client_is_hung_up_on(open_door: OpenDoor) -> None:
    caller = open_door(idle_timeout=SOON).call()

    assert caller.reply()[:9] == "421 4.4.2"
    assert caller.reply() == ""


def test_a_client_that_never_speaks_is_hung_up_on(open_door: OpenDoor) -> None:
    running = open_door(idle_timeout=SOON)
    caller = running.call(greet=False)

    assert caller.reply()[:4] == "220 "
    assert caller.reply()[:9] == "421 4.4.2"
    assert running.door.counters.timeouts == 1


def test_silence_in_the_middle_of_a_mail_ends_it(open_door: OpenDoor) -> None:
    running = open_door(idle_timeout=SOON)
    caller = running.call()
    caller.begin()
    caller.send(b"half a mail\r\n")

    assert caller.reply()[:9] == "421 4.4.2"
    assert running.intake.keeping.empty()


def test_a_mail_that_trickles_for_ever_is_ended(open_door: OpenDoor) -> None:
    running = open_door(idle_timeout=PATIENCE, data_timeout=SOON)
    caller = running.call()
    caller.begin()

    reply = caller.trickle(b"x\r\n", every=SOON / 10)

    assert reply[:9] == "421 4.4.2"
    assert running.intake.keeping.empty()


def test_a_mail_that_comes_slowly_but_steadily_is_kept(open_door: OpenDoor) -> None:
    running = open_door(idle_timeout=2 * SOON)
    caller = running.call()
    caller.begin()

    for _ in range(6):
        caller.send(b"x\r\n")
        running.run(running.let_pass(SOON / 2))
    caller.send(b".\r\n")

    assert caller.reply().startswith("250 2.0.0")
    assert running.intake.kept.get(timeout=PATIENCE).raw == b"x\r\n" * 6


def test_an_envelope_that_never_gets_a_mail_is_ended(open_door: OpenDoor) -> None:
    caller = open_door(idle_timeout=PATIENCE, transaction_timeout=SOON, command_limit=10**9).call()
    caller.ask("MAIL FROM:<ann@shop.example>")

    reply = caller.trickle(b"NOOP\r\n", every=SOON / 10)

    assert reply[:9] == "421 4.4.2"


def test_after_a_mail_its_time_is_no_longer_counted(open_door: OpenDoor) -> None:
    caller = open_door(idle_timeout=3 * SOON, data_timeout=SOON).call()
    caller.deliver()

    # Only silence ends the session now, later than the limit of the mail.
    assert caller.reply() == "421 4.4.2 Idle for too long"


def test_a_slow_intake_is_not_held_against_the_client(open_door: OpenDoor) -> None:
    running = open_door(idle_timeout=SOON)
    running.intake.hold()
    caller = running.call()
    caller.begin()
    caller.send(b"x\r\n.\r\n")
    running.intake.keeping.get(timeout=PATIENCE)

    running.run(running.let_pass(2 * SOON))
    running.intake.release()

    assert caller.reply().startswith("250 2.0.0")


def test_a_client_that_never_reads_is_hung_up_on(
    open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LINGER", SOON)
    running = open_door(idle_timeout=SOON, bad_command_limit=10**9, command_limit=10**9)
    caller = running.call()

    caller.send_without_reading(b"HELP\r\n" * 20_000)

    running.run(running.empty())


def test_connections_beyond_the_limit_are_told_to_come_back(open_door: OpenDoor) -> None:
    running = open_door(connection_limit=2)
    first, _second = running.call(), running.call()

    third = running.call(greet=False)

    assert third.reply()[:9] == "421 4.7.0"
    assert third.reply() == ""
    assert first.ask("NOOP") == "250 2.0.0 Ok"


def test_a_connection_that_ended_makes_room(open_door: OpenDoor) -> None:
    running = open_door(connection_limit=1, connection_limit_per_address=1)
    first = running.call()
    first.ask("QUIT")
    running.run(running.empty())

    assert running.call().ask("NOOP") == "250 2.0.0 Ok"


def test_connections_from_one_address_are_limited(open_door: OpenDoor) -> None:
    running = open_door(connection_limit_per_address=2)
    running.call()
    running.call()

    third = running.call(greet=False)

    assert third.reply() == "421 4.7.0 Too many connections from your address"


def test_recipients_beyond_the_limit_are_put_off_and_the_others_get_the_mail(
    open_door: OpenDoor,
) -> None:
    running = open_door(recipient_limit=1)
    caller = running.call()
    caller.ask("MAIL FROM:<ann@shop.example>")
    caller.ask("RCPT TO:<support@acme.example>")

    reply = caller.ask("RCPT TO:<sales@acme.example>")
    caller.ask("DATA")
    caller.send(b"x\r\n.\r\n")

    assert reply[:9] == "452 4.5.3"
    assert caller.reply() == "250 2.0.0 Kept rcv_1"
    assert running.intake.kept.get(timeout=PATIENCE).recipients == ("support@acme.example",)


def test_commands_of_one_session_are_limited(open_door: OpenDoor) -> None:
    caller = open_door(command_limit=5).call()

    replies = [caller.ask("NOOP")[:9] for _ in range(5)]

    assert replies == ["250 2.0.0"] * 4 + ["421 4.7.0"]
    assert caller.reply() == ""


def test_bad_commands_of_one_session_are_limited(open_door: OpenDoor) -> None:
    caller = open_door(bad_command_limit=3).call()

    replies = [caller.ask("NONSENSE")[:9] for _ in range(3)]

    assert replies == ["500 5.5.1"] * 3
    assert caller.reply()[:9] == "421 4.7.0"
    assert caller.reply() == ""


def test_guessing_addresses_is_limited(open_door: OpenDoor) -> None:
    caller = open_door(refused_recipient_limit=3).call()
    caller.ask("MAIL FROM:<ann@shop.example>")

    replies = [caller.ask(f"RCPT TO:<guess{n}@acme.example>")[:9] for n in range(3)]

    assert replies == ["550 5.1.1"] * 3
    assert caller.reply()[:9] == "421 4.7.0"


def test_a_kept_mail_makes_up_for_refused_recipients(open_door: OpenDoor) -> None:
    caller = open_door(refused_recipient_limit=3).call()

    for _ in range(3):
        caller.ask("MAIL FROM:<ann@shop.example>")
        for number in range(2):
            caller.ask(f"RCPT TO:<guess{number}@acme.example>")
        caller.ask("RCPT TO:<support@acme.example>")
        caller.ask("DATA")
        caller.send(b"x\r\n.\r\n")
        assert caller.reply().startswith("250 2.0.0")


@pytest.mark.parametrize("command", ["NOOP", "MAIL FROM:<ann@shop.example>"])
def test_what_is_counted_is_told(open_door: OpenDoor, command: str) -> None:
    running = open_door()
    caller = running.call()
    caller.ask(command)
    caller.ask("RSET")

    caller.deliver(b"12345\r\n", "support@acme.example", "sales@acme.example")

    counters = running.door.counters
    assert (counters.connections, counters.connections_open) == (1, 1)
    assert (counters.mails, counters.recipients, counters.octets) == (1, 2, 7)
