"""The receipts of erasures: what was done about a contact, and whether it is done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import erasure

router = APIRouter(prefix="/v1/erasures", tags=["contacts"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("contacts:read")]


class ErasureView(BaseModel):
    """A receipt. It holds ids and numbers, nothing of the person."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    state: Literal["running", "done"]
    contact_id: str = Field(description="The contact, which is not found any more.")
    requested_at: datetime
    finished_at: datetime | None
    counts: dict[str, int] = Field(
        description="What was removed or emptied so far, by kind: `conversations`, `messages` "
        "(with `attachments`), `raw_mails`, `received_mails` of the ledger, `outbox_items`, "
        "`mentions` in messages of others, `tickets`, `events`, `webhook_deliveries`, "
        "`suppressions`, `sender_lists`, `audit_entries`."
    )


@router.get("", operation_id="list_erasures", responses=refusals(400, 401, 403, 422, 429))
async def list_erasures(
    caller: Reader,
    db: Db,
    paging: Paging,
    contact_id: Annotated[str | None, Query(max_length=40, description="Only of this one.")] = None,
) -> ListOf[ErasureView]:
    """
    List the erasures of contacts, the newest first.

    Each is the receipt of one contact: what was removed or emptied, and whether it is done.
    """
    page = await erasure.list_erasures(db, caller.account_id, contact_id, paging)
    return list_of(page, [ErasureView.model_validate(one) for one in page.items])


@router.get("/{erasure_id}", operation_id="get_erasure", responses=refusals(401, 403, 404, 429))
async def get_erasure(erasure_id: str, caller: Reader, db: Db, response: Response) -> ErasureView:
    """
    Read the receipt of an erasure.

    `done`: nothing of the contact is left but what this service keeps of other people's mail.
    """
    found = ErasureView.model_validate(await erasure.get_erasure(db, caller.account_id, erasure_id))
    tagged(response, found)
    return found
