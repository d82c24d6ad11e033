"""Under which name and address the team writes, and how that is shown before it is sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.builders import connected_channel, new_user
from tests.conftest import MakeAccount, MakeClient


def path_of(channel: dict[str, Any]) -> str:
    return f"/v1/channels/{channel['id']}/sender-identity"


async def preview(
    http: httpx.AsyncClient, channel: dict[str, Any], user_id: str | None = None
) -> dict[str, Any]:
    params = {"user_id": user_id} if user_id else {}
    answer = await http.get(f"{path_of(channel)}/preview", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_the_default_names_are_made_unique(http: httpx.AsyncClient) -> None:
    made = [await connected_channel(http) for _ in range(3)]

    names = [one["sender_identity"]["company_name"] for one in made]
    assert names == ["Acme", "Acme 2", "Acme 3"]


async def test_the_accounts_company_name_goes_before_its_name(
    make_account: MakeAccount, client: MakeClient
) -> None:
    account = await make_account("Acme Holding 17", company_name="Acme")

    channel = await connected_channel(client(account.key))

    assert channel["sender_identity"]["company_name"] == "Acme"


async def test_an_identity_is_replaced_as_a_whole(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http, sender_identity={"name_style": "company"})
    assert channel["sender_identity"]["name_style"] == "company"

    answer = await http.put(path_of(channel), json={"company_name": "  Acme Care "})

    assert answer.status_code == 200
    assert answer.json() == {
        "name_style": "agent_and_company",
        "company_name": "Acme Care",
        "address": {"kind": "default", "address": None},
        "in_force": {"kind": "default", "address": channel["forwarding_address"]},
        "warnings": [],
    }
    assert (await http.get(path_of(channel))).json() == answer.json()
    assert (await http.put(path_of(channel), json=answer.json())).json() == answer.json()
    shown = (await http.get(f"/v1/channels/{channel['id']}")).json()
    assert shown["sender_identity"] == answer.json()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name_style": "company"},
        {"company_name": ""},
        {"company_name": "   "},
        {"company_name": None},
        {"company_name": "two\nlines"},
        {"company_name": "Acme\r\nBcc: everybody@acme.example"},
        {"company_name": "\u200b"},
        {"company_name": "x" * 101},
    ],
)
async def test_a_company_name_is_needed_and_is_one_line(
    http: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json=body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == "/company_name"
    assert (await http.get(path_of(channel))).json() == channel["sender_identity"]


async def test_an_unknown_style_is_refused(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json={"company_name": "A", "name_style": "agent"})

    assert answer.status_code == 422


async def test_a_company_name_belongs_to_one_channel_of_the_account(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    await connected_channel(http, sender_identity={"company_name": "Care"})
    second, foreign = await connected_channel(http), await connected_channel(other_http)

    refused = await http.put(path_of(second), json={"company_name": "CARE"})

    assert refused.status_code == 409
    assert refused.json()["code"] == "sender_identity.name_taken"
    assert refused.json()["errors"][0]["pointer"] == "/company_name"
    assert "CARE 2 is free" in refused.json()["detail"]
    assert (await http.put(path_of(second), json={"company_name": "Care 2"})).status_code == 200
    assert (
        await other_http.put(path_of(foreign), json={"company_name": "Care"})
    ).status_code == 200


async def test_a_taken_name_is_refused_where_the_channel_is_created(
    http: httpx.AsyncClient,
) -> None:
    await connected_channel(http)
    identity = {"company_name": "acme"}

    refused = await http.post(
        "/v1/channels", json={"shared": True, "provider": "other", "sender_identity": identity}
    )

    assert refused.status_code == 409
    assert refused.json()["code"] == "sender_identity.name_taken"
    assert refused.json()["errors"][0]["pointer"] == "/sender_identity/company_name"


async def test_a_channel_may_be_given_its_own_name_again(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json={"company_name": "ACME"})

    assert answer.status_code == 200
    assert answer.json()["company_name"] == "ACME"


async def test_a_deleted_channel_lets_go_of_its_name(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)
    await http.delete(f"/v1/channels/{channel['id']}")

    after = await connected_channel(http)

    assert after["sender_identity"]["company_name"] == "Acme"


@pytest.mark.parametrize("plan", ["professional", "free"])
async def test_an_address_that_nobody_verified_is_refused_and_the_default_stays(
    make_account: MakeAccount, client: MakeClient, plan: str
) -> None:
    http = client((await make_account("Wayne", plan=plan)).key)
    channel = await connected_channel(http)
    custom = {"kind": "custom", "address": "help@wayne.example"}

    answer = await http.put(path_of(channel), json={"company_name": "W", "address": custom})

    assert answer.status_code == 409
    assert answer.json()["code"] == "sender_identity.address_not_verified"
    assert answer.json()["errors"][0]["pointer"] == "/address/address"
    assert (await http.get(path_of(channel))).json() == channel["sender_identity"]


@pytest.mark.parametrize(
    "address",
    [
        {"kind": "custom"},
        {"kind": "custom", "address": "nobody"},
        {"kind": "custom", "address": "a@b.example\r\nBcc: c@d.example"},
        {"kind": "default", "address": "help@acme.example"},
        {"kind": "other"},
        {"kind": "default", "more": 1},
    ],
)
async def test_an_address_that_makes_no_sense_is_invalid(
    http: httpx.AsyncClient, address: dict[str, Any]
) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json={"company_name": "A", "address": address})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/address")


async def test_the_preview_shows_the_agent_and_the_exact_header(http: httpx.AsyncClient) -> None:
    ann = await new_user(http, "ann@acme.example", name="Ann Lee")
    channel = await connected_channel(http)
    address = channel["forwarding_address"]

    assert await preview(http, channel, ann["id"]) == {
        "from_name": "Ann Lee from Acme",
        "from_address": address,
        "from_header": f"Ann Lee from Acme <{address}>",
        "reply_to": None,
        "warnings": [],
    }
    assert (await preview(http, channel))["from_name"] == "Acme"


async def test_the_preview_of_a_company_name_leaves_the_agent_out(http: httpx.AsyncClient) -> None:
    ann = await new_user(http)
    identity = {"name_style": "company", "company_name": "Müller & Söhne"}
    channel = await connected_channel(http, sender_identity=identity)

    shown = await preview(http, channel, ann["id"])

    assert shown["from_name"] == "Müller & Söhne"
    assert shown["from_header"].startswith("=?utf-8?")
    assert shown["from_header"].endswith(f"<{channel['forwarding_address']}>")


async def test_the_preview_for_somebody_elses_agent_is_not_found(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    foreign = await new_user(other_http)
    channel = await connected_channel(http)

    for user_id in (foreign["id"], "usr_nobody"):
        answer = await http.get(f"{path_of(channel)}/preview?user_id={user_id}")

        assert answer.status_code == 404


async def test_a_draft_previews_the_address_it_would_get(http: httpx.AsyncClient) -> None:
    made = await http.post("/v1/channels", json={"shared": True, "provider": "other"})

    shown = await preview(http, made.json())

    assert shown["from_address"] == made.json()["forwarding_address"]
