"""What is on record against what is declared: each rule has a line that gives its reason and one that does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, LICENSED, TODAY, Fields, codes, licences, verdict_on

from lodeline.control.desk import Verdict
from lodeline.control.goods.genealogy import fed
from lodeline.control.goods.models import verdict_of
from lodeline.control.record import LotRecord, Model, Records, Trade, Version, plain
from lodeline.ledger.register import TABLES, Register
from lodeline.material.element import SYMBOLS

PERCENT = 10_000_000
MG_PER_KG = 1_000_000
LIGHT = {"Nd": 241 * PERCENT // 10, "Pr": 602 * PERCENT // 100}
HEAVY = LIGHT | {"Dy": 15 * PERCENT // 10}


def lot(**changes: Any) -> LotRecord:
    usual: dict[str, Any] = {
        "name": "ACME/M-1", "product": "magnet-ndfeb", "shares": LIGHT, "versions": (), "fed": {},
        "made_mg": 200 * MG_PER_KG,
    }  # fmt: skip
    return LotRecord(**usual | changes)


def with_lot(**changes: Any) -> Records:
    return Records(lots={"ACME/M-1": lot(**changes)})


OF_LOT = CLEAN | {"lot": "ACME/M-1"}
REPLACED = Version(organisation="ACME", entry=7, shares=HEAVY, in_force=False)
#: code → records and line that give it, records and line that do not.
LOTS: dict[str, tuple[Records, Fields, Records, Fields]] = {
    "history.agrees": (with_lot(), OF_LOT, with_lot(shares=HEAVY), OF_LOT),
    "history.lot-unknown": (Records(), OF_LOT, with_lot(), OF_LOT),
    "history.not-due-yet": (Records(), OF_LOT | {"on": "2026-11-20"}, Records(), OF_LOT | {"on": "2026-10-20"}),
    "history.product-differs": (with_lot(product="metal:Nd"), OF_LOT, with_lot(product="block"), OF_LOT),
    "history.element-omitted": (with_lot(shares=HEAVY), OF_LOT, with_lot(shares=HEAVY), DYSPROSIUM | {"lot": "M-1"}),
    "history.content-differs": (with_lot(shares={"Nd": 29 * PERCENT}), OF_LOT, with_lot(), OF_LOT),
    "history.restated": (
        with_lot(versions=(REPLACED,)), OF_LOT,
        with_lot(versions=(Version(organisation="ACME", entry=7, shares=LIGHT, in_force=False),)), OF_LOT,
    ),
    "history.fed-with": (with_lot(fed={"Dy": PERCENT}), OF_LOT, with_lot(fed={"Dy": PERCENT // 100}), OF_LOT),
    "history.mass-exceeds": (with_lot(made_mg=90 * MG_PER_KG), OF_LOT, with_lot(made_mg=100 * MG_PER_KG), OF_LOT),
    "content.from-record": (with_lot(shares=HEAVY), OF_LOT | {"composition": ""}, with_lot(), OF_LOT),
}  # fmt: skip


@pytest.mark.parametrize("code", LOTS)
def test_the_lot_s_own_history_is_asked(code: str) -> None:
    records, line, other_records, other_line = LOTS[code]
    assert code in codes(verdict_on(line, records=records)[0])
    assert code not in codes(verdict_on(other_line, records=other_records)[0])


def test_a_lot_that_is_not_due_yet_does_not_stop_the_goods() -> None:
    (found,) = verdict_on(OF_LOT | {"on": "2026-11-20"}, records=Records(), day=date(2026, 11, 20))
    assert (found.verdict, "2026-12-10" in str([one.facts for one in found.reasons])) == ("release", True)


@pytest.mark.parametrize(
    ("granted", "lot", "code"),
    [
        ({}, "ACME/M-1", "history.not-due-yet"),
        ({"organisations": ["ACME"]}, "ACME/M-1", "history.not-due-yet"),
        ({"organisations": ["ACME"]}, "M-1", "history.not-due-yet"),
        ({"organisations": ["MAKER"]}, "MAKER/M-1", "history.not-due-yet"),
        ({"organisations": ["ACME"]}, "MAKER/M-1", "history.lot-unknown"),
        ({"organisations": ["ACME"], "period": "2026-09"}, "ACME/M-1", "history.lot-unknown"),
        ({"until": TODAY - timedelta(days=1)}, "ACME/M-1", "history.lot-unknown"),
    ],
)
def test_a_lot_of_a_month_that_is_extended_for_its_maker_is_not_due_yet(
    granted: dict[str, Any], lot: str, code: str
) -> None:
    """October was to be filed by 9 November; the desk is asked on the 24th."""
    extension = {"id": "x", "period": "2026-10", "until": TODAY, "reason": "outage", "organisations": [], **granted}
    tables = {
        "extensions": pl.DataFrame([extension], schema=TABLES["extensions"]),
        "organisations": pl.DataFrame([{"id": "ACME"}, {"id": "MAKER"}], schema=TABLES["organisations"]),
    }
    records = Records(register=Register(tables={**Register().tables, **tables}))
    told = codes(verdict_on(CLEAN | {"lot": lot, "on": "2026-10-20"}, records=records)[0])
    assert [one for one in told if one in ("history.not-due-yet", "history.lot-unknown")] == [code]


def test_a_composition_that_was_left_open_is_that_of_the_lot() -> None:
    (found,) = verdict_on(OF_LOT | {"composition": ""}, records=with_lot(shares=HEAVY))
    assert found.verdict == "hold"
    (held,) = (one for one in found.reasons if one.code == "item.no-licence")
    assert held.fields[0] == "lot"


ROTOR_OF_LOT = CLEAN | {"product_name": "rotor", "hs_code": "8503009090", "composition": "", "lot": "ACME/M-1"}


def test_a_rotor_whose_lot_was_filed_as_magnets_is_asked_about() -> None:
    (found,) = verdict_on(ROTOR_OF_LOT, records=with_lot(shares=HEAVY))
    assert found.verdict == "query"
    assert {"history.product-differs", "deeply-processed.contradicted"} <= set(codes(found))
    (found,) = verdict_on(ROTOR_OF_LOT, records=with_lot(shares={}, product="assembly"))
    assert (found.verdict, "content.missing" in codes(found)) == ("query", True)


def lines_of(*rows: tuple[str, str, str, int, int]) -> pl.DataFrame:
    """(event, role, organisation, lot, mg) of transformations."""
    names = ("event", "role", "organisation", "lot", "dry_mg")
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(kind=pl.lit("transformation"))


def assays(*rows: tuple[int, str, int]) -> pl.DataFrame:
    named = [(number, SYMBOLS.index(symbol), ppb) for number, symbol, ppb in rows]
    return pl.DataFrame(
        named, schema={"lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64()}, orient="row"
    )  # fmt: skip


def test_an_element_left_out_of_an_alloy_is_found_in_the_metal_above_it() -> None:
    # 10 kg of dysprosium metal (lot 1) and 990 of another (lot 2) → alloy (lot 3) → magnets (lot 4) and swarf (lot 5).
    lines = lines_of(
        ("A", "in", "ACME", 1, 10), ("A", "in", "ACME", 2, 990), ("A", "out", "ACME", 3, 1000),
        ("B", "in", "ACME", 3, 1000), ("B", "out", "ACME", 4, 800), ("B", "waste", "ACME", 5, 200),
    )  # fmt: skip
    stated = assays((1, "Dy", 10**9), (2, "Nd", 5 * 10**8), (3, "Nd", 495 * 10**6), (4, "Nd", 495 * 10**6))
    found = fed([4], lines=lines, lot_assays=stated)
    assert found[4]["Dy"] == pytest.approx(10**7)  # 1 %
    # The alloy answers for neodymium: what lies above it is not counted once more.
    assert found[4]["Nd"] == 495 * 10**6


def test_a_circle_of_lots_ends() -> None:
    lines = lines_of(
        ("A", "in", "ACME", 1, 5), ("A", "out", "ACME", 2, 5), ("B", "in", "ACME", 2, 5), ("B", "out", "ACME", 1, 5)
    )
    assert fed([1], lines=lines, lot_assays=assays((9, "Dy", 1))) == {}


def model(name: str, shares: dict[str, int], **changes: Any) -> Model:
    usual: dict[str, Any] = {
        "id": name, "organisation": "ACME", "grade": None, "shares": shares, "test_report": f"TR-{name}",
        "valid_from": None, "valid_to": None,
    }  # fmt: skip
    return Model(**usual | changes)


def with_models(*models: Model) -> Records:
    return Records(models={one.id: (one,) for one in models})


TWO = CLEAN | {"model": "P1;P2", "models_in_lot": "2"}
MODELS: dict[str, tuple[Records, Fields, Records, Fields]] = {
    "models.no-licence": (
        with_models(model("P1", LIGHT), model("P2", HEAVY)), TWO, with_models(model("P1", LIGHT), model("P2", LIGHT)),
        TWO,
    ),
    "models.each-known": (
        with_models(model("P1", LIGHT), model("P2", LIGHT)), TWO, with_models(model("P1", LIGHT)), TWO,
    ),
    "models.untested": (
        with_models(model("P1", LIGHT), model("P2", LIGHT, grade="N45SH", test_report=None)), TWO,
        with_models(model("P1", LIGHT), model("P2", LIGHT, grade="N45SH")), TWO,
    ),
    "models.many": (
        with_models(model("P1", LIGHT)), TWO, with_models(model("P1", LIGHT), model("P2", LIGHT)), TWO,
    ),
    "models.differs": (
        with_models(model("P1", HEAVY)), CLEAN | {"model": "P1"}, with_models(model("P1", LIGHT)),
        CLEAN | {"model": "P1"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", MODELS)
def test_each_model_is_judged_by_itself(code: str) -> None:
    records, line, other_records, other_line = MODELS[code]
    assert code in codes(verdict_on(line, records=records)[0])
    assert code not in codes(verdict_on(other_line, records=other_records)[0])


def test_one_model_of_two_is_held_and_named() -> None:
    (found,) = verdict_on(TWO, records=with_models(model("P1", LIGHT), model("P2", HEAVY)))
    assert found.case is not None
    assert {one.name: verdict_of(one, found.case) for one in found.case.models} == {"P1": "release", "P2": "hold"}
    (held,) = (one for one in found.reasons if one.verdict == "hold")
    assert (held.facts["models"], held.facts["item"]) == ("P2", "1C905.a.4")


def test_a_licence_covers_the_models_that_need_it() -> None:
    records = with_models(model("P1", LIGHT), model("P2", HEAVY))
    (found,) = verdict_on(TWO | {"licence": "LIC-1"}, records=records, licences=licences())
    assert found.verdict == "release"
    # As if all of the line were the model with most of the element: 100 kg at 1.5 %.
    (found,) = verdict_on(TWO | {"licence": "LIC-1"}, records=records, licences=licences(elements="Dy=1.4"))
    assert "licence.element-mass" in codes(found)


def test_the_models_of_another_firm_are_not_the_exporter_s() -> None:
    both = Records(models={"P1": (model("P1", LIGHT), model("P1", HEAVY, organisation="BETA"))})
    assert "models.differs" not in codes(verdict_on(CLEAN | {"model": "P1"}, records=both)[0])
    assert "models.differs" in codes(verdict_on(CLEAN | {"model": "P1", "exporter": "BETA"}, records=both)[0])


def trade(*rows: tuple[str, int, str, str, str]) -> Trade:
    """(day, kg, kind, destination, end user) of earlier exports."""
    days, masses, kinds, destinations, users = zip(*sorted(rows), strict=True)
    return Trade(
        days=tuple(map(date.fromisoformat, days)), masses_mg=tuple(kg * MG_PER_KG for kg in masses), kinds=kinds,
        destinations=destinations, owners=tuple(map(plain, users)), end_users=tuple(map(plain, users)),
        processed=tuple(kind == "assembly" for kind in kinds),
    )  # fmt: skip


def with_trade(*rows: tuple[str, int, str, str, str], **more: Any) -> Records:
    return Records(trades={"ACME": trade(*rows)}, **more)


HABIT = tuple((f"2024-{month:02d}-10", 100, "magnet-ndfeb", "DE", "Example Motors GmbH") for month in range(1, 13))
SMALL = tuple((f"2025-06-{day:02d}", 60, "magnet-ndfeb", "DE", "Example Motors GmbH") for day in (2, 9, 16))
PARTS = tuple((f"2025-0{month}-20", 100, "assembly", "DE", "Example Motors GmbH") for month in (4, 5, 6))
ROTOR = CLEAN | {
    "product_name": "Rotor assembly with surface-mounted NdFeB magnets", "hs_code": "8503009090", "composition": "",
}  # fmt: skip
PATTERNS: dict[str, tuple[Records, Fields, Records, Fields]] = {
    "pattern.repeats": (
        with_trade(*SMALL), CLEAN | {"mass_kg": "60", "value": "2700"}, with_trade(*SMALL),
        CLEAN | {"mass_kg": "60", "value": "2700", "end_user_name": "Other Motors GmbH"},
    ),
    "pattern.new-destination": (with_trade(*HABIT), CLEAN | {"destination": "VN"}, with_trade(*HABIT), CLEAN),
    "pattern.new-end-user": (
        with_trade(*HABIT), CLEAN | {"end_user_name": "Newcomer Ltd"}, with_trade(*HABIT), CLEAN,
    ),
    "pattern.shift-into-processed": (with_trade(*HABIT, *PARTS), ROTOR, with_trade(*HABIT), ROTOR),
    "weight.unit-slip": (
        with_trade(*HABIT), CLEAN | {"product": "magnet-ndfeb", "mass_kg": "100000", "value": ""},
        with_trade(*HABIT), CLEAN | {"product": "magnet-ndfeb", "mass_kg": "900", "value": ""},
    ),
    "port.not-designated": (Records(), CLEAN | {"port": "Fangchenggang"}, Records(), CLEAN | {"port": "Ningbo"}),
    "weight.zero": (Records(), CLEAN | {"mass_kg": "0"}, Records(), CLEAN | {"mass_kg": "0.000001"}),
}  # fmt: skip


@pytest.mark.parametrize("code", PATTERNS)
def test_how_the_goods_leave_is_compared_with_what_was_usual(code: str) -> None:
    records, line, other_records, other_line = PATTERNS[code]
    assert code in codes(verdict_on(line, records=records)[0])
    assert code not in codes(verdict_on(other_line, records=other_records)[0])


def test_tonnes_in_the_column_of_kilograms_are_seen_by_the_price() -> None:
    # 4.5 million dollars for 100 kg: the price of 100 t.
    assert "weight.unit-slip" in codes(verdict_on(CLEAN | {"value": "4500000"})[0])
    assert "weight.unit-slip" in codes(verdict_on(CLEAN | {"mass_kg": "100000"})[0])
    assert "weight.unit-slip" not in codes(verdict_on(CLEAN)[0])


def test_a_buyer_stays_new_for_a_year_and_no_longer() -> None:
    known = with_trade(*HABIT, ("2025-05-02", 10, "magnet-ndfeb", "VN", "Example Motors GmbH"))
    for on, is_new in (("2025-07-04", True), ("2026-05-02", True), ("2026-05-03", False)):
        found = codes(verdict_on(CLEAN | {"destination": "VN", "on": on}, records=known)[0])
        assert ("pattern.new-destination" in found) == is_new, on


def test_a_licence_has_judged_whom_the_goods_go_to() -> None:
    (found,) = verdict_on(LICENSED, records=with_trade(*HABIT[:4]), licences=licences())
    assert found.verdict == "release"


def test_buyers_of_one_owner_are_one_buyer() -> None:
    owned = {plain("Alpha GmbH"): plain("Holding AG"), plain("Beta GmbH"): plain("Holding AG")}
    rows = [(day, kg, kind, country, "Alpha GmbH") for day, kg, kind, country, _ in SMALL]
    line = CLEAN | {"mass_kg": "60", "value": "2700", "end_user_name": "Beta GmbH"}
    earlier = trade(*rows)
    apart = Records(trades={"ACME": earlier})
    one = Records(trades={"ACME": replace(earlier, owners=(plain("Holding AG"),) * 3)}, owners=owned)
    assert "pattern.repeats" not in codes(verdict_on(line, records=apart)[0])
    assert "pattern.repeats" in codes(verdict_on(line, records=one)[0])


def batch(count: int, *, together: bool) -> tuple[Verdict, ...]:
    """Small consignments of one day, as lines of one declaration or as declarations of their own."""
    lines = [
        CLEAN | {"line": str(one), "declaration": "D" if together else f"D-{one}", "mass_kg": "60", "value": "2700"}
        for one in range(count)
    ]
    return verdict_on(*lines, records=Records())


def test_consignments_of_one_batch_are_looked_at_together() -> None:
    assert all("pattern.repeats" in codes(one) for one in batch(4, together=False))
    assert not any("pattern.repeats" in codes(one) for one in batch(4, together=True))
    assert not any("pattern.repeats" in codes(one) for one in batch(3, together=False))


def test_a_consignment_that_is_old_enough_is_forgotten() -> None:
    line = CLEAN | {"mass_kg": "60", "value": "2700"}
    late = (date.fromisoformat("2025-06-02") + timedelta(days=91)).isoformat()
    assert "pattern.repeats" not in codes(verdict_on(line | {"on": late}, records=with_trade(*SMALL))[0])


#: What this page tests of the vocabulary.
TESTED = {*LOTS, *MODELS, *PATTERNS} - {"models.many"}
