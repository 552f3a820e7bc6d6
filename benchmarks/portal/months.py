"""The last month of a synthetic world, taken out of its dossier for firms that are late with it.

A month of the world has some fifty rows. It is brought to a size that is asked for by small runs more of the processes
that are in it: a ten-thousandth of their masses, taken from the same inputs, with lots of their own and a reason.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, groupby
from pathlib import Path

#: Rows of the filings of the peak.
LEAST, MOST = 80, 2_000
#: The mass of a run that is added, as a share of the one that it repeats.
_SMALL = 1e-4
_MASSES = ("mass_kg", "mass_t")
#: Rows in this share of the first uploads cannot be understood; of the second, a third as many.
_SLIPS = 0.03

Row = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month that a firm has still to file, as the world has it."""

    organisation: str
    period: str
    content: bytes

    def enlarged(self, rows: int) -> bytes:
        """The month with so many rows, if it has fewer."""
        columns, own = _read(self.content)
        added = _whole(self._runs(own, "K"), rows - len(own))
        for row in own:
            # What the small runs use, the run that they repeat has not used.
            again = sum(one["event"].rpartition("-")[0] == row["event"] for one in added if one["role"] == "in")
            if row.get("role") == "in" and again:
                row.update(
                    {name: f"{float(row[name]) * (1 - again * _SMALL):.6f}" for name in _MASSES if row.get(name)}
                )
            # Beside small runs, the usual ones are unusual.
            row["reason"] = row.get("reason") or ("as weighed" if added else "")
        return _written(columns, [*own, *added])

    def runs_alone(self, rows: int, mark: str) -> bytes:
        """Nothing but small runs; those of another `mark` have other events and lots."""
        columns, own = _read(self.content)
        return _written(columns, _whole(self._runs(own, mark), rows))

    def _runs(self, own: list[Row], mark: str) -> Iterator[list[Row]]:
        """Runs without end."""
        runs = [
            list(rows)
            for (_, kind), rows in groupby(own, key=lambda row: (row["event"], row["kind"]))
            if kind == "transformation"
        ]
        return ([_small(row, f"{mark}{number}") for row in run] for number, run in enumerate(cycle(runs)))


def _small(row: Row, mark: str) -> Row:
    """A row of a run of the same kind with small masses. Pieces of a model have a mass of their own: none is named."""
    small = {**row, "event": f"{row['event']}-{mark}"}
    small |= _times(row, _SMALL) | {name: "" for name in ("model", "pieces") if name in row} | {"reason": "trial run"}
    return small if row["role"] == "in" else {**small, "lot": f"{row['lot']}-{mark}"}


def _times(row: Row, factor: float) -> Row:
    """The masses of a row, multiplied."""
    return {name: f"{float(row[name]) * factor:.6f}" for name in _MASSES if row.get(name)}


def _whole(runs: Iterator[list[Row]], rows: int) -> list[Row]:
    """The first runs, as many as have so many rows together."""
    found: list[Row] = []
    for run in runs:
        if len(found) + len(run) > rows:
            break
        found += run
    return found


def with_slips(content: bytes, chance: random.Random, *, attempt: int) -> bytes:
    """The file as it is first sent: days that are none, and sites that nobody has."""
    columns, rows = _read(content)
    for row in chance.sample(rows, max(2, int(len(rows) * _SLIPS / 3**attempt))):
        row.update(chance.choice([{"on": "2026-13-45"}, {"site": "NOWHERE"}]))
    return _written(columns, rows)


def take_late(world: Path, firms: int, chance: random.Random) -> list[Month]:
    """Takes the last month of so many firms out of a world; what was taken out before is taken as it is.

    Firms that make something of something, and file the month once.
    """
    index, late = world / "filings" / "index.csv", world / "late.csv"
    if not late.exists():
        columns, filings = _read(index.read_bytes())
        last = max(one["period"] for one in filings)
        of_last = [one for one in filings if one["period"] == last]
        once = [
            one
            for one in of_last
            if sum(other["organisation"] == one["organisation"] for other in of_last) == 1
            and b",transformation," in (world / one["path"]).read_bytes()
        ]
        taken = {one["path"] for one in chance.sample(once, min(firms, len(once)))}
        late.write_bytes(_written(columns, [one for one in filings if one["path"] in taken]))
        index.write_bytes(_written(columns, [one for one in filings if one["path"] not in taken]))
    return [
        Month(organisation=one["organisation"], period=one["period"], content=(world / one["path"]).read_bytes())
        for one in _read(late.read_bytes())[1]
    ]


def lots_of(world: Path, organisation: str) -> list[str]:
    """Lots of its own that a firm has shipped, by their whole names."""
    found = {
        row["lot"]
        for path in sorted((world / "filings" / organisation).glob("*.csv"))
        for row in _read(path.read_bytes())[1]
        if row["kind"] in ("shipment", "export") and "/" not in row["lot"]
    }
    return [f"{organisation}/{lot}" for lot in sorted(found)]


def _read(content: bytes) -> tuple[list[str], list[Row]]:
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return list(reader.fieldnames or ()), list(reader)


def _written(columns: list[str], rows: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    if any("reason" in row for row in rows):
        columns = [*columns, *({"reason"} - set(columns))]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
