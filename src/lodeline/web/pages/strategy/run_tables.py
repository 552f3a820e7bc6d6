"""The tables of a run: each figure with what it rests on, its source and of when, on the page and as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lodeline.language import Text, bilingual, text
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says
from lodeline.web.words import strategy_pictures as pictures
from lodeline.web.words import words

Json = Mapping[str, Any]
_BASIS: Final = Column(key="basis", label=text("Basis"))
_SOURCE: Final = (
    Column(key="source", label=text("Source", context="strategy")),
    Column(key="vintage", label=text("Vintage"), file_only=True),
)
#: What every table ends with; its file has the range of the figure too, where no columns of the table are that range.
STATED: Final = (_BASIS, *_SOURCE)
RANGED: Final = (
    _BASIS,
    Column(key="low", label=text("Low"), number=True, file_only=True),
    Column(key="high", label=text("High"), number=True, file_only=True),
    *_SOURCE,
)
_PLANT: Final = Column(key="plant", label=text("Plant"))
PERCENTILES: Final = ("p10", "p50", "p90")
_ENDS: Final = ("low", "central", "high")


def filed(columns: Sequence[Column]) -> tuple[Column, ...]:
    """STATED or RANGED where what stands around a table says where its rows are from, and only the file of each."""
    return (_BASIS, *(replace(one, file_only=True) for one in columns[1:]))


def stated(visit: Visit, one: Json) -> Row:
    """What a row rests on: word and shape, the source and its vintage. Cells of STATED."""
    word, source, vintage = says.BASES.get(one["basis"]), str(one["source"]), str(one["vintage"])
    when = says.of_when(vintage, visit.language)
    return (
        Cell(
            text=says.basis(one["basis"], visit.language), value=one["basis"], shape=word.shape if word else "ring",
            tone=word.tone if word else "ink",
        ),
        Cell(text=says.source(source, visit.language), note=when, value=source, marks=True),
        Cell(text=when, value=vintage),
    )  # fmt: skip


def ranged(visit: Visit, one: Json, low: float | None, high: float | None) -> Row:
    """`stated`, with the ends of the row's first figure; None where it has none. Cells of RANGED."""
    basis, *source = stated(visit, one)
    ends = (Cell(text=written.NOTHING, value="" if end is None else end) for end in (low, high))
    return (basis, *ends, *source)


def day_cell(visit: Visit, starts: str, day: float | None) -> Cell:
    """A day of a run, as its date; sorted and exported by its number."""
    if day is None:
        return Cell(text=visit.text("not"))
    return Cell(text=says.on_day(starts, day, visit.language), value=round(day, 1), whole=True)


def number_cell(value: float | None) -> Cell:
    """Days or a count."""
    return Cell(text=written.NOTHING if value is None else written.number(round(value, 1)), value=value)


def mass_cell(visit: Visit, kg: float | None) -> Cell:
    """Kilograms, in the unit in which they read best."""
    return Cell(text=says.mass(kg, visit.language), value=kg)


def plant_cell(visit: Visit, one: Json) -> Cell:
    """A plant with its country and the goods that it needs."""
    country = words.country(one["country"], visit.language) if one.get("country") else ""
    note = " · ".join(part for part in (country, says.goods(one["class"], visit.language)) if part)
    return Cell(text=says.plant_name(one, visit.language), note=note, value=f"{one['plant']} {one['class']}")


