"""What holds for everything that can be read: its ETag, HEAD, and reading only what has changed."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import connected_channel, kept, mail
from tests.conftest import Deliver, MakeClient


async def test_every_resource_that_can_be_read_has_an_etag(
    http: httpx.AsyncClient, deliver: Deliver
) -> None:
    channel = await connected_channel(http)
    [received] = kept(await deliver(mail(), channel["forwarding_address"]))
    listed = await http.post("/v1/sender-lists", json={"kind": "deny", "domain": "spam.example"})
    key = await http.post("/v1/api-keys", json={"name": "Other", "scopes": ["users:read"]})
    hook = (await http.post("/v1/webhooks", json={"url": "https://hooks.example/"})).json()
    called = await http.post(f"/v1/webhooks/{hook['id']}/test")

    for path in (
        f"/v1/received-mail/{received}",
        f"/v1/sender-lists/{listed.json()['id']}",
        f"/v1/api-keys/{key.json()['id']}",
        f"/v1/webhooks/{hook['id']}/deliveries/{called.json()['id']}",
    ):
        first, again = await http.get(path), await http.get(path)

        assert first.headers["etag"].startswith('"'), path
        assert again.headers["etag"] == first.headers["etag"], path


async def test_a_head_is_a_get_without_its_body(http: httpx.AsyncClient) -> None:
    whole = await http.get("/v1/account")

    head = await http.head("/v1/account")

    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "content-length"):
        assert head.headers[name] == whole.headers[name], name
    assert "x-request-id" in head.headers


async def test_a_monitor_may_ask_for_health_with_head(client: MakeClient) -> None:
    answer = await client(None).head("/health/live")

    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_head_is_refused_as_its_get_would_be(
    http: httpx.AsyncClient, client: MakeClient
) -> None:
    assert (await client(None).head("/v1/account")).status_code == 401
    assert (await http.head("/v1/users/usr_unknown")).status_code == 404
    assert (await http.head("/v1/users?colour=red")).status_code == 422


async def test_a_head_of_a_stream_is_refused_and_does_not_hang(http: httpx.AsyncClient) -> None:
    assert (await http.head("/v1/events/stream")).status_code == 405


@pytest.mark.parametrize("given", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
async def test_what_the_client_has_already_is_not_sent_again(
    http: httpx.AsyncClient, given: str
) -> None:
    tag = (await http.get("/v1/account")).headers["etag"]

    answer = await http.get("/v1/account", headers={"If-None-Match": given.format(tag=tag)})

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == tag
    assert "content-type" not in answer.headers


async def test_what_has_changed_is_sent(http: httpx.AsyncClient) -> None:
    tag = (await http.get("/v1/account")).headers["etag"]
    await http.patch("/v1/account", json={"company_name": "Acme Works"})

    answer = await http.get("/v1/account", headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.json()["company_name"] == "Acme Works"


async def test_a_list_has_no_etag_and_is_always_sent(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/users", headers={"If-None-Match": "*"})

    assert answer.status_code == 200
