"""A backup of an older program, brought up to date before anything of it appears: in a file of its own.

Its rows are put into tables as that program had them, which then take the steps that this program adds. So the steps
are taken by SQLite wherever the store is restored to, and what holds for a restore goes on to hold: the place sees one
transaction, and a failed or killed attempt leaves nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import polars as pl

from lodeline.build import build
from lodeline.errors import UserError
from lodeline.language import bilingual, enumerated, text
from lodeline.store import archive
from lodeline.store.appearing import work_room
from lodeline.store.archive import Kind, Steps, Table, steps_taken
from lodeline.store.database import Database

#: (table, rows, rows so far)
Part = tuple[str, pl.DataFrame, int]
#: (done, all) of some work.
Progress = Callable[[int, int], None]


class BackupError(UserError):
    """The file cannot be used as a backup, or there is no room for what it holds."""


class ChangeTables(Protocol):
    """Makes the tables at an address as of these steps, or with these columns; without either, brings them up to date
    (office.opening)."""

    def __call__(
        self, url: str, /, *, to: Steps | None = None, like: Mapping[str, Mapping[str, str]] | None = None
    ) -> object: ...


def _is_older(manifest: Mapping[str, Any], here: Database) -> bool:
    """Whether the tables of a backup have to take steps to become those that this program has made here."""
    # A store whose portal was never made has fewer tables: what it has is compared.
    if "steps" in manifest:
        own_steps = last_steps(here)
        return any(own_steps.get(app) != name for app, name in manifest["steps"].items())
    own = {table.name: table.columns for table in archive.tables(here)}
    return any(own.get(name) != columns for name, columns in manifest["tables"].items())


def last_steps(database: Database) -> dict[str, str]:
    """The last step of each app."""
    return {app: names[-1] for app, names in steps_taken(database).items()}


def _refuse_newer(manifest: Mapping[str, Any], here: Database) -> None:
    """Raises BackupError where a backup states steps that this program has not made here: those of a newer one."""
    known = steps_taken(here)
    stated: Mapping[str, str] = manifest.get("steps", {})
    newer = sorted(f"{app}.{name}" for app, name in stated.items() if name not in known.get(app, ()))
    if newer:
        raise BackupError(
            text(
                "the backup was made by a newer program ({maker}), and this one ({own}) does not know its tables "
                "({tables}): restore it with that one, or update this one",
                maker=bilingual(made_by(manifest), made_by(manifest, "zh")),
                own=bilingual(build(), build("zh")),
                tables=enumerated(newer),
            )
        )


def _tables_for(
    here: Database, named: Mapping[str, Mapping[str, Kind]], manifest: Mapping[str, Any]
) -> dict[str, Table]:
    """The tables here that a backup fills, by name. Raises BackupError where they are not the same."""
    found = {table.name: table for table in archive.tables(here)}
    for name, columns in named.items():
        if name not in found or found[name].columns != columns:
            raise BackupError(
                text(
                    "table {name} of the backup is not as any program up to this one ({build}) had it: "
                    "restore it with the program that made it ({made_by})",
                    name=name,
                    build=build(),
                    made_by=made_by(manifest),
                    build2=build("zh"),
                    made_by2=made_by(manifest, "zh"),
                )
            )
    return {name: found[name] for name in named}


def made_by(manifest: Mapping[str, Any], language: Literal["en", "zh"] = "en") -> str:
    """Which program made a backup."""
    return build(language, version=str(manifest.get("program", "?")), of=manifest.get("commit"))


@contextmanager
def up_to_date(
    manifest: Mapping[str, Any],
    parts: Iterable[Part],
    file: Path,
    place: Database,
    change_tables: ChangeTables,
    *,
    progress: Progress,
) -> Iterator[tuple[dict[str, Table], Iterator[Part], bool]]:
    """The tables of a place that a backup fills, by name, its rows for them, and whether it had to be brought up to
    date for that; the place has the tables of this program.

    The file in between lies where the store will, or next to the backup where that will be in PostgreSQL.
    Raises BackupError where no program up to this one had such tables, StoreError where rows do not fit.
    """
    _refuse_newer(manifest, place)
    if not _is_older(manifest, place):
        yield _tables_for(place, manifest["tables"], manifest), iter(parts), False
        return
    with _room(file, place) as room:
        between = Database(str(room / "older.sqlite3"))
        try:
            if "steps" in manifest:
                change_tables(between.url, to=manifest["steps"])
            else:
                change_tables(between.url, like=manifest["tables"])
            found = _tables_for(between, manifest["tables"], manifest)
            with between.transaction():
                archive.empty(between, list(found.values()))
                for table, rows, done in parts:
                    archive.fill(between, found[table], rows)
                    progress(done, 2 * manifest["rows"])
                archive.settle(between)
            between.close()
            change_tables(between.url)
            tables = archive.tables(between)
            named = {table.name: table.columns for table in tables}
            with closing(_rows(between, tables, manifest["rows"])) as changed:
                yield _tables_for(place, named, manifest), changed, True
        finally:
            between.close()
            for left in room.glob("older.sqlite3*"):
                left.unlink()


@contextmanager
def _room(file: Path, place: Database) -> Iterator[Path]:
    if place.path is not None:
        yield place.path.parent
        return
    with work_room(file) as room:
        yield room


def _rows(database: Database, tables: Iterable[Table], done: int) -> Generator[Part, None, None]:
    for table in tables:
        for rows in archive.rows_of(database, table):
            done += rows.height
            yield table.name, rows, done
