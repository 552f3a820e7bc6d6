"""Random histories: the balance equals a model of dictionaries and loops, and both identities hold to the milligram."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.accountancy.balance import FLOWS, balance
from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.accountancy.physical import SPENT_SHARE
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS

Row = dict[str, Any]
SITES, LOTS, START = ("s1", "s2"), (1, 2, 3, 4), date(2026, 1, 1)
PRODUCT = {1: "oxide:Nd", 2: "oxide:Nd", 3: "metal:Nd", 4: "concentrate"}
SIGNS = {"origin": 1, "receipt": 1, "shipment": -1, "export": -1, "loss": -1}

days = st.integers(0, 100).map(lambda n: START + timedelta(days=n))
masses = st.one_of(st.integers(0, 200), st.integers(0, 10**15))
sites, lots = st.sampled_from(SITES), st.sampled_from(LOTS)
ppb = st.one_of(st.just(10**9), st.integers(0, 10**9))
elements = st.sampled_from([SYMBOLS.index(symbol) for symbol in ("Nd", "Dy", "B", "TREO")])


@st.composite
def movement(draw: st.DrawFn) -> Row:
    kind = draw(st.sampled_from([*SIGNS, "transformation", "move", "adjustment", "title"]))
    role = draw(st.sampled_from(["in", "out", "waste"])) if kind == "transformation" else None
    sign = SIGNS.get(kind) or (1 if role in ("out", "waste") else -1 if role else draw(st.sampled_from([1, -1])))
    delta, lot = sign * draw(masses), draw(lots)
    unaccounted = draw(st.integers(0, -delta)) if delta < 0 and draw(st.booleans()) else 0
    return {
        "site": draw(sites), "lot": lot, "product": draw(st.sampled_from([PRODUCT[lot], None])), "on": draw(days),
        "kind": kind, "role": role, "delta_mg": delta, "unaccounted_mg": unaccounted,
        "method": draw(st.sampled_from([None, "W", "W;A", "gone"])),
    }  # fmt: skip


@st.composite
def count(draw: st.DrawFn) -> tuple[Row, list[Row]]:
    """A scope, and the rows that were found in it."""
    location = draw(st.sampled_from([None, None, "A", "B"]))
    product = draw(st.sampled_from([None, None, *set(PRODUCT.values())]))
    scope = {"site": draw(sites), "on": draw(days), "location": location, "product": product}
    inside = [lot for lot in LOTS if product in (None, PRODUCT[lot])]
    found = draw(st.lists(st.sampled_from(inside), unique=True, max_size=4))
    method = draw(st.sampled_from([None, "W", "carried-over"]))
    return scope, [{**scope, "lot": lot, "mass_mg": draw(masses), "method": method} for lot in found]


@st.composite
def history(draw: st.DrawFn) -> dict[str, list[Row]]:
    counted = draw(st.lists(count(), max_size=6))
    tables = {
        "movements": draw(st.lists(movement(), max_size=15)),
        "count_scopes": [scope for scope, _ in counted],
        "counts": [row for _, rows in counted for row in rows],
        "lot_assays": [
            {"lot": lot, "element": element, "ppb": share}
            for (lot, element), share in draw(st.dictionaries(st.tuples(lots, elements), ppb, max_size=9)).items()
        ],
        "site_assays": [
            {"site": site, "lot": lot, "element": element, "ppb": share}
            for (site, lot, element), share in draw(
                st.dictionaries(st.tuples(sites, lots, elements), ppb, max_size=3)
            ).items()
        ],
        "methods": [
            {"id": "W", "quantity": "weighing", "random_pct": "0.2", "systematic_pct": "0.1"},
            {"id": "A", "quantity": "assay", "element": "Nd", "random_pct": "1", "systematic_pct": "0.5"},
        ],
    }
    for seq, row in enumerate(draw(st.permutations(tables["movements"] + tables["counts"]))):
        row["seq"] = seq
    for name in ("movements", "count_scopes", "counts"):
        for row in tables[name]:
            row["organisation"] = f"owner of {row['site']}"
    return tables


def frames(tables: dict[str, list[Row]]) -> dict[str, Any]:
    schemas = {
        "movements": MOVEMENTS, "counts": COUNTS, "count_scopes": COUNT_SCOPES, "lot_assays": LOT_ASSAYS,
        "site_assays": SITE_ASSAYS, "methods": TABLES["methods"],
    }  # fmt: skip
    return {
        name: pl.DataFrame([{key: row.get(key) for key in schema} for row in tables[name]], schema=dict(schema))
        for name, schema in schemas.items()
    }


def model_inventory_days(moves: list[Row], counts: list[Row], scopes: list[Row], named: set[int]) -> set[date]:
    """Day by day: apply the movements, ask which lots the day's scopes cover, start covered lots anew."""
    book: dict[int, int] = {}
    came: dict[int, int] = {}
    most: dict[int, int] = {}
    seen: dict[int, set[str]] = {}
    result = set()
    for on in sorted({row["on"] for row in moves + scopes}):
        for row in moves:
            if row["on"] == on:
                book[row["lot"]] = book.get(row["lot"], 0) + row["delta_mg"] + row["unaccounted_mg"]
                came[row["lot"]] = came.get(row["lot"], 0) + max(row["delta_mg"], 0)
        today = [scope for scope in scopes if scope["on"] == on]
        if not today:
            continue
        listed: dict[int, int] = {}
        for row in counts:
            if row["on"] == on:
                listed[row["lot"]] = listed.get(row["lot"], 0) + row["mass_mg"]
        most = {lot: max(most.get(lot, 0), listed.get(lot, 0)) for lot in LOTS}

        def covers(scope: Row, lot: int, place: str | None) -> bool:
            return scope["location"] == place and scope["product"] in (None, PRODUCT[lot] if lot in named else "?")

        def covered(lot: int) -> bool:
            if any(covers(scope, lot, None) for scope in today):  # noqa: B023
                return True
            if not seen.get(lot):
                return lot in listed  # noqa: B023
            return all(any(covers(scope, lot, place) for scope in today) for place in seen[lot])  # noqa: B023

        known = set(book) | set(listed)

        def held(lot: int) -> bool:
            return book.get(lot, 0) > SPENT_SHARE * max(came.get(lot, 0), most[lot])  # noqa: B023

        whole = any(scope["location"] is None and scope["product"] is None for scope in today)
        if whole or all(covered(lot) for lot in known if held(lot) or lot in listed):
            result.add(on)
        for lot in {lot for lot in known if covered(lot)}:
            book[lot] = listed.get(lot, 0)
        for lot in listed:
            places = {
                row["location"] for row in counts if row["on"] == on and row["lot"] == lot and row["mass_mg"] > 0
            } - {None}
            if places:
                seen[lot] = places
    return result


