"""The demo's visit to one site: what was measured, bags, two laboratories' results; and a plan of the next.

All of it is made up, says so, and enters as an inspector's would. One item is short, and the firm's laboratory reads
high. The plan is of another site and of a day to come, for whoever tries what an inspector does.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import polars as pl

from lodeline.material.composition import read_canonical
from lodeline.material.element import RARE_EARTHS
from lodeline.material.mass import PPB, format_kg
from lodeline.service.inspections.custody import HandOver, hand_over
from lodeline.service.inspections.entering import Taken
from lodeline.service.inspections.items import held_by_site, site_items
from lodeline.service.inspections.measuring import Weighing, measure
from lodeline.service.inspections.planning import Wanted, enter_plan, propose
from lodeline.service.inspections.reading import Side
from lodeline.service.inspections.results import Report, report_results
from lodeline.store.queries.accounts import sample_firms
from lodeline.store.queries.filing import first_filings_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

_BY: Final = "demo"
_NOTE: Final = "Synthetic, made for the demo. 演示用模拟数据。"
#: The authority's laboratory, and the firm's.
LABORATORIES: Final = ("Synthetic Institute 模拟检测院", "Synthetic Works Lab 模拟厂化验室")
#: Items of the visit, and how many of them two laboratories need.
_MOST: Final = 12
_FEWEST: Final = 3
#: What is left of the item that is short, and how much higher than the authority's laboratory the firm's reads.
_LEFT: Final = 0.7
_HIGH: Final = 0.03

Item = Mapping[str, Any]
#: Lot → its bags: the authority's, the firm's, the reserve.
Bags = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleVisit:
    """What was entered: the site that was visited, and the entry of a plan that nobody has followed yet."""

    site: str
    plan: int


def visit_sites(store: Store, snapshot: Snapshot, *, now: date) -> SampleVisit | None:
    """Enters a visit on the last day of the last month that is filed, and a plan of the next visit.

    `now`: where the demo's clock starts, in the second month after. None where no firm that filed holds anything.
    """
    on = (now.replace(day=1) - timedelta(days=1)).replace(day=1) - timedelta(days=1)
    held = held_by_site(snapshot).sort("items", "site", descending=True)
    found = _visited(store, snapshot, held, month=f"{on:%Y-%m}")
    if found is None:
        return None
    site, firm, items = found
    later = on + timedelta(days=12)
    sampled = [one for one in items if _is_sampled(one)]
    bags = {one["lot"]: [f"SYN-{number}{part}" for part in "AFR"] for number, one in enumerate(sampled, 1)}
    _measure(store, items, bags, site=site, organisation=firm, on=on, entered=later)
    _hand_over(store, bags.values(), firm=firm, day=later)
    _analyse(store, snapshot.register.tables["methods"], sampled, bags, day=later)
    return SampleVisit(site=site, plan=_plan(store, snapshot, held, now, but=site))


def _visited(store: Store, snapshot: Snapshot, held: pl.DataFrame, *, month: str) -> tuple[str, str, list[Item]] | None:
    """A site, its firm and what is measured there, of who filed the month and holds enough of what laboratories can be
    compared by: a firm with a sample account if there is one, else the one with the most items."""
    known = sample_firms(store.database)
    first = [known[one] for one in ("supplier", "maker") if one in known]
    for firm in dict.fromkeys([*first, *held["organisation"]]):
        sites = held.filter((pl.col("organisation") == firm) & (pl.col("items") >= _FEWEST))["site"]
        if not len(sites) or month not in first_filings_of(store, firm):
            continue
        items: list[Item] = [*site_items(snapshot, site=str(sites[0])).head(_MOST).to_dicts()]
        if sum(map(_is_sampled, items)) >= _FEWEST:
            return str(sites[0]), firm, items
    return None


def _is_sampled(item: Item) -> bool:
    """Of two rare earths and of more than them, so that no laboratory that reads high finds more than there can be."""
    shares = read_canonical(item["composition"])
    rare = [shares[symbol] for symbol in RARE_EARTHS if shares.get(symbol, 0) > 0]
    return len(rare) > 1 and sum(rare) < PPB // 2


def _plan(store: Store, snapshot: Snapshot, held: pl.DataFrame, now: date, *, but: str) -> int:
    """Of a site with about as many items as a day is enough for, if there is another than the one that was visited, for
    one of the days to come.

    Which items it draws follows from the log's root, and every demo has its own.
    """
    others = held.filter(pl.col("site") != but).sort((pl.col("items") - _MOST).abs(), "site")
    site = str(others["site"][0]) if others.height else but
    wanted = Wanted(site=site, on=now + timedelta(days=4))
    proposal = propose(
        site_items(snapshot, site=site), wanted, register=snapshot.register, entry=snapshot.entry, today=now
    )
    return enter_plan(store, proposal, filed_at=_at(now - timedelta(days=1)), by=_BY).entry.index


def _measure(
    store: Store, items: Sequence[Item], bags: Bags, *, site: str, organisation: str, on: date, entered: date
) -> None:
    """Each item beside a scale that agrees to 0.04 %; one of middling weight is short."""
    by_mass = sorted(items, key=lambda one: (one["dry_mg"], one["lot"]))
    middling = by_mass[len(by_mass) // 2]["lot"]
    rows = []
    for number, one in enumerate(items):
        short = one["lot"] == middling
        weighed_mg = round(one["dry_mg"] * (_LEFT if short else 1 + _ripple(number) * 0.0002))
        authoritys, firms, reserve = bags.get(one["lot"], ("", "", ""))
        method = (one["method"] or "").partition(";")[0].strip()
        rows.append(
            {
                "lot": one["label"], "product": one["product"] or "", "declared_kg": format_kg(one["dry_mg"]),
                "mass_kg": format_kg(weighed_mg), "moisture_pct": "0", "instrument": "SYN-0412",
                "calibrated_on": on.replace(day=2).isoformat(), "method": method, "bag_authority": authoritys,
                "bag_firm": firms, "bag_reserve": reserve,
                "note": f"{'Lighter than its label. 轻于标签。' if short else ''}{_NOTE}",
            }
        )  # fmt: skip
    weighing = Weighing(site=site, on=on, files=[_table(rows)], note=_NOTE)
    _entered(measure(store, weighing, organisation=organisation, filed_at=_at(entered), today=entered, by=_BY))


def _hand_over(store: Store, bags: Iterable[Sequence[str]], *, firm: str, day: date) -> None:
    """The authority's parts go to its laboratory, the firm's to the firm's own."""
    rows = [
        {"bag": bag, "from": giver, "to": taker, "at": day.isoformat(), "seal_intact": "yes"}
        for parts in bags
        for bag, giver, taker in ((parts[0], "authority", LABORATORIES[0]), (parts[1], firm, LABORATORIES[1]))
    ]
    handed = HandOver(files=[_table(rows)], note=_NOTE)
    _entered(hand_over(store, handed, organisations=None, filed_at=_at(day), today=day, by=_BY))


