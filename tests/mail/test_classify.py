"""Which kind of mail it is (F1, F2)."""

from __future__ import annotations

import pytest

from app.mail.classify import Verdict, classify, hop_count
from app.mail.parse import parse, parse_headers
from app.mail.reports import read_report

TEAM = "support@acme.example"
GROUP_FIELDS = (
    "Precedence: list\n"
    f"Mailing-list: list {TEAM}; contact support+owners@acme.example\n"
    "List-ID: <support.acme.example>\n"
    "X-Google-Group-Id: 123456789012\n"
    f"List-Post: <https://groups.google.com/a/acme.example/group/support/post>, <mailto:{TEAM}>\n"
    "List-Help: <https://support.google.com/a/acme.example/bin/topic.py?topic=25838>\n"
    "List-Archive: <https://groups.google.com/a/acme.example/group/support/>\n"
    "List-Unsubscribe: <mailto:googlegroups-manage+123+unsubscribe@googlegroups.com>,\n"
    " <https://groups.google.com/a/acme.example/group/support/subscribe>\n"
)


def verdict(
    fields: str = "",
    *,
    author: str = "Bob <bob@example.org>",
    subject: str = "A question",
    body: str = "Where is my order?",
    reverse_path: str = "bob@example.org",
) -> Verdict:
    raw = f"From: {author}\nTo: {TEAM}\nSubject: {subject}\n{fields}\n{body}\n".encode()
    mail = parse(raw)
    report = read_report(mail, reverse_path)
    return classify(mail, reverse_path=reverse_path, own_lists=frozenset({TEAM}), report=report)


def test_a_mail_without_any_sign_is_a_persons() -> None:
    found = verdict()

    assert found.mail_class == "human"
    assert found.signs == ()
    assert not found.no_automatic_answer


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("no", "human"),
        ("No (sent by a person)", "human"),
        ("", "human"),
        ("auto-replied", "auto_reply"),
        ("Auto-Replied", "auto_reply"),
        ('auto-replied; owner-email="bob@example.org"', "out_of_office"),
        ("auto-replied (vacation)", "out_of_office"),
        ("AUTO-GENERATED", "auto_generated"),
        ("auto-generated; type=ticket", "auto_generated"),
        ("auto-notified; owner-email=bob@example.org", "auto_generated"),
        ("x-vendor-thing", "auto_generated"),
    ],
)
def test_the_keyword_of_auto_submitted_decides(value: str, expected: str) -> None:
    found = verdict(f"Auto-Submitted: {value}\n")

    assert found.mail_class == expected


def test_the_reason_names_the_field_that_decided() -> None:
    found = verdict("Precedence: bulk\nAuto-Submitted: auto-replied\n")

    assert found.reason == "Auto-Submitted is auto-replied (RFC 3834)."
    assert "Precedence is bulk." in found.signs


@pytest.mark.parametrize(
    "field",
    ["X-Autoreply: yes", "X-Autorespond: re", "X-Mail-Autoreply: 1", "Precedence: auto_reply"],
)
def test_the_fields_of_answering_programs_make_an_automatic_answer(field: str) -> None:
    found = verdict(f"{field}\n")

    assert found.mail_class == "auto_reply"
    assert found.no_automatic_answer


def test_the_fields_of_group_in_front_of_the_channel_do_not_make_a_mail_bulk() -> None:
    found = verdict(GROUP_FIELDS)

    assert found.mail_class == "human"
    assert not found.no_automatic_answer
    assert any("own group" in sign for sign in found.signs)


def test_a_newsletter_through_the_own_group_is_bulk() -> None:
    field = "List-Unsubscribe: <https://news.shop.example/leave?u=1>\n"

    found = verdict(GROUP_FIELDS + field)

    assert found.mail_class == "bulk"


def test_mail_of_another_list_through_the_own_group_is_bulk() -> None:
    found = verdict(f"{GROUP_FIELDS}List-Id: Announcements <news.other.example>\n")

    assert found.mail_class == "bulk"


