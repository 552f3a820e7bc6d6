"""What the tax authority and customs know of the same goods: invoices and customs lines, with dirt of their own.

They follow what the firms' papers say, whether it was filed in time or at all. Their chances come from streams of their
own, so that the filings of a seed are the same with feeds and without. Which paper is of which event is kept as truth.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from lodeline.world.clerk import Row, mass_text
from lodeline.world.industry import FirmMonth, Industry
from lodeline.world.market import Month
from lodeline.world.names import Name
from lodeline.world.plan import FEEDS
from lodeline.world.scene import Cast, money
from lodeline.world.sigma import net_mg
from lodeline.world.stock import KG
from lodeline.world.stream import Stream
from lodeline.world.tables import dirt_rate, table

INVOICES = (
    "number", "kind", "on", "seller", "seller_name", "buyer", "buyer_name", "product_name", "mass_kg", "value",
    "currency",
)  # fmt: skip
CUSTOMS = (
    "declaration", "line", "on", "exporter", "exporter_name", "product_name", "hs_code", "licence", "destination",
    "consignee_name", "end_user_name", "end_user_country", "mass_kg", "value", "currency", "port", "direction",
    "status",
)  # fmt: skip
COLUMNS = {"invoices": INVOICES, "customs": CUSTOMS}
#: Days from a delivery to its invoice, from a filed export to its exit, from a border to the store (assumptions).
TO_INVOICE, TO_EXIT, FROM_BORDER = 9, 9, 4
LATE_DAYS = (20, 45)
#: Kilograms from which a mass may be rounded to whole ones (assumption).
LEAST_ROUNDED = 50

#: (organisation, event) that a paper is of.
Link = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Paper:
    """An invoice or customs line as its authority has it. `rows`: its rows; `day` an ordinal; `links` what it is of."""

    feed: str
    day: int
    rows: list[Row]
    links: tuple[Link, ...]
    #: Kind of natural dirt, or of a plant, that it bears; empty for a clean one.
    marks: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        """What identifies it: the number of the invoice or declaration."""
        return self.rows[0]["number" if self.feed == "invoices" else "declaration"]


class Authorities:
    """Makes the papers of each month and keeps them until the files are written."""

    def __init__(self, industry: Industry, cast: Cast) -> None:
        self.industry, self.world, self.cast = industry, industry.world, cast
        self.papers: list[Paper] = []
        self._streams: dict[str, Stream] = {}
        self._numbers = 0
        self._begins = min(month.first for month in industry.months())
        self._names: dict[str, Name] = {
            **{plan.id: plan.name for plan in self.world.firms},
            **{party.id: party.name for party in self.world.parties},
        }  # fmt: skip
        self._goods = {row["product"]: row for row in table("goods_names")}
        self._rates = {
            row["kind"]: dirt_rate(row["kind"])
            for row in table("dirt")
            if row["kind"].startswith(("invoice-", "customs-"))
        }

    def month(self, pages: list[FirmMonth]) -> list[Paper]:
        """The papers of what all firms did in a month; whoever bends them does so before the next month."""
        made: list[Paper] = []
        for page in pages:
            stream = self.stream(page.firm.plan.id)
            made += self._sales(page, stream)
            made += self._exports(page, stream)
            made += self._imports(page, stream)
        self.papers += made
        return made

    def stream(self, organisation: str) -> Stream:
        """The chances of one firm's papers."""
        if organisation not in self._streams:
            place = len(self._streams)
            firm = self.industry.firms.get(organisation)
            key = firm.plan.place if firm else 1_000_000 + place
            self._streams[organisation] = Stream(self.world.seed, FEEDS, key)
        return self._streams[organisation]

    def name(self, organisation: str) -> Name:
        """The names of a firm or party, those that plots brought included."""
        if organisation not in self._names:
            self._names |= {firm.plan.id: firm.plan.name for firm in self.cast.firms}
            self._names |= {party.id: party.name for party in self.cast.parties}
        return self._names[organisation]

    def number(self, month: Month) -> str:
        """A number that no filing names."""
        self._numbers += 1
        return f"{month.year % 100:02d}97{self._numbers:016d}"

    def declaration(self, month: Month) -> str:
        """A declaration that no filing names."""
        self._numbers += 1
        return f"0201{month.year}1{self._numbers:09d}"

    def goods_name(self, product: str) -> str:
        """What an invoice calls a product."""
        kind, _, what = product.partition(":")
        return self._goods[kind]["name_zh"] + (f" {what}" if what else "")

    def _chance(self, stream: Stream, kind: str, paper: Paper) -> bool:
        happens = stream.chance(self._rates[kind])
        if happens:
            paper.marks.append(kind)
        return happens

    # Sales at home.

    def _sales(self, page: FirmMonth, stream: Stream) -> Iterator[Paper]:
        month, seller = page.month, page.firm.plan.id
        by_number: dict[str, list[Row]] = {}
        for row in page.rows:
            if (
                row["kind"] in ("shipment", "title")
                and row.get("document")
                and not row.get("to_site")
                and not row.get("owner")
            ):
                by_number.setdefault(row["document"], []).append(row)
        collective: dict[str, bool] = {}
        gathered: dict[str, list[Row]] = {}
        for number, rows in by_number.items():
            buyer = rows[0].get("counterparty", "")
            if buyer not in collective:
                collective[buyer] = stream.chance(self._rates["invoice-collective"])
            if collective[buyer] and rows[0]["kind"] == "shipment":
                gathered.setdefault(buyer, []).extend(rows)
                continue
            yield from self.invoice(month, seller, number, rows, stream)
        for rows in gathered.values():
            several = len({row["event"] for row in rows}) > 1
            number = self.number(month) if several else rows[0]["document"]
            for paper in self.invoice(month, seller, number, rows, stream, last=True):
                if several:
                    paper.marks.append("invoice-collective")
                yield paper

    def invoice(
        self, month: Month, seller: str, number: str, rows: Sequence[Row], stream: Stream, *, last: bool = False
    ) -> Iterator[Paper]:
        """The invoices of some rows of one sale; `last`: at the month's end."""
        day = month.last if last else month.first + int(rows[0]["on"][8:]) - 1 + stream.integer(0, TO_INVOICE)
        kind = "special" if rows[0]["document_kind"] == "invoice-special" else "ordinary"
        paper = Paper(feed="invoices", day=day, rows=[], links=_links(seller, rows))
        if self._chance(stream, "invoice-late", paper):
            paper.day += stream.integer(*LATE_DAYS)
        if self._chance(stream, "invoice-mistyped", paper):
            number = _mistyped(number, stream)
        rounded = self._chance(stream, "invoice-rounded", paper)
        buyer = self._buyer(rows[0], stream, paper)
        head = {
            "number": number,
            "kind": kind,
            "on": "",
            "seller": seller,
            "seller_name": self.name(seller).zh,
            **buyer,
        }
        masses: dict[str, tuple[int, float]] = {}
        for row in rows:
            mass, value = masses.get(row["product"], (0, 0.0))
            masses[row["product"]] = (mass + net_mg(row), value + float(row["value"]))
        for product, (mass, value) in masses.items():
            paper.rows.append({**head, "product_name": self.goods_name(product), "currency": rows[0]["currency"],
                               **_amounts(mass, value, rounded)})  # fmt: skip
        if self._chance(stream, "invoice-missing", paper):
            return
        if self._chance(stream, "invoice-split", paper):
            yield from self._split(paper, month, stream)
            return
        if self._chance(stream, "invoice-reissued", paper):
            yield from self._reissued(paper, month, stream)
            return
        yield paper

    def _buyer(self, row: Row, stream: Stream, paper: Paper) -> Row:
        buyer = row.get("counterparty", "")
        if not buyer:
            return {"buyer": "", "buyer_name": row["counterparty_name"]}
        name = self.name(buyer)
        if self._chance(stream, "invoice-name-variant", paper):
            return {"buyer": "", "buyer_name": _variant(name, stream)}
        return {"buyer": buyer if self._is_registered(buyer) else "", "buyer_name": name.zh or name.en}

    def _is_registered(self, organisation: str) -> bool:
        brought = (party for party in self.cast.parties if party.id == organisation)
        party = self.industry.trade.parties.get(organisation) or next(brought, None)
        return party is None or party.registered

    def _split(self, paper: Paper, month: Month, stream: Stream) -> Iterator[Paper]:
        share = stream.between(0.3, 0.7)
        for part, number, day in ((share, paper.number, paper.day), (1 - share, self.number(month), paper.day + 3)):
            rows = [
                {
                    **row,
                    "number": number,
                    "mass_kg": _scaled(row["mass_kg"], part),
                    "value": money(float(row["value"]) * part),
                }
                for row in paper.rows
            ]
            yield Paper(feed="invoices", day=day, rows=rows, links=paper.links, marks=list(paper.marks))

    def _reissued(self, paper: Paper, month: Month, stream: Stream) -> Iterator[Paper]:
        yield paper
        red, again = self.number(month), self.number(month)
        undone = [
            {**row, "number": red, "mass_kg": f"-{row['mass_kg']}", "value": f"-{row['value']}"} for row in paper.rows
        ]
        day = paper.day + stream.integer(1, 6)
        yield Paper(feed="invoices", day=day, rows=undone, links=paper.links, marks=["invoice-reissued"])
        yield Paper(feed="invoices", day=day, rows=[{**row, "number": again} for row in paper.rows], links=paper.links,
                    marks=["invoice-reissued"])  # fmt: skip

    # The border.

    def _exports(self, page: FirmMonth, stream: Stream) -> Iterator[Paper]:
        month, seller = page.month, page.firm.plan.id
        by_number: dict[str, list[Row]] = {}
        for row in page.rows:
            if row["kind"] == "export":
                by_number.setdefault(row["declaration"], []).append(row)
        for declaration, rows in by_number.items():
            yield from self.export(month, seller, declaration, rows, stream)

    def export(
        self, month: Month, seller: str, declaration: str, rows: Sequence[Row], stream: Stream
    ) -> Iterator[Paper]:
        """The customs lines of a declaration, and the exporter's invoice."""
        day = month.first + int(rows[0]["on"][8:]) - 1
        links = _links(seller, rows)
        paper = Paper(feed="customs", day=day + stream.integer(0, TO_EXIT), rows=[], links=links)
        if self._chance(stream, "customs-mistyped", paper):
            declaration = _mistyped(declaration, stream)
        foreign = self.name(rows[0]["counterparty"]) if rows[0].get("counterparty") else None
        plain = rows[0]["counterparty_name"]
        variant = self._chance(stream, "customs-name-variant", paper)
        consignee = _variant(foreign, stream) if variant and foreign else plain
        lines: dict[tuple[str, str], tuple[int, float]] = {}
        for row in rows:
            key = (row["hs_code"], row["product"])
            mass, value = lines.get(key, (0, 0.0))
            lines[key] = (mass + net_mg(row), value + float(row["value"]))
        for line, ((hs_code, product), (mass, value)) in enumerate(lines.items(), start=1):
            rounded = self._chance(stream, "customs-rounded", paper)
            paper.rows.append({
                "declaration": declaration, "line": str(line), "on": "", "exporter": "" if variant else seller,
                "exporter_name": self.name(seller).zh, "product_name": self.goods_name(product),
                "hs_code": hs_code, "licence": rows[0].get("licence", ""), "destination": rows[0]["destination"],
                "consignee_name": consignee, "end_user_name": rows[0].get("end_user_name", ""),
                "end_user_country": rows[0].get("end_user_country", ""),
                **_amounts(mass, value, rounded), "currency": rows[0]["currency"], "port": rows[0].get("port", ""),
                "direction": "export", "status": "exited",
            })  # fmt: skip
        if not self._chance(stream, "customs-missing", paper):
            yield from self._crossing(paper, day, month, stream)
        yield self._export_invoice(month, seller, rows, stream)

    def _crossing(self, paper: Paper, declared: int, month: Month, stream: Stream) -> Iterator[Paper]:
        """Released first where it leaves in the next month; in two parts now and then; back from abroad seldom."""
        if self._chance(stream, "customs-parted", paper):
            share = stream.between(0.3, 0.7)
            later = [{**row, "line": f"{row['line']}-2", "mass_kg": _scaled(row["mass_kg"], 1 - share),
                      "value": money(float(row["value"]) * (1 - share))} for row in paper.rows]  # fmt: skip
            for row in paper.rows:
                row["mass_kg"], row["value"] = _scaled(row["mass_kg"], share), money(float(row["value"]) * share)
            yield Paper(feed="customs", day=paper.day + 6, rows=later, links=paper.links, marks=list(paper.marks))
        if paper.day > month.last:
            released = [{**row, "status": "released"} for row in paper.rows]
            yield Paper(feed="customs", day=declared, rows=released, links=paper.links, marks=list(paper.marks))
        yield paper
        if self._chance(stream, "customs-returned", paper):
            back = [{**row, "status": "returned"} for row in paper.rows]
            yield Paper(feed="customs", day=paper.day + 25, rows=back, links=paper.links, marks=["customs-returned"])

    def _export_invoice(self, month: Month, seller: str, rows: Sequence[Row], stream: Stream) -> Paper:
        day = month.first + int(rows[0]["on"][8:]) - 1 + stream.integer(0, TO_INVOICE)
        paper = Paper(feed="invoices", day=day, rows=[], links=_links(seller, rows))
        masses: dict[str, tuple[int, float]] = {}
        for row in rows:
            mass, value = masses.get(row["product"], (0, 0.0))
            masses[row["product"]] = (mass + net_mg(row), value + float(row["value"]))
        number = self.number(month)
        for product, (mass, value) in masses.items():
            paper.rows.append({
                "number": number, "kind": "ordinary", "on": "", "seller": seller, "seller_name": self.name(seller).zh,
                "buyer": "", "buyer_name": rows[0]["counterparty_name"], "product_name": self.goods_name(product),
                **_amounts(mass, value, False), "currency": rows[0]["currency"],
            })  # fmt: skip
        return paper

    def _imports(self, page: FirmMonth, stream: Stream) -> Iterator[Paper]:
        month, buyer = page.month, page.firm.plan.id
        for row in page.rows:
            if row["kind"] != "origin" or row.get("origin_kind") != "imported":
                continue
            kind = row["product"].partition(":")[0]
            paper = Paper(
                feed="customs", rows=[], links=((buyer, row["event"]),),
                day=max(self._begins, month.first + int(row["on"][8:]) - 1 - stream.integer(0, FROM_BORDER)),
            )  # fmt: skip
            rounded = self._chance(stream, "customs-rounded", paper)
            mass = net_mg(row)
            price = month.price(row["product"])
            name = self.name(buyer)
            variant = self._chance(stream, "customs-name-variant", paper)
            paper.rows.append({
                "declaration": self.declaration(month), "line": "1", "on": "", "exporter": "",
                "exporter_name": f"Synthetic Minerals ({row.get('origin_place', '')}) Ltd",
                "product_name": self.goods_name(row["product"]), "hs_code": self._goods[kind]["hs_code"], "licence": "",
                "destination": "CN", "consignee_name": _variant(name, stream) if variant else name.zh,
                "end_user_name": "", "end_user_country": "", **_amounts(mass, mass / KG * price, rounded),
                "currency": "CNY", "port": "", "direction": "import", "status": "exited",
            })  # fmt: skip
            if not self._chance(stream, "customs-missing", paper):
                yield paper

    # The files.

    def files(self) -> Iterator[tuple[str, str]]:
        """(path in the dossier, CSV text) of each file, by kind and month; what is of a later day has not come."""
        last = max(month.last for month in self.industry.months())
        by_file: dict[tuple[str, str], list[tuple[int, int, Row]]] = {}
        for place, paper in enumerate(self.papers):
            if paper.day > last:
                continue
            on = date.fromordinal(paper.day).isoformat()
            for row in paper.rows:
                by_file.setdefault((paper.feed, on[:7]), []).append((paper.day, place, {**row, "on": on}))
        for (feed, period), rows in sorted(by_file.items()):
            yield f"feeds/{feed}/{period}.csv", _csv(COLUMNS[feed], _newest(feed, rows))

    def links(self) -> str:
        """CSV of which paper is of which event: `feed`, `number`, `organisation`, `event`, `marks`."""
        last = max(month.last for month in self.industry.months())
        rows = [
            {"feed": paper.feed, "number": paper.number, "organisation": organisation, "event": event,
             "marks": " ".join(dict.fromkeys(paper.marks))}
            for paper in self.papers if paper.day <= last for organisation, event in paper.links or (("", ""),)
        ]  # fmt: skip
        return _csv(("feed", "number", "organisation", "event", "marks"), rows)


