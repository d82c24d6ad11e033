"""
Octets to characters, whatever their sender called them (RFC 2046 4.1.2; RFC 2047 section 2).

The ladder is: UTF-8 when the octets are valid UTF-8, then the declared charset, then a guess over a
bounded sample, then windows-1252, which reads anything. Only real text codecs are reachable: names
are looked up in a table of our own and never given to Python's codec registry, which would import
modules and offers rot13, hex and zlib.
"""

from __future__ import annotations

import encodings.aliases
import re

from charset_normalizer import from_bytes

_ESC = b"\x1b"
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\x1b") + b"\x7f"
_UNSAFE_IN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]+")
_UNSAFE_IN_LINE = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # marks that change the direction of text

_SINGLE_OCTET = frozenset(
    "ascii latin_1 koi8_r koi8_u koi8_t kz1048 ptcp154 hp_roman8 mac_roman mac_cyrillic mac_greek "
    "mac_latin2 mac_iceland mac_turkish cp437 cp720 cp737 cp775 cp850 cp852 cp855 cp857 cp858 "
    "cp860 cp861 cp862 cp863 cp864 cp865 cp866 cp869 cp1006 cp1125".split()
    + [f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)]
    + [f"cp{n}" for n in range(1250, 1259)]
)
# Octet pairs of these can be valid UTF-8 by accident, so UTF-8 has to prove itself (see `decode`).
_DENSE = frozenset(
    "big5 big5hkscs cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk "
    "johab shift_jis shift_jis_2004 shift_jisx0213 tis_620 iso8859_11 cp874".split()
)
# ASCII octets mean other characters in these.
_STATEFUL = frozenset(
    "utf_7 hz iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext "
    "iso2022_kr".split()
)
_WIDE = frozenset("utf_16 utf_16_be utf_16_le utf_32 utf_32_be utf_32_le".split())
_UNICODE = frozenset(("utf_8", "utf_8_sig"))
_TEXT_CODECS = _SINGLE_OCTET | _DENSE | _STATEFUL | _WIDE | _UNICODE

# What senders of 8-bit octets under the name of a 7-bit charset mean.
_EIGHT_BIT = {
    "iso2022_jp_ext": ("euc_jp", "cp932"),
    "iso2022_kr": ("cp949",),
    "hz": ("gb18030",),
}
# A charset's name usually stands for the larger set that its senders really use.
_WIDER = {
    "ascii": "cp1252",
    "latin_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
    "iso2022_jp": "iso2022_jp_ext",
    "iso2022_jp_1": "iso2022_jp_ext",
    "utf_8_sig": "utf_8",
}
_OWN_ALIASES = {
    "macintosh": "mac_roman",
    "x_sjis": "cp932",
    "windows_31j": "cp932",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "unicode": "utf_16",
    "x_gbk": "gb18030",
    "ansi": "cp1252",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "x_user_defined": "cp1252",
    "x_mac_cyrillic": "mac_cyrillic",
    "x_mac_roman": "mac_roman",
    "x_mac_greek": "mac_greek",
    "x_mac_turkish": "mac_turkish",
    "x_mac_ce": "mac_latin2",
    "unicode_1_1_utf_7": "utf_7",
    "x_unicode_2_0_utf_7": "utf_7",
    "x_euc_jp": "euc_jp",
    "x_big5": "cp950",
    "big5_eten": "cp950",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "utf8mb4": "utf_8",
    "dos_874": "cp874",
}


def _name_table() -> dict[str, str]:
    table = {name: name for name in _TEXT_CODECS}
    known = encodings.aliases.aliases.items()
    table |= {alias: target for alias, target in known if target in _TEXT_CODECS}
    table.update(_OWN_ALIASES)
    return {name: _WIDER.get(codec, codec) for name, codec in table.items()}


_CODECS = _name_table()
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_NUMBERED = re.compile(r"(?:x_)?(windows|win|cp|ms|ibm|dos|iso_8859|iso8859|8859|iso)_?(\d{1,5})")


def codec_of(charset: str) -> str:
    """Python's name of the text codec for a charset name in mail; `""` when there is none."""
    codec = _CODECS.get(charset)
    if codec is not None or not charset:
        return codec or ""
    if len(charset) > 64:
        return ""
    name = _SEPARATORS.sub("_", charset.lower().split("*")[0]).strip("_")
    codec = _CODECS.get(name) or _CODECS.get(name.replace("_", ""))
    if codec is None and (numbered := _NUMBERED.match(name)):
        family = "iso8859_" if "8859" in numbered[1] else "cp"
        codec = _CODECS.get(family + numbered[2]) or _CODECS.get("iso8859_" + numbered[2][4:])
    return codec or ""


def decode(data: bytes, charset: str = "") -> str:
    """The characters of `data`; never raises. May hold control characters: see `clean_text`."""
    codec = codec_of(charset)
    if codec in _STATEFUL or codec in _WIDE or _ESC in data or b"\0" in data:
        special = _decode_special(data, codec)
        if special is not None:
            return special
    if codec not in _DENSE:
        try:
            return _utf_8(data)
        except UnicodeDecodeError as fault:
            if codec in _UNICODE and (patched := _patched_utf_8(data, fault)) is not None:
                return patched
    return _decode_other(data, codec)


