"""Channels: from draft to connected, what can be changed, what is left when they are deleted."""

from __future__ import annotations

from typing import Any

import aiosmtplib
import httpx
import pytest

from tests.builders import connected_channel, mail
from tests.conftest import Account, Deliver, MakeAccount, MakeClient


async def draft(http: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await http.post("/v1/channels", json={"shared": True, "provider": "other", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def events_of(http: httpx.AsyncClient) -> list[str]:
    return [e["type"] for e in (await http.get("/v1/events")).json()["items"]]


def pointers(answer: httpx.Response) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_a_new_channel_is_a_draft_with_working_defaults(
    http: httpx.AsyncClient, account: Account
) -> None:
    channel = await draft(http)

    assert channel["state"] == "draft"
    assert channel["connected_at"] is None
    assert channel["source"] == "mailbox"
    assert channel["name"] == "Acme"
    assert channel["team_address"] is None
    assert channel["forwarding_address"] == f"support@{account.hosted_domain}"
    assert channel["forwarding"] == {"status": "unknown", "last_received_at": None}
    assert channel["sender_identity"] == {
        "name_style": "agent_and_company",
        "company_name": "Acme",
        "address": {"kind": "default", "address": None},
        "in_force": {"kind": "default", "address": channel["forwarding_address"]},
        "warnings": [],
    }
    assert channel["routing"] == {
        "mode": "unassigned",
        "user_ids": [],
        "team_ids": [],
        "strategy": "round_robin",
        "require_tracking": True,
        "fallback": {"user_ids": [], "team_ids": []},
    }
    assert channel["ticket_automation"]["enabled"] is False
    assert channel["signature"] == ""
    assert channel["reopen_window_days"] is None


async def test_a_personal_mailbox_is_refused_with_a_reason(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/channels", json={"shared": False, "provider": "other"})

    assert answer.status_code == 422
    assert answer.json()["code"] == "channel.not_shared"
    assert "team" in answer.json()["detail"]
    assert pointers(answer) == ["/shared"]


async def test_whether_it_is_shared_has_to_be_answered(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/channels", json={"provider": "other"})

    assert answer.status_code == 422
    assert pointers(answer) == ["/shared"]


@pytest.mark.parametrize("provider", ["google", "microsoft365"])
async def test_other_providers_are_refused_with_the_way_out(
    http: httpx.AsyncClient, provider: str
) -> None:
    answer = await http.post("/v1/channels", json={"shared": True, "provider": provider})

    assert answer.status_code == 422
    assert answer.json()["code"] == "channel.provider_not_hosted"
    assert "Google Group" in answer.json()["detail"]
    assert pointers(answer) == ["/provider"]


async def test_unknown_fields_are_refused(http: httpx.AsyncClient) -> None:
    body = {"shared": True, "provider": "other", "sender": {"name_style": "company"}}

    answer = await http.post("/v1/channels", json=body)

    assert answer.status_code == 422
    assert pointers(answer) == ["/sender"]
    assert (await http.get("/v1/channels")).json()["items"] == []


@pytest.mark.parametrize("source", ["mailbox", "group", "alias"])
async def test_two_calls_make_a_connected_channel(http: httpx.AsyncClient, source: str) -> None:
    channel = await draft(http, source=source, team_address="Sales <Sales@Acme.example>")

    answer = await http.post(f"/v1/channels/{channel['id']}/connect")

    connected = answer.json()
    assert answer.status_code == 200, answer.text
    assert connected["state"] == "connected"
    assert connected["source"] == source
    assert connected["team_address"] == "Sales@acme.example"
    assert connected["forwarding_address"] == channel["forwarding_address"]
    assert connected["forwarding"]["status"] == "waiting"
    assert connected["connected_at"] is not None
    assert await events_of(http) == ["channel.created", "channel.connected"]


async def test_everything_can_be_given_in_one_call(
    http: httpx.AsyncClient, account: Account
) -> None:
    user = (await http.post("/v1/users", json={"name": "Ann", "email": "a@acme.example"})).json()

    channel = await connected_channel(
        http,
        source="group",
        name="Orders",
        team_address="orders@acme.example",
        other_team_addresses=["shop@acme.example", "SHOP@acme.example"],
        gateways=["forms@website.example"],
        sender_identity={"name_style": "company", "company_name": "Acme Shop"},
        routing={"mode": "users_and_teams", "user_ids": [user["id"]], "strategy": "random"},
        ticket_automation={"enabled": True, "properties": {"priority": "high"}},
        forwarding_address={"local_part": "Shop.Orders"},
        signature="Acme Shop, Example Street 1",
        reopen_window_days=30,
    )

    assert channel["state"] == "connected"
    assert channel["name"] == "Orders"
    assert channel["forwarding_address"] == f"shop.orders@{account.hosted_domain}"
    assert channel["other_team_addresses"] == ["shop@acme.example"]
    assert channel["gateways"] == ["forms@website.example"]
    assert channel["sender_identity"]["company_name"] == "Acme Shop"
    assert channel["routing"]["user_ids"] == [user["id"]]
    assert channel["ticket_automation"]["properties"]["priority"] == "high"
    assert channel["reopen_window_days"] == 30
    assert (await http.get(f"/v1/channels/{channel['id']}")).json() == channel


async def test_one_call_that_fails_leaves_nothing(http: httpx.AsyncClient) -> None:
    body = {
        "shared": True,
        "provider": "other",
        "connect": True,
        "routing": {"mode": "users_and_teams", "user_ids": ["usr_nobody"]},
    }

    answer = await http.post("/v1/channels", json=body)

    assert answer.status_code == 422
    assert pointers(answer) == ["/routing/user_ids/0"]
    assert (await http.get("/v1/channels")).json()["items"] == []
    assert await events_of(http) == []


async def test_connecting_again_changes_nothing(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    again = await http.post(f"/v1/channels/{channel['id']}/connect")

    assert again.status_code == 200
    assert again.json() == channel
    assert (await events_of(http)).count("channel.connected") == 1


async def test_the_list_tells_drafts_from_connected_channels(http: httpx.AsyncClient) -> None:
    connected = await connected_channel(http)
    waiting = await draft(http)

    async def listed(query: str) -> list[str]:
        return [c["id"] for c in (await http.get(f"/v1/channels{query}")).json()["items"]]

    assert await listed("?state=connected") == [connected["id"]]
    assert await listed("?state=draft") == [waiting["id"]]
    assert await listed("") == [connected["id"], waiting["id"]]


async def test_the_list_goes_on_at_its_cursor(http: httpx.AsyncClient) -> None:
    made = [(await draft(http))["id"] for _ in range(3)]

    first = (await http.get("/v1/channels?limit=2")).json()
    rest = (await http.get(f"/v1/channels?limit=2&cursor={first['next_cursor']}")).json()

    assert [c["id"] for c in first["items"] + rest["items"]] == made
    assert rest["next_cursor"] is None


async def test_a_patch_changes_what_it_names_and_nothing_else(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http, team_address="a@acme.example", signature="Bye")

    answer = await http.patch(
        f"/v1/channels/{channel['id']}", json={"name": "  Front desk ", "reopen_window_days": 0}
    )

    assert answer.status_code == 200
    assert answer.json() == {**channel, "name": "Front desk", "reopen_window_days": 0}


async def test_null_clears_what_may_be_empty(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http, team_address="a@acme.example", reopen_window_days=3)

    answer = await http.patch(
        f"/v1/channels/{channel['id']}", json={"team_address": None, "reopen_window_days": None}
    )

    assert answer.json()["team_address"] is None
    assert answer.json()["reopen_window_days"] is None
    assert (
        await http.patch(f"/v1/channels/{channel['id']}", json={"name": None})
    ).status_code == 422


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "two\u2028lines"),
        ("name", "x" * 201),
        ("team_address", "nobody"),
        ("team_address", "a@acme.example, b@acme.example"),
        ("team_address", "a..b@acme.example"),
        ("team_address", "a@acme.example\r\nBcc: b@acme.example"),
        ("other_team_addresses", ["a@"]),
        ("gateways", ["@acme.example"]),
        ("reopen_window_days", -1),
        ("reopen_window_days", 3651),
        ("signature", None),
        ("team_address", "a@" + ".".join(["ü" * 50] * 5) + ".example"),
        ("state", "connected"),
        ("forwarding_address", "x@y.example"),
    ],
)
async def test_what_cannot_be_stored_is_refused_with_its_place(
    http: httpx.AsyncClient, field: str, value: Any
) -> None:
    channel = await draft(http)

    answer = await http.patch(f"/v1/channels/{channel['id']}", json={field: value})

    assert answer.status_code == 422, answer.text
    assert pointers(answer)[0].startswith(f"/{field}")
    assert (await http.get(f"/v1/channels/{channel['id']}")).json() == channel


async def test_a_hosted_address_is_no_team_address(
    http: httpx.AsyncClient, account: Account
) -> None:
    body = {
        "shared": True,
        "provider": "other",
        "team_address": f"support@{account.hosted_domain}",
    }

    answer = await http.post("/v1/channels", json=body)

    assert answer.status_code == 422
    assert answer.json()["code"] == "channel.team_address_hosted"


async def test_two_drafts_of_one_team_address_propose_the_same_forwarding_address(
    http: httpx.AsyncClient,
) -> None:
    first = await draft(http, team_address="Info@Acme.example")
    second = await draft(http, team_address="INFO@acme.example")
    await http.post(f"/v1/channels/{first['id']}/connect")

    refused = await http.post(f"/v1/channels/{second['id']}/connect")

    assert first["forwarding_address"] == second["forwarding_address"]
    assert (refused.status_code, refused.json()["code"]) == (409, "channel.address_taken")
    path = f"/v1/channels/{second['id']}"
    await http.put(f"{path}/forwarding-address", json={"local_part": "info-sales"})
    assert (await http.post(f"{path}/connect")).status_code == 200


async def test_a_second_channel_of_a_team_address_is_proposed_another_address(
    http: httpx.AsyncClient, account: Account
) -> None:
    first = await connected_channel(http, team_address="info@acme.example")

    second = await connected_channel(http, team_address="info@acme.example")
    third = await draft(http, team_address="other@acme.example")
    moved = await http.patch(
        f"/v1/channels/{third['id']}", json={"team_address": "info@acme.example"}
    )

    assert first["forwarding_address"] == f"info@{account.hosted_domain}"
    assert second["forwarding_address"] == f"info-1@{account.hosted_domain}"
    assert moved.json()["forwarding_address"] == f"info-2@{account.hosted_domain}"


async def test_a_change_upon_a_stale_state_is_refused(http: httpx.AsyncClient) -> None:
    channel = await draft(http)
    path = f"/v1/channels/{channel['id']}"
    etag = (await http.get(path)).headers["ETag"]

    first = await http.patch(path, json={"name": "One"}, headers={"If-Match": etag})
    second = await http.patch(path, json={"name": "Two"}, headers={"If-Match": etag})
    third = await http.patch(
        path, json={"name": "Three"}, headers={"If-Match": first.headers["ETag"]}
    )

    assert (first.status_code, second.status_code, third.status_code) == (200, 412, 200)
    assert third.json()["name"] == "Three"


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("sender-identity", {"company_name": "Acme"}),
        ("routing", {"mode": "unassigned", "require_tracking": False}),
        ("ticket-automation", {"enabled": True}),
        ("forwarding-address", {"local_part": "hello"}),
    ],
)
async def test_a_sub_resource_is_changed_upon_the_channels_etag(
    http: httpx.AsyncClient, part: str, body: dict[str, Any]
) -> None:
    channel = await draft(http)
    path = f"/v1/channels/{channel['id']}"
    etag = (await http.get(path)).headers["ETag"]
    assert (await http.get(f"{path}/{part}")).headers["ETag"] == etag
    await http.patch(path, json={"name": "Changed meanwhile"})

    stale = await http.put(f"{path}/{part}", json=body, headers={"If-Match": etag})
    fresh = (await http.get(path)).headers["ETag"]
    done = await http.put(f"{path}/{part}", json=body, headers={"If-Match": fresh})

    assert (stale.status_code, done.status_code) == (412, 200)
    assert done.headers["ETag"] == (await http.get(path)).headers["ETag"]


@pytest.mark.parametrize("part", ["sender-identity", "routing", "ticket-automation"])
async def test_what_a_sub_resource_shows_can_be_sent_back(
    http: httpx.AsyncClient, part: str
) -> None:
    path = f"/v1/channels/{(await draft(http))['id']}/{part}"
    shown = (await http.get(path)).json()

    answer = await http.put(path, json=shown)

    assert answer.status_code == 200, answer.text
    assert answer.json() == shown


async def test_a_deleted_channel_is_gone(http: httpx.AsyncClient) -> None:
    for channel in (await draft(http), await connected_channel(http)):
        path = f"/v1/channels/{channel['id']}"

        answer = await http.delete(path)

        assert answer.status_code == 204
        assert answer.content == b""
        for gone in (path, f"{path}/setup", f"{path}/routing", f"{path}/forwarding"):
            assert (await http.get(gone)).status_code == 404
        assert (await http.post(f"{path}/connect")).status_code == 404
        assert (await http.delete(path)).status_code == 404
    assert (await http.get("/v1/channels")).json()["items"] == []


async def test_the_address_of_a_deleted_channel_is_never_given_again(
    http: httpx.AsyncClient, account: Account
) -> None:
    channel = await connected_channel(http)
    await http.delete(f"/v1/channels/{channel['id']}")

    after = await draft(http)
    wanted = await http.put(
        f"/v1/channels/{after['id']}/forwarding-address", json={"local_part": "support"}
    )

    assert after["forwarding_address"] == f"support-1@{account.hosted_domain}"
    assert wanted.status_code == 409
    assert wanted.json()["code"] == "channel.address_taken"


async def test_a_draft_that_is_thrown_away_leaves_its_address_to_others(
    http: httpx.AsyncClient, account: Account
) -> None:
    channel = await draft(http)
    await http.delete(f"/v1/channels/{channel['id']}")

    after = await connected_channel(http)

    assert after["forwarding_address"] == f"support@{account.hosted_domain}"
    assert after["sender_identity"]["company_name"] == "Acme"


async def test_no_account_sees_anothers_channel(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    channel = await connected_channel(http)
    path = f"/v1/channels/{channel['id']}"
    body = {"company_name": "Mine"}

    answers = [
        await other_http.get(path),
        await other_http.patch(path, json={"name": "Mine"}),
        await other_http.delete(path),
        await other_http.post(f"{path}/connect"),
        await other_http.get(f"{path}/setup"),
        await other_http.get(f"{path}/forwarding"),
        await other_http.get(f"{path}/forwarding-instructions"),
        await other_http.get(f"{path}/sender-identity/preview"),
        await other_http.put(f"{path}/sender-identity", json=body),
        await other_http.put(f"{path}/routing", json={}),
        await other_http.put(f"{path}/ticket-automation", json={}),
        await other_http.put(f"{path}/forwarding-address", json={"local_part": "x"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert (await other_http.get("/v1/channels")).json()["items"] == []
    assert (await http.get(path)).json() == channel


async def test_scopes_say_who_may_do_what(http: httpx.AsyncClient, key_http: Any) -> None:
    channel = await draft(http)
    path = f"/v1/channels/{channel['id']}"
    reader, writer = await key_http("channels:read"), await key_http("channels:write")
    namer = await key_http("sender_identity:write")
    name = {"company_name": "Acme"}

    assert (await reader.get(path)).status_code == 200
    assert (await reader.patch(path, json={"name": "x"})).status_code == 403
    assert (await reader.post(f"{path}/connect")).status_code == 403
    assert (await reader.put(f"{path}/routing", json={})).status_code == 403
    assert (await reader.get(f"{path}/sender-identity")).status_code == 403
    assert (await writer.put(f"{path}/routing", json={})).status_code == 200
    assert (await writer.put(f"{path}/sender-identity", json=name)).status_code == 403
    assert (await namer.put(f"{path}/sender-identity", json=name)).status_code == 200
    assert (await namer.get(f"{path}/sender-identity/preview")).status_code == 200
    assert (await namer.get(path)).status_code == 403


async def test_the_same_idempotency_key_makes_one_channel(http: httpx.AsyncClient) -> None:
    body = {"shared": True, "provider": "other", "connect": True}
    headers = {"Idempotency-Key": "channel-1"}

    first = await http.post("/v1/channels", json=body, headers=headers)
    second = await http.post("/v1/channels", json=body, headers=headers)

    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert len((await http.get("/v1/channels")).json()["items"]) == 1


async def test_a_free_plan_has_its_own_root(make_account: MakeAccount, client: MakeClient) -> None:
    account = await make_account("Small", plan="free")

    channel = await connected_channel(client(account.key))

    assert channel["forwarding_address"] == "support@small.free-inbox.localhost"


async def test_a_draft_and_a_deleted_channel_are_refused_at_the_door(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    waiting, deleted = await draft(http), await connected_channel(http)
    await http.delete(f"/v1/channels/{deleted['id']}")

    for channel in (waiting, deleted):
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await deliver(mail(), channel["forwarding_address"])

        [one] = refused.value.recipients
        assert one.code == 550


async def test_mail_to_a_connected_channel_is_kept_and_proves_the_forwarding(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    channel = await connected_channel(http)

    await deliver(mail(), channel["forwarding_address"].replace("@", "+tag@"))

    forwarding = (await http.get(f"/v1/channels/{channel['id']}/forwarding")).json()
    assert forwarding["status"] == "verified"
    assert forwarding["last_received_at"] is not None
    assert "channel.forwarding_verified" in await events_of(http)


async def test_the_conversations_of_a_deleted_channel_stay(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    channel = await connected_channel(http)
    await deliver(mail(), channel["forwarding_address"])
    before = (await http.get("/v1/conversations")).json()["items"]

    await http.delete(f"/v1/channels/{channel['id']}")

    after = (await http.get("/v1/conversations")).json()["items"]
    assert [one["channel_id"] for one in after] == [channel["id"]]
    assert after == before
