"""The set-up of a channel: what is left to do here, and what to do at the provider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.api.channel_access import ChannelId, Reader, Writer, read_channel
from app.api.channel_schemas import Status
from app.api.problems import refusals
from app.api.unit_of_work import Db, TheHouse, UnitOfWork
from app.domain import channels

router = APIRouter(prefix="/{channel_id}", route_class=UnitOfWork)

Instructed = Literal[
    "gmail", "google_group", "microsoft365", "exchange", "cpanel", "postfix", "exim", "other"
]
READING = refusals(401, 403, 404, 422, 429)


class ProblemView(BaseModel):
    """Something that is missing; only a blocking one keeps the channel from connecting."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Stable, `room.what_is_wrong`.")
    detail: str
    blocking: bool = Field(description="Does it keep the channel from connecting?")


class StepView(BaseModel):
    """One step of the set-up."""

    model_config = ConfigDict(from_attributes=True)

    name: str = Field(description="Name of the step, which is that of its resource.")
    done: bool
    problems: list[ProblemView]


class SetupView(BaseModel):
    """Where the set-up stands; `ready` when nothing keeps the channel from connecting."""

    model_config = ConfigDict(from_attributes=True)

    steps: list[StepView]
    ready: bool = Field(description="True: `connect` will be accepted.")


class InstructionsView(BaseModel):
    """What to do at the provider so that it forwards to `address`."""

    model_config = ConfigDict(from_attributes=True)

    provider: Instructed
    title: str
    steps: list[str] = Field(description="What to do, one sentence each, in this order.")
    notes: list[str]
    address: str = Field(description="The address to forward to.")


class ConfirmationView(BaseModel):
    """What the provider wants to have confirmed: enter the code there, or open the link."""

    provider: str
    code: str = Field(description="To be entered at the provider.")
    url: str = Field(description="On the provider's own host; empty when there was none.")
    received_at: datetime


class ForwardingTestView(BaseModel):
    """A mail that was sent to the team address to see whether it arrives here."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    state: Literal["waiting", "passed", "failed"]
    sent_to: str = Field(description="The team address.")
    finding: str = Field(description="What is to be known of it, in words; empty: nothing.")
    started_at: datetime
    finished_at: datetime | None


class ForwardingView(BaseModel):
    """Whether mail is forwarded, and what the provider waits for."""

    model_config = ConfigDict(from_attributes=True)

    status: Status
    forwarding_address: str
    last_received_at: datetime | None
    confirmation: ConfirmationView | None = Field(description="Null: the provider has not asked.")
    test: ForwardingTestView | None = Field(description="The newest test; null: there was none.")


@router.get("/setup", operation_id="get_channel_setup", responses=READING)
async def get_channel_setup(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse
) -> SetupView:
    """
    List the steps of the set-up and what stands in the way.

    For a wizard or an integrator: every step with `done` and its problems. Only a problem that
    is `blocking` keeps the channel from connecting; `ready` says that there is none.
    """
    found = await read_channel(db, house, caller, channel_id)
    return SetupView.model_validate(await channels.setup_of(db, found))


@router.get(
    "/forwarding-instructions", operation_id="get_forwarding_instructions", responses=READING
)
async def get_forwarding_instructions(
    channel_id: ChannelId,
    caller: Reader,
    db: Db,
    house: TheHouse,
    provider: Annotated[Instructed, Query(description="Who hosts the team's mail.")] = "other",
) -> InstructionsView:
    """
    Explain how to make a provider forward to the channel.

    Steps and notes for a person, with the channel's own address filled in.
    """
    found = await read_channel(db, house, caller, channel_id)
    return InstructionsView.model_validate(
        channels.instructions_for(
            provider, address=found.forwarding_address, team_address=found.channel.team_address
        )
    )


@router.get("/forwarding", operation_id="get_channel_forwarding", responses=READING)
async def get_channel_forwarding(
    channel_id: ChannelId, caller: Reader, db: Db, house: TheHouse
) -> ForwardingView:
    """
    Tell whether mail is forwarded.

    `confirmation` is the provider's request to confirm the forwarding (Gmail sends one to the
    new address), if one came: such a mail is shown here and never becomes a conversation.
    """
    found = await read_channel(db, house, caller, channel_id)
    return ForwardingView.model_validate(
        {
            "status": found.channel.forwarding_status,
            "forwarding_address": found.forwarding_address,
            "last_received_at": found.channel.last_received_at,
            "confirmation": found.channel.confirmation,
            "test": await channels.forwarding_tests.latest(db, caller.account_id, channel_id),
        }
    )


@router.post(
    "/forwarding-tests",
    operation_id="start_forwarding_test",
    status_code=202,
    responses=refusals(400, 401, 403, 404, 409, 415, 422, 429),
)
async def start_forwarding_test(
    channel_id: ChannelId, caller: Writer, db: Db, house: TheHouse
) -> ForwardingTestView:
    """
    Send a mail to the team address to see whether it is forwarded.

    It is recognised when it arrives, and becomes no conversation. The result stands at
    `GET …/forwarding` under `test`: `passed`, or `failed` when nothing came within 30 minutes.
    One test a minute and 20 a day; the channel has to be connected and to have a team address.
    """
    found = await read_channel(db, house, caller, channel_id)
    return ForwardingTestView.model_validate(
        await channels.forwarding_tests.start(db, house.post, found.channel, datetime.now(UTC))
    )
