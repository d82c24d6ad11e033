"""Signed tokens in mail: what is read back, what is refused, what survives the way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import ids
from app.mail import tokens
from app.mail.addresses import is_addr_spec

KEYS = tokens.keys_from(b"a secret")
OTHERS = tokens.keys_from(b"another secret")
REPLY = "msg_0190a1b2c3d4e5f60718293a4b5c6d7e"
CONVERSATION = "cnv_fffffffffffffffffffffffffffffffe"
USER = "usr_00000000000000000000000000000000"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def path(index: int = 0) -> str:
    return tokens.make_return_path(
        KEYS, reply_id=REPLY, recipient_index=index, domain="acme.inbox.example"
    )


def reply_address(channel: str = "support@acme.inbox.example") -> str:
    return tokens.make_reply_address(KEYS, conversation_id=CONVERSATION, channel_address=channel)


def test_a_message_id_of_ours_names_its_reply() -> None:
    made = tokens.make_message_id(KEYS, reply_id=REPLY, domain="Acme.example")

    assert re.fullmatch(r"[a-z0-9.-]+@acme\.example", made)
    for seen in (made, f" <{made}> ", made.upper(), made.replace("acme", "relay")):
        assert tokens.read_message_id(KEYS, seen) == REPLY


def test_a_return_path_names_the_reply_and_the_recipient() -> None:
    for index in (0, 7, 99_999):
        made = path(index)

        assert is_addr_spec(made)
        assert len(made.partition("@")[0]) <= 64
        assert tokens.read_return_path(KEYS, made.upper()) == (REPLY, index)


def test_a_recipient_beyond_what_a_path_can_name_is_a_mistake() -> None:
    for index in (-1, 100_000):
        with pytest.raises(ValueError, match="recipient"):
            path(index)


def test_the_index_of_a_return_path_is_signed() -> None:
    assert tokens.read_return_path(KEYS, path(1).replace("-1-", "-2-")) is None
    assert tokens.read_return_path(KEYS, path(1).replace("-1-", "-01-")) is None


def test_a_reply_address_names_the_conversation() -> None:
    made = reply_address()

    assert is_addr_spec(made)
    assert made.startswith("support+")
    assert made.endswith("@acme.inbox.example")
    assert tokens.read_reply_address(KEYS, f"<{made.upper()}>") == CONVERSATION


def test_a_reply_address_keeps_a_tag_that_the_channel_has() -> None:
    made = reply_address("help+de@x.example")

    assert made.startswith("help+de+")
    assert tokens.read_reply_address(KEYS, made) == CONVERSATION


def test_the_tag_of_one_channel_is_nothing_at_another() -> None:
    made = reply_address()

    assert tokens.read_reply_address(KEYS, made.replace("support", "sales")) is None
    assert tokens.read_reply_address(KEYS, made.replace("acme", "other")) is None


def test_a_tag_that_does_not_fit_is_left_out() -> None:
    assert len(reply_address(f"{'a' * 19}@x.example").partition("@")[0]) == 64
    assert reply_address(f"{'a' * 20}@x.example") == f"{'a' * 20}@x.example"


def test_a_mark_is_an_accounts_own_only_with_the_message_id_it_was_made_for() -> None:
    mark = tokens.make_loop_mark(KEYS, account_id="acc_1", message_id="<1@Acme.example>")

    def is_own(keys: tokens.Keys, value: str, message_id: str, account_id: str = "acc_1") -> bool:
        return tokens.is_own_mark(keys, value, account_id=account_id, message_id=message_id)

    assert is_own(KEYS, f" {mark.upper()} ", "1@acme.example")
    assert not is_own(KEYS, mark, "2@acme.example")
    assert not is_own(KEYS, mark, "1@acme.example", account_id="acc_2")
    assert not is_own(OTHERS, mark, "1@acme.example")
    assert not is_own(KEYS, "", "1@acme.example")


def test_an_owners_token_holds_until_it_expires() -> None:
    made = tokens.make_owner_token(
        KEYS, conversation_id=CONVERSATION, user_id=USER, expires_at=NOW + timedelta(days=7)
    )

    within, after = NOW + timedelta(days=6), NOW + timedelta(days=7)

    assert tokens.read_owner_token(KEYS, made.upper(), now=within) == (CONVERSATION, USER)
    assert tokens.read_owner_token(KEYS, made, now=after) is None
    assert tokens.read_owner_token(OTHERS, made, now=within) is None
    later = re.sub(r"\.(\d+)\.", lambda found: f".{int(found[1]) + 1}.", made)
    assert tokens.read_owner_token(KEYS, later, now=within) is None


def test_tokens_of_one_purpose_are_nothing_for_another() -> None:
    message_id = tokens.make_message_id(KEYS, reply_id=CONVERSATION, domain="x.example")
    code, _, seal = message_id.partition("@")[0].removeprefix("cnv-").partition(".")

    assert tokens.read_message_id(KEYS, message_id) == CONVERSATION
    assert tokens.read_reply_address(KEYS, f"support+{code}{seal}@x.example") is None


def test_tokens_of_another_secret_are_not_read() -> None:
    assert tokens.read_return_path(OTHERS, path()) is None
    assert tokens.read_reply_address(OTHERS, reply_address()) is None


def test_after_a_change_of_secret_earlier_tokens_are_still_read() -> None:
    changed = tokens.keys_from(b"new secret", b"a secret", b"oldest")

    assert changed.current != KEYS.current
    assert tokens.read_return_path(changed, path()) == (REPLY, 0)
    made = tokens.make_message_id(changed, reply_id=REPLY, domain="x.example")
    assert tokens.read_message_id(changed, made) == REPLY
    assert tokens.read_message_id(KEYS, made) is None


def test_an_identifier_that_is_not_ours_is_a_mistake() -> None:
    for wrong in ("", "msg_1", "MSG_" + "a" * 32, REPLY + "\n", "msg_" + "g" * 32):
        with pytest.raises(ValueError, match="identifier"):
            tokens.make_message_id(KEYS, reply_id=wrong, domain="x.example")


def test_every_identifier_comes_back() -> None:
    for _ in range(50):
        reply_id = ids.new("msg")

        made = tokens.make_message_id(KEYS, reply_id=reply_id, domain="x.example")

        assert tokens.read_message_id(KEYS, made) == reply_id


def test_no_character_of_a_token_can_be_changed() -> None:
    made = path(3)
    local, _, domain = made.partition("@")

    for place, character in enumerate(local):
        for other in "abz27-0=":
            if other != character:
                changed = f"{local[:place]}{other}{local[place + 1 :]}@{domain}"
                assert tokens.read_return_path(KEYS, changed) is None


@given(st.text(max_size=120) | st.text("abcdefgz234567-.+@", max_size=90))
def test_nothing_that_others_write_is_a_token_or_a_fault(text: str) -> None:
    assert tokens.read_message_id(KEYS, text) is None
    assert tokens.read_return_path(KEYS, text) is None
    assert tokens.read_reply_address(KEYS, text) is None
    assert tokens.read_owner_token(KEYS, text, now=NOW) is None
    assert not tokens.is_own_mark(KEYS, text, account_id="acc_1", message_id=text)


def test_keys_do_not_show_in_a_log() -> None:
    assert "b'" not in repr(KEYS)