def _utf_8(data: bytes) -> str:
    text = data.decode("utf-8")
    return text[1:] if text[:1] == "\ufeff" else text


def _patched_utf_8(data: bytes, fault: UnicodeDecodeError) -> str | None:
    """Text that is UTF-8 but for a few octets, as cutting in mid-character leaves; else None."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    high = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return text if broken * 4 <= high or fault.start >= len(data) - 3 else None


def _decode_other(data: bytes, codec: str) -> str:
    """8-bit text that is not UTF-8, or whose declared charset goes before UTF-8."""
    if codec in _DENSE and _proves_utf_8(data):
        return _utf_8(data)
    if codec in _EIGHT_BIT:
        tries = [data.decode(other, "replace") for other in _EIGHT_BIT[codec]]
        return min(tries, key=lambda one: one.count("\ufffd"))
    if codec and codec not in _UNICODE:
        text = data.decode(codec, "replace")
        if codec not in _DENSE or text.count("\ufffd") <= 2 + len(text) // 20:
            return text
        try:
            return _utf_8(data)
        except UnicodeDecodeError:
            return text
    return _guess(data)


def _proves_utf_8(data: bytes) -> bool:
    """Whether so many octets are valid UTF-8 that it cannot be an accident."""
    if len(data) < 24:
        return False
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return len(data) - len(text) >= 8


def _decode_special(data: bytes, codec: str) -> str | None:
    """Charsets in which ASCII octets are not ASCII characters; None when it is none of them."""
    if codec in _WIDE or data.count(0) * 5 >= len(data) * 2 > 4:
        return _decode_wide(data, codec)
    if codec in _STATEFUL:
        text = _japanese(data) if "jp" in codec else data.decode(codec, "replace")
        if "\ufffd" not in text or data.isascii():
            return text
    if b"\x1b$" in data or b"\x1b(" in data:
        if b"\x1b$)C" in data:
            return data.decode("iso2022_kr", "replace")
        text = _japanese(data)
        return text if text.count("\ufffd") * 10 <= len(text) else None
    return None


def _japanese(data: bytes) -> str:
    """ISO-2022-JP; characters beyond JIS X 0208 that mailers put in are read as JIS X 0213."""
    text = data.decode("iso2022_jp_ext", "replace")
    if "\ufffd" not in text:
        return text
    larger = data.replace(b"\x1b$B", b"\x1b$(Q").decode("iso2022_jp_2004", "replace")
    return min(text, larger, key=lambda one: one.count("\ufffd"))


def _decode_wide(data: bytes, codec: str) -> str | None:
    if codec.startswith("utf_32"):
        return data.decode(codec, "replace")
    if codec in ("utf_16_be", "utf_16_le"):
        return data.decode(codec, "replace").lstrip("\ufeff")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf_16", "replace")
    even, odd = data[0:2000:2].count(0), data[1:2000:2].count(0)
    if even == odd and not codec:
        return None
    if codec and not even and not odd and data.isascii():
        return None  # the sender says UTF-16 and means one octet a character
    return data.decode("utf_16_le" if odd > even else "utf_16_be", "replace")


_ENOUGH_TO_GUESS = 10
_GUESSED = ["gb18030", "big5", "cp932", "euc_jp", "cp949", "koi8_r", "cp874"] + [
    f"cp{n}" for n in range(1250, 1258)
]


def _guess(data: bytes) -> str:
    """Undeclared 8-bit text, guessed from a sample around the first high octet."""
    high = next((i for i, c in enumerate(data[:65536]) if c > 127), 0)
    sample = data[max(0, high - 200) : high + 1500]
    rare = sample.translate(None, bytes(range(128)))
    if len(rare) >= _ENOUGH_TO_GUESS and len(rare) * 4 >= len(sample.translate(None, b"\r\n \t")):
        best = from_bytes(sample, steps=3, chunk_size=256, cp_isolation=_GUESSED).best()
        codec = codec_of(best.encoding) if best is not None else ""
        if codec and codec not in _WIDE:
            return data.decode(codec, "replace")
    return data.decode("cp1252", "replace")


def decode_text(data: bytes, charset: str = "") -> str:
    """The text of a body: line ends are `\\n`, no control characters but `\\n` and `\\t`."""
    if b"\r" in data and b"\0" not in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _ESC in data or b"\0" in data or codec_of(charset) in _STATEFUL | _WIDE:
        return clean_text(decode(data, charset))
    return decode(data.translate(None, _CONTROLS), charset)


def clean_text(text: str) -> str:
    """Text of several lines without control characters and lone surrogates."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSAFE_IN_TEXT.sub("", text)


def clean_line(text: str) -> str:
    """One line: controls, line ends and lone surrogates become single spaces, bidi marks go."""
    if text.isprintable():
        return text.strip()
    return _UNSAFE_IN_LINE.sub(" ", _TURNING.sub("", text)).strip()
