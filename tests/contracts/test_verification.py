"""Papers of a visit become differences, MUF − D and laboratories that drift; a nation without visits pays nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from math import sqrt
from typing import Any

import polars as pl
import pytest
from tests.desk import Desk

from lodeline.accountancy.balance import balance
from lodeline.detection.imbalance import TESTED
from lodeline.journal.entry import canonical_json
from lodeline.service.entries import papers
from lodeline.service.inspections.verifying import Verification, verification
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import INSPECTION_KIND, INSPECTION_PLAN_KIND, Store

pytestmark = pytest.mark.medium

NOW = datetime(2025, 3, 20, 2, 0, tzinfo=UTC)
KG = 1_000_000
LOTS = tuple("ABCDEF")
COMPOSITION = "Nd=200000000;Pr=50000000"
MADE = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5"


@pytest.fixture
def store(own_url: str) -> Iterator[Store]:
    """A store of the test's own, on each database in turn. Plans are written into it by hand and not drawn, which the
    audit would complain of."""
    made = open_store(own_url)
    yield made
    made.database.close()


def put(store: Store, paper: Mapping[str, Any], *, kind: str = INSPECTION_KIND) -> int:
    """A paper by hand, as the verbs of a visit put it."""
    with store.database.transaction():
        head = store.head(lock=True)
        organisation = None if kind == INSPECTION_PLAN_KIND else paper["organisation"]
        return papers.put_paper(
            store, head, canonical_json({"number": head.size, **paper}), kind=kind, name="paper.json", filed_at=NOW,
            facts={}, organisation=organisation, period=organisation and paper["on"][:7],
        ).index  # fmt: skip


def filed(store: Store, *, months: int = 3) -> Desk:
    """MINE counted six lots of 1000 kg at the ends of January and February."""
    desk = Desk(store)
    rows = [f"O{lot} origin 2 pit {lot} 1000 {MADE}" for lot in LOTS]
    counts = [f"C1 stock 31 pit {lot} 1000" for lot in LOTS]
    desk.rows("MINE", "2025-01", *rows, *counts)
    if months > 1:
        desk.rows("MINE", "2025-02", *(f"C2 stock 28 pit {lot} 1000" for lot in LOTS))
    return desk


def row(lot: str, kg: float | None, **more: Any) -> dict[str, Any]:
    """A row of a measurement."""
    return {
        "uid": f"u-{lot}", "lot": lot, "name": f"MINE/{lot}", "product": "concentrate", "place": "stock", "event": None,
        "outcome": "present", "declared_mg": None, "declared_dry_mg": None, "composition": None, "assay_method": None,
        "dry_mg": None if kg is None else round(kg * KG), "instrument": "S1", "calibrated_on": "2025-01-01",
        "method": None, "seal": None, "note": None, **more,
    }  # fmt: skip


def measurement(*rows: dict[str, Any], on: str = "2025-02-28", plan: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "act": "measurement",
        "organisation": "MINE",
        "site": "pit",
        "on": on,
        "plan": plan,
        "rows": list(rows),
        **more,
    }


def planned(store: Store, *drawn: str, on: str = "2025-02-28") -> int:
    """A plan of the six lots as one stratum, of which these are drawn."""
    strata = [{"key": "stock", "place": "stock", "product": "concentrate", "items": 6, "dry_mg": 6000 * KG}]
    items = [
        {"lot": f"MINE/{lot}", "stratum": "stock", "product": "concentrate", "do": ["weigh"] if lot in drawn else []}
        for lot in LOTS
    ]
    return put(store, {"organisation": "MINE", "site": "pit", "on": on, "strata": strata, "items": items},
               kind=INSPECTION_PLAN_KIND)  # fmt: skip


def answered(store: Store) -> Verification:
    return verification(store, open_snapshot(store))


def of(frame: pl.DataFrame, element: str = "Nd") -> dict[str, Any]:
    return frame.filter(pl.col("element") == element).row(0, named=True)


def test_without_visits_nothing_is_looked_at(store: Store) -> None:
    filed(store)
    snapshot = open_snapshot(store)
    found = verification(store, snapshot)
    assert found.verified.is_empty() and found.differences.is_empty() and found.drifts.is_empty()
    assert "balanced" not in vars(snapshot)


def test_what_a_plan_drew_stands_for_its_stratum(store: Store) -> None:
    filed(store)
    plan = planned(store, "A", "B", "C")
    entry = put(store, measurement(row("A", 1000), row("B", 1000), row("C", 0, outcome="absent"), plan=plan))
    found = answered(store)
    assert found.items["random"].all() and found.items["visit"].unique().to_list() == [entry]
    verified, difference = of(found.verified), of(found.differences)
    # Of three drawn one was not there: two of six, each of 200 kg of neodymium.
    assert difference["d_mg"] == 400 * KG and difference["gross"] == 1
    assert (verified["d_mg"], verified["muf_mg"], verified["verified_mg"]) == (-400 * KG, 0, 400 * KG)
    assert (verified["items"], verified["population"], verified["since"]) == (3, 6, date(2025, 1, 31))
    assert verified["z"] > 10 and verified["p"] < 1e-6 and verified["state"] == "compared"
    # What drawing adds to the interval is far more than what scales err.
    assert verified["sigma_mg"] > 100 * KG > verified["null_mg"]


def test_errors_of_the_count_fall_out_and_those_of_the_count_before_stay(store: Store) -> None:
    filed(store)
    put(store, measurement(*(row(lot, 1000) for lot in LOTS)))
    snapshot = open_snapshot(store)
    verified = of(verification(store, snapshot).verified)
    books = balance(
        **snapshot.accounts(TESTED).rows, methods=snapshot.register.tables["methods"], elements=["Nd"]
    ).filter(pl.col("sigma_mg").is_not_null())  # fmt: skip
    assert verified["sigma_muf_mg"] == pytest.approx(books["sigma_mg"].item())
    # Nobody names a method: 0.1 % for each lot and 0.05 % for all, of the count before and of the inspector.
    assert verified["null_mg"] / KG == pytest.approx(sqrt(2 * (6 * 0.2**2 + 0.6**2)), rel=1e-6)
    assert of(verification(store, snapshot).verified, "Pr")["verified_mg"] == 0


def test_what_somebody_chose_counts_for_itself(store: Store) -> None:
    filed(store)
    plan = planned(store, "A", "B")
    put(store, measurement(row("A", 1000), row("B", 1000), row("F", 400), plan=plan))
    verified = of(answered(store).verified)
    assert verified["d_mg"] == -120 * KG
    assert verified["would_see_mg"] >= 200 * KG


def test_a_month_that_is_not_filed_waits(store: Store) -> None:
    filed(store, months=1)
    put(store, measurement(row("A", 900, declared_dry_mg=1000 * KG)))
    verified = of(answered(store).verified)
    assert (verified["state"], verified["muf_mg"], verified["z"], verified["verified_mg"]) == ("waiting", *[None] * 3)
    # What was declared at the visit is compared at once.
    assert verified["d_mg"] == -20 * KG and verified["own_z"] > 4


def test_what_a_firm_files_after_the_visit_is_not_missed_twice(store: Store) -> None:
    desk = filed(store, months=1)
    put(store, measurement(row("A", 900, declared_dry_mg=1000 * KG)))
    desk.rows("MINE", "2025-02", "C2 stock 28 pit A 900", *(f"C2 stock 28 pit {lot} 1000" for lot in LOTS[1:]))
    found = answered(store)
    # It filed what was weighed and not what it had declared: its own balance shows the loss now.
    assert of(found.differences)["d_mg"] == 20 * KG
    verified = of(found.verified)
    assert (verified["muf_mg"], verified["d_mg"], verified["verified_mg"]) == (20 * KG, 0, 20 * KG)


def test_without_a_count_the_book_is_what_was_declared(store: Store) -> None:
    desk = filed(store, months=1)
    desk.rows("MINE", "2025-02", f"O9 origin 3 pit G 1000 {MADE}")
    put(store, measurement(row("G", 800), on="2025-02-20"))
    verified = of(answered(store).verified)
    assert (verified["muf_mg"], verified["sigma_muf_mg"], verified["verified_mg"]) == (0, 0.0, 40 * KG)
    assert verified["since"] == date(2025, 1, 31)


def test_a_book_starts_anew_at_a_count(store: Store) -> None:
    desk = filed(store, months=1)
    # 200 kg of A lacked in February: what is compared in March is what was counted, and what has moved since.
    desk.rows("MINE", "2025-02", "C2 stock 28 pit A 800", *(f"C2 stock 28 pit {lot} 1000" for lot in LOTS[1:]))
    desk.rows("MINE", "2025-03", "L1 loss 3 pit B 100 reason=spilt")
    put(store, measurement(row("A", 800), row("B", 900), on="2025-03-10"))
    found = of(answered(store).verified)
    assert (found["since"], found["muf_mg"], found["d_mg"]) == (date(2025, 2, 28), 0, 0)


def test_papers_of_a_day_are_one_visit_and_a_uid_counts_once(store: Store) -> None:
    filed(store)
    first = put(store, measurement(row("A", 1000), row("B", 990)))
    put(store, measurement(row("A", 1000), row("C", None), row("D", None, outcome="shipped")))
    found = answered(store)
    assert found.items["visit"].unique().to_list() == [first]
    lots = dict(found.items.select("lot", "inspector_mg").iter_rows())
    # D has left with its row; C was seen and not weighed.
    assert sorted(lots.values(), key=str) == [1000 * KG, 990 * KG, None]
    assert found.strata["items"].to_list() == [5]


def test_a_count_of_the_whole_site_measures_every_item(store: Store) -> None:
    filed(store)
    rows = [
        {"lot": lot, "name": f"MINE/{lot}", "product": "concentrate", "dry_mg": 1000 * KG, "method": None, "seal": None,
         "composition": COMPOSITION}
        for lot in LOTS[:5]
    ]  # fmt: skip
    put(store, {"act": "count", "organisation": "MINE", "site": "pit", "on": "2025-02-28", "whole": True, "rows": rows})
    found = answered(store)
    assert found.items.filter(pl.col("outcome") == "absent").height == 1
    assert of(found.verified)["verified_mg"] == 200 * KG


def test_results_count_by_their_bags_and_split_samples_show_laboratories(store: Store) -> None:
    filed(store)
    for number, lot in enumerate(LOTS):
        samples = [{"bag": f"{part}{lot}", "name": f"MINE/{lot}", "part": part} for part in ("authority", "firm")]
        put(store, measurement(row(lot, 1000), samples=samples, on="2025-02-28"))
        share = 180_000_000 + 100_000 * number
        for side, ppb in (("authority", share), ("firm", round(share * 1.05) + 10_000 * (number % 2))):
            result = {
                "bag": f"{side}{lot}",
                "composition": f"Nd={ppb}",
                "method": "icp",
                "analysed_on": f"2025-03-0{number + 1}",
            }
            stranger = {**result, "bag": "nobody's", "composition": "Nd=1"}
            put(store, {"act": "result", "organisation": "MINE", "site": "pit", "on": "2025-03-10", "side": side,
                        "laboratory": f"{side}-lab", "rows": [result, stranger]})  # fmt: skip
    put(store, {"act": "result", "organisation": "MINE", "site": "pit", "on": "2025-03-10", "side": "firm",
                "laboratory": "firm-lab", "rows": [{"reference_material": "CRM-1", "composition": "Nd=210000000",
                "certified": "Nd=200000000", "method": "icp", "analysed_on": "2025-03-01"}]})  # fmt: skip
    found = answered(store)
    # The authority's figure is what counts: a little more than 180 g/kg where 200 were declared.
    assert of(found.verified)["verified_mg"] == pytest.approx(6 * 19.75 * KG, rel=1e-3)
    drift = found.drifts.filter(pl.col("kind") == "laboratory").row(0, named=True)
    assert (drift["own"], drift["other"], drift["element"], drift["n"]) == ("firm-lab", "authority-lab", "Nd", 6)
    assert drift["bias"] == pytest.approx(0.0488, abs=1e-3) and drift["p"] < 1e-6
    assert (drift["anchor"], drift["growing"]) == ("own", False)
    scale = found.drifts.filter(pl.col("kind") == "scale").row(0, named=True)
    assert (scale["own"], scale["n"], scale["bias"]) == ("pit", 6, 0.0)


def test_it_is_the_same_again(store: Store) -> None:
    filed(store)
    put(store, measurement(row("A", 1000), row("B", 990)))
    once, again = answered(store), answered(store)
    assert once.verified.equals(again.verified) and once.items.equals(again.items)
    assert json.loads(once.verified.write_json())
