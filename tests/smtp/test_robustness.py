"""Whatever a client says, each command has one reply and the door has no trouble."""

from __future__ import annotations

import email
import email.policy
import logging
import random

import pytest

from app.smtp import replies
from app.smtp.arrivals import Refusal
from app.smtp.state import address_key, plain_address
from bench.smtp_load import Load, mails, run
from tests.smtp.conftest import OpenDoor

_COMMANDS = [
    b"EHLO client.example",
    b"HELO client.example",
    b"MAIL FROM:<ann@shop.example>",
    b"MAIL FROM:<> SIZE=10",
    b"MAIL FROM:<ann@shop.example> SIZE=999999999999",
    b"MAIL FROM:<a..b@shop.example>",
    b"RCPT TO:<support@acme.example>",
    b"RCPT TO:<nobody@acme.example>",
    b"RCPT TO:<>",
    b"RSET",
    b"NOOP",
    b"VRFY x",
    b"EXPN x",
    b"HELP",
    b"AUTH PLAIN x",
    b"STARTTLS",
    b"BDAT 1 LAST",
    b"",
    b" ",
    b"\x00",
    b"\xff\xfe",
    b"MAIL",
    b"RCPT",
    b"x" * 700,
]


def test_any_order_of_commands_gets_one_reply_each(
    open_door: OpenDoor, caplog: pytest.LogCaptureFixture
) -> None:
    running = open_door(bad_command_limit=10**9, refused_recipient_limit=10**9)
    caller = running.call()
    chance = random.Random(5321)

    with caplog.at_level(logging.WARNING, "app.smtp"):
        for _ in range(100):
            commands = chance.choices(_COMMANDS, k=10)
            caller.send(b"".join(command + b"\r\n" for command in commands))
            for command in commands:
                lines = caller.reply().split("\n")
                assert all(line[:3].isdigit() and line[3] in " -" for line in lines), command
        last = caller.ask("NOOP")

    assert last == "250 2.0.0 Ok"
    assert caplog.records == []
    assert running.door.counters.octets_in_flight == 0


def test_many_commands_sent_ahead_are_all_answered(open_door: OpenDoor) -> None:
    caller = open_door().call()

    caller.send(b"NOOP\r\n" * 5000)

    assert {caller.reply() for _ in range(5000)} == {"250 2.0.0 Ok"}


def test_the_load_generator_and_the_door_get_on(open_door: OpenDoor) -> None:
    running = open_door()
    load = Load(
        running.port, ("support@acme.example", "sales@acme.example"), mails=40, sessions=4, seed=7
    )

    result = running.run(run(load)).as_json()

    assert (result["mails"], result["faults"]) == (40, {})
    kept = [running.intake.kept.get_nowait() for _ in range(40)]
    sent = {mail[:-3].replace(b"\r\n..", b"\r\n.") for mail in mails(load)}
    assert {mail.raw for mail in kept} == sent
    read = [email.message_from_bytes(mail.raw, policy=email.policy.SMTP) for mail in kept]
    assert len({mail["Message-ID"] for mail in read}) == 40
    assert {mail.get_content_type() for mail in read} == {"text/plain", "multipart/alternative"}
    assert not any(part.defects for mail in read for part in mail.walk())


def test_the_load_generator_sends_to_nobody_else(open_door: OpenDoor) -> None:
    with pytest.raises(ValueError, match="loopback"):
        open_door().run(run(Load(25, ("a@b.example",), host="192.0.2.1")))


@pytest.mark.parametrize(
    ("address", "plain", "key"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("", "", ""),
    ],
)
def test_an_address_is_written_and_counted_in_one_way(address: str, plain: str, key: str) -> None:
    assert plain_address(address) == plain
    assert address_key(plain) == key


def test_one_refusal_raised_again_and_again_does_not_grow(open_door: OpenDoor) -> None:
    running = open_door()
    refusal = Refusal(554, "5.4.6", "Too many hops")
    running.intake.fault_in_keep = refusal
    caller = running.call()

    for _ in range(3):
        assert caller.deliver()[:9] == "554 5.4.6"

    assert refusal.__traceback__ is None


def test_every_fixed_reply_is_a_proper_line() -> None:
    lines = [value for value in vars(replies).values() if isinstance(value, bytes)]
    lines += [replies.line(value) for value in vars(replies).values() if isinstance(value, Refusal)]

    assert len(lines) > 30
    for line in lines:
        assert line.endswith(b"\r\n")
        assert len(line) <= replies.LINE_LIMIT
        assert line.isascii()
        enhanced = line.split()[1].split(b".")
        assert line[:1] == b"3" or enhanced[0] == line[:1]
