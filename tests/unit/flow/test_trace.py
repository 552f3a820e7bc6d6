"""What a trace and an origins answer say, in numbers that can be checked by head."""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from lodeline.flow import kernels, walk
from lodeline.flow.index import FlowIndex, UnknownLot
from lodeline.flow.origins import origins, origins_by_place
from lodeline.flow.trace import trace

Indexed = Callable[[Any], FlowIndex]
ND = {"Nd": 10**9}


def shares(answer: dict[str, Any], element: str = "Nd") -> dict[str, float]:
    return {row["lot"]: row["shares"][element] for row in answer["nodes"]}


def test_a_trace_has_the_published_shape(indexed: Indexed, blend: Any) -> None:
    answer = trace(indexed(blend), "M/blend").as_json()
    assert list(answer) == ["lot", "direction", "nodes", "links", "count", "truncated", "cyclic"]
    assert (answer["lot"], answer["direction"], answer["truncated"], answer["cyclic"]) == (
        "M/blend",
        "backward",
        False,
        False,
    )
    assert answer["nodes"][0] == {
        "lot": "M/blend",
        "product": "oxide:Nd",
        "organisation": "M",
        "site": "S-e-blend",
        "on": "2025-06-03",
        "mass_kg": "0.001",
        "booked_shares": {"Nd": 1.0, "TREO": 1.0},
        "shares": {"Nd": 1.0, "TREO": 1.0},  # its name of before, for one version
    }
    assert answer["links"][0] == {"event": "e-blend", "from": "M/ore", "to": "M/blend", "mass_kg": "0.0006"}
    # Nd in: 600 × 20 % = 120, 400 × 20 % = 80, 200 × 10 % = 20, of 220 mg.
    assert shares(answer) == pytest.approx({"M/blend": 1, "N/ore": 80 / 220, "M/ore": 120 / 220, "M/黑矿": 20 / 220})
    never_made = answer["nodes"][-1]
    assert (never_made["lot"], never_made["product"], never_made["site"], never_made["on"]) == (
        "M/黑矿",
        None,
        None,
        None,
    )