def plants_table(visit: Visit, run: Json) -> Table:
    """Of each plant when it stops, and how long its goods last against how long help takes."""
    starts = run["settings"]["starts"]

    def row(one: Json) -> Row:
        stop, lead, never = one["stop"], one.get("ttr_days") or {}, one["stop"].get("never_pct")
        central = lead.get("central")
        return (
            plant_cell(visit, one),
            *(day_cell(visit, starts, stop.get(part)) for part in PERCENTILES),
            Cell(text=written.percent((never or 0.0) / 100, visit.language, 0), value=never),
            number_cell((one.get("stock_days") or {}).get("p50")),
            number_cell(one.get("under_way_days")),
            number_cell((one.get("tts_days") or {}).get("p50")),
            Cell(
                text=written.NOTHING if central is None else written.number(round(central)), value=central,
                note=words.word(says.LEADS, lead.get("what") or "none", visit.language),
            ),
            *ranged(visit, one, stop.get("p10"), stop.get("p90")),
        )  # fmt: skip

    return Table(
        name="plants",
        caption=visit.text("When each plant stops"),
        columns=(
            _PLANT,
            *(
                Column(key=part, label=bilingual(part.upper(), part.upper()), number=True, unit="day")
                for part in PERCENTILES
            ),
            Column(key="never", label=text("Never"), number=True, unit="%"),
            Column(key="stock", label=text("Stock, days"), number=True),
            Column(key="under-way", label=text("Under way, days"), number=True),
            Column(key="lasts", label=text("Goods last, days"), number=True),
            Column(key="lead", label=text("Lead time, days"), number=True),
            *RANGED,
        ),
        rows=[row(one) for one in pictures.by_stop(run["plants"])],
        empty=visit.text("No plant gets any of the goods that this touches."),
        per_page=100,
    )


def lost_table(visit: Visit, run: Json) -> Table:
    """Of each plant what it loses, since when it is below half, and what it waits for."""
    starts = run["settings"]["starts"]

    def row(one: Json) -> Row:
        lost, money, wants = one.get("lost_kg") or {}, one.get("lost_money") or {}, one.get("binding") or {}
        currency = money.get("currency") or ""
        named = [says.goods(wants["class"], visit.language)] if wants.get("class") else []
        named += [wants["element"]] if wants.get("element") else []
        return (
            plant_cell(visit, one),
            day_cell(visit, starts, (one.get("half") or {}).get("p50")),
            Cell(
                text=" · ".join(named) or written.NOTHING, note=wants.get("supplier") or "",
                value=";".join(str(part) for part in wants.values() if part),
            ),
            *(mass_cell(visit, lost.get(part)) for part in PERCENTILES),
            *(
                Cell(text=says.money(money.get(part), currency, visit.language), value=money.get(part))
                for part in PERCENTILES
            ),
            Cell(text=currency or written.NOTHING, value=currency),
            *ranged(visit, one, lost.get("p10"), lost.get("p90")),
        )  # fmt: skip

    def columns(key: str, words: Text, unit: str) -> list[Column]:
        heads = {part: text("{words}, {part}", words=words, part=part.upper()) for part in PERCENTILES}
        return [Column(key=f"{key}-{part}", label=head, number=True, unit=unit) for part, head in heads.items()]

    return Table(
        name="lost",
        caption=visit.text("What each plant loses"),
        columns=(
            _PLANT,
            Column(key="half", label=text("Below half, P50"), number=True, unit="day"),
            Column(key="binding", label=text("For want of")),
            *columns("kg", text("Lost", context="strategy"), "kg"),
            *columns("money", text("Money"), ""),
            Column(key="currency", label=text("Currency")),
            *RANGED,
        ),
        rows=[row(one) for one in pictures.by_stop(run["plants"])],
        empty=visit.text("No plant loses anything."),
        per_page=100,
    )


def helps_table(visit: Visit, run: Json) -> Table:
    """What still helps, by plant: the same run with one thing added."""

    def row(both: tuple[Json, Json]) -> Row:
        one, help_ = both
        per_kg = help_.get("avoided_per_kg")
        return (
            Cell(text=words.word(says.HELPS, help_["what"], visit.language), value=help_["what"]),
            plant_cell(visit, one),
            Cell(
                text=says.amount(help_, visit.language) or written.NOTHING,
                value=f"{help_.get('amount') or ''} {help_.get('unit') or ''}".strip(),
            ),
            Cell(text=visit.text("does not stop"), value=help_.get("later_days"))
            if help_.get("stops") is False
            else number_cell(help_.get("later_days")),
            mass_cell(visit, help_.get("avoided_kg")),
            Cell(text=written.NOTHING if per_kg is None else written.number(round(per_kg, 2)), value=per_kg),
            *ranged(visit, {**one, **help_}, help_.get("low"), help_.get("high")),
        )  # fmt: skip

    return Table(
        name="helps",
        caption=visit.text("What still helps"),
        columns=(
            Column(key="what", label=text("What is added")),
            _PLANT,
            Column(key="amount", label=text("How much"), number=True),
            Column(key="later", label=text("Stops later, days"), number=True),
            Column(key="avoided", label=text("Output saved"), number=True, unit="kg"),
            Column(key="per-kg", label=text("Saved per kg added"), number=True),
            *RANGED,
        ),
        rows=[row(both) for both in pictures.helps_of(run["plants"])],
        empty=visit.text("Nothing that was tried helps any plant."),
    )


