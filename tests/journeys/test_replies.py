"""G5, C6: an agent answers, the mail lies in the outbox as it should, answers to it come back."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Callable, Coroutine
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import select

from app.domain import raw_mail
from app.domain.outbox import OutboxItem
from tests.builders import mail, new_user
from tests.conftest import Account, Service
from tests.journeys.conftest import Inbox

Outbox = Callable[[], Coroutine[Any, Any, list[tuple[OutboxItem, bytes]]]]
Reply = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


@pytest.fixture
def outbox(service: Service, account: Account) -> Outbox:
    """What lies in the outbox, with the octets of each item."""

    async def read() -> list[tuple[OutboxItem, bytes]]:
        async with service.database.reading() as db:
            statement = select(OutboxItem).where(OutboxItem.account_id == account.id)
            items = (await db.execute(statement.order_by(OutboxItem.id))).scalars().all()
            store = service.house.store
            return [
                (one, await raw_mail.raw_of(db, store, account.id, one.raw_digest)) for one in items
            ]

    return read


@pytest.fixture
async def ann(inbox: Inbox) -> dict[str, Any]:
    """The agent."""
    return await new_user(inbox.http)


@pytest.fixture
def reply(inbox: Inbox, ann: dict[str, Any]) -> Reply:
    """Answer in the conversation of a message."""

    async def send(message: dict[str, Any], status: int = 202, **fields: Any) -> dict[str, Any]:
        body = {"text": "It leaves today.", "author_id": ann["id"], **fields}
        path = f"/v1/conversations/{message['conversation_id']}/replies"
        found: dict[str, Any] = await inbox.post(path, body, status)
        return found

    return send


def read(raw: bytes) -> EmailMessage:
    """As another program reads it."""
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def text_of(raw: bytes) -> str:
    """Its plain text."""
    part = read(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def html_of(raw: bytes) -> str:
    """Its HTML."""
    part = read(raw).get_body(("html",))
    assert part is not None
    return str(part.get_content())


async def test_a_reply_is_queued_for_the_contact_and_everybody_of_the_last_mail(
    inbox: Inbox, outbox: Outbox, reply: Reply
) -> None:
    message = await inbox.take(
        to="support@acme.example, Dora <dora@customer.example>",
        more="Cc: ann@acme.example, Emil <emil@elsewhere.example>\r\n",
    )

    answer = await reply(message)

    sent = await outbox()
    written = read(sent[0][1])
    recipients = [one.recipient for one, _ in sent]
    assert recipients == [
        "carla@customer.example",
        "dora@customer.example",
        "emil@elsewhere.example",
    ]
    assert written["To"] == "Carla Customer <carla@customer.example>"
    assert written["Cc"] == "Dora <dora@customer.example>, Emil <emil@elsewhere.example>"
    assert written["From"] == f"Ann from Acme <{inbox.address}>"
    assert written["Reply-To"] is None
    assert written["Subject"] == "Re: Where is my order?"
    assert (answer["kind"], answer["direction"], answer["class"]) == (
        "message",
        "outgoing",
        "human",
    )
    assert [(one["recipient"], one["state"], one["attempts"]) for one in answer["deliveries"]] == [
        (one, "queued", 0) for one in recipients
    ]
    assert len({one.sender for one, _ in sent}) == 3


async def test_the_stored_reply_reads_like_a_mail(
    inbox: Inbox, outbox: Outbox, reply: Reply, ann: dict[str, Any]
) -> None:
    message = await inbox.take()

    answer = await reply(message)

    [(_, raw)] = await outbox()
    shown = await inbox.get(f"/v1/messages/{answer['id']}")
    listed = (await inbox.messages_of(message))[1]
    kept = await inbox.http.get(f"/v1/messages/{answer['id']}/raw")
    assert shown == answer == listed
    assert kept.content == raw
    assert shown["reply_text"] == "It leaves today."
    assert shown["quoted_text"].strip() == "Hello, my order has not come."
    assert shown["text"].startswith("It leaves today.")
    assert "> Hello, my order has not come." in shown["text"]
    assert shown["author"] == {
        "contact_id": None,
        "user_id": ann["id"],
        "name": "Ann",
        "address": "ann@acme.example",
    }
    assert "ann@acme.example" not in raw.decode()
    assert shown["message_id"] == str(read(raw)["Message-ID"]).strip("<>")


async def test_the_threading_headers_fit(inbox: Inbox, outbox: Outbox, reply: Reply) -> None:
    index = "AdAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
    await inbox.take()
    message = await inbox.take(
        text="Hello?",
        message_id="<2@customer.example>",
        more="In-Reply-To: <1@customer.example>\r\nReferences: <0@old.example> "
        f"<1@customer.example>\r\nThread-Topic: Orders\r\nThread-Index: {index}\r\n",
    )

    answer = await reply(message)

    [(_, raw)] = await outbox()
    written = read(raw)
    assert written["In-Reply-To"] == "<2@customer.example>"
    assert written["References"].split() == [
        "<0@old.example>",
        "<1@customer.example>",
        "<2@customer.example>",
    ]
    assert (written["Thread-Topic"], written["Thread-Index"]) == ("Orders", index)
    assert answer["in_reply_to"] == "2@customer.example"


@pytest.mark.parametrize("header", ["In-Reply-To", "References"])
async def test_an_answer_that_names_only_our_id_comes_back(
    inbox: Inbox, reply: Reply, header: str
) -> None:
    message = await inbox.take()
    answer = await reply(message)

    back = await inbox.take(
        text="Thank you.",
        message_id="<9@customer.example>",
        subject="Another subject",
        more=f"{header}: <{answer['message_id']}>\r\n",
    )

    assert back["conversation_id"] == message["conversation_id"]
    assert back["pending"] is False


async def test_our_own_mail_coming_back_is_the_same_mail(
    inbox: Inbox, outbox: Outbox, reply: Reply
) -> None:
    answer = await reply(await inbox.take())
    [(_, raw)] = await outbox()

    received = await inbox.receive(b"Received: from list.example\r\n" + raw)

    assert received["message_id"] == answer["id"]
    assert received["outcome"] == "duplicate"


async def test_to_is_the_address_the_contact_last_wrote_from(
    inbox: Inbox, outbox: Outbox, reply: Reply
) -> None:
    message = await inbox.take()
    path = f"/v1/contacts/{message['author']['contact_id']}"
    both = ["carla@customer.example", "carla@home.example"]
    await inbox.patch(path, {"addresses": both})
    await inbox.take(
        text="From home.",
        sender="carla@home.example",
        message_id="<2@home.example>",
        more="In-Reply-To: <1@customer.example>\r\n",
    )

    await reply(message)

    [(item, _)] = await outbox()
    assert item.recipient == "carla@home.example"


@pytest.mark.parametrize("odd", ["bob@☃.example", f"bob@{'é' * 60}.example"])
async def test_an_address_that_no_mail_can_be_sent_to_is_left_out_by_default(
    inbox: Inbox, reply: Reply, odd: str
) -> None:
    in_cc = await inbox.take(more=f"Cc: {odd}, Eve <eve@customer.example>\r\n")
    in_from = await inbox.take(sender=f"Bob <{odd}>", message_id="<2@customer.example>")

    sent = await reply(in_cc)
    refused = await reply(in_from, 422)

    recipients = [one["recipient"] for one in sent["deliveries"]]
    assert recipients == ["carla@customer.example", "eve@customer.example"]
    assert refused["code"] == "replies.no_recipient"
    await reply(in_from, to=["bob@customer.example"])


async def test_recipients_can_be_said_otherwise(inbox: Inbox, outbox: Outbox, reply: Reply) -> None:
    message = await inbox.take(more="Cc: emil@elsewhere.example\r\n")

    answer = await reply(
        message, to=["Fay <fay@new.example>"], cc=[], bcc=["gil@secret.example", "fay@new.example"]
    )

    sent = await outbox()
    conversation = await inbox.conversation_of(message)
    assert [one.recipient for one, _ in sent] == ["fay@new.example", "gil@secret.example"]
    assert b"gil@secret.example" not in sent[0][1]
    assert answer["to"] == [{"name": "Fay", "address": "fay@new.example"}]
    assert answer["cc"] == []
    people = {one["address"] for one in conversation["participants"]}
    assert "fay@new.example" in people
    assert "gil@secret.example" not in people


async def test_the_first_reply_assigns_and_a_closed_conversation_stays_closed(
    inbox: Inbox, reply: Reply, ann: dict[str, Any]
) -> None:
    message = await inbox.take()
    bob = await new_user(inbox.http, "bob@acme.example")
    path = f"/v1/conversations/{message['conversation_id']}"

    await reply(message)
    first = await inbox.get(path)
    await inbox.patch(path, {"state": "closed"})
    await reply(message, author_id=bob["id"])
    second = await inbox.get(path)
    await reply(message, state="open")
    third = await inbox.get(path)
    await reply(message, state="closed")
    fourth = await inbox.get(path)

    kinds = [one["kind"] for one in await inbox.messages_of(message)]
    types = [one["type"] for one in await inbox.all("/v1/events")]
    assert (first["assignee_id"], first["state"]) == (ann["id"], "open")
    assert (second["assignee_id"], second["state"]) == (ann["id"], "closed")
    assert (third["state"], fourth["state"]) == ("open", "closed")
    assert first["last_sent_at"] == first["last_message_at"]
    assert fourth["message_count"] == 5
    assert kinds[:3] == ["message", "message", "event"]
    assert types.count("message.created") == 4
    assert types.count("conversation.assigned") == 1


async def test_an_idempotency_key_sends_once(
    inbox: Inbox, outbox: Outbox, ann: dict[str, Any]
) -> None:
    message = await inbox.take()
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    body = {"text": "Once.", "author_id": ann["id"]}
    headers = {"Idempotency-Key": "once"}

    together = await asyncio.gather(
        *(inbox.http.post(path, json=body, headers=headers) for _ in range(5))
    )
    later = await inbox.http.post(path, json=body, headers=headers)
    other = await inbox.http.post(path, json={**body, "text": "Twice."}, headers=headers)

    answers = [*together, later]
    assert {one.status_code for one in answers} == {202}
    assert len({one.json()["id"] for one in answers}) == 1
    assert sum("idempotent-replayed" in one.headers for one in answers) == 5
    assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")
    assert len(await outbox()) == 1


async def test_the_preflight_is_what_is_sent(inbox: Inbox, outbox: Outbox, reply: Reply) -> None:
    message = await inbox.take(more="Cc: Emil <emil@elsewhere.example>\r\n")
    path = f"/v1/conversations/{message['conversation_id']}/replies/preflight"
    body = {"text": "Soon.", "html": "<p>Soon.<script>x</script>", "bcc": ["gil@secret.example"]}
    author = (await inbox.all("/v1/users"))[0]["id"]

    shown = await inbox.post(path, {**body, "author_id": author})
    before = await outbox()
    answer = await reply(message, **body)

    sent = await outbox()
    written = read(sent[0][1])
    assert before == []
    assert shown["from_header"] == written["From"]
    assert shown["from"] == answer["from"]
    assert shown["subject"] == written["Subject"]
    assert shown["in_reply_to"] == answer["in_reply_to"]
    assert shown["references"] == ["1@customer.example"]
    assert abs(shown["size"] - len(sent[0][1])) < 60  # signatures of one key differ by some folds
    assert [(one["address"], one["role"]) for one in shown["recipients"]] == [
        ("carla@customer.example", "to"),
        ("emil@elsewhere.example", "cc"),
        ("gil@secret.example", "bcc"),
    ]
    assert [one.recipient for one, _ in sent] == [one["address"] for one in shown["recipients"]]
    assert sent[0][0].sender.endswith(shown["envelope_from"].removeprefix("bounce-*"))
    assert shown["alignment"]["dmarc"] is True
    assert shown["alignment"]["dkim_domain"] == "inbox.localhost"
    assert "script" not in sent[0][1].decode()


async def test_an_answer_since_stops_the_reply(inbox: Inbox, reply: Reply) -> None:
    first = await inbox.take()
    second = await inbox.take(
        text="And?", message_id="<2@customer.example>", more="In-Reply-To: <1@customer.example>\r\n"
    )
    author = (await inbox.all("/v1/users"))[0]["id"]
    path = f"/v1/conversations/{first['conversation_id']}/replies"
    body = {"text": "x", "author_id": author, "expected_last_message_id": first["id"]}

    shown = await inbox.post(f"{path}/preflight", body)
    refused = await inbox.http.post(path, json=body)
    taken = await reply(first, expected_last_message_id=second["id"])
    unknown = await inbox.http.post(path, json={**body, "expected_last_message_id": "msg_unknown"})

    assert [one["message_id"] for one in shown["answered_since"]] == [second["id"]]
    assert (refused.status_code, refused.json()["code"]) == (409, "replies.answered_since")
    assert taken["direction"] == "outgoing"
    assert (unknown.status_code, unknown.json()["code"]) == (422, "replies.unknown_message")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"author_id": "usr_unknown"}, 422, "conversations.unknown_user"),
        ({"text": " "}, 422, "replies.empty"),
        ({"to": []}, 422, "replies.no_recipient"),
        ({"to": ["nonsense"]}, 422, "replies.bad_address"),
        ({"to": ["a@b.example\r\nBcc: x@y.example"]}, 422, "replies.bad_address"),
        ({"cc": ["support@acme.example"]}, 422, "replies.own_address"),
        ({"to": ["Support+x@Acme.Example"]}, 422, "replies.own_address"),
        ({"cc": [f"p{n}@many.example" for n in range(101)]}, 422, "replies.too_many_recipients"),
        ({"attachments": [{"upload_id": "upl_unknown"}]}, 422, "uploads.unknown"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    inbox: Inbox, outbox: Outbox, reply: Reply, body: dict[str, Any], status: int, code: str
) -> None:
    message = await inbox.take()

    answer = await reply(message, status, **body)

    assert answer["code"] == code
    assert await outbox() == []
    assert len(await inbox.messages_of(message)) == 1


async def test_no_text_of_the_request_ends_a_header(
    inbox: Inbox, outbox: Outbox, reply: Reply
) -> None:
    message = await inbox.take(sender='"x\r\n y" <carla@customer.example>')

    await reply(message, subject="Hello\r\nBcc: victim@x.example\r\n\r\nbody")

    [(_, raw)] = await outbox()
    assert "Bcc" not in read(raw)
    assert "victim@x.example" in str(read(raw)["Subject"])


async def test_a_deleted_channel_sends_nothing(inbox: Inbox, reply: Reply) -> None:
    message = await inbox.take()
    await inbox.http.delete(f"/v1/channels/{inbox.channel['id']}")

    answer = await reply(message, 409)

    assert answer["code"] == "replies.channel_gone"


async def test_a_merged_conversation_is_answered_where_it_went(inbox: Inbox, reply: Reply) -> None:
    message = await inbox.take()
    other = await inbox.take(text="Another", message_id="<2@customer.example>")
    path = f"/v1/conversations/{message['conversation_id']}/merge"
    await inbox.post(path, {"into": other["conversation_id"]})

    answer = await reply(message, 409)

    assert answer["code"] == "conversations.merged"


async def test_suppressed_addresses_stop_a_reply_unless_overridden(
    inbox: Inbox, outbox: Outbox, reply: Reply, service: Service, account: Account
) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    from app.domain import outbox as room  # noqa: PLC0415

    message = await inbox.take()
    async with service.database.writing() as db:
        now = datetime.now(UTC)
        await room.suppress(db, account.id, "Carla@customer.example", "No such user", None, now)
    path = f"/v1/conversations/{message['conversation_id']}/replies/preflight"
    author = (await inbox.all("/v1/users"))[0]["id"]

    shown = await inbox.post(path, {"text": "x", "author_id": author})
    refused = await reply(message, 409)
    await reply(message, override_suppression=True)

    assert [one["address"] for one in shown["suppressed"]] == ["carla@customer.example"]
    assert refused["code"] == "replies.suppressed"
    assert refused["errors"][0]["pointer"] == "/to"
    assert len(await outbox()) == 1


async def test_signature_and_quotation_stand_below(
    inbox: Inbox, outbox: Outbox, reply: Reply
) -> None:
    await inbox.patch(f"/v1/channels/{inbox.channel['id']}", {"signature": "Acme Support"})
    ann = (await inbox.all("/v1/users"))[0]
    await inbox.patch(f"/v1/users/{ann['id']}", {"signature": "Ann, second floor"})
    message = await inbox.take(text="First line.\nSecond <line>.")

    await reply(message, text="Done.")
    await reply(message, text="Done again.", quote=False)

    sent = await outbox()
    first, second = text_of(sent[0][1]), text_of(sent[1][1])
    places = [
        first.index(words)
        for words in ("Done.", "Ann, second floor", "Acme Support", "> Second <line>.")
    ]
    assert places == sorted(places)
    assert "Carla Customer <carla@customer.example> wrote:" in first
    assert "Second &lt;line&gt;." in html_of(sent[0][1])
    assert "Acme Support" in second
    assert "wrote:" not in second


async def test_a_forwarded_mail_is_answered_to_its_author(
    inbox: Inbox, outbox: Outbox, reply: Reply
) -> None:
    original = mail("Where is it?", subject="Lamp", message_id="<o@customer.example>")
    parts = (
        b"--b\r\nContent-Type: text/plain\r\n\r\nPlease look.\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + original + b"\r\n--b--"
    )
    outer = mail("PLACE", sender="Ann <ann@acme.example>", subject="Fwd: Lamp").replace(
        b"text/plain; charset=utf-8", b"multipart/mixed; boundary=b"
    )
    message = await inbox.take(outer.replace(b"PLACE", parts))

    await reply(message)

    [(item, raw)] = await outbox()
    written = read(raw)
    assert item.recipient == "carla@customer.example"
    assert written["Subject"] == "Re: Lamp"
    assert written["In-Reply-To"] == "<o@customer.example>"
    assert "Please look" not in text_of(raw)