def month_ends(first: date, last: date) -> list[date]:
    result, day = [], first.replace(day=1)
    while day <= last:
        day = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        result.append(day - timedelta(days=1))
    return result


def model_flow(row: Row) -> str:
    if row["kind"] == "transformation":
        return "consumed" if row["role"] == "in" else "made"
    if row["kind"] == "move":
        return "in" if row["delta_mg"] >= 0 else "out"
    return str({"receipt": "in", "shipment": "out"}.get(row["kind"], row["kind"]))


def model(tables: dict[str, list[Row]]) -> list[Row]:
    rows = []
    for site in SITES:
        moves = [row for row in tables["movements"] if row["site"] == site and row["kind"] != "title"]
        counts = [row for row in tables["counts"] if row["site"] == site]
        scopes = [row for row in tables["count_scopes"] if row["site"] == site]
        named = {row["lot"] for row in tables["movements"] + tables["counts"] if row["product"]}
        inventories = model_inventory_days(moves, counts, scopes, named)
        acts = [row["on"] for row in moves] + list(inventories)
        if not acts:
            continue
        shares: dict[int, dict[int, int]] = {}
        here = {row["lot"] for row in moves + counts}
        for assay in tables["lot_assays"] + [row for row in tables["site_assays"] if row["site"] == site]:
            if assay["lot"] in here:
                shares.setdefault(assay["element"], {})[assay["lot"]] = assay["ppb"]
        shares.setdefault(SYMBOLS.index("TREO"), {})
        ends = sorted({*month_ends(min(acts), max(acts)), *inventories})
        opening_day = min(inventories, default=None)
        if opening_day and any(row["on"] <= opening_day for row in moves):
            opening_day = None
        for element, share in shares.items():
            rows += model_line(site, element, share, moves, counts, ends, inventories, opening_day, min(acts))
    return sorted(rows, key=lambda row: (row["site"], row["element"], row["until"]))


