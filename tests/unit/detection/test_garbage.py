"""Whatever the ledger holds, no detector falls over it, and whatever it finds can be said and stored."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.detection.kit import months, papers, sight

from lodeline.detection.battery import DETECTORS
from lodeline.detection.detector import Detector
from lodeline.detection.papers import FILINGS
from lodeline.ledger.movement import LINE
from lodeline.message import localized

#: Those that look at frames which the kit makes; the rest are tested by themselves.
_BY_THEMSELVES = ("unexplained-gain", "unexplained-loss", "unassayed-lot", "over-drawn-lot")
LOOKING = [one for one in DETECTORS if one.name not in _BY_THEMSELVES]
_NAMES = st.sampled_from(["A", "B", "C", ""])


def or_nothing(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


_CELLS: dict[str, st.SearchStrategy[Any]] = {
    "organisation": _NAMES, "ordinal": st.integers(0, 3), "event": st.sampled_from(["E1", "E2", "E3"]),
    "kind": st.sampled_from(
        ["origin", "transformation", "shipment", "receipt", "title", "export", "stock", "loss", "adjustment"]
    ),
    "role": or_nothing(st.sampled_from(["in", "out", "waste"])),
    "on": st.dates(date(2025, 1, 1), date(2025, 12, 31)),
    "site": st.sampled_from(["a", "b", "c"]), "lot": st.integers(1, 6), "local": st.just("1"),
    "product": or_nothing(
        st.sampled_from(["oxide:PrNd", "magnet-ndfeb", "magnet-smco", "assembly", "swarf", "nonsense"])
    ),
    "mass_mg": st.one_of(st.just(0), st.integers(1, 10**15), st.just(495_000_000)),
    "composition": or_nothing(
        st.sampled_from(["TREO=500000000", "La=1000000000", "Dy=20000000;Nd=280000000", "Fe=1", "Nd=0"])
    ),
    "method": or_nothing(st.sampled_from(["x", "carried-over", ";;"])),
    "origin_kind": or_nothing(st.sampled_from(["mined", "imported", "secondary", "opening"])),
    "party": or_nothing(_NAMES), "counterparty_country": or_nothing(st.sampled_from(["CN", "TH", "??"])),
    "reference": or_nothing(st.sampled_from(["E1", "E2"])), "destination": or_nothing(st.sampled_from(["CN", "TH"])),
}  # fmt: skip


@st.composite
def ledgers(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.lists(st.fixed_dictionaries(_CELLS), max_size=25))
    numbered = [
        {**dict.fromkeys(LINE), **row, "line": place, "entry": place, "dry_mg": row["mass_mg"]}
        for place, row in enumerate(rows, 1)
    ]
    return pl.DataFrame(numbered, schema=dict(LINE), orient="row")


@pytest.mark.parametrize("detector", LOOKING, ids=lambda one: str(one.name))
def test_an_empty_ledger_raises_no_question(detector: Detector) -> None:
    assert detector.look(sight(pl.DataFrame(schema=dict(LINE)))) == []


def test_without_papers_and_filings_nothing_that_needs_them_is_asked() -> None:
    lines = months(
        {"2025-06": [f"E E{lot} export 2 e {lot} 50 magnet-ndfeb party=X destination=DE" for lot in range(1, 9)]}
    )
    seen = sight(
        lines, status=pl.DataFrame({"organisation": ["E"] * 9, "period": ["2025-06"] * 9, "state": ["late"] * 9})
    )
    del seen.papers, seen.filings
    assert [found.detector for one in LOOKING for found in one.look(seen)] == []


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ledgers(), st.sampled_from([None, "", "not a number", "-5", "0", "1e400", "12.5"]))
def test_garbage_in_is_no_crash_and_what_is_found_can_be_said(lines: pl.DataFrame, value: str | None) -> None:
    periods = pl.DataFrame(
        {"organisation": ["A"] * 4, "period": [f"2025-0{n}" for n in range(1, 5)], "state": ["late"] * 4}
    )
    filings = pl.DataFrame(
        [{"entry": n, "organisation": "A", "period": f"2025-0{n}", "corrects": 0} for n in range(1, 5)],
        schema=dict(FILINGS),
    )
    seen = sight(
        lines,
        papers=papers(lines, value=value, currency="USD", hs_code=value, document_kind="invoice-ordinary"),
        status=periods,
        filings=filings,
    )
    for detector in LOOKING:
        for found in detector.look(seen):
            row = found.as_json()
            assert json.loads(json.dumps(row, allow_nan=False)) == row
            assert found.score is None or (0 <= found.score <= 1 and math.isfinite(found.score))
            assert found.mass_mg >= 0 and found.first_period <= found.last_period
            told = localized(found.explanation)
            assert told["en"] and told["zh"]
            for text in (*found.innocent, *found.ask):
                assert text["en"] and text["zh"]
