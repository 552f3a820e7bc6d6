"""A run of a scenario as `service.strategy.runs` gives it, made up: what pages and the briefing show."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
DAYS = (0, 14, 28, 42, 56, 70, 84, 98, 112, 126, 140, 154, 168, 180)
_ASSUMED = {"basis": "assumption", "source": "strategy_assumptions.csv", "vintage": "2026-11-28"}
_EXACT = {"basis": "exact", "source": "the ledger", "vintage": "96"}
_SYNTHETIC = {"basis": "synthetic", "source": "plants.csv", "vintage": "97"}
_NAMES = (
    "Muster Antriebe GmbH", "Nordwind Turbinen AG", "Hanshin Motors", "Acme Actuators Inc", "Officine Brera",
    "Kansai Robotics", "Vega Hearing A/S", "Gwangju Drives & <Sons>", "Société Lumière Moteurs",
)  # fmt: skip


def _range(p10: float | None, p50: float | None, p90: float | None, never: float | None = None) -> Json:
    found: Json = {"p10": p10, "p50": p50, "p90": p90}
    return found if never is None else {**found, "never_pct": never}


def plant(place: int) -> Json:
    """A plant that stops the later the higher its place; the last two do not stop in most or all draws."""
    p50 = 38.0 + 11 * place
    stop = _range(p50 - 7, p50, p50 + 9, 0.0)
    if place == 7:
        stop = _range(104.0, 171.0, None, 48.0)
    if place == 8:
        stop = _range(None, None, None, 100.0)
    return {
        "plant": f"P-{place + 1:02d}", "organisation": f"ABR-{place + 1:04d}", "name_en": _NAMES[place],
        "name_zh": _NAMES[place], "country": ("DE", "DE", "KR", "US", "IT", "JP", "DK", "KR", "FR")[place],
        "class": "magnet-ndfeb+heavy" if place % 2 == 0 else "block+heavy", "elements": {"Dy": 0.4, "Nd": 2.6},
        "need_kg_per_day": 12.5 + place, "stop": stop, "half": _range(p50 - 9, p50 - 2, p50 + 6, stop["never_pct"]),
        "stock_days": _range(p50 - 20, p50 - 12, p50 - 3), "under_way_days": 12.0,
        "tts_days": _range(p50 - 7, p50, p50 + 9),
        "ttr_days": {"low": 48.0, "central": 66.0, "high": 126.0, "what": "licence"},
        "lost_kg": _range(300.0, 420.0 + place, 700.0) if place < 8 else _range(0.0, 0.0, 0.0),
        "lost_money": {**_range(0.9e6, 1.4e6, 2.2e6), "currency": "EUR"} if place < 7 else None,
        "binding": {"class": "magnet-ndfeb+heavy", "element": "Dy", "supplier": "MAG-0003"},
        "helps": [
            {
                "what": "stock", "amount": 375.0, "unit": "kg", "later_days": 29.0, "stops": True, "avoided_kg": 210.0,
                "avoided_per_kg": 0.56,
            },
            {
                "what": "licence", "amount": 354.5, "unit": "kg", "later_days": 44.0, "stops": place % 2 == 0,
                "avoided_kg": 390.0 - place, "avoided_per_kg": 1.1,
            },
            {
                "what": "supplier", "amount": 5.0, "unit": "kg", "later_days": 0.0, "stops": True, "avoided_kg": 0.0,
                "avoided_per_kg": 0.0,
            },
        ] if place < 8 else [],
        **(_SYNTHETIC if place % 2 else _ASSUMED),
    }  # fmt: skip


def run(name: str = "dy-licence", *, plants: int = 9, later: float = 0.0) -> Json:
    """A run of a made-up scenario; `later`: so many days later each plant stops."""
    found = [plant(place) for place in range(plants)]
    for one in found:
        for key in ("stop", "half"):
            one[key] = {
                part: value if value is None or part == "never_pct" else value + later
                for part, value in one[key].items()
            }
    growing = [float(day) * max(0, day - 28) for day in DAYS]
    return {
        "stamp": {"entry": "97", "root": "ab" * 32, "as_of": "2025-08-31T00:00:00Z", "synthetic": True},
        "scenario": {
            "name": name, "name_en": "Licences for dysprosium", "name_zh": "镝许可", "note": "",
            "settings": {"starts": "2025-09-01", "instruments": [{"id": "I1", "kind": "licence"}]},
        },
        "settings": {
            "seed": 1, "draws": 200, "horizon_days": 180, "starts": "2025-09-01", "base_from": "2025-03",
            "base_to": "2025-08", "rule": "proportional", "guarantee_pct": 0, "substitution_pct": 100,
        },
        "digests": {"plants": "12" * 32, "law": "34" * 32, "assumptions": "56" * 32},
        "headline": {
            "en": "Dy goods to Germany without licences from 1 September: first plant stops 2–18 October (P10–P90), 7"
            " of 9 by day 180. Most hangs on customers' stock, which is assumed.",
            "zh": "9月1日起含镝货物无许可不得发往德国：首家工厂10月2日至18日停产（P10–P90），至第180天9家中7家停产。"
            "结论最取决于客户库存，此为假定。",
        },
        "notes": [
            {
                "code": "capacity-of-main-product", "en": "Capacity in the register is of the main product alone.",
                "zh": "登记簿中的产能仅指主产品。",
            }
        ],
        "scope": {"edges": 12, "kg_per_day": 131.4, **_EXACT},
        "coverage": {"exact_pct": 81.0, **_EXACT},
        "inputs": [
            {
                "key": "stock_days_customer", "en": "customers' stock", "zh": "客户库存", "unit": "days", "value": 60.0,
                "low": 28.0, "high": 128.0, "swing_days": 41.0, **_ASSUMED,
            },
            {
                "key": "transit_days_sea", "en": "days under way by sea", "zh": "海运天数", "unit": "days",
                "value": 30.0, "low": 25.0, "high": 40.0, "swing_days": 9.0, **_ASSUMED,
            },
            {
                "key": "licence_days", "en": "how long a licence takes", "zh": "许可时长", "unit": "working days",
                "value": 45.0, "low": 30.0, "high": 90.0, "swing_days": 0.0, **_ASSUMED,
            },
        ],
        "plants": found,
        "totals": {
            "plants": plants, "touched": 9, "stopping": _range(5.0, 7.0, 8.0),
            "first_stop": _range(31.0, 38.0, 47.0, 0.0),
            "by_day": [
                {"day": day, "stopped": _range(*(float(round(max(0, day - 30) / 150 * most)) for most in (5, 7, 8)))}
                for day in DAYS
            ],
            "lost_kg": _range(2100.0, 3300.0, 5200.0), **_ASSUMED,
        },
        "loss": {
            "days": list(DAYS), "currency": "EUR",
            "seller": {
                "low": [day * 2_000.0 for day in DAYS], "central": [day * 3_000.0 for day in DAYS],
                "high": [day * 4_000.0 for day in DAYS],
            },
            "buyer": {
                "low": [40 * one for one in growing], "central": [70 * one for one in growing],
                "high": [110 * one for one in growing],
            },
            "crosses": _range(52.0, 66.0, 81.0, 4.0), **_ASSUMED,
        },
        "tornado": [
            {"key": "stock_days_customer", "low_days": -17.0, "high_days": 24.0, "swing_days": 41.0, **_ASSUMED},
            {"key": "transit_days_sea", "low_days": -3.0, "high_days": 6.0, "swing_days": 9.0, **_ASSUMED},
        ],
    }  # fmt: skip
