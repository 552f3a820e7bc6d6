"""A small front desk for tests: a register in a few words, and filings as the text one would type."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

import polars as pl

from lodeline.filing.check import check
from lodeline.filing.table import read
from lodeline.ledger.register import TABLES
from lodeline.regulation.duty import next_month
from lodeline.regulation.parameter import load
from lodeline.service.posting import Outcome, Upload, post
from lodeline.service.records import put_records
from lodeline.store.store import Store, create

LAW = load()


def organisation(name: str, roles: str = "miner|trader", country: str = "CN", **fields: object) -> dict[str, object]:
    """A register record."""
    return {
        "id": name, "name_zh": None, "name_en": f"{name} Ltd", "aliases": [], "country": country,
        "roles": roles.split("|"), "uscc": None, "lei": None, "valid_from": datetime.date(2000, 1, 1), "valid_to": None,
    } | fields  # fmt: skip


def site(name: str, holder: str, stage: str = "mixed") -> dict[str, object]:
    """A register record."""
    return {
        "id": name, "organisation": holder, "name": name, "stage": stage, "region": None, "lat": None, "lon": None,
        "capacity_mg_per_month": None, "valid_from": datetime.date(2000, 1, 1), "valid_to": None,
    }  # fmt: skip


class Desk:
    """Files text into one store, at noon on the fifth of the following month unless told otherwise."""

    def __init__(self, url: str) -> None:
        self.store: Store = create(url)[0]

    def register(self, **tables: list[dict[str, object]]) -> None:
        """Puts records into the register, by table name."""
        frames = {name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items()}
        put_records(self.store, frames, filed_at=datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))

    def firms(self, *names: str) -> None:
        """Registers organisations of these names, each with a site of the same name in small letters."""
        self.register(organisations=[organisation(name) for name in names], sites=[site(name.lower(), name) for name in names])

    def file(
        self,
        who: str,
        period: str,
        text: str,
        *,
        corrects: int | None = None,
        filed_at: datetime.datetime | None = None,
    ) -> Outcome:
        """Files CSV text for a month, exactly as `lodeline file` would."""
        moment = filed_at or datetime.datetime.fromisoformat(f"{next_month(period)}-05T12:00:00+08:00")
        with tempfile.TemporaryDirectory() as room:
            path = Path(room) / f"{who}-{period}.csv"
            path.write_text(text, "utf-8")
            checked = check(
                read([path]),
                organisation=who,
                period=period,
                register=self.store.register(self.store.head()),
                correcting=corrects is not None,
            )
            uploads = [Upload(name=path.name, content=path.read_bytes())]
            return post(self.store, checked, filed_at=moment, law=LAW, corrects=corrects, uploads=uploads)

    def accept(self, who: str, period: str, text: str, **options: int) -> Outcome:
        """Files and expects to be accepted."""
        outcome = self.file(who, period, text, **options)  # type: ignore[arg-type]
        assert outcome.entry is not None, [found.message("en") for found in outcome.problems]
        return outcome


def codes(outcome: Outcome) -> list[str]:
    """The problem codes of an outcome, sorted."""
    return sorted(found.code for found in outcome.problems)
