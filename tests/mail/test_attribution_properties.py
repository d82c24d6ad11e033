"""Whatever a mail holds: attribution never raises, and names nobody who does not stand in it."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.addresses import canonical, is_addr_spec
from app.mail.attribution import Surroundings, attribute, unwrap_address
from app.mail.parse import parse
from app.mail.threading import made_message_id, mentioned_ids, thread_index

PEOPLE = [
    "dora@strict.example",
    "ann@acme.example",
    "support@acme.example",
    "carla=customer.example@acme.example",
    "SRS0=H=T=customer.example=carla@acme.example",
    "form@shop.example",
    "<>",
    "",
    "@",
    "Dora",
]
FIELDS = [
    "From",
    "Reply-To",
    "X-Original-From",
    "X-Original-Sender",
    "X-Mailman-Original-From",
    "X-BeenThere",
    "X-MailFrom",
    "List-ID",
    "Cc",
    "Sender",
    "Resent-From",
    "Subject",
    "In-Reply-To",
    "References",
    "Thread-Index",
    "Content-Type",
]
NAMES = ["", "Dora via Support", "'x@y.example' via S", "über", '"', "=?utf-8?q?=40?=", "\u202e"]
AROUND = Surroundings(
    frozenset({"support@acme.example"}),
    frozenset({"form@shop.example"}),
    frozenset({"ann@acme.example"}).__contains__,
)

values = st.one_of(
    st.builds("{} <{}>".format, st.sampled_from(NAMES), st.sampled_from(PEOPLE)),
    st.sampled_from(PEOPLE),
    st.text(max_size=40).map(lambda text: re.sub("[\r\n]", " ", text)),
    st.just('multipart/mixed; boundary="b"'),
)
bodies = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "--b",
                "--b--",
                "Content-Type: message/rfc822",
                "",
                "---------- Forwarded message ---------",
                "From: Dora <dora@strict.example>",
                "Von: Dora",
                "Subject: x",
                "To: ann@acme.example",
                "Date: Mon, 23 Nov 2026 10:00",
            ]
        ),
        st.text(max_size=30),
    ),
    max_size=12,
).map("\n".join)
mails = st.builds(
    lambda fields, body: "".join(f"{n}: {v}\n" for n, v in fields) + "\n" + body,
    st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=8),
    bodies,
)


@settings(deadline=None, max_examples=300)
@given(mails, st.sampled_from(["human", "bulk", "bounce", "out_of_office"]))
def test_nobody_is_named_who_does_not_stand_in_the_mail(text: str, mail_class: str) -> None:
    raw = text.encode("utf-8", "replace")
    mail = parse(raw)

    decision = attribute(mail, mail_class, AROUND)

    address = canonical(decision.author.address)
    accepted = [one for one in decision.candidates if one.accepted]
    if is_addr_spec(decision.author.address):
        assert _stands_in(decision.author.address.casefold(), text)
    assert len(accepted) <= 1
    if accepted:
        assert canonical(accepted[0].address) == address
        assert accepted[0].method == decision.method
        assert not decision.unresolved
    assert all(one.reason for one in decision.candidates)
    assert address not in AROUND.own_addresses or decision.arrival in ("own", "machine")


def _stands_in(address: str, text: str) -> bool:
    """As it is but for quotes, which need not be, or taken apart as the rewritten forms do."""
    lowered = text.casefold().replace('"', "")
    if address.replace('"', "") in lowered:
        return True
    local, _, domain = address.rpartition("@")
    return f"{local}={domain}@" in lowered or f"={domain}={local}@" in lowered


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_octets_that_are_no_mail_are_attributed_too(raw: bytes) -> None:
    mail = parse(raw)

    decision = attribute(mail, "human", AROUND)

    assert decision.candidates
    assert len(mentioned_ids(mail)) <= 40
    assert made_message_id(mail) == made_message_id(parse(raw))
    thread_index(mail)


@given(st.text(max_size=200))
def test_unwrapping_an_address_never_raises(text: str) -> None:
    inner = unwrap_address(text)

    assert inner is None or "@" in inner