def test_origins_keep_what_is_not_explained_apart(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    answer = origins(index, "M/blend").as_json()
    rows = [(row["lot"], row["origin_kind"], row["origin_place"], row["organisation"]) for row in answer["rows"]]
    assert rows == [
        ("M/ore", "mined", "bayan-obo", "M"),
        ("N/ore", "imported", "MM", "N"),
        ("N/ore", "unaccounted", None, "N"),
        ("M/黑矿", "unaccounted", None, "M"),
    ]
    # Of N/ore 100 mg in 400 were drawn beyond what was held.
    assert [row["shares"]["Nd"] for row in answer["rows"]] == pytest.approx([120 / 220, 60 / 220, 20 / 220, 20 / 220])
    by_place = {row["origin_place"] or row["origin_kind"]: row["booked_shares"]["TREO"] for row in origins_by_place(
        origins(index, "M/blend"))}  # fmt: skip
    assert list(by_place) == ["bayan-obo", "MM", "unaccounted"]
    assert by_place == pytest.approx({"bayan-obo": 120 / 220, "MM": 60 / 220, "unaccounted": 40 / 220})


def test_forward_shares_show_what_a_process_lost(indexed: Indexed, blend: Any) -> None:
    answer = trace(indexed(blend), "M/ore", forward=True).as_json()
    assert (answer["direction"], [node["lot"] for node in answer["nodes"]]) == (
        "forward",
        ["M/ore", "M/blend", "M/tailings", "M/metal"],
    )
    # 600 of 1000 mg went into the blend, which holds 200 mg of the 220 mg Nd that went in; half of it was melted,
    # and of those 100 mg the metal holds 99.
    blended = 0.6 * 200 / 220
    assert shares(answer) == pytest.approx(
        {"M/ore": 1, "M/blend": blended, "M/tailings": 0, "M/metal": blended * 0.495}
    )
    assert {(link["from"], link["to"], link["mass_kg"]) for link in answer["links"]} == {
        ("M/ore", "M/blend", "0.0006"),
        ("M/ore", "M/tailings", "0.0006"),
        ("M/blend", "M/metal", "0.0005"),
    }


def test_a_lot_consumed_beyond_its_mass_gives_no_more_than_itself(indexed: Indexed, history: Any) -> None:
    # A receipt that weighed more than was shipped lets 120 of 100 mg be consumed with nothing unaccounted.
    index = indexed(
        history(
            events={"e0": [], "e1": [("M/a", 60)], "e2": [("M/a", 60)]},
            lots={"M/a": ("e0", 100, 0, ND), "M/b": ("e1", 60, 0, ND), "M/c": ("e2", 60, 0, ND)},
            origins={"e0": ("mined", "x")},
        )
    )
    assert shares(trace(index, "M/a", forward=True).as_json()) == {"M/a": 1, "M/b": 0.5, "M/c": 0.5}


def test_depth_and_limit_hide_lots_and_change_no_share(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    whole = shares(trace(index, "M/metal").as_json())
    near = trace(index, "M/metal", depth=1)
    assert near.truncated
    assert shares(near.as_json()) == {"M/metal": 1, "M/blend": whole["M/blend"]}
    assert [link["from"] for link in near.as_json()["links"]] == ["M/blend"]
    few = trace(index, "M/metal", limit=4)
    # The nearest first; of the ores, all two events away, the largest shares.
    assert few.truncated and shares(few.as_json()) == {lot: whole[lot] for lot in whole if lot != "M/黑矿"}
    assert not trace(index, "M/metal", limit=5, depth=2).truncated
    assert shares(trace(index, "M/metal", depth=0).as_json()) == {"M/metal": 1}
    with pytest.raises(ValueError, match="at least the lot asked for"):
        trace(index, "M/metal", depth=-1)
    with pytest.raises(ValueError, match="at least the lot asked for"):
        trace(index, "M/metal", limit=0)


def test_a_lot_without_composition_has_a_history_and_no_shares(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    answer = trace(index, "M/tailings").as_json()
    assert len(answer["nodes"]) == 4
    assert all(node["shares"] == {} for node in answer["nodes"])
    assert origins(index, "M/tailings").as_json()["rows"] == []


def test_an_element_that_no_input_is_known_to_hold_is_unaccounted(indexed: Indexed, history: Any) -> None:
    index = indexed(
        history(
            events={"e0": [], "e1": [("M/a", 50)]},
            lots={"M/a": ("e0", 100, 0, ND), "M/b": ("e1", 50, 0, {"Nd": 500_000_000, "Dy": 1_000_000})},
            origins={"e0": ("mined", "x")},
        )
    )
    rows = {row["lot"]: row["shares"] for row in origins(index, "M/b").as_json()["rows"]}
    assert rows == {"M/a": {"Nd": 1.0, "Dy": 0.0}, "M/b": {"Nd": 0.0, "Dy": 1.0}}


def test_thirty_blends_in_a_row_stay_exact(indexed: Indexed, history: Any) -> None:
    events: dict[str, Any] = {"e-a": [], "e-b": []}
    lots: dict[str, Any] = {"M/a0": ("e-a", 10**9, 0, ND), "M/b0": ("e-b", 10**9, 0, ND)}
    exact = {"M/a0": (Fraction(1), Fraction(0)), "M/b0": (Fraction(0), Fraction(1))}
    for step in range(30):
        for kind, masses in (("a", (700_000_001 + step, 299_999_999)), ("b", (299_999_999, 700_000_003))):
            inputs = list(zip((f"M/a{step}", f"M/b{step}"), masses, strict=True))
            events[f"e-{kind}{step}"] = inputs
            lots[f"M/{kind}{step + 1}"] = (f"e-{kind}{step}", sum(masses), 0, ND)
            from_a = sum((mass * exact[lot][0] for lot, mass in inputs), Fraction(0)) / sum(masses)
            exact[f"M/{kind}{step + 1}"] = (from_a, 1 - from_a)
    index = indexed(history(events, lots, {"e-a": ("mined", "a"), "e-b": ("secondary", "b")}))
    for last in ("M/a30", "M/b30"):
        found = [row["shares"]["Nd"] for row in origins(index, last).as_json()["rows"]]
        assert found == pytest.approx([float(share) for share in exact[last]], abs=1e-14)
        assert len(trace(index, last).lots) == 61


@pytest.mark.medium
def test_a_walk_grows_with_what_it_reaches(indexed: Indexed, history: Any) -> None:
    # One ore split into 20 000 parts, each processed on its own, all blended again: beyond every first buffer.
    parts = 20_000
    events: dict[str, Any] = {"e-ore": [], "e-split": [("M/ore", parts)]}
    lots: dict[str, Any] = {"M/ore": ("e-ore", parts, 0, ND)}
    lots |= {f"M/p{part}": ("e-split", 1, 0, ND) for part in range(parts)}
    for part in range(parts):
        events[f"e-p{part}"] = [(f"M/p{part}", 1)]
        lots[f"M/q{part}"] = (f"e-p{part}", 1, 0, ND)
    events["e-blend"] = [(f"M/q{part}", 1) for part in range(parts)]
    lots["M/blend"] = ("e-blend", parts, 0, ND)
    index = indexed(history(events, lots, {"e-ore": ("mined", "x")}))
    for name, forward, end in (("M/blend", False, "M/ore"), ("M/ore", True, "M/blend")):
        answer = trace(index, name, forward=forward, limit=None)
        assert answer.reached == len(lots) and not answer.truncated
        by_name = shares(answer.as_json())
        assert by_name[end] == pytest.approx(1, abs=1e-9)
        assert by_name["M/p7"] == by_name["M/q19999"] == pytest.approx(1 / parts, abs=1e-12)
        assert trace(index, name, forward=forward).truncated


def test_books_that_run_in_a_circle_are_answered_and_said(indexed: Indexed, history: Any) -> None:
    # e1 makes b from ore and c, e2 makes c from b: c in e1 is the back-reference.
    index = indexed(
        history(
            events={"e0": [], "e1": [("M/ore", 75), ("M/c", 25)], "e2": [("M/b", 100)], "e3": [("M/d", 1)]},
            lots={
                "M/ore": ("e0", 75, 0, ND),
                "M/b": ("e1", 100, 0, ND),
                "M/c": ("e2", 100, 0, ND),
                "M/d": ("e3", 1, 0, ND),
            },
            origins={"e0": ("mined", "x")},
        )
    )
    answer = origins(index, "M/c").as_json()
    assert answer["cyclic"]
    assert [(row["lot"], row["origin_kind"], row["shares"]["Nd"]) for row in answer["rows"]] == [
        ("M/ore", "mined", 0.75),
        ("M/c", "unaccounted", 0.25),
    ]
    assert trace(index, "M/c").cyclic and trace(index, "M/c", forward=True).cyclic
    assert origins(index, "M/d").as_json()["rows"][0]["origin_kind"] == "unaccounted"  # A lot made of itself.
    assert not trace(index, "M/ore").cyclic


def test_an_unknown_lot_is_answered_with_names_that_are_close(indexed: Indexed, blend: Any) -> None:
    with pytest.raises(UnknownLot, match="There is no lot X/ore; like it: M/ore, N/ore") as caught:
        trace(indexed(blend), "X/ore")
    assert caught.value.suggestions == ("M/ore", "N/ore")


@pytest.mark.medium
def test_threads_share_an_index(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    alone = trace(index, "M/metal").as_json()
    with ThreadPoolExecutor(4) as pool:
        assert all(answer.as_json() == alone for answer in pool.map(lambda _: trace(index, "M/metal"), range(200)))


def test_without_numba_answers_are_the_same_and_it_is_said(
    indexed: Indexed, blend: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    index = indexed(blend)
    compiled = [answer(index) for answer in ALL_ANSWERS]
    monkeypatch.setitem(sys.modules, "numba", None)
    spec = importlib.util.spec_from_file_location("plain_kernels", kernels.__file__)
    assert spec is not None and spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    with caplog.at_level(logging.WARNING):
        spec.loader.exec_module(plain)
    assert not plain.COMPILED
    assert "plain Python" in caplog.text
    monkeypatch.setattr(walk, "walking", lambda: plain)
    monkeypatch.setattr("lodeline.flow.trace.walking", lambda: plain)
    monkeypatch.setattr("lodeline.flow.index.kernels", plain)
    assert [answer(index) for answer in ALL_ANSWERS] == compiled


ALL_ANSWERS: tuple[Callable[[FlowIndex], Any], ...] = (
    lambda index: [trace(index, name).as_json() for name in ("M/metal", "M/tailings", "M/黑矿")],
    lambda index: [trace(index, name, forward=True).as_json() for name in ("M/ore", "M/黑矿", "M/metal")],
    lambda index: origins(index, "M/metal").as_json(),
)


def test_where_a_lot_came_from_is_nowhere_called_exact() -> None:
    """Exact arithmetic on a convention: the documents call it booked, and the pages too."""
    root = Path(__file__).parents[3]
    for page in (root / "docs/tutorial").glob("*.md"):
        assert not re.search(r"share[^.]{0,20}\b(?:is|are) exact\b", page.read_text("utf-8")), page.name
    for name in ("lots/lot", "lots/firm_lot", "licences/application"):
        told = (root / f"src/lodeline/web/templates/lodeline/{name}.html").read_text("utf-8")
        assert "Booked" in told
