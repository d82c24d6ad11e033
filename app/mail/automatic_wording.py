"""
How automatic answers open their subject, by language.

Tables only, lower case. A person may write such a subject as well: an opening counts only
together with another sign, and one that people use for other things needs a strong one.
"""

from __future__ import annotations

import re

# "I am away": vacation, out of office; nobody else opens a subject so.
AWAY_OPENINGS = tuple(
    (
        "out of office|out of the office|out-of-office|ooo:|ooo -|away until|holiday notice|"
        "i am away|i'm away|absence du bureau|absent du bureau|je suis absent|"
        "notification d'absence|message d'absence|ich bin abwesend|ich bin im urlaub|nicht im büro|"
        "nicht im haus|außer haus|ausser haus|fuera de la oficina|fuera de oficina|"
        "estoy de vacaciones|ausência temporária|fora do escritório|fuori sede|fuori ufficio|"
        "niet op kantoor|ej på kontoret|inte på kontoret|ikke på kontoret|en ole paikalla|"
        "poza biurem|mimo kancelář|mimo kancelárie|házon kívül|irodán kívül|în afara biroului|"
        "absent din birou|izvan ureda|van kancelarije|нет на месте|вне офиса|в отпуске|поза офісом|"
        "у відпустці|извън офиса|εκτός γραφείου|ofis dışında|ofis dışı|izindeyim|"
        "不在通知|不在办公室|外出自动回复|"
        "不在辦公室|부재중|מחוץ למשרד|خارج المكتب|di luar kantor|away from my|i am out of the|"
        "i'm out of the|vacation response|vacation reply|abwesenheitsnotiz|"
        "abwesenheitsbenachrichtigung|abwesenheitsmeldung|abwesenheitsnachricht|"
        "abwesenheitsassistent|absence notification|ik ben afwezig|jag är på semester|"
        "jestem na urlopie|estou de férias|sono in ferie"
    ).split("|")
)

# The same in words with which people ask for something as well ("Urlaub am Meer").
AWAY_NOUNS = tuple(
    (
        "away from|away on|on vacation|on holiday|on leave|vacation|i am out of|i'm out of|i am on|"
        "annual leave|maternity leave|absence|en congé|abwesenheit|abwesend|urlaub|ausente|"
        "ausencia|vacaciones|ausência|férias|assente|assenza|in ferie|afwezig|afwezigheid|frånvaro|"
        "fraværende|fravær|ikke til stede|poissa|poissaolo|lomalla|nieobecność|nieobecny|urlop|"
        "nepřítomnost|neprítomnosť|szabadság|atvaļinājums|atvalinājums|atostogos|puhkusel|odsoten|"
        "отсутствую|отпуск|відсутній|不在|休暇|外出|夏季休業|休假|부재|휴가|vắng mặt"
    ).split("|")
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

# … and what opens people's subjects about cars.
REPLY_NOUNS = ("auto:", "auto :")

# Anywhere in the subject or the first words of a mail that is known to be automatic.
AWAY_WORDS = (
    "out of the office|out of office|away from the office|away from my desk|currently away|"
    "on vacation|on holiday|on annual leave|on leave|until my return|upon my return|"
    "vacation response|vacation:|i am away|i'm away|i will be away|i will be out|"
    "limited access to e-mail|limited access to email|abwesenheit|abwesend|außer haus|"
    "nicht im büro|"
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

_ANSWERED = re.compile(r"\b(?:re|aw|sv|vs|antw|odp|rif|ynt|vá|отв)\s?:")
_LEAD = " \t[(*<\"'【［"


def opens_away(subject: str, *, surely: bool = False) -> bool:
    """
    Whether a subject opens like the answer of somebody who is away.

    `surely` leaves out what people write as well, unless the answered mail's subject follows it.
    """
    opening = _squeezed(subject[:300]).lstrip(_LEAD)
    if opening.startswith(AWAY_OPENINGS):
        return True
    if not opening.startswith(AWAY_NOUNS):
        return False
    return not surely or _ANSWERED.search(opening) is not None


def opens_reply(subject: str, *, surely: bool = False) -> bool:
    """Whether a subject opens like an automatic answer; `surely` as for `opens_away`."""
    opening = _squeezed(subject[:300]).lstrip(_LEAD)
    return opening.startswith(REPLY_OPENINGS if surely else REPLY_OPENINGS + REPLY_NOUNS)


def says_away(text: str) -> bool:
    """Whether the author of an automatic mail says in its first words that he is away."""
    start = _squeezed(text[:1_000])
    return any(phrase in start for phrase in AWAY_WORDS)


def _squeezed(text: str) -> str:
    # A Turkish İ is "i" with a dot of its own when it is made small.
    return " ".join(text.lower().replace("i\u0307", "i").replace("’", "'").split())
