"""Replies of every shape, through the API to a real mail server: signed, aligned, readable."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from typing import Any

import dkim
import pytest
from sqlalchemy import select

from app.domain.sender_identity import SigningKey
from app.settings import Settings
from tests.builders import mail, new_user
from tests.conftest import Service
from tests.journeys.conftest import Inbox
from tests.mail.composed import HTMLS, NAMES, SUBJECTS, TEXTS
from tests.sink import Sink

COUNT = 200
HELP = "help@acme-mail.example"


@pytest.fixture
def settings(settings: Settings, relay: Sink) -> Settings:
    return settings.model_copy(update={"relay_url": relay.url})


async def records_of(service: Service) -> dict[bytes, bytes]:
    """What the DNS would say of our keys."""
    async with service.database.reading() as db:
        keys = (await db.execute(select(SigningKey))).scalars().all()
    return {
        f"{one.selector}._domainkey.{one.domain}.".encode(): one.public_record.encode()
        for one in keys
    }


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def defects(message: EmailMessage) -> list[str]:
    """Everything that Python's parser finds wrong, in headers and parts."""
    found = []
    for part in message.walk():
        found += [repr(one) for one in part.defects]
        for name, value in part.items():
            found += [f"{name}: {one!r}" for one in getattr(value, "defects", ())]
        if not part.is_multipart():
            part.get_content()
    return found


def sane(text: str) -> str:
    """Without what JSON or the contract refuses: NUL, an empty subject."""
    return text.replace("\0", "")[:900]


def body_of(number: int, author_id: str, upload_id: str) -> dict[str, Any]:
    """One of the replies; strides that share no factor give new combinations all along."""
    text = TEXTS[number % len(TEXTS)].replace("\0", "")
    image = {"upload_id": upload_id, "inline": True, "content_id": "logo@acme"}
    plain = {"upload_id": upload_id}
    body: dict[str, Any] = {
        "text": text,
        "html": HTMLS[number % len(HTMLS)],
        "author_id": author_id,
        "attachments": [[], [image], [plain, image], [plain, plain]][number * 3 % 4],
        "quote": number % 3 > 0,
        "cc": [f"cc{n}@bücher.example" for n in range(number % 7)],
    }
    if sane(SUBJECTS[number % len(SUBJECTS)]):
        body["subject"] = sane(SUBJECTS[number % len(SUBJECTS)])
    if not text.strip() and not body["html"] and not body["attachments"]:
        body["attachments"] = [plain]
    return body


async def test_two_hundred_replies_are_signed_aligned_and_readable(
    inbox: Inbox, relay: Sink, service: Service
) -> None:
    user = await new_user(inbox.http)
    files = {"file": ("Résumé é.png", bytes(range(256)) * 9, "image/png")}
    upload = (await inbox.http.post("/v1/uploads", files=files)).json()["id"]
    message = await inbox.take(text="Grüße\nFrom here\n\n.\n", subject="Größe?")
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    due = 0
    for number in range(COUNT):
        name = "".join(one for one in NAMES[number % len(NAMES)] if one.isprintable())[:200]
        if name and number < len(NAMES):
            await inbox.patch(f"/v1/users/{user['id']}", {"name": name})
        answer = await inbox.http.post(path, json=body_of(number, user["id"], upload))
        assert answer.status_code == 202, (number, answer.text)
        due += len(answer.json()["deliveries"])

    mails = await relay.received(due, patience=120)

    records = await records_of(service)
    wrong = {}
    once = {str(read(octets)["Message-ID"]): octets for _, _, octets in mails}
    for name, octets in once.items():
        parsed = read(octets)
        checked = dkim.DKIM(octets)
        algorithms = re.findall(rb"\ba=(rsa|ed25519)-sha256", octets)
        verdicts = [
            checked.verify(idx=place, dnsfunc=lambda name, **_: records.get(name))
            for place, algorithm in enumerate(algorithms)
            if algorithm == b"rsa"  # dkimpy knows the other one only with another package
        ]
        domain = str(parsed["From"]).rpartition("@")[2].rstrip(">")
        signed_by = re.findall(rb"(?m)^DKIM-Signature:(?:.|\r\n\s)*?\bd=([^;\s]+)", octets)
        if len(verdicts) != 1 or not all(verdicts):
            wrong[name] = "signature"
        elif not all(domain.endswith(one.decode()) for one in signed_by):
            wrong[name] = f"{domain} is signed by {signed_by}"
        elif defects(parsed):
            wrong[name] = str(defects(parsed))
        elif max(map(len, octets.split(b"\r\n"))) > 998:
            wrong[name] = "a line is too long"
    assert wrong == {}
    assert len(once) == COUNT


async def test_an_answer_to_a_custom_address_comes_back_by_its_reply_to_alone(
    inbox: Inbox, relay: Sink
) -> None:
    ann = await new_user(inbox.http)
    made = await inbox.post("/v1/sender-addresses", {"address": HELP}, 201)
    await relay.received(1)
    code = re.search(r"\b\d{6,10}\b", _text(relay.mails[0][2]))
    assert code is not None
    await inbox.post(f"/v1/sender-addresses/{made['id']}/verify", {"code": code[0]})
    identity = {
        "name_style": "company",
        "company_name": "Acme",
        "address": {"kind": "custom", "address": HELP},
    }
    put = await inbox.http.put(f"/v1/channels/{inbox.channel['id']}/sender-identity", json=identity)
    assert put.status_code == 200, put.text
    message = await inbox.take()
    path = f"/v1/conversations/{message['conversation_id']}/replies"
    body = {"text": "Soon.", "author_id": ann["id"]}

    shown = await inbox.post(f"{path}/preflight", body)
    await inbox.post(path, body, 202)
    await relay.received(2)

    written = read(relay.mails[1][2])
    reply_to = str(written["Reply-To"])
    await inbox.deliver(
        mail("Thank you.", message_id="<9@customer.example>", to=reply_to, subject="Hi"),
        reply_to,
    )
    listed = await inbox.messages_of(message)
    assert str(written["From"]) == f"Acme <{HELP}>" == shown["from_header"]
    assert reply_to == shown["reply_to"]
    assert reply_to.startswith(inbox.address.partition("@")[0] + "+")
    assert listed[-1]["text"].strip() == "Thank you."
    assert shown["alignment"]["dmarc"] is False


def _text(raw: bytes) -> str:
    part = read(raw).get_body(("plain",))
    assert part is not None
    return str(part.get_content())
