"""The mail: where it ends, and that its octets are kept (RFC 5321 sections 4.1.1.4, 4.5.2)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.smtp.data import DataCollector
from tests.smtp.conftest import OpenDoor
from tests.smtp.running_door import PATIENCE


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\n\n.\r\n",
        b"\r\n\x00.\r\n",
        b"\r\n.\x00\r\n",
        b"\r\n. \r\n",
        b"\r\n.\r\r\n",
    ],
)
def test_only_crlf_dot_crlf_ends_a_mail(open_door: OpenDoor, end: bytes) -> None:
    running = open_door()
    caller = running.call()
    smuggled = b"MAIL FROM:<admin@acme.example>\r\nRCPT TO:<sales@acme.example>\r\nDATA\r\nbad\r\n"

    reply = caller.deliver(b"Subject: x\r\n\r\nHello" + end + smuggled)

    assert reply.startswith("250 2.0.0 Kept")
    assert caller.ask("NOOP") == "250 2.0.0 Ok"
    mail = running.intake.kept.get(timeout=PATIENCE)
    assert mail.raw.endswith(smuggled)
    assert mail.reverse_path == "ann@shop.example"
    assert running.intake.kept.empty()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
        (b"..x\r\n...\r\n", b".x\r\n..\r\n"),
        (b".x\r\n", b"x\r\n"),
        (b"a\n.\nb\n..c\r\n", b"a\n.\nb\n..c\r\n"),
        (b"a\rb\r\n", b"a\rb\r\n"),
        (b"\xff\x00\x80 8bit\r\n", b"\xff\x00\x80 8bit\r\n"),
        (b"x" * 200_000 + b"\r\n", b"x" * 200_000 + b"\r\n"),
    ],
)
def test_the_octets_of_a_mail_are_kept(open_door: OpenDoor, sent: bytes, kept: bytes) -> None:
    running = open_door()

    running.call().deliver(sent)

    assert running.intake.kept.get(timeout=PATIENCE).raw == kept


def test_a_mail_that_comes_octet_by_octet_is_the_same_mail(open_door: OpenDoor) -> None:
    running = open_door()
    caller = running.call()
    caller.begin()

    for octet in b"a\r\n..b\r\n.\r\n":
        caller.send(bytes([octet]))

    assert caller.reply().startswith("250 2.0.0")
    assert running.intake.kept.get(timeout=PATIENCE).raw == b"a\r\n.b\r\n"


def test_a_large_mail_is_kept_whole(open_door: OpenDoor) -> None:
    running = open_door()
    mail = b"".join(b".%d line of a large mail\r\n" % number for number in range(200_000))

    running.call().deliver(mail.replace(b"\r\n.", b"\r\n..").replace(b".0", b"..0", 1))

    assert running.intake.kept.get(timeout=PATIENCE).raw == mail


def test_an_announced_size_beyond_the_limit_is_refused_at_mail(open_door: OpenDoor) -> None:
    caller = open_door(size_limit=70_000).call()

    assert caller.ask("MAIL FROM:<ann@shop.example> SIZE=70001")[:9] == "552 5.3.4"
    assert caller.ask("MAIL FROM:<ann@shop.example> SIZE=70000")[:9] == "250 2.1.0"


def test_a_mail_beyond_the_limit_is_refused_and_the_next_one_works(open_door: OpenDoor) -> None:
    running = open_door(size_limit=70_000)
    caller = running.call()

    reply = caller.deliver(b"x" * 69_999 + b"\r\n", "support@acme.example")
    next_reply = caller.deliver(b"small\r\n", "sales@acme.example")

    assert reply[:9] == "552 5.3.4"
    assert next_reply.startswith("250 2.0.0")
    assert running.intake.kept.get(timeout=PATIENCE).raw == b"small\r\n"
    refusal = running.intake.refusals.get(timeout=PATIENCE)
    assert (refusal.recipient, refusal.code, refusal.size) == ("support@acme.example", 552, 70_001)


def test_dot_stuffed_lines_up_to_the_limit_are_kept(open_door: OpenDoor) -> None:
    running = open_door(size_limit=69_999)

    reply = running.call().deliver(b"..\r\n" * 23_333)

    assert reply.startswith("250 2.0.0")
    assert len(running.intake.kept.get(timeout=PATIENCE).raw) == 69_999


def test_far_beyond_the_limit_the_client_is_cut_off_with_the_reason(open_door: OpenDoor) -> None:
    running = open_door(size_limit=70_000)
    caller = running.call()
    caller.begin()

    caller.send(b"x" * 300_000)

    assert caller.reply()[:9] == "552 5.3.4"
    assert caller.reply() == ""


def test_too_much_mail_at_one_time_is_put_off(open_door: OpenDoor) -> None:
    running = open_door(memory_limit=100_000)
    caller = running.call()

    reply = caller.deliver(b"x" * 200_000 + b"\r\n")
    next_reply = caller.deliver(b"small\r\n")

    assert reply[:9] == "452 4.3.1"
    assert next_reply.startswith("250 2.0.0")
    assert running.door.counters.octets_in_flight == 0


@pytest.mark.parametrize(
    "mail", [b"", b"\r\n", b"a\r\n", b".\r\n", b"\r\r\n.\r\r\n", b"\r\n.\n\r\n"]
)
def test_the_limit_is_exact_wherever_a_mail_is_cut(mail: bytes) -> None:
    stream = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"

    for first, second in itertools.combinations_with_replacement(range(len(stream) + 1), 2):
        fitting, small = DataCollector(len(mail)), DataCollector(len(mail) - 1)
        rest = None
        for block in (stream[:first], stream[first:second], stream[second:]):
            if block:
                rest = fitting.feed(block)
                assert small.feed(block) == rest

        assert rest == b""
        assert (fitting.too_big, small.too_big) == (False, True)
        assert fitting.take() == mail
        assert fitting.size == small.size == len(mail)


_PIECES = st.lists(
    st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"..", b"a", b"\r\n.", b"\r\n.\r", b"text"]),
    max_size=30,
).map(b"".join)


@settings(deadline=None)
@given(mail=_PIECES, cuts=st.lists(st.integers(0, 200), max_size=8), after=st.binary(max_size=5))
def test_however_a_mail_is_cut_into_blocks_it_is_read_alike(
    mail: bytes, cuts: list[int], after: bytes
) -> None:
    mail += b"\r\n"
    stuffed = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
    stream = stuffed + b".\r\n" + after
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    collector = DataCollector(1000)

    rest = None
    for begin, end in itertools.pairwise(places):
        block = stream[begin:end]
        rest = collector.feed(block) if rest is None else rest + block

    assert rest == after
    assert collector.take() == mail
    assert collector.size == len(mail)
    assert not collector.too_big


@settings(deadline=None)
@given(blocks=st.lists(_PIECES.filter(bool), max_size=20), limit=st.integers(0, 50))
def test_a_discarded_mail_ends_where_a_kept_one_does(blocks: list[bytes], limit: int) -> None:
    keeping, discarding = DataCollector(100_000), DataCollector(limit)

    for block in [*blocks, b"\r\n.\r\n"]:
        rest = keeping.feed(block)
        assert discarding.feed(block) == rest
        assert discarding.size == keeping.size
        if rest is not None:
            break

    assert discarding.too_big is (keeping.size > limit)
