"""
Signatures at the end of a writer's words: below "-- " (RFC 3676, 4.3) or a dash, the lines that
phones and mail programs add ("Sent from my iPhone" and its translations), list footers.

Only what is clearly marked is a signature: "Best regards, Ann" stays in the reply.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_MOST_LINES = 40  # below "-- "
_SEVERAL = 12  # below a mark that people use as a rule too
_FEW_LINES = 9
_SHORT = 100

_DEVICE = (
    r"(?:my |a |the )?(?:\w+['’]s )?(?:i ?phone|i ?pad|i ?pod|black ?berry|android|samsung|galaxy|"
    r"htc|nokia|huawei|xiaomi|redmi|oneplus|pixel|motorola|moto |lg |sony|xperia|windows|outlook|"
    r"mail\b|mailbox|yahoo|aol|gmail|g ?mail|mobile|cell|smart ?phone|phone|tablet|handheld|"
    r"verizon|"
    r"t-mobile|at&t|sprint|front|spark|airmail|mailbird|newton|cloudmagic|polymail|superhuman|"
    r"canary|edison|blue ?mail|type ?mail|typeapp|acompli|proton|tuta|fastmail|zoho|hey\b|"
    r"thunderbird|k-9|fairemail|aqua ?mail|nine|boxer|mac|apple|palm|treo|mailspring|emclient|"
    r"em client|workspace|vivaldi|posteo|web\.de|gmx|yandex|mail\.ru|delta chat|my \w+)"
)
_NAME = (
    r"(?:iphon|ipad|ipod|android|samsung|galaxy|huawei|blackberry|outlook|yahoo|gmail|e?-?mail\b|"
    r"mail[- ]?app|windows|mobil|handy|smartphone|tablet|htc|nokia|xiaomi|sony|k-9|k9|web\.de|gmx|"
    r"libero|proton|tuta|orange|sfr|телефон|мобильн|яндекс|смартфон|айфон|delta chat|phone|手机|"
    r"手機|휴대|스마트폰|téléphone|telefon|teléfono|móvil|celular|telemóvel|cellulare|puhelin|"
    r"xperia|redmi|oneplus|pixel|spark|bluemail|aqua|thunderbird|posteo|icloud|mi phone)"
)
_FROM = (
    r"(?:gesendet|versendet|geschickt|verschickt) (?:von|mit|über|via|aus|durch|per)|"
    r"(?:diese|dieses|die) (?:nachricht|mail|e-mail|email) wurde (?:von|mit|über)|von unterwegs|"
    r"(?:envoyé|envoye|envoyée|transmis|expédié) (?:de|d'|d’|depuis|à partir|avec|via|du|par)|"
    r"(?:enviado|enviada|enviat|mandado|envíado) "
    r"(?:desde|do|da|de|del|a partir|pelo|con|com|via|usando|através|mediante|des)|"
    r"(?:inviato|inviata|spedito|spedita) (?:da|dal|dalla|con|tramite|mediante|via)|"
    r"(?:verzonden|verstuurd|gestuurd) (?:vanaf|van|met|via|vanuit|door|uit)|"
    r"(?:skickat|skickades|sänt|sendt) (?:från|med|via|fra|gjennom)|lähetetty|"
    r"(?:wysłane|wysłano|wysłana|wysłany) (?:z|ze|przez|za)|"
    r"(?:odesláno|odesláno|odoslané|odoslaná|poslané|posláno) (?:z|ze|zo|pomocí|cez|přes)|"
    r"(?:elküldve|küldve)|(?:trimis|trimisă) (?:de|din|cu|prin)|"
    r"(?:poslano|poslato|пославно|послато) (?:z|s|iz|sa|od|са|с|из)|"
    r"(?:отправлено|отправлена|послано|надіслано|відправлено|изпратено|испратено) "
    r"(?:с|со|из|через|з|із|зі|от|од|при помощи)|(?:στάλθηκε|εστάλη|απεστάλη) (?:από|με)|"
    r"נשלח (?:מ|באמצעות)|(?:أرسلت|أُرسلت|تم الإرسال|مرسل|مرسلة) (?:من|عبر)|发自|發自|"
    r"从 ?我的|從 ?我的|"
    r"通过|(?:được )?gửi từ|(?:dikirim|dihantar) (?:dari|daripada|melalui)|ส่งจาก|saadetud|"
    r"išsiųsta iš|nosūtīts no|sent úr|sendur frá|bidalia|"
    r"(?:ce message a été envoyé|este mensaje ha sido enviado|messaggio inviato) "
    r"(?:depuis|desde|da)|"
    r"(?:obtenir|obtenez|télécharger|téléchargez|obtener|obtén|obter|obtenha|scarica|ottieni|hämta|"
    r"hent|skaff|download|get|获取|獲取|取得|descargar|baixar|pobierz|загрузить|скачать|laden sie|"
    r"holen sie sich|hol dir|hanki|stáhnout|získat|downloaden) "
    r"(?:o |l'|aplikację )?(?=outlook|bluemail|spark|proton)"
)
_WITH = r"[^,!?\n]"
_PHONE = re.compile(
    rf"(?:sent (?:from|with|via|by|using) {_DEVICE}[^,!?\n]{{0,60}}!?"
    r"|sent from (?:my|an?) [^,.!?\n]{1,50}"
    rf"|(?:{_FROM}){_WITH}{{0,50}}{_NAME}{_WITH}{{0,60}}"
    rf"|von (?:meinem|unterwegs|mein){_WITH}{{0,40}}(?:gesendet|geschickt|gesandt)"
    rf"|{_WITH}{{0,12}}{_NAME}[^,!?\n。]{{0,14}}(?:から送信|から送信されました|傳送|传送|发送|發送|"
    r"에서 보냄|에서 보냈습니다|에서 발송|gönderildi|küldve|saadetud)"
    r"|outlook (?:für|voor|till|til|pro|pre) \w{2,12} (?:herunterladen|downloaden|laden)"
    r"|sent from my verizon, samsung [^,!?\n]{1,40}"
    r"|(?:나의|내) \w{1,12}에서 보냄"
    r"|(?:excuse|pardon|forgive|please excuse|please forgive) (?:my |the |any )?"
    r"(?:brevity|typos|spelling)[^\n]{0,40})\.?(?:\s?[<(\[]https?://[^\s>]{1,200}[>)\]]?)?",
    re.I,
)
_DASHES = re.compile(r"[–—]{1,40}")
_FOOTER_RULE = re.compile(r"[_-]{2,80}")
_FOOTER = re.compile(
    r"mailing list|mailman/|listinfo|to unsubscribe|unsubscribe from this|google groups|"
    r"abmelden|désinscri|désabonner|cancelar (?:a )?suscripci|disiscri",
    re.I,
)


def start_of(lines: Sequence[str]) -> int | None:
    """
    The index of the first line of the signature that ends `lines` (stripped), or None.

    Layers are taken off one by one: a list footer below a signature below a phone's line.
    """
    end, start = _trimmed(lines, len(lines)), None
    for _ in range(4):
        found = _one(lines, end)
        if found is None:
            break
        start, end = found, _trimmed(lines, found)
    return start


def _one(lines: Sequence[str], end: int) -> int | None:
    for find in (_footer, _delimited, _dashed, _phone):
        found = find(lines, end)
        if found is not None:
            return found
    return None


def _trimmed(lines: Sequence[str], end: int) -> int:
    while end and not lines[end - 1]:
        end -= 1
    return end


def _phone(lines: Sequence[str], end: int) -> int | None:
    if end and len(lines[end - 1]) <= 300 and _PHONE.fullmatch(lines[end - 1].strip("*_ ")):
        return end - 1
    return None


def _delimited(lines: Sequence[str], end: int) -> int | None:
    """Below "-- "; below "--", which people write between paragraphs too, only short lines."""
    for n in range(end - 1, max(-1, end - _MOST_LINES - 1), -1):
        if lines[n] == "-- " or (lines[n] == "--" and _is_short(lines[n + 1 : end])):
            return n
    return None


def _dashed(lines: Sequence[str], end: int) -> int | None:
    """Below a row of long dashes: only a few short lines."""
    for n in range(end - 2, max(-1, end - _FEW_LINES - 1), -1):
        if lines[n] and _DASHES.fullmatch(lines[n]):
            return n if _is_short(lines[n + 1 : end]) else None
    return None


def _is_short(lines: Sequence[str]) -> bool:
    """Whether lines are as few and as short as those of a signature, and ask nothing."""
    written = [line for line in lines if line]
    return len(written) <= _SEVERAL and all(
        len(line) <= _SHORT and line[-1] != "?" for line in written
    )


def _footer(lines: Sequence[str], end: int) -> int | None:
    """The footer that a mailing list adds below a rule."""
    for n in range(end - 2, max(-1, end - 12), -1):
        if lines[n] and _FOOTER_RULE.fullmatch(lines[n]):
            below = "\n".join(line[:300] for line in lines[n + 1 : end])
            if _FOOTER.search(below):
                return n
    return None
