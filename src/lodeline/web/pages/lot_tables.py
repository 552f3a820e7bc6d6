"""The tables of a lot: relations, composition, assays, origins, holders, movements, transfers, entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from lodeline.flow.origins import UNACCOUNTED
from lodeline.material.composition import read_canonical
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import PPB, share_mg
from lodeline.service import answers
from lodeline.service import overview as questions
from lodeline.service.lots import Relations
from lodeline.web import format as written
from lodeline.web import words
from lodeline.web.language import say
from lodeline.web.pages import lot_words
from lodeline.web.pages.lot_graph import origin_name
from lodeline.web.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.visit import Visit

#: Elements that have a column of their own in the table of origins.
_ELEMENTS_SHOWN: Final = 6


def relations_table(visit: Visit, found: Relations, element: str | None, *, forward: bool) -> Table:
    """Every lot upstream (downstream), nearest and largest first."""
    language = visit.language
    names = _Names(visit)

    def cells(row: Mapping[str, Any]) -> Row:
        return (
            names.lot(row["name"]),
            Cell(text=lot_words.product(row["product"], language), value=row["product"]),
            names.organisation(row["organisation"]),
            Cell(text=written.day(row["on"], language), value=row["on"]),
            _mass(row["made_mg"] or None, visit),
            Cell(text=written.count(row["distance"]), value=row["distance"]),
            Cell(
                text=written.NOTHING if element is None else written.percent(row["share"], language, 2),
                value=None if element is None else row["share"] * 100,
            ),
        )  # fmt: skip

    part = element or ""
    return Table(
        name="relations",
        caption=visit.say("Lots made with it", "下游批次") if forward else visit.say("Lots behind it", "上游批次"),
        columns=(
            Column(key="lot", label=say("Lot", "批次")),
            Column(key="product", label=say("Product", "产品")),
            Column(key="maker", label=say("Maker", "生产企业")),
            Column(key="on", label=say("Made", "形成日期")),
            Column(key="mass", label=say("Dry mass", "干重"), number=True, unit="kg"),
            Column(key="distance", label=say("Events away", "相隔事件"), number=True),
            Column(key="share", label=say(f"Share of its {part}", f"占该批次{part}"), number=True, unit="%"),
        ),
        rows=FrameRows(found.table[1:].sort("distance", -pl.col("share"), "name"), cells),
        per_page=25,
        empty=visit.say("No filing consumes this lot in a transformation.", "没有申报将该批次用于转化。")
        if forward
        else visit.say("No filing says what it was made from.", "没有申报说明该批次由何而来。"),
    )  # fmt: skip


def composition_table(visit: Visit, composition: Mapping[str, int], made_mg: int) -> Table:
    """Element by element, in the order stated."""
    rows = []
    for symbol, ppb in composition.items():
        mass_mg = share_mg(made_mg, ppb) if made_mg else None
        rows.append(
            (
                Cell(
                    text=words.element(symbol, visit.language).capitalize(), value=symbol, note=symbol,
                ),
                Cell(text=written.percent(ppb / PPB, visit.language, 3), value=ppb * 100 / PPB),
                _mass(mass_mg, visit),
            )
        )  # fmt: skip
    return Table(
        name="composition",
        caption=visit.say("Composition", "成分"),
        columns=(
            Column(key="element", label=say("Element", "元素")),
            Column(key="share", label=say("Of dry mass", "占干重"), number=True, unit="%"),
            Column(key="mass", label=say("In the lot as made", "批次中质量"), number=True, unit="kg"),
        ),
        rows=rows,
        empty=visit.say(
            "Nobody has stated a composition: ask the maker for the assay.", "无人填报成分：请向生产企业索取化验单。"
        ),
    )


def assays_table(visit: Visit, lines: pl.DataFrame, element: str | None) -> Table:
    """Every statement of the lot's composition: whose, when, by what method."""
    names, language = _Names(visit), visit.language
    stated = lines.filter(pl.col("composition").is_not_null()).sort("on", "line")

    def cells(row: Mapping[str, Any]) -> Row:
        composition = read_canonical(row["composition"])
        ppb = composition.get(element or "")
        return (
            Cell(text=written.day(row["on"], language), value=row["on"].isoformat()),
            names.organisation(row["organisation"]),
            Cell(text=words.word(lot_words.EVENTS, row["kind"], language), value=row["kind"]),
            Cell(text=(row["method"] or written.NOTHING).replace(";", " · "), value=row["method"]),
            Cell(
                text=written.percent(None if ppb is None else ppb / PPB, language, 3),
                value=None if ppb is None else ppb * 100 / PPB,
            ),
            Cell(
                text=" · ".join(
                    f"{symbol} {written.percent(share / PPB, language, 2)}" for symbol, share in composition.items()
                ),
                value=row["composition"],
            ),
            names.entry(row["entry"]),
        )  # fmt: skip

    return Table(
        name="assays",
        caption=visit.say("Assays", "化验"),
        columns=(
            Column(key="on", label=say("Day", "日期")),
            Column(key="who", label=say("Stated by", "申报企业")),
            Column(key="kind", label=say("With", "随附事件")),
            Column(key="method", label=say("Methods", "方法")),
            Column(key="share", label=say(element or "Share", f"{element or ''}占比"), number=True, unit="%"),
            Column(key="composition", label=say("As stated", "申报成分")),
            Column(key="entry", label=say("Entry", "条目"), number=True),
        ),
        rows=[cells(row) for row in stated.iter_rows(named=True)],
        per_page=10,
        empty=visit.say("No filing states a composition of this lot.", "没有申报填报该批次的成分。"),
    )


