"""A small front desk for tests: a register in a few words, and filings as the text one would type."""

from __future__ import annotations

import csv
import datetime
import io
import tempfile
from pathlib import Path

import polars as pl

from lodeline.filing.check import check
from lodeline.filing.feed import read_feed_bytes
from lodeline.filing.table import read
from lodeline.ledger import drawdown, transfer
from lodeline.ledger.movement import LINE
from lodeline.ledger.register import TABLES
from lodeline.material.mass import parse_mass
from lodeline.regulation.duty import next_month
from lodeline.regulation.parameter import load
from lodeline.service.entries.records import put_records
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.posting import Outcome, post
from lodeline.service.log.audit import verify
from lodeline.service.matching.feeds import Received, day_of, receive
from lodeline.store.store import STATE_TABLES, Store
from tests.stores import put_away, ready_store

LAW = load("cn")

#: The state by table without the columns that number things.
HOLDING = {"site": pl.String(), "owner": pl.String(), "mass_mg": pl.Int64(), "unaccounted_mg": pl.Int64()}
TRANSFER = {
    name: kind for name, kind in transfer.TRANSFER.items() if name not in ("lot", "shipment_line", "receipt_line")
}
DRAWDOWN = {name: kind for name, kind in drawdown.DRAWDOWN.items() if name != "lot"}


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


def quota(holder: str, kind: str, reo_kg: int, year: int = 2025, ore_type: str | None = None) -> dict[str, object]:
    """A register record."""
    return {
        "organisation": holder, "kind": kind, "ore_type": ore_type, "year": year, "reo_mg": reo_kg * 1_000_000,
        "instrument": "a grant",
    }  # fmt: skip


def flow_row(text: str, period: str) -> dict[str, str]:
    """A row of a filing from a few words: `event kind day site lot kg`, then `column=value` for the others.

    `-` leaves a cell empty; `E1 void` is a whole row.
    """
    words = text.split()
    places = ("event", "kind", "on", "site", "lot", "mass_kg")
    plain = [word for word in words if "=" not in word or word.startswith("urn:") or "://" in word]
    cells = dict(zip(places, plain, strict=False)) | dict(word.split("=", 1) for word in words if word not in plain)
    if "on" in cells:
        cells["on"] = f"{period}-{int(cells['on']):02d}"
    return {name: value for name, value in cells.items() if value != "-"}


def sheet(period: str, *rows: str) -> str:
    """CSV text of rows in the short notation of `flow_row`."""
    cells = [flow_row(row, period) for row in rows]
    columns = list(dict.fromkeys(name for row in cells for name in row)) or ["event", "kind"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return text.getvalue()


def ledger_lines(*rows: str, year_month: str = "2025-06") -> pl.DataFrame:
    """Lines as the pure ledger takes them, from `ORGANISATION` and the notation of `flow_row`.

    Lots are numbers (`maker=` and `local=` name them); every row is a line and an entry of its own, numbered from 1;
    material is dry.
    """
    lines = []
    for number, text in enumerate(rows, 1):
        organisation_, _, rest = text.partition(" ")
        cells = flow_row(rest, year_month)
        mass_mg = parse_mass(cells.pop("mass_kg"))
        typed: dict[str, object] = {
            "local": cells["lot"], **cells, "lot": int(cells["lot"]), "on": datetime.date.fromisoformat(cells["on"]),
            "mass_mg": mass_mg, "dry_mg": mass_mg, "line": number, "entry": number, "organisation": organisation_,
            "ordinal": 0,
        }  # fmt: skip
        lines.append({name: typed.get(name) for name in LINE})
    return pl.DataFrame(lines, schema=LINE, orient="row")


def send_feed(
    store: Store, text: str, name: str, *, filed_at: datetime.datetime, authority: str | None = None,
    by: str | None = None,
) -> Received:  # fmt: skip
    """Takes in CSV text as a feed, exactly as `lodeline feed` would."""
    content, today = text.encode(), day_of(filed_at)
    checked = read_feed_bytes(name, content, today=today, register=store.register(store.head()))
    upload = Upload(name=name, content=content)
    return receive(store, checked, upload=upload, filed_at=filed_at, authority=authority, by=by)


class Desk:
    """Files text into one store, at noon on the fifth of the following month unless told otherwise."""

    def __init__(self, store: str | Store) -> None:
        self.store = ready_store(store) if isinstance(store, str) else store

    def put_away(self) -> None:
        """Leaves the store in one file or database that can be copied."""
        put_away(self.store)

    def register(self, **tables: list[dict[str, object]]) -> None:
        """Puts records into the register, by table name."""
        frames = {name: pl.DataFrame(rows, schema=TABLES[name]) for name, rows in tables.items()}
        put_records(self.store, frames, filed_at=datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))

    def firms(self, *names: str) -> None:
        """Registers organisations of these names, each with a site of the same name in small letters."""
        self.register(
            organisations=[organisation(name) for name in names], sites=[site(name.lower(), name) for name in names]
        )

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

    def try_rows(
        self,
        who: str,
        period: str,
        *rows: str,
        corrects: int | None = None,
        filed_at: datetime.datetime | None = None,
    ) -> Outcome:
        """Files rows in the short notation of `flow_row`."""
        return self.file(who, period, sheet(period, *rows), corrects=corrects, filed_at=filed_at)

    def rows(self, who: str, period: str, *rows: str, corrects: int | None = None) -> int:
        """The same, and expects them to be accepted; returns the entry's index."""
        outcome = self.try_rows(who, period, *rows, corrects=corrects)
        assert outcome.entry is not None, [found.message("en") for found in outcome.problems]
        return outcome.entry.index

    def held_kg(self) -> dict[tuple[str, str, str], tuple[float, float]]:
        """(lot, site, owner) → (held, unaccounted) in kg, as the stored state has it."""
        found = self.store.database.rows(
            "SELECT lot.name, h.site, h.owner, h.mass_mg, h.unaccounted_mg FROM holding h JOIN lot ON lot.id = h.lot"
        )
        held = {(str(r[0]), str(r[1]), str(r[2])): (int(str(r[3])) / 1e6, int(str(r[4])) / 1e6) for r in found}
        assert len(held) == len(found), "an account stands twice"
        return held


def amounts(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """The whole state by natural keys, in one canonical order: equal for equal worlds, whatever the numbering."""
    names = {int(str(row[0])): str(row[1]) for row in store.database.rows("SELECT id, name FROM lot")}
    dump = {}
    for table, state in zip(STATE_TABLES, (HOLDING, TRANSFER, DRAWDOWN), strict=True):
        rows = store.state_table(table, pl.Schema({"lot": pl.Int64(), **state}))
        dump[table] = sorted(((names[lot], *cells) for lot, *cells in rows.iter_rows()), key=repr)
    return dump


def assert_sound(store: Store) -> None:
    """The log holds, and the state is what a rebuild would give: `verify` looks at that too."""
    assert verify(store).faults == ()


def codes(outcome: Outcome) -> list[str]:
    """The problem codes of an outcome, sorted."""
    return sorted(found.code for found in outcome.problems)
