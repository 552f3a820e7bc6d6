"""What rows of a strategy table say against each other, and against the tables that stand beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Final

import polars as pl

from lodeline.ledger.problem import CATALOGUE, Fact
from lodeline.strategy.inputs.tables import KEYS, TABLES, Inputs, Table

#: By how much shares of a class may miss a hundred: they are written rounded.
SHARES_MISS: Final = 0.5
DAYS_PER_MONTH: Final = 365.25 / 12
#: Of one scenario: each is laid over every edge and day of a run.
INSTRUMENTS_MOST: Final = 100
#: What of an instrument says whom and what it touches.
SCOPE: Final = (
    "class", "elements", "hs_code", "from_country", "to_country", "organisation", "end_user", "end_use",
)  # fmt: skip
#: Of a kind, columns of which one is filled.
_NEEDED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "quota": (("cap_kg", "cap_pct"),), "list": (("elements", "class"),), "refuse": (("end_user",),),
    "ban": (("to_country",),), "outage": (("organisation",),),
}  # fmt: skip
#: What opens and what shuts: of one scope on one day they contradict each other.
_SHUT: Final = ("ban", "refuse")


@dataclass(frozen=True, slots=True)
class Found:
    """A problem of a table before it has the file's name. `row`: None where it is of the table as a whole."""

    code: str
    row: int | None
    column: str | None
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def rejects(self) -> bool:
        return CATALOGUE[self.code].severity != "flag"


@dataclass(frozen=True, slots=True)
class Rows:
    """Typed rows, and the row of the file that each stood in. `whole`: the file has no others."""

    frame: pl.DataFrame
    numbers: list[int]
    whole: bool = True

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        return zip(self.numbers, self.frame.iter_rows(named=True), strict=True)


def judged(table: Table, rows: Rows, beside: Inputs) -> list[Found]:
    """Every problem of rows whose cells could each be read."""
    found = [*_doubled(table, rows)]
    if table == "plants":
        found += [*_plants(rows), *_left(table, rows, beside, "plant", ("bill", "cover", "suppliers"))]
    elif table == "scenarios":
        found += [*_scenarios(rows), *_left(table, rows, beside, "scenario", ("instruments",))]
    elif table == "instruments":
        found += _named(rows, beside.scenarios, "scenario", "strategy.scenario-unknown")
        found += _instruments(rows)
    else:
        found += _named(rows, beside.plants, "plant", "strategy.plant-unknown")
    if table == "cover":
        found += _cover(rows)
    if table == "suppliers":
        found += _suppliers(rows, beside)
    return found


def _doubled(table: Table, rows: Rows) -> Iterator[Found]:
    first: dict[tuple[object, ...], int] = {}
    for number, row in rows:
        key = tuple(row[name] for name in KEYS[table])
        before = first.setdefault(key, number)
        if before != number:
            facts: dict[str, Fact] = {"key": " / ".join(map(str, key)), "other_row": before}
            yield Found("strategy.row-twice", number, KEYS[table][-1], facts)


def _named(rows: Rows, frame: pl.DataFrame, column: str, code: str) -> Iterator[Found]:
    """Rows that name what the other table does not have."""
    known = set(frame[column].to_list())
    for number, row in rows:
        if row[column] not in known:
            yield Found(code, number, column, {"value": row[column]})


def _left(table: Table, rows: Rows, beside: Inputs, column: str, others: tuple[Table, ...]) -> Iterator[Found]:
    """What other tables that stand still name, and this one no longer has."""
    known = set(rows.frame[column].to_list())
    for other in others if rows.whole else ():
        lost = [one for one in beside.frame(other)[column].unique(maintain_order=True).to_list() if one not in known]
        if lost:
            facts: dict[str, Fact] = {"table": other, "value": ", ".join(lost), "count": len(lost)}
            yield Found("strategy.named-elsewhere", None, column, facts)


def _plants(rows: Rows) -> Iterator[Found]:
    for number, row in rows:
        yield from _reversed(number, "valid_to", row["valid_from"], row["valid_to"])
        if row["loss_per_day"] is not None and row["currency"] is None:
            yield Found("strategy.cell-missing", number, "currency", {"column": "currency"})


def _cover(rows: Rows) -> Iterator[Found]:
    for number, row in rows:
        yield from _range(number, row["low_days"], row["stock_days"], row["high_days"], "low_days")


def _scenarios(rows: Rows) -> Iterator[Found]:
    for number, row in rows:
        for one, other in (("base_from", "base_to"), ("base_to", "base_from")):
            if row[one] is not None and row[other] is None:
                yield Found("strategy.cell-missing", number, other, {"column": other})
        yield from _reversed(number, "base_to", row["base_from"], row["base_to"])


