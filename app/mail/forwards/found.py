"""
A forward as a value, put together from what the search found in the text and in the HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from app.mail.forwards import markup
from app.mail.forwards.dates import read_date
from app.mail.forwards.lines import Line, lines_of, raw_lines, unquoted
from app.mail.forwards.mailboxes import read_mailboxes
from app.mail.forwards.search import Found, Search
from app.mail.forwards.separators import BARE_TITLES, announcement_of
from app.mail.forwards.subjects import has_forward_prefix, strip_forward_prefix
from app.mail.message import Mailbox

_STRUCTURES = ("moz-forward-container", "orwarded message", "orwarded Message")
_MESSAGE_ID = re.compile(r"<?([^<>\s@]{1,400}@[^<>\s@]{1,400})>?")


@dataclass(frozen=True, slots=True)
class Forward:
    """A forward made by hand; `author.address` is "" when the block names none (unresolved)."""

    author: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    sent_at: datetime | None  # aware; a time without a zone is taken as UTC
    text: str  # the original's text, below the block
    html: str  # its markup when it came from HTML, else ""
    comment: str  # the forwarder's own words above the block and below a closing marker
    client: str  # "gmail", "outlook", "apple_mail", … or "": evidence only
    language: str  # of the block's labels: "de", … or ""
    source: str  # "html" or "text"
    message_id: str  # without angle brackets; "" when the block names none
    evidence: str  # one sentence: what was recognised
    reply_to: tuple[Mailbox, ...] = ()  # when the block names one (mail of groups: "Ann via Team")


def find_forward(subject: str, text: str, html: str) -> Forward | None:
    """
    The outermost forward in a mail's body, or None.

    `text` is the mail's plain text (made from the HTML when there is no other), `html` its markup
    or "". Never raises; linear in the length of both.
    """
    raws = raw_lines(text)
    seen_in_text = Search(lines_of(raws), subject).run()
    seen_in_html, html_lines = None, []
    if html and (seen_in_text or _worth_reading(subject, text, html)):
        html_lines = markup.lines_of(html)
        seen_in_html = Search(html_lines, subject).run()
    from_text = _of_text(seen_in_text, raws, subject) if seen_in_text else None
    if seen_in_html is None:
        return from_text
    from_html = _of_html(seen_in_html, html_lines, html, subject)
    if from_text is None:
        return from_html
    if not from_html.author.address and from_text.author.address:
        return from_text
    if _same(from_html, from_text):
        # The text part is what its writer's program made for reading.
        return replace(from_html, text=from_text.text, comment=from_text.comment)
    return from_html


def _worth_reading(subject: str, text: str, html: str) -> bool:
    """Whether HTML may hold a forward that the text does not show: most mails need not be read."""
    if has_forward_prefix(subject) or not text.strip():
        return True
    head = html[: markup.LONGEST]
    return any(structure in head for structure in _STRUCTURES)


def _same(one: Forward, other: Forward) -> bool:
    return one.author.address.casefold() == other.author.address.casefold() and bool(other.text)


def _of_text(found: Found, raws: list[str], subject: str) -> Forward:
    comment = raws[: found.comment_end]
    if found.depth and _all_quoted(comment):
        comment = unquoted(comment, found.depth)
    body, below = _split_body(raws[found.body :], found.depth)
    return _forward(found, subject, "text", _joined(body), "", _comment(comment, below))


def _of_html(found: Found, lines: list[Line], html: str, subject: str) -> Forward:
    comment = [line.raw for line in lines[: found.comment_end]]
    body = [line.raw for line in lines[found.body :]]
    body, below = _split_body(body, 0)
    rest = html[lines[found.body - 1].end :].strip() if found.body else html
    return _forward(found, subject, "html", _joined(body), rest, _comment(comment, below))


def _split_body(raws: list[str], depth: int) -> tuple[list[str], list[str]]:
    """(the original's lines without the forward's own quote marks, the forwarder's lines below)."""
    below: list[str] = []
    raws = _between_scissors(raws)
    for index, raw in enumerate(raws):
        bare = raw.lstrip("> ") if raw[:1] in "-=>" else ""
        ended = announcement_of(bare) if bare[:1] in ("-", "=") else None
        if ended and ended.kind == "end":
            raws, below = raws[:index], raws[index + 1 :]
            break
    raws = _without_last_rule(raws)
    if depth == 0 and _all_quoted(raws):
        depth = 1  # Missive, MailMate: the block is not quoted, the original is
    if depth:
        last = max((i for i, raw in enumerate(raws) if raw.lstrip()[:1] in (">", "|")), default=-1)
        if last >= 0:
            below = raws[last + 1 :] + below
            raws = raws[: last + 1]
        raws = unquoted(raws, depth)
    elif _indented(raws):
        raws = [raw[4:] if raw.startswith("    ") else raw for raw in raws]
    return raws, below


def _between_scissors(raws: list[str]) -> list[str]:
    """The Bat! puts the original between two lines that say where to cut."""
    cuts = [index for index, raw in enumerate(raws) if raw.startswith("===8<===")]
    if len(cuts) < 2 or any(raw.strip() for raw in raws[: cuts[0]]):
        return raws
    return [*raws[cuts[0] + 1 : cuts[-1]], *raws[cuts[-1] + 1 :]]


def _without_last_rule(raws: list[str]) -> list[str]:
    """KMail closes a forward with a line of dashes."""
    for index in range(len(raws) - 1, -1, -1):
        bare = raws[index].strip()
        if bare:
            return raws[:index] if len(bare) >= 30 and not bare.strip("-") else raws
    return raws


def _all_quoted(raws: list[str]) -> bool:
    """Whether the text is one quote from its first line to its last."""
    quoted = [raw.lstrip()[:1] == ">" for raw in raws if raw.strip()]
    return bool(quoted) and quoted[0] and quoted[-1] and sum(quoted) * 2 > len(quoted)


def _indented(raws: list[str]) -> bool:
    """Outlook for Mac indents the original by four spaces."""
    filled = [raw for raw in raws if raw.strip()]
    return bool(filled) and all(raw.startswith("    ") for raw in filled)


def _joined(raws: list[str]) -> str:
    return "\n".join(raw.rstrip() for raw in raws).replace("\ufeff", "").strip()


def _comment(above: list[str], below: list[str]) -> str:
    return "\n\n".join(filter(None, (_joined(above), _joined(below))))


def _forward(
    found: Found, subject: str, source: str, text: str, html: str, comment: str
) -> Forward:
    fields = found.fields
    named = _MESSAGE_ID.search(fields.get("message_id", "")[:1000])
    client = _client(found)
    return Forward(
        author=found.author,
        to=read_mailboxes(fields.get("to", "")),
        cc=read_mailboxes(fields.get("cc", "")),
        subject=" ".join(fields["subject"].split())
        if "subject" in fields
        else strip_forward_prefix(subject),
        sent_at=read_date(fields.get("date", ""), found.languages),
        text=text,
        html=html,
        comment=comment,
        client=client,
        language=_language(found),
        source=source,
        message_id=named[1] if named else "",
        evidence=_evidence(found, source, client),
        reply_to=read_mailboxes(fields.get("reply_to", "")),
    )


_CLIENTS_BY_DASHES = {6: "em_client", 7: "proton"}


def _language(found: Found) -> str:
    return found.languages[0] if len(found.languages) == 1 else ""


def _client(found: Found) -> str:
    """The program that made the forward, as far as marks and separator tell."""
    marks = sorted(mark.rstrip("!") for mark in found.marks if mark != "rule")
    specific = [mark for mark in marks if mark not in ("outlook", "apple_mail", "gmail")]
    if marks:
        return (specific or marks)[0]
    if found.how == "separator":
        return _client_by_separator(found)
    return (
        "outlook" if found.how == "sentence" or list(found.fields)[:2] == ["from", "date"] else ""
    )


def _client_by_separator(found: Found) -> str:
    english = "orwarded message" in found.shown
    if found.shown in BARE_TITLES:
        return "the_bat" if found.shown.startswith("This") else "gmail"
    if not found.dashes:
        return "mailmate" if found.shown.startswith("Forwarded") else "apple_mail"
    if found.shown.startswith("="):
        return "zoho"
    if found.dashes in (9, 10) and english:
        return "gmail"
    if found.dashes in (9, 10) and found.languages != ("en",):
        return "hubspot"
    if next(iter(found.fields)) == "subject" and found.dashes in (3, 8):
        return "thunderbird"
    if found.dashes == 5 and found.glued:
        return "yahoo"
    titled = "Forwarded Message -" in found.shown
    return _CLIENTS_BY_DASHES.get(found.dashes, "") if titled else ""


def _evidence(found: Found, source: str, client: str) -> str:
    """What was recognised, in one sentence for the attribution record."""
    where = "HTML" if source == "html" else "text"
    names = [n.replace("_", "-").title() for n in found.fields if n not in ("other", "bcc")]
    languages = " or ".join(found.languages[:6]) or "unknown language"
    block = f"a header block ({', '.join(names)}; {languages})"
    reasons = {
        "separator": f"below the line “{found.shown[:80]}”",
        "structure": "in a structure that only forwards have",
        "subject": "and a forward prefix in the subject",
        "place": "with nothing of the sender's own above it and no reply prefix in the subject",
        "sentence": "and a forward prefix in the subject",
    }
    what = f"the sentence “{found.shown[:80]}”" if found.how == "sentence" else block
    address = f"<{found.author.address}>" if found.author.address else "without an address"
    program = f", as {client} writes it," if client else ""
    named = f"{found.author.name} {address}".strip()
    return f"The {where} has {what}{program} {reasons[found.how]}; it names {named}."
