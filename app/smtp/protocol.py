"""
The commands of the SMTP door: the product's one subclass of aiosmtpd's SMTP (RFC 5321 section 4.1).

Everything that needs the product is asked of the intake, and nothing that the intake raises gets
past this class. AUTH is never offered: this is a port for mail servers that deliver to us.
Deliberately not here: time and closing (`connection`), lines (`conversation`), the grammar
(`paths`).
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import cast

from app.smtp import commit, paths, replies
from app.smtp.arrivals import ArrivedMail, Refusal, RefusedDelivery, SessionFacts
from app.smtp.connection import Phase
from app.smtp.conversation import Conversation
from app.smtp.data import DataCollector
from app.smtp.reader import BLOCK, BlockReader
from app.smtp.state import DoorState

log = logging.getLogger(__name__)


class InboundSMTP(Conversation):
    """One session with a mail server."""

    def __init__(self, state: DoorState, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(state, loop)
        self._facts = SessionFacts("", "", "", "", False)
        self._announced_size: int | None = None
        self._mail_refusal: Refusal | None = None
        self._refused_recipients = 0
        self._held = 0
        """Octets of a mail under way that count against the door's memory."""

    # --- who is there -----------------------------------------------------------------------

    async def smtp_HELO(self, arg: str) -> None:
        if self._hello(arg, extended=False):
            self._say(f"250 {self.hostname}\r\n".encode())

    async def smtp_EHLO(self, arg: str) -> None:
        if not self._hello(arg, extended=True):
            return
        offers = [self.hostname, "PIPELINING", f"SIZE {self._settings.size_limit}", "8BITMIME"]
        if self._state.certificate is not None and not self._tls:
            offers.append("STARTTLS")
        offers += ["ENHANCEDSTATUSCODES", "SMTPUTF8"]
        for offer in offers[:-1]:
            self._say(f"250-{offer}\r\n".encode())
        self._say(f"250 {offers[-1]}\r\n".encode())

    def _hello(self, name: str, *, extended: bool) -> bool:
        """Notes the client's name, for what it is worth, and begins afresh (section 4.1.4)."""
        if not name or len(name) > 255:
            self._say_bad(replies.HELO_ARGUMENT)
            return False
        assert self.session is not None
        self._forget_mail()
        self.session.host_name = name
        self.session.extended_smtp = extended
        return True

    async def smtp_STARTTLS(self, arg: str) -> None:
        if arg:
            self._say_bad(replies.NO_ARGUMENT)
        elif self._tls:
            self._say_bad(replies.TLS_TWICE)
        elif self._state.certificate is None:
            self._say_bad(replies.NO_TLS)
        else:
            await self._start_tls(self._state.certificate.context())
            assert self.session is not None
            # RFC 3207 section 4.2: the client introduces itself again.
            self.session.host_name = None
            self._forget_mail()

    # --- the envelope -----------------------------------------------------------------------

    async def smtp_MAIL(self, arg: str) -> None:
        assert self.session is not None
        assert self.envelope is not None
        if not self.session.host_name:
            self._say_bad(replies.HELO_FIRST)
            return
        if self.envelope.mail_from is not None:
            self._say_bad(replies.NESTED_MAIL)
            return
        try:
            mail = paths.read_mail(arg, extended=self.session.extended_smtp)
        except paths.Malformed as malformed:
            self._say_bad(malformed.reply)
            return
        self._facts = SessionFacts(
            self._remote_address,
            self.session.host_name,
            self._tls,
            mail.reverse_path,
            mail.smtputf8,
        )
        self._announced_size = mail.size or None
        refusal = self._mail_refusal = self._refusal_of(mail)
        if refusal is not None:
            self._state.counters.refusals[f"{refusal.code} {refusal.enhanced}"] += 1
            self._say(replies.line(refusal))
            return
        self.envelope.mail_from = mail.reverse_path
        self.envelope.smtp_utf8 = mail.smtputf8
        self._time.limit(self._settings.transaction_timeout, self._took_too_long)
        self._say(replies.SENDER_OK)

    def _refusal_of(self, mail: paths.MailCommand) -> Refusal | None:
        if mail.size > self._settings.size_limit:
            return replies.TOO_BIG
        if not mail.smtputf8 and not mail.reverse_path.isascii():
            return replies.NEEDS_SMTPUTF8
        return None if self._state.has_room() else replies.STORAGE_FULL

    async def smtp_RCPT(self, arg: str) -> None:
        assert self.envelope is not None
        if self.envelope.mail_from is None and self._mail_refusal is None:
            self._say_bad(replies.MAIL_FIRST)
            return
        try:
            recipient = paths.read_rcpt(arg)
        except paths.Malformed as malformed:
            self._say_bad(malformed.reply)
            return
        if self._mail_refusal is not None:
            # Pipelined after a refused MAIL: now the ledger can be told for whom it was.
            self._note_refused_recipient(recipient, self._mail_refusal)
            self._say(replies.MAIL_FIRST)
            return
        refusal = await self._ask(recipient)
        if refusal is None:
            self.envelope.rcpt_tos.append(recipient)
            self._say(replies.RECIPIENT_OK)
            return
        self._note_refused_recipient(recipient, refusal)
        self._say(replies.line(refusal))
        if refusal.code >= 550:
            self._refused_recipients += 1
            if self._refused_recipients >= self._settings.refused_recipient_limit:
                self._hang_up(replies.TOO_MANY_ERRORS)

    async def _ask(self, recipient: str) -> Refusal | None:
        """None when the intake accepts the recipient. Never raises."""
        assert self.envelope is not None
        if not self.envelope.smtp_utf8 and not recipient.isascii():
            return replies.NEEDS_SMTPUTF8
        if len(self.envelope.rcpt_tos) >= self._settings.recipient_limit:
            return replies.TOO_MANY_RECIPIENTS
        self._phase = Phase.ASKING
        try:
            return await self._state.intake.accepts(recipient, self._facts)
        except Exception as fault:
            if not isinstance(fault, Refusal):
                log.exception("the intake could not decide about a recipient")
            refusal = replies.refusal_for(fault)
            refusal.__traceback__ = None  # as in `commit`
            return refusal

    def _note_refused_recipient(self, recipient: str, refusal: Refusal) -> None:
        facts = self._facts
        self._state.note_refusal(
            RefusedDelivery(
                recipient=recipient,
                reverse_path=facts.reverse_path,
                remote_address=facts.remote_address,
                helo=facts.helo,
                tls=facts.tls,
                reason=refusal.reason,
                code=refusal.code,
                enhanced=refusal.enhanced,
                text=refusal.text,
                size=self._announced_size,
                refused_at=datetime.now(UTC),
            )
        )

    def _forget_mail(self) -> None:
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self._mail_refusal = None
        self._time.lift()

    # --- the mail ---------------------------------------------------------------------------

    async def smtp_DATA(self, arg: str) -> None:
        assert self.envelope is not None
        if arg:
            self._say_bad(replies.NO_ARGUMENT)
            return
        if not self.envelope.rcpt_tos:
            # Not counted as bad: a client that pipelines says DATA before it hears of a refusal.
            no_mail = self.envelope.mail_from is None
            self._say(replies.MAIL_FIRST if no_mail else replies.NO_RECIPIENTS)
            return
        recipients = tuple(self.envelope.rcpt_tos)
        self._phase = Phase.DATA
        self._time.limit(min(self._settings.data_timeout, self._time.left), self._took_too_long)
        self._say(replies.SEND_DATA)
        await self._flush()
        collector = DataCollector(self._settings.size_limit)
        try:
            ended = await self._collect(collector)
            # Whatever becomes of this mail, the next one does not inherit its envelope.
            self._forget_mail()
            refusal = _refusal_of_data(collector)
            if refusal is None:
                await self._commit(self._arrived(collector.take(), recipients))
                return
        finally:
            self._state.counters.octets_in_flight -= self._held
            self._held = 0
        mail = self._arrived(b"", recipients)
        commit.refuse(self._state, mail, refusal, collector.size)
        self._say(replies.line(refusal))
        if not ended:
            await self._cut()

    async def _collect(self, collector: DataCollector) -> bool:
        """
        Reads the mail in blocks. False: so far beyond the limit that it is not worth reading on.

        A client that hangs up before the end has sent nothing (ConnectionResetError).
        """
        reader = cast(BlockReader, self._reader)
        counters, settings = self._state.counters, self._settings
        patience = 2 * settings.size_limit + BLOCK
        while True:
            block = await reader.read(BLOCK)
            if not block or self._phase is Phase.OVER:  # gone, or told that it took too long
                raise ConnectionResetError
            rest = collector.feed(block)
            if not (collector.too_big or collector.discarding):
                self._held += len(block)
                counters.octets_in_flight += len(block)
                if counters.octets_in_flight > settings.memory_limit:
                    collector.discard()
            if rest is not None:
                if rest:
                    reader.unread(rest)
                return True
            if collector.size > patience:
                return False
            self._time.renew()

    def _arrived(self, raw: bytes, recipients: tuple[str, ...]) -> ArrivedMail:
        facts = self._facts
        return ArrivedMail(
            raw=raw,
            reverse_path=facts.reverse_path,
            recipients=recipients,
            remote_address=facts.remote_address,
            helo=facts.helo,
            tls=facts.tls,
            smtputf8=facts.smtputf8,
            received_at=datetime.now(UTC),
        )

    async def _commit(self, mail: ArrivedMail) -> None:
        """Has the mail kept, and says what became of it."""
        self._phase = Phase.COMMIT
        reply = commit.start(self._state, mail, self._held)
        self._held = 0  # the commit gives it back

        def too_late() -> None:
            if not reply.done():
                reply.set_result(replies.line(replies.TRY_LATER))

        self._time.limit(self._settings.commit_timeout, too_late)
        answer = await reply
        self._time.lift()
        self._say(answer)
        if answer.startswith(b"250"):
            self._refused_recipients = self._bad_commands = 0

    # --- the rest ---------------------------------------------------------------------------

    async def smtp_RSET(self, arg: str) -> None:
        if arg:
            self._say_bad(replies.NO_ARGUMENT)
            return
        self._forget_mail()
        self._say(replies.RESET)

    async def smtp_NOOP(self, arg: str) -> None:
        self._say(replies.OK)

    async def smtp_QUIT(self, arg: str) -> None:
        if arg:
            self._say_bad(replies.NO_ARGUMENT)
        else:
            self._hang_up(replies.BYE)

    async def smtp_VRFY(self, arg: str) -> None:
        self._say(replies.CANNOT_VERIFY)  # section 7.3: whether it exists is not told here

    async def smtp_EXPN(self, arg: str) -> None:
        self._say(replies.NOT_IMPLEMENTED)

    async def smtp_HELP(self, arg: str) -> None:
        self._say(replies.HELP)

    async def smtp_AUTH(self, arg: str) -> None:
        self._say_bad(replies.NOT_IMPLEMENTED)


def _refusal_of_data(collector: DataCollector) -> Refusal | None:
    if collector.too_big:
        return replies.TOO_BIG
    return replies.BUSY if collector.discarding else None
