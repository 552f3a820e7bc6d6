"""Numbers in a name, however they are written: 二厂, 2号厂, "Er Chang", "Plant II", "the Second"."""

from __future__ import annotations

import re
from typing import Final

_CHINESE: Final = "一二三四五六七八九"
_READ: Final = ("yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu")
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth")
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")
#: Roman numerals that are letters or words of their own elsewhere: they count at the end of a name alone.
_ROMAN_AT_END: Final = frozenset({"i", "v", "vi", "x"})
#: What counts the works of a firm in hanzi; in pinyin at the end of a name.
_WORKS: Final = re.compile(r"第?([一二三四五六七八九十]+|[0-9]+)号?(?=分?厂|分公司|车间)")
_WORKS_READ: Final = re.compile(r"\b(?:di )?(yi|er|san|si|wu|liu|qi|ba|jiu) (?=(?:fen )?chang$)")
_OTHERS: Final = re.compile(r"第?([一二三四五六七八九十]+)(?=厂|矿|公司|研究所)|第([一二三四五六七八九十]+)")


def counted_works(whole: str, *, spelt: bool) -> tuple[str, frozenset[str]]:
    """A folded name without what counts its works, and the numbers; `spelt`: whether it is in pinyin."""
    pattern = _WORKS_READ if spelt else _WORKS
    numbers = frozenset(map(figure, pattern.findall(whole)))
    return (pattern.sub("", whole) if numbers else whole), numbers


def counted(text: str) -> tuple[str, frozenset[str]]:
    """A piece of a name in hanzi without what counts something else, and the numbers: 第五稀土."""
    return _OTHERS.sub("", text), frozenset(figure(one or other) for one, other in _OTHERS.findall(text))


def figure(numeral: str) -> str:
    """A numeral in figures: 十二 is 12, "007" 7."""
    if numeral.isdecimal():
        return numeral.lstrip("0") or "0"
    if numeral in _READ:
        return str(_READ.index(numeral) + 1)
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return "".join(str(_CHINESE.index(one) + 1) for one in numeral)
    return str(10 * (_CHINESE.find(tens[-1:]) + 1 if tens else 1) + (_CHINESE.index(ones[-1]) + 1 if ones else 0))


def ordinal(word: str) -> str:
    """The number of an English ordinal; empty for other words."""
    return str(_ORDINALS.index(word) + 1) if word in _ORDINALS else ""


def is_roman(word: str) -> bool:
    """Whether a word may be a Roman numeral."""
    return word in _ROMAN


def roman(word: str, *, at_end: bool) -> str:
    """The number of a Roman numeral behind what it counts, which may stand at the end of its name; empty for others."""
    return str(_ROMAN.index(word) + 1) if word in _ROMAN and (at_end or word not in _ROMAN_AT_END) else ""
