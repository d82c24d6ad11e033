"""Whatever goes wrong behind the door: 451, no words about it, and the next mail is a new mail."""

from __future__ import annotations

import logging

import pytest

from app.errors import Conflict, Invalid, NotFound, StorageFull, Unavailable
from app.smtp.arrivals import Refusal
from tests.smtp.conftest import OpenDoor
from tests.smtp.running_door import PATIENCE

SECRET = "password of the database"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (RuntimeError(SECRET), "451 4.3.0"),
        (Unavailable(SECRET), "451 4.3.0"),
        (NotFound(SECRET), "451 4.3.0"),
        (Conflict(SECRET), "451 4.3.0"),
        (Invalid(SECRET), "451 4.3.0"),
        (TimeoutError(SECRET), "451 4.3.0"),
        (ConnectionResetError(SECRET), "451 4.3.0"),
        (StorageFull(SECRET), "452 4.3.1"),
        (Refusal(554, "5.4.6", "Too many hops"), "554 5.4.6"),
        (Refusal(250, "2.0.0", "Nonsense"), "451 4.3.0"),
        (Refusal(554, "4.4.6", "Nonsense"), "451 4.3.0"),
        (Refusal(554, "5.4.6", "Two\r\nlines ☹"), "554 5.4.6"),
    ],
)
def test_a_mail_that_cannot_be_kept_is_answered_by_kind_and_without_text(
    open_door: OpenDoor, fault: Exception, answer: str
) -> None:
    running = open_door()
    running.intake.fault_in_keep = fault
    caller = running.call()

    reply = caller.deliver()

    assert reply[:9] == answer
    assert SECRET not in reply
    assert caller.ask("NOOP") == "250 2.0.0 Ok"


def test_after_a_fault_the_next_mail_does_not_inherit_recipients(open_door: OpenDoor) -> None:
    running = open_door()
    running.intake.fault_in_keep = RuntimeError("first")
    caller = running.call()
    caller.deliver(b"one\r\n", "support@acme.example")
    running.intake.fault_in_keep = None

    assert caller.ask("DATA")[:9] == "503 5.5.1"
    caller.deliver(b"two\r\n", "sales@acme.example")

    assert running.intake.kept.get(timeout=PATIENCE).recipients == ("sales@acme.example",)


