"""A feed of another authority, judged by itself: every problem at once, each with its cell, and its typed rows.

It is read by the readers of filings and within their bounds. What is strange but may be true (a mass far from the
usual, a letter that is not seen) is flagged and kept as it was sent; what cannot be meant refuses the whole file, so
that nothing is half taken in. Pure: no clock and no database.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline.filing.cell import Read
from lodeline.filing.check import LISTED_LIMIT
from lodeline.filing.columns.header import UNKNOWN_MARK, column_letter
from lodeline.filing.country import alpha2_by_code
from lodeline.filing.feed_schema import ROW_IDENTITY, Feed, column_by_folded, columns, feed_cells, feed_of
from lodeline.filing.formats import Limits, Sheet
from lodeline.filing.names import folded
from lodeline.filing.table import read_sheet, read_sheets
from lodeline.filing.typed import extra, read_others
from lodeline.ledger.problem import Fact, Problem, Where, problem
from lodeline.ledger.register import Register
from lodeline.material.mass import format_kg

#: No name, number or note of a record is longer; a spreadsheet cell may be.
CELL_CHARACTERS: Final = 500
#: A mass this many times above or below the median of at least so many rows of the same goods is remarked.
UNUSUAL_TIMES, USUAL_ROWS = 500, 5
#: Characters that are not seen or turn the order of what is: formats, zero-width, overrides of direction.
HIDDEN: Final = r"\p{Cf}"
_MIXED: Final = r"[A-Za-z][\p{Greek}\p{Cyrillic}]|[\p{Greek}\p{Cyrillic}][A-Za-z]"
_NAMES: Final = ("seller_name", "buyer_name", "exporter_name", "consignee_name", "end_user_name")
_COUNTRIES: Final = ("destination", "end_user_country")
_IDS: Final = ("seller", "buyer", "exporter")
#: Who must be named: (columns of which one is filled, when it must be).
_PARTIES: Final[Mapping[Feed, tuple[tuple[tuple[str, ...], pl.Expr], ...]]] = {
    "invoices": ((("seller", "seller_name"), pl.lit(True)), (("buyer", "buyer_name"), pl.lit(True))),
    "customs": (
        (("exporter", "exporter_name"), pl.col("direction") == "export"),
        (("consignee_name",), pl.col("direction") == "import"),
    ),
}

Facts = Callable[[Mapping[str, Any]], Mapping[str, Fact]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFeed:
    """A feed as read. `rows`: the cells of `feed_schema.feed_cells`, as sent, without those that repeat another.

    Where a problem rejects, rows may hold nulls: use them only if `rejects` is False. `feed` is None where the header
    is of no feed.
    """

    feed: Feed | None
    rows: pl.DataFrame
    problems: tuple[Problem, ...]

    @property
    def rejects(self) -> bool:
        return any(one.severity == "reject" for one in self.problems)


def read_feed(
    path: Path, *, today: date, file: str | None = None, register: Register | None = None, feed: Feed | None = None
) -> CheckedFeed:
    """The feed that a CSV, XLSX, JSON or NDJSON file holds. Never raises on what the file contains.

    `today`: no record is of a later day. `feed`: which it must be; else the header says it. `register`: ids that it
    does not know are remarked.
    """
    name = file if file is not None else str(path)
    return check_feed(read_sheet(path, name, Limits()), file=name, today=today, register=register, feed=feed)


def read_feed_bytes(
    name: str, content: bytes, *, today: date, register: Register | None = None, feed: Feed | None = None,
    limits: Limits | None = None,
) -> CheckedFeed:  # fmt: skip
    """`read_feed` of an upload."""
    ((file, sheet),) = read_sheets([(name, content)], limits=limits)
    return check_feed(sheet, file=file, today=today, register=register, feed=feed)


def check_feed(
    sheet: Sheet, *, file: str, today: date, register: Register | None = None, feed: Feed | None = None
) -> CheckedFeed:
    """The problems and typed rows of a sheet as read."""
    where = Where(file=file, sheet=sheet.name)
    found = feed or feed_of(sheet.header)
    if not sheet.readable or found is None:
        unknown = () if not sheet.readable else (problem("feed.unknown-kind", replace(where, row=1)),)
        return CheckedFeed(feed=found, rows=pl.DataFrame(), problems=(*sheet.problems, *unknown))
    judgement = _Judgement(found, sheet, where, today)
    problems = judgement.problems(register)
    return CheckedFeed(feed=found, rows=judgement.rows(), problems=(*sheet.problems, *problems))


class _Judgement:
    """One sheet as one feed: its text under canonical names, its typed cells, and what is wrong with them."""

    def __init__(self, feed: Feed, sheet: Sheet, where: Where, today: date) -> None:
        self.feed, self.where, self.today = feed, where, today
        self.known = columns(feed)
        self.header_problems: list[Problem] = []
        self.text = self._named(sheet)
        self.faults: list[tuple[str, str, pl.Series, Facts]] = []
        self.cells = self._typed()

    def rows(self) -> pl.DataFrame:
        """The rows without those that repeat an earlier one."""
        cells = list(feed_cells(self.feed))
        return self.cells.select(cells).unique(maintain_order=True) if self.cells.height else self.cells.select(cells)

    def _named(self, sheet: Sheet) -> pl.DataFrame:
        """The cells under canonical names, trimmed, without empty rows; `row` is where each stood."""
        names: dict[str, str] = {}
        by_folded = column_by_folded(self.feed)
        for place, raw in enumerate(sheet.header):
            header = unicodedata.normalize("NFC", raw.strip())
            column = by_folded.get(folded(header))
            at = replace(self.where, row=1, column=column or header or None)
            if not header:
                if sheet.filled(place):
                    self.header_problems.append(problem("column.unnamed", at, letter=column_letter(place)))
                continue
            name = column or UNKNOWN_MARK + header
            if name in names.values():
                self.header_problems.append(problem("column.twice", at, column=column or header, headers=header))
                continue
            if column is None:
                self.header_problems.append(problem("column.unknown", at, header=header, count=sheet.filled(place)))
            names[str(place)] = name
        texts = [pl.col(old).str.strip_chars().replace("", None).alias(new) for old, new in names.items()]
        frame = sheet.numbered().select(*texts, "row")
        filled = [pl.col(name).is_not_null() for name in names.values()]
        return frame.filter(pl.any_horizontal(filled)) if filled else frame.clear()

    def _typed(self) -> pl.DataFrame:
        frame, missing = self.text, pl.lit(None)
        typed: list[pl.Series | pl.Expr] = []
        for name, column in self.known.items():
            if name not in frame.columns:
                typed.append(missing.cast(column.parser.dtype).alias(column.typed))
                continue
            plain = frame.select(column.parser.plain(pl.col(name)).alias(name)).to_series()
            values, codes, reads = read_others(frame[name], plain, column.parser)
            typed.append(values.alias(column.typed))
            for code in codes.unique().drop_nulls().sort() if codes is not None else ():
                self.faults.append((code, name, (codes == code).fill_null(False), partial(_read_facts, reads)))
        return frame.select("row").with_columns(*typed, extra(frame))

    def problems(self, register: Register | None) -> list[Problem]:
        """All problems, by row; at most `LISTED_LIMIT` of a code, and how many more."""
        found = [*self.header_problems, *self._absent_columns()]
        listed: list[tuple[int, Problem]] = []
        counts: dict[str, int] = {}
        for code, column, mask, facts in [*self.faults, *self._judged(register)]:
            places = mask.arg_true()
            room = max(0, LISTED_LIMIT - counts.get(code, 0))
            counts[code] = counts.get(code, 0) + len(places)
            listed += self._placed(code, column, places.head(room), facts)
        more = [
            problem("problems.more", self.where, code=code, count=count - LISTED_LIMIT)
            for code, count in sorted(counts.items()) if count > LISTED_LIMIT
        ]  # fmt: skip
        return [*found, *(one for _, one in sorted(listed, key=lambda one: one[0])), *more]

    def _placed(self, code: str, column: str, places: pl.Series, facts: Facts) -> Iterator[tuple[int, Problem]]:
        if not len(places):
            return
        filed = self.text[column] if column in self.text.columns else pl.repeat(None, self.text.height, eager=True)
        for place, row, value in zip(places, self.cells[places].to_dicts(), filed[places], strict=True):
            values = {name: "" if fact is None else fact for name, fact in facts({**row, "value": value}).items()}
            yield place, problem(code, replace(self.where, row=row["row"], column=column), severity=None, **values)

    def _absent_columns(self) -> Iterator[Problem]:
        for name, column in self.known.items():
            if column.required == "yes" and name not in self.text.columns and self.text.height:
                at = replace(self.where, row=1, column=name)
                yield problem("column.missing", at, column=name, count=self.text.height)

    def _judged(self, register: Register | None) -> Iterator[tuple[str, str, pl.Series, Facts]]:
        """What the typed cells say: (code, column, which rows, the facts that the text quotes)."""
        cells, text = self.cells, self.text
        for name, column in self.known.items():
            if name not in text.columns:
                continue
            if column.required == "yes":
                yield "feed.cell-missing", name, text[name].is_null(), _always(column=name)
            if column.choices:
                listed = ", ".join(column.choices)
                wrong = cells[column.typed].is_not_null() & ~cells[column.typed].is_in(column.choices)
                yield "choice.unknown", name, wrong, partial(_choice_facts, listed)
            elif column.typed not in ("mass_mg", "on"):
                long = text[name].str.len_chars().fill_null(0) > CELL_CHARACTERS
                yield "cell.too-long", name, long, _always(limit=CELL_CHARACTERS)
        yield from self._parties(register)
        yield from self._forms()
        yield from self._masses()
        yield "feed.day-not-come", "on", self._where(pl.col("on") > self.today), lambda row: {"date": str(row["on"])}
        yield from self._doubles()

    def _where(self, condition: pl.Expr) -> pl.Series:
        return self.cells.select(condition.fill_null(False).alias("found")).to_series()

    def _parties(self, register: Register | None) -> Iterator[tuple[str, str, pl.Series, Facts]]:
        for names, when in _PARTIES[self.feed]:
            unnamed = when & pl.all_horizontal(pl.col(name).is_null() for name in names)
            yield "feed.party-missing", names[-1], self._where(unnamed), _always(column=names[-1])
        for name in _NAMES:
            if name in self.text.columns:
                hidden = self._where(pl.col(name).str.contains(HIDDEN))
                yield "feed.name-hidden", name, hidden, partial(_hidden, name)
                mixed = self._where(pl.col(name).str.contains(_MIXED))
                yield "feed.name-mixed", name, mixed, partial(_foreign, name)
        for name in _IDS if register is not None else ():
            if name in self.text.columns:
                known = list(register.roles) if register is not None else []
                yield (
                    "party.unknown",
                    name,
                    self._where(pl.col(name).is_not_null() & ~pl.col(name).is_in(known)),
                    _value,
                )

    def _forms(self) -> Iterator[tuple[str, str, pl.Series, Facts]]:
        codes = sorted(set(alpha2_by_code().values()))
        for name in _COUNTRIES:
            if name in self.text.columns:
                yield "country.unknown", name, self._where(~pl.col(name).is_in(codes)), _value
        yield "currency.malformed", "currency", self._where(~pl.col("currency").str.contains("^[A-Z]{3}$")), _value
        if self.feed == "customs":
            yield "hs-code.malformed", "hs_code", self._where(~pl.col("hs_code").str.contains("^[0-9]{6,13}$")), _value

    def _masses(self) -> Iterator[tuple[str, str, pl.Series, Facts]]:
        mass, value = pl.col("mass_mg"), pl.col("value").cast(pl.Float64, strict=False)
        yield "feed.mass-zero", "mass_kg", self._where(mass == 0), _value
        if self.feed == "customs":
            yield "mass.negative", "mass_kg", self._where(mass < 0), _value
        else:
            yield (
                "feed.sign-differs", "value", self._where((mass.sign() * value.sign()) < 0),
                lambda row: {"mass_kg": format_kg(row["mass_mg"]), "value": row["value"]},
            )  # fmt: skip
        goods = "product_name" if self.feed == "invoices" else "hs_code"
        usual = self.cells.select(
            goods, mass=mass.abs(), median=mass.abs().median().over(goods), rows=pl.len().over(goods)
        ).with_columns(times=pl.col("mass") / pl.col("median"))
        far = (pl.col("times") >= UNUSUAL_TIMES) | (pl.col("times") <= 1 / UNUSUAL_TIMES) & (pl.col("mass") > 0)
        odd = usual.select((far & (pl.col("rows") >= USUAL_ROWS)).fill_null(False).alias("odd")).to_series()
        of_row = dict(zip(self.cells["row"].filter(odd), usual.filter(odd).to_dicts(), strict=True))
        yield "feed.mass-unusual", "mass_kg", odd, lambda row: {
            "mass_kg": format_kg(row["mass_mg"]), "times": f"{of_row[row['row']]['times']:.4g}",
            "median_kg": format_kg(int(of_row[row["row"]]["median"])), "product": row[goods],
        }  # fmt: skip

    def _doubles(self) -> Iterator[tuple[str, str, pl.Series, Facts]]:
        """Rows of one identity that differ, and rows that repeat another in every cell."""
        cells, key = self.cells, list(ROW_IDENTITY[self.feed])
        if not cells.height:
            return
        shown = "product_name" if self.feed == "invoices" else key[-1]
        content = list(feed_cells(self.feed))
        repeated = cells.select(~pl.struct(content).is_first_distinct().alias("again")).to_series()
        yield "feed.row-repeated", shown, repeated, _always()
        filled = pl.all_horizontal(pl.col(name).is_not_null() for name in key)
        several = cells.with_columns(again=repeated).select(
            twice=filled & ~pl.col("again") & ((~pl.col("again")).sum().over(key) > 1)
        )["twice"]
        yield "feed.contradicts", key[-1], several, lambda row: {
            "number": "/".join(str(row[name]) for name in key), "column": ", ".join(key),
        }  # fmt: skip
        if self.feed == "invoices":
            stated = pl.col("line").is_not_null()
            some = self._where(~stated & pl.col("number").is_not_null() & stated.any().over("number"))
            yield "feed.cell-missing", "line", some, _always(column="line")
            for name in ("kind", "on", "seller", "seller_name", "buyer", "buyer_name", "currency"):
                differs = self._where(
                    pl.col("number").is_not_null() & (pl.col(name).fill_null("").n_unique().over("number") > 1)
                    if name != "on" else pl.col("number").is_not_null() & (pl.col("on").n_unique().over("number") > 1)
                )  # fmt: skip
                yield "feed.contradicts", name, differs & ~several, partial(_contradiction, name)


def _always(**facts: Fact) -> Facts:
    return lambda _: facts


def _value(row: Mapping[str, Any]) -> Mapping[str, Fact]:
    return {"value": str(row["value"])}


def _read_facts(reads: Mapping[str, Read], row: Mapping[str, Any]) -> Mapping[str, Fact]:
    return {"value": row["value"], **dict(reads[row["value"]].facts)}


def _choice_facts(choices: str, row: Mapping[str, Any]) -> Mapping[str, Fact]:
    return {"value": row["value"], "choices": choices}


def _contradiction(column: str, row: Mapping[str, Any]) -> Mapping[str, Fact]:
    return {"number": row["number"], "column": column}


def _hidden(column: str, row: Mapping[str, Any]) -> Mapping[str, Fact]:
    found = dict.fromkeys(f"U+{ord(one):04X}" for one in row[column] if unicodedata.category(one) == "Cf")
    return {"characters": ", ".join(found)}


def _foreign(column: str, row: Mapping[str, Any]) -> Mapping[str, Fact]:
    scripts = ("GREEK", "CYRILLIC")
    found = dict.fromkeys(one for one in row[column] if unicodedata.name(one, "").partition(" ")[0] in scripts)
    return {"characters": ", ".join(f"{one} U+{ord(one):04X}" for one in found)}
