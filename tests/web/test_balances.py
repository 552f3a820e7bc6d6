"""Balances and the balance of a site: they say what the books say, and say so where the books say nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from django.http import HttpRequest
from tests.web.books import file_books
from tests.web.conftest import Browser

from lodeline.regulation.parameter import load as load_law
from lodeline.service.balance import sites
from lodeline.service.balance.book import balances, book
from lodeline.service.filing import transfers as deliveries
from lodeline.service.findings.finding import findings
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.pages.balance.tables import months_unit
from lodeline.web.visit import Visit

pytestmark = pytest.mark.medium

LAW = load_law("cn")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> str:
    return file_books(tmp_path_factory.mktemp("books") / "store.sqlite3")


@pytest.fixture
def own(books: str, elsewhere: Callable[[str], Browser]) -> Browser:
    return elsewhere(books)


def judged(store: Store, snapshot: Snapshot) -> pl.DataFrame:
    return sites.judged(balances(store, snapshot, LAW), findings(store, snapshot, LAW).rows)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def exported(browser: Browser, path: str) -> list[dict[str, str]]:
    text = browser.get(path).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


# what is judged


def test_only_a_finding_makes_a_gain_or_a_loss(books: str) -> None:
    store = open_store(books)
    snapshot = open_snapshot(store)
    rows = judged(store, snapshot).filter(pl.col("site") == "sep")
    states = {(row["element"], row["period"]): row["state"] for row in rows.iter_rows(named=True)}
    assert states["Nd", "2025-01"] == "once"
    assert states["Nd", "2025-02"] == "gain" and states["Pr", "2025-02"] == "loss"
    assert states["Nd", "2025-03"] == "closes"
    silent = sites.judged(balances(store, snapshot, LAW), []).filter(pl.col("site") == "sep")
    assert set(silent.filter(pl.col("period") == "2025-02")["state"]) <= {"beyond", "closes"}


def test_newest_is_as_of_the_month_asked_for(books: str) -> None:
    store = open_store(books)
    snapshot = open_snapshot(store)
    rows = judged(store, snapshot)

    def newest(until: str) -> dict[str, tuple[str, int, int]]:
        found = sites.newest(snapshot, rows, element="Nd", until=until)
        return {row["site"]: (row["state"], row["tested"], row["wrong"]) for row in found.iter_rows(named=True)}

    assert newest("2025-01") == {"sep": ("once", 0, 0), "pit": ("once", 0, 0), "mine": ("none", 0, 0)}
    assert newest("2025-02")["sep"] == ("gain", 1, 1)
    assert newest("2025-03")["sep"] == ("closes", 2, 1)
    assert newest("2025-03")["mag"] == ("none", 0, 0)


def test_newest_puts_the_largest_z_first_and_the_unknown_last(store: Store) -> None:
    snapshot = open_snapshot(store)
    z = sites.newest(snapshot, judged(store, snapshot), element="Nd", until="2025-03")["z"].to_list()
    known = [abs(one) for one in z if one is not None]
    assert known == sorted(known, reverse=True) and z[len(known) :] == [None] * (len(z) - len(known))


def test_every_balance_is_a_sum_that_closes(store: Store) -> None:
    snapshot = open_snapshot(store)
    checked = 0
    for _, rows in judged(store, snapshot).group_by("site", "element"):
        ordered = rows.sort("until")
        for until in ordered["until"]:
            found = sites.statement(ordered, until=until)
            assert found is not None
            total = found.opening_mg + sum(mass_mg for _, mass_mg in found.flows) - found.closing_mg
            assert total == (found.muf_mg or 0)
            assert found.muf_mg is None or sum(mass_mg for _, mass_mg in found.parts) == found.muf_mg
            checked += found.muf_mg is not None
    assert checked > 100


# the page of all sites


def test_balances_say_how_many_do_not_close(own: Browser) -> None:
    page = own.page("/en/balances/?element=Nd&period=2025-02")
    assert plain(page.headings[0]).endswith("neodymium did not close at the one site that could be tested")
    assert "80 ± 3 kg" in plain(page.text)
    assert "不闭合" in own.page("/zh/balances/?element=Nd&period=2025-02").headings[0]
    assert own.page("/en/balances/?element=Nd&period=2025-03").headings[0].endswith("could be tested")
    # A year that a finding speaks of does not close, though its last month does.
    assert "did not close" in own.page("/en/balances/?element=Nd&period=2025").headings[0]


def test_nothing_wrong_is_said_as_plainly(browser: Browser) -> None:
    page = browser.page("/en/balances/?period=2025-03")
    assert page.headings[0].endswith("neodymium closed at every site that could be tested")


def test_what_was_never_counted_is_unknown_and_bounded(own: Browser) -> None:
    page = own.page("/en/balances/?element=TREO&period=2025-03")
    assert "at least −10.2 kg" in plain(page.text)
    assert "unknown" in own.page("/en/balances/?element=Nd&period=2025-03").text


def test_balances_are_narrowed_by_stage_and_exported(own: Browser) -> None:
    rows = exported(own, "/en/balances/?element=Nd&period=2025-03&stage=separation&format=csv")
    assert [row["Site"] for row in rows] == ["sep"]
    assert Decimal(rows[0]["Difference (kg)"]) == 0 and rows[0]["Verdict"] == "closes"
    assert "No site is like that" in own.page("/en/balances/?stage=recycling").text


@pytest.mark.parametrize(
    ("query", "status", "cure"),
    [
        ("stage=factory", 404, "one of mine"),
        ("element=Xx", 400, "one of"),
        ("element=Lu", 404, "look at one of Pr, Nd"),
        ("period=2031-01", 404, "choose months"),
        ("state=good", 404, "one of gain"),
        ("region=CN-XX", 404, "There is no region"),
        ("organisation=NOBODY", 404, "in the register"),
        ("period=spring", 400, "2025-06"),
        ("sort=balances.nothing", 400, "balances.site"),
    ],
)
def test_bad_questions_about_balances(own: Browser, query: str, status: int, cure: str) -> None:
    page = own.page(f"/en/balances/?{query}")
    assert page.status == status and cure in page.text


# the page of one site


def test_site_begins_with_what_a_finding_speaks_of(own: Browser) -> None:
    page = own.page("/en/sites/sep/")
    assert page.headings == own.page("/en/sites/sep/?element=Nd").headings, "of three elements that alarm, the largest"
    assert "The firm sees this same page" in page.text


def test_gain_and_loss_of_a_site(own: Browser) -> None:
    gain, loss = own.page("/en/sites/sep/?element=Nd"), own.page("/en/sites/sep/?element=Pr")
    assert plain(gain.headings[0]) == "By February 2025, sep had given 80 ± 3 kg more neodymium than it took in"
    assert "1 of 2 balances between two counts close" in gain.text
    assert plain(loss.headings[0]) == "By February 2025, 20.0 ± 0.5 kg of praseodymium had left sep without a trace"
    assert "多出" in own.page("/zh/sites/sep/?element=Nd").headings[0]


def test_finding_is_explained_innocently_and_asked_about(own: Browser) -> None:
    page = own.page("/en/sites/sep/?element=Nd")
    assert "Stock was on hand before the first filing" in page.text
    assert "A stock count of the whole site" in page.text
    assert "every shipment to the firm in this time has its receipt" in page.text
    assert "No detector asks anything" in own.page("/en/sites/sep/?element=Nd&from=2025-03").text


def test_statement_as_shown_closes(own: Browser) -> None:
    def lines(until: str) -> list[Decimal]:
        query = f"element=Nd&until={until}&format=csv&table=statement"
        return [Decimal(row["kg, exact (kg)"]) for row in exported(own, f"/en/sites/sep/?{query}")]

    *parts, difference = lines("2025-02-28")
    assert sum(parts) == difference == -80
    # Without a count at the end, the sum gives the book.
    query = "element=Nd&format=csv&table=statement"
    *parts, book = [Decimal(row["kg, exact (kg)"]) for row in exported(own, f"/en/sites/mag/?{query}")]
    assert sum(parts) == book == Decimal("1.25")


def test_months_export_has_every_column_of_the_balance(own: Browser) -> None:
    rows = exported(own, "/en/sites/sep/?element=Nd&format=csv&table=months")
    february = next(row for row in rows if row["Until"] == "2025-02-28")
    assert Decimal(february["Consumed (kg)"]) == 80 and Decimal(february["Made (kg)"]) == 160
    assert Decimal(february["Difference (kg)"]) == -80 and february["Verdict"] == "gain"
    assert len(february) == 20


def test_columns_without_mass_are_left_out_and_said(own: Browser) -> None:
    page = own.page("/en/sites/sep/?element=Nd")
    heads = re.findall(r'<th scope="col"[^>]*>\s*<a href="[^"]*sort=-?months\.(\w+)', page.html)
    assert "consumed" in heads and "export" not in heads and "physical" in heads
    assert "Columns without any mass are left out" in page.text


def test_filings_behind_a_month_lead_to_their_entries(own: Browser) -> None:
    rows = exported(own, "/en/sites/sep/?element=Nd&from=2025-02&to=2025-02&format=csv&table=filings")
    assert [row["Month"] for row in rows] == ["2025-02"]
    page = own.page("/en/sites/sep/?element=Nd&from=2025-02&to=2025-02")
    assert f"/en/log/{rows[0]['Entry']}/" in {link.get("href") for link in page.links}


@pytest.mark.parametrize(
    ("site", "headline", "says"),
    [
        ("pit", "pit has counted its neodymium once: a balance needs two counts", "Only one count"),
        ("mine", "Nobody has counted the neodymium at mine", "difference is unknown"),
        ("store", "Nothing has been filed for store yet", "no row of any filing names it"),
    ],
)
def test_site_that_cannot_be_tested(own: Browser, site: str, headline: str, says: str) -> None:
    page = own.page(f"/en/sites/{site}/")
    assert (page.status, page.headings[0]) == (200, headline)
    assert says in page.text


def test_site_that_never_counted_shows_its_bound(own: Browser) -> None:
    page = own.page("/en/sites/mag/?element=TREO")
    assert plain(page.headings[0]) == "mag sent out at least 10.2 kg of rare-earth oxide more than it can have had"
    assert "Total oxide" in own.page("/en/sites/mag/?element=Nd").text


@pytest.mark.parametrize(
    ("address", "status", "cure"),
    [
        ("se/", 404, "Perhaps sep"),
        ("nowhere/", 404, "Find it by its name"),
        ("sep/?element=Lu", 404, "look at one of Pr, Nd"),
        ("sep/?element=Q", 400, "one of"),
        ("sep/?from=2025-03&to=2025-01", 400, "no later than the last"),
        ("sep/?from=2027-01&to=2027-02", 404, "months from 2025-01 to 2025-03"),
        ("sep/?from=x", 400, "2025-06"),
        ("sep/?until=2025-02-27", 404, "2025-02-28"),
        ("sep/?until=someday", 400, "2025-06-30"),
        ("sep/?months.page=9", 404, "the last is 1"),
    ],
)
def test_bad_questions_about_a_site(own: Browser, address: str, status: int, cure: str) -> None:
    page = own.page(f"/en/sites/{address}")
    assert page.status == status and cure in page.text


def test_methods_are_those_of_the_element(store: Store) -> None:
    snapshot = open_snapshot(store)
    rows = judged(store, snapshot).filter(pl.col("z").is_not_null() & (pl.col("element") == "Nd"))
    run = rows.row(0, named=True)
    found = sites.methods_named(snapshot, site=run["site"], element="Nd", since=run["since"], until=run["until"])
    assert found.height and set(found["element"]) <= {None, "", "Nd"}
    assert found.group_by("id", "quantity").len()["len"].max() == 1


def test_transfers_that_lack_a_side_are_counted_with_their_element(books: str) -> None:
    store = open_store(books)
    snapshot = open_snapshot(store)
    rows, transfers = book(store, snapshot, LAW), deliveries.judged_transfers(snapshot, LAW)
    march = {"since": date(2025, 3, 1), "until": date(2025, 3, 31)}
    # 300 kg of magnets with 30 % neodymium, and a kilogram of which nobody says what is in it.
    found = sites.one_sided(rows, transfers, organisation="ABROAD", element="Nd", gain=True, **march)
    assert found == (2, 90_000_000)
    assert sites.one_sided(rows, transfers, organisation="SEP", element="Nd", gain=True, **march) == (0, 0)
    assert sites.one_sided(rows, transfers, organisation="ABROAD", element="Nd", gain=False, **march) == (0, 0)


# the run as a whole


def test_the_run_is_tested_and_its_window_named(own: Browser) -> None:
    page = own.page("/en/sites/sep/?element=Nd")
    text = plain(page.text)
    assert "Too much, beyond chance" in text
    assert "It shows best from 31 January 2025 to 28 February 2025: 80.0 ± 3 kg" in text.replace("80 ± 3", "80.0 ± 3")
    assert "You chose the span" not in text
    assert "You chose the span" in own.page("/en/sites/sep/?element=Nd&from=2025-02").text
    assert "Missing, beyond chance" in own.page("/en/sites/sep/?element=Pr").text
    assert "多出，超出偶然误差" in own.page("/zh/sites/sep/?element=Nd").text


def test_what_cannot_be_tested_says_why(own: Browser) -> None:
    for site in ("mine", "mag", "pit"):
        page = own.page(f"/en/sites/{site}/?element=Nd")
        assert "Not testable: No balance lies between two stock counts" in page.text


def test_every_test_is_exported_with_its_limit(own: Browser) -> None:
    rows = exported(own, "/en/sites/sep/?element=Nd&format=csv&table=tests")
    assert len(rows) == 6
    single = next(row for row in rows if row["Test"] == "Largest single balance")
    assert float(single["Too much"]) == pytest.approx(23.06, abs=0.01)
    assert 3 < float(single["Alarms at"]) < 4
    assert float(rows[0]["Too much"]) < 1e-20, "the CSV has the number that the page does not spell out"


def test_the_ceiling_falls_with_the_time_over_which_a_loss_is_spread(own: Browser) -> None:
    rows = exported(own, "/en/sites/sep/?element=Nd&format=csv&table=sight")
    assert [row["Over the last"] for row in rows] == ["1", "2"]
    assert float(rows[0]["First mass, spread"]) == pytest.approx(0.95)
    assert float(rows[1]["First mass, spread"]) < 0.95
    page = own.page("/en/sites/sep/?element=Nd").text
    assert "cannot be found with more than" in page and "calibration" in page


def test_parts_of_sigma_make_sigma(own: Browser, books: str) -> None:
    rows = exported(own, "/en/sites/sep/?element=Nd&format=csv&table=sources&to=2025-02")
    variance = sum(float(row["New each time (kg)"]) ** 2 + float(row["Calibration (kg)"]) ** 2 for row in rows)
    store = open_store(books)
    february = balances(store, open_snapshot(store), LAW).filter(
        (pl.col("site") == "sep") & (pl.col("element") == "Nd") & (pl.col("period") == "2025-02")
    )
    assert variance**0.5 == pytest.approx(february["sigma_mg"][0] / 1e6)
    assert sum(float(row["Of the variance"]) for row in rows) == pytest.approx(1, abs=1e-5)


def test_a_point_of_the_chart_leads_to_its_balance(own: Browser) -> None:
    page = own.page("/en/sites/sep/?element=Nd")
    assert "/en/sites/sep/?element=Nd&until=2025-03-31#statement" in page.html.replace("&amp;", "&")


def test_the_difference_is_explained_from_its_rows(own: Browser) -> None:
    rows = exported(own, "/en/sites/sep/?element=Nd&format=csv&table=explanations")
    said = [plain(row["What would explain it by itself"]) for row in rows]
    assert rows == [] or all(float(row["Far-fetched"]) <= 12 for row in rows)
    # 80 kg more came out of the process than went in: no row of 80 kg is there, and both lots would be off by half.
    assert not any("filed twice" in one for one in said)
    assert "Measurement explains this difference" in own.page("/en/sites/sep/?element=Nd&until=2025-03-31").text


def test_months_are_written_in_a_unit_in_which_their_uncertainty_is_seen() -> None:
    visit = Visit(HttpRequest(), language="en", name="balance", arguments={})

    def unit(book_kg: float, sigma_kg: float) -> tuple[str, int]:
        rows = pl.DataFrame({"book_mg": [int(book_kg * 1e6)], "sigma_mg": [sigma_kg * 1e6]})
        found = months_unit(visit, rows)
        return found.word, found.decimals

    assert unit(7_400, 120) == ("t", 2)
    # In tonnes half a kilogram would be written as nothing.
    assert unit(7_400, 0.48) == ("kg", 2)
    assert unit(7_400, 0.00001) == ("kg", 3)
