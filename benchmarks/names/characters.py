"""Makes `src/lodeline/data/party/characters.csv` of the Unihan database: what hanzi mean in English.

    python benchmarks/names/characters.py Unihan_Readings.txt

The file is part of the Unicode Character Database (Unihan.zip; Debian's package unicode-data has it). Taken are the
characters of GB 2312, which is what names of firms are written with; the meaning of the traditional character goes
before that of the simplified one. Of the definitions, single English words are kept: a gloss that takes a sentence
names no firm.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

import opencc

TABLE: Final = Path(__file__).parents[2] / "src/lodeline/data/party/characters.csv"
MEANINGS: Final = 5
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
        writer.writerow(("han", "english"))
        for han in common():
            # A simplified character may have the meaning of a rare one that looks the same: the traditional goes first.
            whole = facts[traditional.convert(han)].get("kDefinition") or facts[han].get("kDefinition", "")
            senses = glosses(f"{whole};{facts[han].get('kDefinition', '')}")
            if senses:
                writer.writerow((han, "|".join(senses)))
    print(TABLE)
    return 0


def common() -> list[str]:
    """The hanzi of GB 2312-80, both levels, in its order."""
    rows = [bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    return [one for row in rows for one in row.decode("gb2312", errors="ignore")]


def glosses(definition: str) -> list[str]:
    """Single words among the senses of a definition, in order."""
    senses = [_NOTES.sub("", sense.strip().lower()).strip() for sense in re.split(r"[;,]", definition)]
    words = [sense for sense in senses if _WORD.fullmatch(sense) and sense not in _NO_GLOSS]
    return list(dict.fromkeys(words))[:MEANINGS]


if __name__ == "__main__":
    sys.exit(main())
