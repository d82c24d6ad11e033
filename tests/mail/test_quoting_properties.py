"""What holds for every input: nothing raises, and no word of a text is lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.quoting import split, split_html, split_text

LINES = st.sampled_from(
    [
        "Hello there",
        "",
        " ",
        "> quoted",
        ">",
        ">> deep",
        ">From me",
        "-- ",
        "--",
        "—",
        "________________",
        "On Mon, May 3, 2021 at 10:00 AM Bob <bob@x.example> wrote:",
        "On Mon, May 3, 2021 Bob <",
        "bob@x.example> wrote:",
        "> wrote:",
        "word On Mon, May 3, 2021 at 10:00 AM Bob wrote:",
        "Am 3.5.2021 um 10:00 schrieb Bob:",
        "Bob wrote:",
        "From: Bob <bob@x.example>",
        "Sent: 3 May",
        "To: Ann",
        "Subject: Test",
        "-----Original Message-----",
        "---------- Forwarded message ---------",
        "> Begin forwarded message:",
        "## Reply above this line ##",
        "Sent from my iPhone",
        "users mailing list",
        "see my answers below",
        "\x85\u2028 odd \x1c white \x00 space",
        "\u202ecnot\u202c",
    ]
)
TAGS = st.sampled_from(
    [
        '<div class="gmail_quote">',
        '<div class="gmail_attr">',
        '<div class="gmail_signature">',
        '<blockquote type="cite">',
        "<blockquote>",
        "</blockquote>",
        "</div>",
        "<div>",
        "<p>",
        "<br>",
        "<pre>",
        "</pre>",
        "<li>",
        "<td>",
        '<div id="divRplyFwdMsg">',
        '<div class="moz-forward-container">',
        "<style>",
        "</style>",
        "<!--",
        "-->",
        '<a "',
        "<",
        "words\n",
        "On 3/5/2021 10:00, Bob wrote:",
        "&amp;&#xD800;&#0;",
    ]
)
TEXTS = st.lists(LINES | st.text(max_size=30), max_size=25).map("\n".join)
HTMLS = st.lists(TAGS | st.text(max_size=10), max_size=40).map("".join)


def _letters(*texts: str) -> Counter[str]:
    return Counter("".join("".join(texts).split()))


@given(TEXTS)
@settings(max_examples=400, deadline=None)
def test_every_word_is_in_the_reply_the_quotation_or_the_signature(text: str) -> None:
    found = split_text(text)

    assert _letters(found.reply, found.quoted, found.signature) == _letters(text)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_text_with_words_has_a_reply(text: str) -> None:
    assert bool(split_text(text).reply.strip()) == bool(text.strip())


@given(TEXTS, HTMLS)
@settings(max_examples=300, deadline=None)
def test_no_html_raises_or_leaves_an_empty_reply(text: str, html: str) -> None:
    alone, chosen = split_html(html), split(text, html)

    assert alone is None or alone.reply.strip() or not (alone.quoted or alone.signature)
    assert not text.strip() or chosen.reply.strip()


def test_enormous_inputs_are_read_once() -> None:
    texts = [
        "x" * 1_000_000,
        "> " * 100_000,
        ">\n" * 100_000,
        "> a\nb\n" * 50_000,
        "On " * 300_000,
        "On 3 May wrote\nfoo wrote:\n" * 20_000,
        "From: a@b.example\n" * 50_000,
        "## reply above this line ##\n" * 30_000,
        "a\n" + "-- \n" * 100_000,
        "a\n" + "----\n" * 100_000 + "On 2021-03-03 10:00 Bob <a@b.example> wrote:\nx",
    ]
    htmls = [
        '<blockquote type="cite">' * 40_000 + "x",
        '<blockquote type="cite">' + "<div>" * 100_000,
        '<div class="gmail_quote">' * 40_000 + "x",
        "blockquote" + "<" * 300_000,
        "blockquote" + "<a '" * 100_000,
        "blockquote" + "<!--" * 100_000,
    ]

    replies = [split_text(text).reply for text in texts]
    found = [split_html(html) for html in htmls]

    assert all(replies)
    assert found[0] is not None
