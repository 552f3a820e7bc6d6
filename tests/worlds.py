"""Small synthetic worlds in stores: made once in a run of the tests by whichever worker comes first, then copied."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from django.test import override_settings

from lodeline.detection.finding import Finding
from lodeline.service.findings.finding import findings
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from tests.cli.program import Lodeline
from tests.stores import made_once, put_away, ready_store

#: Where the clock of the demo's office starts in tests: a day on which the law knows all that people do there.
MORNING = "2026-02-05T09:00:00+08:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A world and a store with the office's tables that has taken it in. Not to be changed: copy it."""

    room: Path

    @property
    def dossier(self) -> Path:
        return self.room / "w"

    @property
    def truth(self) -> Path:
        return self.room / "w.truth.json"

    @property
    def store(self) -> Path:
        return self.room / "store.sqlite3"

    @property
    def loaded(self) -> Path:
        """What `lodeline load --json` said."""
        return self.room / "loaded.json"

    def copied_to(self, path: Path) -> str:
        """The path of a store of one's own."""
        return str(shutil.copy(self.store, path))


def small(run_room: Path) -> Made:
    """20 firms and 3 months, with what other authorities know."""

    def make(room: Path) -> None:
        made = Made(room=room)
        world = ("world", made.dossier, "--seed", 3, "--organisations", 20, "--months", 3)
        written = Lodeline(database="")(*world)
        assert (written.status, written.err) == (0, "")
        _load(made)

    return Made(room=made_once(run_room / "small", make))


def flawed(run_room: Path) -> Made:
    """The same world where SEP-0001 never filed January, SEP-0002 was granted less than it used, and two smelters make
    more than their plants can."""

    def make(room: Path) -> None:
        made = Made(room=room)
        shutil.copytree(small(run_room).dossier, made.dossier)
        (made.dossier / "filings/SEP-0001/2025-01.csv").unlink()
        _rewritten(made.dossier / "grants/quotas.csv", "SEP-0002", "reo_kg", "400000")
        for smelter in ("SML-0001", "SML-0002"):
            _rewritten(made.dossier / "register/sites.csv", smelter, "capacity_kg_per_month", "1000")
        _load(made)

    return Made(room=made_once(run_room / "flawed", make))


def _rewritten(path: Path, organisation: str, column: str, value: str) -> None:
    """A table of a dossier with another value in the rows of an organisation."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, **({column: value} if row["organisation"] == organisation else {})} for row in rows)


def living(run_room: Path) -> Made:
    """The flawed world with the people of a demo at work beside it, at MORNING."""

    def make(room: Path) -> None:
        # Not above: programs of tests that only write have no portal.
        from lodeline.office.accounts.demonstration import furnish  # noqa: PLC0415
        from lodeline.office.sample.office import work  # noqa: PLC0415

        made = Made(room=room)
        shutil.copy(flawed(run_room).store, made.store)
        url = str(made.store)
        store = open_store(url)
        law = law_now(store)

        def seen(snapshot: Snapshot) -> list[Finding]:
            """What the detectors see there, of three firms, and the like of a fourth."""
            rows = findings(store, snapshot, law).rows
            return [*rows, replace(rows[0], kept_id="5e" * 32, subject={"organisation": "MIN-0001"})]

        with override_settings(LODELINE_DATABASE=url, LODELINE_DEMO_CLOCK=MORNING):
            furnish(url)
            work(store, law, seen, now=datetime.fromisoformat(MORNING))
        put_away(store)

    return Made(room=made_once(run_room / "living", make))


def _load(made: Made) -> None:
    put_away(ready_store(str(made.store)))
    said = Lodeline(database=str(made.store))("load", made.dossier, "--json")
    assert (said.status, said.err) == (0, "")
    made.loaded.write_text(said.out, "utf-8")
    put_away(ready_store(str(made.store)))
