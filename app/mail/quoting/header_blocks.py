"""
Header blocks and separators: what Outlook and its like put between a reply and the mail it
answers ("From: … Sent: … To: … Subject: …", "-----Original Message-----"), the separators of
forwards, and the "reply above this line" of ticket systems, in the languages of the clients.

Deliberately not here: reading what a block says; who wrote an original is found by `forwards`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FIELDS = {
    "from": "from von de van da od от від från fra avsändare avsender lähettäjä afzender "
    "mittente remitente expéditeur expediteur absender feladó kimden gönderen από מאת من "
    "发件人 寄件者 寄件人 差出人 送信者 보낸사람 보내는사람 발신 từ người_gửi dari dal saatja nuo no "
    "siuntėjas odesílatel odesilatel nadawca frá šalje pošiljatelj отправитель expeditor "
    "de_la desde de_part_de จาก از nga fyrir 보낸_사람 보낸이 發件人 nom_d'expéditeur feladó:",
    "date": "date sent datum gesendet envoyé envoye enviado enviada enviado_el enviado_em "
    "fecha data inviato verzonden wysłano data_wysłania отправлено дата надіслано skickat sendt "
    "dato lähetetty päivämäärä päiväys odesláno odoslané dátum elküldve küldve tarih "
    "gönderildi gönderme_tarihi στάλθηκε αποστολή ημερομηνία נשלח תאריך تاريخ_الإرسال التاريخ أرسلت تم_الإرسال "
    "发送时间 发送日期 日期 傳送時間 寄件日期 送信日時 日時 日付 送信 보낸날짜 날짜 보낸_날짜 đã_gửi ngày "
    "dikirim tanggal trimis data_trimiterii poslano изпратено saadetud kuupäev išsiųsta "
    "nosūtīts sendt_den sent_on gesendet_am ส่ง วันที่ envoyé_le le_date dňa dne 發送時間 "
    "tid sent_at data_de_envio fecha_de_envío kiedy poslané",
    "to": "to per_a adressaat an à a para aan til till до кому do komu vastaanottaja címzett kime alıcı προς "
    "אל إلى 收件人 收件者 宛先 받는사람 받는_사람 수신 đến tới người_nhận kepada către za prima до_кого "
    "saaja kam kam: do_kogo destinataire destinatario destinatário ถึง empfänger per pour",
    "cc": "cc kopie kopia copie copia cópia kopi ccn bcc kopija másolat bilgi κοιν עותק نسخة "
    "抄送 副本 参照 참조 копия копія kopio c.c. répondre_à reply-to antwort_an responder_a "
    "responder_para rispondi_a beantwoorden svar_til svara_till importance priority wichtigkeit "
    "priorität importancia importance_haute attachments anlagen pièces_jointes prioritet "
    "thema_cc bijlagen adjuntos allegati wichtig organization organisation",
    "subject": "subject betreff objet asunto assunto oggetto onderwerp temat тема ämne emne "
    "aihe předmět predmet tárgy konu θέμα נושא الموضوع 主题 主題 主旨 件名 题名 제목 chủ_đề "
    "tiêu_đề perihal subjek subiect относно teema tema naslov zadeva efni เรื่อง sujet assumpte "
    "prefix_subject wg tēma",
}
_KINDS = {name.replace("_", " "): kind for kind, names in _FIELDS.items() for name in names.split()}
_LONGEST_NAME = 24
_MOST_LINES = 14  # of a block, wrapped recipients included

_ORIGINALS = (
    "original message|original appointment|original|reply message|ursprüngliche nachricht|"
    "originalnachricht|original-nachricht|urspruengliche nachricht|ursprünglicher termin|"
    "antwortnachricht|message d.origine|message original|mail original|message initial|"
    "mensaje original|mensaje de respuesta|mensagem original|messaggio originale|"
    "oorspronkelijk bericht|origineel bericht|oprindelig meddelelse|oprindelig besked|"
    "opprinnelig melding|original meddelelse|ursprungligt meddelande|originalmeddelande|"
    "alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|"
    "původní zpráva|originální zpráva|pôvodná správa|eredeti üzenet|mesaj original|"
    "mesajul original|orijinal mesaj|orjinal mesaj|özgün ileti|αρχικό μήνυμα|"
    "исходное сообщение|исходное письмо|оригинальное сообщение|первоначальное сообщение|"
    "вихідне повідомлення|оригінальне повідомлення|оригинално съобщение|izvorna poruka|"
    "originalna poruka|izvirno sporočilo|originaal|algne kiri|originalus laiškas|"
    "sākotnējais ziņojums|הודעה מקורית|ההודעה המקורית|رسالة أصلية|الرسالة الأصلية|"
    "原始邮件|原始郵件|原始訊息|原邮件|원본 메일|원본 메시지|元のメッセージ|オリジナルメッセージ|"
    "thư gốc|tin nhắn gốc|pesan asli|mesej asal|ข้อความต้นฉบับ|missatge original|"
    "jatorrizko mezua|mensaxe orixinal"
)
_ORIGINAL = re.compile(
    rf"[*_>\s]{{0,4}}[-_=‐–—]{{1,30}}\s?(?:{_ORIGINALS})\s?[-_=‐–—]{{2,30}}", re.I
)
_FORWARDS = (
    "forwarded message|forwarded by|begin forwarded message|start of forwarded message|"
    "weitergeleitete nachricht|anfang der weitergeleiteten|message transféré|"
    "message transmis|début du message|mensaje reenviado|inicio del mensaje|"
    "mensagem encaminhada|mensagem reencaminhada|início da mensagem|messaggio inoltrato|"
    "inizio messaggio|doorgestuurd bericht|begin doorgestuurd|videresendt|videresendte|"
    "videresendt melding|vidarebefordrat|vidarebefordrade|välitetty viesti|"
    "edelleenlähetetty|przekazana wiadomość|wiadomość przekazana|przesłana wiadomość|"
    "początek przekazywanej|přeposlaná zpráva|preposlaná správa|továbbított|mesaj redirecționat|"
    "iletilen mesaj|yönlendirilen|προωθημένο|пересылаемое сообщение|пересланное сообщение|"
    "переслане повідомлення|начало переадресованного|proslijeđena|prosleđena|posredovano|"
    "препратено|הודעה שהועברה|رسالة محولة|رسالة معاد توجيهها|转发的邮件|轉寄郵件|轉寄的郵件|"
    "転送メッセージ|전달된 메일|전달된 메시지|chuyển tiếp|pesan terusan|diteruskan|missatge reenviat|"
    "開始転送|edastatud kiri|persiųsta|pārsūtīts|áframsent"
)
_FORWARD = re.compile(rf"[-_=*>\s]{{0,40}}(?:{_FORWARDS})", re.I)
_ABOVE = (
    "above this line", "over this line", "oberhalb dieser zeile", "über dieser zeile",
    "oberhalb dieser linie", "über dieser linie", "au-dessus de cette ligne",
    "au dessus de cette ligne", "encima de esta línea", "arriba de esta línea",
    "sobre esta línea", "acima desta linha", "acima dessa linha", "sopra questa riga",
    "sopra questa linea", "boven deze lijn", "boven deze regel", "powyżej tej linii",
    "выше этой строки", "выше этой линии", "вище цього рядка", "ovanför denna rad",
    "ovanför den här raden", "over denne linje", "over denne linjen", "tämän rivin yläpuolelle",
    "nad tento řádek", "nad tuto čáru", "bu satırın üst", "この行より上", "この行の上",
    "この線より上", "此行上方", "此行以上", "此线上方", "이 줄 위", "이 선 위", "sor fölé",
    "deasupra acestei linii",
)  # fmt: skip
_ASKING = ("Please ", "please ", "Reply ", "reply ", "Write ", "write ", "Respond ")
_ZONE = re.compile(r"\d:\d\d.{0,12}[+-]\d{4}\b")
_RULE = re.compile(r"[-_=~*–—\s]{3,}")


def block_end(lines: Sequence[str], at: int) -> int | None:
    """
    The index after the block of header fields that begins at `lines[at]`, or None.

    A block names a sender and two more fields, among them a subject or an address: "From:
    Berlin / To: Paris / Date: …" in a booking is none.
    """
    first = _kind(lines[at])
    if first is None or first == "cc":
        return None
    seen, end, gap, addressed, mixed = {first}, at + 1, 0, "@" in lines[at], False
    for n in range(at + 1, min(at + _MOST_LINES, len(lines))):
        line = lines[n]
        kind = _kind(line) if line else None
        if kind is None:
            gap += 1
            mixed = mixed or ": " in line
            if gap > 2 or line.startswith(">"):
                break
            continue
        seen.add(kind)
        addressed = addressed or "@" in line
        end, gap = n + 1, 0
    if mixed and "subject" not in seen:
        return None
    if "from" not in seen:  # Hotmail once left the sender away
        dated = "date" in seen and any(_ZONE.search(line) for line in lines[at:end])
        return end if dated and addressed and "to" in seen else None
    full = len(seen - {"cc"}) >= 3 and ("subject" in seen or addressed)
    short = addressed and "date" in seen and any(c.isdigit() for c in lines[end - 1])
    return end if full or short else None


def may_begin(line: str) -> bool:
    """Whether a stripped line has the colon of a header field; cheap, asked for each line."""
    return line.find(":", 0, _LONGEST_NAME + 4) > 0 or line.find("：", 0, 12) > 0


def is_original_separator(line: str) -> bool:
    """ "-----Original Message-----" and its translations, with whatever stands behind."""
    return len(line) < 400 and _ORIGINAL.match(line) is not None


def is_forward_separator(line: str) -> bool:
    """ "---------- Forwarded message ---------", "Begin forwarded message:" and translations."""
    if len(line) > 120 or not (line[0] in "-_=*" or line[-1] in ":："):
        return False
    return _FORWARD.match(line) is not None


def is_delimiter(line: str) -> bool:
    """ "##- Please type your reply above this line -##" and its translations, alone on a line."""
    if line[0].isalnum() and not line.startswith(_ASKING):
        return False
    if len(line) > 160 or len(line) < 10:
        return False
    lower = line.casefold()
    return any(phrase in lower for phrase in _ABOVE)


def is_rule(line: str) -> bool:
    """A line of dashes, underscores and the like, as stands above a block."""
    return len(line) > 2 and len(line) < 200 and _RULE.fullmatch(line) is not None


def _kind(line: str) -> str | None:
    """Which header field a line is ("from", "date", "to", "cc", "subject"), or None."""
    bare = line.lstrip("*_ \u200e\u200f")
    colon = bare.find(":", 0, _LONGEST_NAME + 4)
    if colon < 0:
        colon = bare.find("：", 0, 12)
    if colon <= 0:
        return None
    return _KINDS.get(bare[:colon].replace("\xa0", " ").strip("*_ \u200e\u200f").casefold())
