"""A loss has one mass with one σ: the question, its cause, the year, the site, the visit and the API read one book."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.desk import LAW, Desk, organisation, site
from tests.web.as_official import furnish
from tests.web.conftest import Browser

from lodeline.service.balance.balances import balance
from lodeline.service.findings.finding import findings
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.web.words.format import mass_with_sigma

#: Kilograms of oxide that leave no trace, by month.
LOST = {"2025-02": 100, "2025-03": 150}


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A site that counts each month and loses oxide in two of them, one after the other."""
    desk = Desk(str(tmp_path_factory.mktemp("leaking") / "store.sqlite3"))
    desk.register(organisations=[organisation("SEP")], sites=[site("sep", "SEP", "separation")])
    left = 5000
    oxide = "product=oxide:PrNd composition=Nd=60;Pr=20;TREO=99"
    desk.rows("SEP", "2025-01", f"O origin 2 sep OX {left} {oxide} origin_kind=imported origin_place=CN",
              f"C stock 31 sep OX {left}")  # fmt: skip
    for month, day in (("2025-02", 28), ("2025-03", 31), ("2025-04", 30)):
        left -= LOST.get(month, 0)
        desk.rows("SEP", month, f"C{month} stock {day} sep OX {left}")
    furnish(desk.store.database.url)
    return desk.store.database.url


def exported(browser: Browser, path: str) -> list[dict[str, str]]:
    text = browser.get(path).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def milligrams(kilograms: str) -> int:
    return int(Decimal(kilograms) * 1_000_000)


def test_one_loss_has_one_mass_wherever_it_is_shown(leaking: str, elsewhere: Callable[[str | Path], Browser]) -> None:
    store = open_store(leaking)
    snapshot = open_snapshot(store)
    found = findings(store, snapshot, LAW).as_json()
    (cause,) = found["causes"]
    browser = elsewhere(leaking)
    named = {
        (one["element"], one["until"][:7]) for row in found["rows"] for item in row["evidence"] if "balance" in item
        for one in [item["balance"]]
    }  # fmt: skip
    assert {month for _, month in named} == set(LOST)
    assert set(cause["masses_kg"]) == {"TREO", "Nd", "Pr"}
    for element, whole_kg in cause["masses_kg"].items():
        rows = balance(store, snapshot, LAW, site="sep", element=element)["rows"]
        assert sum(Decimal(row["muf_kg"]) for row in rows if (element, row["period"]) in named) == Decimal(whole_kg)
        (year,) = exported(browser, f"/en/year/?element={element}&format=csv")
        assert Decimal(year["By findings (kg)"]) == Decimal(whole_kg)
        # σ of the year is that of its sum, here of the same balances.
        shown = mass_with_sigma(milligrams(whole_kg), float(year["Uncertainty (kg)"]) * 1e6, "en")
        for path in (f"/en/year/?element={element}", f"/en/sites/sep/?element={element}"):
            assert shown in browser.page(path).headings[0], path
    assert "248 kg rare-earth oxide; neodymium 150 kg; praseodymium 50.0 kg" in browser.page("/en/findings/").text
    assert "In all this is 247.5 kg TREO, 150 kg Nd, 50 kg Pr" in browser.page("/en/inspections/").text
