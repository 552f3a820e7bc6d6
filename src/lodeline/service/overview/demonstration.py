"""What a demo knows of the world that it has loaded: its size, and which loopholes were planted in it.

The note stands beside the snapshots of the store and never in its log: what filers hid is no filing. A store without a
note is no demo, and nothing is told of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from lodeline.detection.battery import DUTIES
from lodeline.detection.finding import Finding
from lodeline.detection.matching import answers, planted, seen
from lodeline.store.column_files import directory_of
from lodeline.store.database import Database

Json = dict[str, Any]
#: What of a plant's truth is kept: what a reader of the key is told.
_KEPT: Final = ("id", "loophole", "manner", "adversary", "period", "mass_kg")
#: Detector → the honest mistakes that can raise its question.
_MISTAKES: Final[Mapping[str, frozenset[str]]] = {
    "over-drawn-lot": frozenset({"receipt-lost", "month-not-filed", "receipt-found-later"}),
    "missing-filing": frozenset({"month-not-filed"}),
    "quota-overrun": frozenset({"quota-passed"}),
    "yield-outlier": frozenset({"yield-drift", "scale-recalibrated"}),
    "late-and-edited": frozenset({"late"}),
    **dict.fromkeys(
        ("unexplained-gain", "unexplained-loss"),
        frozenset({"receipt-lost", "month-not-filed", "scale-recalibrated", "yield-drift"}),
    ),
}  # fmt: skip
_TOLD: Final = frozenset().union(*_MISTAKES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo as its note has it. `world`: firms, months and seed; `entry`, `root`: of the log as it was loaded.

    `bare`: nothing is planted, and nobody works beside the filings. `planted`: `plant_of` each plant. `mistakes`: those
    of honest filers that can raise a question, as `mistakes_of` a truth.
    """

    world: Mapping[str, int]
    entry: int
    root: str
    bare: bool
    planted: Sequence[Json]
    mistakes: Sequence[Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A plant, the finding of its own detector that answers it (None: it was missed), and those of others that touch
    it."""

    plant: Json
    found: Finding | None
    touched: Sequence[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A finding that answers no plant. `mistake`: an honest one that can have raised it; `beside`: the id of a plant at
    the same firm, in whose months it does not lie; both None where no cause is on record."""

    finding: Finding
    mistake: Json | None
    beside: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerKey:
    """Every plant, and the findings that answer none: false alarms.

    `shown`: findings of the visit that the demo made up, which is no plant: one item is short there.
    """

    rows: Sequence[KeyRow]
    false: Sequence[Alarm]
    shown: Sequence[Finding]

    @property
    def found(self) -> int:
        """Plants that their own detector found."""
        return sum(one.found is not None for one in self.rows)

    @property
    def touched(self) -> int:
        """Plants that their own detector missed, and about which another one asks all the same."""
        return sum(one.found is None and bool(one.touched) for one in self.rows)

    def manner(self, loophole: str) -> str | None:
        """How the first plant of a loophole was done; None where there is none."""
        return next((one.plant["manner"] for one in self.rows if one.plant["loophole"] == loophole), None)

    @property
    def missed(self) -> int:
        """Plants about which no finding asks."""
        return len(self.rows) - self.found - self.touched


def plant_of(truth: Mapping[str, Any]) -> Json:
    """An item of `planted` of a world's truth, without its single events."""
    subjects = truth["subjects"]
    return {
        **{name: truth[name] for name in _KEPT},
        "subjects": {name: subjects[name] for name in ("organisation", "site", "organisations", "parties")},
    }


def mistakes_of(truth: Mapping[str, Any]) -> list[Json]:
    """Of the honest mistakes of a world's truth those that can raise a question, with their causes."""
    return [
        {name: one[name] for name in ("kind", "organisation", "period", "cause")}
        for one in truth["dirt"] if one["kind"] in _TOLD and "cause" in one
    ]  # fmt: skip


def answer_key(demo: Demo, findings: Sequence[Finding]) -> AnswerKey:
    """The plants of a world held against the findings in it."""
    known = [(one, planted(one)) for one in demo.planted]
    looked = [(row, seen(row.as_json())) for row in findings]
    rows, hit = [], set[str]()
    for plant, as_planted in known:
        near = [row for row, as_seen in looked if answers(as_seen, as_planted)]
        hit |= {row.id for row in near}
        own = next((row for row in near if row.detector == plant["loophole"]), None)
        rows.append(KeyRow(plant=plant, found=own, touched=[row for row in near if row is not own]))
    rest = [row for row in findings if row.id not in hit]
    false = [
        Alarm(
            finding=row, mistake=_mistake(demo.mistakes, row),
            beside=next((one.id for _, one in known if one.organisations & seen(row.as_json()).organisations), None),
        )
        for row in rest if "visit" not in row.subject and row.detector not in DUTIES
    ]  # fmt: skip
    return AnswerKey(rows=rows, false=false, shown=[row for row in rest if "visit" in row.subject])


def _mistake(mistakes: Iterable[Json], finding: Finding) -> Json | None:
    """An honest mistake of the same firm and months that can raise such a question."""
    about, kinds = seen(finding.as_json()), _MISTAKES.get(finding.detector, frozenset())
    return next(
        (
            one for one in mistakes
            if one["kind"] in kinds and one["organisation"] in about.organisations
            and about.first <= one["period"] <= about.last
        ),
        None,
    )  # fmt: skip


def note_of(database: Database) -> Path:
    """Where a demo notes which world it has loaded."""
    directory = directory_of(database)
    return directory.with_name(f"{directory.name}.demo.json")


def note_demo(database: Database, demo: Demo) -> None:
    """Writes the note of a demo that has been loaded whole."""
    note_of(database).write_text(json.dumps(asdict(demo), ensure_ascii=False), "utf-8")


def demo_of(database: Database) -> Demo | None:
    """The demo that a store holds by its note; None where there is none, or it is of another version."""
    try:
        return Demo(**json.loads(note_of(database).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
