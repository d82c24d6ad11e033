"""
Specimens of forwards: made from the rows of `clients.txt`, and the files in `singles`.

A file there is called `program.language.txt` (or `.html`); its first line is the mail's subject.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

NAME, ADDRESS = "Ann Lee", "ann.lee@customer.example"
SUPPORT = "support@acme.example"
BOB = "bob.ray@customer.example"
AUTHOR = f"{NAME} <{ADDRESS}>"
CC = f"Bob Ray <{BOB}>"
SUBJECT = "The printer is on fire"
BODY = "Dear support,\n\nthe printer smokes since this morning.\nWhat shall we do?\n\nAnn"
COMMENT = "Can you take this one?"
SENT = datetime(2021, 10, 27, 9, 31, tzinfo=UTC)
RFC_DATE = "Wed, 27 Oct 2021 09:31:00 +0000"


@dataclass(frozen=True, slots=True)
class Specimen:
    """A forward as one program writes it in one language."""

    client: str
    language: str
    subject: str
    text: str
    html: str = ""
    has_cc: bool = True

    @property
    def name(self) -> str:
        return f"{self.client}-{self.language}"


def specimens() -> Iterator[Specimen]:
    yield from _gmail()
    yield from _hubspot()
    yield from _apple()
    yield from _outlook()
    yield from _new_outlook()
    yield from _sentences()
    yield from _thunderbird()
    yield from _yahoo()
    yield from _singles()


HERE = Path(__file__).parent


def _rows(section: str) -> Iterator[list[str]]:
    _, _, rest = (HERE / "clients.txt").read_text(encoding="utf-8").partition(f"[{section}]\n")
    for row in rest.partition("\n\n")[0].strip().split("\n"):
        yield row.split("|")


def _singles() -> Iterator[Specimen]:
    for path in sorted((HERE / "singles").iterdir()):
        client, language, kind = path.name.split(".")
        quoted = "\n".join(f"> {line}".rstrip() for line in BODY.split("\n"))
        subject, _, content = path.read_text(encoding="utf-8").partition("\n")
        values = {"name": NAME, "address": ADDRESS, "subject": SUBJECT, "comment": COMMENT}
        values |= {"quoted": quoted, "body": _markup(BODY) if kind == "html" else BODY}
        for key, value in values.items():
            subject = subject.replace(f"{{{key}}}", value)
            content = content.replace(f"{{{key}}}", value)
        text, html = ("", content) if kind == "html" else (content, "")
        yield Specimen(client, language, subject, text, html, has_cc=BOB in content)


def _markup(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>\n")


def _linked(name: str, address: str) -> str:
    return f'{name} &lt;<a href="mailto:{address}">{address}</a>&gt;'


def _gmail() -> Iterator[Specimen]:
    for language, label, date in _rows("gmail"):
        separator = "---------- Forwarded message ---------"
        text = (
            f"{COMMENT}\n\n{separator}\n{label}: {AUTHOR}\nDate: {date}\nSubject: {SUBJECT}\n"
            f"To: <{SUPPORT}>\nCc: {CC}\n\n\n{BODY}\n"
        )
        html = (
            f'<div dir="ltr">{COMMENT}<br><br><div class="gmail_quote"><div dir="ltr" '
            f'class="gmail_attr">{separator}<br>{label}: <strong class="gmail_sendername" '
            f'dir="auto">{NAME}</strong> <span dir="auto">&lt;<a href="mailto:{ADDRESS}">{ADDRESS}'
            f"</a>&gt;</span><br>Date: {date}<br>Subject: {SUBJECT}<br>To:  &lt;<a "
            f'href="mailto:{SUPPORT}">{SUPPORT}</a>&gt;<br>Cc: {_linked("Bob Ray", BOB)}<br></div>'
            f"<br><br>{_markup(BODY)}</div></div>"
        )
        yield Specimen("gmail", language, f"Fwd: {SUBJECT}", text, html)


def _hubspot() -> Iterator[Specimen]:
    for language, separator, *labels, date in _rows("hubspot"):
        values = (AUTHOR, date, SUBJECT, SUPPORT, CC)
        colon = "：" if language == "ja" else ": "
        block = "\n".join(f"{a}{colon}{b}" for a, b in zip(labels, values, strict=True))
        text = f"{COMMENT}\n\n---------- {separator} ---------\n{block}\n\n{BODY}\n"
        yield Specimen("hubspot", language, f"Fwd: {SUBJECT}", text)


def _apple() -> Iterator[Specimen]:
    for language, separator, *labels, date in _rows("apple"):
        values = (AUTHOR, SUBJECT, date, SUPPORT, CC, f"Ann Lee <{ADDRESS}>")
        block = [f"{a}: {b}" for a, b in zip(labels, values, strict=True)]
        quoted = [separator, "", *block, "", *BODY.split("\n")]
        text = f"{COMMENT}\n\n" + "\n".join(f"> {line}".rstrip() for line in quoted) + "\n"
        head = "".join(
            f'<div style="margin: 0px;"><span style="color: black;"><b>{a}: </b></span>'
            f"<span>{_apple_value(b)}<br></span></div>"
            for a, b in zip(labels, values, strict=True)
        )
        html = (
            f'<html><body>{COMMENT}<br><div><br><blockquote type="cite"><div>{separator}</div><br '
            f'class="Apple-interchange-newline">{head}<br><div>{_markup(BODY)}</div></blockquote>'
            "</div></body></html>"
        )
        yield Specimen("apple_mail", language, f"Fwd: {SUBJECT}", text, html)


def _apple_value(value: str) -> str:
    name, _, address = value.rstrip(">").partition(" <")
    return _linked(name, address) if address else escape(value)


def _outlook() -> Iterator[Specimen]:
    for language, prefix, *labels, date in _rows("outlook"):
        values = (AUTHOR, date, f"{SUPPORT} <{SUPPORT}>", CC, SUBJECT)
        block = "\n".join(f"{a}: {b}" for a, b in zip(labels, values, strict=True))
        text = f"{COMMENT}\n\n________________________________\n{block}\n\n{BODY}\n"
        subject = f"{prefix}: {SUBJECT}"
        yield Specimen("outlook_web", language, subject, text, _outlook_web(labels, values))
        text = f"{COMMENT}\n\n{block}\n\n{BODY}\n"
        yield Specimen("outlook", language, subject, text, _outlook_desktop(labels, values))


def _outlook_web(labels: list[str], values: tuple[str, ...]) -> str:
    lines = "<br>\n".join(f"<b>{a}:</b> {escape(b)}" for a, b in zip(labels, values, strict=True))
    return (
        f'<html><body dir="ltr"><div class="elementToProof">{COMMENT}</div><div id="appendonsend">'
        '</div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
        f'dir="ltr"><font face="Calibri" color="#000000">{lines}</font><div>&nbsp;</div></div>'
        f"<div>{_markup(BODY)}</div></body></html>"
    )


def _outlook_desktop(labels: list[str], values: tuple[str, ...]) -> str:
    lines = "<br>\n".join(
        f"<b><span lang=EN-US>{a}:</span></b><span lang=EN-US> {escape(b)}</span>"
        for a, b in zip(labels, values, strict=True)
    )
    return (
        "<html><head><style>@font-face {font-family:Calibri;} a:link {color:blue}</style></head>"
        f"<body lang=EN-US><div class=WordSection1><p class=MsoNormal>{COMMENT}<o:p></o:p></p>"
        "<p class=MsoNormal><o:p>&nbsp;</o:p></p><div><div style='border:none;border-top:solid "
        f"#E1E1E1 1.0pt;padding:3.0pt 0in 0in 0in'><p class=MsoNormal>{lines}<o:p></o:p></p></div>"
        "</div><p class=MsoNormal><o:p>&nbsp;</o:p></p>"
        f"<p class=MsoNormal>{_markup(BODY)}</p></div>"
        "</body></html>"
    )


def _new_outlook() -> Iterator[Specimen]:
    for language, prefix, *labels, date in _rows("new_outlook"):
        values = (AUTHOR, date, f"{SUPPORT} <{SUPPORT}>", CC, SUBJECT)
        block = "\n".join(f"{a}: {b}" for a, b in zip(labels, values, strict=True))
        text = f"{COMMENT}\n\n{block}\n{BODY}\n"
        yield Specimen("outlook_mac", language, f"{prefix}: {SUBJECT}", text)


def _sentences() -> Iterator[Specimen]:
    for language, sentence in _rows("sentence"):
        said = sentence.format(name=NAME, address=ADDRESS)
        indented = "\n".join(f"    {line}" for line in BODY.split("\n"))
        text = f"{COMMENT}\n\n\ufeff{said}\n\n{indented}\n"
        yield Specimen("outlook_2019", language, f"FW: {SUBJECT}", text, has_cc=False)


def _thunderbird() -> Iterator[Specimen]:
    for language, separator, *labels in _rows("thunderbird"):
        values = (SUBJECT, RFC_DATE, AUTHOR, SUPPORT, CC)
        dashes = "---" if language == "pl" else "--------"
        block = "\n".join(f"{a}: \t{b}" for a, b in zip(labels, values, strict=True))
        text = f"{COMMENT}\n\n\n{dashes} {separator} {dashes}\n{block}\n\n\n\n{BODY}\n"
        table = "".join(
            f'<tr><th align="RIGHT" nowrap="nowrap" valign="BASELINE">{a}: </th><td>{escape(b)}'
            "</td></tr>"
            for a, b in zip(labels, values, strict=True)
        )
        html = (
            f'<html><body><p>{COMMENT}</p><div class="moz-forward-container"><br><br>{dashes} '
            f'{separator} {dashes}<table class="moz-email-headers-table" cellspacing="0"><tbody>'
            f"{table}</tbody></table><br><br>{_markup(BODY)}</div></body></html>"
        )
        yield Specimen("thunderbird", language, f"Fwd: {SUBJECT}", text, html)


def _yahoo() -> Iterator[Specimen]:
    for language, separator, *labels, date in _rows("yahoo"):
        values = (AUTHOR, f'"{SUPPORT}" <{SUPPORT}>', CC, date, SUBJECT)
        glued = "".join(f"{a}{b}" for a, b in zip(labels, values, strict=True))
        text = f"{COMMENT}\n\n   ----- {separator} ----- {glued}\n {BODY}\n"
        lines = "".join(
            f"<div><b>{a}</b> {escape(b)}</div>" for a, b in zip(labels, values, strict=True)
        )
        html = (
            f'<html><body><div>{COMMENT}</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>'
            f"<div>----- {separator} -----</div>{lines}<div><br></div><div>{_markup(BODY)}</div>"
            "</div></div></body></html>"
        )
        yield Specimen("yahoo", language, f"Fw: {SUBJECT}", text, html)
