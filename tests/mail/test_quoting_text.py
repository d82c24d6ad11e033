"""Reply, quotation and signature of plain texts."""

from __future__ import annotations

import pytest

from app.mail.quoting import Split, split_text

ATTRIBUTIONS = [
    "On Mon, May 3, 2021 at 10:00 AM Bob Lee <bob@x.example> wrote:",
    "On 03/05/2021 10:00, Bob Lee wrote:",
    "Am Mo., 3. Mai 2021 um 10:00 Uhr schrieb Bob Lee <bob@x.example>:",
    "Am 03.05.21 um 10:00 schrieb Bob Lee:",
    "Bob Lee <bob@x.example> schrieb am Mo., 3. Mai 2021, 10:00:",
    '"Bob Lee" <bob@x.example> hat am 03.05.2021 10:00 geschrieben:',
    "Le lun. 3 mai 2021 à 10:00, Bob Lee <bob@x.example> a écrit :",
    "El lun, 3 may 2021 a las 10:00, Bob Lee (<bob@x.example>) escribió:",
    "Il giorno lun 3 mag 2021 alle ore 10:00 Bob Lee <bob@x.example> ha scritto:",
    "Em seg., 3 de mai. de 2021 às 10:00, Bob Lee <bob@x.example> escreveu:",
    "Bob Lee <bob@x.example> escreveu no dia segunda, 3/05/2021 à(s) 10:00:",
    "Op ma 3 mei 2021 om 10:00 schreef Bob Lee <bob@x.example>:",
    "Op 3 mei 2021, om 10:00 heeft Bob Lee <bob@x.example> het volgende geschreven:",
    "pon., 3 maj 2021 o 10:00 Bob Lee <bob@x.example> napisał(a):",
    "Wiadomość napisana przez Bob Lee <bob@x.example> w dniu 3 maj 2021, o godz. 10:00:",
    "пн, 3 мая 2021 г. в 10:00, Bob Lee <bob@x.example>:",
    "3 мая 2021 г., в 10:00, Bob Lee <bob@x.example> написал(а):",
    "пн, 3 трав. 2021 р. о 10:00 Bob Lee <bob@x.example> пише:",
    "На пн, 3.05.2021 г. в 10:00 Bob Lee <bob@x.example> написа:",
    "Den mån 3 maj 2021 kl 10:00 skrev Bob Lee <bob@x.example>:",
    "man. 3. maj 2021 kl. 10.00 skrev Bob Lee <bob@x.example>:",
    "man. 3. mai 2021 kl. 10:00 skrev Bob Lee <bob@x.example>:",
    "ma 3. toukok. 2021 klo 10.00 Bob Lee (bob@x.example) kirjoitti:",
    "po 3. 5. 2021 v 10:00 odesílatel Bob Lee <bob@x.example> napsal:",
    "po 3. 5. 2021 o 10:00 Bob Lee <bob@x.example> napísal(a):",
    "Bob Lee <bob@x.example> ezt írta (időpont: 2021. máj. 3., H, 10:00):",
    "În lun., 3 mai 2021 la 10:00, Bob Lee <bob@x.example> a scris:",
    "Bob Lee <bob@x.example>, 3 May 2021 Pzt, 10:00 tarihinde şunu yazdı:",
    "Στις Δευ, 3 Μαΐ 2021 στις 10:00 π.μ., ο/η Bob Lee <bob@x.example> έγραψε:",
    "\u202bבתאריך יום ב׳, 3 במאי 2021 ב-10:00 מאת \u202aBob Lee\u202c <bob@x.example>:",
    "في الاثنين، 3 مايو 2021 في 10:00 ص تمت كتابة ما يلي بواسطة Bob Lee <bob@x.example>:",
    "در تاریخ دوشنبه ۳ مهٔ ۲۰۲۱ ساعت ۱۰:۰۰ Bob Lee <bob@x.example> نوشت:",
    "सोम, 3 मई 2021 को 10:00 am बजे को Bob Lee <bob@x.example> ने लिखा:",
    "Bob Lee <bob@x.example> 于2021年5月3日周一 10:00写道：",
    "於 2021年5月3日 週一 上午10:00寫道：",
    "2021年5月3日(月) 10:00 Bob Lee <bob@x.example>:",
    "2021/05/03 10:00、Bob Lee <bob@x.example>のメール:",
    "2021년 5월 3일 (월) 오전 10:00, Bob Lee <bob@x.example>님이 작성:",
    "Vào Th 2, 3 thg 5, 2021 vào lúc 10:00 Bob Lee <bob@x.example> đã viết:",
    "Pada tanggal Sen, 3 Mei 2021 pukul 10.00 Bob Lee <bob@x.example> menulis:",
    "ในวันที่ จ. 3 พ.ค. 2021 เวลา 10:00 Bob Lee <bob@x.example> เขียนว่า:",
    "Missatge de Bob Lee <bob@x.example> del dia dl., 3 de maig 2021 a les 10:00:",
    "pon, 3. svi 2021. u 10:00 Bob Lee <bob@x.example> napisao je:",
    "Kontaktas Bob Lee (<bob@x.example>) rašė (2021-05-03, pr, 10:00):",
    "2021-05-03 10:00 GMT+02:00 Bob Lee <bob@x.example>:",
    "---- On Mon, 03 May 2021 10:00:00 +0200 Bob Lee <bob@x.example> wrote ----",
]

