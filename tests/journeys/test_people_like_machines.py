"""F1 and F2: people whose mail has the look of a machine's, and groups that nobody has named."""

from __future__ import annotations

import httpx
import pytest

from tests.builders import connected_channel
from tests.conftest import Deliver
from tests.journeys.conftest import Inbox

GROUP = (
    "Precedence: list\r\nList-ID: <help.acme.example>\r\nX-Google-Group-Id: 123456789012\r\n"
    "Mailing-list: list help@acme.example; contact help+owners@acme.example\r\n"
    "List-Post: <https://groups.google.com/a/acme.example/group/help/post>,\r\n"
    " <mailto:help@acme.example>\r\n"
    "List-Unsubscribe: <mailto:googlegroups-manage+1+unsubscribe@googlegroups.com>\r\n"
)


@pytest.fixture
async def nameless(http: httpx.AsyncClient, deliver: Deliver) -> Inbox:
    """A channel behind a group whose address nobody has said."""
    return Inbox(http, deliver, await connected_channel(http, source="group"))


@pytest.mark.parametrize(
    "sender",
    [
        "Jo Post <postmaster@company.example>",
        "postmaster@company.example",
        "Postmaster <postmaster@company.example>",
    ],
)
async def test_a_person_who_writes_as_postmaster_is_a_person(inbox: Inbox, sender: str) -> None:
    message = await inbox.take(text="Please send us an offer for 20 lamps.", sender=sender)

    assert message["class"] == "human"
    assert message["conversation_id"] is not None


@pytest.mark.parametrize(
    ("sender", "more"),
    [
        ("Mail Delivery System <postmaster@company.example>", ""),
        ("postmaster@company.example", "Auto-Submitted: auto-generated\r\n"),
        ("MAILER-DAEMON@company.example", ""),
    ],
)
async def test_a_postmaster_with_a_sign_of_a_machine_is_none(
    inbox: Inbox, sender: str, more: str
) -> None:
    message = await inbox.take(text="The queue is long.", sender=sender, more=more)

    assert message["class"] == "auto_generated"


@pytest.mark.parametrize("field", ["List-Help", "List-Archive", "List-Owner", "List-Subscribe"])
async def test_one_field_of_courtesy_makes_no_bulk(inbox: Inbox, field: str) -> None:
    message = await inbox.take(more=f"{field}: <mailto:x@company.example>\r\n")

    assert message["class"] == "human"


@pytest.mark.parametrize(
    "more",
    [
        "List-Unsubscribe: <mailto:x@news.example>\r\n",
        "List-Help: <mailto:x@news.example>\r\nList-Archive: <https://news.example/>\r\n",
        "List-Help: <mailto:x@news.example>\r\nPrecedence: bulk\r\n",
        "List-Id: <news.news.example>\r\n",
    ],
)
async def test_what_a_list_says_of_itself_makes_bulk(inbox: Inbox, more: str) -> None:
    message = await inbox.take(more=more)

    assert message["class"] == "bulk"


@pytest.mark.parametrize("name", ["help", "notes"])
async def test_the_fields_of_a_group_that_nobody_has_named_make_no_bulk(
    nameless: Inbox, name: str
) -> None:
    fields = "List-Post: NO\r\n" + GROUP.replace("help", name)

    message = await nameless.take(to=f"Help <{name}@acme.example>", more=fields)

    conversation = await nameless.conversation_of(message)
    assert message["class"] == "human"
    assert message["author"]["address"] == "carla@customer.example"
    assert [one["address"] for one in conversation["participants"]] == ["carla@customer.example"]


async def test_nobody_calls_himself_the_group_to_speak_for_another(nameless: Inbox) -> None:
    """Only an address that was stated rewrites; a list of one's own names nobody else as author."""
    message = await nameless.take(
        sender="'Carla Customer' via Help <help@evil.example>",
        to="help@evil.example",
        more="List-ID: <help.evil.example>\r\nX-Original-From: Carla <carla@customer.example>\r\n",
    )

    assert message["author"]["address"] == "help@evil.example"
    assert (await nameless.attribution_of(message))["class"] == "transparent"


async def test_a_newsletter_to_a_group_that_nobody_has_named_is_bulk(nameless: Inbox) -> None:
    more = "List-Id: <deals.shop.example>\r\nList-Unsubscribe: <https://shop.example/u>\r\n"

    message = await nameless.take(sender="deals@shop.example", to="help@acme.example", more=more)

    assert message["class"] == "bulk"


async def test_a_newsletter_by_way_of_such_a_group_is_bulk(nameless: Inbox) -> None:
    more = GROUP + "List-Unsubscribe: <https://shop.example/u>\r\n"

    message = await nameless.take(sender="deals@shop.example", to="help@acme.example", more=more)

    assert message["class"] == "bulk"


async def test_a_mailbox_has_no_list_of_its_own(http: httpx.AsyncClient, deliver: Deliver) -> None:
    inbox = Inbox(http, deliver, await connected_channel(http, source="mailbox"))

    message = await inbox.take(to="Help <help@acme.example>", more=GROUP)

    assert message["class"] == "bulk"