def loss_table(visit: Visit, run: Json) -> Table:
    """What both sides lose, day by day."""
    found = run.get("loss") or {}
    buyers = found.get("currency") or ""
    currencies = {"seller": found.get("seller_currency") or buyers, "buyer": buyers}
    names = {"low": text("low"), "central": text("central"), "high": text("high")}
    sides = {"seller": text("Seller"), "buyer": text("Buyers", context="strategy")}

    def row(place: int, day: float) -> Row:
        values = [(side, found[side][part][place]) for side in sides for part in _ENDS]
        return (
            day_cell(visit, run["settings"]["starts"], day),
            *(Cell(text=says.money(value, currencies[side], visit.language), value=value) for side, value in values),
            *stated(visit, found),
        )

    return Table(
        name="loss",
        caption=visit.text("What both sides lose"),
        columns=(
            Column(key="day", label=text("Until", context="strategy"), number=True, unit="day"),
            *(
                Column(
                    key=f"{side}-{part}", number=True, unit=currencies[side],
                    label=text("{said}, {names}", said=said, names=names[part]),
                )
                for side, said in sides.items()
                for part in _ENDS
            ),
            *STATED,
        ),
        rows=[row(place, day) for place, day in enumerate(found.get("days") or ())],
        empty=visit.text("No value was stated, and nothing is assumed of it."),
    )  # fmt: skip


def standing_table(visit: Visit, run: Json) -> Table:
    """How many plants stand still, day by day."""
    totals = run["totals"]
    return Table(
        name="standing",
        caption=visit.text("Plants that stand still"),
        columns=(
            Column(key="day", label=text("On", context="strategy"), number=True, unit="day"),
            *(Column(key=part, label=bilingual(part.upper(), part.upper()), number=True) for part in PERCENTILES),
            *RANGED,
        ),
        rows=[
            (
                day_cell(visit, run["settings"]["starts"], one["day"]),
                *(number_cell(one["stopped"].get(part)) for part in PERCENTILES),
                *ranged(visit, totals, one["stopped"].get("p10"), one["stopped"].get("p90")),
            )
            for one in totals.get("by_day") or ()
        ],
        empty=visit.text("No day was run."),
    )  # fmt: skip


def inputs_table(visit: Visit, run: Json) -> Table:
    """Every input that is assumed, with its range and by how many days it moves the answer."""
    swings = {one["key"]: one for one in run.get("tornado") or ()}

    def row(one: Json) -> Row:
        swing = swings.get(one["key"], {})
        return (
            Cell(text=says.named(one, visit.language), note=one["key"], value=one["key"]),
            Cell(text=says.valued(one, visit.language), value=one.get("value")),
            number_cell(one.get("low")), number_cell(one.get("high")),
            number_cell(swing.get("low_days")), number_cell(swing.get("high_days")),
            number_cell(one.get("swing_days")),
            *stated(visit, one),
        )  # fmt: skip

    return Table(
        name="inputs",
        caption=visit.text("What is assumed"),
        columns=(
            Column(key="input", label=text("Input")),
            Column(key="value", label=text("Value", context="strategy"), number=True),
            Column(key="low", label=text("Low"), number=True),
            Column(key="high", label=text("High"), number=True),
            Column(key="low-days", label=text("At low, days"), number=True),
            Column(key="high-days", label=text("At high, days"), number=True),
            Column(key="swing", label=text("Swing, days"), number=True),
            *STATED,
        ),
        rows=[row(one) for one in run["inputs"]],
        empty=visit.text("Nothing is assumed."),
        per_page=100,
    )
