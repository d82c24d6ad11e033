"""
Sentences that end with "wrote:" and name who wrote a quoted mail, in every language known.

Deliberately not here: whether one means a forward or a reply (`search`).
"""

from __future__ import annotations

import re

from app.mail.forwards.labels import fold
from app.mail.forwards.mailboxes import clean_name, read_mailboxes
from app.mail.message import Mailbox

# Words that end the sentence "… wrote:".
_VERBS: dict[str, str] = {
    "en": "wrote|writes|said",
    "de": "schrieb|schreibt|geschrieben|schrieb am",
    "fr": "a ecrit|a écrit|écrit",
    "es": "escribió|escribio|escribía",
    "it": "ha scritto|scrive|scritto",
    "pt": "escreveu|escreveram",
    "nl": "schreef|geschreven|heeft geschreven",
    "da": "skrev",
    "no": "skrev|skrev følgende",
    "sv": "skrev|följande",
    "fi": "kirjoitti",
    "is": "skrifaði",
    "cs": "napsal(a)|napsal|napsala|napsal/a",
    "sk": "napísal(a)|napísal|napísala|napísal/a",
    "pl": "napisał(a)|napisał|napisała|pisze",
    "hu": "ezt írta|írta",
    "ro": "a scris",
    "hr": "je napisao|je napisala|napisao/la|napisao je|je napisao/la",
    "sl": "je napisal|napisal|je napisala|je napisal/a",
    "sr": "је написао|је написала",
    "bg": "написа|пише",
    "ru": "написал(а)|написал|написала|пишет|писал|написал (а)|писал(а)",
    "uk": "написав|написала|пише|написав(ла)|написав (-ла)",
    "el": "έγραψε|έγραψε τα εξής",
    "tr": "şunu yazdı|yazdı|şunları yazdı",
    "et": "kirjutas",
    "lv": "rakstīja",
    "lt": "rašė|parašė",
    "ca": "va escriure|ha escrit",
    "ar": "كتب|كتبت",
    "he": "כתב|כתבה|כתב/ה|מאת",
    "fa": "نوشت",
    "hi": "ने लिखा",
    "th": "เขียนว่า|เขียน",
    "vi": "đã viết|viết",
    "id": "menulis",
    "ja": "書きました|は書きました|を書き込みました|のメール|のメッセージ",
    "zh": "写道|寫道|写到|於|写",
    "ko": "작성|님이 작성",
}


_VERB_TABLE: dict[str, tuple[str, ...]] = {}
for _language, _words in _VERBS.items():
    for _word in map(fold, _words.split("|")):
        _VERB_TABLE[_word] = (*_VERB_TABLE.get(_word, ()), _language)
_VERB = re.compile(
    r"(?:^|[\s,\]>)\"”»“])("
    + "|".join(map(re.escape, sorted(_VERB_TABLE, key=len, reverse=True)))
    + ")"
    r"(?=$|[\s,:])"
)


def attribution_of(line: str) -> tuple[str, ...]:
    """The languages of a sentence that says "wrote:" and ends there; () when the line is none."""
    if len(line) > 400 or not line or line.rstrip()[-1:] not in (":", "："):
        return ()
    found = _VERB.findall(fold(line))
    return _VERB_TABLE[found[-1]] if found else ()


# Words that may stand between the date and the name in a sentence.
_BETWEEN = frozenset(
    {word for phrase in _VERB_TABLE for word in phrase.split()}
    | {
        fold(word)
        for word in (
            "heeft пользователь používateľ uživatel użytkownik időpontban je am pm um at kl klo "
            "den le om a à alle ore il el em on op às das der die dne dnia o w v г р года lúc "
            "vào the utc gmt cet cest est edt pst pdt eest mez mesz tarihinde utilisateur usuario "
            "utente felhasználó korisnik потребител користувач kasutaja vartotojas lietotājs la "
            "kell. kell p.m. a.m. uhr"
        ).split()
    }
)
_OPENING = {'"': '"', "'": "'", "»": "«", "”": "„“”", "“": "„“"}


def person_and_date(text: str, start: int, end: int) -> tuple[Mailbox, str]:
    """The person of a sentence, whose address is `text[start:end]`, and the rest with the date."""
    address = read_mailboxes(text[start:end])[0].address
    name, rest = _name_at_end(text[:start].rstrip(" ([<"))
    name = clean_name(name)
    if name.casefold() == address.casefold():
        name = ""
    return Mailbox(name, address), f"{rest} {text[end:]}"


def _name_at_end(before: str) -> tuple[str, str]:
    """(the name that stands last, what is before it): quoted, or words without digits."""
    opening = _OPENING.get(before[-1:], "")
    at = max((before.rfind(mark, 0, len(before) - 1) for mark in opening), default=-1)
    if at >= 0:
        return before[at + 1 : -1], before[:at]
    words, name = before.split(), list[str]()
    while words and words[-1][-1] not in ",:" and not any(c.isdigit() for c in words[-1]):
        name.insert(0, words.pop())
    # Nothing, or a comma, before the name: then a short word belongs to it ("Le Van", "Om Puri").
    clear = not words or words[-1][-1] == ","
    while name and fold(name[0]) in _BETWEEN and not (clear and len(name[0]) < 4):
        del name[0]
    return " ".join(name), " ".join(words)
