"""An owner who is away answers the notice by mail: the words go to the customer, if they may."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from app.mail import tokens
from app.settings import Settings
from tests.builders import mail, new_user
from tests.conftest import Service
from tests.dns_server import Zone, serving
from tests.journeys.conftest import Inbox
from tests.sink import Sink

ANN = "Ann <ann@acme.example>"


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    async with serving(Zone()) as one:
        yield one


@pytest.fixture
def settings(settings: Settings, relay: Sink, zone: Zone) -> Settings:
    return settings.model_copy(update={"relay_url": relay.url, "dns_servers": (zone.server,)})


class Owner:
    """Ann, who is away and owns Carla; Carla has written, and Ann was sent the notice."""

    def __init__(self, inbox: Inbox, relay: Sink, notice: EmailMessage, place: str) -> None:
        self.inbox, self.relay, self.notice, self.place = inbox, relay, notice, place

    async def answers(
        self,
        text: str = "It leaves tomorrow.",
        *,
        sender: str = ANN,
        named: str | None = None,
        message_id: str = "<a1@acme.example>",
        more: str = "",
    ) -> dict[str, Any]:
        """The message that an answer to the notice becomes; `named` is what it refers to."""
        ids = named if named is not None else str(self.notice["Message-ID"])
        quoted = "\n".join(f"> {line}" for line in self.words.splitlines())
        intro = "On Tue, 24 Nov 2026 at 09:30, Acme <support@acme.example> wrote:"
        return await self.inbox.take(
            text=f"{text}\n\n{intro}\n{quoted}",
            sender=sender,
            subject=f"Re: {self.notice['Subject']}",
            message_id=message_id,
            more=f"In-Reply-To: {ids}\r\nReferences: {ids}\r\n{more}",
        )

    @property
    def words(self) -> str:
        """What the notice says."""
        part = self.notice.get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    async def kinds(self) -> list[str]:
        """The kinds of everything in the conversation behind the customer's mail, sorted."""
        path = f"/v1/conversations/{self.place}/messages"
        found = [f"{one['kind']} {one['direction']}" for one in await self.inbox.all(path)]
        return sorted(one.removesuffix(" None") for one in found)

    async def told(self) -> str:
        """The last event of the history."""
        path = f"/v1/conversations/{self.place}/messages"
        texts = [one["text"] for one in await self.inbox.all(path) if one["kind"] == "event"]
        return str(texts[-1])

    async def sent(self) -> list[EmailMessage]:
        """What was sent to Carla."""
        found = [raw for _, to, raw in self.relay.mails if to == ["carla@customer.example"]]
        return [read(raw) for raw in found]