def test_a_fault_while_deciding_about_a_recipient_is_451_for_this_one(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()
    caller.ask("MAIL FROM:<ann@shop.example>")
    running.intake.fault_in_accepts = RuntimeError(SECRET)

    reply = caller.ask("RCPT TO:<support@acme.example>")
    running.intake.fault_in_accepts = None

    assert reply[:9] == "451 4.3.0"
    assert SECRET not in reply
    assert caller.ask("RCPT TO:<sales@acme.example>")[:9] == "250 2.1.5"


def test_a_fault_is_logged_with_its_traceback(
    open_door: OpenDoor, caplog: pytest.LogCaptureFixture
) -> None:
    running = open_door()
    running.intake.fault_in_keep = RuntimeError("for the operator")

    with caplog.at_level(logging.ERROR, "app.smtp"):
        running.call().deliver()

    record = next(record for record in caplog.records if record.exc_info)
    assert "for the operator" in str(record.exc_info[1] if record.exc_info else "")


def test_every_refused_recipient_is_told_to_the_ledger(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()
    caller.ask("MAIL FROM:<ann@shop.example> SIZE=123")

    caller.ask("RCPT TO:<nobody@acme.example>")

    refusal = running.intake.refusals.get(timeout=PATIENCE)
    assert (refusal.recipient, refusal.reverse_path) == ("nobody@acme.example", "ann@shop.example")
    assert (refusal.remote_address, refusal.helo) == ("127.0.0.1", "client.example")
    assert (refusal.code, refusal.enhanced) == (550, "5.1.1")
    assert (refusal.reason, refusal.size) == ("smtp.unknown_recipient", 123)
    assert running.door.counters.refusals["550 5.1.1"] == 1


def test_every_recipient_of_a_refused_mail_is_told_to_the_ledger(open_door: OpenDoor) -> None:
    running = open_door()
    running.intake.fault_in_keep = Refusal(554, "5.4.6", "Too many hops", "smtp.loop")

    running.call().deliver(b"x\r\n", "support@acme.example", "sales@acme.example")

    told = [running.intake.refusals.get(timeout=PATIENCE) for _ in range(2)]
    assert [one.recipient for one in told] == ["support@acme.example", "sales@acme.example"]
    assert {(one.reason, one.size) for one in told} == {("smtp.loop", 3)}


def test_recipients_pipelined_after_a_mail_too_big_are_told_to_the_ledger(
    open_door: OpenDoor,
) -> None:
    running = open_door(size_limit=70_000)
    caller = running.call()

    caller.send("MAIL FROM:<ann@shop.example> SIZE=70001\r\nRCPT TO:<support@acme.example>\r\n")

    assert [caller.reply()[:9], caller.reply()[:9]] == ["552 5.3.4", "503 5.5.1"]
    refusal = running.intake.refusals.get(timeout=PATIENCE)
    assert (refusal.recipient, refusal.code, refusal.size) == ("support@acme.example", 552, 70_001)
    assert caller.deliver().startswith("250 2.0.0")


def test_after_rset_a_mail_too_big_is_history(open_door: OpenDoor) -> None:
    running = open_door(size_limit=70_000)
    caller = running.call()
    caller.ask("MAIL FROM:<ann@shop.example> SIZE=70001")
    caller.ask("RSET")

    assert caller.ask("RCPT TO:<support@acme.example>")[:9] == "503 5.5.1"

    assert running.intake.refusals.empty()


def test_a_ledger_that_fails_costs_no_session(open_door: OpenDoor) -> None:
    running = open_door()
    running.intake.fault_in_refused = RuntimeError("ledger")
    caller = running.call()
    caller.ask("MAIL FROM:<ann@shop.example>")

    assert caller.ask("RCPT TO:<nobody@acme.example>")[:9] == "550 5.1.1"
    assert caller.ask("RCPT TO:<support@acme.example>")[:9] == "250 2.1.5"


@pytest.mark.parametrize("way", ["close", "reset"])
def test_a_client_that_hangs_up_during_the_commit_cancels_nothing(
    open_door: OpenDoor, way: str
) -> None:
    running = open_door()
    running.intake.hold()
    caller = running.call()
    caller.begin()
    caller.send(b"x\r\n.\r\n")
    running.intake.keeping.get(timeout=PATIENCE)

    if way == "reset":
        caller.reset()
        running.run(running.empty())
    caller.close()
    running.intake.release()

    assert running.intake.kept.get(timeout=PATIENCE).raw == b"x\r\n"


def test_a_client_that_hangs_up_before_the_end_has_sent_nothing(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()
    caller.begin()
    caller.send(b"half a mail\r\n")

    caller.close()
    running.run(running.empty())

    assert running.intake.keeping.empty()
    assert running.door.counters.octets_in_flight == 0


def test_commits_of_different_sessions_run_side_by_side(open_door: OpenDoor) -> None:
    running = open_door()
    running.intake.hold()
    callers = [running.call() for _ in range(5)]
    for caller in callers:
        caller.begin()
        caller.send(b"x\r\n.\r\n")

    for _ in callers:
        running.intake.keeping.get(timeout=PATIENCE)
    running.intake.release()

    assert all(caller.reply().startswith("250 2.0.0") for caller in callers)


def test_a_commit_that_takes_too_long_is_answered_451_and_goes_on(open_door: OpenDoor) -> None:
    running = open_door(commit_timeout=0.05)
    running.intake.hold()
    caller = running.call()

    reply = caller.deliver()
    running.intake.release()

    assert reply[:9] == "451 4.3.0"
    assert running.intake.kept.get(timeout=PATIENCE).recipients == ("support@acme.example",)
    assert caller.ask("NOOP") == "250 2.0.0 Ok"


def test_a_client_that_pipelines_after_refusals_is_not_taken_for_a_bad_one(
    open_door: OpenDoor,
) -> None:
    caller = open_door(bad_command_limit=3, size_limit=70_000).call()

    for _ in range(4):
        caller.send("MAIL FROM:<ann@shop.example> SIZE=70001\r\n")
        caller.send("RCPT TO:<support@acme.example>\r\nDATA\r\nRSET\r\n")
        replies = [caller.reply()[:9] for _ in range(4)]
        assert replies == ["552 5.3.4", "503 5.5.1", "503 5.5.1", "250 2.0.0"]

    assert caller.deliver().startswith("250 2.0.0")
