"""What a user may tell of plants, their stock and suppliers, and of scenarios: six tables, each read whole.

A table is read by the readers of filings, within narrower bounds; every problem comes at once, each with its cell. A
table with a problem that rejects is not taken in. An empty table means defaults, each labelled an assumption. Columns,
with names in both languages, are rows of `data/reference/strategy_columns.csv`. Pure: no clock and no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.errors import UserError
from lodeline.filing.names import folded
from lodeline.language import bilingual, text
from lodeline.strategy.figure import Basis
from lodeline.strategy.scenario import INSTRUMENT_KINDS, RULES, Instrument, Scenario
from lodeline.tables import table_rows

Table = Literal["plants", "bill", "cover", "suppliers", "scenarios", "instruments"]
#: In the order in which they are read: a later one names rows of an earlier.
TABLES: Final[tuple[Table, ...]] = get_args(Table)
#: What identifies a row within its table.
KEYS: Final[Mapping[Table, tuple[str, ...]]] = {
    "plants": ("plant",), "bill": ("plant", "class"), "cover": ("plant", "class"),
    "suppliers": ("plant", "class", "supplier"), "scenarios": ("scenario",), "instruments": ("scenario", "id"),
}  # fmt: skip
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "rule": RULES, "instrument-kind": INSTRUMENT_KINDS, "yes-no": ("yes", "no"),
}  # fmt: skip
_DTYPES: Final[Mapping[str, pl.DataType]] = {
    "number": pl.Float64(), "integer": pl.Int64(), "date": pl.Date(), "yes-no": pl.Boolean(),
}  # fmt: skip
#: What a cell means that is empty.
DEFAULTS: Final[Mapping[Table, Mapping[str, object]]] = {
    "plants": {"stop_below_pct": 50.0},
    "bill": {"essential": True},
    "suppliers": {"share_pct": 0.0},
    "scenarios": {
        "horizon_days": 180, "rule": "proportional", "guarantee_pct": 0.0, "substitution_pct": 100.0, "seed": 1,
        "draws": 200,
    },
}  # fmt: skip
#: Between the values of a cell that holds several, once read.
SEPARATOR: Final = ";"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyColumn:
    """A column of a table: its names, how it is read (`type`, `low` to `high`), what it means, an example."""

    name: str
    names_zh: tuple[str, ...]
    type: str
    required: bool
    low: float | None
    high: float | None
    meaning: Mapping[str, str]
    example: str

    @property
    def dtype(self) -> pl.DataType:
        """Of its cells once read: numbers as filed (percent stay percent), yes or no as a truth value, else text."""
        return _DTYPES.get(self.type, pl.String())


@cache
def columns(table: Table) -> Mapping[str, StrategyColumn]:
    """The columns of a table by name, in the order of its template."""
    return {
        row["name"]: StrategyColumn(
            name=row["name"], names_zh=tuple(row["names_zh"].split("|")), type=row["type"],
            required=row["required"] == "yes", low=float(row["low"]) if row["low"] else None,
            high=float(row["high"]) if row["high"] else None,
            meaning={"en": row["meaning_en"], "zh": row["meaning_zh"]}, example=row["example"],
        )
        for row in table_rows("reference/strategy_columns.csv") if row["table"] == table
    }  # fmt: skip


@cache
def schema(table: Table) -> Mapping[str, pl.DataType]:
    """Column → type of a table that was read."""
    return {one.name: one.dtype for one in columns(table).values()}


def blank(table: Table) -> pl.DataFrame:
    """A table without a row."""
    return pl.DataFrame(schema=dict(schema(table)))


def table_of(header: tuple[str, ...]) -> Table | None:
    """Which table a header is of: the one that has the most of its columns, if it has all that identify a row."""
    names = {folded(name) for name in header}
    best: tuple[int, Table | None] = (0, None)
    for table in TABLES:
        found = {
            one.name for one in columns(table).values() if names & {folded(name) for name in (one.name, *one.names_zh)}
        }
        if set(KEYS[table]) <= found and len(found) > best[0]:
            best = (len(found), table)
    return best[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The six tables that are in force: frames with the columns of `schema`, cells that were left empty null.

    digests: table → SHA-256 of the file that it was read from; a table that nobody filed has none. entry: the newest
    entry of the log that one of them stands in, None where none does.
    """

    plants: pl.DataFrame = field(default_factory=lambda: blank("plants"))
    bill: pl.DataFrame = field(default_factory=lambda: blank("bill"))
    cover: pl.DataFrame = field(default_factory=lambda: blank("cover"))
    suppliers: pl.DataFrame = field(default_factory=lambda: blank("suppliers"))
    scenarios: pl.DataFrame = field(default_factory=lambda: blank("scenarios"))
    instruments: pl.DataFrame = field(default_factory=lambda: blank("instruments"))
    digests: Mapping[str, str] = field(default_factory=dict)
    entry: int | None = None

    def frame(self, table: Table) -> pl.DataFrame:
        """The rows of a table as they were read."""
        found = {
            "plants": self.plants, "bill": self.bill, "cover": self.cover, "suppliers": self.suppliers,
            "scenarios": self.scenarios, "instruments": self.instruments,
        }  # fmt: skip
        return found[table]

    def having(self, table: Table, rows: pl.DataFrame, digest: str = "", entry: int | None = None) -> Inputs:
        """These with another table in the place of the one that stands."""
        digests = {**self.digests, table: digest} if digest else self.digests
        newest = max((one for one in (self.entry, entry) if one is not None), default=None)
        given = {one: self.frame(one) for one in TABLES} | {table: rows}
        return replace(self, **given, digests=digests, entry=newest)