def origins_table(
    visit: Visit, places: Sequence[Mapping[str, Any]], composition: Mapping[str, int], chosen: str | None
) -> Table:
    """Origins down, elements across: the part of each element that each origin gave; the chosen element orders them."""
    places = sorted(places, key=lambda row: (row["origin_kind"] == UNACCOUNTED, -row["shares"].get(chosen, 0.0)))
    symbols = sorted(
        (symbol for symbol in composition if symbol in RARE_EARTHS), key=lambda symbol: -composition[symbol]
    )[:_ELEMENTS_SHOWN]
    columns = [*symbols, *([TREO] if TREO in composition else [])]
    rows = []
    for row in places:
        if not any(row["shares"].get(symbol, 0) > 0 for symbol in columns):
            continue
        unknown = row["origin_kind"] == UNACCOUNTED
        rows.append(
            (
                Cell(
                    text=origin_name(visit, row["origin_kind"], row["origin_place"]), value=row["origin_place"],
                    shape="up" if unknown else "", tone="gain" if unknown else None,
                ),
                *(_share(row["shares"].get(symbol, 0.0), visit) for symbol in columns),
            )
        )  # fmt: skip
    return Table(
        name="origins",
        caption=visit.say("Share of each origin", "各来源占比"),
        columns=(
            Column(key="origin", label=say("Origin", "来源")),
            *(
                Column(key=symbol, label={"en": symbol, "zh": "稀土氧化物" if symbol == TREO else symbol}, number=True)
                for symbol in columns
            ),
        ),
        rows=rows,
        per_page=15,
        empty=visit.say("Without a composition no share can be told.", "未填报成分，无法计算占比。"),
    )


def _share(share: float, visit: Visit) -> Cell:
    text = written.percent(share, visit.language) if share >= 0.0005 else "< 0.1" if share > 0 else written.NOTHING
    return Cell(text=text, value=share * 100)


def origin_lots_table(visit: Visit, rows: Sequence[Mapping[str, Any]], element: str | None) -> Table:
    """The lots in which the chosen element entered the system, largest share first."""
    names = _Names(visit)
    found = sorted(
        (row for row in rows if row["shares"].get(element, 0) > 0),
        key=lambda row: (-row["shares"][element], row["lot"]),
    )
    return Table(
        name="origin-lots",
        caption=visit.say("Origin lots", "来源批次"),
        columns=(
            Column(key="lot", label=say("Lot", "批次")),
            Column(key="origin", label=say("Origin", "来源")),
            Column(key="maker", label=say("Filed by", "申报企业")),
            Column(
                key="share", label=say(f"Share of the {element}", f"占{element}") if element else say("Share", "占比"),
                number=True, unit="%",
            ),
        ),
        rows=[
            (
                names.lot(row["lot"]),
                Cell(text=origin_name(visit, row["origin_kind"], row["origin_place"]), value=row["origin_kind"]),
                names.organisation(row["organisation"]),
                _share(row["shares"][element], visit),
            )
            for row in found
        ],
        per_page=10,
        empty=visit.say("No lot is known in which it entered the system.", "没有查明进入系统的来源批次。"),
    )  # fmt: skip