def read(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


async def away(inbox: Inbox, relay: Sink, *, answer_by_mail: bool) -> Owner:
    """Ann is away, and Carla has written."""
    await inbox.patch("/v1/account", {"answer_by_mail": answer_by_mail})
    ann = await new_user(inbox.http, "ann@acme.example", availability="away")
    await new_user(inbox.http, "bob@acme.example")
    body = {"addresses": ["carla@customer.example"], "owner_id": ann["id"]}
    contact = await inbox.post("/v1/contacts", body, 201)
    path = f"/v1/contacts/{contact['id']}/tracking"
    assert (await inbox.http.put(path, json={"token": "cookie"})).status_code == 200
    path = f"/v1/channels/{inbox.channel['id']}/routing"
    assert (await inbox.http.put(path, json={"mode": "contact_owner"})).status_code == 200
    message = await inbox.take(text="Where is my parcel?")
    [(_, to, raw)] = await relay.received(1)
    assert to == ["ann@acme.example"]
    return Owner(inbox, relay, read(raw), message["conversation_id"])


@pytest.fixture
async def owner(inbox: Inbox, relay: Sink) -> Owner:
    return await away(inbox, relay, answer_by_mail=True)


ONLY_COMMENT = ["comment", "event", "message incoming"]
REPLIED = ["comment", "event", "message incoming", "message outgoing"]
REFUSED = ["comment", "event", "event", "message incoming"]


async def test_the_words_without_the_quotation_go_to_the_customer_as_the_owner_s_reply(
    owner: Owner,
) -> None:
    assert "goes to the customer" in owner.words

    comment = await owner.answers("It leaves tomorrow.\n\nIn the morning.")
    await owner.relay.received(2)

    [written] = await owner.sent()
    part = written.get_body(("plain",))
    assert part is not None
    said = part.get_content().replace("\r\n", "\n")
    assert said.startswith("It leaves tomorrow.\n\nIn the morning.")
    assert "goes to the customer" not in written.as_string()
    assert written["From"].addresses[0].display_name == "Ann from Acme"
    assert written["In-Reply-To"] == "<1@customer.example>"
    assert await owner.kinds() == REPLIED
    assert (comment["kind"], comment["conversation_id"]) == ("comment", owner.place)


async def test_the_file_that_comes_with_it_goes_along(owner: Owner) -> None:
    named = owner.notice["Message-ID"]
    raw = (
        f"From: {ANN}\r\nTo: support@acme.example\r\nSubject: Re: Yours\r\n"
        f"Message-ID: <f@acme.example>\r\nIn-Reply-To: {named}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nHere.\r\n"
        '--b\r\nContent-Type: application/pdf; name="a.pdf"\r\n'
        'Content-Disposition: attachment; filename="a.pdf"\r\n\r\n%PDF-1\r\n--b--\r\n'
    ).encode()

    await owner.inbox.take(raw)
    await owner.relay.received(2)

    [written] = await owner.sent()
    [file] = written.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("a.pdf", b"%PDF-1")


async def test_the_same_mail_again_sends_nothing_more(owner: Owner) -> None:
    await owner.answers()
    await owner.answers()
    await owner.answers("It leaves tomorrow, said the group's footer.")
    await owner.relay.received(2)
    await settled()

    assert len(await owner.sent()) == 1
    assert "has come before" in await owner.told()


async def test_a_relay_that_gave_the_notice_another_id_does_no_harm(owner: Owner) -> None:
    other = str(owner.notice["References"])
    assert other != owner.notice["Message-ID"]

    await owner.answers(named=f"{other} <made@relay.example>")
    await owner.relay.received(2)

    assert await owner.kinds() == REPLIED


async def test_without_the_setting_it_is_a_comment(inbox: Inbox, relay: Sink) -> None:
    owner = await away(inbox, relay, answer_by_mail=False)
    assert "is an internal comment" in owner.words

    await owner.answers()
    await settled()

    assert await owner.kinds() == ONLY_COMMENT
    assert await owner.sent() == []


async def test_a_setting_that_was_taken_back_counts(owner: Owner) -> None:
    await owner.inbox.patch("/v1/account", {"answer_by_mail": False})

    await owner.answers()
    await settled()

    assert await owner.kinds() == ONLY_COMMENT
    assert await owner.sent() == []


@pytest.mark.parametrize(
    "machine",
    [
        "Auto-Submitted: auto-replied\r\nX-Autoreply: yes\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Precedence: bulk\r\nX-Auto-Response-Suppress: All\r\nAuto-Submitted: auto-replied\r\n",
    ],
)
async def test_what_a_machine_answers_stays_here(machine: str, owner: Owner) -> None:
    await owner.answers("I am out of office until Monday.", more=machine)
    await settled()

    assert "message outgoing" not in await owner.kinds()
    assert await owner.sent() == []


async def test_the_token_of_somebody_else_is_no_leave_to_answer(owner: Owner) -> None:
    await owner.answers(sender="Bob <bob@acme.example>")
    await settled()

    assert await owner.kinds() == REFUSED
    assert "was for somebody else" in await owner.told()
    assert await owner.sent() == []


async def test_a_stranger_who_knows_the_token_sends_nothing(owner: Owner) -> None:
    await owner.answers(sender="Mallory <mallory@evil.example>")
    await settled()

    assert "message outgoing" not in await owner.kinds()
    assert await owner.sent() == []


async def test_a_forged_token_makes_a_comment(owner: Owner) -> None:
    local, _, domain = str(owner.notice["Message-ID"]).strip("<>").partition("@")
    forged = local[:-1] + ("a" if local[-1] != "a" else "b")

    await owner.answers(named=f"<{forged}@{domain}> <1@customer.example>")
    await settled()

    assert await owner.kinds() == ONLY_COMMENT
    assert await owner.sent() == []


async def test_a_token_that_has_expired_sends_nothing_and_says_so(
    owner: Owner, service: Service
) -> None:
    people = await owner.inbox.all("/v1/users")
    token = tokens.make_owner_token(
        service.house.post.keys,
        conversation_id=owner.place,
        user_id=next(one["id"] for one in people if one["email"] == "ann@acme.example"),
        expires_at=datetime.now(UTC) - timedelta(seconds=1),
    )

    await owner.answers(named=f"<{token}@acme.example> <1@customer.example>")
    await settled()

    assert await owner.kinds() == REFUSED
    assert "too old" in await owner.told()
    assert await owner.sent() == []


async def test_a_token_of_another_conversation_sends_nothing(owner: Owner) -> None:
    other = await owner.inbox.take(
        sender="Dora <dora@shop.example>", message_id="<2@shop.example>", subject="Else"
    )
    assert other["conversation_id"] != owner.place

    message = await owner.inbox.take(
        text="Yes.",
        sender=ANN,
        message_id="<z@acme.example>",
        more=f"In-Reply-To: <2@shop.example>\r\nReferences: {owner.notice['Message-ID']}\r\n",
    )
    await settled()

    told = [one["text"] for one in await owner.inbox.messages_of(other) if one["kind"] == "event"]
    assert message["conversation_id"] == other["conversation_id"]
    assert "about another conversation" in told[-1]
    assert [to for _, [to], _ in owner.relay.mails] == ["ann@acme.example"]


@pytest.mark.parametrize("policy", ["none", "reject"])
async def test_an_author_whom_authentication_contradicts_sends_nothing(
    policy: str, owner: Owner, zone: Zone
) -> None:
    """The owner's other address; nobody has signed the mail."""
    zone.texts["_dmarc.acme.example.com"] = [f"v=DMARC1; p={policy}"]
    people = {one["email"]: one["id"] for one in await owner.inbox.all("/v1/users")}
    change = {"other_addresses": ["ann@acme.example.com"]}
    await owner.inbox.patch(f"/v1/users/{people['ann@acme.example']}", change)

    await owner.inbox.receive(
        mail(
            "Pay to this account instead.",
            sender="Ann <ann@acme.example.com>",
            message_id="<evil@acme.example.com>",
            more=f"In-Reply-To: {owner.notice['Message-ID']}\r\n",
        )
    )
    await settled()

    assert len(await owner.sent()) == (1 if policy == "none" else 0)


async def test_a_customer_who_gets_no_mail_now_is_told_of_in_the_history(owner: Owner) -> None:
    owner.relay.refuse("RCPT", "550 5.1.1 No such user", who="carla@customer.example")
    await owner.answers("First.")
    for _ in range(200):
        if await owner.inbox.all("/v1/suppressions"):
            break
        await asyncio.sleep(0.05)

    await owner.answers("Second.", message_id="<a2@acme.example>")

    assert "gets no mail" in await owner.told()
    assert (await owner.kinds()).count("message outgoing") == 1


async def test_a_fault_on_the_way_keeps_the_mail_as_failed_and_a_replay_sends_once(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("a fault of ours")

    with monkeypatch.context() as patch:
        patch.setattr("app.domain.inbound.receiving.apply", broken)
        received = await owner.inbox.receive(
            mail(
                "It leaves tomorrow.",
                sender=ANN,
                message_id="<late@acme.example>",
                more=f"In-Reply-To: {owner.notice['Message-ID']}\r\n",
            )
        )
    assert received["outcome"] == "failed"
    path = f"/v1/received-mail/{received['id']}/replay"

    tried = await owner.inbox.post(path, {"dry_run": True})
    done = [await owner.inbox.post(path, {}) for _ in range(2)]
    await owner.relay.received(2)
    await settled()

    assert tried["outcome"] == done[0]["outcome"] == "accepted"
    assert len(await owner.sent()) == 1


async def test_released_mail_tells_the_owner(inbox: Inbox, relay: Sink) -> None:
    ann = await new_user(inbox.http, "ann@acme.example", availability="away")
    body = {"addresses": ["carla@customer.example"], "owner_id": ann["id"]}
    await inbox.post("/v1/contacts", body, 201)
    path = f"/v1/channels/{inbox.channel['id']}/routing"
    rule = {"mode": "contact_owner", "require_tracking": False}
    assert (await inbox.http.put(path, json=rule)).status_code == 200
    listed = {"kind": "deny", "address": "carla@customer.example"}
    await inbox.post("/v1/sender-lists", listed, 201)
    held = await inbox.receive()
    assert held["outcome"] == "quarantined"

    await inbox.post(f"/v1/received-mail/{held['id']}/release")

    [(_, to, raw)] = await relay.received(1)
    assert to == ["ann@acme.example"]
    assert re.search("Where is my order", read(raw)["Subject"])


async def settled() -> None:
    """What was to leave has left: the sender looks at once when something is put."""
    await asyncio.sleep(0.5)
