"""Where other authorities' records and the filings disagree, asked of a snapshot: exceptions, and one in three columns.

They are computed once for as long as the log says nothing new about goods, parties or feeds, and stamped like every
answer. They book nothing. The day as of which they are judged is that of the newest filing or feed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final

import polars as pl

from lodeline.collation.exception import CAUSES, EXCEPTION, exceptions
from lodeline.collation.match import SIDES, Collation
from lodeline.collation.piece import BORDER, EXPORT, FILED, INVOICED
from lodeline.collation.tolerance import tolerances
from lodeline.detection.comparison import COMPARED, UNFILED
from lodeline.errors import UserError
from lodeline.filing.dossier import SHANGHAI
from lodeline.language import enumerated, text
from lodeline.ledger.extension import due
from lodeline.ledger.roles import must_file
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.matching.collated import Collated, collated
from lodeline.service.parties.parties import resolver
from lodeline.store.column_files import FED
from lodeline.store.kept import kept
from lodeline.store.published import answered
from lodeline.store.queries.filing import newest_filed_at
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Json = dict[str, Any]


class UnknownExceptionError(UserError):
    """No exception of this id stands."""


@dataclass(frozen=True, kw_only=True)
class Disagreements:
    """The collation of a snapshot and what came of it. Frames are computed when first asked for."""

    store: Store
    snapshot: Snapshot
    law: Jurisdiction

    @cached_property
    def today(self) -> date:
        """The day as of which is judged."""
        return judged_on(self.store, self.snapshot)

    @property
    def papers(self) -> pl.DataFrame:
        """What filed rows say of their papers: `line` and the cells of `GOODS` that a movement has not."""
        return self.snapshot.trade

    @property
    def goods(self) -> pl.DataFrame:
        """The filed rows that the other records speak of (`collation.piece.GOODS`)."""
        return self._collated.goods

    @property
    def collation(self) -> Collation:
        return self._collated.collation

    @cached_property
    def _collated(self) -> Collated:
        return collated(
            self.snapshot, self.papers, today=self.today, alike=lambda: resolver(self.store, day=self.today)
        )  # fmt: skip

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Every exception (`collation.exception.EXCEPTION`)."""
        if not self.snapshot.invoices.height and not self.snapshot.customs.height:
            # Without a feed nobody has said anything that could disagree.
            return pl.DataFrame(schema=dict(EXCEPTION))
        register = self.snapshot.register
        files = {
            one for one, roles, country in register.tables["organisations"].select("id", "roles", "country").iter_rows()
            if must_file(roles, country, self.law)
        }  # fmt: skip
        found = exceptions(
            self.collation, tolerances=tolerances(), today=self.today, due=self._due, files=files.__contains__
        )
        run = register.parallel_run
        if run is None:
            return found
        # Papers of a parallel run are shown side by side, and what they disagree about is never open.
        practice = pl.col("on").dt.strftime("%Y-%m") <= run.last_month
        return found.with_columns(
            state=pl.when(practice).then(pl.lit("not-due")).otherwise("state"),
            age_days=pl.when(practice).then(pl.lit(0, found.schema["age_days"])).otherwise("age_days"),
        )

    def _due(self, organisation: str, month: str) -> date:
        """The last day on which the month is in time; a month that no law has filed is due at its own end."""
        late_from = due(organisation, month, self.law, self.snapshot.register)
        if late_from is None:
            year, number = int(month[:4]), int(month[5:])
            return date(year + number // 12, number % 12 + 1, 1) - timedelta(days=1)
        return (late_from - timedelta(seconds=1)).date()

    @cached_property
    def compared(self) -> pl.DataFrame:
        """How many groups of papers each firm has by month and kind (detection.comparison.COMPARED)."""
        if not self.rows.height:
            return pl.DataFrame(schema=dict(COMPARED))
        table = self.collation.table.lazy()
        parties = self.collation.pieces.parties
        named = pl.DataFrame({"place": pl.int_range(len(parties), dtype=pl.Int64, eager=True), "organisation": parties})
        sale, export = (pl.col("sold") > 0) & (pl.col("lane") == 0) & ~pl.col("no_sale"), pl.col("lane") == EXPORT
        kinds = (
            ("sale", sale, "seller", ("sold_on",)),
            (
                "export",
                export & ((pl.col("sold") > 0) | (pl.col("went_out") > 0)),
                "seller",
                ("sold_on", "went_out_on"),
            ),
            ("import", (pl.col("entered") > 0) | (pl.col("came_in") > 0), "buyer", ("entered_on", "came_in_on")),
            ("invoice", pl.col("invoiced") > 0, "seller", ("invoiced_on",)),
            ("purchase", (pl.col("received") > 0) & (pl.col("sold") == 0), "buyer", ("received_on",)),
        )
        found = [
            table.filter(when)
            .select(place=owner, month=pl.from_epoch(pl.coalesce(on), time_unit="d").dt.month_start())
            .group_by("place", "month")
            .agg(papers=pl.len())
            .with_columns(kind=pl.lit(kind))
            for kind, when, owner, on in kinds
        ]
        counted = (
            pl.concat(pl.collect_all(found)).join(named, on="place").with_columns(pl.col("month").dt.strftime("%Y-%m"))
        )
        return counted.sort("organisation", "kind", "month").select(pl.col(n).cast(t) for n, t in COMPARED.items())

    @cached_property
    def unfiled(self) -> pl.DataFrame:
        """Invoices of goods that nobody has filed, though they should be by now (detection.comparison.UNFILED)."""
        if not self.snapshot.invoices.height:
            return pl.DataFrame(schema=dict(UNFILED))
        others = pl.all_horizontal(pl.col(side) == 0 for side in SIDES if side != "invoiced")
        waiting = self.rows.filter(pl.col("state") == "not-due")["group"].implode()
        table = self.collation.table.filter(others & (pl.col("invoiced_mg") > 0) & ~pl.col("label").is_in(waiting))
        table = table.sort("label")

        # The label of a group is the place of its first piece.
        first = self.collation.pieces.frame.select("number", "ref", "product")[table["label"]]

        def named(names: pl.Series, column: str) -> pl.Series:
            return names.gather(table.select(pl.when(pl.col(column) >= 0).then(column)).to_series())

        parties = self.collation.pieces.parties.str.strip_prefix("~")
        return table.select(
            source=named(parties, "seller"), target=named(parties, "buyer"),
            product=first["product"],
            on=pl.from_epoch("invoiced_on", time_unit="d"), mass_mg="invoiced_mg",
            number=first["number"], seq=first["ref"],
        ).select(pl.col(name).cast(dtype) for name, dtype in UNFILED.items())  # fmt: skip

    @cached_property
    def evidence(self) -> pl.DataFrame:
        """The rows behind the exceptions: `group`, `record` (`filed`, `invoiced` or `border`), `row` (the line, or the
        id of a fed row), `entry`, `event`, `mass_mg`."""
        frame = self.collation.frame.filter(pl.col("group").is_in(self.rows["group"].implode()))
        sources = (
            (FILED, self.goods.select("entry", "event", ref="line")),
            (INVOICED, self.snapshot.invoices.select("entry", event="number", ref="id")),
            (BORDER, self.snapshot.customs.select("entry", event="declaration", ref="id")),
        )
        entries = pl.concat(
            rows.filter(pl.col("ref").is_in(frame.filter(pl.col("side") == side)["ref"].implode())).with_columns(
                side=pl.lit(side, pl.Int8)
            )
            for side, rows in sources
        )
        names = {number: side for side, number in _SIDES.items()}
        return (
            frame.select("group", "side", "ref", "mass_mg", "on")
            .join(entries, on=["side", "ref"], how="left", maintain_order="left")
            .select(
                "group", record=pl.col("side").cast(pl.Int64).replace_strict(names, return_dtype=pl.String), row="ref",
                entry="entry", event="event", mass_mg="mass_mg",
            )
        )  # fmt: skip


_SIDES: Final = {"filed": FILED, "invoiced": INVOICED, "border": BORDER}


def judged_on(store: Store, snapshot: Snapshot) -> date:
    """The day as of which exceptions are judged: that of the newest filing or feed of the snapshot."""
    newest = newest_filed_at(store, "filing", "feed", upto=snapshot.entry)
    return date(1970, 1, 1) if newest is None else datetime.fromisoformat(str(newest)).astimezone(SHANGHAI).date()


def disagreements(store: Store, snapshot: Snapshot, law: Jurisdiction) -> Disagreements:
    """Those of a snapshot, shared by all who ask while nothing new is said."""
    return kept(_disagreements, store, snapshot, law)


def _disagreements(store: Store, snapshot: Snapshot, law: Jurisdiction) -> Disagreements:
    return Disagreements(store=store, snapshot=snapshot, law=law)


def every(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every exception (`collation.exception.EXCEPTION`), the oldest first. Shared: nobody changes it."""
    return disagreements(store, snapshot, law).rows


def behind(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """The rows behind every exception, as `Disagreements.evidence`; without an exception no columns either."""
    found = disagreements(store, snapshot, law)
    return found.evidence if found.rows.height else pl.DataFrame()


def goods_behind(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """The filed rows behind every exception (`collation.piece.GOODS`); without an exception no columns either."""
    found = disagreements(store, snapshot, law)
    if not found.rows.height:
        return pl.DataFrame()
    filed = found.evidence.filter(pl.col("record") == "filed")["row"]
    return found.goods.filter(pl.col("line").is_in(filed.implode()))


def papers(store: Store, snapshot: Snapshot, law: Jurisdiction, *, identifier: str) -> Json:
    """`one`, for whoever may see everything."""
    return one(store, snapshot, law, identifier)


def listed(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, organisation: str | None = None, cause: str | None = None,
    first: str | None = None, last: str | None = None, only: Collection[str] | None = None, state: str | None = None,
) -> Json:  # fmt: skip
    """What `lodeline exceptions --json` prints: `{"stamp", "as_of", "rows"}`.

    `organisation`, `cause`, months `first` to `last` (of the day of the papers) and `state` choose; `only` bounds to
    what concerns these organisations. Raises UnknownExceptionError for a cause that is none.
    """
    if cause is not None and cause not in CAUSES:
        raise UnknownExceptionError(
            text(
                "no cause {cause!r}: one of {causes}",
                cause=cause,
                causes=enumerated(CAUSES),
            )
        )
    rows = chosen(
        answered(every, store, snapshot, law), organisation=organisation, cause=cause, first=first, last=last,
        only=only, state=state,
    )  # fmt: skip
    return {
        "stamp": snapshot.stamp,
        "pack": law.digest,
        "as_of": judged_on(store, snapshot).isoformat(),
        "rows": [as_json(row) for row in rows.to_dicts()],
    }


def chosen(
    rows: pl.DataFrame, *, organisation: str | None = None, cause: str | None = None, first: str | None = None,
    last: str | None = None, only: Collection[str] | None = None, state: str | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Those of the exceptions that are asked for."""
    month = pl.col("on").dt.strftime("%Y-%m")
    wanted = {
        "organisation": organisation is None or pl.col("organisation") == organisation,
        "cause": cause is None or pl.col("cause") == cause,
        "state": state is None or pl.col("state") == state,
        "first": first is None or month >= first,
        "last": last is None or month <= last,
        "only": only is None or pl.col("organisation").is_in(list(only or ())),
    }
    conditions = [condition for condition in wanted.values() if isinstance(condition, pl.Expr)]
    return rows.filter(*conditions) if conditions else rows


def one(
    store: Store, snapshot: Snapshot, law: Jurisdiction, identifier: str, *, only: Collection[str] | None = None
) -> Json:
    """One exception with the rows of the records: `{"stamp", "as_of", "exception", "filed", "invoiced", "border"}`.

    Raises UnknownExceptionError where none of this id stands, or it concerns none of `only`. Rows of other filers are
    left out where `only` is given: a firm sees the papers, and of the filings its own.
    """
    about = store, snapshot, law
    rows = chosen(answered(every, *about).filter(pl.col("id") == identifier), only=only)
    if not rows.height:
        raise UnknownExceptionError(
            text("no exception {identifier!r} stands: it was settled, or the address is wrong", identifier=identifier)
        )
    of_group = answered(behind, *about).filter(pl.col("group") == rows["group"][0])
    sides = {
        record: frame.filter(pl.col(key).is_in(of_group.filter(pl.col("record") == record)["row"].implode()))
        for record, key, frame in (
            ("filed", "line", answered(goods_behind, *about)), ("invoiced", "id", snapshot.invoices),
            ("border", "id", snapshot.customs),
        )
    }  # fmt: skip
    if only is not None:
        sides["filed"] = sides["filed"].filter(pl.col("organisation").is_in(list(only)))
    return {
        "stamp": snapshot.stamp, "as_of": judged_on(store, snapshot).isoformat(),
        "exception": as_json(rows.row(0, named=True)),
        "filed": [_filed_json(row) for row in sides["filed"].sort("on", "line").to_dicts()],
        "invoiced": [_fed_json(row, INVOICE_SHOWN) for row in sides["invoiced"].sort("on", "id").to_dicts()],
        "border": [_fed_json(row, CUSTOMS_SHOWN) for row in sides["border"].sort("on", "id").to_dicts()],
    }  # fmt: skip


#: What is shown of a fed row; both are columns of the exchange format.
INVOICE_SHOWN: Final = ("number", "line", "kind", "on", "seller", "seller_name", "buyer", "buyer_name", "product_name",
                        "value", "currency")  # fmt: skip
CUSTOMS_SHOWN: Final = (
    "declaration", "line", "direction", "status", "on", "exporter", "exporter_name", "consignee_name", "product_name",
    "hs_code", "destination", "value", "currency",
)  # fmt: skip
assert set(INVOICE_SHOWN) <= FED["invoices"].keys() and set(CUSTOMS_SHOWN) <= FED["customs"].keys()


def _filed_json(row: Json) -> Json:
    shown = ("organisation", "event", "kind", "on", "party", "product", "document", "document_kind", "declaration",
             "value", "currency", "entry")  # fmt: skip
    return {name: _plain(row[name]) for name in shown} | {"mass_kg": format_kg(row["mass_mg"])}


def _fed_json(row: Json, shown: tuple[str, ...]) -> Json:
    return {name: _plain(row[name]) for name in (*shown, "entry")} | {"mass_kg": format_kg(row["mass_mg"])}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def as_json(row: Json) -> Json:
    """An exception as printed: masses decimal kg text, money a number, each record as one object or null."""
    sides: Json = {}
    for side in ("filed", "invoiced", "border"):
        mass = row[f"{side}_mg"]
        sides[side] = None if mass is None else {
            "mass_kg": format_kg(mass), "value": _money(row[f"{side}_value"]), "currency": row[f"{side}_currency"],
            "on": _plain(row[f"{side}_on"]),
        }  # fmt: skip
    return {
        "id": row["id"], "cause": row["cause"], "between": row["between"], "state": row["state"],
        "organisation": row["organisation"], "counterparty": row["counterparty"], "lane": row["lane"],
        "on": _plain(row["on"]), "due": _plain(row["due"]), "age_days": row["age_days"],
        "mass_kg": None if row["mass_mg"] is None else format_kg(row["mass_mg"]), "value": _money(row["value"]),
        "currency": row["currency"], "product": row["product"], "number": row["number"],
        "declaration": row["declaration"], **sides,
    }  # fmt: skip


def _money(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
