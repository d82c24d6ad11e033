"""
Gives a received mail to the intake and turns the outcome into the reply to DATA.

It runs as a task of its own, so that a client that hangs up cancels nothing: a commit under way
always ends, and a mail that was kept without its client hearing so comes back as a duplicate, which
the intake recognises.
"""

from __future__ import annotations

import asyncio
import logging

from app.errors import Unavailable
from app.smtp import replies
from app.smtp.arrivals import ArrivedMail, Refusal, RefusedDelivery
from app.smtp.state import DoorState

log = logging.getLogger(__name__)


def start(state: DoorState, mail: ArrivedMail, octets: int) -> asyncio.Future[bytes]:
    """
    Starts the commit; the future gets the reply.

    The future may be cancelled or answered by somebody else (too late) without harm to the commit.
    `octets` of the door's memory are given back when it has ended.
    """
    loop = asyncio.get_running_loop()
    reply: asyncio.Future[bytes] = loop.create_future()
    task = loop.create_task(_run(state, mail, octets, reply))
    state.commits.add(task)

    def ended(task: asyncio.Task[None]) -> None:
        state.commits.discard(task)
        state.changed.set()
        if not reply.done():  # the door was closed over it
            reply.set_result(replies.SHUTTING_DOWN)

    task.add_done_callback(ended)
    return reply


async def _run(
    state: DoorState, mail: ArrivedMail, octets: int, reply: asyncio.Future[bytes]
) -> None:
    try:
        answer = await _answer(state, mail)
    finally:
        state.counters.octets_in_flight -= octets
    if not reply.done():
        reply.set_result(answer)


async def _answer(state: DoorState, mail: ArrivedMail) -> bytes:
    try:
        ids = await state.intake.keep(mail)
    except Exception as fault:
        if isinstance(fault, Unavailable):
            log.warning("a mail could not be kept now: %s", fault.detail)
        elif not isinstance(fault, Refusal):
            log.exception("a mail could not be kept")
        refusal = replies.refusal_for(fault)
        # An intake may raise one Refusal again and again; each time would add a traceback to it.
        refusal.__traceback__ = None
        refuse(state, mail, refusal, len(mail.raw))
        return replies.line(refusal)
    state.counters.mails += 1
    state.counters.recipients += len(mail.recipients)
    state.counters.octets += len(mail.raw)
    return replies.kept(ids)


def refuse(state: DoorState, mail: ArrivedMail, refusal: Refusal, size: int) -> None:
    """Notes the refusal of a whole mail for every recipient of it."""
    for recipient in mail.recipients:
        state.note_refusal(
            RefusedDelivery(
                recipient=recipient,
                reverse_path=mail.reverse_path,
                remote_address=mail.remote_address,
                helo=mail.helo,
                tls=mail.tls,
                reason=refusal.reason,
                code=refusal.code,
                enhanced=refusal.enhanced,
                text=refusal.text,
                size=size,
                refused_at=mail.received_at,
            )
        )
