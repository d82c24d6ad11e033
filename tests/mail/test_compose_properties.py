"""Whatever is given to compose: one mail, its own fields only, and it reads back as it was."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from app import errors
from app.mail import parse
from app.mail.addresses import canonical
from app.mail.compose import Outgoing, OutgoingFile, Quote, Signature, compose
from app.mail.compose.fields import one_line
from app.mail.message import Mailbox
from tests.mail.composed import ALL

EVIL = (
    "\r\n", "\n", "\r", "\r\nBcc: eve@evil.example", "\n\nbody", "\r\n\r\n<b>", "\0", "\x0b",
    "\u2028", "\x85", "\ud800", "=?utf-8?q?=0D=0ABcc:_eve?=", '"', "\\", "<", ">", ",", ";", ":",
    "--=_a_", "\r\n.\r\n", "\t", "  ", "é", "日本", "🙂", "word ", "Bcc: eve@evil.example", "@",
)  # fmt: skip
WILD = st.lists(st.sampled_from(EVIL) | st.text(max_size=6), max_size=12).map("".join)
ADDRESSES = st.sampled_from(("bob@x.example", "jörg@x.example", "b@bücher.example"))
# What is refused comes seldom, so that most mails are composed.
SELDOM = st.integers(0, 15)
ODD_ADDRESSES = SELDOM.flatmap(lambda number: WILD if number == 7 else ADDRESSES)
MAILBOXES = st.builds(Mailbox, WILD, ODD_ADDRESSES)
IDS = SELDOM.flatmap(lambda number: WILD if number == 7 else st.just("1@x.example"))
FILES = st.builds(OutgoingFile, WILD, WILD, st.binary(max_size=99), IDS, st.booleans())
OUTGOING = st.builds(
    Outgoing,
    from_=st.builds(Mailbox, WILD, ADDRESSES),
    to=st.tuples(MAILBOXES),
    subject=WILD,
    text=WILD,
    message_id=IDS,
    date=st.just(datetime(2026, 11, 24, tzinfo=UTC)),
    cc=st.just(()) | st.tuples(MAILBOXES),
    bcc=st.just((Mailbox("", "hidden@secret.example"),)),
    reply_to=st.none() | MAILBOXES,
    html=st.none() | WILD,
    attachments=st.just(()) | st.tuples(FILES),
    in_reply_to=st.none() | WILD,
    references=st.lists(WILD, max_size=3).map(tuple),
    thread_index=st.none() | WILD,
    thread_topic=st.none() | WILD,
    headers=st.just(()) | st.tuples(st.tuples(st.just("X-One"), st.just("yes") | WILD)),
    signature=st.none() | st.builds(Signature, WILD, st.none() | WILD),
    quote=st.none() | st.builds(Quote, WILD, WILD, st.none() | WILD),
)
ALLOWED = set(
    "from to cc reply-to subject date message-id in-reply-to references thread-topic thread-index "
    "mime-version content-type".split()
)
# What both sides agree on: no controls, no invisible characters that readers take away.
PLAIN = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Co", "Cn", "Zl", "Zp", "Zs"))
    | st.sampled_from(' \n"\\<>,;:@=?_'),
    max_size=200,
)


@settings(max_examples=300)
@given(OUTGOING)
def test_no_input_adds_a_field_or_a_recipient(outgoing: Outgoing) -> None:
    try:
        composed = compose(outgoing)
    except errors.Invalid:
        return

    raw = composed.raw
    mail = parse.parse(raw)

    names = mail.headers.names()
    assert set(names) <= ALLOWED | {name.lower() for name, _ in outgoing.headers}
    assert len(names) == len(set(names))
    assert len(composed.envelope_recipients) <= 3
    assert b"secret.example" not in raw
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert composed.needs_smtputf8 or raw.isascii()
    parts = list(parse.walk(mail.root))
    assert sum(part.filename != "" for part in parts) == len(outgoing.attachments)
    assert not mail.defects


def blanks(text: str) -> str:
    """White space aside: readers fold it as they like."""
    return re.sub(r"\s+", " ", text).strip()


@settings(max_examples=300)
@given(
    subject=PLAIN,
    name=PLAIN,
    text=PLAIN,
    filename=PLAIN,
    content=st.binary(max_size=300),
    address=ADDRESSES,
)
def test_a_composed_mail_reads_back_as_it_was(
    subject: str, name: str, text: str, filename: str, content: bytes, address: str
) -> None:
    outgoing = Outgoing(
        from_=Mailbox(name, "support@acme.example"),
        to=(Mailbox(name, address), Mailbox("", "second@x.example")),
        subject=subject,
        text=text,
        message_id="1@acme.example",
        date=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
        in_reply_to="a@x",
        references=("r@x", "a@x"),
        attachments=(OutgoingFile(f"{filename}.bin", "image/png", content),),
    )

    raw = compose(outgoing).raw
    mail = parse.parse(raw)

    assert blanks(mail.subject) == blanks(subject)
    assert blanks(mail.sender.name) == blanks(name)
    assert [canonical(box.address) for box in mail.to] == [canonical(address), "second@x.example"]
    assert mail.text.rstrip() == text.rstrip()
    assert mail.date == outgoing.date
    assert (mail.message_id, mail.in_reply_to, mail.references) == (
        "1@acme.example",
        ("a@x",),
        ("r@x", "a@x"),
    )
    file = mail.attachments[0]
    assert parse.read_attachment(raw, file.locator) == content
    assert file.content_type == "image/png"


def test_every_shape_of_mail_reads_back_as_it_was() -> None:
    for outgoing in ALL:
        raw = compose(outgoing).raw

        mail = parse.parse(raw)

        assert not mail.defects
        assert blanks(mail.subject) == blanks(one_line(outgoing.subject))
        for sent, read in ((outgoing.to, mail.to), (outgoing.cc, mail.cc)):
            assert [blanks(box.name) for box in read] == [blanks(box.name) for box in sent]
            assert [box.address for box in read] == [
                box.address.replace("bücher", "xn--bcher-kva") for box in sent
            ]
        said = re.sub("[\x00\x0b\x1b]", "", outgoing.text.replace("\r\n", "\n")).rstrip()
        assert mail.text.startswith(said)
        contents = [parse.read_attachment(raw, file.locator) for file in mail.attachments]
        assert sorted(contents) == sorted(file.content for file in outgoing.attachments)
