"""Cases in which one paper stands for several deliveries and names none of them, with what is true of each.

A case is some weeks of business of one seller with one buyer: deliveries that one invoice sums up (or exports on one
customs line), and around them the seller's other business with the same buyer: deliveries with invoices of their own,
deliveries that nobody invoiced, papers whose goods nobody filed. What varies is drawn for each case: how masses are
written, how the paper rounds them, whether prices move, whether values carry tax, which goods, which numbers and names
a filer wrote. All of it is synthetic, and written by the authors of the match: it says whether the match does what it
is meant to, and not how often such papers occur.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, Final, Literal

import polars as pl

from lodeline.collation.piece import GOODS
from lodeline.filing.feed_schema import feed_cells

Shape = Literal["invoice", "customs-line"]
SHAPES: Final[tuple[Shape, ...]] = ("invoice", "customs-line")
#: A paper and an event, with the feed of the paper and the firm of the event.
Link = tuple[str, str, str, str]
_BEGINS: Final = date(2025, 1, 1)
_GOODS: Final = (
    ("oxide:PrNd", "氧化镨钕", "2846901991"), ("metal:PrNd", "镨钕金属", "2805301790"),
    ("magnet-ndfeb:N42", "钕铁硼永磁体", "8505111000"), ("alloy:NdFe", "钕铁合金", "7202999100"),
)  # fmt: skip
_TAX: Final = 1.13


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The three records of many cases, and the truth. `collective`: the papers that stand for several deliveries."""

    goods: pl.DataFrame
    invoices: pl.DataFrame
    customs: pl.DataFrame
    links: frozenset[Link]
    collective: frozenset[tuple[str, str]]
    parties: frozenset[str]


@dataclass(kw_only=True)
class _Delivery:
    on: date
    mass_g: int
    goods: tuple[str, str, str]
    price: float
    event: str
    document: str | None = None


@dataclass(kw_only=True)
class _Page:
    """Rows of all cases as they are written."""

    goods: list[dict[str, Any]] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    customs: list[dict[str, Any]] = field(default_factory=list)
    links: set[Link] = field(default_factory=set)
    collective: set[tuple[str, str]] = field(default_factory=set)
    parties: set[str] = field(default_factory=set)


def cases(seed: int, *, shape: Shape, count: int) -> Cases:
    """So many cases of a shape; the same seed gives the same."""
    page = _Page()
    for number in range(count):
        _Case(page, Random(f"{seed} {shape} {number}"), shape, f"{seed}-{shape[0]}{number}").write()
    return Cases(
        goods=pl.DataFrame(
            [{name: row.get(name) for name in GOODS} | {"line": at, "entry": at} for at, row in enumerate(page.goods)],
            schema=dict(GOODS),
        ),
        invoices=_fed(page.invoices, "invoices", 10**7), customs=_fed(page.customs, "customs", 2 * 10**7),
        links=frozenset(page.links), collective=frozenset(page.collective), parties=frozenset(page.parties),
    )  # fmt: skip


def _fed(rows: list[dict[str, Any]], feed: Any, first: int) -> pl.DataFrame:
    schema = {"id": pl.Int64(), **feed_cells(feed)}
    return pl.DataFrame(
        [{name: row.get(name) for name in schema} | {"id": first + at} for at, row in enumerate(rows)], schema=schema
    )


