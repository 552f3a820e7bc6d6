"""What the tests of filings share: rows written as dictionaries, filed as CSV, judged."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lodeline.filing.check import Checked, check
from lodeline.filing.table import Table, read
from lodeline.ledger.register import TABLES, Register

Row = dict[str, str]
Judge = Callable[..., Checked]


@pytest.fixture
def file_bytes(tmp_path: Path) -> Callable[..., Table]:
    """Reads a file of the given name and content."""

    def write(name: str, content: bytes | str, **limits: Any) -> Table:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read([path], **limits)

    return write


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Checks rows as ACME's filing for June 2025; columns are whatever the rows name."""

    def check_rows(*rows: Row, **options: Any) -> Checked:
        path = tmp_path / "2025-06.csv"
        names = list(dict.fromkeys(name for row in rows for name in row))
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, names, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return check(read([path]), **{"organisation": "ACME", "period": "2025-06"} | options)

    return check_rows


@pytest.fixture
def register() -> Register:
    """ACME with two sites (one closed in May), its customer BETA, a scale and a magnet model."""
    day = date(2020, 1, 1)
    tables = {name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    rows: dict[str, list[dict[str, Any]]] = {
        "organisations": [
            {"id": "ACME", "name_en": "Acme", "roles": ["magnet-maker"], "country": "CN"},
            {"id": "BETA", "name_en": "Beta", "roles": ["trader"], "country": "CN"},
        ],
        "sites": [
            {"id": "PLANT", "organisation": "ACME", "stage": "magnet", "valid_from": day},
            {"id": "CLOSED", "organisation": "ACME", "valid_from": day, "valid_to": date(2025, 5, 31)},
            {"id": "BETA-1", "organisation": "BETA", "valid_from": day},
        ],
        "methods": [{"id": "SCALE", "quantity": "weighing"}],
        "models": [
            {"id": "N52", "organisation": "ACME", "mass_per_piece_mg": 2_500, "composition": "Nd=24;Dy=1;Fe=68;B=1"},
            {"id": "BROKEN", "organisation": "ACME", "mass_per_piece_mg": 1, "composition": "nonsense"},
        ],
    }
    for name, records in rows.items():
        tables[name] = pl.DataFrame(records, schema=TABLES[name])
    return Register(tables=tables)


#: A row of each kind that is right in every respect.
ORIGIN = {
    "event": "O-1", "kind": "origin", "on": "2025-06-03", "site": "PLANT", "lot": "ORE-1", "product": "concentrate",
    "mass_kg": "1250.5", "composition": "TREO=60", "origin_kind": "mined", "origin_place": "MINE-1",
}  # fmt: skip
SHIPMENT = {
    "event": "S-1", "kind": "shipment", "on": "2025-06-05", "site": "PLANT", "lot": "ORE-1", "product": "concentrate",
    "mass_kg": "10", "counterparty": "BETA", "counterparty_name": "Beta",
}  # fmt: skip
RECEIPT = SHIPMENT | {"event": "R-1", "kind": "receipt"}
EXPORT = {
    "event": "X-1", "kind": "export", "on": "2025-06-09", "site": "PLANT", "lot": "M-1", "product": "magnet-ndfeb",
    "mass_kg": "5", "counterparty_name": "Beispiel GmbH", "counterparty_other_name": "拜施皮尔公司",
    "counterparty_country": "DE", "declaration": "D-1",
    "hs_code": "8505111000", "destination": "DE", "end_user_name": "Beispiel GmbH", "end_user_country": "DE",
    "end_use": "motors",
}  # fmt: skip
STOCK = {"event": "C-1", "kind": "stock", "on": "2025-06-30", "site": "PLANT", "lot": "ORE-1", "mass_kg": "100"}
IN = {
    "event": "T-1", "kind": "transformation", "on": "2025-06-07", "site": "PLANT", "role": "in", "lot": "ORE-1",
    "mass_kg": "10",
}  # fmt: skip
OUT = IN | {"role": "out", "lot": "OX-1", "product": "oxide:PrNd", "composition": "Nd=60;Pr=20"}


@pytest.fixture
def right() -> dict[str, Row]:
    """A right row of each kind, by kind; `in` and `out` of one transformation."""
    return {
        "origin": ORIGIN, "shipment": SHIPMENT, "receipt": RECEIPT, "export": EXPORT, "stock": STOCK,
        "in": IN, "out": OUT,
        "title": SHIPMENT | {"event": "TI-1", "kind": "title", "site": ""},
        "loss": STOCK | {"event": "L-1", "kind": "loss", "reason": "spill"},
        "adjustment": STOCK | {"event": "A-1", "kind": "adjustment", "mass_kg": "-1.5", "reason": "recount"},
        "void": {"event": "V-1", "kind": "void"},
    }  # fmt: skip
