"""Processes that are added up in columns are those that are added up one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lodeline.ledger.process import JUDGED, Process, unusual
from lodeline.material.composition import balance_shares, serving_shares
from lodeline.material.element import TREO
from lodeline.material.mass import share_mg

TEXTS = (None, "TREO=600000000", "Pr=100000000;Nd=300000000", "Nd=290000000;Fe=650000000", "La=999999999", "Fe=7")
STATED = st.lists(st.sampled_from(TEXTS), min_size=3, max_size=3)
BAND = (90.0, 99.0)
STEP = st.fixed_dictionaries(
    {
        "event": st.sampled_from("ABC"),
        "role": st.sampled_from(["in", "out", "waste"]),
        "site": st.sampled_from(["s", "t"]),
        "lot": st.integers(1, 3),
        "dry_mg": st.integers(0, 40) | st.integers(1, 10**15),
        "composition": st.sampled_from(TEXTS),
        "kind": st.sampled_from(["transformation"] * 5 + ["origin"]),
        "run": st.sampled_from([None] * 5 + ["R"]),
        "maker": st.sampled_from(["F", "G"]),
    }
)
ASSAY = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["receipt", "stock", "shipment"]),
        "site": st.sampled_from(["s", "t"]),
        "lot": st.integers(1, 3),
        "composition": st.sampled_from(TEXTS),
    }
)
SCHEMA = {
    "ordinal": pl.UInt32(), "event": pl.String(), "role": pl.String(), "site": pl.String(), "lot": pl.Int64(),
    "dry_mg": pl.Int64(), "composition": pl.String(), "kind": pl.String(), "run": pl.String(), "maker": pl.String(),
    "organisation": pl.String(), "on": pl.Date(),
}  # fmt: skip


def framed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    filed = [{"organisation": "F", "on": date(2025, 6, 1), "ordinal": place, **row} for place, row in enumerate(rows)]
    return pl.DataFrame([{name: row.get(name) for name in SCHEMA} for row in filed], schema=SCHEMA)


def one_by_one(
    steps: list[dict[str, Any]], of_lot: dict[int, str | None], own: dict[tuple[str, int], str], event: str
) -> Process | None:
    """The same of one event, by plain sums."""
    mine = [
        (place, row) for place, row in enumerate(steps)
        if row["event"] == event and row["kind"] == "transformation" and row["run"] is None
    ]  # fmt: skip
    fed = [row for _, row in mine if row["role"] == "in"]
    made = [(place, row) for place, row in mine if row["role"] != "in"]
    assays = [own.get((row["site"], row["lot"])) for row in fed]
    served = list(zip(fed, [of_lot[row["lot"]] for row in fed], assays, strict=True))
    if not fed or not made or any(stated is None and assay is None for _, stated, assay in served):
        return None
    inputs = [
        (row["dry_mg"], dict(serving_shares(stated or "", assay) if assay else balance_shares(stated or "")))
        for row, stated, assay in served
    ]
    outputs = [(row["dry_mg"], dict(balance_shares(row["composition"] or ""))) for _, row in made]
    products = [found for found, (_, row) in zip(outputs, made, strict=True) if row["role"] == "out"]

    def of(rows: list[tuple[int, dict[str, int]]], symbol: str) -> int:
        return sum(share_mg(mass_mg, shares.get(symbol, 0)) for mass_mg, shares in rows)

    found = Process(
        event=event, ordinal=made[0][0], site=made[0][1]["site"], fed_net_mg=sum(mass_mg for mass_mg, _ in inputs),
        net_mg=sum(mass_mg for mass_mg, _ in outputs), fed_mg={symbol: of(inputs, symbol) for symbol in JUDGED},
        out_mg={symbol: of(outputs, symbol) for symbol in JUDGED}, product_mg=of(products, TREO),
        only_total=len({symbol for _, shares in inputs for symbol in shares}) == 1,
        by_label=any(row["maker"] != "F" and assay in (None, stated) for row, stated, assay in served),
    )  # fmt: skip
    more = any(found.out_mg[symbol] > found.fed_mg[symbol] for symbol in JUDGED)
    percent = 100 * found.product_mg / found.fed_mg[TREO] if found.fed_mg[TREO] and found.product_mg else 95
    return found if more or not BAND[0] - 9 < percent < BAND[1] + 9 else None


def whole(process: Process) -> dict[str, Any]:
    """What is said of a process; what is not in it at all is 0."""
    fields = {name: getattr(process, name) for name in Process.__slots__}
    for name in ("fed_mg", "out_mg"):
        fields[name] = {symbol: fields[name].get(symbol, 0) for symbol in JUDGED}
    return fields


@given(st.lists(STEP, max_size=12), st.lists(ASSAY, max_size=4), STATED)
def test_sums_in_columns_are_those_of_one_event_after_another(
    steps: list[dict[str, Any]], assays: list[dict[str, Any]], texts: list[str | None]
) -> None:
    lots = pl.DataFrame({"lot": [1, 2, 3], "composition": pl.Series(texts, dtype=pl.String())})
    own = {
        (one["site"], one["lot"]): one["composition"] for one in assays
        if one["kind"] != "shipment" and one["composition"] is not None
    }  # fmt: skip
    lines = framed([{**one, "event": "Z"} for one in assays])
    found = {one.event: whole(one) for one in unusual(framed(steps), lots, lines, lambda _: BAND)}
    events = dict.fromkeys(row["event"] for row in steps)
    expected = [one_by_one(steps, dict(zip((1, 2, 3), texts, strict=True)), own, event) for event in events]
    assert found == {one.event: whole(one) for one in expected if one is not None}
