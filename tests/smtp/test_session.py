"""Commands and their replies, in turn and out of turn (RFC 5321 section 4.1)."""

from __future__ import annotations

import smtplib
import socket

import pytest

from tests.smtp.conftest import OpenDoor
from tests.smtp.running_door import PATIENCE


def test_ehlo_offers_what_the_door_does_and_nothing_else(open_door: OpenDoor) -> None:
    caller = open_door(size_limit=100_000).call()

    reply = caller.ask("EHLO client.example")

    assert reply.replace("\n", " ").replace("250-", "250 ") == (
        "250 mx.acme.example 250 PIPELINING 250 SIZE 100000 250 8BITMIME"
        " 250 ENHANCEDSTATUSCODES 250 SMTPUTF8"
    )


def test_an_ordinary_mail_client_can_deliver(open_door: OpenDoor) -> None:
    running = open_door()

    with smtplib.SMTP("127.0.0.1", running.port, "client.example", PATIENCE) as client:
        refused = client.sendmail(
            "ann@shop.example", ["support@acme.example"], b"Subject: x\r\n\r\nHello\r\n"
        )

    mail = running.intake.kept.get(timeout=PATIENCE)
    assert refused == {}
    assert mail.raw == b"Subject: x\r\n\r\nHello\r\n"
    assert (mail.reverse_path, mail.recipients) == ("ann@shop.example", ("support@acme.example",))
    assert (mail.remote_address, mail.helo, mail.tls) == ("127.0.0.1", "client.example", "")
    assert mail.received_at.utcoffset() is not None


def test_the_reply_to_a_mail_names_what_was_kept(open_door: OpenDoor) -> None:
    caller = open_door().call()

    reply = caller.deliver(b"x\r\n", "support@acme.example", "sales@acme.example")

    assert reply == "250 2.0.0 Kept rcv_1 rcv_2"


def test_many_ids_are_spread_over_lines_of_512_octets(open_door: OpenDoor) -> None:
    running = open_door()
    names = [f"rcv_{number:026d}" for number in range(50)]
    running.intake.ids = lambda mail: names
    caller = running.call()

    reply = caller.deliver()

    lines = reply.split("\n")
    assert len(lines) > 1
    assert all(len(line) + 2 <= 512 for line in lines)
    assert all(line[3:10] in ("-2.0.0 ", " 2.0.0 ") for line in lines)
    assert " ".join(line[10:] for line in lines) == "Kept " + " ".join(names)


def test_two_mails_in_one_session_are_two_mails(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()

    caller.deliver(b"one\r\n", "support@acme.example")
    caller.deliver(b"two\r\n", "sales@acme.example")

    first = running.intake.kept.get(timeout=PATIENCE)
    second = running.intake.kept.get(timeout=PATIENCE)
    assert (first.raw, first.recipients) == (b"one\r\n", ("support@acme.example",))
    assert (second.raw, second.recipients) == (b"two\r\n", ("sales@acme.example",))


def test_pipelined_commands_are_answered_in_order(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()

    caller.send(
        "MAIL FROM:<ann@shop.example>\r\nRCPT TO:<support@acme.example>\r\n"
        "RCPT TO:<nobody@acme.example>\r\nDATA\r\n"
    )
    envelope = [caller.reply()[:9] for _ in range(4)]
    caller.send("one\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<sales@acme.example>\r\nDATA\r\n")
    between = [caller.reply()[:9] for _ in range(4)]
    caller.send("two\r\n.\r\nQUIT\r\n")
    end = [caller.reply()[:9] for _ in range(3)]

    assert envelope == ["250 2.1.0", "250 2.1.5", "550 5.1.1", "354 End t"]
    assert between == ["250 2.0.0", "250 2.1.0", "250 2.1.5", "354 End t"]
    assert end == ["250 2.0.0", "221 2.0.0", ""]
    assert running.intake.kept.get(timeout=PATIENCE).raw == b"one\r\n"
    second = running.intake.kept.get(timeout=PATIENCE)
    assert (second.raw, second.reverse_path) == (b"two\r\n", "")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("NOOP", "250 2.0.0"),
        ("NOOP anything", "250 2.0.0"),
        ("RSET", "250 2.0.0"),
        ("RSET x", "501 5.5.4"),
        ("VRFY support@acme.example", "252 2.5.0"),
        ("EXPN staff", "502 5.5.1"),
        ("HELP", "214 2.0.0"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("STARTTLS", "502 5.5.1"),
        ("BDAT 10 LAST", "500 5.5.1"),
        ("NONSENSE", "500 5.5.1"),
        ("", "500 5.5.1"),
        ("EHLO", "501 5.5.4"),
        ("QUIT now", "501 5.5.4"),
        ("RCPT TO:<support@acme.example>", "503 5.5.1"),
        ("DATA", "503 5.5.1"),
        ("NOOP \x01", "500 5.5.2"),
        ("mail from:<ann@shop.example>", "250 2.1.0"),
        ("MAIL FROM:<ann@shop.example> SIZE=10 BODY=8BITMIME SMTPUTF8", "250 2.1.0"),
        ("MAIL FROM:<ann@shop.example> RET=HDRS", "555 5.5.4"),
        ("MAIL FROM:<ann@shop.example> AUTH=<>", "555 5.5.4"),
        ("MAIL FROM:<ann@shop.example> SIZE=many", "501 5.5.4"),
        ("MAIL FROM:ann@shop.example", "501 5.5.4"),
        ("MAIL FROM:<a..b@shop.example>", "553 5.1.7"),
        ("MAIL FROM:<jörg@shop.example>", "553 5.6.7"),
        ("MAIL FROM:<jörg@shop.example> SMTPUTF8", "250 2.1.0"),
    ],
)
def test_each_command_has_its_reply(open_door: OpenDoor, command: str, answer: str) -> None:
    caller = open_door().call()

    reply = caller.ask(command)

    assert reply[:9] == answer
    assert caller.ask("NOOP") == "250 2.0.0 Ok"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("RCPT TO:<sales@acme.example>", "250 2.1.5"),
        ("RCPT TO:<postmaster>", "250 2.1.5"),
        ("RCPT TO:<@relay.example:sales@acme.example>", "250 2.1.5"),
        ("RCPT TO:<nobody@acme.example>", "550 5.1.1"),
        ("RCPT TO:<a..b@acme.example>", "553 5.1.3"),
        ("RCPT TO:<>", "553 5.1.3"),
        ("RCPT TO:<jörg@acme.example>", "553 5.6.7"),
        ("RCPT TO:<sales@acme.example> NOTIFY=NEVER", "555 5.5.4"),
        ("RCPT TO:<sales@acme.example\rDATA>", "500 5.5.2"),
        ("RCPT TO:<sales@acme.example>\rDATA", "500 5.5.2"),
        ("MAIL FROM:<bob@shop.example>", "503 5.5.1"),
        ("DATA", "554 5.5.1"),
    ],
)
def test_each_command_after_mail_has_its_reply(
    open_door: OpenDoor, command: str, answer: str
) -> None:
    caller = open_door().call()
    caller.ask("MAIL FROM:<ann@shop.example>")

    reply = caller.ask(command)

    assert reply[:9] == answer
    assert caller.ask("NOOP") == "250 2.0.0 Ok"