BLOCKS = [
    "From: Bob Lee <bob@x.example>|Sent: Monday, May 3, 2021 10:00 AM|To: Ann|Subject: Test",
    "*From:* Bob Lee <bob@x.example>|*Sent:* Monday|*To:* Ann|*Subject:* Test",
    "Von: Bob Lee <bob@x.example>|Gesendet: Montag, 3. Mai 2021 10:00|An: Ann|Betreff: Test",
    "De : Bob Lee <bob@x.example>|Envoyé : lundi 3 mai 2021 10:00|À : Ann|Objet : Test",
    "De: Bob Lee <bob@x.example>|Enviado el: lunes, 3 de mayo de 2021|Para: Ann|Asunto: Test",
    "De: Bob Lee <bob@x.example>|Enviada em: segunda-feira, 3 de maio|Para: Ann|Assunto: Test",
    "Da: Bob Lee <bob@x.example>|Inviato: lunedì 3 maggio 2021 10:00|A: Ann|Oggetto: Test",
    "Van: Bob Lee <bob@x.example>|Verzonden: maandag 3 mei 2021|Aan: Ann|Onderwerp: Test",
    "Od: Bob Lee <bob@x.example>|Wysłano: poniedziałek, 3 maja 2021|Do: Ann|Temat: Test",
    "От: Bob Lee <bob@x.example>|Отправлено: 3 мая 2021 г. 10:00|Кому: Ann|Тема: Test",
    "Від: Bob Lee <bob@x.example>|Надіслано: 3 травня 2021 р.|Кому: Ann|Тема: Test",
    "Från: Bob Lee <bob@x.example>|Skickat: den 3 maj 2021 10:00|Till: Ann|Ämne: Test",
    "Fra: Bob Lee <bob@x.example>|Sendt: 3. maj 2021 10:00|Til: Ann|Emne: Test",
    "Lähettäjä: Bob Lee <bob@x.example>|Lähetetty: 3. toukokuuta|Vastaanottaja: Ann|Aihe: Test",
    "Od: Bob Lee <bob@x.example>|Odesláno: pondělí 3. května 2021|Komu: Ann|Předmět: Test",
    "Feladó: Bob Lee <bob@x.example>|Elküldve: 2021. május 3., hétfő|Címzett: Ann|Tárgy: Test",
    "De la: Bob Lee <bob@x.example>|Trimis: luni, 3 mai 2021 10:00|Către: Ann|Subiect: Test",
    "Kimden: Bob Lee <bob@x.example>|Gönderildi: 3 Mayıs 2021|Kime: Ann|Konu: Test",
    "Από: Bob Lee <bob@x.example>|Στάλθηκε: Δευτέρα, 3 Μαΐου 2021|Προς: Ann|Θέμα: Test",
    "מאת: Bob Lee <bob@x.example>|נשלח: יום שני 3 מאי 2021|אל: Ann|נושא: Test",
    "من: Bob Lee <bob@x.example>|تاريخ الإرسال: 3 مايو 2021|إلى: Ann|الموضوع: Test",
    "发件人: Bob Lee <bob@x.example>|发送时间: 2021年5月3日|收件人: Ann|主题: Test",
    "寄件者： Bob Lee <bob@x.example>|寄件日期： 2021年5月3日|收件者： Ann|主旨： Test",
    "差出人: Bob Lee <bob@x.example>|送信日時: 2021年5月3日|宛先: Ann|件名: Test",
    "보낸 사람: Bob Lee <bob@x.example>|보낸 날짜: 2021년 5월 3일|받는 사람: Ann|제목: Test",
    "Từ: Bob Lee <bob@x.example>|Đã gửi: 3 Tháng Năm 2021|Đến: Ann|Chủ đề: Test",
    "Date: Mon, 3 May 2021 10:00:00 +0000|Subject: Test|From: bob@x.example|To: ann@x.example",
]

