"""Names of firms that nobody has: places, trades and forms of the vocabulary around brands drawn by chance.

Half are in hanzi, half in English with a brand in pinyin. Brands are two to four syllables of chance, so there are many
of each sound: a harder crowd than a register, where people avoid the name next door.
"""

from __future__ import annotations

import random
from typing import Final

from lodeline.party.script import syllables
from lodeline.party.words import vocabulary

_CITIES: Final = (
    "Ningbo",
    "Baotou",
    "Ganzhou",
    "Shenzhen",
    "Wuxi",
    "Suzhou",
    "Xiamen",
    "Dongguan",
    "Chengdu",
    "Yantai",
)
_TRADES: Final = ("Magnetic Material", "Rare Earth New Materials", "Technology", "Electronics", "Metal", "Machinery",
                  "Trading", "Industrial", "Motor", "Precision")  # fmt: skip
_CHARACTERS: Final = (
    "盛宏鑫泰华源达丰瑞恒科力信安中天金正永新海川龙江山光明德昌成大同和利佳美伟业宝通福顺兴发隆裕广聚辉腾飞翔"
    "宇星云凯越诚远方圆东方嘉康健博文志强国富民春雨晨曦"
)


def names(count: int, *, seed: int) -> list[str]:
    """`count` different names in an order of chance; the same ones for the same seed."""
    chance = random.Random(seed)
    phrases = vocabulary().cjk
    places = sorted(phrase for phrase, word in phrases.items() if word.kind == "place")
    trades = sorted(phrase for phrase, word in phrases.items() if word.kind == "industry")
    sounds = sorted(syllables())
    found: set[str] = set()
    while len(found) < count:
        if chance.random() < 0.5:
            brand = "".join(chance.choice(_CHARACTERS) for _ in range(chance.choice((2, 2, 2, 3, 4))))
            form = chance.choice(("有限公司", "股份有限公司"))
            found.add(f"{chance.choice(places)}{brand}{chance.choice(trades)}{form}")
        else:
            brand = "".join(chance.choice(sounds) for _ in range(chance.choice((2, 2, 3, 4)))).capitalize()
            found.add(f"{chance.choice(_CITIES)} {brand} {chance.choice(_TRADES)} Co., Ltd.")
    every = sorted(found)
    chance.shuffle(every)
    return every
