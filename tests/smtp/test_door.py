"""Opening and closing the port."""

from __future__ import annotations

import socket

import pytest

from tests.smtp.conftest import OpenDoor
from tests.smtp.running_door import PATIENCE


def test_the_door_tells_its_port_and_that_it_is_open(open_door: OpenDoor) -> None:
    running = open_door()

    assert running.door.ready
    assert running.door.ports == (running.port,)
    assert running.call().ask("NOOP") == "250 2.0.0 Ok"


def test_all_addresses_share_one_port(open_door: OpenDoor) -> None:
    running = open_door(hosts=("",))

    assert set(running.door.ports) == {running.port}
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as client:
            try:
                client.connect((host, running.port))
            except OSError:
                assert family is socket.AF_INET6, "IPv4 is always there"
                continue
            assert client.recv(4) == b"220 "


def test_several_hosts_are_listened_on(open_door: OpenDoor) -> None:
    running = open_door(hosts=("127.0.0.1", "127.0.0.2"))

    with socket.create_connection(("127.0.0.2", running.port), PATIENCE) as client:
        assert client.recv(4) == b"220 "


def test_a_socket_that_is_open_already_can_be_used(open_door: OpenDoor) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    running = open_door(sock=listening)

    assert running.port == port
    assert running.call().ask("NOOP") == "250 2.0.0 Ok"


def test_two_doors_share_a_port_when_they_are_told_to(open_door: OpenDoor) -> None:
    first = open_door(reuse_port=True)

    second = open_door(reuse_port=True, port=first.port)

    assert second.port == first.port


def test_a_taken_port_is_an_error_at_opening(open_door: OpenDoor) -> None:
    first = open_door()

    with pytest.raises(OSError, match="in use"):
        open_door(port=first.port)


def test_closing_tells_idle_sessions_and_takes_no_new_ones(open_door: OpenDoor) -> None:
    running = open_door()
    idle = running.call()
    begun = running.call()
    begun.ask("MAIL FROM:<ann@shop.example>")

    running.run(running.door.close(grace=PATIENCE))

    assert not running.door.ready
    for caller in (idle, begun):
        assert caller.reply()[:9] == "421 4.3.2"
        assert caller.reply() == ""
    with pytest.raises(OSError, match="refused"):
        running.call()


def test_closing_lets_a_running_commit_end_and_answers_it(open_door: OpenDoor) -> None:
    running = open_door()
    running.intake.hold()
    caller = running.call()
    caller.begin()
    caller.send(b"x\r\n.\r\n")
    running.intake.keeping.get(timeout=PATIENCE)

    closing = running.start(running.door.close(grace=10 * PATIENCE))
    running.run(running.let_pass(0.05))
    assert not closing.done()
    running.intake.release()
    closing.result(PATIENCE)

    assert caller.reply().startswith("250 2.0.0")
    assert caller.reply()[:9] == "421 4.3.2"
    assert running.intake.kept.get(timeout=PATIENCE).raw == b"x\r\n"


def test_closing_lets_a_mail_that_is_coming_in_end(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()
    caller.begin()
    caller.send(b"half\r\n")

    closing = running.start(running.door.close(grace=PATIENCE))
    caller.send(b"and half\r\n.\r\n")
    closing.result(PATIENCE)

    assert caller.reply().startswith("250 2.0.0")
    assert caller.reply()[:9] == "421 4.3.2"


def test_closing_waits_for_a_commit_whose_client_is_gone(open_door: OpenDoor) -> None:
    running = open_door()
    running.intake.hold()
    caller = running.call()
    caller.begin()
    caller.send(b"x\r\n.\r\n")
    running.intake.keeping.get(timeout=PATIENCE)
    caller.reset()
    running.run(running.empty())

    closing = running.start(running.door.close(grace=10 * PATIENCE))
    running.run(running.let_pass(0.05))
    assert not closing.done()
    running.intake.release()
    closing.result(PATIENCE)

    assert running.intake.kept.get(timeout=PATIENCE).raw == b"x\r\n"


def test_closing_cuts_what_does_not_end_in_time(open_door: OpenDoor) -> None:
    running = open_door()
    stuck = running.call()
    stuck.begin()
    running.intake.hold()
    slow = running.call()
    slow.begin()
    slow.send(b"x\r\n.\r\n")
    running.intake.keeping.get(timeout=PATIENCE)

    running.run(running.door.close(grace=0.05))

    assert stuck.reply() == ""
    assert slow.reply() == ""
    assert running.intake.kept.empty()
    assert running.intake.cancelled.get(timeout=PATIENCE).raw == b"x\r\n"