def test_mail_needs_a_greeting_first(open_door: OpenDoor) -> None:
    caller = open_door().call(greet=False)
    caller.reply()

    assert caller.ask("MAIL FROM:<ann@shop.example>")[:9] == "503 5.5.1"


def test_helo_is_enough_but_allows_no_parameters(open_door: OpenDoor) -> None:
    caller = open_door().call(greet=False)
    caller.reply()

    assert caller.ask("HELO client.example") == "250 mx.acme.example"
    assert caller.ask("MAIL FROM:<ann@shop.example> SIZE=10")[:9] == "555 5.5.4"
    assert caller.deliver().startswith("250 2.0.0 Kept")


def test_rset_and_ehlo_forget_the_envelope(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()

    for command in ("RSET", "EHLO client.example"):
        caller.ask("MAIL FROM:<ann@shop.example>")
        caller.ask("RCPT TO:<support@acme.example>")
        caller.ask(command)
        assert caller.ask("DATA")[:9] == "503 5.5.1"
    caller.deliver(b"x\r\n", "sales@acme.example")

    assert running.intake.kept.get(timeout=PATIENCE).recipients == ("sales@acme.example",)


def test_octets_that_are_not_utf8_are_refused(open_door: OpenDoor) -> None:
    caller = open_door().call()

    caller.send(b"MAIL FROM:<j\xf6rg@shop.example> SMTPUTF8\r\n")

    assert caller.reply()[:9] == "500 5.5.2"


def test_an_overlong_command_is_refused_and_the_next_one_works(open_door: OpenDoor) -> None:
    caller = open_door().call()

    assert caller.ask("NOOP " + "x" * 600)[:9] == "500 5.5.2"
    assert caller.ask("NOOP") == "250 2.0.0 Ok"


def test_a_line_without_end_is_hung_up_on(open_door: OpenDoor) -> None:
    caller = open_door().call()

    caller.send("x" * 140_000)

    assert caller.reply()[:9] in ("500 5.5.2", "")
    assert caller.reply() == ""


def test_the_intake_is_told_what_is_known_of_the_session(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()
    caller.ask("MAIL FROM:<jörg@shop.example> SMTPUTF8")

    caller.ask("RCPT TO:<support@acme.example>")

    recipient, facts = running.intake.asked[0]
    assert recipient == "support@acme.example"
    assert (facts.remote_address, facts.helo, facts.tls) == ("127.0.0.1", "client.example", "")
    assert (facts.reverse_path, facts.smtputf8) == ("jörg@shop.example", True)


def test_a_client_that_closes_its_side_after_the_last_command_gets_all_replies(
    open_door: OpenDoor,
) -> None:
    running = open_door()
    caller = running.call()

    caller.send("MAIL FROM:<ann@shop.example>\r\nRCPT TO:<support@acme.example>\r\nDATA\r\n")
    caller.send("x\r\n.\r\n")
    caller.socket.shutdown(socket.SHUT_WR)
    replies = [caller.reply()[:9] for _ in range(5)]

    assert replies == ["250 2.1.0", "250 2.1.5", "354 End t", "250 2.0.0", ""]


def test_a_web_browser_is_hung_up_on_at_once(open_door: OpenDoor) -> None:
    caller = open_door().call(greet=False)
    caller.reply()

    caller.send("POST / HTTP/1.1\r\n")

    assert caller.reply()[:9] == "421 4.7.0"
    assert caller.reply() == ""
