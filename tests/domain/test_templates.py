"""Tokens of a template are filled in with whatever a mail brings."""

from __future__ import annotations

import pytest

from app.domain.tickets import templates
from app.domain.tickets.templates import filled, values_for


def values(
    subject: str = "Broken", name: str = "Ann", email: str = "ann@x.example"
) -> dict[str, str]:
    return values_for(subject=subject, name=name, email=email, channel="Support")


def test_tokens_are_filled_in() -> None:
    found = filled("{{ channel.name }}: {{conversation.subject}} ({{contact.email}})", values())

    assert found == "Support: Broken (ann@x.example)"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (values(subject=""), "(no subject) from Ann"),
        (values(subject=" \t "), "(no subject) from Ann"),
        (values(subject="", name=""), "(no subject) from ann@x.example"),
        (values(subject="", name="", email=""), "(no subject) from unknown sender"),
    ],
)
def test_a_missing_subject_is_called_by_its_sender(given: dict[str, str], name: str) -> None:
    assert filled("{{conversation.subject}}", given) == name


def test_a_missing_name_is_the_address() -> None:
    assert filled("{{contact.name}}", values(name="")) == "ann@x.example"
    assert filled("{{contact.email}}", values(email="")) == "unknown address"


def test_what_is_filled_in_is_one_line_of_plain_text() -> None:
    found = filled("{{conversation.subject}}", values(subject="a\r\nb\x00\u202ec  <b>d</b>"))

    assert found == "a b c <b>d</b>"


def test_a_value_that_looks_like_a_token_is_not_filled_in() -> None:
    found = filled("{{conversation.subject}}", values(subject="{{contact.email}}"))

    assert found == "{{contact.email}}"


def test_what_is_too_long_is_cut() -> None:
    found = filled("{{conversation.subject}}", values(subject="word " * 1000))

    assert len(found) <= templates.NAME_LIMIT
    assert found.endswith("…")
    assert len(filled("{{conversation.subject}}", values(), limit=3)) == 3


@pytest.mark.parametrize("text", ["{{contact.phone}}", "{{contact.name", "}}", "{{}}"])
def test_what_is_no_token_is_named(text: str) -> None:
    assert templates.faults_of(text)
