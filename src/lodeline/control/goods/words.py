"""What the words of a declaration say: which goods they name, which parts those have, which elements, which grade.

The goods are what a name ends in, before it says what they hold or what they are for: "magnets for motors" and
电机用磁钢 are magnets, "motor with magnets" and 永磁电机 are motors. The words stand in
`data/reference/goods_words.csv`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from lodeline.material.element import CHEMICAL_NAMES, ELEMENTS, RARE_EARTHS
from lodeline.party.script import simplified
from lodeline.tables import table_rows

#: What the head of a name can be; the other words qualify it.
_HEADS = frozenset(
    {
        "ndfeb", "smco", "other-magnet", "magnet", "target", "oxide", "compound", "alloy", "metal", "ore", "assembly",
        "worked",
    }
)  # fmt: skip
_PROCESSED = frozenset({"assembly", "worked"})
_MATERIALS = frozenset({"metal", "alloy", "target", "oxide", "compound"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a text says.

    `means`: all of `goods_words.csv` that it mentions; `heads`: of these, what the goods are; `kinds`: which kinds of
    deeply processed goods the heads are; `is_bare`: whether it says nothing beside what `means` tells; `others`: which
    magnets without rare earths it mentions; `parts`: what the goods are said to hold; `elements` that it names, but for
    those that it denies; `denied`: these, and all heavy rare earths where it says that there are none.
    """

    means: frozenset[str]
    heads: frozenset[str]
    kinds: tuple[str, ...]
    is_bare: bool
    others: frozenset[str]
    parts: frozenset[str]
    elements: frozenset[str]
    denied: frozenset[str] = frozenset()


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a reference table."""
    return table_rows(f"reference/{table}.csv")


#: Where a word begins or ends, also of Latin letters and figures next to hanzi, kana or hangul: 萃取剂P507. A class
#: that left those scripts out would be shorter, and takes a hundred times as long to compile.
_LETTER = r"[0-9A-Za-z_\xc0-\xff]"
_BORDER = rf"(?:\b|(?<!{_LETTER})(?={_LETTER})|(?<={_LETTER})(?!{_LETTER}))"


def pattern_of(text: str) -> re.Pattern[str]:
    """A pattern of a table of words, whose `\\b` is a border next to any script written without spaces as well."""
    return re.compile(text.replace(r"\b", _BORDER))


@cache
def _patterns(*, of_ascii: bool) -> dict[tuple[str, str], re.Pattern[str]]:
    """(what words mean, kind of goods) → one pattern of all that mean it.

    `of_ascii`: for texts of ASCII alone, in which every border is one of words and other scripts say nothing.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows("goods_words"):
        if not of_ascii or re.search(r"[a-z]", row["pattern"]):
            found.setdefault((row["means"], row["kind"]), []).append(row["pattern"])
    made = re.compile if of_ascii else pattern_of
    return {key: made("|".join(f"(?:{one})" for one in patterns)) for key, patterns in found.items()}


@cache
def _grade_pattern() -> re.Pattern[str]:
    """A grade such as N45SH whose letters suggest heavy rare earths; without its N only if the letters are two."""
    heavy = sorted((row["suffix"] for row in rows("magnet_grades") if row["suggests_heavy"] == "yes"), key=len)
    pairs = "|".join(suffix for suffix in heavy if len(suffix) > 1)
    return re.compile(
        rf"(?<![A-Za-z0-9])(?:N[-\s]?[2-5][0-9](?:{'|'.join(heavy[::-1])})|[2-5][0-9](?:{pairs}))(?![A-Za-z0-9])"
    )


@lru_cache(maxsize=65_536)
def read_grade(text: str) -> str | None:
    """The first grade in a text whose letters suggest heavy rare earths."""
    match = _grade_pattern().search(unicodedata.normalize("NFKC", text))
    return match[0] if match else None


@cache
def _low_grade_pattern() -> re.Pattern[str]:
    low = "|".join(row["suffix"] for row in rows("magnet_grades") if row["suggests_heavy"] != "yes")
    return re.compile(rf"N[-\s]?[2-5][0-9](?:{low})?")


def is_low_grade(name: str) -> bool:
    """Whether a name is a grade of NdFeB, as N42 or N45M, whose letters suggest no heavy rare earth."""
    return _low_grade_pattern().fullmatch(unicodedata.normalize("NFKC", name).strip().upper()) is not None


#: A figure that stands by itself: a size, a count, a number of a series. No pattern of goods begins with a figure.
_FIGURE = re.compile(r"(?:^|(?<=[ ,;:()/]))[0-9]+", re.ASCII)


def read_words(text: str) -> Words:
    """What the words of a text mean, in English and Chinese."""
    # Names that differ in figures alone mean the same, and are read once; the length stays, for denials are looked for
    # within so many characters.
    return _read_words(_FIGURE.sub(lambda figure: "0" * len(figure[0]), text))


