"""A company's real Postfix forwards its team address to us, also when we are away for a while."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest

from app.errors import Unavailable
from app.smtp.intake import MailIntake
from tests.builders import connected_channel, mail
from tests.conftest import Service
from tests.faults.evidence import api, connect, everything
from tests.faults.own_postfix import NoPostfixError, Postfix, own_postfix
from tests.running import Running

TEAM = "support@acme.example"
StartPostfix = Callable[[str, int], Postfix]


@pytest.fixture
def start_postfix() -> Iterator[StartPostfix]:
    """Start a Postfix that forwards the team address to a hosted address at a port."""
    with contextlib.ExitStack() as stack:

        def begin(hosted: str, port: int) -> Postfix:
            try:
                return stack.enter_context(own_postfix(team=TEAM, hosted=hosted, port=port))
            except NoPostfixError as reason:
                pytest.skip(str(reason))

        yield begin


def test_mail_through_a_real_postfix_belongs_to_its_author(
    process: Running, start_postfix: StartPostfix
) -> None:
    key, hosted = connect(process, team_address=TEAM)
    postfix = start_postfix(hosted, process.smtp_port)
    envelopes = {
        "carla@customer.example": "Carla Customer <carla@customer.example>",
        "SRS0=aBcD=XY=shop.example=dora@forwarder.example": "Dora Doe <dora@shop.example>",
    }

    for number, (envelope, sender) in enumerate(envelopes.items()):
        raw = mail(sender=sender, subject=sender, message_id=f"<{number}@customer.example>")
        postfix.send(envelope, TEAM, raw)
    line = postfix.wait_for("status=sent (250 2.0.0 Kept rcv_", times=len(envelopes))
    assert f"to=<{hosted}>, orig_to=<{TEAM}>" in line

    with api(process, key) as http:
        rows = list(everything(http, "/v1/received-mail"))
        found = {one["subject"]: one for one in everything(http, "/v1/conversations")}
        contacts = {one["id"]: one for one in everything(http, "/v1/contacts")}
    assert {row["envelope_from"] for row in rows} == set(envelopes)
    assert {row["outcome"] for row in rows} == {"accepted"}
    assert set(found) == set(envelopes.values())
    for sender, conversation in found.items():
        contact = contacts[conversation["contact_id"]]
        assert f"{contact['name']} <{contact['addresses'][0]}>" == sender


def test_postfix_keeps_mail_while_we_are_away_and_delivers_it_once_when_we_are_back(
    process: Running, start_postfix: StartPostfix
) -> None:
    key, hosted = connect(process, team_address=TEAM)
    postfix = start_postfix(hosted, process.smtp_port)
    assert process.stop() == 0

    postfix.send("carla@customer.example", TEAM, mail())
    assert "Connection refused" in postfix.wait_for("status=deferred")
    process.start()

    postfix.wait_for("status=sent (250 2.0.0 Kept rcv_")
    with api(process, key) as http:
        assert len(list(everything(http, "/v1/conversations"))) == 1
        assert len(list(everything(http, "/v1/received-mail"))) == 1


async def test_postfix_tries_again_after_our_451(
    service: Service,
    http: httpx.AsyncClient,
    start_postfix: StartPostfix,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosted = (await connected_channel(http, team_address=TEAM))["forwarding_address"]
    postfix = await asyncio.to_thread(start_postfix, hosted, service.smtp_port)
    healthy, faults = MailIntake._transaction, 2

    async def away(self: MailIntake, arrivals: Sequence[Any]) -> Any:
        nonlocal faults
        if faults:
            faults -= 1
            raise Unavailable("The database does not answer.")
        return await healthy(self, arrivals)

    monkeypatch.setattr(MailIntake, "_transaction", away)
    await asyncio.to_thread(postfix.send, "carla@customer.example", TEAM, mail())
    line = await asyncio.to_thread(postfix.wait_for, "status=sent")

    assert "250 2.0.0 Kept rcv_" in line
    assert postfix.log.read_text().count("said: 451 4.3.0") == 2
    assert len((await http.get("/v1/conversations")).json()["items"]) == 1
    accepted = await http.get("/v1/received-mail", params={"outcome": "accepted"})
    assert len(accepted.json()["items"]) == 1
