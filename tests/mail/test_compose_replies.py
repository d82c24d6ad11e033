"""What makes a mail an answer: subject, references, quote; and HTML made of text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.mail import html, quoting
from app.mail.compose import (
    html_of_text,
    quote_intro,
    quote_text,
    references_for,
    reply_subject,
)
from app.mail.message import Mailbox


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("Hello", "Re: Hello"),
        ("Re: Hello", "Re: Hello"),
        ("RE: AW: Re: Hello", "Re: Hello"),
        ("SV: Hej", "Re: Hej"),
        ("Re[2]: Hello", "Re: Hello"),
        ("回复：你好", "Re: 你好"),
        ("[EXTERNAL] Re: Hello", "Re: Hello"),
        ("Fwd: Hello", "Re: Fwd: Hello"),
        ("Re: Fwd: Re: Hello", "Re: Fwd: Re: Hello"),
        ("Ref: 4711", "Re: Ref: 4711"),
        ("Invoice: overdue", "Re: Invoice: overdue"),
        ("Re: 👩‍👧 and می‌خواهم", "Re: 👩‍👧 and می‌خواهم"),
        ("", "Re:"),
        ("a\r\nBcc: x", "Re: a Bcc: x"),
    ],
)
def test_the_subject_of_an_answer_says_re_once(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer


def test_the_subject_of_an_answer_stays_as_it_is_when_answered_again() -> None:
    once = reply_subject("Re: " * 30 + "x" * 3000)

    assert reply_subject(once) == once


def test_references_are_the_parents_and_the_parent() -> None:
    assert references_for("c@x", ("a@x", "b@x")) == ("a@x", "b@x", "c@x")
    assert references_for("<c@x>", ("<a@x>",)) == ("a@x", "c@x")
    assert references_for("a@x") == ("a@x",)


def test_a_parent_without_references_lends_its_in_reply_to() -> None:
    assert references_for("b@x", (), ("a@x",)) == ("a@x", "b@x")
    assert references_for("b@x", ("r@x",), ("a@x",)) == ("r@x", "b@x")
    assert references_for("b@x", (), ("a@x", "z@x")) == ("b@x",)


def test_a_parent_that_names_itself_stands_last_and_once() -> None:
    assert references_for("b@x", ("a@x", "b@x", "a@x")) == ("a@x", "b@x")


def test_the_parent_is_kept_however_long_the_thread() -> None:
    thread = tuple(f"{'x' * 200}{number}@y" for number in range(50))

    found = references_for("parent@y", thread)

    assert found[0] == thread[0]
    assert found[-1] == "parent@y"
    assert sum(len(one) + 3 for one in found) <= 998


def test_our_quote_is_read_as_a_quote() -> None:
    sent_at = datetime(2026, 11, 24, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    intro = quote_intro(Mailbox("Bob", "bob@x.example"), sent_at)

    text = f"Yes.\n\n{quote_text('Is it?', intro)}"

    assert intro == "On 2026-11-23 at 23:05 UTC, Bob <bob@x.example> wrote:"
    assert quoting.split_text(text).reply.strip() == "Yes."


def test_an_intro_needs_neither_name_nor_date() -> None:
    assert quote_intro(Mailbox("", "bob@x.example"), None) == "<bob@x.example> wrote:"
    assert "\n" not in quote_intro(Mailbox("a\r\nb", "x@y"), datetime(2026, 1, 1, tzinfo=UTC))


def test_lines_are_quoted_one_by_one() -> None:
    assert quote_text("a\r\n\r\n> b\rc\n\n", "B wrote:") == "B wrote:\n> a\n>\n>> b\n> c"


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a\nb\r\nc", "a<br>\nb<br>\nc"),
        ("a  b", "a&nbsp; b"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("see https://x.example/a?b=1&c=2.",
         'see <a href="https://x.example/a?b=1&amp;c=2">https://x.example/a?b=1&amp;c=2</a>.'),
        ("(www.x.example)", '(<a href="http://www.x.example">www.x.example</a>)'),
        ("https://x.example/a_(b)", '<a href="https://x.example/a_(b)">https://x.example/a_(b)</a>'),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ('https://x.example/"onclick=', '<a href="https://x.example/">https://x.example/</a>'
         '"onclick='),
        ("https://", "https://"),
    ],
)  # fmt: skip
def test_text_becomes_html_that_shows_the_same(text: str, markup: str) -> None:
    assert html_of_text(text) == f"<div>{markup}</div>"


def test_html_of_text_holds_nothing_that_cleaning_would_take_away() -> None:
    text = "x <y> 'z' \"q\" & https://x.example/'\"<script>?a=b&copy=1\n\tend"

    cleaned = html.sanitise(html_of_text(text))

    assert html.to_text(cleaned) == html.to_text(html_of_text(text))