def _analyse(store: Store, methods: pl.DataFrame, items: Sequence[Item], bags: Bags, *, day: date) -> None:
    """Either laboratory's results, with a reference material between them: it is the firm's that is off."""
    # The most exact method that is for single elements: an assay of all rare earths together tells none apart.
    assays = methods.filter((pl.col("quantity") == "assay") & (pl.col("element") == "Nd"))
    method = str(assays.sort(pl.col("random_pct").cast(pl.Float64), "id")["id"][0])
    reported = day + timedelta(days=12)
    sides: tuple[tuple[Side, str, float], ...] = (("authority", LABORATORIES[0], 0.0), ("firm", LABORATORIES[1], _HIGH))
    for part, (side, laboratory, high) in enumerate(sides):
        rows = [
            _result(bag=bags[one["lot"]][part], method=method, on=day + timedelta(days=2 + number % 6),
                    found=_read(one["composition"], 1 + high + _ripple(number + part) * 0.001))
            for number, one in enumerate(items)
        ]  # fmt: skip
        certified = items[0]["composition"]
        rows.append(
            _result(reference_material="SYN-CRM-1", method=method, on=day + timedelta(days=2),
                    certified=_read(certified, 1.0), found=_read(certified, 1 + high))
        )  # fmt: skip
        report = Report(laboratory=laboratory, side=side, files=[_table(rows)], note=_NOTE)
        _entered(report_results(store, report, organisations=None, filed_at=_at(reported), today=reported, by=_BY))


def _result(
    *, method: str, on: date, found: str, bag: str = "", reference_material: str = "", certified: str = ""
) -> dict[str, str]:
    return {
        "bag": bag, "reference_material": reference_material, "method": method, "analysed_on": on.isoformat(),
        "composition": found, "certified": certified, "note": _NOTE,
    }  # fmt: skip


def _ripple(number: int) -> int:
    """−2 to 2, so that figures differ as measurements do, and are the same in every demo."""
    return (number * 7 + 3) % 5 - 2


def _read(composition: str, factor: float) -> str:
    """The rare earths of a composition as a laboratory would write them, in % of elements."""
    shares = read_canonical(composition)
    return ";".join(
        f"{symbol}={shares[symbol] * 100 * factor / PPB:.4f}" for symbol in RARE_EARTHS if shares.get(symbol, 0) > 0
    )


def _table(rows: Iterable[Mapping[str, str]]) -> tuple[str, bytes]:
    listed = list(rows)
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(listed[0]))
    writer.writeheader()
    writer.writerows(listed)
    return "synthetic.csv", written.getvalue().encode()


def _at(day: date) -> datetime:
    return datetime.combine(day, time(6), tzinfo=UTC)


def _entered(done: Taken) -> None:
    assert done.accepted, [one.message("en") for one in done.problems]
