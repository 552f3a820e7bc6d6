"""What is on its way to a firm and waits there: disputes, a delivery that came light, a month that is half done."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl

from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.material.mass import format_kg
from lodeline.office.filing import disputes, draft_check, drafts, transfers
from lodeline.office.sample.people import MADE_UP, Office
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.filing import submit
from lodeline.service.firm.acceptance import Acceptance
from lodeline.service.inspections.items import held_by_site, site_items
from lodeline.store.queries.accounts import sample_firms
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: Of a delivery that came light, what its own scales show.
_CAME: Final = 0.985
#: Lots of the month that is half done, and lots that the supplier has sent.
_ROWS: Final = 4
_SENT: Final = 6


def ship(store: Store, snapshot: Snapshot, law: Jurisdiction, *, now: datetime) -> None:
    """The supplier files the first shipments of the month that is due: they wait for the maker's receipts."""
    firms = sample_firms(store.database)
    supplier, maker = firms.get("supplier"), firms.get("maker")
    if maker is None or supplier is None:
        return
    held = held_by_site(snapshot).filter(pl.col("organisation") == supplier).sort("items", descending=True)
    if not held.height:
        return
    site, month = str(held["site"][0]), _month_due(law.day_of(now))
    rows = [
        {
            "event": f"SYN-S{number}", "kind": "shipment", "on": (month + timedelta(days=3 + 4 * number)).isoformat(),
            "site": site, "lot": one["label"], "product": one["product"], "mass_kg": format_kg(one["dry_mg"] // 2),
            "counterparty": maker, "document": f"SYN-DN-{number}",
        }
        for number, one in enumerate(site_items(snapshot, site=site).head(_SENT).to_dicts(), 1)
    ]  # fmt: skip
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    name, content = "synthetic.csv", written.getvalue().encode()
    checked = check(
        read_bytes([(name, content)]), organisation=supplier, period=f"{month:%Y-%m}",
        register=store.register(store.head()),
    )  # fmt: skip
    filed = submit(
        store, checked, uploads=[Upload(name=name, content=content)], filed_at=now - timedelta(days=2), law=law
    )  # fmt: skip
    assert filed.entry is not None, [one.message("en") for one in filed.problems]


def _month_due(today: date) -> date:
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1)


def receive(office: Office) -> None:
    """The maker disputes two deliveries, of which one is answered, takes a third by its own scales, begins a month."""
    _dispute(office)
    _take_by_scales(office)
    _half_done(office)


def _waiting(office: Office) -> pl.DataFrame:
    """Deliveries that wait for the maker, the newest last, those of the supplier first."""
    found = office.view(office.maker).transfers(office.now, waiting=True)
    return (
        found.filter((pl.col("standing") == "to-accept") & pl.col("received_mg").is_null())
        .with_columns(first=pl.col("shipper") != office.supplier)
        .sort("first", "shipped_on", "shipment_line")
    )


def _dispute(office: Office) -> None:
    filer, own = office.who("filer"), office.view(office.maker)
    said = (
        "Eleven drums came, and the papers say twelve. 到货十一桶，单据为十二桶。",
        "The seal was broken. 封志破损。",
    )
    for place, (row, text) in enumerate(zip(_waiting(office).head(2).to_dicts(), said, strict=False)):
        made = disputes.dispute(filer, own, row["shipment_line"], text + MADE_UP, now=office.ago(5 - place))
        if place == 0 and made.shipper == office.supplier:
            answer = f"The twelfth follows with the next lorry. 第十二桶随下一车送达。{MADE_UP}"
            disputes.answer(office.who("supplier"), made.shipper, made.pk, answer, now=office.ago(2))


def _take_by_scales(office: Office) -> None:
    """A delivery is accepted with the mass on the own scales, and waits to be certified."""
    third = _waiting(office).slice(2, 1).to_dicts()
    sites = office.view(office.maker).sites["id"]
    for row in third:
        came = Acceptance(
            line=row["shipment_line"], received_mg=round(row["shipped_mg"] * _CAME), moisture_ppb=0,
            reason=f"Own scales, weighed twice. 自有衡器，复称一次。{MADE_UP}",
        )  # fmt: skip
        transfers.accept(
            office.who("filer"), office.view(office.maker), [came], site=str(sites[0]), now=office.ago(1),
            on=max(row["shipped_on"], _month_due(office.day()) + timedelta(days=27)),
        )  # fmt: skip


def _half_done(office: Office) -> None:
    """The month that is due: some shipments of lots that are held, one of them without a mass, one of a lot nobody
    knows."""
    month = _month_due(office.day())
    held = held_by_site(office.snapshot).filter(pl.col("organisation") == office.maker).sort("items", descending=True)
    if not held.height:
        return
    site = str(held["site"][0])
    rows: list[dict[str, Any]] = [
        {
            "event": f"SYN-{number}", "kind": "loss", "on": (month + timedelta(days=6 + number)).isoformat(),
            "site": site, "lot": one["label"], "product": one["product"],
            "mass_kg": "" if number == _ROWS else format_kg(one["dry_mg"] // 20), "reason": MADE_UP,
        }
        for number, one in enumerate(site_items(office.snapshot, site=site).head(_ROWS).to_dicts(), 1)
    ]  # fmt: skip
    rows.append({**rows[0], "event": "SYN-9", "lot": "NO-SUCH-LOT"})
    draft = drafts.new_from_rows(
        office.who("filer"), office.maker, f"{month:%Y-%m}", rows, office.ago(1), law=office.law
    )  # fmt: skip
    draft_check.begin(draft, now=office.ago(1))
