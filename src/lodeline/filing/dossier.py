"""A dossier: a directory that holds a register, grants and the filings of a whole world (docs/reference/dossier.md).

Only what the format names is read; any other file is left alone. A register that cannot be read stops
the reading; a bad row of it is a problem with its place, and the rest of the file is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.filing.cell import PARSERS, Read, read_decimal
from lodeline.filing.check import month_bounds
from lodeline.filing.country import alpha2
from lodeline.filing.feed_schema import FEEDS, Feed
from lodeline.filing.formats import Limits
from lodeline.filing.names import folded
from lodeline.filing.table import read_sheet
from lodeline.language import bilingual, enumerated
from lodeline.ledger.licence import licence_of
from lodeline.ledger.licence_terms import contradictions
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.register import TABLES, Register
from lodeline.ledger.roles import ROLES

#: China Standard Time, without daylight saving since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")

FILES: dict[str, str] = {
    "organisations": "register/organisations.csv",
    "sites": "register/sites.csv",
    "methods": "register/methods.csv",
    "models": "register/models.csv",
    "processes": "register/processes.csv",
    "quotas": "grants/quotas.csv",
    "licences": "grants/licences.csv",
    "licence_acts": "grants/licence-acts.csv",
    "licence_proposals": "grants/licence-proposals.csv",
    "extensions": "register/extensions.csv",
    "parallel_run": "register/parallel_run.csv",
    "successions": "register/successions.csv",
    "parties": "register/parties.csv",
    "party_names": "register/party_names.csv",
    "ownership": "register/ownership.csv",
    "party_proposals": "register/party_proposals.csv",
}
MANDATORY = ("organisations", "sites")
#: Column of the file → column of the table, where kilograms become milligrams.
_MASSES = {
    "capacity_kg_per_month": "capacity_mg_per_month",
    "mass_per_piece_kg": "mass_per_piece_mg",
    "reo_kg": "reo_mg",
    "mass_kg": "mass_mg",
}
_FILED_NAME = {typed: filed for filed, typed in _MASSES.items()}
_COUNTRIES = {("organisations", "country"), ("licences", "destination"), ("parties", "country")}
_REQUIRED: dict[str, tuple[str, ...]] = {
    "organisations": ("id",),
    "sites": ("id", "organisation"),
    "methods": ("id", "quantity"),
    "models": ("id", "organisation"),
    "processes": ("id",),
    "quotas": ("organisation", "kind", "year", "reo_mg"),
    "licences": ("id", "kind", "exporter"),
    "licence_acts": ("id", "licence", "deed", "on", "reason"),
    "licence_proposals": ("id", "licence", "deed", "on", "reason", "by", "state"),
    "extensions": ("id", "period", "until", "reason"),
    "parallel_run": ("id", "until", "reason"),
    "successions": ("id", "kind", "organisation", "on", "reason"),
    "parties": ("id",),
    "party_names": ("name",),
    "ownership": ("owner", "owned"),
    "party_proposals": ("id", "kind", "party", "state"),
}
_FILING_ENDINGS = (".csv", ".xlsx", ".json", ".ndjson")


class DossierError(UserError):
    """A directory that is no dossier; the message names the file and the cure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingFile:
    """One filing of a dossier. `path` and `corrects` are files below the dossier; `corrects` is None in an original."""

    sequence: int
    organisation: str
    period: str
    path: Path
    filed_at: datetime
    corrects: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFile:
    """One file of another authority's records, and when it is taken to have come."""

    feed: Feed
    path: Path
    filed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """`register`: table name → frame with the schema of `ledger.register.TABLES`; `filings` in replay order; `feeds`
    by month, then kind."""

    register: dict[str, pl.DataFrame]
    filings: tuple[FilingFile, ...]
    feeds: tuple[FeedFile, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_dossier(directory: Path | str) -> Dossier:
    """The dossier below a directory. Raises DossierError if the register or the index cannot be read."""
    root = Path(directory)
    if not root.is_dir():
        raise DossierError(
            lang.text("{root} is no directory; name the one that holds register/ and filings/", root=root)
        )
    problems: list[Problem] = []
    rows: dict[str, pl.Series] = {}
    register = {name: _read_table(root, name, problems, rows) for name in TABLES}
    register["licences"], found = _without_contradictions(register, rows.get("licences"))
    problems += found
    index = root / "filings" / "index.csv"
    problems += _unknown_roles(register["organisations"])
    problems += _named_once(register["organisations"])
    filings = _read_index(root, index, problems) if index.is_file() else _found_filings(root)
    return Dossier(
        register=register, filings=tuple(filings), feeds=tuple(_found_feeds(root)), problems=tuple(problems)
    )  # fmt: skip


def _read_text(root: Path, file: str, problems: list[Problem]) -> pl.DataFrame:
    """The cells of one file under plain lower-case names, with `row`; raises DossierError if it is unreadable."""
    sheet = read_sheet(root / file, file, Limits())
    if not sheet.readable:
        found = sheet.problems[0]
        raise DossierError(
            lang.text(
                "{file} cannot be read: {message}",
                file=file,
                message=bilingual(found.message("en"), found.message("zh")),
            )
        )
    problems += sheet.problems
    names = [folded(name) for name in sheet.header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DossierError(
            lang.text(
                "{file}: the column {twice} stands twice in the header; keep one of the two", file=file, twice=twice[0]
            )
        )
    kept = [pl.col(str(i)).str.strip_chars().replace("", None).alias(name) for i, name in enumerate(names) if name]
    frame = sheet.numbered().select(*kept, "row")
    filled = [pl.col(name).is_not_null() for name in names if name]
    return frame.filter(pl.any_horizontal(filled)) if filled else frame.clear()


def _read_table(root: Path, name: str, problems: list[Problem], rows: dict[str, pl.Series]) -> pl.DataFrame:
    """The records of a table; under `rows` in which rows of the file they stand."""
    file = FILES[name]
    if not (root / file).is_file():
        if name in MANDATORY:
            raise DossierError(
                lang.text(
                    "{file} is missing; a dossier needs at least {mandatory}",
                    file=file,
                    mandatory=bilingual(
                        " and ".join(FILES[m] for m in MANDATORY), "、".join(FILES[m] for m in MANDATORY)
                    ),
                )
            )
        return pl.DataFrame(schema=TABLES[name])
    frame, found, rows[name] = _read_records(name, _read_text(root, file, problems), file=file)
    problems += found
    return frame


def _without_contradictions(
    register: dict[str, pl.DataFrame], rows: pl.Series | None
) -> tuple[pl.DataFrame, list[Problem]]:
    """The licences that can be believed, and what stands against the others or is strange about one, with its row."""
    table = register["licences"]
    if rows is None:
        return table, []
    acts = Register(tables={**Register().tables, **register}).licences
    found = [licence_of(row, acts[row["id"]].acts) for row in table.iter_rows(named=True)]
    problems, bad = [], set()
    for place, fault in contradictions(found):
        problems.append(replace(fault, where=replace(fault.where, file=FILES["licences"], row=int(rows[place]))))
        if fault.severity == "reject":
            bad.add(place)
    return table.filter(~pl.Series([place in bad for place in range(table.height)], dtype=pl.Boolean)), problems


def read_records(name: str, text: pl.DataFrame, *, file: str) -> tuple[pl.DataFrame, list[Problem]]:
    """The records of the register's table `name`, typed as in `ledger.register.TABLES`, and the problems of the others.

    `text`: String columns under folded names as the exchange format calls them, None where a cell is empty, and `row`.
    """
    frame, problems, _ = _read_records(name, text, file=file)
    return frame, problems


def _read_records(name: str, text: pl.DataFrame, *, file: str) -> tuple[pl.DataFrame, list[Problem], pl.Series]:
    """The same, and the row of each record."""
    schema = TABLES[name]
    problems: list[Problem] = []
    columns: dict[str, pl.Series] = {}
    bad: set[int] = set()
    for column, dtype in schema.items():
        filed = filed_name(column)
        cells = (
            text[folded(filed)] if folded(filed) in text.columns else pl.Series([None] * text.height, dtype=pl.String)
        )
        where = _Place(file=file, column=filed, rows=text["row"], problems=problems, bad=bad)
        values = _read_column(name, column, dtype, cells, where)
        columns[column] = values.alias(column)
        if column in _REQUIRED[name]:
            for place in values.is_null().arg_true():
                if place not in bad:
                    where.add(place, "cell.missing", kind=name, column=filed)
    frame = pl.DataFrame(columns, schema=schema)
    kept = ~pl.Series([place in bad for place in range(frame.height)], dtype=pl.Boolean)
    return frame.filter(kept), problems, text["row"].filter(kept)


def filed_name(column: str) -> str:
    """What the exchange format calls a column of the register: masses are filed in kilograms."""
    return _FILED_NAME.get(column, column)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where problems of one column go; `bad` collects the rows that are left out."""

    file: str
    column: str
    rows: pl.Series
    problems: list[Problem]
    bad: set[int]

    def add(self, place: int, code: str, **facts: str | int) -> None:
        where = Where(file=self.file, row=int(self.rows[place]), column=self.column)
        self.problems.append(problem(code, where, severity=None, **facts))
        self.bad.add(place)


def _read_column(table: str, column: str, dtype: pl.DataType, cells: pl.Series, where: _Place) -> pl.Series:
    """Typed values of a register column; a cell that cannot be read is null and named."""
    if isinstance(dtype, pl.List):
        parts = cells.str.split("|").list.eval(pl.element().str.strip_chars())
        return parts.list.eval(pl.element().filter(pl.element() != "")).fill_null(pl.lit([], dtype))
    if (table, column) in _COUNTRIES:
        # A general licence may name several countries.
        return cells.map_elements(
            lambda text: "|".join(alpha2(one) or one for one in text.split("|")), return_dtype=pl.String
        )
    if dtype == pl.String:
        return cells.str.normalize("NFC")
    parser = PARSERS["mass_kg" if column in _FILED_NAME else "on" if dtype == pl.Date else "pieces"]
    values: list[object] = []
    for place, text in enumerate(cells):
        read = None if text is None else parser.other(text)
        values.append(read and read.value)
        if text is not None and read is not None and read.value is None:
            where.add(place, str(read.code), value=text, **dict(read.facts))
    return pl.Series(column, values, dtype=dtype)


def _unknown_roles(organisations: pl.DataFrame) -> list[Problem]:
    """One flag for each role that the format does not know; the organisations keep it."""
    roles = organisations.select(pl.col("roles").list.explode(keep_nulls=False, empty_as_null=False)).to_series()
    unknown = roles.filter(~roles.is_in(list(ROLES))).value_counts().sort("roles")
    where = Where(file=FILES["organisations"], column="roles")
    return [problem("role.unknown", where, value=role, count=count) for role, count in unknown.iter_rows()]


def _named_once(organisations: pl.DataFrame) -> list[Problem]:
    """One flag for all organisations that have a Chinese name alone, or one in Latin letters."""
    count = organisations.select((pl.col("name_zh").is_null() != pl.col("name_en").is_null()).sum()).item()
    where = Where(file=FILES["organisations"], column="name_en")
    return [problem("organisation.named-once", where, count=count)] if count else []


def _found_filings(root: Path) -> list[FilingFile]:
    """Without an index: every `<organisation>/<YYYY-MM>[-n]` file, by period and then organisation."""
    found: list[tuple[str, str, int, Path]] = []
    for path in (root / "filings").glob("*/*"):
        match = re.fullmatch(r"([0-9]{4}-[0-9]{2})(?:-([0-9]+))?", path.stem)
        if match and path.suffix.lower() in _FILING_ENDINGS and month_bounds(match[1])[0] and path.is_file():
            found.append((match[1], path.parent.name, int(match[2] or 0), path))
    return [
        FilingFile(
            sequence=place, organisation=organisation, period=period, path=path, filed_at=usual_filing_time(period)
        )
        for place, (period, organisation, _, path) in enumerate(sorted(found), start=1)
    ]


def _found_feeds(root: Path) -> list[FeedFile]:
    """Every `feeds/<kind>/<YYYY-MM>[-n]` file, as sent at the time when a filing of its month usually is."""
    found: list[tuple[str, int, Feed, Path]] = []
    for feed in FEEDS:
        for path in (root / "feeds" / feed).glob("*"):
            match = re.fullmatch(r"([0-9]{4}-[0-9]{2})(?:-([0-9]+))?", path.stem)
            if match and path.suffix.lower() in _FILING_ENDINGS and month_bounds(match[1])[0] and path.is_file():
                found.append((match[1], int(match[2] or 0), feed, path))
    return [
        FeedFile(feed=feed, path=path, filed_at=usual_filing_time(period)) for period, _, feed, path in sorted(found)
    ]


def usual_filing_time(period: str) -> datetime:
    """Noon, Asia/Shanghai, on the fifth day after the end of the period."""
    last = month_bounds(period)[1]
    assert last is not None, f"{period} is no period"
    day = last + timedelta(days=5)
    return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)


def _read_index(root: Path, index: Path, problems: list[Problem]) -> list[FilingFile]:
    file = str(index.relative_to(root))
    text = _read_text(root, file, problems)
    needed = {"sequence", "organisation", "period", "path", "filed_at", "corrects"}
    for name in sorted(needed - {"filed_at", "corrects"}):
        if folded(name) not in text.columns:
            raise DossierError(
                lang.text(
                    "{file} has no column {name}; it needs {sorted}",
                    file=file,
                    name=name,
                    sorted=enumerated(sorted(needed)),
                )
            )
    rows: list[FilingFile] = []
    for record in text.iter_rows(named=True):
        found = _index_row(root, file, record)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            rows.append(found)
    return sorted(rows, key=lambda row: row.sequence)


def _index_row(root: Path, file: str, record: dict[str, object]) -> FilingFile | Problem:
    cells = {name: None if value is None else str(value) for name, value in record.items()}
    at: Callable[[str], Where] = lambda column: Where(file=file, row=int(str(record["row"])), column=column)  # noqa: E731
    for column in ("sequence", "organisation", "period", "path"):
        if cells[column] is None:
            return problem("cell.missing", at(column), kind="index", column=column)
    sequence = read_decimal(str(cells["sequence"]))
    if isinstance(sequence, Read):
        return problem("number.invalid", at("sequence"), value=str(cells["sequence"]))
    period = str(cells["period"])
    if month_bounds(period)[0] is None:
        return problem("period.malformed", at("period"), value=period)
    paths: dict[str, Path | None] = {"path": None, "corrects": None}
    for column in paths:
        if (text := cells.get(column)) is not None:
            inside = _inside(root, text)
            if inside is None:
                return problem("path.outside", at(column), value=text)
            paths[column] = inside
    path = paths["path"]
    assert path is not None, "a missing path was refused above"
    if not path.is_file():
        return problem("file.not-found", at("path"), path=str(cells["path"]))
    filed_at = usual_filing_time(period)
    if (text := cells.get("filedat")) is not None:
        moment = read_moment(text)
        if moment is None:
            return problem("date.invalid", at("filed_at"), value=text)
        filed_at = moment
    return FilingFile(
        sequence=int(sequence),
        organisation=str(cells["organisation"]),
        period=period,
        path=path,
        filed_at=filed_at,
        corrects=paths["corrects"],
    )


def read_moment(text: str) -> datetime | None:
    """A time of filing, ISO 8601; without an offset it is Asia/Shanghai, a bare day is its noon."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, 12, tzinfo=SHANGHAI)
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def _inside(root: Path, text: str) -> Path | None:
    """The file that a relative path names, below the dossier or its `filings`; None if it leads outside."""
    candidates = [(base / text).resolve() for base in (root, root / "filings")]
    if Path(text).is_absolute() or not all(path.is_relative_to(root.resolve()) for path in candidates):
        return None
    return next((path for path in candidates if path.is_file()), candidates[0])
