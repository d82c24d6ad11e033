"""The channels as the receiving of mail knows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.domain import channels, events
from app.domain.channels import AddressOwner
from app.domain.channels.addresses import first_free, of_channel
from app.errors import NotFound
from tests.builders import connected_channel
from tests.conftest import Account, Service

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


async def draft(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/v1/channels", json={"shared": True, "provider": "other", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize(
    ("recipient", "address"),
    [
        ("support@acme.example", "support@acme.example"),
        ("SUPPORT@Acme.Example", "support@acme.example"),
        ("support+token-1@acme.example", "support@acme.example"),
        ("support+a+b@acme.example", "support@acme.example"),
        ('"support"@acme.example', "support@acme.example"),
        ('"support+tag"@acme.example', "support@acme.example"),
        ("support@acme.example.", "support@acme.example"),
        ("+tag@acme.example", "@acme.example"),
        ("support", "support"),
    ],
)
def test_what_a_recipient_stands_for(recipient: str, address: str) -> None:
    assert of_channel(recipient) == address


def test_a_numbered_address_is_not_longer_than_allowed() -> None:
    stem = "x" * 64

    assert first_free(stem, {stem}) == "x" * 62 + "-1"
    assert first_free("support", {"support", "support-1"}) == "support-2"


async def test_every_team_address_of_every_channel_is_known_as_the_accounts_own(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    sales = await connected_channel(
        http,
        team_address="sales@acme.example",
        other_team_addresses=["Verkauf@acme.example", "ventes@bücher.example"],
    )
    await draft(http, other_team_addresses=["draft@acme.example"])
    gone = await connected_channel(http, other_team_addresses=["gone@acme.example"])
    await http.delete(f"/v1/channels/{gone['id']}")
    await connected_channel(other_http, other_team_addresses=["their@globex.example"])
    own = {
        "sales@acme.example",
        "verkauf@acme.example",
        "ventes@xn--bcher-kva.example",
        "draft@acme.example",
        sales["forwarding_address"],
    }
    others = {"gone@acme.example", "their@globex.example", "carla@customer.example"}

    async with service.database.reading() as db:
        asked = {(account.id, address) for address in own | others}
        found = await channels.addresses_among(db, asked)

    assert found == {(account.id, address) for address in own}


async def test_only_connected_channels_take_mail(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    mine, theirs = await connected_channel(http), await connected_channel(other_http)
    deleted = await connected_channel(http)
    await http.delete(f"/v1/channels/{deleted['id']}")
    waiting = await draft(http, forwarding_address={"local_part": "draft"})
    asked = [
        mine["forwarding_address"],
        mine["forwarding_address"].upper(),
        mine["forwarding_address"].replace("@", "+tag@"),
        theirs["forwarding_address"],
        deleted["forwarding_address"],
        waiting["forwarding_address"],
        f"nobody@{account.hosted_domain}",
        "support@elsewhere.example",
        "no address",
    ]

    async with service.database.reading() as db:
        found = await channels.accepting(db, asked)

    assert {address: facts.channel_id for address, facts in found.items()} == {
        asked[0]: mine["id"],
        asked[1]: mine["id"],
        asked[2]: mine["id"],
        asked[3]: theirs["id"],
    }
    assert found[asked[0]].account_id == account.id


async def test_the_facts_are_what_attribution_needs(
    http: httpx.AsyncClient, service: Service
) -> None:
    channel = await connected_channel(
        http,
        name="Help",
        source="group",
        team_address="Help@Acme.example",
        other_team_addresses=["Info@acme.example"],
        gateways=["Forms@website.example"],
        reopen_window_days=7,
    )
    address = channel["forwarding_address"]

    async with service.database.reading() as db:
        facts = (await channels.accepting(db, [address]))[address]
        same = await channels.facts_of(db, facts.account_id, facts.channel_id)

    assert facts == same
    assert (facts.name, facts.source, facts.reopen_window_days) == ("Help", "group", 7)
    assert facts.forwarding_address == address
    assert facts.own_addresses == {"help@acme.example", "info@acme.example", address}
    assert facts.gateways == {"forms@website.example"}
    assert facts.forwarding_status == "waiting"


async def test_kept_mail_of_a_deleted_channel_still_has_its_facts(
    http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    deleted, waiting = await connected_channel(http), await draft(http)
    await http.delete(f"/v1/channels/{deleted['id']}")

    async with service.database.reading() as db:
        facts = await channels.facts_of(db, account.id, deleted["id"])
        with pytest.raises(NotFound):
            await channels.facts_of(db, account.id, waiting["id"])
        with pytest.raises(NotFound):
            await channels.facts_of(db, "acc_other", deleted["id"])

    assert facts.forwarding_address == deleted["forwarding_address"]


async def test_the_first_mail_proves_the_forwarding_once(
    http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    first, second = await connected_channel(http), await connected_channel(http)
    later = NOW.replace(hour=13)

    async with service.database.writing() as db:
        facts = await channels.facts_of(db, account.id, first["id"])
        news = await channels.mail_arrived(db, [facts, facts], NOW)
        await events.record(db, news, NOW)
        again = await channels.mail_arrived(db, [facts], later)

    assert [(n.type, n.data["channel_id"]) for n in news] == [
        ("channel.forwarding_verified", first["id"])
    ]
    assert again == []
    seen = (await http.get(f"/v1/channels/{first['id']}")).json()
    assert seen["forwarding"]["status"] == "verified"
    assert seen["forwarding"]["last_received_at"] == "2026-05-01T13:00:00Z"
    other = (await http.get(f"/v1/channels/{second['id']}")).json()
    assert other["forwarding"] == {"status": "waiting", "last_received_at": None}
    async with service.database.reading() as db:
        facts = await channels.facts_of(db, account.id, first["id"])
    assert facts.forwarding_status == "verified"


async def test_mail_that_comes_meanwhile_makes_no_change_stale(
    http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    channel = await connected_channel(http)
    path = f"/v1/channels/{channel['id']}"
    etag = (await http.get(path)).headers["ETag"]
    async with service.database.writing() as db:
        facts = await channels.facts_of(db, account.id, channel["id"])
        await channels.mail_arrived(db, [facts], NOW)

    answer = await http.patch(path, json={"name": "New"}, headers={"If-Match": etag})

    assert answer.status_code == 200


async def test_refused_mail_is_told_to_whose_domain_it_names(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, account: Account, service: Service
) -> None:
    deleted = await connected_channel(http)
    await http.delete(f"/v1/channels/{deleted['id']}")
    await connected_channel(other_http)
    unknown = f"Nobody@{account.hosted_domain}"
    asked = [deleted["forwarding_address"], unknown, "support@elsewhere.example"]

    async with service.database.reading() as db:
        owners = await channels.owners_of(db, asked)

    assert owners == {
        deleted["forwarding_address"]: AddressOwner(account.id, deleted["id"]),
        unknown: AddressOwner(account.id, None),
    }
