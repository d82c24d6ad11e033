"""The parts of a forward's block: people, dates, subject prefixes, separators."""

from datetime import UTC, datetime

import pytest

from app.mail.forwards import has_forward_prefix, strip_forward_prefix
from app.mail.forwards.dates import read_date
from app.mail.forwards.labels import FIELDS, LABELS, fold, header_of, words_of
from app.mail.forwards.mailboxes import read_mailboxes
from app.mail.forwards.markup import lines_of
from app.mail.forwards.sentences import person_and_date
from app.mail.forwards.separators import announcement_of
from app.mail.message import Mailbox


def people(text: str) -> list[tuple[str, str]]:
    return [(person.name, person.address) for person in read_mailboxes(text)]


ANN = ("Ann Lee", "ann@x.example")


@pytest.mark.parametrize(
    "text",
    [
        "Ann Lee <ann@x.example>",
        '"Ann Lee" <ann@x.example>',
        "'Ann Lee' <ann@x.example>",
        "\"'Ann Lee'\" <ann@x.example>",
        "«Ann Lee» <ann@x.example>",
        "„Ann Lee” <ann@x.example>",
        "Ann Lee<ann@x.example>",
        "Ann Lee [ann@x.example]",
        "Ann Lee (ann@x.example)",
        "Ann Lee ＜ann@x.example＞",
        "Ann Lee（ann@x.example）",
        "Ann Lee [mailto:ann@x.example]",
        "Ann Lee [SMTP:ann@x.example]",
        "Ann Lee <mailto:ann@x.example>",
        "Ann Lee <ann@x.example<mailto:ann@x.example>>",
        "Ann Lee <ann@x.example <mailto:ann@x.example> >",
        "Ann Lee <ann@x.example>;",
        "*Ann Lee* <ann@x.example>",
        "Ann Lee <ann@x.example> on behalf of Team <team@x.example>",
    ],
)
def test_a_person_is_read_however_the_program_prints_it(text: str):
    assert people(text)[0] == ANN


@pytest.mark.parametrize(
    "text",
    [
        "ann@x.example",
        "<ann@x.example>",
        "ann@x.example <ann@x.example>",
        '"ann@x.example" <ann@x.example>',
        "'ann@x.example' <ann@x.example>",
        "ann@x.example<mailto:ann@x.example>",
        "ann@x.example <mailto:ann@x.example> <ann@x.example <mailto:ann@x.example> >",
        "<ann@x.example<mailto:ann@x.example>>",
    ],
)
def test_an_address_is_not_its_own_name(text: str):
    assert people(text) == [("", "ann@x.example")]


@pytest.mark.parametrize("separator", [", ", "; ", ",", ";"])
def test_several_people_are_read_in_their_order(separator: str):
    text = separator.join(["Ann Lee <ann@x.example>", "bob@x.example", '"Poe, C." <c@x.example>'])

    assert people(text) == [ANN, ("", "bob@x.example"), ("Poe, C.", "c@x.example")]


def test_a_comma_within_a_name_does_not_make_two_people():
    text = "Lee, Ann <ann@x.example>, Poe, Carl<carl@x.example>"

    assert people(text) == [("Lee, Ann", "ann@x.example"), ("Poe, Carl", "carl@x.example")]


def test_names_alone_have_no_address():
    assert people("Lee, Ann; Support; Bob <bob@x.example>") == [
        ("Lee, Ann", ""),
        ("Support", ""),
        ("Bob", "bob@x.example"),
    ]


@pytest.mark.parametrize("text", ["", " ", ";", "undisclosed-recipients:;", "<>", '""'])
def test_nobody_is_nobody(text: str):
    assert people(text) == []


@pytest.mark.parametrize("text", ["a@b", "@x.example", "ann@", "ann@.example", "ann at x.example"])
def test_what_is_no_address_is_not_taken_for_one(text: str):
    assert all(address == "" for _, address in people(f"Ann <{text}>"))


@pytest.mark.parametrize(
    ("before", "name"),
    [
        ("On 28/10/2021 12:46, ", "Le Van"),
        ('On 28/10/2021 12:46, "', "Pat O'Brien\""),
        ("On Wed, Oct 27, 2021 at 9:31 AM ", "Ann Lee"),
        ("Am 27.10.21, 09:31 schrieb ", "Ann Lee"),
        ("Op 27-10-2021 09:31 heeft ", "Ann Lee"),
        ("W dniu 27.10.2021 o 09:31, użytkownik ", "Ann Lee"),
        ("", "Om Puri"),
        ("27.10.2021, 9:31 пользователь «", "Анна»"),
    ],
)
def test_the_name_in_a_sentence_is_what_stands_before_the_address(before: str, name: str):
    text = f"{before}{name} <x@y.example> wrote:"
    start = text.index("<")

    person, date = person_and_date(text, start, start + len("<x@y.example>"))

    assert person == Mailbox(name.strip('"»'), "x@y.example")
    assert name not in date


MOMENT = datetime(2021, 10, 27, 21, 31, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Wed, 27 Oct 2021 21:31:05 +0000",
        "27 Oct 2021 23:31:05 +02:00",
        "Wednesday, October 27, 2021, 5:31:05 PM EDT",
        "October 27, 2021 at 5:31:05 PM GMT-4",
        "10/27/2021 9:31:05 PM",
        "2021-10-27T21:31:05Z",
        "27.10.2021 23.31.05 MESZ",
        "27. Oktober 2021 um 22:31:05 GMT+1",
        "27 de octubre de 2021, 9:31:05 p. m. UTC",
        "2021년 10월 27일 오후 9:31:05",
        "2021年10月27日 下午9:31:05",
        "27 Eki 2021 Çar, 21:31:05",
        "28. lokakuuta 2021 klo 0.31.05 UTC+3",
        "২৭/১০/২০২১ ২১:৩১:০৫",
    ],
)
def test_a_printed_date_is_read(text: str):
    assert read_date(text) == MOMENT


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "31 Feb 2021 10:00", "99/99/2021", "0000-00-00", "Oct 2021", "x" * 999],
)
def test_what_is_no_date_is_none(text: str):
    assert read_date(text) is None


