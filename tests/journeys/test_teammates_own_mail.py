"""E4 and G1: a teammate writes to a customer from his own mail program, the team in Cc."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import new_user
from tests.journeys.conftest import Inbox

ANN = "Ann <ann@acme.example>"
DORA = "Dora Doe <dora@strict.example>"
CC = "Cc: Support <support@acme.example>\r\n"


@pytest.fixture
async def ann(inbox: Inbox) -> dict[str, Any]:
    """A person of the team."""
    return await new_user(inbox.http)


async def by_ann(inbox: Inbox, to: str = DORA, more: str = CC, **fields: Any) -> Any:
    """What Ann writes to somebody with the team in Cc."""
    fields = {"subject": "Your lamp", "message_id": "<own@acme.example>", **fields}
    return await inbox.take(text="It is on its way.", sender=ANN, to=to, more=more, **fields)


def answer_to(message_id: str = "<own@acme.example>") -> str:
    """Fields of an answer to it."""
    return f"In-Reply-To: {message_id}\r\n{CC}"


async def test_whom_a_teammate_writes_to_is_the_contact_and_answers(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await by_ann(inbox)

    answer = await inbox.take(
        text="Thank you!",
        sender=DORA,
        to=ANN,
        subject="Re: Your lamp",
        message_id="<answer@strict.example>",
        more=answer_to(),
    )

    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert (message["kind"], message["author"]["user_id"]) == ("comment", ann["id"])
    assert (contact["placeholder"], contact["addresses"]) == (False, ["dora@strict.example"])
    assert contact["name"] == "Dora Doe"
    assert answer["conversation_id"] == message["conversation_id"]
    assert (answer["kind"], answer["pending"]) == ("message", False)
    assert answer["author"]["contact_id"] == contact["id"]
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


async def test_a_reply_goes_to_whom_the_teammate_wrote_to(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await by_ann(inbox)

    reply = await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/replies",
        {"text": "It has left.", "author_id": ann["id"]},
        202,
    )

    assert [one["address"] for one in reply["to"]] == ["dora@strict.example"]


async def test_of_several_whom_a_teammate_writes_to_none_is_the_contact_but_all_may_answer(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await by_ann(inbox, to=f"{DORA}, Emil <emil@strict.example>")

    answer = await inbox.take(
        sender="Emil <emil@strict.example>",
        to=ANN,
        message_id="<answer@strict.example>",
        more=answer_to(),
    )

    conversation = await inbox.conversation_of(message)
    contact = await inbox.get(f"/v1/contacts/{conversation['contact_id']}")
    assert contact["placeholder"] is True
    assert (answer["conversation_id"], answer["pending"]) == (message["conversation_id"], False)
    assert [one["address"] for one in conversation["participants"]] == [
        "dora@strict.example",
        "emil@strict.example",
    ]


async def test_while_nobody_knows_the_contact_a_reply_is_to_who_wrote_last(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    message = await by_ann(inbox, to=f"{DORA}, Emil <emil@strict.example>")
    await inbox.take(
        sender="Emil <emil@strict.example>",
        to=f"{ANN}, {DORA}",
        message_id="<answer@strict.example>",
        more=answer_to(),
    )

    reply = await inbox.post(
        f"/v1/conversations/{message['conversation_id']}/replies",
        {"text": "It has left.", "author_id": ann["id"]},
        202,
    )

    assert [one["address"] for one in reply["to"]] == ["emil@strict.example"]
    assert [one["address"] for one in reply["cc"]] == ["dora@strict.example"]


async def test_a_teammate_copies_somebody_into_a_conversation_that_exists(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    asked = await inbox.take(sender=DORA, message_id="<asked@strict.example>")
    note = await by_ann(
        inbox,
        more="In-Reply-To: <asked@strict.example>\r\n"
        "Cc: Support <support@acme.example>, Emil <emil@far.example>\r\n",
    )

    answer = await inbox.take(
        sender="Emil <emil@far.example>", message_id="<emil@far.example>", more=answer_to()
    )

    before, after = await inbox.conversation_of(asked), await inbox.conversation_of(answer)
    assert note["kind"] == "comment"
    assert (after["id"], answer["pending"]) == (before["id"], False)
    assert after["contact_id"] == asked["author"]["contact_id"]
    assert sorted(await inbox.contact_addresses()) == [
        ["dora@strict.example"],
        ["emil@far.example"],
    ]


async def test_an_answer_with_outlooks_block_lets_whom_it_is_written_to_take_part(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    """In a known conversation it is no forward, whatever the block names."""
    asked = await inbox.take(sender=DORA, message_id="<asked@strict.example>")
    text = (
        "We send a new one.\n\nFrom: Dora Doe <dora@strict.example>\n"
        "Sent: Monday, November 23, 2026 10:00 AM\nTo: Zoe <zoe@quoted.example>\n"
        "Subject: Broken lamp\n\nThe lamp arrived broken.\n"
    )
    note = await inbox.take(
        text=text,
        sender=ANN,
        to=f"{DORA}, Emil <emil@far.example>",
        subject="FW: Broken lamp",
        message_id="<own@acme.example>",
        more=f"In-Reply-To: <asked@strict.example>\r\n{CC}",
    )

    conversation = await inbox.conversation_of(asked)
    assert (note["conversation_id"], note["kind"]) == (conversation["id"], "comment")
    assert [one["address"] for one in conversation["participants"]] == [
        "dora@strict.example",
        "emil@far.example",
    ]


async def test_an_automatic_answer_of_a_teammate_lets_nobody_take_part(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    asked = await inbox.take(sender=DORA, message_id="<asked@strict.example>")

    await by_ann(
        inbox,
        to="Emil <emil@far.example>",
        more=f"{CC}In-Reply-To: <asked@strict.example>\r\nAuto-Submitted: auto-replied\r\n",
    )

    conversation = await inbox.conversation_of(asked)
    assert [one["address"] for one in conversation["participants"]] == ["dora@strict.example"]
    assert await inbox.contact_addresses() == [["dora@strict.example"]]


async def test_what_is_written_to_the_team_alone_stays_without_a_contact(
    inbox: Inbox, ann: dict[str, Any]
) -> None:
    await new_user(inbox.http, "bob@acme.example")

    message = await by_ann(inbox, to="Bob <bob@acme.example>")

    conversation = await inbox.conversation_of(message)
    assert conversation["participants"] == []
    assert await inbox.contact_addresses() == [[]]
