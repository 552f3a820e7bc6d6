"""How far honest measurement alone can throw one month's balance of a site: the world's own estimate.

It uses the errors that the world itself makes (`gauge`) and not one line of the accountancy that is tested against it.
Balance element: total rare-earth oxide. Opening counts are taken to be like the closing ones.
"""

from __future__ import annotations

import math
from collections import defaultdict
from functools import cache

from lodeline.world.gauge import FAMILIES, TREO_STATED
from lodeline.world.industry import FirmMonth
from lodeline.world.stock import KG, MOISTURE_UNIT, Lot
from lodeline.world.tables import OXIDE, Row, table, treo_of

_UNIT_MG = {"mass_kg": KG, "mass_t": 1000 * KG}
_WEIGHED = frozenset({"receipt", "origin", "shipment", "export", "loss"})
_COMING = frozenset({"receipt", "origin"})


def net_mg(row: Row) -> int:
    """Net mass of a row in milligrams, from whichever unit it is filed in."""
    column = "mass_t" if "mass_t" in row else "mass_kg"
    whole, _, decimals = row[column].partition(".")
    unit = _UNIT_MG[column]
    places = len(str(unit)) - 1
    return int(whole) * unit + int((decimals + "0" * places)[:places])


def dry_kg(row: Row) -> float:
    """Dry mass of a row, kg."""
    return net_mg(row) / KG * (1 - moisture_of(row) / MOISTURE_UNIT)


def moisture_of(row: Row) -> int:
    """Moisture of a row in hundredths of a percent."""
    whole, _, decimals = row.get("moisture_pct", "0").partition(".")
    return int(whole) * 100 + int((decimals + "00")[:2])


def reo_share(lot: Lot) -> float:
    """True rare-earth oxide in a lot, kg per kg of dry mass."""
    return treo_of(lot.content)


@cache
def family_errors() -> dict[str, tuple[float, float]]:
    """Family of methods → (random, systematic) relative error, one sigma."""
    return {
        row["family"]: (float(row["random_pct"]) / 100, float(row["systematic_pct"]) / 100) for row in table("methods")
    }


def monthly_sigma_kg(page: FirmMonth, site: str) -> float:
    """σ of the balance of a site over the month of the page, kg REO; 0 where nothing was measured."""
    errors = family_errors()
    random = 0.0
    weighed: dict[str, float] = defaultdict(float)
    of_lot: dict[str, float] = defaultdict(float)
    for row in page.rows:
        lot = page.lots.get(row.get("lot", ""))
        if lot is None or row.get("site") != site:
            continue
        reo_kg = dry_kg(row) * reo_share(lot)
        scale = FAMILIES[lot.kind][0]
        if row["kind"] == "transformation":
            of_lot[row["lot"]] += reo_kg if row["role"] == "in" else -reo_kg
        elif row["kind"] == "stock":
            random += 2 * (reo_kg * errors[scale][0]) ** 2
        elif row["kind"] in _WEIGHED:
            random += (reo_kg * errors[scale][0]) ** 2
            weighed[scale] += reo_kg if row["kind"] in _COMING else -reo_kg
    shared: dict[tuple[str, str], float] = defaultdict(float)
    for name, reo_kg in of_lot.items():
        lot = page.lots[name]
        for family, share in _analysis(lot):
            random += (reo_kg * share * errors[family][0]) ** 2
            shared[lot.maker, family] += reo_kg * share
    systematic = sum((mass * errors[scale][1]) ** 2 for scale, mass in weighed.items())
    systematic += sum((mass * errors[family][1]) ** 2 for (_, family), mass in shared.items())
    return math.sqrt(random + systematic)


def _analysis(lot: Lot) -> list[tuple[str, float]]:
    """(family, part of the lot's oxide that rests on one reading of it): one sample, and one reading or several."""
    _, sampling, _, assays = FAMILIES[lot.kind]
    if lot.kind in TREO_STATED:
        return [(sampling, 1.0), (assays[0], 1.0)]
    total = reo_share(lot)
    parts = [share * OXIDE[e] / total for e, share in lot.content.items() if e in OXIDE and total]
    return [(sampling, 1.0), *((assays[-1], part) for part in parts)]


def two_weighings(family: str) -> float:
    """Relative σ of the difference between two weighings on two scales of a family, whose calibrations are apart."""
    random, systematic = family_errors()[family]
    return math.sqrt(2 * (random * random + systematic * systematic))
