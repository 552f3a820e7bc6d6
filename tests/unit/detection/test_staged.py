"""What a detector keeps of each firm is the same whether all firms are looked at together or some after others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.unit.detection.kit import sight
from tests.unit.detection.test_assayed import MAGNETS, OXIDE, collected, recyclers, resold
from tests.unit.detection.test_weighings import MONTHS, counted, deliveries, hub, lot_counted, smelted

from lodeline.detection import detector as detector_module
from lodeline.detection.battery import DETECTORS
from lodeline.detection.detector import Detector
from lodeline.detection.limits import Limits

#: A detector, and an industry in which it finds something; the recyclers' scrap holds lanthanum, or is unlike others'.
WORLDS: dict[str, tuple[str, Callable[[], pl.DataFrame]]] = {
    "pairs": ("skimming", lambda: deliveries(0.006, kept_in=range(3, 8))),
    "one receiver": ("skimming", lambda: hub(scale=0.0008, kept=0.0025)),
    "copied": ("ghost-stock", lambda: counted(copied=True)),
    "one lot": ("ghost-stock", lambda: lot_counted(445.1, 445.1, 445.11, 445.1, 445.1, 445.1)),
    "yields": ("yield-outlier", lambda: smelted(dict.fromkeys(MONTHS[3:7], 0.03))),
    "resold": ("composition-swap", lambda: resold(0.004, "RQ")),
    "unlike": ("recycling-laundering", lambda: recyclers(OXIDE)),
    "lanthanum": ("recycling-laundering", lambda: recyclers(OXIDE.replace("Pr", "La"))),
    "crowded": ("recycling-laundering", lambda: collected([1000.0] * 4 + [2500.0] * 3 + [1000.0] * 3, MAGNETS)),
}  # fmt: skip


def of_firms(lines: pl.DataFrame, firms: list[str]) -> pl.DataFrame:
    """Every row of the lots that a row of these firms, or about them, names (`Snapshot.of_firms`)."""
    named = pl.any_horizontal(pl.col(one).is_in(firms).fill_null(False) for one in ("organisation", "owner", "party"))
    return lines.filter(pl.col("lot").is_in(lines.filter(named)["lot"].unique().implode()))


@pytest.mark.parametrize("world", WORLDS)
def test_frames_that_come_part_by_part_are_those_of_all(world: str) -> None:
    name, make = WORLDS[world]
    (one,) = (each for each in DETECTORS if each.name == name)
    lines = make()
    whole = sight(lines)
    firms = lines["organisation"].unique().sort().to_list()
    halves = firms[1::2], firms[::2]
    staged = {}
    for stage in one.staged:
        parts = [
            one.stage(sight(of_firms(lines, half)), stage).filter(pl.col("organisation").is_in(half)) for half in halves
        ]
        staged[stage] = pl.concat(parts)
        assert_frame_equal(staged[stage], one.stage(whole, stage), check_row_order=False, check_exact=True)
    found = [each.as_json() for each in one.look(whole)]
    assert found and [each.as_json() for each in one.look(whole, staged)] == found


@pytest.mark.parametrize("one", [each for each in DETECTORS if each.staged], ids=lambda one: str(one.name))
def test_of_nobody_nothing_is_kept_and_nothing_found(one: Detector) -> None:
    lines = deliveries(0.0, pairs=1)
    nobody, somebody = sight(lines.clear()), sight(lines)
    for stage in one.staged:
        kept = one.stage(nobody, stage)
        assert kept.is_empty() and kept.schema == one.stage(somebody, stage).schema
    assert one.look(nobody) == []


def test_a_detector_says_whether_its_limits_depend_on_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    one = DETECTORS[0]
    limits: dict[str, tuple[tuple[date, float], ...]] = {"least": ((date(2000, 1, 1), 1.0),)}
    monkeypatch.setattr(detector_module, "limits_of", lambda _: Limits(values=limits))
    assert not one.dated
    limits["least"] = ((date(2000, 1, 1), 1.0), (date(2027, 1, 1), 2.0))
    assert one.dated
