"""The ticket automation of a channel is checked when it is saved."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.builders import connected_channel, new_user


def path_of(channel: dict[str, Any]) -> str:
    return f"/v1/channels/{channel['id']}/ticket-automation"


async def pipeline_of(http: httpx.AsyncClient) -> dict[str, Any]:
    answer = await http.get("/v1/ticket-pipelines")
    assert answer.status_code == 200, answer.text
    [found] = answer.json()["items"]
    pipeline: dict[str, Any] = found
    return pipeline


async def test_every_account_has_a_pipeline_from_the_start(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    pipeline = await pipeline_of(http)

    assert pipeline["name"] == "Support"
    assert [(s["name"], s["state"]) for s in pipeline["stages"]] == [
        ("New", "open"),
        ("Waiting on contact", "open"),
        ("Waiting on us", "open"),
        ("Closed", "closed"),
    ]
    assert (await http.get(f"/v1/ticket-pipelines/{pipeline['id']}")).json() == pipeline
    assert (await other_http.get(f"/v1/ticket-pipelines/{pipeline['id']}")).status_code == 404
    theirs = await pipeline_of(other_http)
    ours = {pipeline["id"], *(s["id"] for s in pipeline["stages"])}
    assert not ours & {theirs["id"], *(s["id"] for s in theirs["stages"])}


async def test_the_pipeline_keeps_its_ids_when_channels_need_it(http: httpx.AsyncClient) -> None:
    before = await pipeline_of(http)

    for _ in range(2):
        await connected_channel(http, ticket_automation={"enabled": True})

    assert await pipeline_of(http) == before
    assert (await http.get(f"/v1/ticket-pipelines/{before['id']}")).json() == before


async def test_switched_on_it_says_what_will_happen(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)
    pipeline = await pipeline_of(http)

    answer = await http.put(path_of(channel), json={"enabled": True})

    assert answer.status_code == 200
    assert answer.json() == {
        "enabled": True,
        "properties": {
            "name": "{{conversation.subject}}",
            "pipeline_id": pipeline["id"],
            "stage_id": pipeline["stages"][0]["id"],
            "priority": None,
            "owner_id": None,
            "category": None,
            "custom": {},
        },
        "on_reply_to_closed": {"stage_id": pipeline["stages"][2]["id"]},
        "status": {
            "on_agent_reply": {"stage_id": pipeline["stages"][1]["id"]},
            "on_contact_reply": {"stage_id": pipeline["stages"][2]["id"]},
            "on_conversation_closed": {"stage_id": pipeline["stages"][3]["id"]},
            "close_conversation": True,
        },
        "problems": [],
    }
    assert (await http.get(path_of(channel))).json() == answer.json()
    assert (await http.put(path_of(channel), json=answer.json())).json() == answer.json()


async def test_everything_can_be_chosen(http: httpx.AsyncClient) -> None:
    channel, ann = await connected_channel(http), await new_user(http)
    pipeline = await pipeline_of(http)
    wanted = {
        "enabled": True,
        "properties": {
            "name": "{{ channel.name }}: {{conversation.subject}} of {{contact.name}}",
            "pipeline_id": pipeline["id"],
            "stage_id": pipeline["stages"][2]["id"],
            "priority": "urgent",
            "owner_id": ann["id"],
            "category": "by {{contact.email}}",
            "custom": {},
        },
        "on_reply_to_closed": {"stage_id": pipeline["stages"][0]["id"]},
        "status": {
            "on_agent_reply": None,
            "on_contact_reply": {"stage_id": pipeline["stages"][0]["id"]},
            "on_conversation_closed": None,
            "close_conversation": False,
        },
        "problems": [],
    }

    answer = await http.put(path_of(channel), json=wanted)

    assert answer.status_code == 200, answer.text
    assert answer.json() == wanted


async def test_a_closed_ticket_can_be_left_where_it_is(http: httpx.AsyncClient) -> None:
    channel = await connected_channel(http)

    answer = await http.put(path_of(channel), json={"enabled": True, "on_reply_to_closed": None})

    assert answer.json()["on_reply_to_closed"] is None
    assert (await http.get(path_of(channel))).json()["on_reply_to_closed"] is None


@pytest.mark.parametrize(
    ("properties", "code", "pointer"),
    [
        ({"name": " "}, "tickets.name_missing", "/name"),
        ({"name": "{{contact.phone}}"}, "tickets.unknown_token", "/name"),
        ({"name": "{{}}"}, "tickets.unknown_token", "/name"),
        ({"name": "{{contact.name"}, "tickets.unknown_token", "/name"),
        ({"name": "contact.name}}"}, "tickets.unknown_token", "/name"),
        ({"name": "{{{{contact.name}}}}"}, "tickets.unknown_token", "/name"),
        ({"category": "{{contact.id}}"}, "tickets.unknown_token", "/category"),
        ({"priority": "highest"}, "request.invalid", "/priority"),
        ({"owner_id": "usr_nobody"}, "tickets.unknown_owner", "/owner_id"),
        ({"pipeline_id": "pip_none"}, "tickets.unknown_pipeline", "/pipeline_id"),
        ({"stage_id": "stg_none"}, "tickets.stage_not_in_pipeline", "/stage_id"),
        ({"custom": {"size": 3}}, "tickets.unknown_property", "/custom/size"),
        ({"custom": {"a/b": "x"}}, "tickets.unknown_property", "/custom/a~1b"),
        ({"custom": {"size": [3]}}, "tickets.bad_property", "/custom/size"),
        ({"colour": "red"}, "request.invalid", "/colour"),
    ],
)
async def test_a_template_that_does_not_fit_is_refused_with_its_place(
    http: httpx.AsyncClient, properties: dict[str, Any], code: str, pointer: str
) -> None:
    channel = await connected_channel(http)

    for enabled in (True, False):
        answer = await http.put(
            path_of(channel), json={"enabled": enabled, "properties": properties}
        )

        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] == code
        assert answer.json()["errors"][0]["pointer"] == f"/properties{pointer}"
    assert (await http.get(path_of(channel))).json() == channel["ticket_automation"]


async def test_in_a_new_channel_the_place_begins_with_the_automation(
    http: httpx.AsyncClient,
) -> None:
    automation = {"properties": {"name": "{{nothing}}"}}
    body = {"shared": True, "provider": "other", "ticket_automation": automation}

    answer = await http.post("/v1/channels", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/ticket_automation/properties/name"


async def test_the_stage_for_replies_belongs_to_the_pipeline(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    channel = await connected_channel(http)
    foreign = (await pipeline_of(other_http))["stages"][0]["id"]

    answer = await http.put(path_of(channel), json={"on_reply_to_closed": {"stage_id": foreign}})

    assert answer.status_code == 422
    assert answer.json()["code"] == "tickets.stage_not_in_pipeline"
    assert answer.json()["errors"][0]["pointer"] == "/on_reply_to_closed/stage_id"


async def test_a_rule_s_stage_belongs_to_the_pipeline_and_closing_needs_a_closed_one(
    http: httpx.AsyncClient,
) -> None:
    channel, pipeline = await connected_channel(http), await pipeline_of(http)
    rules = [
        ({"on_agent_reply": {"stage_id": "stg_none"}}, "/status/on_agent_reply/stage_id"),
        (
            {"on_conversation_closed": {"stage_id": pipeline["stages"][0]["id"]}},
            "/status/on_conversation_closed/stage_id",
        ),
    ]

    for status, pointer in rules:
        answer = await http.put(path_of(channel), json={"enabled": True, "status": status})

        assert answer.status_code == 422, answer.text
        assert answer.json()["code"] == "tickets.stage_not_in_pipeline"
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_somebody_elses_user_or_pipeline_is_unknown(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient
) -> None:
    channel, foreign = await connected_channel(http), await new_user(other_http)
    pipeline = await pipeline_of(other_http)

    for properties in ({"owner_id": foreign["id"]}, {"pipeline_id": pipeline["id"]}):
        answer = await http.put(path_of(channel), json={"properties": properties})

        assert answer.status_code == 422
