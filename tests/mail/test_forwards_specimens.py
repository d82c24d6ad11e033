"""Every specimen of `tests/mail/forwards` is read: author, recipients, subject, date, text."""

import pytest

from app.mail.forwards import find_forward
from app.mail.message import Mailbox
from tests.mail.forwards import table
from tests.mail.forwards.specimens import (
    ADDRESS,
    BOB,
    BODY,
    COMMENT,
    NAME,
    SENT,
    SUBJECT,
    SUPPORT,
    Specimen,
    specimens,
)

ALL = list(specimens())
NO_BLOCK = {"outlook_2019", "yandex"}  # a sentence that names the author alone
ONLY_FORWARDS_HAVE_IT = {"gmail", "hubspot", "apple_mail", "thunderbird", "yahoo", "proton", "zoho"}
REPLIES_HAVE_IT = {"outlook", "outlook_web", "outlook_mac", "outlook_2019"}


def of(*clients: str) -> list[Specimen]:
    return [specimen for specimen in ALL if specimen.client in clients]


def parts(specimen: Specimen) -> list[tuple[str, str]]:
    """The mail with its text alone, its HTML alone, and both, as far as there are such parts."""
    bodies = [(specimen.text, ""), ("", specimen.html), (specimen.text, specimen.html)]
    return [body for body in dict.fromkeys(bodies) if any(body)]


def filled(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("specimen", ALL, ids=lambda specimen: specimen.name)
def test_a_specimen_is_read_completely(specimen: Specimen):
    for text, html in parts(specimen):
        forward = find_forward(specimen.subject, text, html)

        assert forward is not None
        assert forward.author == Mailbox(NAME, ADDRESS)
        assert forward.subject == SUBJECT
        assert forward.sent_at == SENT
        assert filled(forward.text) == filled(BODY)
        assert filled(forward.comment) == filled(COMMENT)
        assert forward.source == ("html" if html else "text")
        assert ("Dear support" in forward.html) == bool(html)
        assert not any(word in forward.html for word in (ADDRESS, SUBJECT, COMMENT))
        assert ADDRESS in forward.evidence


@pytest.mark.parametrize(
    "specimen",
    [specimen for specimen in ALL if specimen.client not in NO_BLOCK | {"hidden_address"}],
    ids=lambda specimen: specimen.name,
)
def test_the_recipients_of_a_specimen_come_along(specimen: Specimen):
    for text, html in parts(specimen):
        forward = find_forward(specimen.subject, text, html)

        assert forward is not None
        assert [person.address for person in forward.to] == [SUPPORT]
        assert [person.address for person in forward.cc] == ([BOB] if specimen.has_cc else [])


@pytest.mark.parametrize("specimen", ALL, ids=lambda specimen: specimen.name)
def test_the_language_of_a_specimen_is_right_or_left_open(specimen: Specimen):
    for text, html in parts(specimen):
        forward = find_forward(specimen.subject, text, html)

        # Gmail in Japanese, Naver: the labels are English.
        english = specimen.name in ("gmail-ja", "naver-ko")
        allowed = ("", specimen.language.partition("-")[0], "en" if english else "")
        assert forward is not None
        assert forward.language in allowed


@pytest.mark.parametrize("specimen", of(*ONLY_FORWARDS_HAVE_IT), ids=lambda specimen: specimen.name)
def test_a_separator_of_forwards_needs_no_prefix_in_the_subject(specimen: Specimen):
    for text, html in parts(specimen):
        forward = find_forward("", text, html)

        assert forward is not None
        assert forward.author.address == ADDRESS


@pytest.mark.parametrize("specimen", of(*REPLIES_HAVE_IT), ids=lambda specimen: specimen.name)
def test_what_replies_have_as_well_is_no_forward_without_a_prefix(specimen: Specimen):
    for text, html in parts(specimen):
        for prefix in ("", "RE: ", "AW: ", "SV: ", "Odp: ", "Re: Fwd: "):
            assert find_forward(prefix + SUBJECT, text, html) is None


@pytest.mark.parametrize(
    "specimen", [specimen for specimen in ALL if specimen.text], ids=lambda specimen: specimen.name
)
def test_the_outermost_forward_is_reported_and_keeps_the_others(specimen: Specimen):
    outer = (
        "Look:\n\n---------- Forwarded message ---------\nFrom: Zed <zed@between.example>\n"
        f"Date: Wed, 27 Oct 2021 10:00\nSubject: Fwd: {SUBJECT}\nTo: <{SUPPORT}>\n\n"
    )

    forward = find_forward(f"Fwd: Fwd: {SUBJECT}", outer + specimen.text, "")

    assert forward is not None
    assert forward.author == Mailbox("Zed", "zed@between.example")
    assert forward.comment == "Look:"
    assert ADDRESS in forward.text


@pytest.mark.parametrize(
    "specimen", [specimen for specimen in ALL if specimen.text], ids=lambda specimen: specimen.name
)
def test_line_ends_and_odd_spaces_do_not_matter(specimen: Specimen):
    text = "\ufeff" + specimen.text.replace("\n", "\r\n").replace(": ", ":\xa0")

    forward = find_forward(specimen.subject, text, "")

    assert forward is not None
    assert forward.author == Mailbox(NAME, ADDRESS)
    assert forward.subject == SUBJECT


def test_there_are_specimens_in_more_than_forty_languages():
    assert len({specimen.language for specimen in ALL}) > 40


def test_the_page_about_forwards_is_current():
    assert table.PAGE.read_text(encoding="utf-8") == table.page()
