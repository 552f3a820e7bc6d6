"""Licences that are held already: what they allow goes first, never more than is left, and not after their last day."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.based import unbased
from tests.unit.strategy.small import STARTS, ban, licence, network, scenario

from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.strategy.control.held import HeldLicence, carried_kg, with_held
from lodeline.strategy.run import Run, run
from lodeline.strategy.scenario import Instrument

_NEED = 10.0


@cache
def _law() -> Jurisdiction:
    return load(shipped_codes()[0])


def _run(*acts: Instrument, held: tuple[HeldLicence, ...] = ()) -> Run:
    return run(with_held(network(assumed=False), held), scenario(*acts, draws=4), law=_law(), with_tornado=False)


def _held(*edges: int, kg: float | None = 50 * _NEED, last: int | None = None, **elements: float) -> HeldLicence:
    return HeldLicence(id="L", edges=edges, left_kg=kg, elements_kg=elements, last_day=last)


def test_a_plant_whose_supplier_holds_a_licence_for_fifty_days_stops_fifty_days_later() -> None:
    waits = licence(days=400, approval=0.0)
    without, with_one = _run(waits), _run(waits, held=(_held(0),))
    assert with_one.central.stop[0] - without.central.stop[0] == pytest.approx(50, abs=1)
    assert (with_one.central.stop[1:] == without.central.stop[1:]).all()
    first, second = (found.as_json() for found in (without, with_one))
    assert first["scope"]["held_kg"]["value"] == 0
    assert (second["scope"]["held_kg"]["value"], second["scope"]["held_kg"]["basis"]) == (500, "exact")
    assert "licences-held" in [one["code"] for one in second["notes"]]
    assert unbased(second) == []
    lasts = [{one["plant"]: one["tts_days"]["p50"] for one in found["plants"]}["P1"] for found in (first, second)]
    assert lasts[1] - lasts[0] == pytest.approx(50)


def test_all_edges_of_a_licence_together_never_carry_more_than_is_left_of_it() -> None:
    found = _run(licence(days=400, approval=0.0), held=(_held(0, 1),))
    assert found.network.edges.held_kg.tolist() == [250.0, 250.0, 0.0, 0.0]
    assert found.trajectory.shipped is not None
    assert found.trajectory.shipped[:2].sum() == pytest.approx(500)
    # A third of that Dy, which is 3 % of the goods.
    by_element = with_held(network(), [_held(0, 1, kg=500.0, Dy=5.0)])
    assert by_element.edges.held_kg.sum() * 0.03 == pytest.approx(5.0)
    assert not with_held(network(), [_held(0, kg=None)]).edges.held_kg.any()


def test_what_is_not_used_by_the_last_day_of_a_licence_lapses() -> None:
    waits = licence(days=400, approval=0.0)
    found = _run(waits, held=(_held(0, last=19),))
    assert found.trajectory.shipped is not None
    assert found.trajectory.shipped[0, :20].sum() == pytest.approx(20 * _NEED)
    assert not found.trajectory.shipped[0, 20:].any()
    assert carried_kg(found.network)[0] == pytest.approx(20 * _NEED)
    # What ends first goes first; the other goes on.
    later = HeldLicence(id="M", edges=(0,), left_kg=80.0)
    both = _run(waits, held=(later, _held(0, last=19)))
    assert both.trajectory.shipped is not None
    assert both.trajectory.shipped[0].sum() == pytest.approx(280)
    assert carried_kg(both.network)[0] == pytest.approx(280)
    assert not with_held(network(), [_held(0, last=-1)]).edges.held_kg.any()


@pytest.mark.parametrize("kind", ["ban", "refuse"])
def test_a_ban_or_a_refusal_ends_what_is_held(kind: str) -> None:
    act = ban() if kind == "ban" else Instrument(id="refuse", kind="refuse", starts=STARTS, end_user="BUYER-1")
    found = _run(act, held=(_held(0),))
    assert found.trajectory.shipped is not None
    assert not found.trajectory.shipped[0].any()
    assert found.as_json()["scope"]["held_kg"]["value"] == 0


def test_goods_that_are_listed_anew_go_on_licences_that_are_held() -> None:
    listed = Instrument(
        id="list", kind="list", starts=STARTS, elements=("Dy",), delay_working_days=400, low=400, high=400
    )
    found = _run(listed, held=(_held(0),))
    assert found.trajectory.shipped is not None
    assert found.trajectory.shipped[:3].sum(axis=1) == pytest.approx(np.array([500.0, 0.0, 0.0]))