def holders_table(visit: Visit, movements: pl.DataFrame) -> Table:
    """Who holds how much of it by the book, and what was taken beyond that."""
    names, sites = _Names(visit), words.site_names(visit.reading.snapshot.register)
    accounts = (
        movements.group_by("site", "owner", maintain_order=True)
        .agg(pl.col("held_mg").last(), pl.col("unaccounted_mg").sum(), since=pl.col("on").min())
        .sort(-pl.col("held_mg"), "since")
    )
    return Table(
        name="holders",
        caption=visit.say("Holders", "持有者"),
        columns=(
            Column(key="site", label=say("Site", "场所")),
            Column(key="owner", label=say("Owner", "所有者")),
            Column(key="since", label=say("Since", "起自")),
            Column(key="held", label=say("Holds now", "现持有"), number=True, unit="kg"),
            Column(key="beyond", label=say("Taken beyond it", "超额支取"), number=True, unit="kg"),
        ),
        rows=[
            (
                Cell(
                    text=sites.get(row["site"], row["site"]) or written.NOTHING, value=row["site"],
                    href=visit.url("balance", site=row["site"]) if row["site"] in sites else None,
                ),
                names.organisation(row["owner"]),
                Cell(text=written.day(row["since"], visit.language), value=row["since"].isoformat()),
                _mass(row["held_mg"], visit),
                Cell(
                    text=written.mass(row["unaccounted_mg"], visit.language) if row["unaccounted_mg"]
                    else written.NOTHING,
                    value=row["unaccounted_mg"] / written.MG_PER_KG, tone="gain" if row["unaccounted_mg"] else None,
                    shape="up" if row["unaccounted_mg"] else "",
                ),
            )
            for row in accounts.iter_rows(named=True)
        ],
        empty=visit.say("No movement of it has been filed.", "没有该批次的变动申报。"),
    )  # fmt: skip


def movements_table(visit: Visit, movements: pl.DataFrame, lines: pl.DataFrame) -> Table:
    """What happened to the lot, day by day: movements, and counts, which move nothing."""
    names, sites, language = _Names(visit), words.site_names(visit.reading.snapshot.register), visit.language
    columns = ["on", "kind", "role", "site", "entry", "event", "line"]
    counts = lines.filter(pl.col("kind") == "stock").select(
        *columns, delta_mg=pl.lit(None, pl.Int64()), held_mg=pl.col("dry_mg"), unaccounted_mg=pl.lit(0, pl.Int64())
    )
    both = pl.concat([movements.select(*columns, "delta_mg", "held_mg", "unaccounted_mg"), counts])
    roles = {"in": visit.say("consumed", "投入"), "out": visit.say("made", "产出"), "waste": visit.say("waste", "废料")}

    def cells(row: Mapping[str, Any]) -> Row:
        beyond = row["unaccounted_mg"]
        return (
            Cell(text=written.day(row["on"], language), value=row["on"].isoformat()),
            Cell(
                text=words.word(lot_words.EVENTS, row["kind"], language), value=row["kind"],
                note=" · ".join(text for text in (roles.get(row["role"] or "", ""), row["event"]) if text),
            ),
            Cell(
                text=sites.get(row["site"], row["site"] or written.NOTHING), value=row["site"],
                href=visit.url("balance", site=row["site"]) if row["site"] in sites else None,
            ),
            Cell(
                text=written.mass(row["delta_mg"], language, signed=True),
                value=None if row["delta_mg"] is None else row["delta_mg"] / written.MG_PER_KG,
                note=visit.say("beyond held: ", "超出持有量：") + written.mass(beyond, language) if beyond else "",
            ),
            _mass(row["held_mg"], visit),
            names.entry(row["entry"]),
        )  # fmt: skip

    return Table(
        name="movements",
        caption=visit.say("Movements", "变动"),
        columns=(
            Column(key="on", label=say("Day", "日期")),
            Column(key="kind", label=say("Event", "事件")),
            Column(key="site", label=say("Site", "场所")),
            Column(key="delta", label=say("Change", "变动量"), number=True, unit="kg"),
            Column(key="held", label=say("Held, counted", "持有或实盘"), number=True, unit="kg"),
            Column(key="entry", label=say("Entry", "条目"), number=True),
        ),
        rows=[cells(row) for row in both.sort("on", "line").iter_rows(named=True)],
        per_page=20,
        empty=visit.say("No movement of it has been filed.", "没有该批次的变动申报。"),
    )


