"""
The lines by which mail programs announce a forwarded or quoted mail, in every language known.

Deliberately not here: sentences that end with "wrote:" (`sentences`), header blocks (`blocks`) and
what follows from all of them (`search`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from app.mail.forwards.labels import fold

# language -> texts between dashes (`|`-separated) that only a forward has.
_FORWARD: dict[str, str] = {
    "en": "Forwarded message|Forward message|Forwarded mail|Forwarded email|Start of forwarded "
    "message|"
    "Forwarded by",
    "de": "Weitergeleitete Nachricht|Weitergeleitete E-Mail|Weitergeleitete Mail|"
    "Beginn der weitergeleiteten Nachricht",
    "fr": "Message transféré|Message transmis|Message réexpédié|Courriel transféré|Réacheminé par",
    "es": "Mensaje reenviado|Mensaje transferido",
    "it": "Messaggio inoltrato|Messaggio Inoltrato",
    "pt": "Mensagem reencaminhada|Mensagem encaminhada",
    "nl": "Doorgestuurd bericht|Doorgestuurde e-mail|Doorgezonden bericht",
    "da": "Videresendt meddelelse|Videresendt besked|Videresendt mail",
    "no": "Videresendt melding|Vidaresend melding|Videresendt e-post",
    "sv": "Vidarebefordrat meddelande|Vidarebefordrat brev|Vidarebefordrat mejl",
    "fi": "Välitetty viesti / Fwd.Msg|Välitetty viesti|Edelleenlähetetty viesti|Edelleen "
    "lähetetty viesti",
    "is": "Áframsent skeyti|Framsent skeyti|Áframsend skilaboð",
    "cs": "Přeposlaná zpráva|Předaná zpráva",
    "sk": "Preposlaná správa|Preposlaná správa --- Forwarded Message",
    "pl": "Przekazana wiadomość|Treść przekazanej wiadomości|Wiadomość przesłana dalej|"
    "Wiadomość przekazana|Przesłana wiadomość|Forwardowana wiadomość|Przekierowana wiadomość",
    "hu": "Továbbított üzenet|Továbbított levél",
    "ro": "Mesaj redirecționat|Mesaj redirectionat|Mesaj transmis|Mesaj retransmis|Mesaj înaintat",
    "hr": "Proslijeđena poruka",
    "sr": "Prosleđena poruka|Прослеђена порука",
    "sl": "Posredovano sporočilo|Posredovana pošta",
    "bg": "Препратено съобщение|Пренасочено съобщение|Препратено писмо",
    "mk": "Препратена порака",
    "ru": "Пересылаемое сообщение|Перенаправленное сообщение|Пересланное сообщение|"
    "Перенаправляемое сообщение|Переадресованное сообщение|Пересылаемое письмо",
    "uk": "Перенаправлене повідомлення|Переслане повідомлення|Пересилане повідомлення|"
    "Переспрямоване повідомлення|Пересланий лист",
    "be": "Перасланае паведамленне|Перасланы ліст",
    "el": "Προωθημένο μήνυμα|Προωθούμενο μήνυμα|Μήνυμα που προωθήθηκε",
    "tr": "İletilmiş Mesaj|İletilen İleti|İletilen Mesaj|Yönlendirilmiş ileti|İletilmiş ileti|"
    "Yönlendirilen ileti|İletilen e-posta",
    "et": "Edastatud kiri|Edasisaadetud kiri|Edastatud sõnum",
    "lv": "Pārsūtītā vēstule|Pārsūtīts ziņojums|Pārsūtītais ziņojums|Pāradresēta vēstule",
    "lt": "Persiųstas laiškas|Persiųsta žinutė|Persiunčiamas laiškas|Persiųstas pranešimas",
    "ca": "Missatge reenviat",
    "gl": "Mensaxe reenviada",
    "eu": "Birbidalitako mezua|Birbidalitako mezua hemen hasten da",
    "ar": "الرسالة المعاد توجيهها|رسالة معاد توجيهها|رسالة مُعاد توجيهها|رسالة محولة|الرسالة "
    "المحولة|"
    "رسالة معادة التوجيه|رسالة تم إعادة توجيهها",
    "he": "הודעה שהועברה|הודעה מועברת|ההודעה שהועברה|הודעת העברה",
    "fa": "پیام هدایت شده|پیام ارسال شده|پیام فوروارد شده|پیام بازارسال شده",
    "hi": "अग्रेषित संदेश|अग्रेषित मैसेज|फ़ॉरवर्ड किया गया मैसेज|अग्रेषित सन्देश",
    "th": "ข้อความที่ส่งต่อ|ข้อความส่งต่อ",
    "vi": "Thư được chuyển tiếp|Thư chuyển tiếp|Thư đã chuyển tiếp|Tin nhắn được chuyển tiếp|"
    "Tin đã chuyển tiếp|Tin nhắn chuyển tiếp|Thông điệp chuyển tiếp",
    "id": "Pesan terusan|Pesan yang diteruskan|Pesan diteruskan|Pesan yang Diteruskan|Surat "
    "terusan",
    "ms": "Mesej dimajukan|Mesej yang dimajukan|Mesej yang dikirim semula",
    "ja": "メッセージを転送|転送メッセージ|転送されたメッセージ|転送メール|Forwarded message",
    "zh": "转发的邮件|转发邮件信息|轉寄郵件|转发邮件|轉寄的郵件|已转发邮件|轉寄訊息|已轉寄的郵件|"
    "转发的消息|轉寄信件|轉寄的訊息|轉寄原始訊息",
    "ko": "전달된 메시지|전달된 메일|전달된 메세지|전달 메일|전달 메시지",
}

# The same without dashes, as Apple Mail, MailMate and their like write it.
_BEGIN: dict[str, str] = {
    "en": "Begin forwarded message|Forwarded message|Start of forwarded message",
    "de": "Anfang der weitergeleiteten Nachricht|Anfang der weitergeleiteten E-Mail|"
    "Weitergeleitete Nachricht",
    "fr": "Début du message réexpédié|Début du message transféré|Message transféré",
    "es": "Inicio del mensaje reenviado|Comienzo del mensaje reenviado|Mensaje reenviado",
    "it": "Inizio messaggio inoltrato|Inizio del messaggio inoltrato|Messaggio inoltrato",
    "pt": "Início da mensagem reencaminhada|Início da mensagem encaminhada|Mensagem encaminhada",
    "nl": "Begin doorgestuurd bericht|Begin van doorgestuurd bericht",
    "da": "Start på videresendt besked|Start på videresendt meddelelse|Videresendt besked",
    "no": "Videresendt melding|Start på videresendt melding|Begynnelsen på videresendt melding",
    "sv": "Vidarebefordrat mejl|Vidarebefordrat brev|Början på vidarebefordrat meddelande|"
    "Början på vidarebefordrat mejl",
    "fi": "Välitetty viesti alkaa|Edelleenlähetetty viesti alkaa",
    "cs": "Začátek přeposílané zprávy|Začátek přesměrované zprávy|Začátek předané zprávy",
    "sk": "Začiatok preposlanej správy|Začiatok presmerovanej správy",
    "pl": "Początek przekazywanej wiadomości|Początek przekazanej wiadomości",
    "hu": "Továbbított levél kezdete|Továbbított üzenet kezdete",
    "ro": "Începe mesajul redirecționat|Începutul mesajului redirecționat|Început mesaj "
    "redirecționat",
    "hr": "Započni proslijeđenu poruku|Početak proslijeđene poruke",
    "sr": "Početak prosleđene poruke|Почетак прослеђене поруке",
    "sl": "Začetek posredovanega sporočila",
    "bg": "Начало на препратеното съобщение|Начало на препратено съобщение",
    "ru": "Начало переадресованного сообщения|Начало пересылаемого сообщения|"
    "Начало пересланного сообщения",
    "uk": "Початок листа, що пересилається|Початок пересланого повідомлення|"
    "Початок переспрямованого повідомлення",
    "el": "Αρχή προωθημένου μηνύματος|Έναρξη προωθημένου μηνύματος",
    "tr": "İleti başlangıcı|İletilen iletinin başlangıcı|Yönlendirilen ileti başlangıcı|"
    "İletilmiş iletinin başlangıcı",
    "ca": "Inici del missatge reenviat|Comença el missatge reenviat",
    "ar": "بداية الرسالة المعاد توجيهها|بدء الرسالة المعاد توجيهها|بدء الرسالة المحولة|"
    "بداية الرسالة المُعاد توجيهها",
    "he": "תחילת ההודעה שהועברה|התחלת ההודעה שהועברה|תחילת הודעה שהועברה",
    "hi": "अग्रेषित संदेश प्रारंभ करें|अग्रेषित संदेश आरंभ",
    "th": "เริ่มข้อความที่ถูกส่งต่อ|เริ่มข้อความที่ส่งต่อ|เริ่มต้นข้อความที่ส่งต่อ|เริ่มต้นข้อความส่งต่อ",
    "vi": "Bắt đầu thư được chuyển tiếp|Bắt đầu thư chuyển tiếp|Thư được chuyển tiếp bắt đầu",
    "id": "Mulai pesan yang diteruskan|Mulai pesan terusan|Awal pesan yang diteruskan",
    "ms": "Mulakan mesej yang dimajukan|Permulaan mesej dimajukan",
    "ja": "転送されたメッセージ|以下は転送されたメッセージです",
    "zh": "开始转发的邮件|以下是转发的邮件|開始轉寄郵件|"
    "下面是被转发的邮件|以下是轉寄的郵件|開始轉寄的郵件",
    "ko": "전달된 메시지 시작|전달된 메시지",
}

# The only titles without dashes and colon: Gmail's "Forward all", and that of The Bat!.
BARE_TITLES = {
    "This is a forwarded message": "en",
    "Forwarded Conversation": "en",
    "Weitergeleitete Konversation": "de",
    "Conversation transférée": "fr",
    "Conversación reenviada": "es",
    "Conversazione inoltrata": "it",
    "Conversa encaminhada": "pt",
    "Doorgestuurde conversatie": "nl",
}

# Separators that replies have as well as forwards.
_ORIGINAL: dict[str, str] = {
    "en": "Original Message|Original E-mail|Original Email|Original Mail|Original Appointment",
    "de": "Ursprüngliche Nachricht|Originalnachricht|Original-Nachricht|Ursprüngliche E-Mail|"
    "Original Nachricht|Originalmail",
    "fr": "Message d'origine|Message original|Courriel original|E-mail d'origine",
    "es": "Mensaje original|Correo original",
    "it": "Messaggio originale|Messaggio Originale",
    "pt": "Mensagem original",
    "nl": "Oorspronkelijk bericht|Origineel bericht|Oorspronkelijke e-mail",
    "da": "Oprindelig meddelelse|Original meddelelse|Oprindelig besked|Original besked",
    "no": "Opprinnelig melding|Original melding",
    "sv": "Ursprungligt meddelande|Originalmeddelande",
    "fi": "Alkuperäinen viesti",
    "cs": "Původní zpráva|Původní e-mail",
    "sk": "Pôvodná správa|Originálna správa",
    "pl": "Oryginalna wiadomość|Wiadomość oryginalna|Pierwotna wiadomość|Wiadomość pierwotna|"
    "Treść oryginalnej wiadomości",
    "hu": "Eredeti üzenet|Eredeti levél",
    "ro": "Mesaj original|Mesajul original|Mesaj inițial",
    "hr": "Izvorna poruka|Originalna poruka|Izvornik poruke",
    "sl": "Izvirno sporočilo|Originalno sporočilo",
    "bg": "Оригинално съобщение|Първоначално съобщение",
    "ru": "Исходное сообщение|Оригинальное сообщение|Первоначальное сообщение",
    "uk": "Вихідне повідомлення|Оригінальне повідомлення|Початкове повідомлення|Оригінал "
    "повідомлення",
    "el": "Αρχικό μήνυμα|Πρωτότυπο μήνυμα",
    "tr": "Özgün İleti|Orijinal Mesaj|Orijinal İleti|Orjinal Mesaj|Asıl ileti|Özgün Mesaj",
    "et": "Algne kiri|Algne teade|Originaalkiri",
    "lv": "Sākotnējais ziņojums|Oriģinālā vēstule",
    "lt": "Pradinis laiškas|Originalus laiškas",
    "ca": "Missatge original",
    "ar": "الرسالة الأصلية|رسالة أصلية",
    "he": "הודעה מקורית|ההודעה המקורית",
    "fa": "پیام اصلی",
    "th": "ข้อความต้นฉบับ|ข้อความเดิม",
    "vi": "Thư gốc|Tin nhắn gốc|Thông điệp gốc",
    "id": "Pesan asli|Pesan Asli",
    "ja": "元のメッセージ|オリジナルメッセージ|Original Message",
    "zh": "原始邮件|原始郵件|邮件原件|原邮件|原始信件|原始訊息",
    "ko": "원본 메시지|원본 메일|원본메일|원래 메시지",
}

# Parts of words that mean "forwarded": between dashes, they announce a forward.
_STEMS = (
    "forward|weitergeleitet|transfere|reachemin|transmis|reexpedi|reenviad|encaminhad|inoltrat|doorgestuur|"
    "doorgezond|videresend|vidarebefordra|edelleenlahe|valitetty|preposlan|preposlan|predana z|"
    "przekazan|przeslan|tovabbit|redirection|proslijeden|prosleden|posredovan|препрат|пренасочен|"
    "прослед|пересыла|пересила|пересла|перенаправл|переадрес|προωθ|iletil|yonlendir|edastat|parsut|"
    "persiu|reenviat|מועבר|שהועבר|معاد توجيه|المعاد|محول|अगरषित|ส่งต่อ|สงตอ|chuyen tiep|terusan|"
    "diteruskan|dimajukan|転送|转发|轉寄|전달"
).split("|")

_END = re.compile(
    r"^(?:end|ende|fin|fine|fim|konec|koniec|kraj|slut|slutt|loppu|vege|sfarsit|son|конец|кінець|"
    r"край|τελος|einde)\b"
)


class Announcement(NamedTuple):
    """A separator line; `kind` is "forward", "original", "rule" or "end"."""

    kind: str
    language: str
    dashes: int  # how many characters the line begins with; 0 without
    rest: str  # what is glued to it on the same line
    shown: str  # the line itself, for people


def _texts(table: dict[str, str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for language, texts in table.items():
        for text in texts.split("|"):
            known.setdefault(fold(text), language)
    return known


_BETWEEN_DASHES = {
    **{text: ("original", language) for text, language in _texts(_ORIGINAL).items()},
    **{text: ("forward", language) for text, language in _texts(_FORWARD).items()},
}
_WITHOUT_DASHES = _texts(_BEGIN) | {fold(text): code for text, code in BARE_TITLES.items()}
_DASHES = "-_=*~—–─━"
_RULE = re.compile(r"[-_=*~—–─━ ]{3,200}$")
# A separator with more behind it on the same line: `----- Forwarded Message ----- From: Ann …`
_GLUED = re.compile(r"([-=—–─━]{3,40}) ?([^-=—–─━\n][^\n]{2,80}?) ?[-=—–─━]{3,40} ?(?=[^-=—–─━ ])")


def announcement_of(line: str) -> Announcement | None:
    """The separator that a line is, if it is one; QQ leaves `&nbsp;` in its plain text."""
    line = line.replace("&nbsp;", " ").strip()
    if not line:
        return None
    if line[0] not in _DASHES:
        return _begin(line)
    if _RULE.match(line):
        return Announcement("rule", "", len(line.replace(" ", "")), "", "")
    core = line.strip(_DASHES + " \t")
    dashes = len(line) - len(line.lstrip(_DASHES))
    closed = line[-1] in _DASHES
    if closed or line[0] == "*":
        found = _between(core, dashes, line)
        if found or line[0] == "*":
            return found
    glued = _GLUED.match(line[:200])
    if glued:
        found = _between(glued[2].strip(), len(glued[1]), line[: glued.end()].strip())
        rest = line[glued.end() :].strip()
        return found and found._replace(rest="" if announcement_of("--- " + rest) else rest)
    return _between(core, dashes, line) if dashes >= 4 else None


def _begin(line: str) -> Announcement | None:
    if len(line) > 80 or (line[-1] not in ":：" and line not in BARE_TITLES):
        return None
    language = _WITHOUT_DASHES.get(fold(line.rstrip(" :：*")))
    return Announcement("forward", language, 0, "", line) if language else None


def _between(core: str, dashes: int, line: str) -> Announcement | None:
    if len(core) > 160:
        return None
    folded = fold(core.rstrip(":： "))
    known = _BETWEEN_DASHES.get(folded)
    if known:
        return Announcement(known[0], known[1], dashes, "", line)
    if folded in _WITHOUT_DASHES:
        return Announcement("forward", _WITHOUT_DASHES[folded], dashes, "", line)
    if dashes < 3 or not any(stem in folded for stem in _STEMS):
        return None
    return Announcement("end" if _END.match(folded) else "forward", "", dashes, "", line)
