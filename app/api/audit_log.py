"""The audit log of the account: who changed which setting."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.scalars import Moment
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import audit

router = APIRouter(prefix="/v1/audit-log", tags=["audit log"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("account:read")]


class AuditChange(BaseModel):
    """One field of what was changed; secrets are shown as `(hidden)`."""

    before: Any
    after: Any


class AuditEntryView(BaseModel):
    """One thing that one request changed."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    created_at: datetime
    actor: Literal["api_key", "command_line", "system"] = Field(
        description="An API key, the operator's command line, or the service itself."
    )
    key_id: str | None = Field(description="The API key, also when it was revoked since.")
    request_id: str | None = Field(description="`X-Request-Id` of the request's answer.")
    action: Literal["created", "updated", "deleted"]
    resource_type: str = Field(description="Such as `channel`, `routing`, `user`, `api_key`.")
    resource_id: str = Field(
        description="Its id; of `sender_identity`, `routing` and `ticket_automation` the channel's."
    )
    changes: dict[str, AuditChange] = Field(description="By the name of the field.")


@router.get("", operation_id="list_audit_log", responses=refusals(400, 401, 403, 422, 429))
async def list_audit_log(
    caller: Reader,
    db: Db,
    paging: Paging,
    since: Annotated[Moment | None, Query(description="Then or later, with offset.")] = None,
    until: Annotated[Moment | None, Query(description="Before then, with offset.")] = None,
    key_id: Annotated[
        str | None, Query(max_length=40, description="Changed by this API key.")
    ] = None,
    resource_type: Annotated[
        str | None,
        Query(max_length=30, description="One of: " + ", ".join(audit.RESOURCES) + "."),
    ] = None,
    resource_id: Annotated[
        str | None, Query(max_length=40, description="Of this user, channel and so on.")
    ] = None,
) -> ListOf[AuditEntryView]:
    """
    Read who changed what, the newest change first.

    Settings of the account are told: its people and teams, API keys, channels and their parts,
    pipelines, sender addresses and domains, sender lists, webhooks. What happens to contacts,
    conversations and tickets stands in the event log. Entries are kept for 400 days, unless the
    operator chose otherwise.
    """
    which = audit.AuditFilter(since, until, key_id, resource_type, resource_id)
    page = await audit.list_entries(db, caller.account_id, which, paging)
    return list_of(page, [AuditEntryView.model_validate(one) for one in page.items])
