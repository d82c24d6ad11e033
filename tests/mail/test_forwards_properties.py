"""Whatever the mail, the search for a forward ends, and invents nothing."""

import html as entities

from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.forwards import Forward, find_forward
from app.mail.forwards.labels import LABELS
from app.mail.forwards.lines import CLEAN, MOST_LINES
from app.mail.forwards.search import Search
from tests.mail.forwards.specimens import specimens

ALL = list(specimens())
PIECES = [
    "---------- Forwarded message ---------\n",
    "----- Original Message -----\n",
    "Begin forwarded message:\n",
    "________________________________\n",
    "From: ",
    "*Von:* ",
    "发件人：",
    "To: ",
    "Subject: ",
    "Date: ",
    "Cc:",
    "> ",
    "    ",
    "\n",
    "\n\n",
    "Ann Lee <ann@x.example>",
    "[mailto:bob@x.example]",
    "carl@x.example",
    "a@b.example<mailto:a@b.example>",
    "'",
    '"',
    "; ",
    ", ",
    "Wed, 27 Oct 2021 09:31",
    "On 1 May 2021, Ann <ann@x.example> wrote:\n",
    "\ufeff",
    "\u200f",
    "\x00",
    "<div>",
    "</div>",
    "<br>",
    "<blockquote>",
    '<a href="mailto:dora@x.example">',
    "</a>",
    "<!--",
    '<p class="',
    "&lt;eve@x.example&gt;",
    "moz-forward-container",
]
SUBJECTS = st.sampled_from(["", "Help", "Fwd: Help", "RE: Help", "[Fwd: x]", "İLT: x"]) | st.text()
TEXTS = st.text(max_size=300) | st.lists(st.sampled_from(PIECES) | st.text(max_size=9)).map("".join)


def addresses(forward: Forward) -> list[str]:
    people = (forward.author, *forward.to, *forward.cc, *forward.reply_to)
    return [person.address for person in people if person.address]


def visible(source: str) -> str:
    """A mail's text or markup without invisible characters and with plain spaces."""
    return entities.unescape(source).translate(CLEAN)


@settings(max_examples=300, deadline=None)
@given(subject=SUBJECTS, text=TEXTS, html=TEXTS)
def test_no_mail_raises_and_every_address_stands_in_the_mail(subject: str, text: str, html: str):
    forward = find_forward(subject, text, html)

    if forward is not None:
        source = visible(text if forward.source == "text" else html)
        assert all(address in source for address in addresses(forward))


@settings(max_examples=200, deadline=None)
@given(
    specimen=st.sampled_from(ALL),
    cut=st.integers(0, 400),
    length=st.integers(0, 60),
    filling=st.sampled_from(PIECES) | st.text(max_size=20),
)
def test_a_damaged_forward_names_only_people_of_its_block(specimen, cut, length, filling):
    source = specimen.text or specimen.html
    damaged = source[:cut] + filling + source[cut + length :]
    body = ("", damaged) if source == specimen.html else (damaged, "")

    forward = find_forward(specimen.subject, *body)

    if forward is not None:
        plain = visible(damaged)
        head = plain[: len(plain) - len(forward.text)] if forward.text else plain
        assert all(address in plain for address in addresses(forward))
        assert forward.author.address == "" or forward.author.address in head


@settings(max_examples=100, deadline=None)
@given(specimen=st.sampled_from(ALL), language=st.sampled_from(sorted(LABELS)), text=st.text())
def test_the_own_words_above_a_forward_never_become_its_author(specimen, language, text):
    above = text.replace(":", "").replace("：", "").replace("\r", "\n") + " eve@evil.example"
    body = f"{above}\n\n{specimen.text}"

    forward = find_forward(specimen.subject, body if specimen.text else "", specimen.html)

    assert forward is None or forward.author.address != "eve@evil.example"


def test_hostile_bodies_are_searched_in_part_only():
    hostile = [
        ">" * 1_000_000,
        "> \n" * 100_000,
        "From: " + "<a@b.example" * 80_000,
        "---------- Forwarded message ---------\nFrom: a@b.example\nTo: "
        + "x <x@y.example>, " * 60_000,
        ("x " * 100 + "wrote 1:\n") * 5_000,
        '"' * 500_000,
        "-" * 1_000_000,
    ]
    markup = [
        "<div>" * 200_000,
        "<" * 1_000_000,
        '<a "' * 250_000,
        "<!--" * 250_000,
        "&" * 1_000_000,
    ]

    for text in hostile:
        find_forward("Fwd: x", text, "")
    for html in markup:
        find_forward("Fwd: x", "", html)
    found = find_forward("", "\n" * (MOST_LINES + 1) + ALL[0].text, "")

    assert found is None


def test_the_search_does_not_read_the_whole_of_a_long_line():
    line = "x" * 10_000 + "---------- Forwarded message ---------"

    assert Search([], "").run() is None
    assert find_forward("", f"{line}\nFrom: a@b.example\nSubject: x\n", "") is None
