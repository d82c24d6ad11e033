"""
How automatic answers open their subject, by language.

Tables only, lower case. A person may write such a subject as well: an opening counts only
together with another sign.
"""

from __future__ import annotations

# "I am away": vacation, out of office.
AWAY_OPENINGS = (
    "out of office",
    "out of the office",
    "out-of-office",
    "ooo:",
    "ooo -",
    "away from",
    "away until",
    "away on",
    "on vacation",
    "on holiday",
    "on leave",
    "vacation",
    "holiday notice",
    "i am away",
    "i'm away",
    "i am out of",
    "i'm out of",
    "i am on",
    "annual leave",
    "maternity leave",
    "absence",
    "absence du bureau",
    "absent du bureau",
    "je suis absent",
    "en congé",
    "notification d'absence",
    "message d'absence",
    "abwesenheit",
    "abwesend",
    "ich bin abwesend",
    "ich bin im urlaub",
    "nicht im büro",
    "nicht im haus",
    "urlaub",
    "außer haus",
    "ausser haus",
    "fuera de la oficina",
    "fuera de oficina",
    "ausente",
    "ausencia",
    "vacaciones",
    "estoy de vacaciones",
    "ausência",
    "ausência temporária",
    "fora do escritório",
    "férias",
    "fuori sede",
    "fuori ufficio",
    "assente",
    "assenza",
    "in ferie",
    "afwezig",
    "afwezigheid",
    "niet op kantoor",
    "frånvaro",
    "ej på kontoret",
    "inte på kontoret",
    "fraværende",
    "fravær",
    "ikke på kontoret",
    "ikke til stede",
    "poissa",
    "poissaolo",
    "en ole paikalla",
    "lomalla",
    "nieobecność",
    "nieobecny",
    "poza biurem",
    "urlop",
    "mimo kancelář",
    "nepřítomnost",
    "mimo kancelárie",
    "neprítomnosť",
    "házon kívül",
    "irodán kívül",
    "szabadság",
    "în afara biroului",
    "absent din birou",
    "atvaļinājums",
    "atvalinājums",
    "atostogos",
    "puhkusel",
    "odsoten",
    "izvan ureda",
    "van kancelarije",
    "отсутствую",
    "нет на месте",
    "вне офиса",
    "в отпуске",
    "отпуск",
    "відсутній",
    "поза офісом",
    "у відпустці",
    "извън офиса",
    "εκτός γραφείου",
    "ofis dışında",
    "ofis dışı",
    "izindeyim",
    "不在",
    "不在通知",
    "休暇",
    "外出",
    "夏季休業",
    "不在办公室",
    "外出自动回复",
    "休假",
    "不在辦公室",
    "부재",
    "부재중",
    "휴가",
    "מחוץ למשרד",
    "خارج المكتب",
    "vắng mặt",
    "di luar kantor",
)

# "This is an automatic answer".
REPLY_OPENINGS = (
    "automatic reply",
    "automatic response",
    "automatic answer",
    "automated reply",
    "automated response",
    "automated message",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "auto:",
    "auto :",
    "autoresponder",
    "automatische antwort",
    "automatische rückantwort",
    "automatische empfangsbestätigung",
    "automatische beantwortung",
    "autoantwort",
    "auto-antwort",
    "réponse automatique",
    "reponse automatique",
    "respuesta automática",
    "respuesta automatica",
    "resposta automática",
    "resposta automatica",
    "risposta automatica",
    "automatisch antwoord",
    "automatische reactie",
    "automatisk svar",
    "automatiskt svar",
    "autosvar",
    "autosvar:",
    "automaattinen vastaus",
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "autoodpowiedź",
    "automatická odpověď",
    "automatická odpoveď",
    "automatikus válasz",
    "răspuns automat",
    "automātiska atbilde",
    "automātiskā atbilde",
    "automatinis atsakymas",
    "automaatvastus",
    "automaatne vastus",
    "samodejni odgovor",
    "automatski odgovor",
    "автоответ",
    "автоматический ответ",
    "автоматична відповідь",
    "автоматичен отговор",
    "автоматски одговор",
    "αυτόματη απάντηση",
    "otomatik yanıt",
    "otomatik cevap",
    "自動返信",
    "自動応答",
    "自动回复",
    "自动答复",
    "自動回覆",
    "자동 회신",
    "자동 응답",
    "자동회신",
    "מענה אוטומטי",
    "תשובה אוטומטית",
    "رد تلقائي",
    "الرد التلقائي",
    "پاسخ خودکار",
    "ตอบกลับอัตโนมัติ",
    "trả lời tự động",
    "balasan otomatis",
    "jawapan automatik",
    "resposta automàtica",
    "sjálfvirkt svar",
)