#: Nothing was told: defaults everywhere.
EMPTY: Final = Inputs()


def filled(inputs: Inputs, table: Table) -> pl.DataFrame:
    """The rows of a table with what an empty cell means (`DEFAULTS`) where there is such a meaning."""
    defaults = DEFAULTS.get(table, {})
    return inputs.frame(table).with_columns(pl.col(name).fill_null(pl.lit(value)) for name, value in defaults.items())


def basis_of_source(source: str) -> Basis:
    """What a row of a table rests on by what it says of its source: of an invented world, else an assumption."""
    lowered = source.casefold()
    return "synthetic" if "synthetic" in lowered or "合成" in lowered or "虚构" in lowered else "assumption"


def scenario_of(inputs: Inputs, name: str) -> Scenario:
    """The scenario of that id, with its instruments in the order of their rows.

    Raises UserError with the ids that there are.
    """
    found = filled(inputs, "scenarios").filter(pl.col("scenario") == name).to_dicts()
    if not found:
        names = sorted(inputs.scenarios["scenario"].to_list())
        if not names:
            raise UserError(
                text("no scenario was filed: file scenarios.csv and instruments.csv with `lodeline strategy file`")
            )
        listed, listed_zh = ", ".join(names), "、".join(names)
        raise UserError(
            text("there is no scenario {name!r}; there are: {listed}", name=name, listed=bilingual(listed, listed_zh))
        )
    row = found[0]
    instruments = inputs.instruments.filter(pl.col("scenario") == name)
    return Scenario(
        name=name, name_en=row["name_en"], name_zh=row["name_zh"] or row["name_en"],
        base_from=row["base_from"] or "", base_to=row["base_to"] or "", starts=row["starts"],
        horizon_days=row["horizon_days"], rule=row["rule"], guarantee=row["guarantee_pct"] / 100,
        substitution=row["substitution_pct"] / 100, seed=row["seed"], draws=row["draws"], note=row["note"] or "",
        instruments=tuple(instrument_of(one) for one in instruments.to_dicts()),
    )  # fmt: skip


def scenarios_of(inputs: Inputs) -> tuple[Scenario, ...]:
    """Every scenario, in the order of the table."""
    return tuple(scenario_of(inputs, name) for name in inputs.scenarios["scenario"].to_list())


def instrument_of(row: Mapping[str, Any]) -> Instrument:
    """A row of the table instruments; percent become shares, the range has the unit of what it is the range of.

    One of the law that states no first day starts on `date.min`, for `instrument.resolved` to say.
    """

    def cell(name: str) -> str:
        return str(row[name] or "")

    def several(name: str) -> tuple[str, ...]:
        return tuple(cell(name).split(SEPARATOR)) if row[name] else ()

    def number(name: str, scale: float = 1.0) -> float | None:
        value = row[name]
        return value * scale if isinstance(value, int | float) else None

    of_share = row["delay_working_days"] is None and row["cap_kg"] is None
    return Instrument(
        id=cell("id"), kind=row["kind"], starts=row["from"] or date.min, ends=row["to"], goods=several("class"),
        elements=several("elements"), hs_code=cell("hs_code"), from_country=cell("from_country"),
        to_country=several("to_country"),
        organisation=cell("organisation"), end_user=cell("end_user"), end_use=cell("end_use"),
        delay_working_days=number("delay_working_days"), approval=number("approval_pct", 0.01),
        cap_kg=number("cap_kg"), cap=number("cap_pct", 0.01), de_minimis_value=number("de_minimis_value_pct", 0.01),
        low=number("low", 0.01 if of_share else 1.0), high=number("high", 0.01 if of_share else 1.0),
        note=cell("note"),
    )  # fmt: skip
