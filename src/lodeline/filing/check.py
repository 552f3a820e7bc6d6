"""A filing judged by itself: every problem at once, each with its cell, and the typed rows for the ledger.

`check` is pure: no clock, no database. What needs the register is judged only if it is given; everything
else is judged always. Whether the ledger agrees (`lot.unknown`, `mass.exceeds-holding`, …) is asked later.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from lodeline.filing.assay import TEXTS, Compositions, read_compositions
from lodeline.filing.cell import Read
from lodeline.filing.events import Hits, event_hits
from lodeline.filing.known import register_rules, with_models
from lodeline.filing.rules import ROW_RULES, UNREAD, Rule, filing_rules, percent, with_helpers
from lodeline.filing.schema import ASSAYS, COLUMNS, MASS_COLUMNS, ROWS
from lodeline.filing.table import Source, Table
from lodeline.filing.typed import Typed, extra, typed
from lodeline.ledger.problem import Fact, Problem, Where, problem
from lodeline.ledger.register import Register
from lodeline.material.mass import PPB, share_mg_expr

#: So many problems of one code are listed; how many more there are is one problem of its own.
LISTED_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A checked filing.

    `rows`: the columns of `schema.ROWS`, in the order filed. `assays`: the columns of `schema.ASSAYS`;
    `ordinal` is the position in `rows`, whose `source` is an index into `sources`. Where a problem rejects,
    rows may hold nulls: use them only if `rejects` is False.
    """

    rows: pl.DataFrame
    assays: pl.DataFrame
    problems: tuple[Problem, ...]
    organisation: str | None
    period: str | None
    corrects: str | None
    sources: tuple[Source, ...] = ()

    @property
    def rejects(self) -> bool:
        return any(one.severity == "reject" for one in self.problems)


def check(
    table: Table,
    *,
    organisation: str | None = None,
    period: str | None = None,
    register: Register | None = None,
    correcting: bool = False,
) -> Checked:
    """All problems of a filing that can be found without the ledger, and its typed rows.

    `organisation` and `period` (YYYY-MM) come from the command or the signed-in filer and must agree with the
    file's envelope. `correcting`: the command names a filing that this one corrects.
    """
    about, problems = _envelope(table, organisation, period)
    organisation, period, corrects = about["organisation"], about["period"], table.envelope.corrects
    problems = [*table.problems, *problems]
    first, last = month_bounds(period)
    if period is not None and first is None:
        problems.append(problem("period.malformed", value=period))
    if register is not None and organisation is not None and organisation not in register.roles:
        problems.append(problem("organisation.unknown", value=organisation))
    if not table.readable or not table.frame.height:
        rows, assays = pl.DataFrame(schema=ROWS), pl.DataFrame(schema=ASSAYS)
    else:
        rules = filing_rules(
            organisation=organisation, period=period, first=first, last=last, correcting=correcting or bool(corrects)
        )
        judgement = _Judgement.of(table, rules, register, organisation)
        problems += judgement.problems()
        rows, assays = judgement.rows(), judgement.assays()
    return Checked(
        rows=rows,
        assays=assays,
        problems=tuple(problems),
        organisation=organisation,
        period=period,
        corrects=corrects,
        sources=table.sources,
    )


