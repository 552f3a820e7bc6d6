"""Takes in a dossier: the register first, then every filing in its sequence, as filed at its own time.

Reading and checking run ahead of posting on another thread; the log's order is the dossier's order all the same.
A load that was killed is started again: what is in the log already is recognised and left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lodeline.filing.check import Checked, check
from lodeline.filing.dossier import FilingFile, read_dossier
from lodeline.filing.table import read
from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.posting import Outcome, Upload, post
from lodeline.service.records import put_records
from lodeline.store.store import Store

#: Filings that may stand read and checked, waiting to be posted. Bounds the memory of a load.
AHEAD = 16


@dataclass(kw_only=True)
class Loaded:
    """What a load did; `refused` holds (path, problems) of every filing that did not enter."""

    accepted: int = 0
    repeated: int = 0
    rows: int = 0
    refused: list[tuple[str, tuple[Problem, ...]]] = field(default_factory=list)
    flags: dict[str, int] = field(default_factory=dict)
    register_problems: tuple[Problem, ...] = ()
    interrupted: bool = False

    def as_json(self) -> dict[str, Any]:
        """Counts, and each refused filing with its problems."""
        return {
            "accepted": self.accepted,
            "repeated": self.repeated,
            "rows": self.rows,
            "refused": [
                {"path": path, "problems": [found.as_json() for found in problems]} for path, problems in self.refused
            ],
            "flags": dict(sorted(self.flags.items())),
            "register_problems": [found.as_json() for found in self.register_problems],
        }


def load(
    store: Store, directory: Path, *, law: Jurisdiction, progress: Callable[[int, int], None] | None = None
) -> Loaded:
    """Loads a dossier. Raises filing.dossier.DossierError where the directory is none."""
    dossier = read_dossier(directory)
    loaded = Loaded(register_problems=tuple(dossier.problems))
    times = [filing.filed_at for filing in dossier.filings]
    put_records(store, dossier.register, filed_at=min(times, default=datetime(1970, 1, 1, tzinfo=UTC)))
    register = store.register(store.head())
    entries: dict[Path, int] = {}
    say = progress or (lambda _done, _all: None)
    for number, (filing, content, checked) in enumerate(_checked_ahead(dossier.filings, register)):
        say(number, len(dossier.filings))
        if filing.corrects is not None and filing.corrects not in entries:
            missing = problem("correction.unknown-filing", corrects=str(filing.corrects))
            loaded.refused.append((str(filing.path), (*checked.problems, missing)))
            continue
        outcome = post(
            store,
            checked,
            filed_at=filing.filed_at,
            law=law,
            corrects=entries[filing.corrects] if filing.corrects is not None else None,
            uploads=[Upload(name=filing.path.name, content=content)],
        )
        if outcome.entry is not None:
            entries[filing.path] = outcome.entry.index
        _count(loaded, filing, outcome)
    say(len(dossier.filings), len(dossier.filings))
    return loaded


def _count(loaded: Loaded, filing: FilingFile, outcome: Outcome) -> None:
    if outcome.entry is None:
        loaded.refused.append((str(filing.path), outcome.problems))
        return
    if outcome.repeated:
        loaded.repeated += 1
        return
    loaded.accepted += 1
    loaded.rows += outcome.entry.row_count
    for found in outcome.problems:
        loaded.flags[found.code] = loaded.flags.get(found.code, 0) + 1


def _checked_ahead(filings: Sequence[FilingFile], register: Register) -> Iterator[tuple[FilingFile, bytes, Checked]]:
    def work(filing: FilingFile) -> tuple[FilingFile, bytes, Checked]:
        checked = check(
            read([filing.path]),
            organisation=filing.organisation,
            period=filing.period,
            register=register,
            correcting=filing.corrects is not None,
        )
        return filing, filing.path.read_bytes() if filing.path.is_file() else b"", checked

    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting: list[Future[tuple[FilingFile, bytes, Checked]]] = []
        remaining = iter(filings)
        try:
            while True:
                while len(waiting) < AHEAD and (filing := next(remaining, None)) is not None:
                    waiting.append(pool.submit(work, filing))
                if not waiting:
                    return
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