def _newest(feed: str, rows: list[tuple[int, int, Row]]) -> list[Row]:
    """The rows in the order of their days; of a customs line that a file states twice the later."""
    kept: dict[tuple[str, ...], Row] = {}
    for _, _, row in sorted(rows, key=lambda item: item[:2]):
        key = (row["declaration"], row["line"]) if feed == "customs" else (row["number"], row["product_name"])
        kept[key] = row
    return list(kept.values())


def _csv(columns: Sequence[str], rows: Sequence[Row]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _links(organisation: str, rows: Sequence[Row]) -> tuple[Link, ...]:
    return tuple(dict.fromkeys((organisation, row["event"]) for row in rows))


def _amounts(mass_mg: int, value: float, rounded: bool) -> Row:
    if rounded and mass_mg >= LEAST_ROUNDED * KG:
        mass_mg = int(mass_mg / KG + 0.5) * KG
    return {"mass_kg": mass_text(mass_mg, KG), "value": money(value)}


def _scaled(mass_kg: str, share: float) -> str:
    return mass_text(max(1000, int(float(mass_kg) * share * 1000 + 0.5) * 1000), KG)


def _mistyped(number: str, stream: Stream) -> str:
    """One digit wrong or left out, among the leading zeros of the serial number, so that it is nobody else's."""
    place = stream.integer(9, 10)
    if stream.chance(0.5):
        return number[:place] + str((int(number[place]) + stream.integer(1, 9)) % 10) + number[place + 1 :]
    return number[:place] + number[place + 1 :]


def _variant(name: Name, stream: Stream) -> str:
    """Another form of a name: in English, shortened, or with blanks and marks that nobody sees."""
    forms = [name.en, name.en.upper(), *(alias for alias in name.aliases[:1] if ":" not in alias)]
    if name.zh:
        forms += [name.zh.replace("有限公司", " 有限公司"), name.zh[:2] + "\u200b" + name.zh[2:]]
    return stream.choose(forms)