def _suppliers(rows: Rows, beside: Inputs) -> Iterator[Found]:
    shares: dict[tuple[str, str], list[tuple[int, float]]] = {}
    use = _use(beside)
    for number, row in rows:
        plant_class = (row["plant"], row["class"])
        if row["share_pct"] is not None:
            shares.setdefault(plant_class, []).append((number, row["share_pct"]))
        capacity, share = row["capacity_kg_per_month"], row["share_pct"] or 0.0
        need = use.get(plant_class, 0.0) * share / 100 * DAYS_PER_MONTH
        if capacity is not None and capacity < need * (1 - 1e-9):
            facts: dict[str, Fact] = {"capacity": f"{capacity:g}", "use": f"{need:.6g}"}
            yield Found("strategy.capacity-below-use", number, "capacity_kg_per_month", facts)
    for (plant, goods), parts in shares.items() if rows.whole else ():
        total = sum(share for _, share in parts)
        if abs(total - 100) > SHARES_MISS + 1e-9:
            total_facts: dict[str, Fact] = {"plant": plant, "class": goods, "total": f"{total:.6g}"}
            yield Found("strategy.shares-not-100", parts[-1][0], "share_pct", total_facts)


def _use(inputs: Inputs) -> dict[tuple[str, str], float]:
    """Plant, class → kg a day by bill and output, where both are known."""
    output = dict(inputs.plants.select("plant", "output_per_day").iter_rows())
    return {
        (row["plant"], row["class"]): row["kg_per_unit"] * output[row["plant"]]
        for row in inputs.bill.iter_rows(named=True)
        if output.get(row["plant"]) is not None
    }


def _instruments(rows: Rows) -> Iterator[Found]:
    of_scenario: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for number, row in rows:
        of_scenario.setdefault(row["scenario"], []).append((number, row))
        yield from _reversed(number, "to", row["from"], row["to"])
        if row["from"] is None and row["kind"] != "law":
            yield Found("strategy.cell-missing", number, "from", {"column": "from"})
        for names in _NEEDED.get(row["kind"], ()):
            if all(row[name] is None for name in names):
                facts: dict[str, Fact] = {"kind": row["kind"], "column": " / ".join(names)}
                yield Found("strategy.instrument-incomplete", number, names[0], facts)
        if row["cap_kg"] is not None and row["cap_pct"] is not None:
            twice: dict[str, Fact] = {"id": row["id"], "other": row["id"], "other_row": number}
            yield Found("strategy.instruments-contradict", number, "cap_pct", twice)
        yield from _range(number, row["low"], _uncertain(row), row["high"], "low")
    for name, instruments in of_scenario.items():
        if len(instruments) > INSTRUMENTS_MOST:
            many: dict[str, Fact] = {"scenario": name, "count": len(instruments), "limit": INSTRUMENTS_MOST}
            yield Found("strategy.instruments-too-many", instruments[INSTRUMENTS_MOST][0], "scenario", many)
        else:
            yield from _contradictions(instruments)


def _uncertain(row: Mapping[str, Any]) -> float | None:
    """The figure that `low` and `high` are the range of."""
    names = ("delay_working_days", "cap_kg", "cap_pct", "approval_pct")
    return next((row[name] for name in names if row[name] is not None), None)


def _contradictions(instruments: list[tuple[int, dict[str, Any]]]) -> Iterator[Found]:
    """Two of one kind, or one that opens and one that shuts, with one scope and a day in common."""
    last: dict[tuple[object, ...], tuple[int, dict[str, Any]]] = {}
    for number, row in sorted(instruments, key=lambda one: (one[1]["from"] or date.min, one[0])):
        kind = row["kind"]
        if kind == "law":
            continue
        scope = tuple(_as_set(row[name]) for name in SCOPE)
        side = "opens" if kind == "loosen" else "shuts" if kind in _SHUT else ""
        against = {"opens": "shuts", "shuts": "opens"}.get(side)
        for group in filter(None, (kind, against)):
            before, first = last.get((group, *scope), (number, None))
            if first is not None and (first["to"] or date.max) >= (row["from"] or date.min):
                facts: dict[str, Fact] = {"id": row["id"], "other": first["id"], "other_row": before}
                yield Found("strategy.instruments-contradict", number, "kind", facts)
                break
        for group in filter(None, (kind, side)):
            _, first = last.get((group, *scope), (number, None))
            if first is None or (first["to"] or date.max) < (row["to"] or date.max):
                last[(group, *scope)] = (number, row)


def _as_set(cell: str | None) -> frozenset[str]:
    return frozenset((cell or "").split(";"))


def _reversed(number: int, column: str, first: date | str | None, last: date | str | None) -> Iterator[Found]:
    if first is not None and last is not None and str(last) < str(first):
        yield Found("validity.reversed", number, column, {"first": str(first), "last": str(last)})


def _range(number: int, low: float | None, value: float | None, high: float | None, column: str) -> Iterator[Found]:
    stated = [one for one in (low, value, high) if one is not None]
    if any(first > second for first, second in pairwise(stated)):
        shown = ["–" if one is None else f"{one:g}" for one in (low, value, high)]
        facts: dict[str, Fact] = dict(zip(("low", "value", "high"), shown, strict=True))
        yield Found("strategy.range-reversed", number, column, facts)


assert set(KEYS) == set(TABLES), "each table has a key"