class _Case:
    """One seller and one buyer; how they write is drawn once, what they do each time."""

    def __init__(self, page: _Page, chance: Random, shape: Shape, name: str) -> None:
        self.page, self.chance, self.shape, self.name = page, chance, shape, name
        self.seller, self.buyer = f"S{name}", f"B{name}"
        page.parties.update((self.seller, self.buyer))
        self.step_g = chance.choice((1, 1, 100, 1000, 1000, 25_000))
        self.values = chance.random() < 0.7
        self.taxed = chance.random() < 0.2
        self.moves = chance.random() < 0.7
        self.goods = chance.sample(_GOODS, 2 if chance.random() < 0.3 else 1)
        self.size_kg = chance.choice((60.0, 400.0, 2500.0))
        self.other_name = chance.random() < 0.2
        #: Whether each export has an invoice of its own besides.
        self.invoiced = chance.random() < 0.4
        self.serial = 0

    def write(self) -> None:
        chance = self.chance
        begins = _BEGINS + timedelta(chance.randrange(200))
        for period in range(chance.choice((1, 1, 2, 2, 6))):
            first = begins + timedelta(31 * period)
            if chance.random() < 0.9:
                self._gathered(first)
            for _ in range(chance.choice((0, 0, 1, 2, 3, 4))):
                self._single(first)
            for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
                self._file([self._delivery(first)], None)
            if chance.random() < 0.25:
                self._paper([self._delivery(first)], self._number(), first + timedelta(chance.randrange(40)))

    def _number(self) -> str:
        self.serial += 1
        return f"2599{self.name.replace('-', '')}N{self.serial:06d}"

    def _delivery(self, first: date) -> _Delivery:
        chance = self.chance
        self.serial += 1
        mass = max(
            2 * self.step_g, round(self.size_kg * 1000 * chance.lognormvariate(0, 0.5) / self.step_g) * self.step_g
        )
        goods = chance.choice(self.goods)
        price = {one[0]: 40.0 * (1 + at) for at, one in enumerate(_GOODS)}[goods[0]]
        if self.moves:
            price *= chance.uniform(0.95, 1.05)
        return _Delivery(on=first + timedelta(chance.randrange(30)), mass_g=mass, goods=goods, price=round(price, 2),
                         event=f"E{self.serial}")  # fmt: skip

    def _gathered(self, first: date) -> None:
        """Two to five deliveries on one paper, which names none of them, or is named by one alone."""
        chance = self.chance
        several = [self._delivery(first) for _ in range(chance.randint(2, 5))]
        last = max(one.on for one in several)
        number = self._number()
        written = chance.random()
        for at, one in enumerate(several):
            if written < 0.3:
                one.document = f"HT{self.name}{one.event}" if self.shape == "invoice" else self._number()
            elif written < 0.5 and at == 0:
                one.document = number
        self.page.collective.add((self._feed(), number))
        self._file(several, number)
        self._paper(several, number, last + timedelta(chance.randrange(12)))

    def _single(self, first: date) -> None:
        """A delivery with a paper of its own, which it names or not."""
        one, number = self._delivery(first), self._number()
        if self.chance.random() < 0.6:
            one.document = number
        self._file([one], number)
        self._paper([one], number, one.on + timedelta(self.chance.randrange(12)))

    def _feed(self) -> str:
        return "invoices" if self.shape == "invoice" else "customs"

    def _file(self, several: list[_Delivery], number: str | None) -> None:
        for one in several:
            value = round(one.price * one.mass_g / 1000, 2)
            row: dict[str, Any] = {
                "organisation": self.seller, "event": one.event, "on": one.on, "party": self.buyer,
                "product": one.goods[0], "mass_mg": one.mass_g * 1000,
            }  # fmt: skip
            if self.values:
                row |= {"value": f"{value * (_TAX if self.taxed else 1):.2f}", "currency": "CNY"}
            if self.shape == "invoice":
                row |= {"kind": "shipment", "document": one.document}
            else:
                row |= {"kind": "export", "declaration": one.document}
                row |= {"hs_code": one.goods[2]} if self.chance.random() < 0.7 else {}
            self.page.goods.append(row)
            if number is not None:
                self.page.links.add((self._feed(), number, self.seller, one.event))
            if self.shape == "customs-line" and self.invoiced:
                self._invoice([one], self._number(), one.on + timedelta(self.chance.randrange(12)))

    def _paper(self, several: list[_Delivery], number: str, on: date) -> None:
        chance = self.chance
        style = chance.choice(("exact", "exact", "rounded", "weighed"))
        buyer = f"{self.buyer} Trading" if self.other_name and self.shape == "customs-line" else self.buyer
        for line, (goods, part) in enumerate(_by_goods(several), start=1):
            mass = sum(one.mass_g for one in part) * 1000
            if style == "rounded" and mass > 20_000_000:
                mass = round(mass / 1e6) * 10**6
            elif style == "weighed":
                mass = round(mass * (1 + max(-0.003, min(0.003, chance.gauss(0, 0.001)))) / 1e5) * 10**5
            cells = {"line": str(line), "on": on, "product_name": goods[1], "mass_mg": mass, "value": _worth(part),
                     "currency": "CNY"}  # fmt: skip
            if self.shape == "invoice":
                self.page.invoices.append(cells | {
                    "number": number, "kind": "special", "seller": self.seller, "buyer": self.buyer,
                })  # fmt: skip
            else:
                self.page.customs.append(cells | {
                    "declaration": number, "direction": "export", "status": "exited", "exporter": self.seller,
                    "consignee_name": buyer, "hs_code": goods[2],
                })  # fmt: skip

    def _invoice(self, several: list[_Delivery], number: str, on: date) -> None:
        for line, (goods, part) in enumerate(_by_goods(several), start=1):
            self.page.invoices.append({
                "number": number, "line": str(line), "kind": "ordinary", "on": on, "seller": self.seller,
                "buyer": self.buyer, "product_name": goods[1], "mass_mg": sum(one.mass_g for one in part) * 1000,
                "value": _worth(part), "currency": "CNY",
            })  # fmt: skip
        self.page.links.update(("invoices", number, self.seller, one.event) for one in several)


def _worth(part: list[_Delivery]) -> str:
    return f"{sum(round(one.price * one.mass_g / 1000, 2) for one in part):.2f}"


def _by_goods(several: list[_Delivery]) -> Iterator[tuple[tuple[str, str, str], list[_Delivery]]]:
    for goods in dict.fromkeys(one.goods for one in several):
        yield goods, [one for one in several if one.goods == goods]
