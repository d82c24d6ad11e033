"""Addresses that the team may write from once it has proved that it reads their mail."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from app.domain.sender_identity import SenderAddress
from app.domain.sender_identity.models import SentCode
from tests.builders import connected_channel
from tests.conftest import Account, MakeAccount, MakeClient, Service
from tests.sent import Sent, code_in, mail_to, mails

PATH = "/v1/sender-addresses"
HELP = "help@acme.example"


async def asked(http: httpx.AsyncClient, address: str = HELP) -> dict[str, Any]:
    answer = await http.post(PATH, json={"address": address})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def link_in(sent: Sent) -> str:
    found = re.search(r"http\S+(/verify/\S+)", sent.text)
    assert found, sent.text
    return found[1]


async def later(service: Service, by: timedelta) -> None:
    """Everything that was sent was sent so much earlier."""
    async with service.database.writing() as db:
        await db.execute(update(SentCode).values(sent_at=datetime.now(UTC) - by))


async def verified(http: httpx.AsyncClient, service: Service, address: str = HELP) -> str:
    made = await asked(http, address)
    code = code_in(await mail_to(service, address))
    answer = await http.post(f"{PATH}/{made['id']}/verify", json={"code": code})
    assert answer.status_code == 200, answer.text
    return str(made["id"])


async def events(http: httpx.AsyncClient, *types: str) -> list[dict[str, Any]]:
    found = (await http.get("/v1/events", params={"limit": 200})).json()["items"]
    return [one for one in found if one["type"] in types]


async def test_a_code_goes_to_the_address(
    http: httpx.AsyncClient, service: Service, account: Account
) -> None:
    made = await asked(http)

    assert made["id"].startswith("adr_")
    assert (made["address"], made["state"], made["verified_at"]) == (HELP, "pending", None)
    [sent] = await mails(service, "verification")
    assert sent.item.recipient == HELP
    assert sent.item.sender.endswith(f"@{account.hosted_domain}")
    assert sent.mail.sender.address == f"no-reply@{account.hosted_domain}"
    assert sent.mail.headers.value("Auto-Submitted") == "auto-generated"
    assert "DKIM-Signature" in sent.raw.decode()
    assert len(code_in(sent)) == 8
    assert (await http.get(f"{PATH}/{made['id']}")).json() == made
    assert (await http.get(PATH)).json()["items"] == [made]


async def test_an_address_may_come_with_a_name(http: httpx.AsyncClient, service: Service) -> None:
    answer = await http.post(PATH, json={"address": f"Help Desk <{HELP}>"})

    assert (answer.status_code, answer.json().get("address")) == (201, HELP)
    [sent] = await mails(service, "verification")
    assert sent.item.recipient == HELP


@pytest.mark.parametrize("given", [f"{HELP}, other@acme.example", "Help <help>", "<>", "a b"])
async def test_what_is_not_one_address_is_refused(http: httpx.AsyncClient, given: str) -> None:
    answer = await http.post(PATH, json={"address": given})

    assert answer.status_code == 422
    assert answer.json()["code"] == "sender_identity.bad_address"


async def test_the_code_verifies_once_and_for_all(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = await asked(http)
    code = code_in(await mail_to(service, HELP))
    path = f"{PATH}/{made['id']}/verify"

    answer = await http.post(path, json={"code": f" {code[:4]} {code[4:]} "})

    assert answer.status_code == 200
    assert answer.json()["state"] == "verified"
    assert (await http.post(path, json={"code": "00000000"})).json()["state"] == "verified"
    again = await http.post(f"{PATH}/{made['id']}/resend")
    assert (again.status_code, again.json()["code"]) == (409, "sender_identity.already_verified")
    [event] = await events(http, "sender_address.verified")
    assert event["data"] == {"address_id": made["id"], "address": HELP}


async def test_opening_the_link_verifies_nothing_pressing_its_button_does(
    http: httpx.AsyncClient, client: MakeClient, service: Service
) -> None:
    made, nobody = await asked(http), client(None)
    link = link_in(await mail_to(service, HELP))

    page = await nobody.get(link)

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert HELP in page.text
    assert 'method="post"' in page.text
    assert (await http.get(f"{PATH}/{made['id']}")).json()["state"] == "pending"
    assert (await nobody.post(link)).status_code == 200
    assert (await http.get(f"{PATH}/{made['id']}")).json()["state"] == "verified"
    assert (await nobody.get(link)).status_code == 404
    assert (await nobody.post(link)).status_code == 404


async def test_the_page_shows_names_as_text(
    make_account: MakeAccount, client: MakeClient, service: Service
) -> None:
    account = await make_account("<b>Evil & Co</b>")
    await asked(client(account.key))

    page = await client(None).get(link_in(await mail_to(service, HELP)))

    assert "&lt;b&gt;Evil &amp; Co&lt;/b&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_five_wrong_attempts_make_code_and_link_void(
    http: httpx.AsyncClient, client: MakeClient, service: Service
) -> None:
    made = await asked(http)
    sent = await mail_to(service, HELP)
    path = f"{PATH}/{made['id']}/verify"
    wrong = "00000000" if code_in(sent) != "00000000" else "11111111"

    answers = [await http.post(path, json={"code": wrong}) for _ in range(5)]

    assert {(one.status_code, one.json()["code"]) for one in answers} == {
        (422, "sender_identity.wrong_code")
    }
    right = await http.post(path, json={"code": code_in(sent)})
    assert (right.status_code, right.json()["code"]) == (409, "sender_identity.code_void")
    assert (await client(None).post(link_in(sent))).status_code == 404


async def test_a_code_is_good_for_a_day(
    http: httpx.AsyncClient, client: MakeClient, service: Service
) -> None:
    made = await asked(http)
    sent = await mail_to(service, HELP)
    async with service.database.writing() as db:
        await db.execute(update(SenderAddress).values(expires_at=datetime.now(UTC)))

    late = await http.post(f"{PATH}/{made['id']}/verify", json={"code": code_in(sent)})

    assert (late.status_code, late.json()["code"]) == (409, "sender_identity.code_expired")
    assert (await client(None).get(link_in(sent))).status_code == 404


async def test_a_new_code_makes_the_one_before_void(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = await asked(http)
    first = code_in(await mail_to(service, HELP))
    await later(service, timedelta(minutes=2))

    assert (await http.post(f"{PATH}/{made['id']}/resend")).status_code == 200

    second = code_in(await mail_to(service, HELP))
    path = f"{PATH}/{made['id']}/verify"
    assert first == second or (await http.post(path, json={"code": first})).status_code == 422
    assert (await http.post(path, json={"code": second})).status_code == 200


async def test_codes_are_sent_once_a_minute_and_five_times_a_day(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = await asked(http)
    path = f"{PATH}/{made['id']}/resend"

    soon = await http.post(path)
    for _ in range(4):
        await later(service, timedelta(minutes=2))
        assert (await http.post(path)).status_code == 200
    await later(service, timedelta(minutes=2))
    sixth = await http.post(path)

    assert (soon.status_code, soon.json()["code"]) == (429, "sender_identity.too_soon")
    assert 0 < int(soon.headers["retry-after"]) <= 61
    assert (sixth.status_code, sixth.json()["code"]) == (429, "sender_identity.too_many_codes")
    assert int(sixth.headers["retry-after"]) > 80_000
    assert len(await mails(service, "verification")) == 5


async def test_deleting_an_address_does_not_reset_its_limit(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = await asked(http)
    assert (await http.delete(f"{PATH}/{made['id']}")).status_code == 204

    again = await http.post(PATH, json={"address": HELP.upper()})

    assert again.status_code == 429
    assert (await http.get(PATH)).json()["items"] == []


async def test_nobody_bombs_strangers_through_us(http: httpx.AsyncClient, service: Service) -> None:
    for number in range(50):
        await asked(http, f"stranger{number}@elsewhere.example")

    refused = await http.post(PATH, json={"address": "one-more@elsewhere.example"})

    assert (refused.status_code, refused.json()["code"]) == (
        429,
        "sender_identity.too_many_codes",
    )


async def test_asking_again_gives_the_same_address(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = await asked(http)

    again = await http.post(PATH, json={"address": "Help@ACME.example"})

    assert (again.status_code, again.json()) == (200, made)
    assert len(await mails(service)) == 1


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("nobody", "sender_identity.bad_address"),
        ("", "sender_identity.bad_address"),
        ("a@b.example\r\nBcc: c@d.example", "sender_identity.bad_address"),
        ("a@[192.0.2.1]", "sender_identity.bad_address"),
        ("support@acme.inbox.localhost", "sender_identity.address_hosted"),
        ("a@INBOX.localhost", "sender_identity.address_hosted"),
        ("a@x.free-inbox.localhost", "sender_identity.address_hosted"),
    ],
)
async def test_an_address_that_cannot_be_is_refused(
    http: httpx.AsyncClient, address: str, code: str
) -> None:
    answer = await http.post(PATH, json={"address": address})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == "/address"


async def test_the_old_address_stays_until_the_new_one_is_verified(
    http: httpx.AsyncClient, service: Service
) -> None:
    await verified(http, service, "old@acme.example")
    made = await asked(http, "new@acme.example")
    channel = await connected_channel(http)
    path = f"/v1/channels/{channel['id']}/sender-identity"

    def wish(address: str) -> dict[str, Any]:
        return {"company_name": "Acme", "address": {"kind": "custom", "address": address}}

    old = await http.put(path, json=wish("old@acme.example"))
    waiting = await http.put(path, json=wish("new@acme.example"))

    assert old.json()["in_force"] == {"kind": "custom", "address": "old@acme.example"}
    assert waiting.status_code == 200
    assert waiting.json()["address"] == {"kind": "custom", "address": "new@acme.example"}
    assert waiting.json()["in_force"] == {"kind": "custom", "address": "old@acme.example"}
    assert [one["code"] for one in waiting.json()["warnings"]] == [
        "sender_identity.address_pending"
    ]
    preview = (await http.get(f"{path}/preview")).json()
    assert preview["from_address"] == "old@acme.example"
    assert preview["reply_to"] == channel["forwarding_address"]

    code = code_in(await mail_to(service, "new@acme.example"))
    await http.post(f"{PATH}/{made['id']}/verify", json={"code": code})

    now = (await http.get(path)).json()
    assert now["in_force"] == {"kind": "custom", "address": "new@acme.example"}
    assert now["warnings"] == []
    [event] = await events(http, "channel.sender_in_force", "channel.sender_fell_back")
    assert event["type"] == "channel.sender_in_force"
    assert event["data"]["channel_id"] == channel["id"]
    assert event["data"]["in_force"] == {"kind": "custom", "address": "new@acme.example"}


async def test_a_deleted_address_lets_its_channels_fall_back(
    http: httpx.AsyncClient, service: Service
) -> None:
    address_id = await verified(http, service)
    channel = await connected_channel(
        http, sender_identity={"address": {"kind": "custom", "address": HELP}}
    )
    assert channel["sender_identity"]["in_force"] == {"kind": "custom", "address": HELP}

    assert (await http.delete(f"{PATH}/{address_id}")).status_code == 204

    after = (await http.get(f"/v1/channels/{channel['id']}")).json()["sender_identity"]
    assert after["in_force"] == {"kind": "default", "address": channel["forwarding_address"]}
    assert after["warnings"][0]["code"] == "sender_identity.address_not_verified"
    setup = (await http.get(f"/v1/channels/{channel['id']}/setup")).json()
    [step] = [one for one in setup["steps"] if one["name"] == "sender_identity"]
    assert (step["done"], step["problems"][0]["blocking"]) == (False, False)
    [event] = await events(http, "channel.sender_fell_back")
    assert event["data"]["reason"] == "sender_identity.address_not_verified"


async def test_answers_come_back_to_a_team_address_whose_forwarding_works(
    http: httpx.AsyncClient, service: Service, deliver: Any
) -> None:
    await verified(http, service)
    channel = await connected_channel(
        http,
        team_address=HELP,
        sender_identity={"address": {"kind": "custom", "address": HELP}},
    )
    path = f"/v1/channels/{channel['id']}/sender-identity/preview"
    before = (await http.get(path)).json()

    await deliver(b"From: c@customer.example\r\nTo: h\r\n\r\nHi\r\n", channel["forwarding_address"])

    assert before["reply_to"] == channel["forwarding_address"]
    assert (await http.get(path)).json()["reply_to"] is None


async def test_a_free_account_may_verify_an_address(
    make_account: MakeAccount, client: MakeClient, service: Service
) -> None:
    account = await make_account("Wayne", plan="free")

    await verified(client(account.key), service)

    [sent] = await mails(service, "verification")
    assert sent.mail.sender.address == f"no-reply@{account.hosted_domain}"


async def test_another_account_may_prove_the_same_address_for_itself(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, service: Service
) -> None:
    await verified(http, service)
    channel = await connected_channel(other_http)
    custom = {"company_name": "G", "address": {"kind": "custom", "address": HELP}}
    path = f"/v1/channels/{channel['id']}/sender-identity"

    refused = await other_http.put(path, json=custom)

    assert refused.status_code == 409
    await verified(other_http, service)
    assert (await other_http.put(path, json=custom)).json()["in_force"]["address"] == HELP
