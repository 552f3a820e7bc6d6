"""Names, numbers and addresses of firms that do not exist.

Unified social credit codes carry correct check characters (GB 32100-2015, GB 11714-1997) but an unassigned
region code (99....), so that none can belong to a real firm; LEIs likewise use an unassigned prefix.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lodeline.world.stream import Stream
from lodeline.world.tables import Row, table

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def uscc(number: int) -> str:
    """Unified social credit code of the n-th synthetic firm, 18 characters.

    Source: GB 32100-2015 (modulus 31 over characters 1-17), GB 11714-1997 (modulus 11 over the eight digits).
    """
    digits = f"{number:08d}"
    check = (
        11 - sum(int(digit) * weight for digit, weight in zip(digits, _ORGANISATION_WEIGHTS, strict=True)) % 11
    ) % 11
    body = "91" + "990000" + digits + ("X" if check == 10 else str(check))
    total = sum(_USCC_ALPHABET.index(c) * weight for c, weight in zip(body, _USCC_WEIGHTS, strict=True))
    return body + _USCC_ALPHABET[(31 - total % 31) % 31]


def lei(number: int) -> str:
    """Legal entity identifier of the n-th synthetic firm: ISO 17442, check digits by ISO 7064 MOD 97-10."""
    body = f"999900SYN{number:09d}"
    value = int("".join(str(int(character, 36)) for character in body + "00"))
    return f"{body}{98 - value % 97:02d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A firm's name in its scripts and where it sits."""

    zh: str
    en: str
    aliases: tuple[str, ...]
    city_en: str
    region: str
    lat: str
    lon: str

    def as_listed(self, form: str) -> str:
        """As a list has it that is kept in hanzi (`zh`), in English (`en`) or in short names."""
        return self.en if form == "en" or not self.zh else self.aliases[0] if form == "short" else self.zh


@cache
def _parts(name: str, key: str, value: str) -> tuple[Row, ...]:
    return tuple(row for row in table(name) if value in row[key].split())


class Namer:
    """Gives out names, none of them twice."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._brands = stream.shuffled(
            [(first, second) for first in _parts("brands", "place", "first") for second in _brands_second()]
        )
        self._taken: set[str] = set()
        self._given = 0

    def domestic(self, trade: str, marker: str) -> Name:
        """A domestic firm of a trade; `marker` is the alias that says it is synthetic."""
        while True:
            first, second = self._brands[self._given % len(self._brands)]
            self._given += 1
            place = self._stream.choose(_parts("places", "trades", trade))
            word = self._stream.choose(_parts("words", "trade", trade))
            zh = f"{place['city_zh']}{first['zh']}{second['zh']}{word['zh']}有限公司"
            if zh not in self._taken:
                break
        self._taken.add(zh)
        brand = (first["pinyin"] + second["pinyin"]).capitalize()
        return Name(
            zh=zh,
            en=f"{place['city_en']} {brand} {word['en']} Co., Ltd.",
            aliases=(
                f"{first['zh']}{second['zh']}{word['zh']}",
                f"{place['city_en']} {brand} {word['pinyin']} Youxian Gongsi",
                marker,
            ),
            city_en=place["city_en"],
            region=place["region"],
            lat=_scattered(self._stream, place["lat"]),
            lon=_scattered(self._stream, place["lon"]),
        )

    def foreign(self, marker: str) -> tuple[Name, str]:
        """A buyer abroad, and its country."""
        rows = table("foreign")
        while True:
            row = self._stream.weighted([(row, float(row["weight"])) for row in rows])
            brand = self._stream.choose(row["brands"].split())
            number = self._stream.integer(1, 999)
            en = f"{brand} {row['industry']} {number} {row['form']}"
            if en not in self._taken:
                break
        self._taken.add(en)
        name = Name(zh="", en=en, aliases=(f"{brand} {number}", marker), city_en="", region="", lat="", lon="")
        return name, row["country"]


def _brands_second() -> tuple[Row, ...]:
    return _parts("brands", "place", "second")


def _scattered(stream: Stream, degrees: str) -> str:
    """Within about 20 km of the city, to a hundredth of a degree."""
    hundredths = int(float(degrees) * 100 + 0.5) + stream.integer(-20, 20)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
