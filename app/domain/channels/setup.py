"""The set-up of a channel: its steps, and what stands between the draft and connecting (B3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.domain import routing, tickets
from app.domain.channels import hosting, profile
from app.domain.channels.models import CONNECTED
from app.domain.channels.recipients import VERIFIED
from app.domain.channels.whole import WholeChannel


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is missing or wrong; only a blocking one keeps the channel from connecting."""

    code: str
    detail: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the set-up."""

    name: str
    done: bool
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """Every step; `ready` when nothing keeps the channel from connecting."""

    steps: tuple[Step, ...]

    @property
    def blocking(self) -> Iterator[tuple[str, Problem]]:
        """What keeps the channel from connecting, with the name of its step."""
        return ((s.name, p) for s in self.steps for p in s.problems if p.blocking)

    @property
    def ready(self) -> bool:
        """Can the channel be connected, or is it?"""
        return not any(self.blocking)


async def setup_of(db: AsyncSession, whole: WholeChannel) -> Setup:
    """Where the set-up of the channel stands."""
    return Setup(
        (
            Step("shared_account", True),  # the first two answers are given when it is created
            Step("provider", True),
            await _team_address(db, whole),
            _sender_identity(whole),
            await _routing(db, whole),
            _ticket_automation(whole),
            await _forwarding_address(db, whole),
            _forwarding(whole),
        )
    )


async def _team_address(db: AsyncSession, whole: WholeChannel) -> Step:
    if whole.channel.team_address is not None:
        other = await profile.sharing(db, whole.channel)
        if other is None:
            return Step("team_address", True)
        shared = Problem(
            "channel.team_address_shared",
            f"{whole.channel.team_address} is an address of the channel {other}, too: its mail "
            "belongs to the channel whose forwarding address it is forwarded to.",
            blocking=False,
        )
        return Step("team_address", True, (shared,))
    what = {"group": "the group's address", "alias": "the alias"}.get(
        whole.channel.source, "the mailbox's address"
    )
    hint = Problem(
        "channel.team_address_missing",
        f"Without {what}, mail whose From was rewritten on the way cannot be told from mail "
        "that the team wrote itself.",
        blocking=False,
    )
    return Step("team_address", False, (hint,))


def _sender_identity(whole: WholeChannel) -> Step:
    """Whatever stands against the custom address, the channel has one to write from."""
    problems = tuple(Problem(one.code, one.detail, False) for one in whole.choice.warnings)
    return Step("sender_identity", not problems, problems)


def _ticket_automation(whole: WholeChannel) -> Step:
    """What no longer fits in the template is replaced; it keeps nothing from working."""
    degraded = whole.automation.degraded or ()
    problems = tuple(Problem(code, tickets.FAULTS[code], False) for code in degraded)
    return Step("ticket_automation", not problems, problems)


async def _routing(db: AsyncSession, whole: WholeChannel) -> Step:
    faults = await routing.faults_of(db, whole.rule)
    problems = tuple(Problem(code, *_ROUTING_FAULTS[code]) for code in faults)
    return Step("routing", not any(problem.blocking for problem in problems), problems)


_ROUTING_FAULTS = {
    "routing.nobody_left": ("None of the users and teams of the rule exists any more.", True),
    "routing.somebody_left": ("Some users or teams of the rule exist no more.", False),
}


async def _forwarding_address(db: AsyncSession, whole: WholeChannel) -> Step:
    address = whole.forwarding_address
    if whole.channel.state == CONNECTED or not await hosting.is_taken(db, address):
        return Step("forwarding_address", True)
    local, _, domain = address.rpartition("@")
    refusal = await hosting.address_taken(db, local, domain, at="")
    return Step("forwarding_address", False, (Problem(refusal.code, refusal.detail, True),))


def _forwarding(whole: WholeChannel) -> Step:
    """Whether mail comes; it can only come once the channel is connected, and blocks nothing."""
    if whole.channel.forwarding_status == VERIFIED:
        return Step("forwarding", True)
    if whole.channel.state != CONNECTED:
        return Step("forwarding", False)
    if whole.channel.confirmation is not None:
        detail = "The provider wants the forwarding confirmed; its code and link are kept here."
        return Step("forwarding", False, (Problem("channel.confirmation_asked", detail, False),))
    detail = f"Nothing was forwarded to {whole.forwarding_address} yet."
    return Step("forwarding", False, (Problem("channel.nothing_forwarded", detail, False),))