# Anywhere in the subject or the first words of a mail that is known to be automatic.
AWAY_WORDS = (
    "out of the office|out of office|away from the office|away from my desk|currently away|"
    "on vacation|on holiday|on annual leave|on leave|until my return|upon my return|"
    "vacation response|vacation:|i am away|i'm away|i will be away|i will be out|"
    "limited access to e-mail|limited access to email|abwesenheit|abwesend|nicht im büro|"
    "im urlaub|absent du|absence du bureau|actuellement absent|en congé|fuera de la oficina|"
    "de vacaciones|fora do escritório|de férias|fuori sede|fuori ufficio|in ferie|afwezig|"
    "op vakantie|frånvarande|fraværende|på semester|inte på kontoret|tjänstledig|på ferie|"
    "ikke på kontoret|lomalla|poissa|en ole paikalla|poza biurem|nieobecn|na urlopie|"
    "mimo kancelář|na dovolené|nepřítom|mimo kancelárie|na dovolenke|neprítom|házon kívül|"
    "irodán kívül|szabadságon|în concediu|in concediu|absent din|în afara biroului|"
    "na godišnjem odmoru|na dopustu|odsoten|odsotna|odsutan|odsutna|izvan ureda|van kancelarije|"
    "на одмору|в отпуск|отсутств|вне офиса|отсъств|извън офиса|у відпустці|відсутн|поза офісом|"
    "εκτός γραφείου|σε άδεια|με άδεια|απουσιάζω|izindeyim|yıllık izin|ofis dışında|"
    "ofiste değilim|tatildeyim|puhkusel|kontorist väljas|atvaļinājumā|prombūtnē|atostogose|"
    "atostogauju|fora de l'oficina|de vacances|בחופשה|מחוץ למשרד|לא במשרד|خارج المكتب|خارج مكتبي|"
    "في إجازة|در مرخصی|خارج از دفتر|ลาพักร้อน|ไม่อยู่ที่สำนักงาน|ไม่อยู่ที่ออฟฟิศ|nghỉ phép|"
    "vắng mặt|không có mặt tại văn phòng|sedang cuti|di luar kantor|bercuti|di luar pejabat|不在|"
    "休暇|休業|出張中|休假|出差|부재|휴가|출장 중"
).split("|")

_LEAD = " \t[(*<\"'【［"


def opens_away(subject: str) -> bool:
    """Whether a subject opens like the answer of somebody who is away."""
    return _squeezed(subject[:300]).lstrip(_LEAD).startswith(AWAY_OPENINGS)


def opens_reply(subject: str) -> bool:
    """Whether a subject opens like an automatic answer."""
    return _squeezed(subject[:300]).lstrip(_LEAD).startswith(REPLY_OPENINGS)


def says_away(text: str) -> bool:
    """Whether the author of an automatic mail says in its first words that he is away."""
    start = _squeezed(text[:1_000])
    return any(phrase in start for phrase in AWAY_WORDS)


def _squeezed(text: str) -> str:
    # A Turkish İ is "i" with a dot of its own when it is made small.
    return " ".join(text.lower().replace("i\u0307", "i").replace("’", "'").split())
