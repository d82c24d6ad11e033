"""
Asking the DNS what a mail claims (F6): SPF, DKIM, ARC and DMARC, within one deadline.

Deliberately not here: what the answers mean; `app.mail.authentication` judges.
"""

from __future__ import annotations

import asyncio

import structlog

from app.mail import authentication
from app.mail.authentication import Answers, Authentication, Claims, Envelope
from app.mail.message import Headers
from app.mail.spf import Check
from app.resolver import DEADLINE, Resolver
from app.smtp.arrivals import ArrivedMail

log = structlog.get_logger()


async def authenticate(
    resolver: Resolver, mail: ArrivedMail, headers: Headers, body_at: int, on_loop: int
) -> Authentication | None:
    """
    The results for a mail; never a reason to refuse it, and None when a fault leaves them open.

    Mail of more octets than `on_loop` is hashed in a thread.
    """
    envelope = Envelope(mail.remote_address, mail.helo, mail.reverse_path, mail.recipients)
    try:
        claims = authentication.claims_of(mail.raw, headers, body_at, envelope)
        answers = await _ask(resolver, claims)
        judge = authentication.evaluate
        if claims.mail is not None and len(mail.raw) > on_loop:
            return await asyncio.to_thread(judge, claims, answers, mail.received_at)
        return judge(claims, answers, mail.received_at)
    except Exception:  # the mail is kept all the same
        log.exception("mail_not_authenticated")
        return None


async def _ask(resolver: Resolver, claims: Claims) -> Answers:
    """The TXT records that the claims need, while SPF goes from question to question."""
    names, check = claims.names, claims.spf
    if check is None or _is_remembered(resolver, check):
        return await resolver.texts(names) if names else {}
    answers, _ = await asyncio.gather(resolver.texts(names), _drive(resolver, check))
    return answers


def _is_remembered(resolver: Resolver, check: Check) -> bool:
    """Go on as far as memory leads: is that the end?"""
    while check.questions:
        answers = resolver.remembered(check.questions)
        if answers is None:
            return False
        check.answer(answers)
    return True


async def _drive(resolver: Resolver, check: Check) -> None:
    try:
        async with asyncio.timeout(DEADLINE):
            while check.questions:
                check.answer(await resolver.records(check.questions))
    except TimeoutError:
        check.give_up()
