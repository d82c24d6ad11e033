"""SPF checks: whatever the DNS and the envelope say, they end, and ask little."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from app.mail import spf
from app.mail.spf import Answer, Check

HOST = "192.0.2.3"

_pieces = st.sampled_from(
    [
        *("all", "include:", "a", "mx", "ptr", "exists:", "ip4:", "ip6:", "redirect=", "exp=", " "),
        *(
            "n1.example.com",
            "%{",
            "}",
            "%",
            "d",
            "i",
            "r",
            "9",
            "/",
            "//",
            "24",
            ".",
            "-",
            "~",
            "ü",
        ),
        *("192.0.2.0", "2001:db8::", "%{ir}", "%{l1r+-/}", ":", "=", "0", "x" * 70, "\x00", "\\"),
    ]
)
_records = st.lists(_pieces, max_size=30).map(lambda parts: "v=spf1 " + "".join(parts))
_texts = st.one_of(
    st.none(), st.just("error"), st.lists(st.one_of(_records, st.text()), max_size=3)
)


@given(st.text(), st.text(), st.text(), st.lists(_texts, min_size=1, max_size=6))
def test_no_input_raises_and_what_is_asked_is_bounded(
    address: str, sender: str, helo: str, answers: list[Answer]
) -> None:
    turn = itertools.cycle(answers)
    for check in (Check(address, sender, helo), Check(HOST, f"{sender}@example.com", helo)):
        rounds = 0
        while check.questions:
            rounds += 1
            check.answer({one: next(turn) for one in check.questions})

        assert check.result in (*"none neutral pass fail softfail temperror permerror".split(),)
        assert rounds <= 1 + 2 * spf.MOST_LOOKUPS
