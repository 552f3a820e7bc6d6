"""A firm that was visited: its books, a register of methods, and what inspectors hand in, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from tests.desk import Desk, organisation, site
from tests.office.conftest import official

from lodeline.office.access.actor import Actor
from lodeline.office.inspections import measuring
from lodeline.service.inspections.custody import HandOver
from lodeline.service.inspections.entering import Taken
from lodeline.service.inspections.measuring import Weighing
from lodeline.service.inspections.results import Report
from lodeline.store.store import Store

NOW, TODAY, ON = datetime(2025, 2, 20, 2, 0, tzinfo=UTC), date(2025, 2, 20), date(2025, 2, 10)
HEAD = "lot,product,declared_kg,mass_kg,moisture_pct,instrument,calibrated_on,method,bag_authority,bag_firm,bag_reserve"
ORE = "ORE,concentrate,1000,990,6,SC-1,2025-01-20,scale,B-1,B-2,B-3"


def _method(name: str, quantity: str) -> dict[str, object]:
    return {
        "id": name, "quantity": quantity, "element": None, "random_pct": "0.1", "systematic_pct": "0.1",
        "calibration": None,
    }  # fmt: skip


def make(url: str) -> None:
    """MINE has ORE, OLD and (until 5 February) GONE at its site; SEP is another firm. Both filed February."""
    desk = Desk(url)
    desk.register(
        organisations=[organisation("MINE", roles="miner"), organisation("SEP", roles="separator")],
        sites=[site("mine", "MINE", "mine"), site("sep", "SEP", "separation")],
        methods=[_method("scale", "weighing"), _method("ICP", "assay"), _method("XRF", "assay")],
    )
    made = "product=concentrate origin_kind=mined origin_place=CN-PIT composition=Nd=20;Pr=5;Dy=0.01"
    desk.rows(
        "MINE", "2025-01", f"O1 origin 2 mine ORE 1000 {made} moisture_pct=5", f"O2 origin 2 mine OLD 50 {made}",
        f"O3 origin 2 mine GONE 30 {made}", f"O4 origin 2 mine TALL 5000 {made}",
    )  # fmt: skip
    desk.rows("MINE", "2025-02", "S1 shipment 5 mine GONE 30 counterparty=SEP")
    made = "product=oxide:PrNd origin_kind=imported origin_place=AU composition=Nd=60;Pr=20"
    desk.rows("SEP", "2025-02", f"O1 origin 2 sep OX 10 {made}")
    desk.put_away()


def csv(*rows: str, head: str = HEAD, name: str = "found.csv") -> list[tuple[str, bytes]]:
    """Rows as the file of a table."""
    return [(name, "\n".join((head, *rows, "")).encode())]


def columns(cells: Mapping[str, str], name: str = "found.csv") -> list[tuple[str, bytes]]:
    """One row by its columns."""
    return csv(",".join(cells.values()), head=",".join(cells), name=name)


def measured(
    store: Store, *rows: str, head: str = HEAD, on: date = ON, plan: int | None = None, who: Actor | None = None,
    at: str = "mine", whose: str = "MINE",
) -> Taken:  # fmt: skip
    """Hands in rows of measurement."""
    weighing = Weighing(site=at, on=on, files=csv(*rows, head=head), plan=plan)
    return measuring.measure(
        who or official("inspector"), store, weighing, organisation=whose, now=NOW, today=TODAY
    )  # fmt: skip


def weighed(store: Store, **cells: str) -> Taken:
    """Hands in one item like ORE but for some cells."""
    row = {**dict(zip(HEAD.split(","), ORE.split(","), strict=True)), **cells}
    return measured(store, ",".join(row.values()), head=",".join(row))


def handed(store: Store, *rows: str, who: Actor | None = None, own: str | None = None) -> Taken:
    """Hands in hand-overs: bag, from, to, at, whether the seal was whole."""
    handed_over = HandOver(files=csv(*rows, head="bag,from,to,at,seal_intact"))
    return measuring.hand_over(who or official("inspector"), store, handed_over, own=own, now=NOW, today=TODAY)


def reported(
    store: Store, *rows: str, head: str = "bag,method,analysed_on,Nd_pct,Pr_pct,Dy_ppm", side: str = "authority",
    laboratory: str = "Provincial Laboratory", who: Actor | None = None, own: str | None = None,
) -> Taken:  # fmt: skip
    """Hands in results."""
    report = Report(laboratory=laboratory, side=side, files=csv(*rows, head=head))  # type: ignore[arg-type]
    return measuring.report_results(who or official("inspector"), store, report, own=own, now=NOW, today=TODAY)


def told(done: Taken, severity: Sequence[str] = ("reject", "confirm")) -> list[tuple[str, int | None, str | None]]:
    """What kept it out: code, row, column."""
    return [
        (one.code.removeprefix("inspection."), one.where.row, one.where.column)
        for one in done.problems if one.severity in severity
    ]  # fmt: skip


def flagged(done: Taken) -> list[str]:
    """What was remarked and taken."""
    return [code for code, _, _ in told(done, ("flag",))]
