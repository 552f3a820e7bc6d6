"""A filing as the table it is: text cells under canonical names, each with its address, from one or more files.

Nothing is judged here but the form of the files. What a reader cannot place is a problem with file, row
and column; the cells it could place are still in the table, so that one check names everything at once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

import polars as pl

from lodeline.filing.columns.header import UNKNOWN_MARK, match_header
from lodeline.filing.columns.profile import Profile, with_profile
from lodeline.filing.formats import Envelope, Limits, Sheet, unreadable
from lodeline.filing.formats.apart import read_apart
from lodeline.filing.formats.csv import read_csv
from lodeline.filing.formats.json import read_json, read_ndjson
from lodeline.ledger.problem import Problem, Where, problem

Reader = Callable[[Path, str, Limits], Sheet]

READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".xlsx": read_apart,
    ".json": read_json,
    ".ndjson": read_ndjson,
    ".jsonl": read_ndjson,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file of a filing, as its problems name it."""

    file: str
    sheet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The text of a filing.

    `frame`: String columns under canonical names (`mass_kg`, `mass_t` and `mass_g` as filed; unknown columns
    under their own name behind a `?`), then `source` UInt16, an index into `sources`, and `row` UInt32.
    Rows without any filled cell are left out. `readable` is False if a file could not be read at all.
    """

    frame: pl.DataFrame
    sources: tuple[Source, ...]
    envelope: Envelope = field(default_factory=Envelope)
    problems: tuple[Problem, ...] = ()
    readable: bool = True


def read(paths: Sequence[Path | str], *, limits: Limits | None = None) -> Table:
    """The table that the files hold together. Never raises on what a file contains."""
    assert paths, "a filing has at least one file"
    limits = limits or Limits()
    return table_of([(str(path), read_sheet(Path(path), str(path), limits)) for path in paths])


def read_bytes(
    files: Sequence[tuple[str, bytes]], *, limits: Limits | None = None, profile: Profile | None = None
) -> Table:
    """The table that uploaded files hold together: (name, content) of each; `read` of the same files gives the same.

    `profile` says what a firm's own columns mean. Never raises on what a file contains.
    """
    return table_of(
        [
            (name, sheet if profile is None else with_profile(sheet, profile))
            for name, sheet in read_sheets(files, limits=limits)
        ]
    )


def read_sheets(files: Sequence[tuple[str, bytes]], *, limits: Limits | None = None) -> list[tuple[str, Sheet]]:
    """Each uploaded file as it stands, before its columns are named; equal names are told apart by a number.

    The readers work on files, so that a large one never stands in memory twice over: the bytes lie in a directory
    that only this process can enter, for as long as they are read.
    """
    assert files, "a filing has at least one file"
    limits = limits or Limits()
    names: list[str] = []
    sheets: list[Sheet] = []
    with tempfile.TemporaryDirectory(prefix="lodeline-") as room:
        for place, (given, content) in enumerate(files):
            name = _distinct_name(given, names)
            ending = PurePath(name).suffix.lower()
            # Nothing is written under an ending, or of a size, that will not be read.
            if ending not in READERS:
                sheet = unreadable(problem("file.unknown-format", Where(file=name), path=name))
            elif len(content) > limits.file_bytes:
                sheet = unreadable(
                    problem("file.too-large", Where(file=name), bytes=len(content), limit=limits.file_bytes)
                )
            else:
                path = Path(room) / f"{place}{ending}"
                path.write_bytes(content)
                sheet = read_sheet(path, name, limits)
                path.unlink()
            names.append(name)
            sheets.append(sheet)
    return list(zip(names, sheets, strict=True))


def _distinct_name(name: str, others: Sequence[str]) -> str:
    """The name, with a number before its ending where another file of the filing has it: a problem names one file."""
    path, number, found = PurePath(name), 2, name
    while found in others:
        found, number = f"{path.stem} ({number}){path.suffix}", number + 1
    return found


def blank() -> Table:
    """The table of a filing that nobody has uploaded: rows are typed into it (`edits.Addition`)."""
    return Table(frame=pl.DataFrame(schema={"source": pl.UInt16(), "row": pl.UInt32()}), sources=())


def table_of(sheets: Sequence[tuple[str, Sheet]]) -> Table:
    """The table that sheets hold together, each given with the name of its file."""
    sources = tuple(Source(file=file, sheet=sheet.name) for file, sheet in sheets)
    frames: list[pl.DataFrame] = []
    problems: list[Problem] = []
    for place, (source, (_, sheet)) in enumerate(zip(sources, sheets, strict=True)):
        frame, found = _named(sheet, source, place)
        frames.append(frame)
        problems += [*(_canonical(one) for one in sheet.problems), *found]
    envelope, differing = _one_envelope([sheet.envelope for _, sheet in sheets])
    return Table(
        frame=frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal"),
        sources=sources,
        envelope=envelope,
        problems=(*problems, *differing),
        readable=all(sheet.readable for _, sheet in sheets),
    )


def read_sheet(path: Path, file: str, limits: Limits) -> Sheet:
    """One file by the reader that its ending names; `file` is what its problems call it."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return unreadable(problem("file.unknown-format", Where(file=file), path=file))
    try:
        return reader(path, file, limits)
    except OSError:
        return unreadable(problem("file.not-found", Where(file=file), path=file))


def _named(sheet: Sheet, source: Source, place: int) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
    """The sheet's cells under canonical names with their address, without empty rows."""
    values = [sheet.filled(column) for column in range(len(sheet.header))]
    match = match_header(sheet.header, Where(file=source.file, sheet=source.sheet, row=1), values)
    kept = {str(i): name for i, name in enumerate(match.names) if name is not None}
    if not kept:
        return pl.DataFrame(schema={"source": pl.UInt16(), "row": pl.UInt32()}), match.problems
    frame = sheet.cells.select(pl.col(old).alias(new) for old, new in kept.items())
    frame = frame.with_columns(pl.lit(place, pl.UInt16).alias("source"), sheet.rows)
    return without_empty_rows(frame, list(kept.values())), match.problems


def without_empty_rows(frame: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """The rows in which at least one of the columns `names` is filled."""
    # Most tables have no empty row: one column is looked at before all are.
    first = "event" if "event" in names else names[0]
    candidate = frame[first].is_null() | (frame[first].str.strip_chars() == "")
    if not candidate.any():
        return frame
    texts = pl.col(names).str.strip_chars()
    return frame.filter(pl.any_horizontal(texts.is_not_null() & (texts != "")))


def _canonical(found: Problem) -> Problem:
    """A reader's problem with the canonical name in place of the header as filed."""
    if found.where.column is None:
        return found
    name = match_header((found.where.column,), Where()).names[0] or found.where.column
    return replace(found, where=replace(found.where, column=name.removeprefix(UNKNOWN_MARK)))


def _one_envelope(envelopes: list[Envelope]) -> tuple[Envelope, list[Problem]]:
    """What the files say of themselves, and where two of them disagree."""
    agreed: dict[str, str | None] = {}
    problems: list[Problem] = []
    for name in ("organisation", "period", "corrects"):
        values = sorted({value for envelope in envelopes if (value := getattr(envelope, name)) is not None})
        agreed[name] = values[0] if values else None
        problems += [problem("envelope.differs", column=name, value=other, given=values[0]) for other in values[1:]]
    return Envelope(**agreed), problems
