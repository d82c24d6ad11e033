"""The set-up of a channel: its steps, its forwarding address, and what to do at the provider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.domain import accounts, channels
from app.domain.accounts import AccountChange
from tests.builders import connected_channel, new_user
from tests.conftest import Account, Service


async def draft(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/v1/channels", json={"shared": True, "provider": "other", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def setup_of(http: httpx.AsyncClient, channel: dict[str, Any]) -> dict[str, Any]:
    answer = await http.get(f"/v1/channels/{channel['id']}/setup")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def step(setup: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [one for one in setup["steps"] if one["name"] == name]
    return found


async def choose(http: httpx.AsyncClient, channel: dict[str, Any], local: str) -> httpx.Response:
    path = f"/v1/channels/{channel['id']}/forwarding-address"
    return await http.put(path, json={"local_part": local})


async def test_the_setup_of_a_fresh_draft_is_ready(http: httpx.AsyncClient) -> None:
    channel = await draft(http, team_address="help@acme.example")

    setup = await setup_of(http, channel)

    assert setup["ready"] is True
    assert {one["name"]: one["done"] for one in setup["steps"]} == {
        "shared_account": True,
        "provider": True,
        "team_address": True,
        "sender_identity": True,
        "routing": True,
        "ticket_automation": True,
        "forwarding_address": True,
        "forwarding": False,
    }


async def test_a_missing_team_address_is_a_hint_and_no_obstacle(http: httpx.AsyncClient) -> None:
    channel = await draft(http, source="group")

    setup = await setup_of(http, channel)

    assert setup["ready"] is True
    assert step(setup, "team_address")["done"] is False
    [problem] = step(setup, "team_address")["problems"]
    assert problem["code"] == "channel.team_address_missing"
    assert problem["blocking"] is False


@pytest.mark.parametrize(
    "also",
    [{"team_address": "Info@acme.example"}, {"other_team_addresses": ["info@Acme.example"]}],
)
async def test_a_team_address_of_two_channels_is_a_hint_and_no_obstacle(
    http: httpx.AsyncClient, also: dict[str, Any]
) -> None:
    first = await draft(http, **also)
    second = await draft(http, team_address="info@acme.example")

    setup = await setup_of(http, second)

    assert setup["ready"] is True
    assert step(setup, "team_address")["done"] is True
    [problem] = step(setup, "team_address")["problems"]
    assert (problem["code"], problem["blocking"]) == ("channel.team_address_shared", False)
    assert first["id"] in problem["detail"]
    await http.delete(f"/v1/channels/{first['id']}")
    assert step(await setup_of(http, second), "team_address")["problems"] == []


async def test_a_rule_whose_people_are_gone_keeps_the_channel_from_connecting(
    http: httpx.AsyncClient,
) -> None:
    user = await new_user(http)
    rule = {"mode": "users_and_teams", "user_ids": [user["id"]]}
    channel = await draft(http, routing=rule)
    assert (await http.delete(f"/v1/users/{user['id']}")).status_code == 204

    setup = await setup_of(http, channel)
    refused = await http.post(f"/v1/channels/{channel['id']}/connect")

    assert setup["ready"] is False
    assert step(setup, "routing")["done"] is False
    assert step(setup, "routing")["problems"][0]["code"] == "routing.nobody_left"
    assert refused.status_code == 409
    assert refused.json()["code"] == "channel.not_ready"
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/routing"]
    assert (await http.get(f"/v1/channels/{channel['id']}")).json()["state"] == "draft"
    await http.put(f"/v1/channels/{channel['id']}/routing", json={"mode": "unassigned"})
    assert (await http.post(f"/v1/channels/{channel['id']}/connect")).status_code == 200


@pytest.mark.parametrize(
    ("team_address", "local"),
    [
        (None, "support"),
        ("Sales@acme.example", "sales"),
        ("sales+eu@acme.example", "sales"),
        ("first.last@acme.example", "first.last"),
        ("noreply@acme.example", "support"),
        ("postmaster@acme.example", "support"),
        ("büro@acme.example", "support"),
        ('"two words"@acme.example', "support"),
    ],
)
async def test_the_address_is_proposed_after_the_team_address(
    http: httpx.AsyncClient, account: Account, team_address: str | None, local: str
) -> None:
    channel = await draft(http, team_address=team_address)

    assert channel["forwarding_address"] == f"{local}@{account.hosted_domain}"


async def test_the_next_free_address_is_proposed(http: httpx.AsyncClient) -> None:
    made = [await connected_channel(http) for _ in range(3)]

    assert [one["forwarding_address"].partition("@")[0] for one in made] == [
        "support",
        "support-1",
        "support-2",
    ]


async def test_the_proposal_follows_the_team_address_until_somebody_chooses(
    http: httpx.AsyncClient,
) -> None:
    channel = await draft(http)
    path = f"/v1/channels/{channel['id']}"

    followed = await http.patch(path, json={"team_address": "sales@acme.example"})
    await choose(http, channel, "orders")
    kept = await http.patch(path, json={"team_address": "billing@acme.example"})

    assert followed.json()["forwarding_address"].startswith("sales@")
    assert kept.json()["forwarding_address"].startswith("orders@")


async def test_the_address_of_a_draft_can_be_chosen(
    http: httpx.AsyncClient, account: Account
) -> None:
    channel = await draft(http)

    answer = await choose(http, channel, " Hello.World ")

    address = f"hello.world@{account.hosted_domain}"
    assert answer.status_code == 200
    assert answer.json() == {
        "local_part": "hello.world",
        "forwarding_address": address,
        "frozen": False,
    }
    connected = (await http.post(f"/v1/channels/{channel['id']}/connect")).json()
    assert connected["forwarding_address"] == address


@pytest.mark.parametrize(
    ("local", "code"),
    [
        ("", "request.invalid"),
        (" ", "channel.bad_local_part"),
        (".a", "channel.bad_local_part"),
        ("a.", "channel.bad_local_part"),
        ("a..b", "channel.bad_local_part"),
        ("a b", "channel.bad_local_part"),
        ("a@b", "channel.bad_local_part"),
        ("a+b", "channel.bad_local_part"),
        ("bür", "channel.bad_local_part"),
        ('"a"', "channel.bad_local_part"),
        ("a\r\nb", "channel.bad_local_part"),
        ("x" * 65, "channel.bad_local_part"),
        ("Postmaster", "channel.address_reserved"),
        ("abuse", "channel.address_reserved"),
        ("mailer-daemon", "channel.address_reserved"),
        ("NoReply", "channel.address_reserved"),
        ("no-reply", "channel.address_reserved"),
        ("No.Reply", "channel.address_reserved"),
        ("hostmaster", "channel.address_reserved"),
        ("webmaster", "channel.address_reserved"),
        ("root", "channel.address_reserved"),
        ("bounces", "channel.address_reserved"),
        ("unsubscribe", "channel.address_reserved"),
    ],
)
async def test_what_can_be_no_address_is_refused(
    http: httpx.AsyncClient, local: str, code: str
) -> None:
    channel = await draft(http)

    answer = await choose(http, channel, local)

    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert answer.json()["errors"][0]["pointer"] == "/local_part"
    assert (await http.get(f"/v1/channels/{channel['id']}")).json() == channel


async def test_a_local_part_of_64_octets_is_possible(http: httpx.AsyncClient) -> None:
    channel = await draft(http)

    assert (await choose(http, channel, "x" * 64)).status_code == 200


async def test_a_connected_channel_keeps_its_address(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    for local in ("other", channel["forwarding_address"].partition("@")[0]):
        answer = await choose(http, channel, local)

        assert answer.status_code == 409
        assert answer.json()["code"] == "channel.address_frozen"
    address = (await http.get(f"/v1/channels/{channel['id']}/forwarding-address")).json()
    assert address["forwarding_address"] == channel["forwarding_address"]
    assert address["frozen"] is True


async def test_two_drafts_may_propose_the_same_and_the_second_is_told(
    http: httpx.AsyncClient, account: Account
) -> None:
    first, second = await draft(http), await draft(http)
    assert first["forwarding_address"] == second["forwarding_address"]
    await http.post(f"/v1/channels/{first['id']}/connect")

    refused = await http.post(f"/v1/channels/{second['id']}/connect")
    setup = await setup_of(http, second)

    assert refused.status_code == 409
    assert refused.json()["code"] == "channel.address_taken"
    assert f"support-1@{account.hosted_domain}" in refused.json()["detail"]
    assert setup["ready"] is False
    assert step(setup, "forwarding_address")["problems"][0]["code"] == "channel.address_taken"
    assert (await choose(http, second, "support-1")).status_code == 200
    assert (await http.post(f"/v1/channels/{second['id']}/connect")).status_code == 200


async def test_an_address_is_taken_whatever_its_case(http: httpx.AsyncClient) -> None:
    await connected_channel(http)
    channel = await draft(http)

    answer = await choose(http, channel, "SUPPORT")

    assert answer.status_code == 409
    assert answer.json()["code"] == "channel.address_taken"


async def test_accounts_may_have_the_same_local_part(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    mine, theirs = await connected_channel(http), await connected_channel(other_http)

    assert mine["forwarding_address"].startswith("support@")
    assert theirs["forwarding_address"].startswith("support@")


@pytest.mark.parametrize("field", ["plan", "subdomain"])
async def test_a_frozen_address_outlives_a_change_of_the_account_and_drafts_follow(
    http: httpx.AsyncClient, account: Account, service: Service, field: str
) -> None:
    connected = await connected_channel(http)
    waiting = await draft(http, team_address="sales@acme.example")
    wanted = AccountChange(frozenset({field}), plan="free", subdomain="elsewhere")

    async with service.database.writing() as db:
        await accounts.update_account(db, account.id, wanted, now=datetime.now(UTC))
        await accounts.lock(db, [account.id])

    after = (await http.get(f"/v1/channels/{connected['id']}")).json()
    moved = (await http.get(f"/v1/channels/{waiting['id']}")).json()
    domains = {"plan": "acme.free-inbox.localhost", "subdomain": "elsewhere.inbox.localhost"}
    assert after["forwarding_address"] == connected["forwarding_address"]
    assert moved["forwarding_address"] == f"sales@{domains[field]}"
    async with service.database.reading() as db:
        assert await channels.accepting(db, [connected["forwarding_address"]])
    second = await connected_channel(http)
    assert second["forwarding_address"] == f"support@{domains[field]}"


PROVIDERS = [
    "gmail",
    "google_group",
    "microsoft365",
    "exchange",
    "cpanel",
    "postfix",
    "exim",
    "other",
]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_instructions_name_the_channels_address(
    http: httpx.AsyncClient, provider: str
) -> None:
    channel = await connected_channel(http, team_address="help@acme.example")

    answer = await http.get(
        f"/v1/channels/{channel['id']}/forwarding-instructions?provider={provider}"
    )

    found = answer.json()
    assert answer.status_code == 200
    assert found["provider"] == provider
    assert found["address"] == channel["forwarding_address"]
    assert channel["forwarding_address"] in " ".join(found["steps"])
    assert not any("<" in text for text in found["steps"] + found["notes"] + [found["title"]])


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("gmail", ["confirmation", "Add a forwarding address"]),
        ("google_group", ["Each email", "Directly add", "help@acme.example"]),
        ("microsoft365", ["5.7.520", "Redirect"]),
        ("postfix", ["postmap", "newaliases"]),
        ("exim", ["unseen", "local_parts = help", "domains = acme.example"]),
    ],
)
async def test_the_instructions_know_the_traps_of_the_provider(
    http: httpx.AsyncClient, provider: str, words: list[str]
) -> None:
    channel = await draft(http, team_address="help@acme.example")

    answer = await http.get(
        f"/v1/channels/{channel['id']}/forwarding-instructions?provider={provider}"
    )

    text = " ".join(answer.json()["steps"] + answer.json()["notes"])
    assert [word for word in words if word not in text] == []


async def test_instructions_for_an_unknown_provider_are_refused(http: httpx.AsyncClient) -> None:
    channel = await draft(http)

    answer = await http.get(f"/v1/channels/{channel['id']}/forwarding-instructions?provider=fax")

    assert answer.status_code == 422


async def test_a_connected_channel_waits_for_its_first_mail(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    forwarding = (await http.get(f"/v1/channels/{channel['id']}/forwarding")).json()
    setup = await setup_of(http, channel)

    assert forwarding == {
        "status": "waiting",
        "forwarding_address": channel["forwarding_address"],
        "last_received_at": None,
        "confirmation": None,
        "test": None,
    }
    assert setup["ready"] is True
    assert step(setup, "forwarding")["problems"][0]["code"] == "channel.nothing_forwarded"


async def test_a_kept_confirmation_is_shown_with_code_and_link(
    http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    channel = await connected_channel(http)
    link = "https://mail-settings.google.com/mail/vf-x"
    at = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    async with service.database.writing() as db:
        await channels.keep_confirmation(
            db, account.id, channel["id"], provider="gmail", code="123456", url=link, now=at
        )

    forwarding = (await http.get(f"/v1/channels/{channel['id']}/forwarding")).json()
    [hint] = step(await setup_of(http, channel), "forwarding")["problems"]
    assert hint["code"] == "channel.confirmation_asked"
    assert forwarding["status"] == "waiting"
    assert forwarding["confirmation"] == {
        "provider": "gmail",
        "code": "123456",
        "url": link,
        "received_at": "2026-05-01T12:00:00Z",
    }
