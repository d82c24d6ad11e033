"""The PROXY protocol, versions 1 and 2, behind a balancer."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.smtp.conftest import OpenDoor
from tests.smtp.running_door import PATIENCE, Caller

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_V4 = socket.inet_aton("203.0.113.7") + socket.inet_aton("192.0.2.1") + struct.pack("!HH", 5000, 25)
_V6 = (
    socket.inet_pton(socket.AF_INET6, "2001:db8::7")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + struct.pack("!HH", 5000, 25)
)


def _v2(command: int, family: int, addresses: bytes) -> bytes:
    return _SIGNATURE + struct.pack("!BBH", 0x20 | command, family, len(addresses)) + addresses


def _greet(caller: Caller) -> Caller:
    assert caller.reply()[:4] == "220 "
    assert caller.ask("EHLO client.example")[:3] == "250"
    return caller


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 25\r\n", "203.0.113.7"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 5000 25\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (_v2(1, 0x11, _V4), "203.0.113.7"),
        (_v2(1, 0x21, _V6), "2001:db8::7"),
        (_v2(1, 0x11, _V4 + b"\x04\x00\x02ab"), "203.0.113.7"),
        (_v2(0, 0x00, b""), "127.0.0.1"),
    ],
)
def test_the_address_that_the_balancer_names_is_the_clients(
    open_door: OpenDoor, header: bytes, address: str
) -> None:
    running = open_door(proxy_protocol=True)
    caller = running.call(greet=False)

    caller.send(header)
    _greet(caller).deliver()

    assert running.intake.kept.get(timeout=PATIENCE).remote_address == address


@pytest.mark.parametrize(
    "header",
    [
        b"EHLO client.example\r\n",
        b"PROXY TCP4 nonsense\r\n",
        b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 99999\r\n",
        _SIGNATURE + b"\x11\x11\x00\x00",
        _v2(1, 0x11, _V4[:5]),
    ],
)
def test_without_a_proper_header_the_connection_is_closed_without_a_word(
    open_door: OpenDoor, header: bytes
) -> None:
    caller = open_door(proxy_protocol=True).call(greet=False)

    caller.send(header)

    assert caller.reply() == ""


def test_a_balancer_that_only_looks_whether_the_port_is_open_is_no_trouble(
    open_door: OpenDoor,
) -> None:
    running = open_door(proxy_protocol=True)
    caller = running.call(greet=False)

    caller.close()

    running.run(running.empty())


def test_a_header_that_never_comes_is_not_waited_for(open_door: OpenDoor) -> None:
    caller = open_door(proxy_protocol=True, handshake_timeout=0.1).call(greet=False)

    assert caller.reply() == ""


def test_the_time_for_the_header_is_over_with_the_header(open_door: OpenDoor) -> None:
    running = open_door(proxy_protocol=True, handshake_timeout=0.1)
    caller = running.call(greet=False)

    caller.send(b"PROXY UNKNOWN\r\n")
    caller.reply()
    running.run(running.let_pass(0.2))

    assert caller.ask("NOOP") == "250 2.0.0 Ok"


def test_a_header_is_nothing_special_when_the_protocol_is_off(open_door: OpenDoor) -> None:
    caller = open_door().call(greet=False)
    caller.reply()

    assert caller.ask("PROXY TCP4 203.0.113.7 192.0.2.1 5000 25")[:9] == "500 5.5.1"


def test_the_limit_per_address_is_for_the_named_address(open_door: OpenDoor) -> None:
    running = open_door(proxy_protocol=True, connection_limit_per_address=1)
    first, second, other = (running.call(greet=False) for _ in range(3))

    first.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 25\r\n")
    first_reply = first.reply()
    second.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 5001 25\r\n")
    other.send(b"PROXY TCP4 203.0.113.8 192.0.2.1 5002 25\r\n")

    assert (first_reply[:3], second.reply()[:3], other.reply()[:3]) == ("220", "421", "220")


def test_one_ipv6_host_counts_once_however_many_addresses_it_has(open_door: OpenDoor) -> None:
    running = open_door(proxy_protocol=True, connection_limit_per_address=1)
    first, second = running.call(greet=False), running.call(greet=False)

    first.send(b"PROXY TCP6 2001:db8::7 2001:db8::1 5000 25\r\n")
    first_reply = first.reply()
    second.send(b"PROXY TCP6 2001:db8::8 2001:db8::1 5000 25\r\n")

    assert (first_reply[:3], second.reply()[:3]) == ("220", "421")