def model_line(  # noqa: PLR0917
    site: str,
    element: int,
    share: dict[int, int],
    moves: list[Row],
    counts: list[Row],
    ends: list[date],
    inventories: set[date],
    opening_day: date | None,
    first: date,
) -> list[Row]:
    def part(mass: int, lot: int) -> int:
        size = int(Fraction(abs(mass) * share.get(lot, 0), 10**9))
        return size if mass >= 0 else -size

    def found(on: date) -> int:
        return sum(part(row["mass_mg"], row["lot"]) for row in counts if row["on"] == on)

    rows = []
    since = opening_day or first.replace(day=1) - timedelta(days=1)
    book, after, from_count = (found(opening_day), opening_day, True) if opening_day else (0, date.min, False)
    start, crossed = book, 0
    for until in ends:
        if opening_day and until <= opening_day:
            continue
        flows = dict.fromkeys(FLOWS, 0)
        unaccounted = 0
        for move in moves:
            if after < move["on"] <= until:
                flows[model_flow(move)] += part(move["delta_mg"], move["lot"])
                unaccounted += part(move["unaccounted_mg"], move["lot"])
        opening, book = book, book + sum(flows.values()) + unaccounted
        crossed += sum(flows[flow] for flow in flows if flow not in ("consumed", "made"))
        physical = found(until) if until in inventories else None
        rows.append(
            {
                "organisation": f"owner of {site}", "site": site, "element": SYMBOLS[element],
                "period": f"{until:%Y-%m}", "since": since, "until": until, "opening_mg": opening,
                **{f"{flow}_mg": FLOWS[flow] * mass for flow, mass in flows.items()},
                "unaccounted_mg": unaccounted, "book_mg": book, "physical_mg": physical,
                "process_difference_mg": -flows["consumed"] - flows["made"],
                "count_difference_mg": None if physical is None else book - physical,
                "muf_mg": None if physical is None else start + crossed - physical,
                "uncertain": physical is not None and from_count,
            }
        )  # fmt: skip
        after = until
        if physical is not None:
            since, book, start, crossed, from_count = until, physical, physical, 0, True
    return rows


@pytest.mark.medium
@given(history())
def test_balance_equals_the_model(tables: dict[str, list[Row]]) -> None:
    result = balance(**frames(tables)).to_dicts()
    uncertain = [row.pop("sigma_mg") is not None for row in result]
    for row, flag in zip(result, uncertain, strict=True):
        row.pop("z")
        row["uncertain"] = flag
    assert result == model(tables)


@pytest.mark.medium
@given(history())
def test_both_identities_hold_in_every_row(tables: dict[str, list[Row]]) -> None:
    process, crossing, opening = 0, 0, 0
    line = None
    for row in balance(**frames(tables)).to_dicts():
        inside = row["made_mg"] - row["consumed_mg"]
        across = sum(FLOWS[flow] * row[f"{flow}_mg"] for flow in FLOWS if flow not in ("made", "consumed"))
        assert row["book_mg"] == row["opening_mg"] + across + inside + row["unaccounted_mg"]
        run = (row["site"], row["element"], row["since"])
        if run != line:
            line, process, crossing, opening = run, 0, 0, row["opening_mg"]
        process += row["process_difference_mg"] - row["unaccounted_mg"]
        crossing += across
        if row["physical_mg"] is not None:
            assert row["muf_mg"] == process + row["count_difference_mg"]
            assert row["muf_mg"] == opening + crossing - row["physical_mg"]


@pytest.mark.medium
@given(history(), st.sampled_from(["2026-01", "2026-02", "2026-03"]), st.sampled_from(["2026-03", "2026-04"]))
def test_months_asked_for_are_the_same_rows(tables: dict[str, list[Row]], first: str, last: str) -> None:
    everything = balance(**frames(tables))
    asked = balance(**frames(tables), first_period=first, last_period=last)
    expected = everything.filter(pl.col("period").is_between(pl.lit(first), pl.lit(last)))
    sigma = asked["sigma_mg"].to_list()
    assert sigma == pytest.approx(expected["sigma_mg"].to_list())
    assert asked.drop("sigma_mg", "z").equals(expected.drop("sigma_mg", "z"))
