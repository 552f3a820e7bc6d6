"""The year: its cells are the sums of the sites behind them, and what nobody counted is never said to close."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import polars as pl
import pytest
from tests.web.books import file_books
from tests.web.conftest import Browser

from lodeline.service.balance.year import SITE_YEARS, cells, verdict

YEAR = "/en/year/?period=2025"


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> str:
    return file_books(tmp_path_factory.mktemp("books") / "store.sqlite3")


@pytest.fixture
def own(books: str, elsewhere: Callable[[str], Browser]) -> Browser:
    return elsewhere(books)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def exported(browser: Browser, path: str) -> list[dict[str, str]]:
    text = browser.get(path).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def rows(*given: tuple[str, int | None, float | None], **more: object) -> pl.DataFrame:
    """Sites of neodymium in mining: state, sum and σ in kg."""
    found = [
        {
            "organisation": f"F-{n}", "site": f"s{n}", "stage": "mine", "region": "CN-JX", "element": "Nd",
            "state": state, "muf_mg": mass, "sigma_mg": sigma,
            "wrong_mg": mass if state in ("loss", "gain") else None,
            "wrong_sigma_mg": sigma if state in ("loss", "gain") else None, **more,
        }
        for n, (state, mass, sigma) in enumerate(given)
    ]  # fmt: skip
    return pl.DataFrame(found, schema_overrides=dict(SITE_YEARS))


# the sums


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ([("none", None, None)], "none"),
        ([("none", None, None), ("once", None, None)], "unknown"),
        ([("untested", None, None)], "unknown"),
        ([("closes", 3, 9.0), ("none", None, None)], "closes"),
        ([("closes", 20, 7.0), ("closes", 20, 7.0)], "beyond"),
        ([("beyond", 31, 10.0), ("closes", -25, 10.0)], "closes"),
        ([("loss", 50, 3.0), ("closes", -60, 30.0)], "loss"),
        ([("loss", 50, 3.0), ("gain", -60, 3.0)], "gain"),
    ],
)
def test_a_cell_is_what_its_sites_are(given: list[tuple[str, int | None, float | None]], state: str) -> None:
    (row,) = cells(rows(*given)).iter_rows(named=True)
    assert row["state"] == state
    known = [(mass, sigma) for _, mass, sigma in given if mass is not None and sigma is not None]
    assert row["tested"] == len(known) and row["sites"] == len(given)
    if known:
        assert row["muf_mg"] == sum(mass for mass, _ in known)
        assert row["sigma_mg"] == pytest.approx(sum(sigma**2 for _, sigma in known) ** 0.5)
    else:
        assert row["muf_mg"] is None and row["sigma_mg"] is None, "nothing measured is not zero"


def test_a_verdict_speaks_of_what_is_farthest_from_closing() -> None:
    every = pl.concat(
        [rows(("closes", 3, 9.0)), rows(("loss", 50, 3.0), element="Tb"), rows(("none", None, None), element="Y")]
    )
    found = verdict(every, element=None, fallback="Nd")
    assert found is not None and (found.element, found.closing, found.of, found.not_closing) == ("Tb", 1, 2, ("Tb",))
    assert found.worst is not None and found.worst["stage"] == "mine"
    asked = verdict(every, element="Y", fallback="Nd")
    assert asked is not None and asked.cell["state"] == "none"
    assert verdict(every, element="Lu", fallback="Nd") is None


# the page


@pytest.mark.medium
def test_every_cell_equals_the_rows_of_its_sites(browser: Browser) -> None:
    found = exported(browser, f"{YEAR}&format=csv&table=cells")
    assert len({row["Element"] for row in found}) > 2
    for row in found:
        query = f"period=2025&element={row['Element']}&stage={row['Stage']}"
        behind = exported(browser, f"/en/balances/?{query}&format=csv")
        assert len(behind) == int(row["Sites"])
        masses = [Decimal(one["Difference (kg)"]) for one in behind if one["Uncertainty (kg)"] not in ("", "–")]
        if row["State"] in ("none", "unknown"):
            assert not masses and row["Difference (kg)"] == "–"
            continue
        assert sum(masses) == pytest.approx(Decimal(row["Difference (kg)"]), abs=Decimal("1e-6"))
        variance = sum(
            float(one["Uncertainty (kg)"]) ** 2 for one in behind if one["Uncertainty (kg)"] not in ("", "–")
        )
        assert variance**0.5 == pytest.approx(float(row["Uncertainty (kg)"]))
        states = [one["Verdict"] for one in behind]
        assert states.count("none") == int(row["Not counted"]) and states.count("loss") == int(row["Missing"])


@pytest.mark.medium
def test_a_sum_errs_as_the_run_of_its_site_does(own: Browser) -> None:
    # Two balances share a count and a scale: σ of their sum is that of the site's own page, and no root of squares.
    (row,) = exported(own, "/en/balances/?element=Nd&period=2025&stage=separation&format=csv")
    parts = exported(own, "/en/sites/sep/?element=Nd&format=csv&table=sources")
    variance = sum(float(one["New each time (kg)"]) ** 2 + float(one["Calibration (kg)"]) ** 2 for one in parts)
    assert float(row["Uncertainty (kg)"]) == pytest.approx(variance**0.5)
    assert Decimal(row["Difference (kg)"]) == -80 and row["Verdict"] == "gain"


@pytest.mark.medium
def test_the_verdict_is_the_headline(own: Browser) -> None:
    page = own.page(f"{YEAR}&element=Nd")
    assert plain(page.headings[0]) == "Neodymium did not close in 2025: 80 ± 3 kg are too much in separation"
    assert "不闭合" in own.page("/zh/year/?element=Nd").headings[0]
    assert plain(own.page(f"{YEAR}-03&element=Nd").headings[0]).startswith("Neodymium closed in March 2025: 0")
    assert "Nobody counted neodymium" in own.page(f"{YEAR}&element=Nd&stage=magnet").headings[0]


@pytest.mark.medium
def test_what_nobody_counted_is_hatched_and_never_green(own: Browser) -> None:
    html = own.page(f"{YEAR}&element=Nd&stage=magnet").html
    assert 'class="not-counted"' in html and "Not counted" in html
    matrix = html[html.index('class="matrix"') : html.index("</table>")]
    assert "Closes" not in matrix and "c-flow" not in matrix


@pytest.mark.medium
def test_a_cell_leads_to_its_sites_and_a_region_to_its_elements(own: Browser) -> None:
    leads = {str(link.get("href")) for link in own.page(f"{YEAR}&element=Nd").links}
    assert "/en/balances/?period=2025&element=Nd&stage=separation" in leads
    regions = own.page(f"{YEAR}&by=region&element=Nd")
    assert regions.status == 200 and "no region stated" in regions.text


@pytest.mark.medium
def test_the_nation_made_to_balance_is_its_method(browser: Browser) -> None:
    page = browser.page(f"{YEAR}&element=Nd")
    assert '<details class="method">' in page.html, "it is folded"
    assert '<details class="method" open>' in browser.page(f"{YEAR}&element=Nd&sort=streams.measured").html
    streams = exported(browser, f"{YEAR}&element=Nd&format=csv&table=streams")
    measured = [row for row in streams if "not measured" not in row.values()]
    assert measured
    for row in measured:
        correction = float(row["Balanced (kg)"]) - float(row["Measured (kg)"])
        assert correction == pytest.approx(float(row["Correction (kg)"]), abs=1e-3)


@pytest.mark.medium
@pytest.mark.parametrize(("old", "query"), [("balances/network/", "?element=Nd"), ("editions/", "")])
def test_addresses_of_before_lead_to_it(browser: Browser, old: str, query: str) -> None:
    moved = browser.get(f"/zh/{old}{query}")
    assert (moved.status_code, moved["Location"]) == (301, f"/zh/year/{query}")


@pytest.mark.medium
@pytest.mark.parametrize(
    ("query", "status", "cure"),
    [
        ("period=2031", 404, "choose months"), ("period=2025-13", 400, "2025-Q2"),
        ("element=Lu", 404, "look at one of"), ("element=Xx", 400, "one of"),
        ("stage=factory", 404, "one of mine"), ("region=CN-XX", 404, "no region"),
        ("by=moon", 400, "element or region"), ("stage=recycling", 200, "No site here holds"),
        ("sort=cells.nothing", 400, "cells.element"),
    ],
)  # fmt: skip
def test_bad_questions_about_the_year(own: Browser, query: str, status: int, cure: str) -> None:
    page = own.page(f"/en/year/?{query}")
    assert page.status == status and cure in page.text
