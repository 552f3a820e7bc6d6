"""Writing, made comparable: one form for full-width and invisible characters, lookalike letters, traditional hanzi.

`folded` keeps the script, `pinyin_syllables` gives hanzi their pinyin, `sounded` brings any script to Latin letters.
Sources: Unicode UAX 15 (NFKC), UTS 39 (lookalikes, the part of it that company names meet); pinyin: pypinyin;
traditional to simplified: OpenCC; other scripts: AnyAscii.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from types import ModuleType
from typing import Final

import opencc
from anyascii import anyascii

from lodeline.party.tables import rows_of

#: No name of a firm is longer; what comes after is not read, and said (`faults`).
MOST_CHARACTERS: Final = 400

#: How many words' sounds are kept at hand.
_KEPT: Final = 50_000
HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_CJK: Final = re.compile(r"[\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\U00020000-\U0003134f]")
_ALL_CJK: Final = re.compile(f"(?:{_CJK.pattern})*")
_NO_WORD: Final = re.compile(r"[^\w\s()]|_")
_NO_LETTER: Final = re.compile(r"[^a-z0-9]")
_BLANKS: Final = re.compile(r"\s+")
#: Format marks, controls, private use, unassigned.
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Co", "Cn"})
#: Hanzi that are simplified in some words alone, as 沈 in 沈思.
_TURNING: Final = "沈藉瞭覆著么麽於夥徵昇"
_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’‘`´ʼ·"))
#: What says that a name is written as in Japan: its form of a company, or kana.
_IN_JAPAN: Final = re.compile(r"会社|[\u3041-\u30fa]")
#: Characters of the mainland that are others in Japan: 芸 is rue here, and art there.
_OTHERS_IN_JAPAN: Final = str.maketrans("浜芸糸缶", "滨艺丝罐")
#: Japanese characters for whose traditional ones OpenCC knows no simplified one.
_SIMPLIFIED_OTHERWISE: Final = str.maketrans("鉱渋闘挙戸郷呉", "矿涩斗举户乡吴")
#: Letters that NFKD does not part, as they are written where there is no key for them.
_UNPARTED: Final = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


def is_cjk(character: str) -> bool:
    """Whether it is written without blanks between words: hanzi, kana, hangul."""
    return character > "~" and _CJK.match(character) is not None


def all_cjk(text: str) -> bool:
    """Whether all of it is."""
    return _ALL_CJK.fullmatch(text) is not None


def faults(text: str) -> tuple[str, ...]:
    """What is wrong with a name as filed: codes, in order; none for most.

    `name.empty`, `name.too-long`, `name.invisible-characters` (zero-width, direction marks, controls),
    `name.lookalike-letters` (a word of two alphabets).
    """
    found = []
    if not text.strip():
        found.append("name.empty")
    if len(text) > MOST_CHARACTERS:
        found.append("name.too-long")
    if any(not one.isspace() and unicodedata.category(one) in _INVISIBLE for one in text):
        found.append("name.invisible-characters")
    if any(_mixed(word) for word in unicodedata.normalize("NFKC", text[:MOST_CHARACTERS]).split()):
        found.append("name.lookalike-letters")
    return tuple(found)


def folded(text: str) -> str:
    """Lower case, simplified hanzi, no accents, no invisible characters; words parted by one blank, brackets kept."""
    text = text[:MOST_CHARACTERS]
    if _IN_JAPAN.search(text):
        text = text.translate(_OTHERS_IN_JAPAN)
    if not text.isascii() and not _plain().issuperset(text):
        text = "".join(map(_visible, unicodedata.normalize("NFKC", text)))
        text = " ".join(_unmixed(word) for word in text.split())
        text = simplified(text.casefold()).translate(_UNPARTED)
        text = "".join(map(_unaccented, text))
    text = text.lower().translate(_APOSTROPHES)
    text = _NO_WORD.sub(" ", text.replace("&", " and ").replace("(", " ( ").replace(")", " ) "))
    return _BLANKS.sub(" ", text).strip()


@cache
def _plain() -> frozenset[str]:
    """Characters that folding leaves as they are: hanzi of the mainland, and ASCII, which is folded by itself."""
    hanzi = frozenset(map(chr, range(0x4E00, 0xA000))) - traditional_letters()
    return hanzi.difference(_TURNING) | frozenset(map(chr, range(0x20, 0x7F)))


@cache
def _visible(character: str) -> str:
    return character if character.isspace() or unicodedata.category(character) not in _INVISIBLE else ""


@cache
def _unaccented(character: str) -> str:
    # Kana and hangul would fall apart into their parts.
    if is_cjk(character):
        return character
    parted = unicodedata.normalize("NFKD", character)
    return "".join(one for one in parted if not unicodedata.combining(one))


def simplified(text: str) -> str:
    """Traditional and Japanese characters as the simplified ones: 澤 and 沢 are 泽."""
    plain: str = _opencc("t2s").convert(text.translate(_of_japan()))
    return plain


@cache
def _opencc(way: str) -> opencc.OpenCC:
    return opencc.OpenCC(way)


@cache
def _of_japan() -> dict[int, int]:
    """Characters that only Japan writes so → the simplified ones."""
    found = dict(_SIMPLIFIED_OTHERWISE)
    for one in map(chr, range(0x4E00, 0xA000)):
        if not _is_common(one) and _opencc("t2s").convert(one) == one:
            plain = _opencc("t2s").convert(_opencc("jp2t").convert(one))
            found |= {ord(one): ord(plain)} if plain != one and _is_common(plain) else {}
    return found


def _is_common(character: str) -> bool:
    """Whether it is one of those that names in the mainland are written with (GB 2312)."""
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False


@cache
def traditional_letters() -> frozenset[str]:
    """Characters that are not written in the mainland, where a simplified one stands for them."""
    return frozenset(one for one in map(chr, range(0x4E00, 0xA000)) if simplified(one) != one)


@cache
def _lookalikes() -> dict[int, str]:
    rows = rows_of("lookalikes.csv")
    lower = {ord(one): row["letter"] for row in rows for one in row["lookalikes"]}
    # The capital of a dotless i is the Latin I itself.
    upper = {
        ord(capital): letter.upper()
        for one, letter in lower.items()
        if len(capital := chr(one).upper()) == 1 and not capital.isascii()
    }
    return {**upper, **lower}


def _mixed(word: str) -> bool:
    """Whether Latin letters and letters that only look Latin stand in one word."""
    alike = _lookalikes()
    return any("a" <= one.lower() <= "z" for one in word) and any(ord(one) in alike for one in word)


def _unmixed(word: str) -> str:
    return word.translate(_lookalikes()) if _mixed(word) else word


@cache
def _pypinyin() -> ModuleType:
    """Its dictionaries take 50 MB: only a process that reads hanzi aloud holds them."""
    import pypinyin.constants  # noqa: PLC0415

    return pypinyin


@lru_cache(maxsize=_KEPT)
def pinyin_syllables(hanzi: str) -> tuple[str, ...]:
    """Pinyin syllables of simplified hanzi, without tones, ü as v; by phrase, so 重庆 is chong qing."""
    size, spoken = len(hanzi), _pypinyin()
    phrases = spoken.constants.PHRASES_DICT
    # A brand is seldom a word: then each of its hanzi is read as it mostly is, which is what pypinyin says as well.
    if not any(hanzi[at:end] in phrases for at in range(size) for end in range(at + 2, size + 1)):
        alone = [_read_alone(one) for one in hanzi]
        if all(alone):
            return tuple(alone)
    return tuple(spoken.lazy_pinyin(hanzi, style=spoken.Style.NORMAL, errors=lambda text: anyascii(text).lower()))


@cache
def _read_alone(character: str) -> str:
    """How one of the hanzi is mostly read; empty for what is none."""
    found = _pypinyin().lazy_pinyin(character, style=_pypinyin().Style.NORMAL, errors="ignore")
    return found[0] if found else ""


@cache
def readings(character: str) -> tuple[str, ...]:
    """Every syllable that one of the hanzi may be read as."""
    return tuple(sorted(set(_pypinyin().pinyin(character, style=_pypinyin().Style.NORMAL, heteronym=True)[0])))


@cache
def syllables() -> frozenset[str]:
    """Every syllable of Mandarin, without tones."""
    every = {
        _toneless(reading)
        for readings_ in _pypinyin().constants.PINYIN_DICT.values()
        for reading in readings_.split(",")
    }  # fmt: skip
    return frozenset(one for one in every if one.isalpha() and one.isascii() and (len(one) > 1 or one in "aeo"))


def _toneless(reading: str) -> str:
    # ǜ falls apart into u, two dots and the tone: the dots are kept, as the v that is written for them.
    parted = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(one for one in parted if not unicodedata.combining(one)).lower()


@lru_cache(maxsize=_KEPT)
def sounded(text: str) -> str:
    """Latin letters for a word of another alphabet; of hanzi their pinyin, joined."""
    if text.isascii() and text.isalnum():
        return text.lower()
    return _NO_LETTER.sub("", anyascii(text).lower())


@lru_cache(maxsize=100_000)
def as_syllables(sound: str) -> tuple[str, ...] | None:
    """The word as syllables of Mandarin, fewest first; none if it is not Mandarin in pinyin.

    "zhengan" is zhen-gan or zheng-an: the longer first syllable is taken, as a reader does. "Seagate" is none.
    """
    best: list[tuple[str, ...] | None] = [None] * (len(sound) + 1)
    best[len(sound)] = ()
    known = syllables()
    for start in range(len(sound) - 1, -1, -1):
        for end in range(min(len(sound), start + 6), start, -1):
            rest = best[end]
            # No name has an "a" for a syllable, but it may begin with an e: "emei".
            if rest is not None and sound[start:end] in known and (end - start > 1 or start == 0):
                kept = best[start]
                if kept is None or len(rest) + 1 < len(kept):
                    best[start] = (sound[start:end], *rest)
    return best[0]