SEPARATORS = [
    "-----Original Message-----",
    "*-------- Original Message --------*",
    "-------- Ursprüngliche Nachricht --------",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----Oprindelig meddelelse-----",
    "-----Исходное сообщение-----",
    "------------------ 原始邮件 ------------------",
    "------------------&nbsp;原始邮件&nbsp;------------------",
    "----- Reply message -----",
    "---- Replied Message ----",
    ">>> Bob Lee <bob@x.example> 05/03/2021 10:00 AM >>>",
]

DELIMITERS = [
    "##- Please type your reply above this line -##",
    "--- Reply above this line ---",
    "## Bitte antworten Sie oberhalb dieser Zeile ##",
    "=== Répondez au-dessus de cette ligne ===",
    "Please reply above this line",
]

PHONES = [
    "Sent from my iPhone",
    "Sent from Yahoo Mail on Android",
    "Get Outlook for iOS<https://aka.example/ios>",
    "Von meinem iPhone gesendet",
    "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "Надіслано з iPhone",
    "iPhoneから送信",
    "发自我的 iPhone",
    "나의 iPhone에서 보냄",
    "iPhone'umdan gönderildi",
    "Στάλθηκε από το iPhone μου",
    "Gửi từ iPhone của tôi",
]


@pytest.mark.parametrize("line", ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["", "> "])
def test_an_attribution_and_what_it_introduces_are_quoted(line: str, mark: str) -> None:
    text = f"Thank you!\nIt works.\n\n{line}\n\n{mark}Old words\n{mark}more of them\n"

    split = split_text(text)

    assert split.reply == "Thank you!\nIt works."
    assert split.quoted.startswith(line)
    assert split.quoted.endswith("more of them")


@pytest.mark.parametrize("line", ATTRIBUTIONS)
@pytest.mark.parametrize("mark", ["", "> "])
def test_an_attribution_may_be_wrapped_anywhere(line: str, mark: str) -> None:
    words = line.split(" ")
    wrapped = [
        " ".join(words[:n]) + "\n" + " ".join(words[n:])
        for n in range(1, len(words))
        if len(" ".join(words[:n])) >= 30
    ]

    replies = {split_text(f"Thank you!\n\n{two}\n\n{mark}Old words\n").reply for two in wrapped}

    assert replies <= {"Thank you!"}


@pytest.mark.parametrize(
    "above", ["Friday 3pm works", "We have ordered 3 of them already, thanks!"]
)
def test_words_right_above_an_attribution_are_not_drawn_into_it(above: str) -> None:
    split = split_text(f"{above}\n03.05.2021 10:00, Bob Lee <bob@x.example>:\n> Old words\n")

    assert split.reply == above