@lru_cache(maxsize=65_536)
def _read_words(text: str) -> Words:
    # Characters of no width part a word for a program and not for a reader.
    shown = text if text.isascii() else "".join(one for one in text if unicodedata.category(one) != "Cf")
    plain = unicodedata.normalize("NFKC", shown)
    if not plain.isascii():
        plain = _SPACED.sub(lambda match: re.sub(r"\s+", "", match[0]), simplified(plain))
    folded = plain.lower()
    found = [key for key, pattern in _patterns(of_ascii=folded.isascii()).items() if pattern.search(folded)]
    means = frozenset(what for what, _ in found)
    met = {
        symbol: [_is_denied(plain, match) for match in pattern.finditer(plain)]
        for symbol, pattern in _possible_elements(plain)
    }
    elements = {symbol for symbol, denials in met.items() if not all(denials)}
    denied = {symbol for symbol, denials in met.items() if denials and all(denials)}
    if _NO_HEAVY.search(folded):
        denied |= HEAVY - elements
    heads, parts = _heads(folded) if means & _HEADS else ((), frozenset())
    return Words(
        means=means,
        heads=frozenset(what for what, _ in heads),
        kinds=tuple(dict.fromkeys(kind for what, kind in heads if what in _PROCESSED)),
        is_bare=_is_bare(folded),
        others=frozenset(kind for what, kind in found if what == "other-magnet"),
        parts=parts,
        elements=frozenset(elements),
        denied=frozenset(denied),
    )


# The head of a name.

#: A space beside hanzi parts a name from its figures, and the same name in another language.
_HANZI = r"\u3400-\u9fff"
_SEGMENT = re.compile(
    rf"(?<![a-z]):|:(?![a-z])|[,;|()\[\]{{}}+【】、。\n]+|\s[-–—/]\s|(?<=[{_HANZI}])\s+|\s+(?=[{_HANZI}])"
)
#: Hanzi that stand one by one are one word.
_SPACED = re.compile(rf"(?<![{_HANZI}])(?:[{_HANZI}]\s+){{2,}}[{_HANZI}](?![{_HANZI}])")
_AND = re.compile(r"\band\b|&|和|及|与")
#: "with" and "for": what the goods hold, and what they are for, is not what they are.
_HOLDING = re.compile(
    r"\b(?:with|containing|contains|having|incl(?:uding|\.)?|comprising|w/)(?![a-z])|内含|内置|附带|(?<![不未无])含有?|(?<![甩凝磁胶皮])带有?|配有?"
)
_PURPOSE = re.compile(r"\b(?:for|to|used|suitable|in|on|from|by)\b|适用于|应用于|用于|供")
_OF = re.compile(r"\bof\b")
#: A word before "用" names what the goods are for, not the goods: 汽车电机用磁钢.
_FOR_USE = re.compile(rf"[{_HANZI}]{{0,6}}?用(?![电途品具户])")

Head = tuple[str, str]


def _heads(folded: str) -> tuple[tuple[Head, ...], frozenset[str]]:
    """What a name says the goods are, in its first segment that says so, and what it says they hold."""
    found: tuple[Head, ...] = ()
    parts: frozenset[str] = frozenset()
    for segment in _SEGMENT.split(folded):
        heads, held = _heads_of_segment(segment)
        if not found and heads:
            found = heads
        elif heads:
            held = held | {what for what, _ in heads}
        parts |= held
    return found, parts


def _heads_of_segment(segment: str) -> tuple[tuple[Head, ...], frozenset[str]]:
    named, *held = _cut(segment, _HOLDING)
    named = _cut(named, _PURPOSE)[0]
    parts = frozenset(what for text in held for (what, _), _ in _spans(text))
    for text in _cut(named, _OF):
        found = tuple(dict.fromkeys(head for one in _AND.split(text) for head in _heads_of_phrase(one)))
        if found:
            return found, parts
    return (), parts


def _cut(text: str, at: re.Pattern[str]) -> list[str]:
    """The parts of a text between words; one that begins with such a word, as 含镝磁体, is not cut there."""
    first, *rest = at.split(text)
    return [first, *rest] if first.strip() else ([" ".join(rest)] if rest else [text])


def _heads_of_phrase(text: str) -> tuple[Head, ...]:
    """The word for goods in which a text ends, of several that end together the longest; "metal target" is both."""
    spans = sorted(_spans(text), key=lambda one: (one[1].end(), one[0][1] != "apparatus", len(one[1][0])))
    if not spans:
        return ()
    last = spans[-1][0]
    return tuple(head for head, _ in spans if head[0] in _MATERIALS) if last[0] in _MATERIALS else (last,)


def _is_bare(folded: str) -> bool:
    """Whether no word is left of a name without its words for goods: 传感器 sensor 480 kg."""
    for pattern in _patterns(of_ascii=folded.isascii()).values():
        folded = pattern.sub(" ", folded)
    return not re.search(rf"[a-z]{{3}}|[{_HANZI}]", folded)


