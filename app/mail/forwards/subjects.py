"""Subject prefixes of forwards and replies ("Fwd:", "WG:", "İLT:"), in every language known."""

from __future__ import annotations

import re

from app.mail.forwards.labels import fold

_FORWARD = (
    "fwd|fw|forward|forwarded|wg|weitergeleitet|tr|transf|transfert|rv|renv|reenv|reenviado|i|"
    "inoltro|"
    "inoltra|enc|res-enc|encaminhada|encaminhado|reenc|doorst|doorgestuurd|vs|videresend|"
    "videresendt|vb|"
    "vidarebefordrat|vidarebefordra|vl|frs|afrs|framsent|pd|przek|przekazanie|przekaz|prep|preposl|"
    "preposlane|preposlani|preposlano|tovabbitas|tovabbitva|tov|redir|redir.|redirectionat|prosl|proslijedeno|"
    "prosledeno|posr|posredovano|пер|пересл|переслать|пересылка|переслано|перен|препрат|препратено|προωθ|"
    "πρθ|"
    "ilt|ileti|yonlendir|edastatud|edasi|pars|parsutits|pers|persiusta|fs|fwdd|הועבר|העברה|"
    "اعادة توجيه|تحويل|محول|ارسال مجدد|"
    "chuyen tiep|ส่งต่อ|trs|terusan|teruskan|転送|转发|轉寄|轉發|转寄|전달"
)
_REPLY = (
    "re|aw|antw|antwort|antwoord|sv|svar|rif|r|res|resp|rsp|odp|odpoved|ynt|yanit|vast|vastaus|vas|"
    "ref|va|valasz|rasp|raspuns|bls|balas|atb|ats|απ|απαντηση|σχετ|отв|ответ|от|на|відп|re:|הש|"
    "השב|תגובה|"
    "رد|tra loi|ตอบ|ตอบกลับ|返信|回复|回覆|答复|答覆|회신|답장|rv-re|odg|odgovor|qt"
)
_FORWARDS = {fold(word) for word in _FORWARD.split("|")}
_REPLIES = {fold(word) for word in _REPLY.split("|")}
# An optional tag of a gateway ("[EXTERNAL]"), a short word, an optional counter, a colon.
_PREFIX = re.compile(
    r"\s*(?:\[[^\]\[]{1,40}\]\s*)?([^\W\d_][^:：\[\](){}<>@]{0,17}?)\s*(?:\[\d{1,3}\]|"
    r"\(\d{1,3}\))?\s*[:：]"
)
_WRAPPED = re.compile(
    r"\s*\[\s*(?:fwd?|wg|tr|rv)\s*[:：]\s*(.{0,900})\]\s*$", re.IGNORECASE | re.DOTALL
)
_BRACKETED = re.compile(r"\s*\(fwd\)\s", re.IGNORECASE)  # Pegasus
_TAILED = re.compile(r"\(fwd\)\s*$", re.IGNORECASE)
_BIDI = dict.fromkeys((*range(8203, 8208), *range(8234, 8239), *range(8294, 8298), 65279))


def prefix_of(subject: str) -> tuple[str, str, str]:
    """
    (kind, folded prefix, the subject without it) of the outermost prefix.

    The kind is "forward", "reply" or "" for a subject that has none.
    """
    subject = subject[:1000].translate(_BIDI)
    wrapped = _WRAPPED.match(subject)
    if wrapped:
        return "forward", "fwd", wrapped[1].strip()
    found = _PREFIX.match(subject)
    word = fold(found[1]) if found else ""
    if found and word in _FORWARDS and not (word == "i" and found[1] != "I"):
        return "forward", word, subject[found.end() :].strip()
    if found and word in _REPLIES:
        return "reply", word, subject[found.end() :].strip()
    bracketed = _BRACKETED.match(subject)
    if bracketed:
        return "forward", "(fwd)", subject[bracketed.end() :].strip()
    if _TAILED.search(subject):
        return "forward", "(fwd)", _TAILED.sub("", subject).strip()
    return "", "", subject.strip()


def has_forward_prefix(subject: str) -> bool:
    """Whether the outermost prefix says "forwarded" ("Fwd: Re: x" does, "Re: Fwd: x" does not)."""
    return prefix_of(subject)[0] == "forward"


def strip_forward_prefix(subject: str) -> str:
    """The subject without its outermost forward prefix; unchanged when it has none."""
    kind, _, rest = prefix_of(subject)
    return rest if kind == "forward" else subject.strip()
