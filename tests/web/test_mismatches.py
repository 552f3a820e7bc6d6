"""What does not match: where each delivery stands, what stands beside it, and pairs of scales that disagree."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.conftest import Browser

from lodeline.collation.exception import EXCEPTION
from lodeline.regulation.parameter import load
from lodeline.service.filing.mismatches import in_order, mismatches
from lodeline.service.filing.transfers import (
    AGES,
    ages,
    differences,
    judged_transfers,
    questionable_transfers,
    standing_transfers,
    weighed_by_pair,
)
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

pytestmark = pytest.mark.medium

LIST = "/en/exceptions/"


@pytest.fixture
def on_flawed(flawed: Store, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    return elsewhere(flawed.database.url)


@pytest.fixture(scope="module")
def standing(flawed: Store) -> pl.DataFrame:
    return standing_transfers(open_snapshot(flawed), load("cn"))


def exported(browser: Browser, query: str) -> list[list[str]]:
    text = browser.get(f"{LIST}?format=csv&{query}").content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))[1:]


def pairs(*rows: tuple[str, str, int | None, int | None]) -> pl.DataFrame:
    schema = {"shipper": pl.String(), "receiver": pl.String(), "shipped_mg": pl.Int64(), "received_mg": pl.Int64()}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    # Of two months, one after the other.
    days = [date(2025, 1 + place % 2, 7) for place in range(frame.height)]
    return frame.with_columns(shipped_on=pl.Series(days, dtype=pl.Date()), received_on=pl.lit(None, pl.Date()))


def test_every_transfer_stands_somewhere_once(flawed: Store, standing: pl.DataFrame) -> None:
    judged = judged_transfers(open_snapshot(flawed), load("cn"))
    assert standing.height == judged.height
    unclosed = standing.filter(pl.col("standing").is_in(["waiting", "exception"]))
    assert unclosed.height == judged.filter(pl.col("state").is_in(["open", "partial", "exception"])).height > 0
    assert standing.filter(pl.col("age_days").is_not_null()).height == unclosed.height
    # The last filing of this world came on 10 April 2025.
    assert unclosed.filter(pl.col("age_days") != (date(2025, 4, 10) - pl.col("day")).dt.total_days()).height == 0


def test_what_is_questionable_is_what_has_not_closed_or_differs(flawed: Store, standing: pl.DataFrame) -> None:
    asked = questionable_transfers(open_snapshot(flawed), load("cn"))
    assert asked.equals(standing.filter(pl.col("standing").is_in(["waiting", "exception", "differs"])))
    assert 0 < asked.height < standing.height


def test_each_half_names_the_entry_that_states_it(flawed: Store, standing: pl.DataFrame) -> None:
    entry_of = dict(open_snapshot(flawed).lines.select("line", "entry").iter_rows())
    for half in ("shipment", "receipt"):
        for line, entry in standing.select(f"{half}_line", f"{half}_entry").iter_rows():
            assert entry == (None if line is None else entry_of[line])


def test_ages_add_up_and_split_at_their_bounds() -> None:
    days = [0, AGES[0], AGES[0] + 1, AGES[-1], AGES[-1] + 1, 400, None]
    frame = pl.DataFrame(
        {
            "age_days": days, "standing": ["waiting"] * 2 + ["exception"] * 4 + ["matched"],
            "shipped_mg": [1, None, 3, 4, 5, 6, 7], "received_mg": [9, 2, None, None, None, None, 7],
        },
        schema_overrides={"age_days": pl.Int64()},
    )  # fmt: skip
    assert ages(frame).rows() == [
        (0, 30, "waiting", 2, 3), (31, 60, "exception", 1, 3), (61, 90, "exception", 1, 4),
        (91, None, "exception", 2, 11),
    ]  # fmt: skip


def test_ages_of_the_world_add_up(standing: pl.DataFrame) -> None:
    waiting = standing.filter(pl.col("age_days").is_not_null())
    assert ages(standing)["count"].sum() == waiting.height
    assert ages(standing)["mass_mg"].sum() == waiting.select(pl.coalesce("shipped_mg", "received_mg")).sum().item()


def test_differences_by_pair() -> None:
    weighed = weighed_by_pair(
        pairs(
            ("A", "B", 1000, 990), ("A", "B", 2000, 2000), ("A", "B", 1000, 1010), ("A", "C", 1000, 900),
            ("A", "C", 1000, None), ("A", "C", 0, 0), *[("D", "E", 1000, 995 - step) for step in range(5)],
        )
    )  # fmt: skip
    assert (weighed["deliveries"].sum(), weighed["weighed"].sum(), weighed["shares"].sum()) == (11, 10, 9)
    assert (weighed["weighed_mg"].sum(), weighed["missing_mg"].sum()) == (10_000, 135)
    rows = differences(weighed)
    assert rows["shipper"].to_list() == ["D", "A", "A"], "few weighings come last, whatever their mean"
    steady, balanced, alone = rows.to_dicts()
    assert (steady["weighings"], steady["less"], steady["more"], steady["difference_mg"]) == (5, 5, 0, 35)
    assert steady["mean"] == pytest.approx(0.007)
    assert steady["error"] == pytest.approx(0.001 * (2.5 / 5) ** 0.5)
    assert steady["distance"] == pytest.approx(0.007 / (0.001 * 0.5**0.5))
    assert (balanced["less"], balanced["more"], balanced["mean"]) == (1, 1, pytest.approx(0))
    assert (alone["receiver"], alone["weighings"], alone["error"], alone["distance"]) == ("C", 1, None, None)


def test_scales_that_never_differ_have_no_distance() -> None:
    (row,) = differences(weighed_by_pair(pairs(("A", "B", 10, 10), ("A", "B", 20, 20)))).to_dicts()
    assert (row["mean"], row["error"], row["distance"]) == (0, 0, None)
    (row,) = differences(weighed_by_pair(pairs(*[("A", "B", 3_000, 2_900)] * 3))).to_dicts()
    assert (row["error"], row["distance"]) == (0, None), "what differs by the same share has no spread either"


@given(st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from("CD"), st.integers(0, 10**9), st.integers(0, 10**9))))
def test_sums_by_month_say_of_pairs_what_deliveries_one_by_one_say(rows: list[tuple[str, str, int, int]]) -> None:
    every = pairs(*rows)
    for part in (every, every.filter(pl.col("shipped_on").dt.month() == 2)):
        months = weighed_by_pair(every).filter(
            pl.col("period").is_in(part["shipped_on"].dt.strftime("%Y-%m").implode())
        )
        for row in differences(months).to_dicts():
            of_pair = part.filter(shipper=row["shipper"], receiver=row["receiver"]).filter(pl.col("shipped_mg") > 0)
            share = of_pair.select((pl.col("shipped_mg") - pl.col("received_mg")) / pl.col("shipped_mg")).to_series()
            assert row["weighings"] == len(share)
            assert row["mean"] == pytest.approx(share.mean())
            if len(share) > 1:
                widest = max(abs(one) for one in share)
                error = float(share.std() or 0) / len(share) ** 0.5  # type: ignore[arg-type]
                assert row["error"] == pytest.approx(error, rel=1e-6, abs=1e-7 * widest)


def exceptions(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(EXCEPTION))


def test_each_record_stands_in_one_list_under_its_kind_and_state(standing: pl.DataFrame) -> None:
    border = {"id": "a", "cause": "export-not-filed", "between": "filed-border", "state": "open", "age_days": 9_999}
    paper = {"id": "b", "cause": "value-differs", "between": "filed-invoiced", "state": "not-due", "filed_mg": 5}
    found = mismatches(standing, exceptions({**border, "declaration": "D1", "border_mg": 7}, paper))
    found = in_order(found.lazy()).collect()
    assert found.height == standing.height + 2
    first = found.row(0, named=True)
    assert (first["kind"], first["what"], first["beside"], first["beside_mg"]) == ("border", "D1", "border", 7), (
        "what has waited longest comes first"
    )
    (invoice,) = found.filter(kind="invoice").to_dicts()
    assert (invoice["state"], invoice["beside"]) == ("not-due", "invoiced")
    assert (invoice["filed_mg"], invoice["beside_mg"]) == (5, None)
    deliveries = found.filter(kind="delivery")
    counted = dict(deliveries.group_by("state").len().iter_rows())
    late = standing.filter(pl.col("standing").is_in(["exception", "differs"])).height
    assert (counted["open"], counted["not-due"]) == (late, standing.filter(standing="waiting").height)
    whole = standing.filter(pl.col("cause").is_null() | (pl.col("cause") != "mass-differs"))
    differing = standing.filter(cause="mass-differs")["difference_mg"].abs().sum()
    assert deliveries["mass_mg"].sum() == differing + (
        whole.select(pl.coalesce("shipped_mg", "received_mg").sum()).item()
    )


def test_headline_counts_what_does_not_match(on_flawed: Browser, standing: pl.DataFrame) -> None:
    late = standing.filter(pl.col("standing").is_in(["exception", "differs"])).height
    assert on_flawed.page(f"{LIST}?kind=delivery").headings == [f"{late} deliveries do not match"]


def test_heading_says_that_everything_that_is_due_matches(browser: Browser) -> None:
    assert browser.page(f"{LIST}?kind=delivery").headings == [
        "Filings, invoices and the border match; 22 records may still come"
    ]
    assert browser.page("/zh/exceptions/?kind=delivery").headings == ["申报、开票与过境记录一致，另有22项尚未到期"]
    assert browser.page(f"{LIST}?kind=delivery&period=2025-01").headings == ["Filings, invoices and the border match"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("state=unclosed", pl.col("standing").is_in(["waiting", "exception"])),
        ("state=open", pl.col("standing").is_in(["exception", "differs"])),
        ("cause=no-receipt", pl.col("cause") == "no-receipt"),
        ("state=all&organisation=SEP-0002", (pl.col("shipper") == "SEP-0002") | (pl.col("receiver") == "SEP-0002")),
        ("state=all&period=2025-02", pl.col("day").dt.month() == 2),
        ("state=all&period=2025-02..2025-03", pl.col("day").dt.month() > 1),
        ("state=all&q=sep-0002/OXIDE", pl.col("name").str.contains("SEP-0002/OXIDE")),
        ("state=unclosed&age=31", pl.col("age_days").is_between(31, 60)),
    ],
)
def test_filters_keep_what_they_say(on_flawed: Browser, standing: pl.DataFrame, query: str, kept: pl.Expr) -> None:
    wanted = standing.filter(kept)["name"].to_list()
    assert 0 < len(wanted) < standing.height
    assert sorted(row[1] for row in exported(on_flawed, f"kind=delivery&{query}")) == sorted(wanted)


def test_pattern_in_the_field_is_taken_as_text(on_flawed: Browser) -> None:
    page = on_flawed.page(f"{LIST}?q=.*(")
    assert page.status == 200
    assert "write less of the lot, event or number" in page.text


@pytest.mark.parametrize(("sort", "column"), [("age", 4), ("filed", 5), ("day", 8), ("difference", 12)])
def test_sorting_goes_both_ways_with_what_is_unknown_last(on_flawed: Browser, sort: str, column: int) -> None:
    rising = [row[column] for row in exported(on_flawed, f"kind=delivery&state=all&sort=mismatches.{sort}")]
    falling = [row[column] for row in exported(on_flawed, f"kind=delivery&state=all&sort=-mismatches.{sort}")]

    def known(values: list[str]) -> list[object]:
        return [value if sort == "day" else float(value) for value in values if value not in ("", "–")]

    assert known(rising) == sorted(known(rising))  # type: ignore[type-var]
    assert known(falling) == known(rising)[::-1]
    assert all(value in ("", "–") for value in rising[len(known(rising)) :])


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("state=lost", 404, "open, not-due, unclosed, closed"),
        ("kind=letter", 404, "delivery, invoice, border"),
        ("age=12", 404, "0, 31, 61, 91"),
        ("organisation=nobody", 404, "Find it by its name"),
        ("region=CN-XX", 404, "There is no region"),
        ("period=2025-13", 400, "is no month"),
        ("mismatches.page=900", 404, "There is no page 900"),
    ],
)
def test_bad_questions_get_the_cure(browser: Browser, query: str, status: int, said: str) -> None:
    page = browser.page(f"{LIST}?{query}")
    assert page.status == status
    assert said in page.text