def _spans(text: str) -> Iterator[tuple[Head, re.Match[str]]]:
    for head, pattern in _patterns(of_ascii=text.isascii()).items():
        if head[0] in _HEADS:
            for match in pattern.finditer(text):
                if head[0] not in _PROCESSED or not _FOR_USE.match(text, match.end()):
                    yield head, match


# Elements.


#: Scandia is a land, Lutetia a town, Erbia a butterfly, Europa a continent before they are oxides.
_OTHERWISE = frozenset({"Sc", "Lu", "Er", "Eu"})
#: 钐 is samarium, and a scythe (钐刀, 钐镰); 镝 is dysprosium, and of old an arrowhead (鸣镝, 锋镝).
_HANZI_OF = {"Sm": "钐(?![刀镰])", "Dy": "(?<![鸣锋])镝"}


@cache
def _element_patterns() -> dict[str, re.Pattern[str]]:
    """Element → how its name, Chinese name, symbol of two letters or oxide formula stands in a text."""
    found = {}
    called = [ELEMENTS[symbol].name_en.lower() for symbol in RARE_EARTHS]
    for symbol in RARE_EARTHS:
        element = ELEMENTS[symbol]
        name = element.name_en.lower()
        # Ytterbium holds the name of terbium, and both that of erbium: behind a letter it is the longer one.
        is_held = any(name in other for other in called if other != name)
        names = [rf"(?i:(?<![a-z]){name})" if is_held else rf"(?i:{name})", _HANZI_OF.get(symbol, element.name_zh)]
        if symbol not in _OTHERWISE:
            # Its oxide, as ceramics call it: yttria.
            names.append(rf"(?i:(?<![a-z]){name.removesuffix('um')}a(?![a-z]))")
        if element.oxide:
            names.append(rf"(?<![A-Za-z]){element.oxide}")
        if len(symbol) == 2:
            # Case matters: "Er" and "Ho" are symbols, "er" and "ho" are not. NdFeB and SmCo are words of their own.
            names.append(rf"(?<![A-Z]){symbol}(?![a-z])")
        names += [f"(?i:{row})" for row in _foreign_names().get(symbol, ())]
        found[symbol] = pattern_of("|".join(names))
    return found


@cache
def _foreign_names() -> dict[str, list[str]]:
    """Element → what it is called in the languages of `element_words.csv`."""
    found: dict[str, list[str]] = {}
    for row in rows("element_words"):
        found.setdefault(row["element"], []).append(row["pattern"])
    return found


@cache
def _any_element() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern.pattern})" for pattern in _element_patterns().values()))


@lru_cache(maxsize=65_536)
def read_other_elements(text: str, symbols: frozenset[str]) -> frozenset[str]:
    """Those of some elements, beyond the rare earths, that a text names in words and does not deny: gallium, 镓.

    Symbols are not looked for: In, As and Be are words, and no list of forms knows their formulae.
    """
    plain = simplified(unicodedata.normalize("NFKC", text))
    return frozenset(
        symbol
        for symbol in symbols
        if any(not _is_denied(plain, match) for match in _other_element(symbol).finditer(plain))
    )


@cache
def _other_element(symbol: str) -> re.Pattern[str]:
    name_en, name_zh = CHEMICAL_NAMES[symbol]
    return re.compile(rf"(?i:\b{name_en}\b)|{name_zh}")


#: What grades are made without: 无重稀土, heavy-rare-earth-free, HREE free.
HEAVY = frozenset({"Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Y"})
_NO_HEAVY = re.compile(
    r"(?:无|不含|未添加)重稀土|(?:heavy[\s-]*rare[\s-]*earths?|hree?)[\s-]*free"
    r"|(?:no|without|free of) (?:heavy rare|hree?\b)"
)
_NEXT = r"(?:or|and|nor|,|/|、|和|或|及|与)"
#: "without dysprosium or", "不含镝、" before an element; "/Tb-free" behind it.
_NEGATED_BEFORE = re.compile(
    r"(?i)(?:without|free of|free from|\bno|\bnon|zero|not contain(?:ing)?|不含有?|无|未添加|不添加|零)[\s-]*"
    rf"(?:(?:[a-z]{{1,12}}|[\u3400-\u9fff])\s*{_NEXT}\s*|[镧铈镨钕钷钐铕钆铽镝钬铒铥镱镥钪钇]){{0,4}}$"
)
_NEGATED_AFTER = re.compile(
    rf"(?i)^(?:\s*{_NEXT}\s*[a-z]{{1,12}}){{0,4}}[\s-]*(?:(?:free|nil|none|not detected)\b|未检出)"
)


def _possible_elements(plain: str) -> Iterable[tuple[str, re.Pattern[str]]]:
    """The elements that a text may name; most name none, and one look tells."""
    if not _any_element().search(plain):
        return ()
    return [one for one in _element_patterns().items() if one[1].search(plain)]


def _is_denied(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 60) : match.start()], text[match.end() : match.end() + 60]
    return bool(_NEGATED_BEFORE.search(before) or _NEGATED_AFTER.search(after))