def month_bounds(period: str | None) -> tuple[date | None, date | None]:
    """First and last day of a period `YYYY-MM`; None, None if it is no calendar month."""
    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", period or "")
    if not match or match[1] == "0000":
        return None, None
    year, month = int(match[1]), int(match[2])
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _envelope(
    table: Table, organisation: str | None, period: str | None
) -> tuple[dict[str, str | None], list[Problem]]:
    about: dict[str, str | None] = {}
    problems: list[Problem] = []
    for name, given in (("organisation", organisation), ("period", period)):
        stated: str | None = getattr(table.envelope, name)
        about[name] = given if given is not None else stated
        if given is not None and stated is not None and given != stated:
            where = Where(file=table.sources[0].file, column=name) if table.sources else None
            problems.append(problem("envelope.differs", where, column=name, value=stated, given=given))
    return about, problems


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judgement:
    """The judged frame, what was read on the way to it, and the rules that hold for this filing."""

    table: Table
    cells: Typed
    frame: pl.DataFrame
    compositions: Compositions
    rules: list[Rule]
    organisation: str | None

    @classmethod
    def of(cls, table: Table, rules: list[Rule], register: Register | None, organisation: str | None) -> _Judgement:
        cells = typed(table.frame)
        unread = [_unread(cells, name).alias(f"unread_{name}") for name in UNREAD if name != "composition"]
        frame = with_helpers(cells.frame).with_columns(*unread, pl.col("basis").alias("basis_read"))
        rules = [*ROW_RULES, *rules]
        if register is not None:
            frame, unknown_models = with_models(frame, register, organisation)
            rules += [*unknown_models, *register_rules(frame, register, organisation)]
        frame, compositions = _with_compositions(frame)
        return cls(
            table=table, cells=cells, frame=frame, compositions=compositions, rules=rules, organisation=organisation
        )

    def rows(self) -> pl.DataFrame:
        """The columns of `schema.ROWS`."""
        moisture = pl.col("moisture_ppb").fill_null(0)
        return self.frame.with_columns(
            extra(self.table.frame), share_mg_expr(pl.col("mass_mg"), PPB - moisture).alias("dry_mg")
        ).select(*ROWS)

    def assays(self) -> pl.DataFrame:
        """The columns of `schema.ASSAYS`."""
        stated = self.frame.select(pl.col("place").alias("ordinal"), "text").filter(pl.col("text").is_not_null())
        return stated.join(self.compositions.shares, on="text", maintain_order="left_right").select(*ASSAYS)

    def problems(self) -> list[Problem]:
        """Every problem of the rows, by file and row; at most `LISTED_LIMIT` of a code, and how many more."""
        listed: dict[str, list[tuple[int, Problem]]] = {}
        counts: dict[str, int] = {}
        for hits in self._hits():
            already = listed.setdefault(hits.code, [])
            counts[hits.code] = counts.get(hits.code, 0) + len(hits.places)
            if self._is_column_missing(hits):
                column = str(hits.column)
                where = Where(file=self.table.sources[0].file, row=1, column=column)
                already.append((-1, problem("column.missing", where, column=column, count=len(hits.places))))
                counts[hits.code] -= len(hits.places) - 1
            else:
                already += self._problems(hits, LISTED_LIMIT - len(already))
        more = [
            problem("problems.more", count=counts[code] - len(found), code=code)
            for code, found in listed.items()
            if counts[code] > len(found)
        ]
        in_order = sorted((one for found in listed.values() for one in found), key=lambda one: one[0])
        return [*(one for _, one in in_order), *more]

    def _hits(self) -> Iterator[Hits]:
        yield from self._fault_hits()
        yield from self._composition_hits()
        masks = self.frame.select(rule.when.alias(str(place)) for place, rule in enumerate(self.rules))
        for rule, mask in zip(self.rules, masks, strict=True):
            if mask.any():
                places = mask.fill_null(False).arg_true()
                yield Hits(code=rule.code, column=rule.column, places=places, facts=rule.facts)
        kinds = frozenset(self.frame["kind"].unique().drop_nulls())
        yield from event_hits(self.frame, kinds, self.organisation)

    def _fault_hits(self) -> Iterator[Hits]:
        """Cells that the parsers could not read, or read with a remark."""
        for column, codes in self.cells.faults.items():
            reads = self.cells.reads[column]
            live = codes.set(self.frame["is_void"], None)
            for code in live.unique().drop_nulls().sort():
                yield Hits(
                    code=code,
                    column=column,
                    places=(live == code).fill_null(False).arg_true(),
                    facts=partial(_read_facts, reads),
                )

    def _composition_hits(self) -> Iterator[Hits]:
        if self.compositions.texts["code"].null_count() == self.compositions.texts.height:
            return
        wrong = self.frame.lazy().filter(pl.col("composition_code").is_not_null() & ~pl.col("is_void")).collect()
        for (code,), rows in wrong.group_by("composition_code", maintain_order=True):
            yield Hits(code=str(code), column="composition", places=rows["place"], facts=_composition_facts)

    def _is_column_missing(self, hits: Hits) -> bool:
        names = MASS_COLUMNS if hits.column == "mass_kg" else (hits.column,)
        return hits.code == "cell.missing" and not any(name in self.table.frame.columns for name in names)

    def _problems(self, hits: Hits, limit: int) -> list[tuple[int, Problem]]:
        """The first `limit` problems of one reason, each with its position for sorting."""
        places = hits.places.head(max(limit, 0))
        rows = self.frame[places].to_dicts()
        firsts = self.frame.select("kind", "site", "on")[self.frame["first"][places]].to_dicts()
        values = self._filed_values(self.table.frame[places], hits.column)
        found: list[tuple[int, Problem]] = []
        for row, value, first_row in zip(rows, values, firsts, strict=True):
            row |= {"value": value, "first_row": first_row}
            source: Source = self.table.sources[row["source"]]
            where = Where(file=source.file, sheet=source.sheet, row=row["row"], column=hits.column)
            found.append((row["place"], problem(hits.code, where, severity=None, **_facts(hits, row))))
        return found

    def _filed_values(self, filed: pl.DataFrame, column: str | None) -> list[str | None]:
        """The texts as filed in a column; the mass in whichever unit it was."""
        names = [name for name in (MASS_COLUMNS if column == "mass_kg" else (column,)) if name in filed.columns]
        return filed.select(pl.coalesce(names)).to_series().to_list() if names else [None] * filed.height