def test_croats_call_october_what_poles_call_november():
    croatian, polish = read_date("27. lis 2021.", ("hr",)), read_date("27 lis 2021", ("pl",))

    assert croatian is not None
    assert polish is not None
    assert (croatian.month, polish.month) == (10, 11)


def test_a_hindi_month_may_be_shortened_to_two_letters():
    found = read_date("सोम, 23 नव॰ 2026 को 5:12 pm बजे", ("hi",))

    assert found == datetime(2026, 11, 23, 17, 12, tzinfo=UTC)


def test_slashes_have_the_day_first_but_in_english_with_a_twelve_hour_clock():
    assert read_date("03/04/2021 10:00", ("fr",)) == datetime(2021, 4, 3, 10, tzinfo=UTC)
    assert read_date("03/04/2021 10:00 AM", ("en",)) == datetime(2021, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("subject", "rest"),
    [
        ("Fwd: Help", "Help"),
        ("FW: Help", "Help"),
        ("Fw : Help", "Help"),
        ("fwd:Help", "Help"),
        ("(Fwd) Help", "Help"),
        ("Přeposláno: Pomoc", "Pomoc"),
        ("WG: Hilfe", "Hilfe"),
        ("TR : Aide", "Aide"),
        ("RV: Ayuda", "Ayuda"),
        ("I: Aiuto", "Aiuto"),
        ("ENC: Ajuda", "Ajuda"),
        ("Redir.: Ajutor", "Ajutor"),
        ("İLT: Yardım", "Yardım"),
        ("转发：帮助", "帮助"),
        ("הועבר: עזרה", "עזרה"),
        ("إعادة توجيه: مساعدة", "مساعدة"),
        ("[EXTERNAL] Fwd: Help", "Help"),
        ("Fwd[2]: Help", "Help"),
        ("[Fwd: Help]", "Help"),
        ("Help (fwd)", "Help"),
        ("Fwd: Re: Help", "Re: Help"),
        ("Fwd: Fwd: Help", "Fwd: Help"),
        ("Fwd:", ""),
    ],
)
def test_a_forward_prefix_is_seen_and_taken_off(subject: str, rest: str):
    assert has_forward_prefix(subject)
    assert strip_forward_prefix(subject) == rest


@pytest.mark.parametrize(
    "subject",
    [
        "Help",
        "",
        "Re: Fwd: Help",
        "AW: WG: Hilfe",
        "i: lower case",
        "Forwarding",
        "Fw Help",
        "9: x",
    ],
)
def test_other_subjects_have_no_forward_prefix(subject: str):
    assert not has_forward_prefix(subject)
    assert strip_forward_prefix(subject) == subject


def test_every_label_of_every_language_is_read_as_its_field():
    for language in LABELS:
        for field in FIELDS:
            for word in words_of(language, field):
                for line in (f"{word}: x", f"{word} : x", f"*{word}:* x", f"{word.upper()}：x"):
                    header = header_of(line)

                    assert header is not None, line
                    assert (header.field, header.value) == (field, "x"), line


def test_a_label_means_the_same_field_in_every_language():
    meanings: dict[str, set[str]] = {}
    for language in LABELS:
        for field in FIELDS:
            for word in words_of(language, field):
                meanings.setdefault(fold(word), set()).add(field)

    assert {word: fields for word, fields in meanings.items() if len(fields) > 1} == {}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("---------- Forwarded message ---------", "forward"),
        ("-------- Weitergeleitete Nachricht --------", "forward"),
        ("--- Treść przekazanej wiadomości ---", "forward"),
        ("============ Forwarded message ============", "forward"),
        ("----- Forwarded by Ann Lee/Acme on 27/10/2021 10:11 -----", "forward"),
        ("----- Forwarded message from Ann Lee <ann@x.example> -----", "forward"),
        ("Begin forwarded message:", "forward"),
        ("Початок листа, що пересилається:", "forward"),
        ("-----Original Message-----", "original"),
        ("-------- Ursprüngliche Nachricht --------", "original"),
        ("________________________________", "rule"),
        ("----- End forwarded message -----", "end"),
        ("-------- Конец пересылаемого сообщения --------", "end"),
    ],
)
def test_a_separator_is_known(line: str, kind: str):
    said = announcement_of(line)

    assert said is not None
    assert said.kind == kind


@pytest.mark.parametrize(
    "line", ["Hello", "- forward this please", "-- ", "Please forward this:", "* item", "- a - b -"]
)
def test_other_lines_are_no_separators(line: str):
    said = announcement_of(line)

    assert said is None or said.kind == "rule"


def test_html_becomes_the_lines_a_reader_sees():
    html = (
        "<html><head><title>T</title><style>p { color: red }</style></head><body><p>One &amp; "
        "<b>two</b></p><!-- not > seen --><blockquote>Three<br>four<script>five()</script>"
        '</blockquote><a title="a > b">Six</a> 1 < 2 <ann@x.example>'
    )

    lines = [(line.text, line.depth) for line in lines_of(html) if line.text]

    assert lines == [
        ("One & two", 0),
        ("Three", 1),
        ("four", 1),
        ("Six 1 < 2 <ann@x.example>", 0),
    ]
