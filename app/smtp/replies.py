"""
The replies of the SMTP door (RFC 5321 section 4.2, enhanced status codes of RFC 2034 and 3463).

Replies are whole lines in octets, ready to be sent. No text of an exception gets in here, and no
text that the client has chosen.
"""

from __future__ import annotations

import re

from app.errors import StorageFull
from app.smtp.arrivals import Refusal

LINE_LIMIT = 512
"""RFC 5321 section 4.5.3.1.5, with code and CRLF."""

SENDER_OK = b"250 2.1.0 Sender ok\r\n"
RECIPIENT_OK = b"250 2.1.5 Recipient ok\r\n"
RESET = b"250 2.0.0 Reset\r\n"
OK = b"250 2.0.0 Ok\r\n"
BYE = b"221 2.0.0 Bye\r\n"
SEND_DATA = b"354 End the mail with <CR><LF>.<CR><LF>\r\n"
START_TLS = b"220 2.0.0 Ready to start TLS\r\n"
CANNOT_VERIFY = b"252 2.5.0 Addresses are not verified; send mail and see\r\n"
HELP = b"214 2.0.0 EHLO HELO STARTTLS MAIL RCPT DATA RSET NOOP VRFY QUIT, see RFC 5321\r\n"

UNKNOWN_COMMAND = b"500 5.5.1 Command not recognized\r\n"
NOT_IMPLEMENTED = b"502 5.5.1 Command not implemented\r\n"
LINE_TOO_LONG = b"500 5.5.2 Line too long\r\n"
NOT_TEXT = b"500 5.5.2 Not UTF-8, or control characters in a command\r\n"
NO_ARGUMENT = b"501 5.5.4 No argument allowed\r\n"
HELO_ARGUMENT = b"501 5.5.4 Syntax: EHLO hostname\r\n"
HELO_FIRST = b"503 5.5.1 Send EHLO first\r\n"
NESTED_MAIL = b"503 5.5.1 A mail is already begun\r\n"
MAIL_FIRST = b"503 5.5.1 Send MAIL first\r\n"
NO_RECIPIENTS = b"554 5.5.1 No valid recipients\r\n"
TLS_FIRST = b"530 5.7.0 Send STARTTLS first\r\n"
TLS_TWICE = b"503 5.5.1 TLS is already on\r\n"
NO_TLS = b"502 5.5.1 TLS is not offered\r\n"
TLS_AWAY = b"454 4.7.0 TLS is not available now\r\n"

SHUTTING_DOWN = b"421 4.3.2 The service is closing down\r\n"
IDLE_TOO_LONG = b"421 4.4.2 Idle for too long\r\n"
TOOK_TOO_LONG = b"421 4.4.2 The mail took too long\r\n"
TOO_MANY_CONNECTIONS = b"421 4.7.0 Too many connections\r\n"
TOO_MANY_FROM_ADDRESS = b"421 4.7.0 Too many connections from your address\r\n"
TOO_MANY_COMMANDS = b"421 4.7.0 Too many commands\r\n"
TOO_MANY_ERRORS = b"421 4.7.0 Too many errors\r\n"
NOT_SMTP = b"421 4.7.0 This is an SMTP server\r\n"
EARLY_TLS = b"421 4.7.0 Nothing may follow STARTTLS in the clear\r\n"
OUT_OF_ORDER = b"421 4.3.0 Temporary fault\r\n"

TRY_LATER = Refusal(451, "4.3.0", "Temporary fault, try again later", "smtp.unavailable")
STORAGE_FULL = Refusal(452, "4.3.1", "Insufficient storage", "smtp.storage_full")
BUSY = Refusal(452, "4.3.1", "Too much mail at one time, try again later", "smtp.busy")
TOO_BIG = Refusal(552, "5.3.4", "Mail exceeds the size limit", "smtp.too_big")
TOO_MANY_RECIPIENTS = Refusal(452, "4.5.3", "Too many recipients", "smtp.too_many_recipients")
NEEDS_SMTPUTF8 = Refusal(553, "5.6.7", "This address needs SMTPUTF8", "smtp.needs_smtputf8")

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]+")
_STATUS = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")


def line(refusal: Refusal) -> bytes:
    """The reply for a refusal: one line of printable ASCII, whatever the intake has put into it."""
    code, enhanced = refusal.code, refusal.enhanced
    if not 400 <= code <= 599 or not _STATUS.fullmatch(enhanced) or enhanced[0] != str(code)[0]:
        code, enhanced = TRY_LATER.code, TRY_LATER.enhanced
    text = _UNPRINTABLE.sub(" ", refusal.text)[:400]
    return f"{code} {enhanced} {text}\r\n".encode("ascii")


def refusal_for(fault: BaseException) -> Refusal:
    """
    What the client hears of an exception of the intake: the door's table from kind to reply.

    Only a `Refusal` made for SMTP may say 5yz. Any other kind of error is ours, and a fault of ours
    never makes a mail server give up a mail: 451.
    """
    if isinstance(fault, Refusal):
        return fault
    if isinstance(fault, StorageFull):
        return STORAGE_FULL
    return TRY_LATER


def kept(ids: list[str]) -> bytes:
    """`250 2.0.0 Kept rcv_… [rcv_…]`, over several lines where one would pass 512 octets."""
    lines: list[str] = []
    words = "Kept"
    for name in ids:
        if len("250 2.0.0 \r\n") + len(words) + 1 + len(name) > LINE_LIMIT:
            lines.append(words)
            words = name
        else:
            words = f"{words} {name}"
    lines.append(words)
    last = len(lines) - 1
    return "".join(
        f"250{' ' if number == last else '-'}2.0.0 {words}\r\n"
        for number, words in enumerate(lines)
    ).encode("ascii", "replace")
