"""Searching conversations (G6): what is found, in which order, and that nothing is scanned."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app import words
from app.db import dialect_of
from app.domain import conversations
from app.domain.conversations import asking, indexing, searching
from app.domain.conversations.service import conditions_of
from tests.builders import connected_channel, kept, mail, new_user
from tests.conftest import Account, Deliver, Service


@pytest.fixture
async def channel(http: httpx.AsyncClient) -> dict[str, Any]:
    """A connected channel of support@acme.example."""
    return await connected_channel(http, team_address="support@acme.example")


@pytest.fixture
async def take(http: httpx.AsyncClient, channel: dict[str, Any], deliver: Deliver) -> Any:
    """Deliver a mail and give the message that it became."""
    count = 0

    async def one(body: str = "Hello.", **fields: Any) -> dict[str, Any]:
        nonlocal count
        count += 1
        fields = {"subject": "Nothing", "message_id": f"<{count}@customer.example>", **fields}
        reply = await deliver(mail(body, **fields), channel["forwarding_address"])
        received = (await http.get(f"/v1/received-mail/{kept(reply)[0]}")).json()
        message: dict[str, Any] = (await http.get(f"/v1/messages/{received['message_id']}")).json()
        return message

    return one


async def search(http: httpx.AsyncClient, q: str, **more: Any) -> list[str]:
    """The ids of the conversations found, in their order."""
    answer = await http.get("/v1/conversations", params={"q": q, **more})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


@pytest.mark.parametrize(
    ("question", "is_found"),
    [
        ("kettle", True),  # the subject
        ("KETTLE boiling", True),  # subject and text, whatever their case
        ("boil", True),  # the beginning of the last word
        ("boil over", False),  # of the last one alone
        ("kettle teapot", False),  # every word is asked for
        ('"over the stove"', True),
        ('"the over stove"', False),
        ('"kettle boiling"', False),  # no phrase reaches from one field into the next
        ("noémie", True),
        ("noemie", True),
        ("NOÉMIE@CAFE.EXAMPLE", True),
        ("noemie@cafe", True),
        ("cafe.example", True),
        ("support@acme.example", True),  # whom it is to
        ("strasse", True),
        ("STRASSE 12", True),
        ("lodz", True),
        ("bjorn", True),
        ("blåbær", True),
        ("京都", True),  # within a longer run
        ("都タワー", True),
        ("都", True),
        ("ﾀﾜｰ", True),
        ("京タ", False),
        ("회사", True),
        ("العربية", True),
        ("100%", True),
        ("%", False),
        ('"', False),
        ("' OR 1=1 --", False),
        ("kettle:* | stove", True),  # no language of its own: the words count
        ("kettle:* | xyz", False),
    ],
)
async def test_words_are_found_wherever_they_stand(
    http: httpx.AsyncClient, take: Any, question: str, is_found: bool
) -> None:
    message = await take(
        "It keeps boiling over the stove, 100% sure: Straße 12 in ŁÓDŹ, Bjørn, blåbær.\n"
        "東京都タワーに行く。 우리회사에서 العَرَبِيَّة",
        subject="My kettle",
        sender="Noe\u0301mie Café <noemie@cafe.example>",
    )
    await take("Something else.", message_id="<other@customer.example>")

    found = await search(http, question)

    expected = [message["conversation_id"]] if is_found else []
    assert [one for one in found if one == message["conversation_id"]] == expected
    if not is_found:
        assert found == []


async def test_every_word_has_to_stand_in_one_message(http: httpx.AsyncClient, take: Any) -> None:
    first = await take("A kettle.")
    await take("A teapot.", more="In-Reply-To: <1@customer.example>\r\n")

    assert await search(http, "kettle") == [first["conversation_id"]]
    assert await search(http, "teapot") == [first["conversation_id"]]
    assert await search(http, "kettle teapot") == []


async def test_comments_are_found_and_what_the_history_notes_is_not(
    http: httpx.AsyncClient, take: Any
) -> None:
    message = await take()
    user = await new_user(http)
    path = f"/v1/conversations/{message['conversation_id']}"

    await http.post(f"{path}/comments", json={"text": "Goldfish!", "author_id": user["id"]})
    await http.patch(path, json={"state": "closed"})

    assert await search(http, "goldfish") == [message["conversation_id"]]
    assert await search(http, "closed") == []


async def test_filters_narrow_a_search(http: httpx.AsyncClient, take: Any) -> None:
    one, two = await take("A kettle."), await take("A kettle.")
    path = f"/v1/conversations/{one['conversation_id']}"
    await http.patch(path, json={"state": "closed"})

    closed = await search(http, "kettle", state="closed")
    open_ones = await search(http, "kettle", state="open")
    nobodys = await search(http, "kettle", contact_id="con_unknown")
    hers = await search(http, "kettle", contact_id=one["author"]["contact_id"])
    await http.patch(path, json={"spam": True})
    spam = await search(http, "kettle", spam=True)

    assert (closed, open_ones) == ([one["conversation_id"]], [two["conversation_id"]])
    assert (nobodys, hers) == ([], [two["conversation_id"], one["conversation_id"]])
    assert spam == [one["conversation_id"]]


async def test_the_newest_message_found_comes_first_and_pages_neither_skip_nor_repeat(
    http: httpx.AsyncClient, take: Any
) -> None:
    made = [await take("A kettle.", message_id=f"<n{n}@customer.example>") for n in range(5)]
    await take("Still no kettle.", more="In-Reply-To: <n1@customer.example>\r\n")
    await take("Thanks.", more="In-Reply-To: <n0@customer.example>\r\n")
    order = [made[n]["conversation_id"] for n in (1, 4, 3, 2, 0)]

    pages, cursor = [], None
    for _ in range(9):
        params = {"q": "kettle", "limit": 2, **({"cursor": cursor} if cursor else {})}
        answer = (await http.get("/v1/conversations", params=params)).json()
        pages.append([one["id"] for one in answer["items"]])
        cursor = answer["next_cursor"]
        if len(pages) == 1:  # what arrives meanwhile is for those who begin anew
            await take("A kettle.", message_id="<late@customer.example>")
        if cursor is None:
            break

    assert pages == [order[:2], order[2:4], order[4:]]
    assert len(await search(http, "kettle")) == 6


async def test_many_messages_of_one_conversation_are_one_find(
    http: httpx.AsyncClient, take: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "BATCH", 1)
    other = await take("A kettle.")
    for _ in range(9):
        last = await take("A kettle.", more="References: <first@customer.example>\r\n")

    found = await search(http, "kettle", limit=1)
    answer = (await http.get("/v1/conversations", params={"q": "kettle", "limit": 1})).json()
    rest = await search(http, "kettle", limit=1, cursor=answer["next_cursor"])

    assert found == [last["conversation_id"]]
    assert rest == [other["conversation_id"]]


@pytest.mark.parametrize(
    "limits",
    [
        {"FEW": 0, "SOME": 0, "BATCH": 1, "BATCH_LIMIT": 2, "CANDIDATES_FILTERED": 1},
        {"FEW": 0, "SOME": 99, "BATCH": 1, "BATCH_LIMIT": 2, "CANDIDATES_FILTERED": 2},
        {"FEW": 99, "SOME": 99, "BATCH": 1, "BATCH_LIMIT": 1},
        {"CONVERSATIONS_COUNTED": 1, "CANDIDATES_LIMIT": 1, "BATCH": 2, "BATCH_LIMIT": 2},
    ],
)
async def test_the_same_is_found_wherever_a_search_begins(
    http: httpx.AsyncClient, take: Any, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int]
) -> None:
    """By the index, by the conversations that a filter leaves, or first by the one, then so."""
    made = [await take("A kettle.", message_id=f"<n{n}@customer.example>") for n in range(7)]
    await take("Still no kettle.", more="In-Reply-To: <n2@customer.example>\r\n")
    await take("Thanks.", more="In-Reply-To: <n1@customer.example>\r\n")
    for n in (1, 2, 3, 5):
        path = f"/v1/conversations/{made[n]['conversation_id']}"
        await http.patch(path, json={"state": "closed"})
    for name, value in limits.items():
        monkeypatch.setattr(searching, name, value)

    found, cursor = [], None
    for _ in range(9):
        more = {"cursor": cursor} if cursor else {}
        params = {"q": "kettle", "state": "closed", "limit": 2, **more}
        answer = (await http.get("/v1/conversations", params=params)).json()
        found += [one["id"] for one in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    assert found == [made[n]["conversation_id"] for n in (2, 5, 3, 1)]
    assert await search(http, "kettle", state="closed", limit=9) == found
    assert await search(http, "kettle", assignee_id="usr_none") == []


async def test_the_cursor_of_another_list_is_refused(http: httpx.AsyncClient, take: Any) -> None:
    for _ in range(2):
        await take("A kettle.")
    listed = (await http.get("/v1/conversations", params={"limit": 1})).json()
    found = (await http.get("/v1/conversations", params={"limit": 1, "q": "kettle"})).json()

    one = await http.get(
        "/v1/conversations", params={"q": "kettle", "cursor": listed["next_cursor"]}
    )
    other = await http.get("/v1/conversations", params={"cursor": found["next_cursor"]})

    assert {one.json()["code"], other.json()["code"]} == {"request.bad_cursor"}


async def test_nobody_finds_what_is_another_accounts(
    http: httpx.AsyncClient, other_http: httpx.AsyncClient, take: Any
) -> None:
    message = await take("A kettle.")

    assert await search(http, "kettle") == [message["conversation_id"]]
    assert await search(other_http, "kettle") == []


async def test_what_moves_is_found_where_it_stands(http: httpx.AsyncClient, take: Any) -> None:
    first = await take("A kettle.")
    second = await take("A teapot.", more="In-Reply-To: <1@customer.example>\r\n")
    path = f"/v1/conversations/{first['conversation_id']}"

    new = (await http.post(f"{path}/split", json={"message_ids": [second["id"]]})).json()
    apart = await search(http, "teapot")
    await http.post(f"{path}/merge", json={"into": new["id"]})
    together = await search(http, "kettle")

    assert apart == [new["id"]]
    assert together == [new["id"]]


async def test_who_has_written_is_found_by_the_corrected_name(
    http: httpx.AsyncClient, take: Any
) -> None:
    message = await take("A kettle.", sender="Wrong <wrong@customer.example>")

    await http.post(
        f"/v1/messages/{message['id']}/reattribute",
        json={"address": "Righteous <righteous@customer.example>"},
    )

    assert await search(http, "righteous@customer.example") == [message["conversation_id"]]
    assert await search(http, "wrong") == []


async def test_what_is_deleted_or_changed_is_not_found_any_more(
    http: httpx.AsyncClient, take: Any, service: Service, account: Account
) -> None:
    gone, changed = await take("A kettle."), await take("A kettle.")

    async with service.database.writing() as db:
        await db.execute(text("DELETE FROM messages WHERE id = :id"), {"id": gone["id"]})
        await db.execute(
            text("UPDATE messages SET reply_text = 'A teapot.' WHERE id = :id"),
            {"id": changed["id"]},
        )
        await indexing.reindex(db, account.id, [changed["id"]])
        left = (await db.execute(text("SELECT count(*) FROM message_search"))).scalar_one()
        if dialect_of(db) == "sqlite":  # raises when the index is not what its rows say
            await db.execute(
                text(
                    "INSERT INTO message_search_words (message_search_words, rank)"
                    " VALUES ('integrity-check', 1)"
                )
            )

    assert left == 1
    assert await search(http, "kettle") == []
    assert await search(http, "teapot") == [changed["conversation_id"]]


async def test_pages_go_on_where_the_last_message_shown_is_gone(
    http: httpx.AsyncClient, take: Any, service: Service
) -> None:
    taken = [await take("A kettle.") for _ in range(3)]
    first = (await http.get("/v1/conversations", params={"q": "kettle", "limit": 1})).json()
    async with service.database.writing() as db:
        gone = {"id": taken[2]["id"]}
        await db.execute(text("DELETE FROM messages WHERE id = :id"), gone)

    left = await search(http, "kettle", cursor=first["next_cursor"])

    assert left == [taken[1]["conversation_id"], taken[0]["conversation_id"]]


@pytest.mark.parametrize("more", [{}, {"state": "open"}, {"contact_id": "con_x"}, {"spam": True}])
async def test_no_search_scans_a_table(
    service: Service, account: Account, more: dict[str, Any]
) -> None:
    which = conversations.Filter(**more)
    seen = []
    async with service.database.writing() as db:
        embedded = dialect_of(db) == "sqlite"
        if not embedded:  # an empty table is best scanned: ask what it does when it may not
            await db.execute(text("SET LOCAL enable_seqscan = off"))
        asked = asking.Question(account.id, words.asked(account.id, "kettle stove"), embedded)
        conditions = conditions_of(which)
        place = 5 if embedded else "msg_5"
        statements = [
            asked.newest(conditions, None, 50),
            asked.newest(conditions, place, 50),
            asked.also_from(["cnv_1", "cnv_2"], place),
            asked.candidates(None, 50),
            asked.candidates(place, 50),
            asked.among([1, 2] if embedded else ["msg_1", "msg_2"], conditions),
        ]
        for statement in statements:
            sql = statement.compile(db.get_bind(), compile_kwargs={"literal_binds": True})
            explain = f"EXPLAIN {'QUERY PLAN' if embedded else ''} {sql}"
            plan = await (await db.connection()).exec_driver_sql(explain.replace("%", "%%"))
            seen.append("\n".join(str(row[-1]) for row in plan))

    for plan in seen:
        assert "Seq Scan" not in plan
        scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
        assert all("VIRTUAL TABLE INDEX" in line for line in scans), plan
    if embedded:  # in the index' own order: as many are read as are wanted
        assert all("B-TREE" not in plan for plan in seen[3:5]), seen