def test_an_own_list_on_a_host_of_its_own_domain_is_known() -> None:
    fields = (
        "List-Id: Support <support.lists.acme.example>\nX-BeenThere: support@lists.acme.example\n"
        "X-Mailman-Version: 3.3\nPrecedence: list\n"
        "List-Unsubscribe: <mailto:support-leave@lists.acme.example>\n"
    )

    assert verdict(fields).mail_class == "human"


def test_an_own_list_does_not_hide_an_automatic_answer() -> None:
    found = verdict(f"{GROUP_FIELDS}Auto-Submitted: auto-replied\n")

    assert found.mail_class == "auto_reply"


@pytest.mark.parametrize(
    "fields",
    [
        "List-Id: <news.shop.example>\n",
        "List-Unsubscribe: <https://shop.example/leave>\n",
        "Precedence: bulk\n",
        "Precedence: Junk\n",
        "Precedence: list\n",
        "X-BeenThere: users@lists.example.org\n",
        "List-Id: <support.acme.example.evil.example>\n",
    ],
)
def test_lists_and_bulk_senders_are_bulk(fields: str) -> None:
    assert verdict(fields).mail_class == "bulk"


def test_auto_response_suppress_alone_only_forbids_our_answers() -> None:
    found = verdict("X-Auto-Response-Suppress: All\n")

    assert found.mail_class == "human"
    assert found.no_automatic_answer


def test_auto_response_suppress_for_receipts_allows_our_answers() -> None:
    found = verdict("X-Auto-Response-Suppress: DR, RN, NRN\n")

    assert found.mail_class == "human"
    assert not found.no_automatic_answer


def test_an_answer_by_a_rule_of_exchange_is_out_of_office() -> None:
    fields = "X-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: bob@example.org\n"

    assert verdict(fields).mail_class == "out_of_office"


def test_a_rule_that_redirects_to_the_channel_is_no_answer() -> None:
    fields = f"X-Auto-Response-Suppress: All\nX-MS-Exchange-Inbox-Rules-Loop: {TEAM}\n"

    assert verdict(fields).mail_class == "human"


def test_a_rule_that_forwards_to_the_channel_does_not_make_a_mail_generated() -> None:
    fields = f"Auto-Submitted: auto-generated\nX-MS-Exchange-Inbox-Rules-Loop: <{TEAM}>\n"

    assert verdict(fields).mail_class == "human"
    assert verdict("Auto-Submitted: auto-generated\n").mail_class == "auto_generated"


def test_a_rule_of_the_channels_mailbox_may_send_with_a_null_reverse_path() -> None:
    field = "X-MS-Exchange-Inbox-Rules-Loop: "

    assert verdict(f"{field}{TEAM}\n", reverse_path="").mail_class == "human"
    assert verdict(f"{field}ann@else.example\n", reverse_path="").mail_class == "auto_generated"


@pytest.mark.parametrize(
    "subject",
    [
        "Out of Office: A question",
        "Abwesenheitsnotiz: Frage",
        "Réponse automatique : question",
        "=?utf-8?B?6Ieq5YuV5b+c562U?=",
        "[Automatyczna odpowiedź] pytanie",
    ],
)
def test_the_opening_of_a_subject_counts_only_beside_another_sign(subject: str) -> None:
    alone = verdict(subject=subject)
    beside = verdict("Precedence: junk\n", subject=subject)

    assert alone.mail_class == "human"
    assert beside.mail_class in {"out_of_office", "auto_reply"}


def test_an_automatic_opening_on_an_answer_to_our_mail_is_automatic() -> None:
    answered = "In-Reply-To: <token@acme.example>\n"

    automatic = verdict(answered, subject="Automatic reply: Your order")
    person = verdict(answered, subject="Re: Automatic reply: Your order")

    assert automatic.mail_class == "auto_reply"
    assert person.mail_class == "human"


def test_an_answer_of_somebody_away_is_out_of_office() -> None:
    found = verdict("Auto-Submitted: auto-replied\n", body="I am out of the office until Monday.")

    assert found.mail_class == "out_of_office"


