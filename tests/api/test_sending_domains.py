"""Connecting a domain of the company's own: its records, their states, and what follows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from app.cli_accounts import accounts_app
from app.domain import sender_identity
from app.domain.accounts import HostedRoots
from app.domain.sender_identity import SendingDomain, SigningKey
from app.settings import Settings
from app.worker.domains import check_domains
from tests.builders import connected_channel
from tests.conftest import ROOTS, Account, MakeAccount, MakeClient, Service
from tests.dns_server import Zone, serving
from tests.sent import code_in, mail_to

PATH = "/v1/sending-domains"
DOMAIN = "acme.example"


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    async with serving(Zone()) as zone:
        yield zone


@pytest.fixture
def settings(settings: Settings, zone: Zone) -> Settings:
    return settings.model_copy(update={"dns_servers": (zone.server,)})


async def begun(http: httpx.AsyncClient, domain: str = DOMAIN) -> dict[str, Any]:
    answer = await http.post(PATH, json={"domain": domain})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def publish(zone: Zone, domain: dict[str, Any], *purposes: str) -> None:
    """The records of these purposes, or all, are in the DNS."""
    for one in domain["records"]:
        if not purposes or one["purpose"] in purposes:
            if one["type"] == "TXT":
                zone.texts[one["name"]] = [one["value"]]
            else:
                zone.aliases[one["name"]] = one["value"]


async def checked(http: httpx.AsyncClient, domain: dict[str, Any]) -> dict[str, Any]:
    answer = await http.post(f"{PATH}/{domain['id']}/check")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def connected(http: httpx.AsyncClient, zone: Zone, domain: str = DOMAIN) -> dict[str, Any]:
    made = await begun(http, domain)
    publish(zone, made)
    found = await checked(http, made)
    assert found["state"] == "connected", found
    return found


async def missed_earlier(service: Service) -> None:
    """The check that missed the keys first was some minutes ago."""
    async with service.database.writing() as db:
        at = datetime.now(UTC) - timedelta(minutes=5)
        await db.execute(update(SendingDomain).values(missed_at=at))


async def events(http: httpx.AsyncClient, start: str) -> list[str]:
    found = (await http.get("/v1/events", params={"limit": 200})).json()["items"]
    return [one["type"] for one in found if one["type"].startswith(start)]


def states(domain: dict[str, Any]) -> list[str]:
    return [one["state"] for one in domain["records"]]


async def with_custom(http: httpx.AsyncClient, address: str = f"care@{DOMAIN}") -> dict[str, Any]:
    return await connected_channel(
        http, sender_identity={"address": {"kind": "custom", "address": address}}
    )


async def in_force(http: httpx.AsyncClient, channel: dict[str, Any]) -> tuple[str, list[str]]:
    found = (await http.get(f"/v1/channels/{channel['id']}/sender-identity")).json()
    return found["in_force"]["address"], [one["code"] for one in found["warnings"]]


async def test_a_domain_answers_with_the_records_to_publish(
    http: httpx.AsyncClient, service: Service
) -> None:
    made = await begun(http, "Acme.Example.")

    assert made["id"].startswith("dom_")
    assert (made["domain"], made["state"]) == (DOMAIN, "pending")
    assert [(one["purpose"], one["type"]) for one in made["records"]] == [
        ("dkim", "TXT"),
        ("dkim", "TXT"),
        ("spf", "TXT"),
        ("dmarc", "TXT"),
        ("return_path", "CNAME"),
    ]
    assert states(made) == ["pending"] * 5
    assert len({one["value"] for one in made["records"][:2]}) == 2
    assert made["records"][0]["value"].startswith("v=DKIM1; k=rsa; p=MIIBIjAN")
    assert (await http.get(f"{PATH}/{made['id']}")).json() == made
    assert (await http.get(PATH)).json()["items"] == [made]
    async with service.database.reading() as db:
        for key in (await db.execute(select(SigningKey))).scalars():
            assert "PRIVATE KEY" not in key.private_key


async def test_it_is_connected_once_both_keys_are_published(
    http: httpx.AsyncClient, zone: Zone
) -> None:
    made = await begun(http)
    first, second = made["records"][:2]

    zone.texts[first["name"]] = [first["value"]]
    half = await checked(http, made)
    zone.texts[second["name"]] = [second["value"]]
    whole = await checked(http, made)

    assert (half["state"], states(half)[:2]) == ("pending", ["valid", "pending"])
    assert (whole["state"], states(whole)) == (
        "connected",
        ["valid", "valid", "pending", "pending", "pending"],
    )
    assert whole["records"][0]["found"] == first["value"]
    assert await events(http, "sending_domain.") == [
        "sending_domain.created",
        "sending_domain.updated",
        "sending_domain.connected",
    ]


async def test_every_record_has_a_state_of_its_own(http: httpx.AsyncClient, zone: Zone) -> None:
    made = await begun(http)
    publish(zone, made)
    zone.texts[DOMAIN] = ["v=spf1 mx -all"]

    found = await checked(http, made)

    assert states(found) == ["valid", "valid", "wrong", "valid", "valid"]
    spf = found["records"][2]
    assert (spf["found"], spf["problem"]) == ("v=spf1 mx -all", "sender_identity.spf_not_included")
    assert "include:_spf.inbox.localhost" in spf["hint"]


async def test_what_no_database_keeps_may_stand_in_the_dns(
    http: httpx.AsyncClient, zone: Zone
) -> None:
    made = await begun(http)
    for one in made["records"]:
        if one["type"] == "TXT":
            zone.texts[one["name"]] = ["v=spf1 include:\x00\x1b[31m -all", "v=DMARC1; p=\x00"]

    found = await checked(http, made)

    assert [one["state"] for one in found["records"][:3]] == ["wrong", "wrong", "wrong"]
    assert "\x00" not in "".join(one["found"] or "" for one in found["records"])


async def test_a_dns_that_is_away_changes_nothing(
    http: httpx.AsyncClient, zone: Zone, service: Service
) -> None:
    made = await connected(http, zone)
    zone.broken.update(one["name"] for one in made["records"])

    first = await checked(http, made)
    await missed_earlier(service)
    second = await checked(http, made)

    assert first["state"] == second["state"] == "connected"
    assert first["records"] == second["records"] == made["records"]


async def test_a_domain_that_lost_its_keys_breaks_falls_back_and_heals(
    http: httpx.AsyncClient, zone: Zone, service: Service
) -> None:
    made = await connected(http, zone)
    channel = await with_custom(http)
    kept = dict(zone.texts)
    assert await in_force(http, channel) == (f"care@{DOMAIN}", [])

    zone.texts.clear()
    once = await checked(http, made)
    soon = await checked(http, made)
    await missed_earlier(service)
    later = await checked(http, made)

    assert [one["state"] for one in (once, soon, later)] == ["connected", "connected", "broken"]
    assert await in_force(http, channel) == (
        channel["forwarding_address"],
        ["sender_identity.domain_broken"],
    )
    zone.texts.update(kept)
    assert (await checked(http, made))["state"] == "connected"
    assert await in_force(http, channel) == (f"care@{DOMAIN}", [])
    assert await events(http, "channel.sender_") == [
        "channel.sender_fell_back",
        "channel.sender_in_force",
    ]
    assert "sending_domain.broken" in await events(http, "sending_domain.")


async def test_an_address_at_a_domain_that_is_pending_waits_for_it(
    http: httpx.AsyncClient, zone: Zone
) -> None:
    made = await begun(http)
    channel = await with_custom(http)
    before = await in_force(http, channel)

    publish(zone, made)
    await checked(http, made)

    assert before == (channel["forwarding_address"], ["sender_identity.address_pending"])
    assert await in_force(http, channel) == (f"care@{DOMAIN}", [])


async def test_mail_is_signed_by_the_domain_and_comes_back_to_it(
    http: httpx.AsyncClient, zone: Zone, service: Service, account: Account
) -> None:
    made = await connected(http, zone)
    channel = await with_custom(http)
    now = datetime.now(UTC)

    async def who() -> tuple[sender_identity.InForce, tuple[sender_identity.Signer, ...]]:
        async with service.database.reading() as db:
            found = await sender_identity.identity_in_force(
                db,
                account.id,
                channel["id"],
                hosted_address=channel["forwarding_address"],
                team_addresses=frozenset(),
                forwarding_verified=False,
                agent_name=None,
                now=now,
            )
            post = service.house.post
            return found, await sender_identity.signers_of(db, post, account.id, found, now)

    found, signers = await who()
    return_host = made["records"][4]["name"]
    assert (found.signing_domain, found.return_domain) == (DOMAIN, return_host)
    assert [f"{one.selector}._domainkey.{one.domain}" for one in signers] == [
        made["records"][0]["name"]
    ]
    async with service.database.reading() as db:
        named = await sender_identity.accounts_with_return_path(db, return_host.upper())
        assert named == [account.id]

    del zone.texts[made["records"][0]["name"]], zone.aliases[return_host]
    await checked(http, made)

    found, signers = await who()
    assert found.return_domain == account.hosted_domain
    assert [f"{one.selector}._domainkey.{one.domain}" for one in signers] == [
        made["records"][1]["name"]
    ]


async def test_a_smaller_plan_takes_the_domain_s_addresses_away(
    http: httpx.AsyncClient,
    zone: Zone,
    service: Service,
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await connected(http, zone)
    channel = await with_custom(http)
    monkeypatch.setenv("HOSTED_INBOX_DATA_DIR", str(service.settings.data_dir))
    monkeypatch.setenv("HOSTED_INBOX_DATABASE_URL", service.settings.database_url)

    command = ["update", account.id, "--plan", "free"]
    result = await asyncio.to_thread(CliRunner().invoke, accounts_app, command)

    assert result.exit_code == 0, result.output
    assert await events(http, "channel.sender_") == ["channel.sender_fell_back"]
    assert await in_force(http, channel) == (
        channel["forwarding_address"],
        ["sender_identity.plan_too_small"],
    )
    refused = await http.post(PATH, json={"domain": "other.example"})
    assert (refused.status_code, refused.json()["code"]) == (
        403,
        "sender_identity.plan_too_small",
    )


async def test_free_plans_connect_no_domain(make_account: MakeAccount, client: MakeClient) -> None:
    http = client((await make_account("Wayne", plan="free")).key)

    answer = await http.post(PATH, json={"domain": DOMAIN})

    assert (answer.status_code, answer.json()["code"]) == (403, "sender_identity.plan_too_small")
    assert (await http.get(PATH)).json()["items"] == []


async def test_two_accounts_may_connect_one_domain(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, zone: Zone
) -> None:
    mine, theirs = await begun(http), await begun(other_http)

    names = {one["name"] for one in mine["records"]} & {one["name"] for one in theirs["records"]}
    assert names == {DOMAIN, f"_dmarc.{DOMAIN}"}
    publish(zone, mine)
    assert (await checked(http, mine))["state"] == "connected"
    assert (await checked(other_http, theirs))["state"] == "pending"


async def test_asking_again_gives_the_same_domain(http: httpx.AsyncClient) -> None:
    made = await begun(http)

    again = await http.post(PATH, json={"domain": "ACME.example"})

    assert (again.status_code, again.json()) == (200, made)


async def test_a_repeated_request_makes_one_domain(http: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "k1"}

    first = await http.post(PATH, json={"domain": DOMAIN}, headers=headers)
    second = await http.post(PATH, json={"domain": DOMAIN}, headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()


async def test_names_beyond_ascii_are_a_labels(http: httpx.AsyncClient) -> None:
    assert (await begun(http, "bücher.example"))["domain"] == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("com", "sender_identity.bad_domain"),
        ("co.uk", "sender_identity.domain_public"),
        ("192.0.2.1", "sender_identity.bad_domain"),
        ("-a.example", "sender_identity.bad_domain"),
        ("a..example", "sender_identity.bad_domain"),
        ("a b.example", "sender_identity.bad_domain"),
        ("x" * 64 + ".example", "sender_identity.bad_domain"),
        ("inbox.localhost", "sender_identity.domain_hosted"),
        ("acme.free-inbox.localhost", "sender_identity.domain_hosted"),
        ("", "sender_identity.bad_domain"),
    ],
)
async def test_a_domain_that_cannot_be_connected_is_refused(
    http: httpx.AsyncClient, domain: str, code: str
) -> None:
    answer = await http.post(PATH, json={"domain": domain})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == "/domain"


async def test_a_deleted_domain_takes_its_keys_along(
    http: httpx.AsyncClient, zone: Zone, service: Service
) -> None:
    made = await connected(http, zone)
    channel = await with_custom(http)

    assert (await http.delete(f"{PATH}/{made['id']}")).status_code == 204

    assert (await http.get(f"{PATH}/{made['id']}")).status_code == 404
    async with service.database.reading() as db:
        kept = (await db.execute(select(SigningKey.domain))).scalars().all()
    assert DOMAIN not in kept
    assert (await in_force(http, channel))[0] == channel["forwarding_address"]


async def test_domains_are_checked_in_the_background(
    http: httpx.AsyncClient, zone: Zone, service: Service
) -> None:
    made = await begun(http)
    publish(zone, made)
    job = check_domains(
        service.database, service.house.resolver, HostedRoots(ROOTS.paid, ROOTS.free)
    )
    await job.run()
    assert (await http.get(f"{PATH}/{made['id']}")).json()["state"] == "pending"

    async with service.database.writing() as db:
        await db.execute(update(SendingDomain).values(next_check_at=datetime.now(UTC)))
    await job.run()

    assert (await http.get(f"{PATH}/{made['id']}")).json()["state"] == "connected"
    asked = len(zone.asked)
    await job.run()
    assert len(zone.asked) == asked


async def test_a_strict_policy_of_a_domain_that_is_not_connected_is_warned_about(
    http: httpx.AsyncClient, zone: Zone, service: Service
) -> None:
    zone.texts["_dmarc.acme.example"] = ["v=DMARC1; p=reject"]
    channel, address = await connected_channel(http), f"care@{DOMAIN}"
    path = f"/v1/channels/{channel['id']}/sender-identity"
    made = (await http.post("/v1/sender-addresses", json={"address": address})).json()
    code = code_in(await mail_to(service, address))
    await http.post(f"/v1/sender-addresses/{made['id']}/verify", json={"code": code})
    custom = {"company_name": "A", "address": {"kind": "custom", "address": address}}

    put = (await http.put(path, json=custom)).json()
    preview = (await http.get(f"{path}/preview")).json()
    setup = (await http.get(f"/v1/channels/{channel['id']}/setup")).json()
    await connected(http, zone)
    after = (await http.get(f"{path}/preview")).json()

    assert put["in_force"]["address"] == preview["from_address"] == address
    for warnings in (put["warnings"], preview["warnings"]):
        assert [one["code"] for one in warnings] == ["sender_identity.domain_policy"]
        assert "p=reject" in warnings[0]["detail"]
    [step] = [one for one in setup["steps"] if one["name"] == "sender_identity"]
    assert step["problems"][0]["code"] == "sender_identity.domain_policy"
    assert setup["ready"]
    assert after["warnings"] == []


async def test_keys_are_rotated_without_a_mail_that_waits(
    http: httpx.AsyncClient, zone: Zone, service: Service
) -> None:
    domain = await connected(http, zone)
    path = f"{PATH}/{domain['id']}/rotate-keys"
    channel = await with_custom(http)

    async def signed_with() -> str:
        body = {"channel_id": channel["id"], "to": ["carla@customer.example"]}
        body |= {"subject": "Hello", "text": "Hello"}
        ann = (await http.get("/v1/users")).json()["items"][0]["id"]
        first = await http.post("/v1/conversations", json={**body, "author_id": ann})
        assert first.status_code == 202, first.text
        raw = (await http.get(f"/v1/messages/{first.json()['id']}/raw")).text
        return str(raw.partition("s=")[2].partition(";")[0])

    def selectors(one: dict[str, Any]) -> set[str]:
        names = (record["name"] for record in one["records"] if record["purpose"] == "dkim")
        return {name.partition(".")[0] for name in names}

    await http.post("/v1/users", json={"name": "Ann", "email": "ann@acme.example"})
    before = await signed_with()
    rotated = (await http.post(path)).json()
    after = await signed_with()
    too_soon = await http.post(path)
    publish(zone, rotated, "dkim")
    await checked(http, rotated)
    again = await http.post(path)

    assert {before, after} == selectors(domain)
    assert rotated["state"] == "connected"
    assert after in selectors(rotated)
    assert before not in selectors(rotated)
    assert (too_soon.status_code, too_soon.json()["code"]) == (
        409,
        "sender_identity.key_not_published",
    )
    assert again.status_code == 200
    assert await signed_with() in selectors(rotated) - {after}


async def test_keys_of_a_domain_that_is_not_connected_are_not_rotated(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    domain = await begun(http)
    path = f"{PATH}/{domain['id']}/rotate-keys"

    refused, foreign = await http.post(path), await other_http.post(path)

    assert refused.json()["code"] == "sender_identity.domain_not_connected"
    assert foreign.status_code == 404
