"""Two hundred mails of every shape that we send, the same ones in every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from app.mail.compose import Outgoing, OutgoingFile, Quote, Signature, quote_intro
from app.mail.message import Mailbox

SENT_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
BOB = Mailbox("Bob", "bob@customer.example")
ACME = Mailbox("Ann Lee from Acme", "support@acme.example")

NAMES = (
    "", "Bob", "Bob  B.  Builder", 'Bob "the" Builder', "Müller, Jörg", "株式会社アクメ サポート",
    "O'Hara (sales)", "a" * 300, "é" * 120, "=?utf-8?q?x?=",
)  # fmt: skip
SUBJECTS = (
    "", "Hello", "Re: " + "a long subject of many words " * 12, "Grüße aus Köln", "x" * 1500,
    "Заказ № 12 ждёт", "two  blanks   and\ttab", "👩‍👩‍👧 family", "=?utf-8?q?looks_encoded?=",
    "colon: semi; comma, <angle> \"quote\"",
)  # fmt: skip
TEXTS = (
    "", "Hello Bob,\n\nthank you.\n", "x" * 5000, "Привет, мир! " * 400, "From here\n.\n..\n",
    "trailing blanks   \nand tabs\t\t\n   \n\n\n\n", "tab\tand  blanks\r\nCRLF\r\n",
    "=_a_ =3D = ?=\n", "\n\n\nblank lines first", "日本語のテキスト。\n" * 50, "a\x0bb\x00c\x1b[1m",
    ("word " * 300 + "\n") * 3, "é" + "\n" * 40, "mixed: naïve café\n" * 30,
)  # fmt: skip
HTMLS = (None, "<p>Hello <b>Bob</b></p>", "<p>" + "ü" * 3000 + "</p>", '<img src="cid:logo@acme">')
LOGO = OutgoingFile("logo.png", "image/png", bytes(range(256)) * 9, "logo@acme", inline=True)
FILES = (
    (), (LOGO,), (OutgoingFile("a b.pdf", "application/pdf", b"%PDF" * 700), LOGO),
    (OutgoingFile("Résumé " + "é" * 150 + ".docx", "bad type", b"\r\n.\r\n" * 40),
     OutgoingFile("", "", b""), OutgoingFile("mail.eml", "message/rfc822", b"From: x\r\n\r\nhi"),
     OutgoingFile('q"uo\\te.txt', "text/plain; charset=latin-1", b"\xe9\n")),
)  # fmt: skip


def one(**changes: object) -> Outgoing:
    given: dict[str, object] = {
        "from_": ACME,
        "to": (BOB,),
        "subject": "Re: Hello",
        "text": "Thank you, Bob.",
        "message_id": "1@acme.example",
        "date": SENT_AT,
    }
    return Outgoing(**{**given, **changes})  # type: ignore[arg-type]


def outgoing(number: int) -> Outgoing:
    """One of the mails; strides that share no factor give new combinations all along."""
    names = [NAMES[(number * step + step) % len(NAMES)] for step in (1, 3, 7)]
    quote = Quote(quote_intro(BOB, SENT_AT), TEXTS[number * 5 % len(TEXTS)], HTMLS[number % 3])
    return one(
        from_=Mailbox(names[0], "support@acme.example"),
        to=tuple(Mailbox(names[1], f"bob{n}@bücher.example") for n in range(number % 4)),
        cc=tuple(Mailbox(names[2], f"cc{n}@customer.example") for n in range(number % 30)),
        bcc=(Mailbox("Secret", "bcc@customer.example"),),
        reply_to=ACME if number % 2 else None,
        subject=SUBJECTS[number % len(SUBJECTS)],
        text=TEXTS[number % len(TEXTS)],
        html=HTMLS[number % len(HTMLS)],
        message_id=f"{number}@acme.example",
        date=(SENT_AT + timedelta(hours=number)).astimezone(timezone(timedelta(hours=number % 9))),
        attachments=FILES[number * 3 % len(FILES)],
        in_reply_to="parent@customer.example" if number % 3 else None,
        references=tuple(f"{n}{'x' * number}@customer.example" for n in range(number % 45)),
        thread_topic="Hello" if number % 5 == 0 else None,
        headers=(("Auto-Submitted", "no"), ("X-Long", "word " * (number + 1) + "end")),
        signature=Signature("Acme Ltd\nMain Street 1") if number % 2 else None,
        quote=quote if number % 3 else None,
    )


ALL = tuple(outgoing(number) for number in range(200))
