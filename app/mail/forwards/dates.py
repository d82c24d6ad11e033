"""
Dates as mail programs print them above a forwarded mail, in the reader's language.

Read: the numeric forms and month names of the languages in `MONTHS`, 12- and 24-hour clocks, zones
as offsets and by their usual abbreviations, digits of other scripts, the Thai calendar's years.

Deliberately not here: the Date header field (`app.mail.dates`).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

from app.mail.forwards.labels import fold

# Full names, January first; abbreviations are their beginnings. Where one month has several names
# or cases, they are separated by `/`.
MONTHS: dict[str, str] = {
    "en": "january february march april may june july august september october november december",
    "de": "januar/jänner/jaenner februar/feber märz/maerz/mrz april mai juni juli august september oktober "
    "november dezember",
    "fr": "janvier février mars avril mai juin juillet/juil août/aout septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre "
    "diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart/mrt april mei juni juli augustus september oktober november december",
    "da": "januar februar marts april maj juni juli august september oktober november december",
    "no": "januar februar mars april mai juni juli august september oktober november desember",
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "fi": "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu "
    "marraskuu joulukuu",
    "is": "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember",
    "cs": "leden/ledna únor/února březen/března duben/dubna květen/května červen/června "
    "červenec/července/čvc srpen/srpna září říjen/října listopad/listopadu prosinec/prosince",
    "sk": "január február marec/marca apríl máj/mája jún júl august september/septembra "
    "október/októbra november/novembra december/decembra",
    "pl": "styczeń/stycznia luty/lutego marzec/marca kwiecień/kwietnia maj/maja czerwiec/czerwca "
    "lipiec/lipca sierpień/sierpnia wrzesień/września październik/października/paz "
    "listopad/listopada grudzień/grudnia",
    "hu": "január február március április május június július augusztus szeptember október november "
    "december",
    "ro": "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie "
    "decembrie",
    "hr": "siječanj/siječnja veljača/veljače ožujak/ožujka travanj/travnja svibanj/svibnja lipanj/lipnja "
    "srpanj/srpnja kolovoz/kolovoza rujan/rujna listopad/listopada studeni/studenoga/studenog "
    "prosinac/prosinca",
    "sr": "januar/јануар februar/фебруар mart/март april/април maj/мај jun/јун jul/јул avgust/август "
    "septembar/septembra/септембар/септембра oktobar/oktobra/октобар/октобра "
    "novembar/novembra/новембар/новембра decembar/decembra/децембар/децембра",
    "sl": "januar februar marec april maj junij julij avgust september oktober november december",
    "bg": "януари февруари март април май юни юли август септември октомври ноември декември",
    "ru": "январь/января февраль/февраля март/марта апрель/апреля май/мая июнь/июня июль/июля "
    "август/августа сентябрь/сентября октябрь/октября ноябрь/ноября декабрь/декабря",
    "uk": "січень/січня лютий/лютого березень/березня квітень/квітня травень/травня червень/червня "
    "липень/липня серпень/серпня вересень/вересня жовтень/жовтня листопад/листопада грудень/грудня",
    "be": "студзень/студзеня люты/лютага сакавік/сакавіка красавік/красавіка май/мая чэрвень/чэрвеня "
    "ліпень/ліпеня жнівень/жніўня верасень/верасня кастрычнік/кастрычніка лістапад/лістапада "
    "снежань/снежня",
    "el": "ιανουάριος/ιανουαρίου φεβρουάριος/φεβρουαρίου μάρτιος/μαρτίου απρίλιος/απριλίου "
    "μάιος/μαΐου ιούνιος/ιουνίου/ιουν ιούλιος/ιουλίου/ιουλ αύγουστος/αυγούστου "
    "σεπτέμβριος/σεπτεμβρίου οκτώβριος/οκτωβρίου νοέμβριος/νοεμβρίου δεκέμβριος/δεκεμβρίου",
    "tr": "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "et": "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember",
    "lv": "janvāris/janvārī februāris/februārī marts/martā aprīlis/aprīlī maijs/maijā jūnijs/jūnijā "
    "jūlijs/jūlijā augusts/augustā septembris/septembrī oktobris/oktobrī novembris/novembrī "
    "decembris/decembrī",
    "lt": "sausis/sausio vasaris/vasario kovas/kovo balandis/balandžio gegužė/gegužės birželis/birželio "
    "liepa/liepos rugpjūtis/rugpjūčio rugsėjis/rugsėjo spalis/spalio lapkritis/lapkričio "
    "gruodis/gruodžio",
    "ca": "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "gl": "xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro",
    "eu": "urtarrila otsaila martxoa apirila maiatza ekaina uztaila abuztua iraila urria azaroa abendua",
    "ar": "يناير/كانون_الثاني فبراير/شباط مارس/آذار أبريل/إبريل/نيسان مايو/أيار يونيو/حزيران "
    "يوليو/تموز أغسطس/آب سبتمبر/أيلول أكتوبر/تشرين_الأول نوفمبر/تشرين_الثاني ديسمبر/كانون_الأول",
    "he": "ינואר/בינואר פברואר/בפברואר מרץ/מרס/במרץ אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי "
    "אוגוסט/באוגוסט ספטמבר/בספטמבר אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר",
    "fa": "ژانویه فوریه مارس آوریل مه/می ژوئن/جون ژوئیه/جولای اوت/آگوست سپتامبر اکتبر نوامبر دسامبر",
    "vi": "một hai ba tư năm sáu bảy tám chín mười mười_một mười_hai",
    "hi": "जनवरी फ़रवरी/फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर/सितम्बर अक्टूबर/अक्तूबर "
    "नवंबर/नवम्बर दिसंबर/दिसम्बर",
    "th": "มกราคม/ม.ค. กุมภาพันธ์/ก.พ. มีนาคม/มี.ค. เมษายน/เม.ย. พฤษภาคม/พ.ค. มิถุนายน/มิ.ย. "
    "กรกฎาคม/ก.ค. สิงหาคม/ส.ค. กันยายน/ก.ย. ตุลาคม/ต.ค. พฤศจิกายน/พ.ย. ธันวาคม/ธ.ค.",
    "id": "januari februari maret april mei juni juli agustus september oktober november desember",
    "ms": "januari februari mac april mei jun julai ogos september oktober november disember",
}

ZONES: dict[str, float] = {
    **dict.fromkeys(("utc", "gmt", "z", "wet", "ut"), 0),
    **dict.fromkeys(("bst", "west", "cet", "mez", "hnec"), 1),
    **dict.fromkeys(("cest", "mesz", "eet", "sast", "heec"), 2),
    **dict.fromkeys(("eest", "msk", "мск", "trt"), 3),
    **{"gst": 4, "ist": 5.5, "pkt": 5, "wib": 7, "hkt": 8, "sgt": 8, "awst": 8, "jst": 9, "kst": 9},
    **{"aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "brt": -3, "art": -3, "adt": -3, "clt": -4},
    **{"ast": -4, "edt": -4, "est": -5, "cdt": -5, "cst": -6, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8},
    **{"akdt": -8, "akst": -9, "hst": -10},
}

_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})\s?[-/.年년]\s?(\d{1,2})\s?[-/.月월]\s?(\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?\2\s?(\d{4})(?!\d)")
_SHORT_YEAR = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{2})(?!\d)")
_VIETNAMESE = re.compile(r"(\d{1,2})\s(?:thang|thg|tháng)\s?(\d{1,2}|mười (?:một|hai)|\w+),?\s(?:năm\s)?(\d{4})")
_TOKEN = re.compile(r"\d+|[^\s\d,:;()\[\]/+–-]+")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})(?:\.(\d{2}))?(?![\d.]\d)")
_WORDED = re.compile(r"(?<!\d)(\d{1,2})\s?(?:h|時|时|點|点|시|uhr|น)\s?(?:(\d{1,2})\s?(?:m|分|분)?)?")
# Directly behind the clock, or near it in scripts where no other word looks like them.
_PM_BEHIND = re.compile(r"\s?(?:p\.?\s?m\b|nachm|μ\.?\s?μ|ch\b|ös\b|ip\.|du\.|e\.\s?m|ptg|م(?!\w)|अपराह्न|หลัง|אחה)")
_AM_BEHIND = re.compile(r"\s?(?:a\.?\s?m\b|vorm|π\.?\s?μ|sa\b|öö\b|ap\.|de\.|f\.\s?m|pg|ص(?!\w)|पूर्वाह्न|ก่อน|לפנה)")
_PM_BEFORE = re.compile(r"(?:下午|晚上|午後|오후|مساء|\bös|\bpm)\s?$")
_AM_BEFORE = re.compile(r"(?:上午|凌晨|早上|午前|오전|صباحا?|\böö|\bam)\s?$")
_AMERICAN = re.compile(r"\d\s?[ap]\.?m\b")
# Direction marks go; apostrophes and marks of abbreviation become plain.
_NOISE = {0x200E: None, 0x200F: None, 0x5F3: None, 0x970: None, 0x2019: "'", 0x2BC: "'"}
_OFFSET = re.compile(r"(?:gmt|utc|\s|\(|^)\s?([+\-−–])\s?(\d{1,2})(?::?(\d{2}))?(?!\d)")


def _month_table() -> dict[str, dict[str, int]]:
    tables: dict[str, dict[str, int]] = {}
    for language, names in MONTHS.items():
        table = tables.setdefault(language, {})
        for number, spellings in enumerate(names.split(), 1):
            for name in spellings.split("/"):
                table[fold(name.replace("_", " ")).strip(".")] = number
    return tables


_MONTHS = _month_table()
# Vietnamese counts its months, with words that are short and mean other things elsewhere.
_OTHERS = [table for language, table in _MONTHS.items() if language != "vi"]


def read_date(text: str, languages: tuple[str, ...] = ()) -> datetime | None:
    """
    The moment that a printed date names, aware; without a zone it is taken as UTC. None if unread.

    `languages` are those it may be in, likelier first: Croats call October what Poles call November.
    """
    text = "".join(
        str(unicodedata.digit(c, c)) if c.isdigit() and not c.isascii() else c for c in text[:160]
    ).lower()
    text = " ".join(text.translate(_NOISE).replace("d'", "").split())
    try:
        found = _numeric(text, languages) or _worded(text, languages) or _short(text, languages)
        if found is None:
            return None
        (year, month, day), rest = found
        year += 2000 if year < 100 else -543 if year > 2400 else 0
        hour, minute, second, behind = _clock(rest)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=_zone(behind))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _numeric(text: str, languages: tuple[str, ...]) -> tuple[tuple[int, int, int], str] | None:
    found = _YEAR_FIRST.search(text)
    if found:
        return (int(found[1]), int(found[2]), int(found[3])), _without(text, found)
    found = _VIETNAMESE.search(text)
    month = found and (int(found[2]) if found[2].isdigit() else _MONTHS["vi"].get(fold(found[2]), 0))
    if found and month:
        return (int(found[3]), month, int(found[1])), _without(text, found)
    found = _YEAR_LAST.search(text)
    return _day_and_month(text, found, languages) if found else None


def _short(text: str, languages: tuple[str, ...]) -> tuple[tuple[int, int, int], str] | None:
    """A numeric date with a year of two digits."""
    found = _SHORT_YEAR.search(text)
    return _day_and_month(text, found, languages) if found else None


def _day_and_month(
    text: str, found: re.Match[str], languages: tuple[str, ...]
) -> tuple[tuple[int, int, int], str]:
    """The day first, but for English dates with slashes and a 12-hour clock."""
    first, second = int(found[1]), int(found[3])
    american = found[2] == "/" and (not languages or "en" in languages) and _AMERICAN.search(text)
    if second > 12 or (american and first <= 12):
        first, second = second, first
    return (int(found[4]), second, first), _without(text, found)


def _without(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + " " + text[found.end() :]


def _worded(text: str, languages: tuple[str, ...]) -> tuple[tuple[int, int, int], str] | None:
    """Day, month by name and year, in any order."""
    tokens = list(_TOKEN.finditer(text))
    year_at = next(
        (i for i, t in enumerate(tokens) if len(t[0]) == 4 and t[0].isdigit() and 1900 < int(t[0]) < 2700),
        None,
    )
    if year_at is None:
        return None
    months = [(i, number) for i, t in enumerate(tokens) if (number := _month(t[0], languages))]
    before = [entry for entry in months if entry[0] < year_at]
    if not months:
        return None
    month_at, month = before[-1] if before else months[0]
    days = [i for i in (month_at - 1, month_at + 1, month_at - 2, month_at + 2) if _is_day(tokens, i, text)]
    if not days:
        return None
    for token in sorted((tokens[i] for i in (year_at, month_at, days[0])), key=lambda t: -t.start()):
        text = _without(text, token)
    return (int(tokens[year_at][0]), month, int(tokens[days[0]][0])), text


def _is_day(tokens: list[re.Match[str]], index: int, text: str) -> bool:
    if not 0 <= index < len(tokens):
        return False
    token = tokens[index]
    if not token[0].isdigit() or not 1 <= int(token[0]) <= 31 or len(token[0]) > 2:
        return False
    return text[token.end() : token.end() + 1] != ":" and text[token.start() - 1 : token.start()] != ":"


def _month(word: str, languages: tuple[str, ...]) -> int:
    if word.isdigit():
        return 0
    word = fold(word).strip(".")
    for table in (*(_MONTHS.get(code, {}) for code in languages), *_OTHERS):
        number = table.get(word)
        if number:
            return number
    if len(word) < 3:
        return 0
    for table in (*(_MONTHS.get(code, {}) for code in languages), *_OTHERS):
        for name, number in table.items():
            if name.startswith(word) or (len(name) > 3 and word.startswith(name)):
                return number
    return 0


def _clock(text: str) -> tuple[int, int, int, str]:
    found = _CLOCK.search(text) or _DOTTED.search(text) or _WORDED.search(text)
    if not found:
        return 0, 0, 0, text
    groups = found.groups() + (None, None)
    hour, minute, second = (int(groups[i] or 0) for i in range(3))
    behind, before = text[found.end() : found.end() + 12], text[max(0, found.start() - 8) : found.start()]
    if hour <= 12 and (_PM_BEHIND.match(behind) or _PM_BEFORE.search(before)):
        hour = hour % 12 + 12
    elif hour == 12 and (_AM_BEHIND.match(behind) or _AM_BEFORE.search(before)):
        hour = 0
    return hour % 24, minute, second, text[found.end() :]


def _zone(text: str) -> timezone:
    found = _OFFSET.search(text)
    if found:
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        if minutes <= 14 * 60:
            return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
    for token in _TOKEN.finditer(text):
        if token[0] in ZONES:
            return timezone(timedelta(hours=ZONES[token[0]]))
    return UTC
