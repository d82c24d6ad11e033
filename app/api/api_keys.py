"""The account's API keys. A key hands out no more than it has itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.api.etags import tagged
from app.api.paging import ListOf, Paging, list_of
from app.api.problems import refusals
from app.api.unit_of_work import Caller, Db, UnitOfWork, caller_with
from app.domain import accounts
from app.domain.accounts import ApiKey
from app.errors import FieldError, Forbidden

router = APIRouter(prefix="/v1/api-keys", tags=["API keys"], route_class=UnitOfWork)
Reader = Annotated[Caller, caller_with("account:read")]
Writer = Annotated[Caller, caller_with("account:write")]


class ApiKeyView(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    scopes: list[str] = Field(
        description="`<area>:read`, `<area>:write` (which includes reading), or `*`."
    )
    created_at: datetime
    last_used_at: datetime | None = Field(description="To about ten seconds; null: never.")


class CreatedApiKeyView(ApiKeyView):
    """A new key with its secret, which is never shown again."""

    key: str = Field(description="The secret, shown only now: `Authorization: Bearer <key>`.")


class NewApiKey(BaseModel):
    """A key to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Reporting", "scopes": ["conversations:read", "contacts:read"]}]
        },
    )

    name: str = Field(min_length=1, max_length=200)
    scopes: list[str] = Field(
        min_length=1,
        max_length=50,
        description="`<area>:read` or `<area>:write` (which includes reading); `*` is everything.",
        examples=[["conversations:write", "contacts:read"]],
    )


@router.post(
    "",
    operation_id="create_api_key",
    status_code=201,
    responses=refusals(400, 401, 403, 409, 415, 422, 429),
)
async def create_api_key(body: NewApiKey, caller: Writer, db: Db) -> CreatedApiKeyView:
    """
    Make an API key.

    The answer is the only place where its secret stands: only a digest is stored. A key hands
    out no more than it may do itself (403 `api_keys.more_than_own`).
    """
    key, secret = await accounts.create_key(
        db, caller.account_id, name=body.name, scopes=body.scopes, now=datetime.now(UTC)
    )
    _refuse_more_than(caller, key)
    return CreatedApiKeyView(**_view(key).model_dump(), key=secret)


@router.get("", operation_id="list_api_keys", responses=refusals(400, 401, 403, 422, 429))
async def list_api_keys(caller: Reader, db: Db, paging: Paging) -> ListOf[ApiKeyView]:
    """
    List the keys in force, the oldest first.

    Without secrets, with the time of the last use (to about ten seconds). Revoked keys are not
    listed.
    """
    page = await accounts.list_keys(db, caller.account_id, paging)
    return list_of(page, [_view(key) for key in page.items])


@router.get("/{key_id}", operation_id="get_api_key", responses=refusals(401, 403, 404, 429))
async def get_api_key(key_id: str, caller: Reader, db: Db, response: Response) -> ApiKeyView:
    """
    Read one key.

    Without its secret, which nobody can read again.
    """
    shown = _view(await accounts.get_key(db, caller.account_id, key_id))
    tagged(response, shown)
    return shown


@router.delete(
    "/{key_id}",
    operation_id="revoke_api_key",
    status_code=204,
    responses=refusals(401, 403, 404, 429),
)
async def revoke_api_key(key_id: str, caller: Writer, db: Db) -> None:
    """
    Revoke a key.

    For good: the next request with it is refused (401). A key may revoke itself.
    """
    await accounts.revoke_key(db, caller.account_id, key_id, now=datetime.now(UTC))


def _view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView.model_validate(key)


def _refuse_more_than(caller: Caller, key: ApiKey) -> None:
    """Undo (by refusing) a key that may do what its maker may not."""
    more = tuple(
        FieldError(f"/scopes/{place}", f"This key itself lacks {scope}.")
        for place, scope in enumerate(key.scopes)
        if not caller.may(scope)
    )
    if more:
        raise Forbidden("A key hands out only what it has.", "api_keys.more_than_own", more)
