"""Whoever leaves the account leaves no conversation behind that nobody sees."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import connected_channel, mail, new_user, read_kept
from tests.conftest import Deliver, MakeClient


@pytest.mark.parametrize(("path", "field"), [("users", "assignee_id"), ("teams", "team_id")])
async def test_what_was_assigned_to_somebody_who_is_deleted_is_unassigned(
    http: httpx.AsyncClient, deliver: Deliver, path: str, field: str
) -> None:
    channel = await connected_channel(http, team_address="support@acme.example")
    received, _ = await read_kept(http, await deliver(mail(), channel["forwarding_address"]))
    conversation = f"/v1/conversations/{received['conversation_id']}"
    if path == "users":
        gone = await new_user(http)
    else:
        gone = (await http.post("/v1/teams", json={"name": "First line"})).json()
    assigned = await http.patch(conversation, json={field: gone["id"]})
    assert assigned.json()[field] == gone["id"]

    assert (await http.delete(f"/v1/{path}/{gone['id']}")).status_code == 204

    assert (await http.get(conversation)).json()[field] is None
    unassigned = (await http.get("/v1/conversations?unassigned=true")).json()["items"]
    assert [one["id"] for one in unassigned] == [received["conversation_id"]]
    history = (await http.get(f"{conversation}/messages")).json()["items"]
    assert history[-1]["text"] == f"{field}: {gone['id']} → None"
    types = [e["type"] for e in (await http.get("/v1/events?limit=200")).json()["items"]]
    assert types[-1] == "conversation.assigned"


async def test_metrics_count_the_mails_of_the_smtp_door(
    http: httpx.AsyncClient, client: MakeClient, deliver: Deliver
) -> None:
    channel = await connected_channel(http)
    await deliver(mail(), channel["forwarding_address"])

    answer = await client(None).get("/metrics")

    assert "hosted_inbox_smtp_mails_total 1.0" in answer.text.splitlines()
