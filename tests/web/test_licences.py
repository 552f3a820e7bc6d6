"""Licences on pages: the numbers close, one leads to its draw-downs, and a firm sees its own alone."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.desk import LAW
from tests.office.trade import NOW, file_trade, furnish, person
from tests.web.conftest import Browser

from lodeline.service.draws import Wanted, reserve

pytestmark = pytest.mark.medium
MG_PER_KG = 1_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SEP has exported 20 of the 50 kg of LIC-1 and is promised 10 more; LIC-0 has ended."""
    path = Path(tmp_path_factory.mktemp("licences")) / "store.sqlite3"
    desk = file_trade(str(path))
    furnish(str(path))
    wanted = Wanted(
        licence="LIC-1", organisation="SEP", declaration="D-9", line="1", mass_mg=10 * MG_PER_KG
    )  # fmt: skip
    (drawn,) = reserve(store=desk.store, wanted=[wanted], law=LAW, on=NOW.date(), filed_at=NOW)
    assert drawn.draw, drawn.problems
    desk.store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    desk.store.database.close()
    return path


@pytest.fixture
def url(made: Path, tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "store.sqlite3"
    shutil.copy(made, path)
    with override_settings(LODELINE_DATABASE=str(path), LODELINE_DEMO_CLOCK="2025-02-07T09:00:00+08:00"):
        yield str(path)


def of_firm(firm: str) -> Browser:
    environ: Any = {"lodeline.actor": person(firm)}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


def official() -> Browser:
    return Browser(client=Client(HTTP_HOST="127.0.0.1"))


def test_every_licence_closes_and_leads_to_its_own_page(pages: None, url: str) -> None:
    text = official().get("/en/licences/?format=csv&table=licences").content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    first = next(at for at, name in enumerate(head) if name.startswith("Granted"))
    found = {row[0]: [float(mass or 0) for mass in row[first : first + 5]] for row in rows}
    assert found == {"LIC-1": [50, 10, 20, 0, 20], "LIC-0": [50, 0, 0, 0, 50]}
    page = official().page("/en/licences/LIC-1/")
    assert (page.status, page.headings[0]) == (200, "Licence LIC-1")
    assert "Reserved on release" in page.text and "Filed by the exporter" in page.text
    assert "放行时预留" in official().page("/zh/licences/LIC-1/").text
    assert "LIC-1" in official().page("/en/organisations/SEP/").text
    assert official().page("/en/licences/NO-SUCH/").status == 404


def test_a_firm_sees_its_own_licence_and_no_other(pages: None, url: str) -> None:
    page = of_firm("SEP").page("/en/firm/SEP/licences/LIC-1/")
    assert page.status == 200 and "D-9" in page.text
    assert of_firm("MAG").get("/en/firm/MAG/licences/LIC-1/").status_code == 404
    assert of_firm("MAG").get("/en/firm/SEP/licences/LIC-1/").status_code in (403, 404)
    assert of_firm("SEP").get("/en/licences/LIC-1/").status_code == 403
