"""Makes `src/lodeline/data/party/characters.csv` of the Unihan database: how hanzi are read abroad, and what they mean.

    python benchmarks/names/characters.py Unihan_Readings.txt

The file is part of the Unicode Character Database (Unihan.zip; Debian's package unicode-data has it). Taken are the
characters of GB 2312, which is what names of firms are written with, and of their readings only the first ones;
readings and meanings of the traditional character stand for the simplified one that lacks them. Of the definitions,
single English words are kept: a gloss that takes a sentence names no firm.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import Final

import opencc
from anyascii import anyascii

TABLE: Final = Path(__file__).parents[2] / "src/lodeline/data/party/characters.csv"
READINGS: Final = 2
MEANINGS: Final = 5
NATIVE: Final = 4
#: Kana that a verb ends in: names are made of nouns and of what adjectives begin with.
_VERB: Final = "うくぐすつぬぶむる"
_HIRAGANA: Final = re.compile(r"[\u3041-\u3096]+")
#: What a definition says about a character instead of what it means.
_NOTES: Final = re.compile(r"\([^)]*\)|\b(a|an|the|to|of|be)\s+")
_WORD: Final = re.compile(r"[a-z]{2,14}")
_NO_GLOSS: Final = frozenset(
    {"surname", "variant", "radical", "same", "used", "simplified", "in", "or", "and", "not", "as", "no", "its", "this"}
)


def main() -> int:
    """Writes the table anew from the file that is named; the exit status."""
    facts: dict[str, dict[str, str]] = defaultdict(dict)
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        if line.startswith("U+"):
            code, name, value = line.split("\t")
            facts[chr(int(code[2:], 16))][name] = value
    traditional = opencc.OpenCC("s2t")
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("han", "cantonese", "hangul", "japanese", "native", "vietnamese", "english"))
        for han in common():
            # A simplified character may have readings of a rare one that looks the same: the traditional goes first.
            told = {**facts[han], **facts[traditional.convert(han)]}
            readings = (
                several(re.sub(r"\d", "", told.get("kCantonese", ""))), several(re.sub(r":\w*", "", hangul(told))),
                several(told.get("kJapaneseOn", "").lower()), native(told.get("kJapanese", "")),
                several(told.get("kVietnamese", "")),
            )  # fmt: skip
            senses = glosses(f"{told.get('kDefinition', '')};{facts[han].get('kDefinition', '')}")
            if any(readings) or senses:
                writer.writerow((han, *readings, "|".join(senses)))
    print(TABLE)
    return 0


def common() -> list[str]:
    """The hanzi of GB 2312-80, both levels, in its order."""
    rows = [bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    return [one for row in rows for one in row.decode("gb2312", errors="ignore")]


def hangul(told: dict[str, str]) -> str:
    """Korean readings; those of a character that may begin a name otherwise than it goes on stand beside each other."""
    return told.get("kHangul", "")


def native(text: str) -> str:
    """The Japanese words that the character is read as in names of persons and places, in Latin letters: 山 is yama."""
    found = []
    for kana in text.split():
        if not _HIRAGANA.fullmatch(kana):
            continue
        stem = kana[:-1] if kana.endswith("い") and len(kana) > 2 else kana
        if len(stem) <= NATIVE and not (len(stem) > 2 and stem[-1] in _VERB):
            found.append(anyascii(stem))
    return "|".join(list(dict.fromkeys(found))[:NATIVE])


def several(text: str) -> str:
    """The first readings, parted by a bar."""
    return "|".join(list(dict.fromkeys(unicodedata.normalize("NFC", text).split()))[:READINGS])


def glosses(definition: str) -> list[str]:
    """Single words among the senses of a definition, in order."""
    senses = [_NOTES.sub("", sense.strip().lower()).strip() for sense in re.split(r"[;,]", definition)]
    words = [sense for sense in senses if _WORD.fullmatch(sense) and sense not in _NO_GLOSS]
    return list(dict.fromkeys(words))[:MEANINGS]


if __name__ == "__main__":
    sys.exit(main())