def test_an_address_in_an_attribution_may_be_wrapped_before_its_end() -> None:
    text = 'Ja.\n\nAm 21.04.2016 17:48 schrieb "Bob" <bob@long-name.example\n>:\n\n> Alt\n'

    split = split_text(text)

    assert split == Split("Ja.", text[5:].strip(), "")


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("above", ["", "\n", "\n________________________________\n"])
def test_a_block_of_header_fields_is_quoted_with_all_below_it(block: str, above: str) -> None:
    text = f"Hello there\n{above}{block.replace('|', chr(10))}\n\nOld words\n"

    split = split_text(text)

    assert split.reply == "Hello there"
    assert split.quoted.endswith("Old words")


@pytest.mark.parametrize("line", SEPARATORS)
def test_a_separator_of_replies_is_quoted_with_all_below_it(line: str) -> None:
    split = split_text(f"Fine\n\n{line}\n\nOld words\n")

    assert split == Split("Fine", f"{line}\n\nOld words", "")


@pytest.mark.parametrize("line", DELIMITERS)
def test_only_what_is_above_the_line_of_a_ticket_system_is_the_reply(line: str) -> None:
    split = split_text(f"My answer\n\n{line}\n\nTicket 5 was changed\n")

    assert split.reply == "My answer"


def test_words_below_the_line_of_a_ticket_system_are_kept_when_none_are_above() -> None:
    split = split_text("##- Please type your reply above this line -##\n\nI wrote here\n")

    assert split.reply == "I wrote here"


def test_words_below_a_marked_quotation_are_the_reply() -> None:
    split = split_text(
        "On 3/5/2021 10:00, Bob wrote:\n> Is it done?\n> When?\n\nYes.\nOn Monday.\n"
    )

    assert split.reply == "Yes.\nOn Monday."
    assert split.quoted == "On 3/5/2021 10:00, Bob wrote:\n> Is it done?\n> When?"


def test_words_between_marked_quotations_are_the_reply() -> None:
    text = "Hi\n\nBob wrote:\n> Is it red?\nNo.\n> Is it blue?\nYes.\n> Bob\n\nAnn\n"

    split = split_text(text)

    assert split.reply == "Hi\n\nNo.\n\nYes.\n\nAnn"
    assert split.quoted == "Bob wrote:\n> Is it red?\n> Is it blue?\n> Bob"


def test_a_short_reply_that_points_into_the_quotation_is_shown_whole() -> None:
    block = BLOCKS[0].replace("|", "\n")
    text = f"See my answers below in red.\n\n{block}\n\nIs it done?\nYES\n"

    split = split_text(text)

    assert split == Split(text.strip(), "", "")


def test_a_mail_that_is_nothing_but_a_quotation_is_shown_whole() -> None:
    text = "On 3/5/2021 10:00, Bob wrote:\n\nIs it done?\n"

    split = split_text(text)

    assert split == Split(text.strip(), "", "")


def test_a_mail_that_is_nothing_but_a_signature_is_shown_whole() -> None:
    assert split_text("Sent from my iPhone\n").reply == "Sent from my iPhone"


@pytest.mark.parametrize(
    "separator",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "> Begin forwarded message:",
    ],
)
def test_a_forwarded_message_is_content(separator: str) -> None:
    text = f"FYI\n\n{separator}\n> From: Bob <bob@x.example>\n> Subject: Test\n\n> The letter\n"

    split = split_text(text)

    assert split == Split(text.strip(), "", "")


def test_a_forward_within_a_quotation_is_quoted() -> None:
    text = "Thanks\n\nOn 3/5/2021 10:00, Bob wrote:\n> See:\n> Begin forwarded message:\n> old\n"

    assert split_text(text).reply == "Thanks"