def transfers_table(visit: Visit, number: int) -> Table:
    """Its shipments with their receipts, as they stand."""
    reading, names, language = visit.reading, _Names(visit), visit.language
    found = reading.answer(answers.judged_transfers, reading.snapshot, reading.law).filter(pl.col("lot") == number)

    def cells(row: Mapping[str, Any]) -> Row:
        word, shape = lot_words.TRANSFER_STATES[row["state"]]
        both = row["shipped_mg"] is not None and row["received_mg"] is not None
        difference_mg = row["shipped_mg"] - row["received_mg"] if both else None
        return (
            names.organisation(row["shipper"]),
            names.organisation(row["receiver"]),
            _day(row["shipped_on"], visit),
            _mass(row["shipped_mg"], visit),
            _day(row["received_on"], visit),
            _mass(row["received_mg"], visit),
            Cell(
                text=written.mass(difference_mg, language, signed=True),
                value=None if difference_mg is None else difference_mg / written.MG_PER_KG,
            ),
            Cell(
                text=visit.spoken(word), value=row["state"], shape=shape,
                tone="loss" if row["state"] == "exception" else "quiet",
            ),
        )  # fmt: skip

    return Table(
        name="transfers",
        caption=visit.say("Transfers", "流转"),
        columns=(
            Column(key="shipper", label=say("From", "发货方")),
            Column(key="receiver", label=say("To", "收货方")),
            Column(key="shipped_on", label=say("Shipped", "发货日")),
            Column(key="shipped", label=say("Mass shipped", "发货量"), number=True, unit="kg"),
            Column(key="received_on", label=say("Received", "收货日")),
            Column(key="received", label=say("Mass received", "收货量"), number=True, unit="kg"),
            Column(key="difference", label=say("Difference", "收发差"), number=True, unit="kg"),
            Column(key="state", label=say("State", "状态")),
        ),
        rows=[cells(row) for row in found.iter_rows(named=True)],
        per_page=10,
        empty=visit.say("Nobody has filed that it changed hands.", "没有该批次的流转申报。"),
    )


def entries_table(visit: Visit, lines: pl.DataFrame) -> Table:
    """The entries of the log that name the lot, and what they say of it."""
    reading, names, language = visit.reading, _Names(visit), visit.language
    said = lines.group_by("entry").agg(kinds=pl.col("kind").unique(maintain_order=True), lines=pl.len())
    entries = reading.answer(questions.entries, reading.store)
    found = said.join(entries, on="entry", how="left").sort("entry")

    def cells(row: Mapping[str, Any]) -> Row:
        kinds = visit.say(", ", "、").join(words.word(lot_words.EVENTS, kind, language) for kind in row["kinds"])
        return (
            names.entry(row["entry"]),
            names.organisation(row["organisation"]),
            Cell(
                text=written.month(row["period"], language) if row["period"] else written.NOTHING, value=row["period"],
            ),
            Cell(text=written.moment(row["filed_at"], language, reading.law.timezone), value=row["filed_at"]),
            Cell(text=kinds, value=";".join(row["kinds"])),
            Cell(text=written.count(row["lines"]), value=row["lines"]),
            Cell(
                text=visit.say("Receipt", "回执"), value=row["entry"], href=visit.url("receipt", entry=row["entry"])
            ),
        )  # fmt: skip

    return Table(
        name="entries",
        caption=visit.say("Entries that prove it", "作为证明的条目"),
        columns=(
            Column(key="entry", label=say("Entry", "条目")),
            Column(key="organisation", label=say("Filed by", "申报企业")),
            Column(key="month", label=say("Month", "月份")),
            Column(key="filed", label=say("Filed", "入账时间")),
            Column(key="kinds", label=say("Says of it", "涉及事件")),
            Column(key="rows", label=say("Rows", "行数"), number=True),
            Column(key="receipt", label=say("Proof", "证明")),
        ),
        rows=[cells(row) for row in found.iter_rows(named=True)],
        per_page=10,
        empty=visit.say("No entry in force names it.", "没有有效条目涉及该批次。"),
    )


class _Names:
    """Cells that lead to the page of what they name."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._organisations = words.organisation_names(visit.reading.snapshot.register, visit.language)

    def organisation(self, one: str | None) -> Cell:
        if one not in self._organisations:
            return Cell(text=one or self._visit.say("not registered", "未登记"), value=one)
        return Cell(text=self._organisations[one], value=one, href=self._visit.url("organisation", organisation=one))

    def lot(self, name: str) -> Cell:
        return Cell(text=name, value=name, href=self._visit.url("lot", lot=name))

    def entry(self, entry: int) -> Cell:
        return Cell(text=written.count(entry), value=entry, href=self._visit.url("entry", entry=entry))


def _mass(mass_mg: int | None, visit: Visit) -> Cell:
    return Cell(
        text=written.mass(mass_mg, visit.language), value=None if mass_mg is None else mass_mg / written.MG_PER_KG
    )


def _day(on: Any, visit: Visit) -> Cell:
    return Cell(text=written.day(on, visit.language), value=None if on is None else on.isoformat())
