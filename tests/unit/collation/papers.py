"""The three records in a few words: `kind day seller>buyer kg` and what else a row says, as column=value."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from lodeline.collation.exception import exceptions
from lodeline.collation.match import collate
from lodeline.collation.piece import GOODS
from lodeline.collation.tolerance import tolerances
from lodeline.filing.feed_schema import feed_cells

#: Who files each month, and who is in the register without a duty.
FILERS, OTHERS = {"SEP", "MAG", "TRADE"}, {"USER", "ABROAD"}
TODAY = date(2025, 12, 31)
#: Records far from everything else, so that both feeds reach to the end of the year.
LAST_INVOICE, LAST_LINE = (
    "ordinary 12-31 USER>ABROAD 1 number=LAST",
    "export 12-31 USER>ABROAD 1 declaration=LAST status=released",
)


def _cells(text: str) -> dict[str, Any]:
    kind, on, parties, mass, *rest = text.split()
    left, _, right = parties.partition(">")
    cells: dict[str, Any] = dict(word.split("=", 1) for word in rest)
    month, _, number = on.partition("-")
    day = date(2025, int(month), int(number)) if number else date(2025, 6, int(month))
    return {"kind": kind, "on": day, "left": left, "right": right, "mass_mg": round(float(mass) * 1e6), **cells}


def goods(*rows: str) -> pl.DataFrame:
    """Filed rows: `shipment 4 SEP>MAG 100 document=…`; a receipt is `receipt 4 MAG>SEP 100`, an origin likewise."""
    made = []
    for line, text in enumerate(rows, 1):
        cells = _cells(text)
        row = {"line": line, "entry": line, "organisation": cells.pop("left"), "party": cells.pop("right") or None,
               "event": f"E{line}", "product": "oxide:PrNd", **cells}  # fmt: skip
        made.append({name: row.get(name) for name in GOODS})
    return pl.DataFrame(made, schema=dict(GOODS), orient="row")


def invoices(*rows: str) -> pl.DataFrame:
    """`special 4 SEP>MAG 100 number=…`; `~Name` is a name without an id, with _ for blanks."""
    made = []
    for number, text in enumerate(rows, 1):
        cells = _cells(text)
        row = {"id": 1000 + number, "number": f"N{number}", "product_name": "oxide", **cells}
        row |= _named("seller", "seller_name", row.pop("left")) | _named("buyer", "buyer_name", row.pop("right"))
        made.append({name: row.get(name) for name in ("id", *feed_cells("invoices"))})
    return pl.DataFrame(made, schema={"id": pl.Int64(), **feed_cells("invoices")}, orient="row")


def customs(*rows: str) -> pl.DataFrame:
    """`export 4 MAG>ABROAD 100 declaration=…`, `import 4 ABROAD>SEP 100`."""
    made = []
    for number, text in enumerate(rows, 1):
        cells = _cells(text)
        row = {"id": 2000 + number, "line": "1", "status": "exited", "product_name": "magnets", "hs_code": "8505111000",
               **cells, "direction": cells["kind"]}  # fmt: skip
        exporter = row.pop("left")
        row |= (
            _named("exporter", "exporter_name", exporter) if cells["kind"] == "export" else {"exporter_name": exporter}
        )
        row["consignee_name"] = row.pop("right").removeprefix("~").replace("_", " ")
        made.append({name: row.get(name) for name in ("id", *feed_cells("customs"))})
    return pl.DataFrame(made, schema={"id": pl.Int64(), **feed_cells("customs")}, orient="row")


def _named(by_id: str, by_name: str, text: str) -> dict[str, str]:
    return {by_name: text[1:].replace("_", " ")} if text.startswith("~") else {by_id: text}


def found(
    filed: pl.DataFrame, invoiced: pl.DataFrame, border: pl.DataFrame, *, today: date = TODAY
) -> pl.DataFrame:  # fmt: skip
    """The exceptions of the three records; a filing is due on the ninth of the next month."""
    names = {"sep works": "SEP", "mag works": "MAG", "abroad gmbh": "ABROAD", "abroad": "ABROAD"}
    collation = collate(
        filed, invoiced, border, known=FILERS | OTHERS, resolve=lambda name: names.get(name.casefold()),
        special={"oxide"}, tolerances=tolerances(), today=today,
    )  # fmt: skip
    return exceptions(
        collation, tolerances=tolerances(), today=today, files=FILERS.__contains__,
        due=lambda _, month: date(int(month[:4]) + int(month[5:]) // 12, int(month[5:]) % 12 + 1, 9),
    )  # fmt: skip


def causes(filed: pl.DataFrame, invoiced: pl.DataFrame, border: pl.DataFrame, *, today: date = TODAY) -> set[str]:
    """The causes of what is open."""
    return set(found(filed, invoiced, border, today=today).filter(pl.col("state") == "open")["cause"])
