"""A lot graph that is written as what has changed answers as one built from nothing, whatever becomes of its files."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.test_labels import name
from tests.desk import Desk, organisation

from lodeline.flow.index import FlowIndex, build_index, open_index
from lodeline.flow.origins import origins
from lodeline.flow.trace import trace
from lodeline.service.log.audit import verify
from lodeline.store import flow_files
from lodeline.store.column_files import directory_of
from lodeline.store.flow_frames import changes_since, flow_frames, frames_around
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

HELD = "product=concentrate composition=TREO=60"
SHARE = f"{HELD} origin_kind=mined origin_place=P"
Step = Callable[[], object]


def origin(number: int, kg: int = 10, day: int = 2) -> str:
    return f"O{number} origin {day} mine {number} {kg} {SHARE}"


def split(event: str, lot: str, kg: int, *made: str) -> list[str]:
    return [
        f"{event} transformation 9 sep {lot} {kg} role=in",
        *(f"{event} transformation 9 sep {out} {kg // len(made)} role=out {HELD}" for out in made),
    ]  # fmt: skip


def answers(index: FlowIndex) -> dict[str, Any]:
    found: dict[str, Any] = {"stamp": index.stamp}
    for lot in range(len(index.lot_name)):
        called = index.lot_name[lot]
        found[called] = (
            index.find(called), trace(index, called).as_json(), trace(index, called, forward=True).as_json(),
            origins(index, called).as_json(), index.lot_product[lot], index.lot_organisation[lot],
        )  # fmt: skip
    return found


def from_nothing(snapshot: Snapshot, room: Path) -> FlowIndex:
    build_index(*flow_frames(snapshot), directory=room, stamp=snapshot.stamp)
    return open_index(room)


def is_changes(desk: Desk, snapshot: Snapshot) -> bool:
    (made,) = directory_of(desk.store.database).glob(f"flow-{snapshot.entry}-*")
    return '"base":' in (made / flow_files.SEAL).read_text()


def steps_of(own: Desk) -> list[Step]:
    """Late filings, corrections, voids, a lot under another name, aliases, and entries that say nothing of goods."""
    filed: dict[str, int] = {}

    def keep(key: str, entry: int) -> None:
        filed[key] = entry

    return [
        lambda: own.rows("SEP", "2025-06", "R receipt 4 sep 1 4 counterparty=MINE"),
        lambda: keep("split", own.rows("SEP", "2025-06", *split("T", "MINE/1", 4, "a", "b"))),
        lambda: own.register(organisations=[organisation("NEW")]),
        lambda: keep("late", own.rows("MINE", "2025-06", origin(2, day=1), "S2 shipment 3 mine 2 8 counterparty=SEP")),
        lambda: own.rows("SEP", "2025-07", "R2 receipt 5 sep 2 8 counterparty=MINE"),
        lambda: own.rows("SEP", "2025-07", *split("U", "a", 2, "c")),
        lambda: own.rows("SEP", "2025-06", *split("T", "MINE/1", 3, "a", "b"), corrects=filed["split"]),
        lambda: own.rows("MINE", "2025-07"),
        lambda: name(own, "MINE", "MINE/2", "M-2"),
        lambda: own.rows("SEP", "2025-08", "R3 receipt 6 sep MINE/M-2 1 counterparty=MINE"),
        lambda: own.rows("SEP", "2025-08", *split("V", "MINE/M-2", 1, "d")),
        lambda: own.rows("MINE", "2025-06", "S2 void", corrects=filed["late"]),
        lambda: own.rows("SEP", "2025-06", "T void", corrects=filed["split"]),
        lambda: own.rows("MINE", "2025-06", origin(2, kg=30, day=1), corrects=filed["late"]),
    ]


def test_each_entry_writes_what_it_changes_and_answers_are_equal(own: Desk, tmp_path: Path) -> None:
    own.rows("MINE", "2025-06", origin(1), "S shipment 3 mine 1 4 counterparty=SEP")
    snapshot = open_snapshot(own.store)
    snapshot.flow_index()
    assert not is_changes(own, snapshot), "there was nothing before"
    for number, step in enumerate(steps_of(own)):
        step()
        snapshot = open_snapshot(own.store, snapshot)
        index = snapshot.flow_index()
        assert is_changes(own, snapshot), number
        assert answers(index) == answers(from_nothing(snapshot, tmp_path / str(number))), number
        assert not verify(own.store).faults


def changed(own: Desk) -> tuple[Snapshot, Path, Path]:
    """A snapshot whose graph is in two directories: what was built, what has changed."""
    own.rows("MINE", "2025-06", origin(1))
    before = open_snapshot(own.store)
    before.flow_index()
    own.rows("MINE", "2025-07", "O2 origin 2 mine 2 5 " + SHARE)
    snapshot = open_snapshot(own.store, before)
    snapshot.flow_index()
    where = directory_of(own.store.database)
    (base,), (patch,) = where.glob(f"flow-{before.entry}-*"), where.glob(f"flow-{snapshot.entry}-*")
    return snapshot, base, patch


def flipped(directory: Path) -> None:
    path = directory / "graph.lots.npy" if (directory / "graph.lots.npy").exists() else directory / "graph.lots.new.npy"
    content = bytearray(path.read_bytes())
    content[140] ^= 1
    path.write_bytes(content)


def cut(directory: Path) -> None:
    next(directory.glob("graph.*.npy")).unlink()


def unsealed(directory: Path) -> None:
    (directory / flow_files.SEAL).unlink()


@pytest.mark.parametrize("of_base", [True, False])
@pytest.mark.parametrize("harm", [flipped, cut, unsealed, shutil.rmtree])
def test_whichever_part_is_harmed_the_graph_is_built_anew(
    own: Desk, harm: Callable[[Path], None], of_base: bool
) -> None:
    snapshot, base, patch = changed(own)
    expected = answers(snapshot.flow_index())
    harm(base if of_base else patch)
    if harm is not shutil.rmtree or of_base:
        assert [str(fault.facts["file"]).partition("/")[0] for fault in verify(own.store).faults] == [
            (base if of_base else patch).name
        ]
    again = open_snapshot(own.store)
    assert answers(again.flow_index()) == expected
    assert not is_changes(own, again)
    assert not verify(own.store).faults


def test_what_was_built_being_harmed_before_it_is_laid_over_does_no_harm(own: Desk, tmp_path: Path) -> None:
    snapshot, base, _ = changed(own)
    flipped(base)
    own.rows("MINE", "2025-08", "O3 origin 2 mine 3 5 " + SHARE)
    now = open_snapshot(own.store, snapshot)
    assert answers(now.flow_index()) == answers(from_nothing(now, tmp_path / "whole"))
    assert not is_changes(own, now) and not verify(own.store).faults


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("at", ["write_changes", "_seal", "_sweep"])
def test_killed_at_any_point_the_next_one_answers(own: Desk, at: str, tmp_path: Path) -> None:
    snapshot, _, _ = changed(own)
    own.rows("MINE", "2025-08", "O3 origin 2 mine 3 5 " + SHARE)

    def killed(*arguments: Any, **more: Any) -> Any:
        if at == "write_changes":
            done(*arguments, **more)
        raise Killed

    done = getattr(flow_files, at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow_files, at, killed)
        with pytest.raises(Killed):
            open_snapshot(own.store, snapshot).flow_index()
    now = open_snapshot(own.store, snapshot)
    assert answers(now.flow_index()) == answers(from_nothing(now, tmp_path / "whole"))
    assert not list(directory_of(own.store.database).glob(".flow-*"))
    assert not verify(own.store).faults


def test_what_much_has_changed_of_is_made_whole_again(own: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, _, _ = changed(own)
    expected = answers(snapshot.flow_index())
    monkeypatch.setattr(flow_files, "_MUCH", 1)
    snapshot.compact_flow_index()
    assert is_changes(own, snapshot), "it is not much"
    monkeypatch.setattr(flow_files, "_MUCH", 10**9)
    snapshot.compact_flow_index()
    assert not is_changes(own, snapshot)
    assert answers(snapshot.flow_index()) == answers(open_snapshot(own.store).flow_index()) == expected


def test_only_what_an_entry_touches_is_looked_at(own: Desk) -> None:
    own.rows("MINE", "2025-06", origin(1), origin(2))
    before = open_snapshot(own.store)
    before.flow_index()
    own.rows("MINE", "2025-07", "O3 origin 2 mine 3 5 " + SHARE)
    now = open_snapshot(own.store, before)
    since = changes_since(now)
    assert since is not None and since.touched.tolist() == [2]
    touched = since.touched
    assert [rows.height > 0 for rows in frames_around(now, touched, touched[:0])] == [True, True, False, True]
    assert frames_around(now, touched, touched[:0])[0].height == 1
