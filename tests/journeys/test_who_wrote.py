"""E through the doors: whoever wrote the original mail is the author, not who passed it on."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import connected_channel, mail, new_user
from tests.journeys.conftest import Inbox

GROUP = '"Dora Doe via Support" <support@acme.example>'
LIST = "List-ID: <support.acme.example>\r\nPrecedence: list\r\n"


async def test_forwarding_that_leaves_from_alone_changes_nothing(inbox: Inbox) -> None:
    passed_on = (
        "X-Forwarded-For: support@acme.example other@acme.example\r\n"
        "X-Forwarded-To: help@acme.example\r\n"
        "Sender: mover@acme.example\r\n"
        "Reply-To: Somebody Else <else@elsewhere.example>\r\n"
        "Resent-From: support@acme.example\r\n"
    )

    message = await inbox.take(more=passed_on)

    attribution = await inbox.attribution_of(message)
    assert message["author"]["address"] == "carla@customer.example"
    assert (attribution["class"], attribution["method"]) == ("transparent", "from")
    assert attribution["forwarder"] == "support@acme.example"
    assert await inbox.contact_addresses() == [["carla@customer.example"]]


@pytest.mark.parametrize(
    ("sender", "more", "method"),
    [
        (GROUP, "X-Original-From: Dora Doe <dora@strict.example>\r\n", "x-original-from"),
        (GROUP, "X-Original-Sender: dora@strict.example\r\n", "x-original-sender"),
        (GROUP, "Reply-To: Dora Doe <dora@strict.example>\r\n", "mailman"),
        ("Support <support@acme.example>", "Reply-To: dora@strict.example\r\n", "reply-to"),
        ("\"'dora@strict.example' via Support\" <support@acme.example>", "", "display-name"),
        (
            '"Dora Doe via Support" <support@acme.example>',
            "X-Mailman-Version: 2.1.39\r\nX-BeenThere: support@acme.example\r\n"
            "Reply-To: support@acme.example\r\nCc: Dora Doe <dora@strict.example>\r\n",
            "mailman",
        ),
        ('"Dora Doe" <dora=strict.example@acme.example>', "", "from"),
        (
            '"Dora Doe" <SRS0=ab1c=XY=strict.example=dora@acme.example>',
            "",
            "from",
        ),
    ],
)
async def test_rewritten_mail_belongs_to_the_person_behind_it(
    inbox: Inbox, sender: str, more: str, method: str
) -> None:
    message = await inbox.take(sender=sender, more=LIST + more)

    attribution = await inbox.attribution_of(message)
    assert message["author"]["address"] == "dora@strict.example"
    assert message["class"] == "human"
    assert (attribution["class"], attribution["method"]) == ("rewritten", method)
    assert [one["accepted"] for one in attribution["candidates"]].count(True) == 1
    assert all(one["reason"] for one in attribution["candidates"])
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


async def test_agreeing_signs_are_consistent(inbox: Inbox) -> None:
    more = (
        "X-Original-From: Dora Doe <dora@strict.example>\r\n"
        "Reply-To: Dora Doe <dora@strict.example>\r\n"
    )

    message = await inbox.take(sender=GROUP, more=LIST + more)

    assert (await inbox.attribution_of(message))["trust"] == "consistent"


async def test_rewritten_headers_are_not_believed_where_from_is_a_strangers(inbox: Inbox) -> None:
    message = await inbox.take(more="X-Original-From: Boss <boss@rich.example>\r\n")

    assert message["author"]["address"] == "carla@customer.example"


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Acme Support <support@acme.example>", ""),
        ('"Dora Doe via Support" <support@acme.example>', "Dora Doe"),
        ("support@acme.example", ""),
    ],
)
async def test_rewritten_mail_of_nobody_makes_a_placeholder(
    inbox: Inbox, sender: str, name: str
) -> None:
    message = await inbox.take(sender=sender, more=LIST)

    attribution = await inbox.attribution_of(message)
    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert attribution["unresolved"] is True
    assert attribution["method"] == "none"
    assert contact["placeholder"] is True
    assert (contact["name"], contact["addresses"]) == (name, [])
    assert message["author"]["contact_id"] == contact["id"]


async def test_strangers_are_never_collected_under_one_placeholder(inbox: Inbox) -> None:
    for number in range(2):
        await inbox.take(
            text=f"Mail {number}",
            sender="Support <support@acme.example>",
            message_id=f"<{number}@strict.example>",
            more=LIST,
        )

    conversations = await inbox.all("/v1/conversations")
    assert len({one["contact_id"] for one in conversations}) == 2


async def test_a_conversation_by_nobody_is_told_of_in_order(inbox: Inbox) -> None:
    await inbox.take(sender="Support <support@acme.example>", more=LIST)

    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert types[-4:-1] == ["contact.created", "conversation.created", "message.received"]


async def test_our_own_address_without_a_sign_of_rewriting_is_our_own_mail(inbox: Inbox) -> None:
    received = await inbox.receive(sender="Support <support@acme.example>")

    message = await inbox.get(f"/v1/messages/{received['message_id']}")
    assert received["class"] == message["class"] == "own"
    assert received["reason"]
    assert received["conversation_id"] is None
    assert (await inbox.attribution_of(message))["class"] == "own"
    assert await inbox.all("/v1/contacts") == []


async def test_a_gateway_speaks_for_the_person_in_its_reply_to(inbox: Inbox) -> None:
    path = f"/v1/channels/{inbox.channel['id']}"
    await inbox.patch(path, {"gateways": ["form@shop.example"]})

    message = await inbox.take(
        sender="Shop <form@shop.example>", more="Reply-To: Dora Doe <dora@strict.example>\r\n"
    )

    attribution = await inbox.attribution_of(message)
    assert message["author"]["address"] == "dora@strict.example"
    assert (attribution["class"], attribution["method"]) == ("gateway", "reply-to")


@pytest.mark.parametrize("mark", ["Auto-Submitted: auto-generated\r\n", "Precedence: bulk\r\n"])
async def test_what_a_person_wrote_into_a_form_is_a_persons_mail(inbox: Inbox, mark: str) -> None:
    path = f"/v1/channels/{inbox.channel['id']}"
    await inbox.patch(path, {"gateways": ["form@shop.example"]})

    written = await inbox.take(
        sender="Shop <form@shop.example>", more=f"{mark}Reply-To: Dora <dora@strict.example>\r\n"
    )
    notice = await inbox.receive(
        sender="Shop <form@shop.example>", more=mark, message_id="<2@shop.example>"
    )

    assert (written["class"], written["author"]["address"]) == ("human", "dora@strict.example")
    assert written["conversation_id"] is not None
    assert notice["class"] in ("auto_generated", "bulk")
    assert notice["conversation_id"] is None


async def test_a_sender_that_is_no_gateway_stays_the_author(inbox: Inbox) -> None:
    message = await inbox.take(
        sender="Shop <form@shop.example>", more="Reply-To: Dora Doe <dora@strict.example>\r\n"
    )

    assert message["author"]["address"] == "form@shop.example"


async def test_a_teammate_behind_the_group_makes_no_customer(inbox: Inbox) -> None:
    user = await new_user(inbox.http)

    message = await inbox.take(
        sender='"Ann via Support" <support@acme.example>',
        more=LIST + "X-Original-From: Ann <ann@acme.example>\r\n",
    )

    attribution = await inbox.attribution_of(message)
    assert attribution["class"] == "teammate"
    assert message["author"]["user_id"] == user["id"]
    assert message["kind"] == "comment"
    assert await inbox.contact_addresses() == [[]]


async def test_a_contact_is_found_by_each_of_its_addresses_without_case(inbox: Inbox) -> None:
    contact = await inbox.post(
        "/v1/contacts", {"name": "Carla", "addresses": ["c@home.example", "c@work.example"]}, 201
    )

    message = await inbox.take(sender="C <C@Work.Example>")

    assert message["author"]["contact_id"] == contact["id"]
    assert (await inbox.conversation_of(message))["contact_id"] == contact["id"]


async def test_a_name_in_the_mail_is_kept_beside_the_contacts_own(inbox: Inbox) -> None:
    await inbox.post(
        "/v1/contacts", {"name": "Carla", "addresses": ["carla@customer.example"]}, 201
    )

    message = await inbox.take()

    assert message["author"]["name"] == "Carla Customer"
    [contact] = await inbox.all("/v1/contacts")
    assert contact["name"] == "Carla"


async def test_an_address_that_is_printed_as_its_own_name_is_no_name(inbox: Inbox) -> None:
    address = "carla@customer.example"

    await inbox.take(sender=f"\"'{address.title()}'\" <{address}>")
    [before] = await inbox.all("/v1/contacts")
    await inbox.take(sender=f"Carla Customer <{address}>", message_id="<2@customer.example>")
    [after] = await inbox.all("/v1/contacts")

    assert (before["name"], after["name"]) == ("", "Carla Customer")


async def test_a_mail_without_a_usable_from_is_kept_unresolved(inbox: Inbox) -> None:
    raw = mail().replace(b"From: Carla Customer <carla@customer.example>\r\n", b"")

    message = await inbox.take(raw)

    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert (await inbox.attribution_of(message))["unresolved"] is True
    assert contact["placeholder"] is True


async def test_other_channels_of_ours_are_nobodys_contact_and_take_no_part(inbox: Inbox) -> None:
    sales = await connected_channel(inbox.http, team_address="sales@acme.example")
    more = f"Cc: sales@acme.example, {sales['forwarding_address']}, emil@else.example\r\n"

    message = await inbox.take(more=more)
    passed_on = await inbox.receive(
        sender="Sales <sales@acme.example>", message_id="<2@acme.example>", text="Yours?"
    )

    conversation = await inbox.conversation_of(message)
    assert [p["address"] for p in conversation["participants"]] == [
        "carla@customer.example",
        "emil@else.example",
    ]
    assert passed_on["class"] == "own"
    assert await inbox.contact_addresses() == [["carla@customer.example"]]


async def test_another_accounts_channel_is_a_stranger(
    inbox: Inbox, other_http: httpx.AsyncClient
) -> None:
    await connected_channel(other_http, team_address="team@globex.example")

    message = await inbox.take(sender="Globex <team@globex.example>")

    assert message["class"] == "human"
    assert message["author"]["address"] == "team@globex.example"
