"""The calendar and the prices: one month after another, the same for every firm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lodeline.world.stream import Stream
from lodeline.world.tables import season, table

#: Monthly standard deviation of a price, relative, and how far prices may wander (assumptions).
PRICE_STEP = 0.035
PRICE_RANGE = (0.6, 1.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month; days are proleptic ordinals. `prices`: yuan per kg by product."""

    index: int
    period: str
    first: int
    last: int
    season: float
    prices: dict[str, float]
    days: tuple[str, ...]

    @property
    def stamp(self) -> str:
        """Year and month in four digits, for references."""
        return self.period[2:4] + self.period[5:7]

    @property
    def year(self) -> int:
        return int(self.period[:4])

    def text(self, day: int) -> str:
        """ISO 8601 of a day of this month."""
        return self.days[day - self.first]

    def price(self, product: str) -> float:
        """Yuan per kg of a product, or of its kind."""
        found = self.prices.get(product)
        return self.prices[product.partition(":")[0]] if found is None else found


def month_after(start: str, count: int) -> tuple[int, int]:
    """(year, month) that lies so many months after a period."""
    year, month = (int(part) for part in start.split("-"))
    whole = year * 12 + month - 1 + count
    return whole // 12, whole % 12 + 1


def months_of(start: str, count: int, stream: Stream) -> Iterator[Month]:
    """The months of a world in order; prices start near the cited means and wander."""
    rows = table("prices")
    yuan = next(float(row["usd_per_kg"]) for row in rows if row["product"] == "CNY")
    base = {row["product"]: float(row["usd_per_kg"]) * yuan for row in rows if row["product"] != "CNY"}
    factor = dict.fromkeys(base, 1.0)
    for index in range(count):
        (year, month), (next_year, next_month) = month_after(start, index), month_after(start, index + 1)
        first, end = date(year, month, 1).toordinal(), date(next_year, next_month, 1).toordinal()
        for product in factor:
            moved = factor[product] * (1 + PRICE_STEP * stream.normal())
            factor[product] = min(PRICE_RANGE[1], max(PRICE_RANGE[0], moved))
        yield Month(
            index=index,
            period=f"{year:04d}-{month:02d}",
            first=first,
            last=end - 1,
            season=season(month),
            prices={product: price * factor[product] for product, price in base.items()},
            days=tuple(date.fromordinal(day).isoformat() for day in range(first, end)),
        )
