"""The six tables that a forecaster reads, as the customers would tell them: true, and each row says synthetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lodeline.world.strategy.control import APPROVED, GENERAL_DAY, Control
from lodeline.world.strategy.figures import figure
from lodeline.world.strategy.plants import MONTH, Cell, PlantPlan
from lodeline.world.strategy.truth import Told
from lodeline.world.strategy.window import HORIZON_DAYS

SOURCE = "synthetic world"
Rows = list[Sequence[str]]
NAMES = {
    "dy-licence": ("Licences for magnets with Dy or Tb and for Sm-Co magnets", "含镝铽磁体与钐钴磁体出口许可"),
    "dy-general": ("The same, with a general licence from day 30", "同上，第30天起发放通用许可"),
    "nd-ban": ("No NdFeB magnets to some countries", "对部分国家禁止出口钕铁硼磁体"),
}


def tables(told: Told) -> dict[str, Rows]:
    """Table → its rows, the head first."""
    cells = [(plant, cell) for plant in told.plants for cell in plant.cells]
    sellers = _sellers(told)
    planted = [control for control, _ in told.after if control.name in NAMES]
    return {
        "plants": [
            (
                "plant", "organisation", "country", "product", "output_per_day", "loss_per_day", "currency",
                "stop_below_pct", "valid_from", "valid_to", "source",
            ),
            *map(_plant, told.plants),
        ],
        "bill": [
            (
                "plant", "class", "kg_per_unit", "essential", "substitute_class", "substitute_pct",
                "substitute_after_days", "source",
            ),
            *((plant.id, cell.goods, f"{cell.kg_per_unit:.6f}", "yes", "", "", "", SOURCE) for plant, cell in cells),
        ],
        "cover": [
            ("plant", "class", "stock_days", "low_days", "high_days", "transit_days", "on", "source"),
            *(
                (
                    place.plant.id, place.cell.goods, f"{place.stock / place.cell.need:.2f}", "", "",
                    str(place.plant.transit), told.window.text(told.window.starts), SOURCE,
                )
                for place in told.before
            ),
        ],
        "suppliers": [
            (
                "plant", "class", "supplier", "share_pct", "qualified_on", "qualification_days",
                "capacity_kg_per_month", "source",
            ),
            *(row for plant, cell in cells for row in _suppliers(plant, cell, sellers, told)),
        ],
        "scenarios": [
            (
                "scenario", "name_en", "name_zh", "base_from", "base_to", "starts", "horizon_days", "rule",
                "guarantee_pct", "substitution_pct", "seed", "draws", "note",
            ),
            *(
                (
                    control.name, *NAMES[control.name], told.window.base_from, told.window.base_to,
                    told.window.text(told.window.starts), str(HORIZON_DAYS), "proportional", "", "100", "1",
                    "200", SOURCE,
                )
                for control in planted
            ),
        ],
        "instruments": [
            (
                "scenario", "id", "kind", "from", "to", "class", "elements", "hs_code", "from_country", "to_country",
                "organisation", "end_user", "end_use", "delay_working_days", "approval_pct", "cap_kg", "cap_pct",
                "de_minimis_value_pct", "low", "high", "note",
            ),
            *(row for control in planted for row in _instruments(control, told)),
        ],
    }  # fmt: skip


def _plant(plant: PlantPlan) -> Sequence[str]:
    # An idle day costs what is not made, at half of its price (assumption).
    loss = int(plant.output * float(plant.work["usd_per_unit"]) / 2 + 0.5)
    return (
        plant.id, plant.party.id, plant.party.country, plant.work["product"], f"{plant.output:.0f}", str(loss), "USD",
        f"{plant.stop_below * 100:.0f}", "", "", SOURCE,
    )  # fmt: skip


def _sellers(told: Told) -> dict[tuple[str, str], list[tuple[str, float]]]:
    """(buyer, class) → exporters with what they sent in the base window, kg."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for parcel in told.parcels:
        if told.window.first <= parcel.day < told.window.starts:
            its = found.setdefault((parcel.buyer, parcel.goods), {})
            its[parcel.exporter] = its.get(parcel.exporter, 0.0) + parcel.kg
    return {key: sorted(its.items()) for key, its in found.items()}


def _suppliers(
    plant: PlantPlan, cell: Cell, sellers: dict[tuple[str, str], list[tuple[str, float]]], told: Told
) -> Iterator[Sequence[str]]:
    """Filed exporters, buyers through whom it comes, others; shares in hundredths of a percent add up to 100."""
    own = sellers[plant.party.id, cell.goods]
    whole = sum(kg for _, kg in own)
    rates = [(exporter, cell.direct(plant.party.id) * kg / whole) for exporter, kg in own]
    through = [(buyer, rate) for buyer, rate in cell.claims if buyer != plant.party.id]
    usual = [(other.name, other.usual) for other in cell.others if other.usual]
    parts = hundredths([rate for _, rate in (*rates, *through, *usual)])
    # Who passes goods on has no more than what it usually passes on.
    most = {name: max(rate, cell.need * rate / cell.sent) for name, rate in through}
    most |= {other.name: other.most for other in cell.others}
    for (name, _), part in zip((*rates, *through, *usual), parts, strict=True):
        capacity = f"{most[name] * MONTH + 1:.0f}" if name in most else ""
        yield plant.id, cell.goods, name, f"{part / 100:.2f}", "", "", capacity, SOURCE
    for other in cell.others:
        if other.qualified is not None:
            on = told.window.text(other.qualified)
            yield plant.id, cell.goods, other.name, "0", on, "", f"{other.most * MONTH:.0f}", SOURCE


def hundredths(rates: Sequence[float]) -> list[int]:
    """Whole hundredths of a percent that add up to 10 000: largest remainders."""
    whole = sum(rates)
    exact = [rate / whole * 10_000 for rate in rates]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[: 10_000 - sum(parts)]:
        parts[place] += 1
    return parts


def _instruments(control: Control, told: Told) -> Iterator[Sequence[str]]:
    starts, goods = told.window.text(told.window.starts), ";".join(control.goods)
    if control.is_ban:
        countries = ";".join(sorted(control.countries))
        yield (
            control.name, "ban", "ban", starts, "", "magnet-ndfeb", *_blank(3), countries, *_blank(10), SOURCE,
        )  # fmt: skip
        return
    low, central, high = figure("licence-working-days")
    yield (
        control.name, "licences", "licence", starts, "", goods, *_blank(7), f"{central:.0f}", f"{APPROVED * 100:.0f}",
        *_blank(3), f"{low:.0f}", f"{high:.0f}", SOURCE,
    )  # fmt: skip
    if control.general_from is not None:
        on = told.window.text(told.window.starts + GENERAL_DAY)
        yield control.name, "general-licence", "loosen", on, "", goods, *_blank(14), SOURCE


def _blank(count: int) -> tuple[str, ...]:
    return ("",) * count