def _facts(hits: Hits, row: Mapping[str, Any]) -> Mapping[str, Fact]:
    return {name: "" if fact is None else fact for name, fact in hits.facts(row).items()}


def _read_facts(reads: Mapping[str, Read], row: Mapping[str, Any]) -> Mapping[str, Fact]:
    return {"value": row["value"], **dict(reads[row["value"]].facts)}


def _unread(cells: Typed, column: str) -> pl.Expr:
    """Whether a cell is filled and has no value: a date or a mass that cannot be read."""
    names = [name for name in (MASS_COLUMNS if column == "mass_kg" else (column,)) if name in cells.faults]
    if not names:
        return pl.lit(False)
    return (
        pl.any_horizontal(pl.lit(cells.faults[name].is_not_null()) for name in names) & pl.col(_TYPED[column]).is_null()
    )


_TYPED = {column.name: column.typed for column in COLUMNS}


def _composition_facts(row: Mapping[str, Any]) -> Mapping[str, Fact]:
    facts: dict[str, Fact] = {"value": str(row["value"] or row["stated"])}
    if row["sum_ppb"]:
        facts["total_pct"] = percent(row["sum_ppb"])
    return facts


def _with_compositions(frame: pl.DataFrame) -> tuple[pl.DataFrame, Compositions]:
    """The frame with canonical compositions, and what the rules ask of them: `carries`, `sum_ppb`, their code."""
    key = ["composition", "basis_read"]
    stated = frame.select("place", *key).filter(pl.col("composition").is_not_null())
    pairs = stated.select(key).unique(maintain_order=True)
    found = read_compositions(pairs)
    numbers = stated.join(pairs.with_columns(found.texts["text"]), on=key, nulls_equal=True)
    # Line 0 stands for no composition, so that one gather fills every column.
    lines = np.zeros(frame.height, np.uint32)
    lines[numbers["place"]] = numbers["text"] + 1
    read = pl.concat([_NO_COMPOSITION, found.texts])[lines]
    # Stacked and not selected: a select would first copy every column into pieces of one size.
    return (
        frame.rename({"composition": "stated"}).hstack(
            [
                read["canonical"].alias("composition"),
                read["text"],
                read["carries"],
                read["sum_ppb"],
                read["code"].alias("composition_code"),
                read["code"].is_not_null().alias("unread_composition"),
            ]
        ),
        found,
    )


_NO_COMPOSITION = pl.DataFrame(
    {"text": [None], "canonical": [None], "carries": [False], "sum_ppb": [0], "code": [None]}, schema=TEXTS
)
