"""Attribution by itself: the order of candidates, forms of addresses, what is never believed."""

from __future__ import annotations

import pytest

from app.mail.attribution import Attribution, Surroundings, attribute, unwrap_address
from app.mail.parse import parse

OWN = frozenset({"support@acme.example", "help@acme.hosted.example"})
TEAM = frozenset({"ann@acme.example", "bob@acme.example"})
VIA = '"Dora Doe via Support" <support@acme.example>'


def decide(*fields: str, body: str = "Hello", mail_class: str = "human") -> Attribution:
    """The decision about a mail with these header fields."""
    raw = "\r\n".join(fields) + "\r\n\r\n" + body.replace("\n", "\r\n")
    around = Surroundings(OWN, frozenset({"form@shop.example"}), TEAM.__contains__)
    return attribute(parse(raw.encode()), mail_class, around)


def methods(decision: Attribution) -> list[tuple[str, bool]]:
    return [(one.method, one.accepted) for one in decision.candidates]


def test_the_candidates_of_a_rewriting_come_in_their_order() -> None:
    decision = decide(
        f"From: {VIA}",
        "X-Original-From: Dora Doe <dora@one.example>",
        "X-Original-Sender: dora@two.example",
        "Reply-To: Dora Doe <dora@three.example>",
    )

    assert decision.author.address == "dora@one.example"
    assert methods(decision)[:3] == [
        ("from", False),
        ("x-original-from", True),
        ("x-original-sender", False),
    ]
    assert "comes before" in decision.candidates[2].reason
    assert decision.trust == "unverified"


def test_a_candidate_that_is_our_own_gives_way_to_the_next() -> None:
    decision = decide(
        f"From: {VIA}",
        "X-Original-From: Support <support@acme.example>",
        "X-Original-Sender: dora@strict.example",
    )

    assert decision.author.address == "dora@strict.example"
    assert decision.author.name == "Dora Doe"
    assert not decision.candidates[1].accepted


def test_a_reply_to_of_several_people_is_nobody() -> None:
    decision = decide(
        "From: Support <support@acme.example>", "Reply-To: a@one.example, b@two.example"
    )

    assert decision.unresolved
    assert decision.author.address == ""
    assert decision.candidates[-1].reason == "Reply-To names several people."


def test_a_reply_to_beside_our_own_is_the_author() -> None:
    decision = decide(
        "From: Support <support@acme.example>",
        "Reply-To: support@acme.example, Dora <dora@strict.example>",
    )

    assert decision.author.address == "dora@strict.example"


@pytest.mark.parametrize(
    "field",
    [
        "X-Forwarded-For: mover@else.example support@acme.example",
        "Return-Path: <mover@else.example>",
        "Sender: mover@else.example",
        "Delivered-To: mover@else.example",
        "X-Forwarded-To: mover@else.example",
    ],
)
def test_who_passed_a_mail_on_is_never_the_author(field: str) -> None:
    transparent = decide("From: Carla <carla@customer.example>", field)
    rewritten = decide(
        "From: Support <support@acme.example>", "List-ID: <support.acme.example>", field
    )

    assert transparent.author.address == "carla@customer.example"
    assert rewritten.unresolved
    assert all(one.address != "mover@else.example" for one in rewritten.candidates)


def test_mailmans_cc_is_believed_only_under_the_name_that_from_kept() -> None:
    cc = "Cc: Emil <emil@strict.example>, Dora Doe <dora@strict.example>"
    decision = decide(f"From: {VIA}", "X-BeenThere: support@acme.example", cc)
    nobody = decide(
        f"From: {VIA}", "X-BeenThere: support@acme.example", "Cc: Emil <emil@strict.example>"
    )

    assert (decision.method, decision.author.address) == ("mailman", "dora@strict.example")
    assert nobody.unresolved
    assert nobody.author.name == "Dora Doe"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Dora Doe via Support", "Dora Doe"),
        ("Dora Doe über Support", "Dora Doe"),
        ("'Dora Doe' via Support", "Dora Doe"),
        ("Dora Doe on behalf of Support", "Dora Doe"),
        ("Acme Support", ""),
        ("", ""),
    ],
)
def test_only_a_name_that_the_rewriting_has_marked_is_a_persons(name: str, kept: str) -> None:
    decision = decide(f'From: "{name}" <support@acme.example>', "List-ID: <support.acme.example>")

    assert decision.unresolved
    assert decision.author.name == kept


def test_reports_are_written_by_machines() -> None:
    decision = decide("From: MAILER-DAEMON@mx.example", mail_class="bounce")

    assert (decision.arrival, decision.unresolved) == ("machine", False)


@pytest.mark.parametrize(
    "field",
    ["From: ", "From: undisclosed", "From: Dora <>", "From: <@>", "Subject: none", "From: a@b@c"],
)
def test_a_from_without_an_address_is_unresolved(field: str) -> None:
    decision = decide(field)

    assert (decision.method, decision.unresolved) == ("none", True)


def test_a_gateway_without_a_usable_reply_to_is_unresolved() -> None:
    without = decide("From: form@shop.example")
    own = decide("From: form@shop.example", "Reply-To: support@acme.example")

    assert without.unresolved
    assert own.unresolved
    assert without.arrival == own.arrival == "gateway"


def test_a_teammate_behind_the_group_is_no_customer() -> None:
    decision = decide(f"From: {VIA}", "X-Original-From: Ann <ann@acme.example>")

    assert (decision.arrival, decision.method) == ("teammate", "x-original-from")
    assert decision.original is None
    assert decision.author.address == "ann@acme.example"
    assert methods(decision) == [("x-original-from", True), ("from", False)]


def test_forwards_among_the_team_are_looked_through() -> None:
    def block(sender: str, text: str) -> str:
        return (
            f"---------- Forwarded message ---------\nFrom: {sender}\n"
            f"Date: Mon, 23 Nov 2026 at 10:00\nSubject: Lamp\nTo: x@acme.example\n\n{text}\n"
        )

    deep = block("Bob <bob@acme.example>", "Yours?\n\n" + block("Dora <dora@strict.example>", "Hi"))
    decision = decide("From: Ann <ann@acme.example>", "Subject: Fwd: Lamp", body=f"Look\n\n{deep}")

    assert decision.author.address == "dora@strict.example"
    assert decision.comment.strip() == "Look"
    assert decision.forwarder == "ann@acme.example"


@pytest.mark.parametrize(
    ("address", "inner"),
    [
        ("SRS0=HHH=TT=customer.example=carla@acme.example", "carla@customer.example"),
        ("srs0+HHH=TT=customer.example=carla+tag@acme.example", "carla+tag@customer.example"),
        (
            "SRS1=GGG=first.example==HHH=TT=customer.example=carla@acme.example",
            "carla@customer.example",
        ),
        ("carla=customer.example@acme.example", "carla@customer.example"),
        ("carla@customer.example", None),
        ("SRS0=broken@acme.example", None),
        ("a=b@acme.example", None),
        ("no address", None),
        ("", None),
    ],
)
def test_rewritten_forms_of_addresses_are_undone(address: str, inner: str | None) -> None:
    assert unwrap_address(address) == inner


def test_rewritten_forms_at_a_strangers_domain_stay_as_they_are() -> None:
    decision = decide("From: carla=customer.example@else.example")

    assert decision.author.address == "carla=customer.example@else.example"
    assert decision.arrival == "transparent"
