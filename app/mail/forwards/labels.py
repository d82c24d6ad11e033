"""
The words with which mail programs label the header fields of a forwarded mail, by language.

Deliberately not here: lines that announce a forward (`separators`), subject prefixes
(`subjects`).
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

FIELDS = ("from", "to", "cc", "date", "subject", "reply_to")

# language -> words for From, To, Cc, Date, Subject, Reply-To, in this order, each `|`-separated.
# Sources are the programs' own translations: Gmail, Outlook, Apple Mail, Thunderbird, Yahoo,
# HubSpot, GMX, Mail.ru, QQ, NetEase and others call the same field by different words.
LABELS: dict[str, tuple[str, str, str, str, str, str]] = {
    "en": (
        "From",
        "To",
        "Cc|Copy|Copied|Copies to",
        "Date|Sent|Sent on|Date Sent|Sent at|Date sent",
        "Subject",
        "Reply-To|Reply To",
    ),
    "de": (
        "Von|Absender|Gesendet von",
        "An|Empfänger",
        "Cc|Kopie|Kopie (CC)|Kopie an",
        "Datum|Gesendet|Gesendet am|Gesendet um|Verschickt",
        "Betreff|Thema",
        "Antwort an|Antworten an|Antwort-An",
    ),
    "fr": (
        "De|Expéditeur|De la part de|Émetteur",
        "À|A|Pour|Destinataire|Destinataires",
        "Cc|Copie|Copie à|Copie pour",
        "Date|Envoyé|Envoyé le|Date d'envoi|Envoyé à",
        "Objet|Sujet",
        "Répondre à|Réponse à",
    ),
    "es": (
        "De|Remitente|Desde",
        "Para|A|Destinatario|Destinatarios",
        "Cc|Copia|Con copia|Con copia a",
        "Fecha|Enviado|Enviado el|Enviado a las|Fecha de envío",
        "Asunto|Tema",
        "Responder a|Respuesta a",
    ),
    "it": (
        "Da|Mittente",
        "A|Destinatario|Destinatari|Per",
        "Cc|Copia|Copia conoscenza|In copia",
        "Data|Inviato|Inviata|Data invio|Inviato il",
        "Oggetto|Ogg",
        "Rispondi a|Rispondi-A",
    ),
    "pt": (
        "De|Remetente",
        "Para|A|Destinatário|Destinatários",
        "Cc|Cópia|Com cópia|C/C",
        "Data|Enviado|Enviada|Enviado em|Enviada em|Enviado a|Data de envio",
        "Assunto",
        "Responder a|Responder para|Responder A",
    ),
    "nl": (
        "Van|Afzender",
        "Aan|Naar|Ontvanger",
        "Cc|Kopie|Kopie aan",
        "Datum|Verzonden|Verstuurd|Verzonden op|Verzenddatum",
        "Onderwerp|Betreft",
        "Antwoord aan|Antwoord naar|Beantwoorden aan",
    ),
    "da": (
        "Fra|Afsender",
        "Til|Modtager",
        "Cc|Kopi|Kopi til",
        "Dato|Sendt|Afsendt|Sendt den",
        "Emne",
        "Svar til|Besvar til",
    ),
    "no": (
        "Fra|Avsender|Frå",
        "Til|Mottaker|Mottakar",
        "Cc|Kopi|Kopi til",
        "Dato|Sendt|Sendt den",
        "Emne|Tittel",
        "Svar til",
    ),
    "sv": (
        "Från|Avsändare",
        "Till|Til|Mottagare",
        "Cc|Kopia|Kopia till",
        "Datum|Skickat|Skickades|Skickad|Sänt",
        "Ämne|Ärende",
        "Svara till|Svar till|Svar-Till",
    ),
    "fi": (
        "Lähettäjä|Lähetti|Keneltä",
        "Vastaanottaja|Vastaanottajat|Kenelle",
        "Cc|Kopio",
        "Päivämäärä|Päiväys|Lähetetty|Pvm",
        "Aihe|Otsikko",
        "Vastaus|Vastausosoite|Vastaa",
    ),
    "is": (
        "Frá|Sendandi",
        "Til|Viðtakandi",
        "Afrit|Cc",
        "Dagsetning|Sent|Dags",
        "Efni",
        "Svara til",
    ),
    "cs": (
        "Od|Odesílatel|Odesilatel",
        "Komu|Pro|Příjemce|Adresát",
        "Kopie|Cc",
        "Datum|Odesláno|Odesláno dne",
        "Předmět|Věc",
        "Odpověď na|Odpovědět|Odpovědět na|Komu odpovědět",
    ),
    "sk": (
        "Od|Odosielateľ",
        "Komu|Pre|Príjemca|Adresát",
        "Kópia|Kópie|Cc",
        "Dátum|Odoslané|Poslané|Dátum odoslania",
        "Predmet|Vec",
        "Odpovedať-Pre|Odpovedať|Odpovedať na|Odpoveď pre",
    ),
    "pl": (
        "Od|Nadawca",
        "Do|Adresat|Odbiorca|Adresaci",
        "Dw|DW|Kopia|Do wiadomości|Cc",
        "Data|Wysłano|Wysłane|Data wysłania|Wysłany",
        "Temat",
        "Odpowiedź-do|Odpowiedz do|Odpowiedź do|Adres zwrotny",
    ),
    "hu": (
        "Feladó|Küldő|Kitől",
        "Címzett|Címzettek|Kinek",
        "Másolat|Másolatot kap|Cc",
        "Dátum|Elküldve|Küldve|Küldés dátuma|Küldte",
        "Tárgy",
        "Válaszcím|Válasz",
    ),
    "ro": (
        "De la|De|Expeditor|Expeditorul|Din partea",
        "Către|Catre|Destinatar|Destinatarul|Pentru|La",
        "Cc|Copie|Copie carbon",
        "Dată|Data|Trimis|Trimis la|Trimis în|Data trimiterii",
        "Subiect|Subiectul",
        "Răspuns către|Răspunde la|Răspunde către",
    ),
    "hr": (
        "Šalje|Od|Pošiljatelj|Šalje se",
        "Prima|Za|Primatelj|Kome",
        "Kopija|Cc|Kopija za",
        "Datum|Poslano|Poslano dana|Šalje dana",
        "Naslov|Predmet|Tema",
        "Odgovori na|Odgovor na",
    ),
    "sr": (
        "Od|Šalje|Pošiljalac|Од|Шаље|Пошиљалац",
        "Za|Prima|Kome|Primalac|За|Прима|Коме|Прималац",
        "Kopija|Cc|Копија|Копија за",
        "Datum|Poslato|Датум|Послато",
        "Naslov|Tema|Predmet|Наслов|Тема|Предмет",
        "Odgovor na|Одговор на|Одговори на",
    ),
    "sl": (
        "Od|Pošiljatelj",
        "Za|Prejemnik|Komu",
        "Kp|Kopija|Cc",
        "Datum|Poslano|Zadeva poslana",
        "Zadeva|Predmet",
        "Odgovori na|Odgovor na",
    ),
    "bg": (
        "От|Подател|Изпращач",
        "До|Получател|За",
        "Копие|Cc|Копие до|Як",
        "Дата|Изпратено|Изпратен|Изпратено на",
        "Относно|Тема",
        "Отговор до|Отговор на",
    ),
    "mk": (
        "Од|Испраќач",
        "До|За|Примач",
        "Копија|Копија до",
        "Датум|Испратено",
        "Предмет|Тема|Наслов",
        "Одговори на|Одговори до",
    ),
    "ru": (
        "От|От кого|Отправитель|Кто",
        "Кому|Получатель",
        "Копия|Cc|Копии",
        "Дата|Отправлено|Отправлен|Дата отправки|Послано",
        "Тема|Предмет",
        "Ответ-Кому|Ответить|Ответ|Кому ответить|Обратный адрес",
    ),
    "uk": (
        "Від|Від кого|Відправник",
        "Кому|До|Одержувач|Отримувач",
        "Копія|Копії|Cc",
        "Дата|Відправлено|Надіслано|Дата надсилання",
        "Тема|Предмет",
        "Кому відповісти|Відповідь|Відповідати",
    ),
    "be": (
        "Ад|Ад каго|Адпраўнік",
        "Каму|Да",
        "Копія",
        "Дата|Адпраўлена|Даслана",
        "Тэма",
        "Адказаць|Адказ",
    ),
    "el": (
        "Από|Αποστολέας",
        "Προς|Για|Παραλήπτης",
        "Κοιν|Κοιν.|Κοινοποίηση|Αντίγραφο|Cc",
        "Ημερομηνία|Στάλθηκε|Εστάλη|Ημ/νία|Απεστάλη|Αποστολή",
        "Θέμα",
        "Απάντηση σε|Απάντηση προς",
    ),
    "tr": (
        "Kimden|Gönderen|Gönderici",
        "Kime|Alıcı|Alıcılar|Kime gönderildi",
        "Bilgi|Cc|Kopya|Karbon kopya",
        "Tarih|Gönderilen|Gönderildi|Gönderme Tarihi|Gönderim Tarihi|Gönderilme Tarihi|"
        "Gönderme zamanı|Gönderim Zamanı",
        "Konu",
        "Yanıt Adresi|Yanıtla|Yanıt adresi|Cevap adresi",
    ),
    "et": (
        "Saatja|Kellelt",
        "Adressaat|Saaja|Kellele|Vastuvõtja",
        "Koopia|Cc",
        "Kuupäev|Saadetud|Saatmisaeg",
        "Teema",
        "Vasta|Vastus aadressile|Vastamise aadress",
    ),
    "lv": (
        "No|Sūtītājs|Nosūtītājs",
        "Kam|Saņēmējs|Adresāts|Uz",
        "Kopija|Cc",
        "Datums|Nosūtīts|Sūtīts|Nosūtīja",
        "Temats|Tēma|Temata",
        "Atbildēt|Atbildēt uz",
    ),
    "lt": (
        "Nuo|Siuntėjas",
        "Kam|Gavėjas|Iki|Adresatas",
        "Kopija|Cc",
        "Data|Išsiųsta|Siųsta|Išsiuntimo data",
        "Tema",
        "Atsakyti|Atsakymas",
    ),
    "ca": (
        "De|Remitent",
        "A|Per a|Per|Destinatari",
        "Cc|Còpia|A/c",
        "Data|Enviat|Enviat el|Enviada|Data d'enviament",
        "Assumpte|Tema",
        "Respon a|Respondre a",
    ),
    "gl": ("De|Remitente", "Para|A", "Cc|Copia", "Data|Enviado", "Asunto", "Responder a"),
    "eu": (
        "Nork|Bidaltzailea|Nondik",
        "Nori|Hartzailea|Nora",
        "Cc|Kopia",
        "Data|Bidalia|Noiz",
        "Gaia",
        "Erantzun honi|Erantzun",
    ),
    "ar": (
        "من|المرسل|مِن",
        "إلى|الى|المستلم|المرسل إليه|المرسل اليه",
        "نسخة|نسخة إلى|نسخة كربونية|نسخه",
        "التاريخ|تاريخ|تم الإرسال|أرسلت|تاريخ الإرسال|أُرسلت|مُرسلة|مرسلة|تمّ الإرسال",
        "الموضوع|موضوع",
        "الرد على|الرد إلى|رد إلى",
    ),
    "he": (
        "מאת|מ|שולח",
        "אל|ל|נמען|לכבוד",
        "עותק|העתק|עותק ל|Cc",
        "תאריך|נשלח|נשלח בתאריך|נשלחה|נשלח ב",
        "נושא|הנדון",
        "השב אל|השב ל|מענה אל",
    ),
    "fa": (
        "از|فرستنده",
        "به|گیرنده|برای",
        "رونوشت|کپی",
        "تاریخ|فرستاده شده|ارسال شده|ارسال",
        "موضوع",
        "پاسخ به",
    ),
    "hi": (
        "प्रेषक|से|द्वारा",
        "प्रति|प्राप्तकर्ता|को",
        "प्रतिलिपि|कॉपी",
        "दिनांक|तारीख|भेजा गया|प्रेषित|तिथि",
        "विषय",
        "उत्तर दें",
    ),
    "th": (
        "จาก|ผู้ส่ง",
        "ถึง|ผู้รับ",
        "สำเนาถึง|สำเนา",
        "วันที่|ส่ง|ส่งเมื่อ|เมื่อ",
        "เรื่อง|หัวเรื่อง|หัวข้อ",
        "ตอบกลับถึง|ตอบกลับ",
    ),
    "vi": (
        "Từ|Người gửi|Gửi từ",
        "Đến|Tới|Người nhận|Cho|Gửi đến|Gửi tới",
        "Cc|Đồng gửi|Đồng kính gửi|Sao gửi|Bản sao",
        "Ngày|Đã gửi|Gửi|Ngày gửi|Đã gửi lúc|Vào lúc|Thời gian|Gửi lúc",
        "Chủ đề|Tiêu đề|Chủ đề thư",
        "Trả lời|Trả lời đến|Trả lời tới",
    ),
    "id": (
        "Dari|Pengirim",
        "Kepada|Ke|Untuk|Penerima",
        "Cc|Tembusan|Salinan",
        "Tanggal|Dikirim|Terkirim|Tgl",
        "Subjek|Perihal|Judul|Hal",
        "Balas ke|Balas Ke|Balas kepada",
    ),
    "ms": (
        "Daripada|Dari|Pengirim",
        "Kepada|Ke|Penerima",
        "Sk|Salinan|Cc",
        "Tarikh|Dihantar",
        "Subjek|Perkara|Tajuk",
        "Balas Kepada|Balas ke",
    ),
    "ja": (
        "差出人|送信者|送信元|発信者",
        "宛先|送信先|受信者|宛て先|あて先",
        "CC|Cc|写し|カーボンコピー|同報",
        "日付|送信日時|日時|送信日|送信済み|送信日付|受信日時",
        "件名|題名|タイトル",
        "返信先",
    ),
    "zh": (
        "发件人|發件人|寄件者|寄件人|发信人|寄信人|发送者|發信人|发送人|寄件人名稱|自",
        "收件人|收件者|收信人|至|发送至|接收人",
        "抄送|副本|抄送人|副本抄送|抄送至|抄 送",
        "日期|发送时间|發送時間|发送日期|傳送時間|寄件日期|时间|時間|傳送日期|日 期|"
        "寄件時間|发件时间|發件時間|發送日期|发件日期|傳送於|已傳送|发送|寄送日期|已发送|傳送",
        "主题|主旨|標題|标题|主題|主 题|主 旨",
        "回复至|回覆至|回复|答复|回覆給|回覆|答覆|回复地址|回复给",
    ),
    "ko": (
        "보낸사람|보낸 사람|발신자|보낸이|보낸 이|발신|보내는사람|보내는 사람",
        "받는사람|받는 사람|수신자|받는이|받는 이|수신|받은 사람",
        "참조|Cc|참조인|참조자",
        "날짜|보낸날짜|보낸 날짜|보낸시간|일시|발송일|전송일시|보낸 시간|보낸일시|보낸일자|작성일",
        "제목|주제",
        "회신|답장|회신 대상|답장받는 주소|회신 받을 사람",
    ),
}

# Fields that may stand among the others and are read over; `message_id` and `bcc` are kept.
_EVERYWHERE = {
    "message_id": "Message-ID|Message-Id",
    "bcc": "Bcc|Blind copy|Cci|Cco|Ccn|Bilde|Skjult kopi|Skrytá kopie|Udw|Blindkopie|Hemlig kopia|"
    "Gizli|Скрытая копия|Прихована копія|密送|密件副本",
    "other": "Attachments|Attachment|Importance|Priority|Sender|Organization|Newsgroups|"
    "Resent-From|"
    "Resent-To|Sensitivity|Cc/Bcc|Anlagen|Anhänge|Wichtigkeit|Priorität|Pièces jointes|Importance|"
    "Priorité|Datos adjuntos|Adjuntos|Importancia|Prioridad|Allegati|Allegato|Priorità|Anexos|"
    "Prioridade|Bijlagen|Urgentie|Vedhæftede filer|Prioritet|Vedlegg|Bifogade filer|Bilagor|"
    "Liitteet|Tärkeys|Přílohy|Důležitost|Prílohy|Dôležitosť|Załączniki|Ważność|Priorytet|"
    "Mellékletek|Fontosság|Ataşamente|Privici|Prilozi|Вложения|Важность|Вкладення|Ekler|Önem|"
    "Συνημμένα|Прикачени файлове|"
    "添付ファイル|重要度|附件|重要性|첨부|첨부파일|중요도|קבצים מצורפים|"
    "المرفقات|Tệp đính kèm|Categories|Kategorien|Sent by|Gesendet durch|Mailed-By|Mailed by|"
    "Signed by|"
    "Security|Return-Path|Delivered-To|Received|Mime-Version|Content-Type|User-Agent|X-Mailer|"
    "In-Reply-To|References|List-Id|Content-Transfer-Encoding|Delivery-Date|Envelope-To",
}


class Label(NamedTuple):
    """What a word before a colon means, and in which languages."""

    field: str
    languages: frozenset[str]


def fold(word: str) -> str:
    """A word without case, accents, stars and doubled spaces, so that labels compare equal."""
    if word.isascii():
        return " ".join(word.strip(" \t*_").casefold().split())
    flat = unicodedata.normalize("NFKD", word.casefold()).replace("ı", "i")
    flat = "".join(c for c in flat if unicodedata.category(c) not in ("Mn", "Cf"))
    return " ".join(flat.strip(" \t*_").split())


def words_of(language: str, field: str) -> tuple[str, ...]:
    """The labels of one field in one language, as the programs write them."""
    return tuple(LABELS[language][FIELDS.index(field)].split("|"))


def _table() -> dict[str, Label]:
    languages_of: dict[tuple[str, str], set[str]] = {}
    for language in LABELS:
        for field in FIELDS:
            for word in words_of(language, field):
                languages_of.setdefault((fold(word), field), set()).add(language)
    for field, words in _EVERYWHERE.items():
        for word in words.split("|"):
            languages_of.setdefault((fold(word), field), set()).update(LABELS)
    return {
        word: Label(field, frozenset(languages))
        for (word, field), languages in languages_of.items()
    }


TABLE = _table()
LONGEST = max(map(len, TABLE)) + 6


class Header(NamedTuple):
    """A line `label: value` whose label is known."""

    field: str
    value: str
    languages: frozenset[str]


def header_of(line: str) -> Header | None:
    """The known header field that a line states, if any; also `*From:* x` and full-width colons."""
    head = line[:LONGEST]
    colon = head.find(":")
    if not head.isascii():
        wide = head.find("：")
        if wide >= 0 and (colon < 0 or wide < colon):
            colon = wide
    if colon <= 0:
        return None
    label = head[:colon]
    known = TABLE.get(fold(label))
    if known is None:
        if not label.startswith("X-") or " " in label:
            return None
        known = TABLE["x-mailer"]
    value = line[colon + 1 :].strip()
    if label.lstrip().startswith("*"):
        value = _without_stars(value)
    return Header(known.field, value, known.languages)


def _without_stars(value: str) -> str:
    """`*From:* Ann` and `*From: *Ann` come from bold labels, `*Subject: **Help*` from both bold."""
    value = value.removeprefix("*").strip()
    bold = len(value) > 2 and value[0] == value[-1] == "*" and value.count("*") == 2
    return value[1:-1].strip() if bold else value