@pytest.mark.parametrize(
    "text",
    [
        "Hello,\nAs you wrote:\n'the order is late'\nI disagree.",
        "Please book\nFrom: Berlin\nTo: Paris\nDate: 12.05.2021 10:30\nThanks",
        "My data:\nFrom: bob@x.example\nPhone: 12\nDate: 12.05.2021\nTo: me\nWhat now?",
        "On Monday at 5:30 I met John and he wrote:\nhello\nThat is all.",
        "Hallo,\nam 12.05.2021 um 10:00 schrieb ich Ihnen:\nkeine Antwort\nGruß",
        "On 12/05/2021 at 10:00 your colleague wrote:\nwe will call\nNobody did.",
        "On 12/05/2021 at 10:00 the parcel was sent:\nwith two shirts\nWhere is it?",
        "The log says\n2021-05-03 10:00:00 ERROR bob@x.example:\nstack trace\nWhy?",
        "I was sad >:-( but\n>:-)\nis better",
        "Come now\n>>> https://x.example <<<\nand look",
        "It was\n> 40 degrees\noutside",
        "Read https://x.example/on-date-someone-wrote: it is good",
        "On this day\n\nI wrote something\n\nvery long",
    ],
)
def test_what_only_resembles_a_quotation_stays(text: str) -> None:
    assert split_text(text) == Split(text, "", "")


def test_lines_between_fences_of_code_are_no_quotation() -> None:
    text = "Type\n```\n> make\n> make test\n```\nplease"

    assert split_text(text) == Split(text, "", "")


def test_the_end_of_a_quoted_line_that_was_broken_off_is_quoted() -> None:
    long = "> this line is so long that a mail server on the way has cut it, and the"
    split = split_text(f"Yes\n\nBob wrote:\n{long}\nrest of it\n> stands alone\n")

    assert split.reply == "Yes"
    assert "\nrest of it\n" in split.quoted


def test_an_attribution_may_stand_behind_the_reply_on_one_line() -> None:
    split = split_text("sure --- On Wed, Apr 4, 2012 at 3:59 PM, bob@x.example wrote:\n> Hi\n")

    assert split.reply == "sure"
    assert split.quoted.startswith("--- On Wed")


def test_lines_below_the_signature_delimiter_are_the_signature() -> None:
    split = split_text("Hello\n\n-- \nAnn Lee\nAcme\n\nOn 3/5/2021 10:00, Bob wrote:\n> Hi\n")

    assert split == Split("Hello", "On 3/5/2021 10:00, Bob wrote:\n> Hi", "-- \nAnn Lee\nAcme")


def test_a_signature_may_stand_below_the_quotation() -> None:
    split = split_text("Hello\n\nBob wrote:\n> Hi\n\n--\nAnn\n")

    assert split == Split("Hello", "Bob wrote:\n> Hi", "--\nAnn")


@pytest.mark.parametrize("line", PHONES)
def test_the_line_that_a_phone_adds_is_the_signature(line: str) -> None:
    split = split_text(f"Hello there\n\n{line}\n\nOn 3/5/2021 10:00, Bob wrote:\n> Hi\n")

    assert split.reply == "Hello there"
    assert split.signature == line


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my desk, is much easier than my phone.",
        "Enviado el paquete por mail",
        "Get the mail",
        "I sent it from my iPhone app to all users.",
    ],
)
def test_a_sentence_is_no_signature(line: str) -> None:
    assert split_text(f"Hello\n\n{line}").signature == ""


def test_paragraphs_below_dashes_are_no_signature() -> None:
    text = "One\n--\n" + "a long paragraph of the writer " * 5 + "ends\n\nand is that all?"

    assert split_text(text).reply == text


def test_the_footer_of_a_mailing_list_is_not_in_the_reply() -> None:
    footer = "_______________\nusers mailing list\nusers@lists.example"

    split = split_text(f"Hello\n\nBob\n\n{footer}\n")

    assert split == Split("Hello\n\nBob", "", footer)


def test_a_text_without_any_of_it_stays_as_it_is() -> None:
    text = "Formatting\n\n    - one\n\n    - two\n\n\nshould stay"

    assert split_text(f"\n{text}\n\n") == Split(text, "", "")


def test_line_ends_become_lf() -> None:
    assert split_text("One\r\ntwo\rthree").reply == "One\ntwo\nthree"
