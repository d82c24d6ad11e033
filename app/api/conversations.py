"""Conversations and what stands in them: mails, comments, events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from app.api.conversation_views import (
    ConversationMerge,
    ConversationPatch,
    ConversationView,
    NewComment,
    SplitRequest,
    State,
    steady,
    view,
)
from app.api.etags import IfMatch, check_match, tagged
from app.api.message_views import MessageView, message_view, views_with_deliveries
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import Moment
from app.api.unit_of_work import Caller, Db, TheHouse, UnitOfWork, caller_with
from app.domain import conversations

router = APIRouter(prefix="/v1/conversations", tags=["conversations"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("conversations:read")]
Writer = Annotated[Caller, caller_with("conversations:write")]


@router.get("", operation_id="list_conversations", responses=refusals(400, 401, 403, 422, 429))
async def list_conversations(
    caller: Reader,
    db: Db,
    paging: Paging,
    state: Annotated[State | None, Query(description="Only open, or only closed ones.")] = None,
    channel_id: Annotated[str | None, Query(max_length=40)] = None,
    assignee_id: Annotated[str | None, Query(max_length=40)] = None,
    unassigned: Annotated[
        bool | None, Query(description="true: without an assignee; false: with one.")
    ] = None,
    team_id: Annotated[str | None, Query(max_length=40)] = None,
    contact_id: Annotated[str | None, Query(max_length=40)] = None,
    since: Annotated[
        Moment | None, Query(description="Newest message then or later, with offset.")
    ] = None,
    until: Annotated[
        Moment | None, Query(description="Newest message before then, with offset.")
    ] = None,
    overdue: Annotated[
        bool | None, Query(description="true: a deadline has passed that is still open.")
    ] = None,
    spam: Annotated[bool, Query(description="Spam instead of the rest.")] = False,
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            description="Words that one message holds: in subject, text, file names or people. "
            'Between quotes ("…") side by side; the last word may be the beginning of one. Case '
            "and accents do not count.",
        ),
    ] = None,
) -> ListOf[ConversationView]:
    """
    List conversations, the one with the newest message first.

    Filters narrow each other. `unassigned=true` is the list to triage. With `q` the conversation
    whose newest message found is the newest comes first. Conversations that were merged into
    others are left out.
    """
    which = conversations.Filter(
        state=state,
        channel_id=channel_id,
        assignee_id=assignee_id,
        unassigned=unassigned,
        team_id=team_id,
        contact_id=contact_id,
        since=since,
        until=until,
        late_at=datetime.now(UTC) if overdue is not None else None,
        overdue=overdue,
        spam=spam,
        words=q,
    )
    page = await conversations.list_conversations(db, caller.account_id, which, paging)
    return list_of(page, [view(one) for one in page.items])


@router.get(
    "/{conversation_id}",
    operation_id="get_conversation",
    responses=refusals(401, 403, 404, 429),
)
async def get_conversation(
    conversation_id: str, caller: Reader, db: Db, response: Response
) -> ConversationView:
    """
    Read one conversation.

    Its messages have a list of their own.
    """
    found = view(await conversations.get(db, caller.account_id, conversation_id))
    tagged(response, steady(found))
    return found


@router.patch(
    "/{conversation_id}",
    operation_id="update_conversation",
    responses=refusals(400, 401, 403, 404, 409, 412, 415, 422, 429),
)
async def update_conversation(
    conversation_id: str,
    body: ConversationPatch,
    caller: Writer,
    db: Db,
    house: TheHouse,
    response: Response,
    if_match: IfMatch = None,
) -> ConversationView:
    """
    Close, reopen, assign or mark a conversation as spam.

    Fields that are not given stay; null takes an assignee or a team away. Every change stands
    as an event in the conversation's history and in the event log. One that was merged into
    another does not change any more (409 `conversations.merged`).
    """
    current = await conversations.get(db, caller.account_id, conversation_id)
    check_match(if_match, steady(view(current)))
    wanted = conversations.ConversationChange(frozenset(body.model_fields_set), **body.model_dump())
    changed = await conversations.change(
        db, caller.account_id, conversation_id, wanted, datetime.now(UTC), house.post
    )
    found = view(changed)
    tagged(response, steady(found))
    return found


@router.get(
    "/{conversation_id}/messages",
    operation_id="list_messages",
    responses=refusals(400, 401, 403, 404, 422, 429),
)
async def list_messages(
    conversation_id: str,
    caller: Reader,
    db: Db,
    paging: Paging,
    order: Annotated[
        Literal["asc", "desc"], Query(description="`asc`: oldest first; `desc`: newest first.")
    ] = "asc",
) -> ListOf[MessageView]:
    """
    List the mails, comments and events of a conversation, oldest first.

    Also messages that wait (`pending`): they name this conversation, but their writer takes no
    part in it, or is contradicted. `order=desc` turns the list round. `limit` is the most: a page
    ends earlier when its messages are large, so go on until `next_cursor` is null.
    """
    page = await conversations.list_messages(
        db, caller.account_id, conversation_id, paging, newest_first=order == "desc"
    )
    return list_of(page, await views_with_deliveries(db, page.items))


@router.post(
    "/{conversation_id}/comments",
    operation_id="create_comment",
    status_code=201,
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def create_comment(
    conversation_id: str, body: NewComment, caller: Writer, db: Db
) -> MessageView:
    """
    Add an internal comment.

    For the team alone: it is never mailed. The author is a user of the account.
    """
    message = await conversations.comment(
        db,
        caller.account_id,
        conversation_id,
        text=body.text,
        author_id=body.author_id,
        now=datetime.now(UTC),
    )
    return message_view(message)


@router.post(
    "/{conversation_id}/split",
    operation_id="split_conversation",
    status_code=201,
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def split_conversation(
    conversation_id: str, body: SplitRequest, caller: Writer, db: Db
) -> ConversationView:
    """
    Make some messages a conversation of their own.

    The answer is the new conversation. Some message has to stay behind (409
    `conversations.nothing_left`).
    """
    return view(
        await conversations.split(
            db, caller.account_id, conversation_id, body.message_ids, datetime.now(UTC)
        )
    )


@router.post(
    "/{conversation_id}/merge",
    operation_id="merge_conversation",
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def merge_conversation(
    conversation_id: str, body: ConversationMerge, caller: Writer, db: Db
) -> ConversationView:
    """
    Move everything of a conversation into another one.

    The answer is that other one, of the same channel; later answers to either arrive there. It
    is open when either was. What was merged is closed, in no list, and names the other one in
    `merged_into`; it cannot be merged again, nor into (409 `conversations.merged`).
    """
    return view(
        await conversations.merge(
            db, caller.account_id, conversation_id, body.into, datetime.now(UTC)
        )
    )
