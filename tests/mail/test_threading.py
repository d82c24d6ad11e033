"""The ids that lead a mail to its conversation, and how copies of one mail are told."""

from __future__ import annotations

import base64

import pytest

from app.mail import threading
from app.mail.message import Mail
from app.mail.parse import parse

ROOT = b"\x01" + bytes(range(21))


def mail(*fields: str, body: str = "Hello") -> Mail:
    """A mail with these header fields."""
    return parse(("\r\n".join(fields) + f"\r\n\r\n{body}\r\n").encode())


def test_in_reply_to_comes_first_then_references_from_the_newest() -> None:
    found = threading.mentioned_ids(
        mail("References: <1@x.example> <2@x.example> <3@x.example>", "In-Reply-To: <2@x.example>")
    )

    assert found == ("2@x.example", "3@x.example", "1@x.example")


def test_a_mails_own_id_is_not_among_those_it_mentions() -> None:
    found = threading.mentioned_ids(
        mail("Message-ID: <1@x.example>", "References: <1@x.example> <2@x.example>")
    )

    assert found == ("2@x.example",)


def test_of_a_long_thread_the_newest_ids_and_the_first_are_kept() -> None:
    ids = [f"{n}@x.example" for n in range(100)]

    found = threading.mentioned_ids(mail("References: " + "\r\n ".join(f"<{i}>" for i in ids)))

    assert len(found) == threading.MENTIONED_LIMIT
    assert found[0] == "99@x.example"
    assert found[-1] == "0@x.example"


def test_keys_fold_the_domain_but_not_the_left_side() -> None:
    key = threading.key_of("scope", "Abc@X.example")

    assert key == threading.key_of("scope", "<Abc@x.example>")
    assert key == threading.key_of("scope", "Abc@x. example")
    assert key != threading.key_of("scope", "abc@x.example")
    assert key != threading.key_of("other", "Abc@x.example")


def test_a_thread_index_has_a_root_and_says_whether_it_answers() -> None:
    def read(octets: bytes) -> threading.ThreadIndex | None:
        return threading.thread_index(mail(f"Thread-Index: {base64.b64encode(octets).decode()}"))

    first, answer = read(ROOT), read(ROOT + b"\x00" * 5)

    assert first is not None
    assert answer is not None
    assert first.root == answer.root
    assert (first.answers, answer.answers) == (False, True)
    assert read(ROOT[:21]) is None
    assert read(b"\x00" + ROOT[1:]) is None


def test_a_folded_thread_index_is_read_and_a_broken_one_is_not() -> None:
    text = base64.b64encode(ROOT + bytes(200)).decode()
    folded = threading.thread_index(mail(f"Thread-Index: {text[:60]}\r\n {text[60:]}"))

    assert folded is not None
    assert folded.root.startswith(ROOT.hex())
    assert threading.thread_index(mail("Thread-Index: !!!")) is None
    assert threading.thread_index(mail("Subject: x")) is None


def test_a_made_id_is_the_same_for_the_same_mail_and_known_as_made() -> None:
    fields = ("From: a@x.example", "Subject: Hi", "Date: Tue, 24 Nov 2026 09:00:00 +0000")
    one = threading.made_message_id(mail(*fields))
    again = threading.made_message_id(mail("Received: from a by b", *fields))
    other = threading.made_message_id(mail(*fields, body="Bye"))

    assert one == again
    assert one != other
    assert threading.is_made(one)
    assert not threading.is_made("1@x.example")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Lamp", "[support] Lamp", True),
        ("[support] Lamp", "Lamp", True),
        ("Lamp", "Lamps", False),
        ("", "", True),
        ("", "Lamp", False),
    ],
)
def test_groups_put_their_name_before_a_subject(one: str, other: str, same: bool) -> None:
    assert threading.same_subject(one, other) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello you", "Hello  you\n", True),
        ("Hello", "Hello\n-- \nfooter of the group", True),
        ("Hello", "Well, hello", False),
        ("", "", True),
        ("", "Hello", False),
    ],
)
def test_groups_put_footers_behind_a_text(one: str, other: str, same: bool) -> None:
    assert threading.same_content(one, other) is same