@pytest.mark.parametrize(
    "subject",
    [
        "Urlaub am Meer: sind noch Zimmer frei?",
        "Vacation rental question",
        "Absence of parts in delivery 4711",
        "I am on hold since Monday",
        "I'm out of ink",
        "Ausente de factura",
        "休暇の予約について",
        "Auto: Reifen wechseln",
    ],
)
@pytest.mark.parametrize(
    "field", ["X-Auto-Response-Suppress: DR, OOF, AutoReply\n", "In-Reply-To: <1@acme.example>\n"]
)
def test_a_person_who_writes_about_absence_stays_a_person(subject: str, field: str) -> None:
    assert verdict(field, subject=subject).mail_class == "human"
    assert verdict("Auto-Submitted: auto-generated\n", subject=subject).mail_class != "human"


@pytest.mark.parametrize(
    "subject",
    ["Abwesenheitsnotiz: Order", "Urlaub Re: Order", "Absence: Re: Order", "Out of Office: Order"],
)
def test_a_weak_sign_is_enough_beside_an_unmistakable_subject(subject: str) -> None:
    found = verdict("X-Auto-Response-Suppress: All\n", subject=subject)

    assert found.mail_class == "out_of_office"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Autosvar: Order", "Jag är på semester."),
        ("Automatisk svar: Order", "Jeg er på ferie."),
        ("Automaattinen vastaus: Order", "Olen lomalla."),
        ("Automatická odpověď: Order", "Jsem mimo kancelář."),
        ("Automatikus válasz: Order", "Szabadságon vagyok."),
        ("Răspuns automat: Order", "Sunt în concediu."),
        ("Автоматична відповідь: Order", "Я у відпустці."),
        ("Otomatik yanıt: Order", "İzindeyim."),
        ("Αυτόματη απάντηση: Order", "Είμαι εκτός γραφείου."),
        ("תשובה אוטומטית: Order", "אני בחופשה."),
        ("رد تلقائي: Order", "أنا في إجازة."),
        ("ตอบกลับอัตโนมัติ: Order", "ลาพักร้อน"),
        ("Trả lời tự động: Order", "Tôi đang nghỉ phép."),
    ],
)
def test_absence_is_understood_in_many_languages(subject: str, body: str) -> None:
    away = verdict("Auto-Submitted: auto-generated\n", subject=subject, body=body)
    other = verdict("Auto-Submitted: auto-generated\n", subject=subject, body="OK.")

    assert (away.mail_class, other.mail_class) == ("out_of_office", "auto_reply")


def test_a_null_reverse_path_without_a_report_is_generated() -> None:
    found = verdict(reverse_path="")

    assert found.mail_class == "auto_generated"
    assert "5321" in found.reason


def test_a_mail_system_that_reports_nothing_is_generated() -> None:
    found = verdict(author="Mail System <mailer-daemon@example.org>", body="The disk is full.")

    assert found.mail_class == "auto_generated"


def test_a_person_with_the_title_of_a_mail_system_stays_a_person() -> None:
    found = verdict(author="System Administrator <it@example.org>")

    assert found.mail_class == "human"


def test_a_person_whom_nobody_can_answer_stays_a_person() -> None:
    found = verdict(author="Shop <no-reply@shop.example>")

    assert found.mail_class == "human"
    assert found.no_automatic_answer


def test_feedback_id_decides_nothing() -> None:
    found = verdict("Feedback-ID: 1.eu:AmazonSES\n")

    assert found.mail_class == "human"
    assert found.signs == ("Feedback-ID is there.",)


def test_a_report_that_says_nothing_we_know_is_generated() -> None:
    field = "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b\n"

    found = verdict(field, body="--b\n\nA report about TLS.\n--b--")

    assert found.mail_class == "auto_generated"


def test_the_hops_of_a_mail_are_its_received_fields() -> None:
    headers, _ = parse_headers(b"Received: a\nX: 1\nreceived: b\n c\nRECEIVED: d\n\nReceived: e\n")

    assert hop_count(headers) == 3
